//! What an operator may say of requests to receivers. Whoever sends them and whoever lets endpoints
//! be made must be told the same.

use std::{path::PathBuf, time::Duration};

use ipnet::IpNet;
use posthaste_service::{Key, Reader};

const ALLOW: Key = Key::new(
    "outbound.allow",
    "",
    "CIDRs",
    "Private or special networks that may be called all the same, separated by commas.",
);
const CA_FILE: Key = Key::new(
    "outbound.ca_file",
    "",
    "path",
    "PEM certificates to trust for receivers, beside the system's.",
);
const HTTPS_ONLY: Key =
    Key::new("outbound.https_only", "false", "", "Whether http:// endpoints are refused.");
const CONNECT_TIMEOUT: Key = Key::new(
    "outbound.connect_timeout_ms",
    "5000",
    "ms",
    "How long lookup, connection and TLS may take together, within the attempt, where the \
     endpoint's profile does not say.",
);

/// Every setting of requests to receivers.
pub const KEYS: &[Key] = &[ALLOW, CA_FILE, HTTPS_ONLY, CONNECT_TIMEOUT];

/// What an operator says of requests to receivers.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Networks that may be called although private.
    pub allow: Vec<IpNet>,
    /// Certificates to trust for receivers.
    pub ca_file: Option<PathBuf>,
    /// Whether `http://` endpoints are refused.
    pub https_only: bool,
    /// The bound of lookup, connection and TLS.
    pub connect_timeout: Duration,
}

impl Settings {
    /// Reads them.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            allow: networks(reader),
            ca_file: reader.optional_text(&CA_FILE).map(PathBuf::from),
            https_only: reader.flag(&HTTPS_ONLY),
            connect_timeout: reader.millis(&CONNECT_TIMEOUT),
        }
    }
}

fn networks(reader: &mut Reader<'_>) -> Vec<IpNet> {
    let texts = reader.list(&ALLOW);
    let networks: Result<_, _> = texts.iter().map(|network| network.parse()).collect();
    networks.unwrap_or_else(|_| {
        reader.require(false, &ALLOW, "wants networks such as 10.0.0.0/8, separated by commas");
        Vec::new()
    })
}
