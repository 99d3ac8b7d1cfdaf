//! Which addresses may be dialled.
//!
//! Whoever registers an endpoint chooses where this process connects to, so everything that is not
//! plainly the public Internet is refused unless the operator allows it. Ranges are those of the
//! IANA special-purpose registries (RFC 6890 and its successors), and the Azure platform address,
//! which looks public and is not.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use posthaste_domain::EndpointUrl;
use url::Host;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), prefix)
}

/// IPv4 that is not the public Internet.
const REFUSED_V4: [Ipv4Net; 16] = [
    v4(0, 0, 0, 0, 8),        // this network
    v4(10, 0, 0, 0, 8),       // private
    v4(100, 64, 0, 0, 10),    // carrier-grade NAT
    v4(127, 0, 0, 0, 8),      // loopback
    v4(168, 63, 129, 16, 32), // Azure platform services
    v4(169, 254, 0, 0, 16),   // link-local, and most clouds' metadata
    v4(172, 16, 0, 0, 12),    // private
    v4(192, 0, 0, 0, 24),     // protocol assignments
    v4(192, 0, 2, 0, 24),     // documentation
    v4(192, 88, 99, 0, 24),   // 6to4 relays
    v4(192, 168, 0, 0, 16),   // private
    v4(198, 18, 0, 0, 15),    // benchmarks
    v4(198, 51, 100, 0, 24),  // documentation
    v4(203, 0, 113, 0, 24),   // documentation
    v4(224, 0, 0, 0, 4),      // multicast
    v4(240, 0, 0, 0, 4),      // reserved, and broadcast
];

/// The only IPv6 that is assigned for global unicast. Everything outside is refused: loopback,
/// unique and link local, multicast, NAT64 (`64:ff9b::/96`, `64:ff9b:1::/48`), segment routing.
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 3);

/// Parts of [`GLOBAL_V6`] that are not the public Internet.
const REFUSED_V6: [Ipv6Net; 4] = [
    v6(0x2001, 0, 23),     // protocol assignments, Teredo among them
    v6(0x2001, 0xdb8, 32), // documentation
    v6(0x2002, 0, 16),     // 6to4, which wraps any IPv4 address
    v6(0x3fff, 0, 20),     // documentation
];

/// The judgement on addresses: public ones, and those the operator allows. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Guard {
    allow: Arc<[IpNet]>,
}

impl Guard {
    /// A guard that also permits the networks in `allow`, whatever they are. An IPv4 network there
    /// covers IPv4-mapped IPv6 addresses too.
    #[must_use]
    pub fn new(allow: impl IntoIterator<Item = IpNet>) -> Self {
        Self { allow: allow.into_iter().collect() }
    }

    /// Whether `address` may be dialled.
    #[must_use]
    pub fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.allow.iter().any(|net| net.contains(&address))
    }

    /// Whether a URL may be called as far as it says by itself: its address, where it names one, or
    /// this machine. What another name resolves to is judged when it is dialled.
    #[must_use]
    pub fn permits_url(&self, url: &EndpointUrl) -> bool {
        match url.as_url().host() {
            Some(Host::Ipv4(v4)) => self.permits(v4.into()),
            Some(Host::Ipv6(v6)) => self.permits(v6.into()),
            Some(Host::Domain(name)) => !is_this_machine(name) || self.permits(LOOPBACK),
            None => false,
        }
    }
}

/// What every machine calls itself (RFC 6761 §6.3).
fn is_this_machine(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

/// For an address in canonical form, that is, with IPv4-mapped IPv6 already unmapped.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !REFUSED_V4.iter().any(|net| net.contains(&v4)),
        IpAddr::V6(v6) => {
            GLOBAL_V6.contains(&v6) && !REFUSED_V6.iter().any(|net| net.contains(&v6))
        }
    }
}

#[cfg(test)]
mod tests;
