//! The edges of every range, inside and out.

use proptest::prelude::*;

use super::*;

fn strict() -> Guard {
    Guard::new([])
}

fn permits(text: &str) -> bool {
    strict().permits(text.parse().unwrap())
}

#[test]
fn the_edges_of_every_refused_ipv4_range() {
    // Range: first, last, the neighbour below and the one above where they are public.
    for (first, last, below, above) in [
        ("0.0.0.0", "0.255.255.255", None, Some("1.0.0.0")),
        ("10.0.0.0", "10.255.255.255", Some("9.255.255.255"), Some("11.0.0.0")),
        ("100.64.0.0", "100.127.255.255", Some("100.63.255.255"), Some("100.128.0.0")),
        ("127.0.0.0", "127.255.255.255", Some("126.255.255.255"), Some("128.0.0.0")),
        ("168.63.129.16", "168.63.129.16", Some("168.63.129.15"), Some("168.63.129.17")),
        ("169.254.0.0", "169.254.255.255", Some("169.253.255.255"), Some("169.255.0.0")),
        ("172.16.0.0", "172.31.255.255", Some("172.15.255.255"), Some("172.32.0.0")),
        ("192.0.0.0", "192.0.0.255", Some("191.255.255.255"), Some("192.0.1.0")),
        ("192.0.2.0", "192.0.2.255", Some("192.0.1.255"), Some("192.0.3.0")),
        ("192.88.99.0", "192.88.99.255", Some("192.88.98.255"), Some("192.88.100.0")),
        ("192.168.0.0", "192.168.255.255", Some("192.167.255.255"), Some("192.169.0.0")),
        ("198.18.0.0", "198.19.255.255", Some("198.17.255.255"), Some("198.20.0.0")),
        ("198.51.100.0", "198.51.100.255", Some("198.51.99.255"), Some("198.51.101.0")),
        ("203.0.113.0", "203.0.113.255", Some("203.0.112.255"), Some("203.0.114.0")),
        ("224.0.0.0", "239.255.255.255", Some("223.255.255.255"), None),
        ("240.0.0.0", "255.255.255.255", None, None),
    ] {
        assert!(!permits(first), "{first}");
        assert!(!permits(last), "{last}");
        for neighbour in [below, above].into_iter().flatten() {
            assert!(permits(neighbour), "{neighbour}");
        }
    }
}

#[test]
fn the_edges_of_global_ipv6_and_of_its_exceptions() {
    for refused in [
        "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "4000::",
        "2001::",
        "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:0:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db8::",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        "2002::",
        "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "3fff::",
        "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
    ] {
        assert!(!permits(refused), "{refused}");
    }
    for permitted in [
        "2000::",
        "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:200::",
        "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db9::",
        "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2003::",
        "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "3fff:1000::",
        "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ] {
        assert!(permits(permitted), "{permitted}");
    }
}

#[test]
fn special_ipv6_is_refused() {
    for refused in [
        "::",
        "::1",
        "::7f00:1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "64:ff9b::8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b:1::",
        "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
        "100::1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "5f00::",
        "5f00:ffff::",
        "fc00::",
        "fd00:ec2::254",
        "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "feff::1",
        "ff00::",
        "ff02::1",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ] {
        assert!(!permits(refused), "{refused}");
    }
    assert!(permits("::ffff:8.8.8.8"));
}

#[test]
fn the_operator_may_allow_what_is_refused_and_no_more_than_that() {
    let guard = Guard::new(["10.1.0.0/16".parse().unwrap(), "fd00:1::/32".parse().unwrap()]);
    for permitted in ["10.1.2.3", "::ffff:10.1.2.3", "fd00:1::9", "8.8.8.8"] {
        assert!(guard.permits(permitted.parse().unwrap()), "{permitted}");
    }
    for refused in ["10.2.0.0", "::ffff:10.2.0.0", "fd00:2::9", "127.0.0.1"] {
        assert!(!guard.permits(refused.parse().unwrap()), "{refused}");
    }
    // All of IPv6 is not all of IPv4 in disguise.
    let all_v6 = Guard::new(["::/0".parse().unwrap()]);
    assert!(!all_v6.permits("::ffff:127.0.0.1".parse().unwrap()));
}

/// The standard library's own predicates, which must all be covered.
fn known_special(v4: Ipv4Addr) -> bool {
    v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_broadcast()
        || v4.is_documentation()
        || v4.is_unspecified()
}

proptest! {
    #[test]
    fn a_mapped_address_is_judged_as_the_ipv4_it_is(bits: u32, net_bits: u32, prefix in 0_u8..=32) {
        let v4 = Ipv4Addr::from_bits(bits);
        let net = Ipv4Net::new_assert(Ipv4Addr::from_bits(net_bits), prefix);
        for guard in [strict(), Guard::new([IpNet::from(net)])] {
            prop_assert_eq!(
                guard.permits(IpAddr::V4(v4)),
                guard.permits(IpAddr::V6(v4.to_ipv6_mapped()))
            );
        }
    }

    #[test]
    fn allowing_a_network_only_ever_adds(bits: u128, prefix in 0_u8..=128, net_bits: u128) {
        let address = IpAddr::V6(Ipv6Addr::from_bits(bits));
        let net = IpNet::from(Ipv6Net::new_assert(Ipv6Addr::from_bits(net_bits), prefix));
        let wide = Guard::new([net]);
        prop_assert!(!strict().permits(address) || wide.permits(address));
    }

    #[test]
    fn what_the_standard_library_calls_special_is_refused(bits: u32) {
        let v4 = Ipv4Addr::from_bits(bits);
        prop_assert!(!(known_special(v4) && strict().permits(IpAddr::V4(v4))));
    }

    #[test]
    fn nothing_outside_global_unicast_is_permitted(bits: u128) {
        let v6 = Ipv6Addr::from_bits(bits);
        let mapped = v6.to_ipv4_mapped().is_some();
        prop_assert!(mapped || v6.octets()[0] >> 5 == 1 || !strict().permits(IpAddr::V6(v6)));
    }
}

#[test]
fn a_url_is_judged_by_what_it_says_of_itself() {
    let judged = |guard: &Guard, url: &str| guard.permits_url(&EndpointUrl::parse(url).unwrap());
    let strict = Guard::new([]);
    for url in [
        "https://127.0.0.1/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/",
        "https://LOCALHOST./",
        "https://hooks.localhost/",
    ] {
        assert!(!judged(&strict, url), "{url}");
    }
    for url in ["https://example.com/", "https://8.8.8.8/", "https://localhost.example.com/"] {
        assert!(judged(&strict, url), "{url}");
    }
    let lenient = Guard::new(["127.0.0.0/8".parse().unwrap()]);
    assert!(judged(&lenient, "https://127.0.0.1/") && judged(&lenient, "https://localhost/"));
    assert!(!judged(&lenient, "https://10.0.0.1/"));
}
