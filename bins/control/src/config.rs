//! What control can be told.

use std::time::Duration;

use posthaste_api::TokenSecret;
use posthaste_bus::BusConfig;
use posthaste_ingress::config::AcceptanceConfig;
use posthaste_registry::{SEAL_KEYS, Sealer};
use posthaste_service::{Key, Reader};

const LISTEN: Key =
    Key::new("control.listen", "0.0.0.0:8081", "host:port", "Where the API is answered.");
const SETTLE: Key = Key::new(
    "control.settle_ms",
    "50",
    "ms",
    "How long a write is held back after this process sees it, so that ingress and workers see it \
     too before it is answered.",
);

/// Every setting of control, beside those of the broker, of tokens, of sealing, of accepting
/// messages and of every process.
pub const KEYS: &[Key] = &[LISTEN, SETTLE];

/// How control works.
#[derive(Clone, Debug)]
pub struct ControlConfig {
    /// The broker.
    pub bus: BusConfig,
    /// What tokens are signed with; `None` where it was not given.
    pub token_secret: Option<TokenSecret>,
    /// Seals and opens endpoints' secrets; `None` where it was not given.
    pub sealer: Option<Sealer>,
    /// Where to listen.
    pub listen: String,
    /// How long a write is held back.
    pub settle: Duration,
    /// What messages are accepted.
    pub acceptance: AcceptanceConfig,
}

impl ControlConfig {
    /// Reads the settings of control.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let config = Self {
            bus: BusConfig::read(reader, "posthaste-control"),
            token_secret: TokenSecret::read(reader),
            sealer: Sealer::read(reader),
            listen: reader.text(&LISTEN),
            settle: reader.millis(&SETTLE),
            acceptance: AcceptanceConfig::read(reader),
        };
        reader.require(
            config.settle <= Duration::from_secs(5),
            &SETTLE,
            "wants at most 5000 ms: every write waits for it",
        );
        reader.require(
            config.sealer.is_some(),
            &SEAL_KEYS,
            "must be set: it seals endpoints' secrets",
        );
        config
    }
}

#[cfg(test)]
mod tests {
    use posthaste_service::Vars;

    use super::*;

    const TOKEN: (&str, &str) =
        ("POSTHASTE_AUTH_TOKEN_SECRET", "a token secret of more than thirty-two bytes");
    const SEAL: (&str, &str) =
        ("POSTHASTE_REGISTRY_SEAL_KEYS", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");

    fn faults(pairs: &[(&str, &str)]) -> usize {
        let vars = Vars::from_pairs(pairs.iter().copied());
        let mut reader = Reader::new(&vars);
        let _ = ControlConfig::read(&mut reader);
        reader.finish().err().map_or(0, |faults| faults.as_slice().len())
    }

    #[test]
    fn two_secrets_are_all_that_must_be_given() {
        assert_eq!(faults(&[TOKEN, SEAL]), 0);
        assert_eq!(faults(&[TOKEN]), 1);
        assert_eq!(faults(&[SEAL]), 1);
        assert_eq!(faults(&[TOKEN, SEAL, ("POSTHASTE_CONTROL_SETTLE_MS", "60000")]), 1);
    }
}
