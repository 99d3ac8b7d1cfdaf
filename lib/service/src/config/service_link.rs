//! Variables that Kubernetes sets by itself.
//!
//! For a Service named `posthaste-ingress` every pod of its namespace is given
//! `POSTHASTE_INGRESS_SERVICE_HOST` and its siblings, unless `enableServiceLinks` is off
//! (Kubernetes documentation, "Discovering services", environment variables). They share our
//! prefix and are nobody's mistake, so they are not reported as unknown.

/// Whether the variable looks like one that Kubernetes or Docker set for a service.
pub(super) fn is_service_link(name: &str, value: &str) -> bool {
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || (name.ends_with("_PORT") && is_socket_url(value))
        || name.match_indices("_PORT_").any(|(at, part)| is_port_tail(&name[at + part.len()..]))
}

/// Whether `tail` is what follows `_PORT_`: `80_TCP`, `80_TCP_ADDR`, `80_TCP_PORT`, `80_TCP_PROTO`.
fn is_port_tail(tail: &str) -> bool {
    let Some((port, rest)) = tail.split_once('_') else { return false };
    let (protocol, field) = rest.split_once('_').unwrap_or((rest, "ADDR"));
    port.parse::<u16>().is_ok()
        && matches!(protocol, "TCP" | "UDP" | "SCTP")
        && matches!(field, "ADDR" | "PORT" | "PROTO")
}

fn is_socket_url(value: &str) -> bool {
    ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubernetes_sets_is_recognised() {
        for (name, value) in [
            ("POSTHASTE_INGRESS_SERVICE_HOST", "10.0.0.11"),
            ("POSTHASTE_INGRESS_SERVICE_PORT", "80"),
            ("POSTHASTE_INGRESS_SERVICE_PORT_HTTP", "80"),
            ("POSTHASTE_INGRESS_PORT", "tcp://10.0.0.11:80"),
            ("POSTHASTE_INGRESS_PORT_80_TCP", "tcp://10.0.0.11:80"),
            ("POSTHASTE_INGRESS_PORT_80_TCP_ADDR", "10.0.0.11"),
            ("POSTHASTE_INGRESS_PORT_53_UDP_PROTO", "udp"),
        ] {
            assert!(is_service_link(name, value), "{name}");
        }
    }

    #[test]
    fn our_own_names_are_not() {
        for (name, value) in [
            ("POSTHASTE_INGRESS_PORT", "8080"),
            ("POSTHASTE_INGRESS_LISTEN", "0.0.0.0:8080"),
            ("POSTHASTE_OUTBOUND_PORT_ALLOW_TCP", "443"),
            ("POSTHASTE_OUTBOUND_PORT_80_TCP_ODD", "1"),
        ] {
            assert!(!is_service_link(name, value), "{name}");
        }
    }
}
