//! How many clients a server serves, and how long it waits for them.

use std::time::Duration;

/// The patience of one server. The defaults suit a server behind a load balancer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once, 4096. Further ones wait in the system's backlog (1024), unaccepted.
    pub connections: usize,
    /// From the start of a connection to the end of its first request's head, 10 s.
    pub first_head: Duration,
    /// From one answer to the end of the next request's head, 75 s. Longer than the 60 s after
    /// which common load balancers drop their side, so that it is they who close an idle
    /// connection: a server that closes first races with a request on its way.
    pub next_head: Duration,
    /// From the first wait for a request's body to its end, 30 s. Later the handler reads
    /// [`BodyError::TooSlow`](super::BodyError::TooSlow).
    pub body: Duration,
    /// How long a client may leave an answer untouched while more of it waits, 30 s.
    pub write_stall: Duration,
}

impl Limits {
    /// The most bytes of a request's head, 32 KiB. A longer one is answered 431.
    pub const HEAD_MAX: usize = 32 * 1024;
    /// The bytes after which either buffer of a connection takes no more, 64 KiB: 512 MiB in all
    /// where 4096 connections fill both.
    pub const BUFFER_MAX: usize = 64 * 1024;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            first_head: Duration::from_secs(10),
            next_head: Duration::from_secs(75),
            body: Duration::from_secs(30),
            write_stall: Duration::from_secs(30),
        }
    }
}
