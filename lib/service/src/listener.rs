//! The HTTP server of every process: HTTP/1.1 over TCP, no TLS (that is the proxy's in front).
//!
//! Read in this order: [`bind`] takes the address; [`serve`] accepts and hands out connections;
//! [`Limits`] says how patient it is; `connection` runs one of them, over `socket` and `body`,
//! which keep the limits.
//!
//! # Invariants
//! - Nothing a client does, or leaves undone, holds a connection for ever: every wait for a client
//!   has a bound. A handler's own time is the handler's business.
//! - A request that was read is answered, also while stopping; only dropping the future of
//!   [`serve`] cuts it off.
//! - No upgrades: no WebSockets, no HTTP/2.

mod body;
mod connection;
mod limits;
mod serve;
mod socket;
#[cfg(test)]
mod tests;

use std::io;

use tokio::net::TcpListener;

pub use body::BodyError;
pub use limits::Limits;
pub use serve::{serve, serve_within};

/// Why an address could not be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct BindError {
    /// What was asked for.
    pub address: String,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

/// Binds `address` (`host:port`). With port 0 the system chooses one; the listener tells which.
///
/// # Errors
/// [`BindError`] where the address is taken, not ours, or no address.
pub async fn bind(address: &str) -> Result<TcpListener, BindError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| BindError { address: address.to_owned(), source })
}
