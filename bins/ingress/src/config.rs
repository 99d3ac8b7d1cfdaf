//! What ingress can be told.

use std::str::FromStr;

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
const PAYLOAD_VALIDATION: Key = Key::new(
    "ingress.payload_validation",
    "off",
    "",
    "Whether payloads are held against the newest JSON Schema of their event type: off, warn (the \
     answer says what does not fit) or refuse (it is answered 422).",
);

/// Every setting of ingress, beside those of the broker, of tokens and of every process.
pub const KEYS: &[Key] = &[LISTEN, BODY_LIMIT, UNDER_WAY, PAYLOAD_VALIDATION];

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
    /// What becomes of payloads that do not fit the schema of their event type.
    pub payload_validation: PayloadValidation,
}

/// What becomes of payloads that do not fit the schema of their event type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PayloadValidation {
    /// Nobody looks.
    #[default]
    Off,
    /// They are accepted, and the answer says what does not fit.
    Warn,
    /// They are answered 422.
    Refuse,
}

/// None of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected off, warn or refuse")]
pub struct PayloadValidationError;

impl FromStr for PayloadValidation {
    type Err = PayloadValidationError;

    fn from_str(text: &str) -> Result<Self, PayloadValidationError> {
        match text {
            "off" => Ok(Self::Off),
            "warn" => Ok(Self::Warn),
            "refuse" => Ok(Self::Refuse),
            _ => Err(PayloadValidationError),
        }
    }
}

impl AcceptanceConfig {
    /// Reads the bounds.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            body_limit: reader.number(&BODY_LIMIT, 1_024..=64 << 20),
            under_way: reader.number(&UNDER_WAY, 1..=100_000),
            payload_validation: reader.parse(&PAYLOAD_VALIDATION).unwrap_or_default(),
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
