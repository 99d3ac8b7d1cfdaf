//! Ports for processes that cannot choose one and tell.

use std::collections::HashSet;
use std::net::TcpListener;
use std::sync::{LazyLock, Mutex, PoisonError};

static PROMISED: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);

/// A port of 127.0.0.1 on which nothing listens, and which this test process was not promised
/// before.
///
/// Another process may take it before it is used. Whatever can listen on port 0 and say what it got
/// should do that.
///
/// # Panics
/// If the machine has no free port.
#[must_use]
pub fn free_port() -> u16 {
    let mut promised = PROMISED.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of 127.0.0.1 is free");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        if promised.insert(port) {
            return port;
        }
    }
}
