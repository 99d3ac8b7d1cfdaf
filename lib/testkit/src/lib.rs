//! What the tests stand on: a real broker, a real database, receivers that misbehave on request, and
//! the real processes.
//!
//! - [`NatsServer`]: a nats-server of the test's own, with its own store, that can be killed and
//!   started again;
//! - [`Postgres`]: the same of a Postgres server, with as many databases as the test asks for;
//! - [`Receiver`]: a merchant's HTTP or HTTPS server, which answers by [`Script`] and remembers what
//!   it was sent;
//! - [`Authority`]: what vouches for the HTTPS ones, to be trusted by who is to call them;
//! - [`Role`]: a built binary of this workspace, run as an operator would run it.
//!
//! Invariants
//! - Everything listens on 127.0.0.1 alone, on a port of its own.
//! - Dropping a value ends what it stands for: the process, the server, the files. A test that
//!   panics leaves nothing behind. (A `static` is never dropped: keep these values in none.)
//! - Every wait is for an event and has a bound; past the bound it panics and says what was seen
//!   instead.
//!
//! Nothing here ships, and nothing here knows Posthaste's messages or API: what is asserted is the
//! test's business.
#![allow(
    clippy::expect_used,
    reason = "a failure here is the failure of the test that asked, and must be loud"
)]

mod authority;
mod child;
mod http;
mod log;
mod nats;
mod port;
mod postgres;
mod receiver;
mod role;
mod tool;

pub use authority::Authority;
pub use http::{get, wait_ready};
pub use nats::{NatsServer, NatsSettings, SyncInterval};
pub use port::free_port;
pub use postgres::Postgres;
pub use receiver::{Answer, Received, Receiver, Script};
pub use role::{Role, spawn_role};
