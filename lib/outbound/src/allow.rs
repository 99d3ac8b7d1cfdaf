//! Which private or special networks an operator lets us call.

use ipnet::IpNet;
use posthaste_service::{Key, Reader};

/// The networks, separated by commas. Whoever calls receivers and whoever lets endpoints be made
/// must be told the same.
pub const ALLOW: Key = Key::new(
    "outbound.allow",
    "",
    "CIDRs",
    "Private or special networks that may be called all the same, separated by commas.",
);

/// Reads [`ALLOW`]; where it cannot be read there are none, and the reader knows.
pub fn read_allow(reader: &mut Reader<'_>) -> Vec<IpNet> {
    let texts = reader.list(&ALLOW);
    let networks: Result<_, _> = texts.iter().map(|network| network.parse()).collect();
    networks.unwrap_or_else(|_| {
        reader.require(false, &ALLOW, "wants networks such as 10.0.0.0/8, separated by commas");
        Vec::new()
    })
}
