//! Ports for processes that must be told theirs beforehand.

use std::net::TcpStream;
use std::process;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below what operating systems hand out by themselves (from 32768 on Linux, from 49152 on macOS).
/// So no outgoing connection borrows the port of a process that is down for a moment, and nobody
/// who listens on port 0 gets it.
const FIRST: u16 = 20_000;
const PORTS: u16 = 10_000;

/// A port of 127.0.0.1 on which nothing listens, and which this test process was not given before.
///
/// Another process may still take it before it is used. Whatever can listen on port 0 and say what
/// it got should do that.
///
/// # Panics
/// If none of the 10,000 ports is free.
#[must_use]
pub fn free_port() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    // Test processes that run side by side begin far apart.
    let start = process::id().wrapping_mul(997);
    for _ in 0..PORTS {
        let given = GIVEN.fetch_add(1, Ordering::Relaxed);
        let offset = start.wrapping_add(u32::from(given)) % u32::from(PORTS);
        let port = FIRST + u16::try_from(offset).expect("a remainder of 10,000 fits");
        if is_free(port) {
            return port;
        }
    }
    panic!("no port from {FIRST} to {} is free", FIRST + PORTS - 1);
}

/// Whether nobody listened on this port of 127.0.0.1 a moment ago.
///
/// It asks by connecting. A listener, opened and closed to find out, could be inherited by a
/// process that another thread forks at that moment, and would hold the port until that process
/// execs.
pub(crate) fn is_free(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_err()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn gives_no_port_twice_and_none_that_is_taken() {
        let held: Vec<_> =
            (0..50).map(|_| TcpListener::bind(("127.0.0.1", free_port())).unwrap()).collect();
        let taken: HashSet<_> = held.iter().map(|held| held.local_addr().unwrap().port()).collect();
        assert_eq!(taken.len(), 50);
        assert!(taken.iter().all(|port| !is_free(*port)));
        assert!((0..50).all(|_| !taken.contains(&free_port())));
    }
}
