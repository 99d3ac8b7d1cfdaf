//! What ingress can be told.

use posthaste_api::TokenSecret;
use posthaste_bus::BusConfig;
use posthaste_service::{Key, Reader};

const LISTEN: Key =
    Key::new("ingress.listen", "0.0.0.0:8080", "host:port", "Where messages are accepted.");
const BODY_LIMIT: Key = Key::new(
    "ingress.body_limit_bytes",
    "1000000",
    "bytes",
    "The largest request body; the broker's own limit must leave room for it.",
);
const UNDER_WAY: Key = Key::new(
    "ingress.under_way_max",
    "1024",
    "requests",
    "How many messages are read and stored at once; more are answered 503.",
);

/// Every setting of ingress, beside those of the broker, of tokens and of every process.
pub const KEYS: &[Key] = &[LISTEN, BODY_LIMIT, UNDER_WAY];

/// How ingress works.
#[derive(Clone, Debug)]
pub struct IngressConfig {
    /// The broker.
    pub bus: BusConfig,
    /// What tokens are signed with; `None` where it was not given.
    pub token_secret: Option<TokenSecret>,
    /// Where to listen.
    pub listen: String,
    /// What is accepted.
    pub acceptance: AcceptanceConfig,
}

/// The bounds of accepting messages, wherever that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptanceConfig {
    /// The largest body, in bytes.
    pub body_limit: usize,
    /// How many messages are accepted at once.
    pub under_way: usize,
}

impl AcceptanceConfig {
    /// Reads the bounds.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            body_limit: reader.number(&BODY_LIMIT, 1_024..=64 << 20),
            under_way: reader.number(&UNDER_WAY, 1..=100_000),
        }
    }
}

impl IngressConfig {
    /// Reads the settings of ingress.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            bus: BusConfig::read(reader, "posthaste-ingress"),
            token_secret: TokenSecret::read(reader),
            listen: reader.text(&LISTEN),
            acceptance: AcceptanceConfig::read(reader),
        }
    }
}
