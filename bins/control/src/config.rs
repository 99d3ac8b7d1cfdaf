//! What control can be told.

use std::time::Duration;

use posthaste_api::TokenSecret;
use posthaste_bus::BusConfig;
use posthaste_history::Retention;
use posthaste_ingress::config::AcceptanceConfig;
use posthaste_outbound::Settings;
use posthaste_registry::{SEAL_KEYS, Sealer};
use posthaste_service::{Key, Reader, config::Sensitive};

const LISTEN: Key =
    Key::new("control.listen", "0.0.0.0:8081", "host:port", "Where the API is answered.");
const SETTLE: Key = Key::new(
    "control.settle_ms",
    "50",
    "ms",
    "How long a write is held back after this process sees it, so that ingress and workers see it \
     too before it is answered.",
);

const PORTAL_URL: Key = Key::new(
    "control.portal_url",
    "",
    "",
    "Where customers use their tokens, such as https://portal.example: the address of their login \
     without /login. Empty for /portal at the address that was asked for the token.",
);

const VERIFY_PER_SECOND: Key = Key::new(
    "control.verify_per_second",
    "50",
    "1/s",
    "How often each application may ask whether an event is ours; twice as often in a burst.",
);

const HISTORY_URL: Key = Key {
    // It may hold a password.
    secret: true,
    ..Key::new(
        "history.url",
        "sqlite:posthaste-history.db",
        "",
        "Where history is kept: sqlite:<path> for one process, or postgres://user:password@host/name \
         for several.",
    )
};
const RESPONSE_DAYS: Key = Key::new(
    "history.response_days",
    "90",
    "days",
    "How long the bodies of receivers' answers are kept; payloads have their message's own time.",
);
const METADATA_DAYS: Key = Key::new(
    "history.metadata_days",
    "100",
    "days",
    "How long messages, attempts and dead letters are remembered, and so the longest that any \
     payload or answer is kept.",
);
const FRESH_WITHIN: Key = Key::new(
    "history.fresh_within_ms",
    "2000",
    "ms",
    "How long a question waits until what was confirmed before it is in history.",
);

/// Every setting of control, beside those of the broker, of tokens, of sealing, of accepting
/// messages and of every process.
pub const KEYS: &[Key] = &[
    LISTEN,
    SETTLE,
    PORTAL_URL,
    VERIFY_PER_SECOND,
    HISTORY_URL,
    RESPONSE_DAYS,
    METADATA_DAYS,
    FRESH_WITHIN,
];

/// The longest that anything can be kept: ten years.
const DAYS_MAX: u32 = 3_650;

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
    /// Where customers use their tokens; `None` for the address that was asked.
    pub portal_url: Option<String>,
    /// Where endpoints may be.
    pub outbound: Settings,
    /// How often each application may ask whether an event is ours.
    pub verify_per_second: u32,
    /// What messages are accepted.
    pub acceptance: AcceptanceConfig,
    /// What happened, and for how long it is known.
    pub history: HistoryConfig,
}

/// Where history is, and how it is kept.
#[derive(Clone, Debug)]
pub struct HistoryConfig {
    /// The store's address; it may hold a password.
    pub url: Sensitive,
    /// For how long things are kept.
    pub retention: Retention,
    /// How long a question waits for what it may have heard of.
    pub fresh_within: Duration,
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
            portal_url: reader.optional_text(&PORTAL_URL),
            outbound: Settings::read(reader),
            verify_per_second: reader.number(&VERIFY_PER_SECOND, 1..=10_000),
            acceptance: AcceptanceConfig::read(reader),
            history: HistoryConfig::read(reader),
        };
        reader.require(
            config.settle <= Duration::from_secs(5),
            &SETTLE,
            "wants at most 5000 ms: every write waits for it",
        );
        let is_web = |url: &String| url.starts_with("https://") || url.starts_with("http://");
        reader.require(
            config.portal_url.as_ref().is_none_or(is_web),
            &PORTAL_URL,
            "wants https://… or http://…, or nothing",
        );
        reader.require(
            config.sealer.is_some(),
            &SEAL_KEYS,
            "must be set: it seals endpoints' secrets",
        );
        config
    }
}

impl HistoryConfig {
    fn read(reader: &mut Reader<'_>) -> Self {
        let days = |days: u32| Duration::from_secs(u64::from(days) * 86_400);
        let config = Self {
            url: Sensitive::new(reader.text(&HISTORY_URL)),
            retention: Retention {
                responses: days(reader.number(&RESPONSE_DAYS, 1..=DAYS_MAX)),
                metadata: days(reader.number(&METADATA_DAYS, 1..=DAYS_MAX)),
            },
            fresh_within: reader.millis(&FRESH_WITHIN),
        };
        reader.require(
            ["sqlite:", "postgres://", "postgresql://"]
                .iter()
                .any(|scheme| config.url.reveal().starts_with(scheme)),
            &HISTORY_URL,
            "wants sqlite:<path> or postgres://…",
        );
        reader.require(
            config.retention.responses <= config.retention.metadata,
            &RESPONSE_DAYS,
            "wants at most history.metadata_days: an answer goes with its attempt",
        );
        reader.require(
            config.fresh_within <= Duration::from_secs(20),
            &FRESH_WITHIN,
            "wants at most 20000 ms: callers wait for it",
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
        let portal = |url| faults(&[TOKEN, SEAL, ("POSTHASTE_CONTROL_PORTAL_URL", url)]);
        assert_eq!((portal("https://portal.example"), portal("portal.example")), (0, 1));
    }
    #[test]
    fn an_unknown_store_is_a_fault_that_does_not_repeat_the_address() {
        let url = |url| [TOKEN, SEAL, ("POSTHASTE_HISTORY_URL", url)];
        for known in ["sqlite:/var/lib/h.db", "postgres://u:p@h/n", "postgresql://h/n"] {
            assert_eq!(faults(&url(known)), 0, "{known}");
        }
        let vars = Vars::from_pairs(url("mysql://root:sesame@host/history"));
        let mut reader = Reader::new(&vars);
        let config = ControlConfig::read(&mut reader);
        let told = format!("{} {config:?}", reader.finish().unwrap_err());
        assert!(told.contains("POSTHASTE_HISTORY_URL") && !told.contains("sesame"), "{told}");
    }

    #[test]
    fn an_answer_is_kept_no_longer_than_its_attempt() {
        let days = |responses, metadata| {
            let keys = ["POSTHASTE_HISTORY_RESPONSE_DAYS", "POSTHASTE_HISTORY_METADATA_DAYS"];
            faults(&[TOKEN, SEAL, (keys[0], responses), (keys[1], metadata)])
        };
        assert_eq!((days("30", "30"), days("31", "30")), (0, 1));
    }
}
