//! From a name to the addresses that may be dialled.
//!
//! The connector dials exactly what is returned here, so an address cannot change between being
//! judged and being dialled.

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs as _},
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use crate::guard::Guard;

/// How many addresses of one name are tried. The time for connecting is shared out among them, so a
/// name with hundreds would leave none of them enough.
const MAX_ADDRESSES: usize = 16;

/// Why a name has no address to dial; found again in the client's error by its type.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResolveError {
    /// It has addresses, and the guard refuses every one.
    #[error("every address is private or special")]
    Refused,
    /// It has no address.
    #[error("the name has no address")]
    NoAddress,
    /// The system's resolver failed.
    #[error("the lookup failed")]
    Lookup(#[source] io::Error),
}

/// The system's resolver, bounded in concurrent lookups and filtered by the guard. Clones share the
/// bound.
#[derive(Clone, Debug)]
pub(crate) struct GuardedResolver {
    guard: Guard,
    lookups: Arc<Semaphore>,
}

impl GuardedResolver {
    pub(crate) fn new(guard: Guard, concurrent_lookups: usize) -> Self {
        Self { guard, lookups: Arc::new(Semaphore::new(concurrent_lookups)) }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.guard.clone();
        let lookups = Arc::clone(&self.lookups);
        Box::pin(async move {
            let found = look_up(name, lookups).await.map_err(ResolveError::Lookup)?;
            let permitted = permitted(found, &guard)?;
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// Asks the system. The permit goes with the thread: an attempt that gives up waiting does not end
/// the lookup, and must not make room for another until it has ended.
async fn look_up(
    name: Name,
    lookups: Arc<Semaphore>,
) -> io::Result<impl Iterator<Item = SocketAddr>> {
    let permit = lookups.acquire_owned().await.map_err(io::Error::other)?;
    let lookup = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        (name.as_str(), 0).to_socket_addrs()
    });
    lookup.await.map_err(io::Error::other)?
}

fn permitted(
    found: impl Iterator<Item = SocketAddr>,
    guard: &Guard,
) -> Result<Vec<SocketAddr>, ResolveError> {
    let mut found = found.peekable();
    if found.peek().is_none() {
        return Err(ResolveError::NoAddress);
    }
    let permitted: Vec<_> =
        found.filter(|address| guard.permits(address.ip())).take(MAX_ADDRESSES).collect();
    if permitted.is_empty() { Err(ResolveError::Refused) } else { Ok(permitted) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> impl Iterator<Item = SocketAddr> {
        texts
            .iter()
            .map(|text| SocketAddr::new(text.parse().unwrap(), 0))
            .collect::<Vec<_>>()
            .into_iter()
    }

    #[test]
    fn only_permitted_addresses_are_dialled() {
        let guard = Guard::new([]);
        let mixed = ["127.0.0.1", "8.8.8.8", "::ffff:10.0.0.1", "2606:4700::1", "fe80::1"];
        let dialled = permitted(addresses(&mixed), &guard).unwrap();
        assert_eq!(dialled, addresses(&["8.8.8.8", "2606:4700::1"]).collect::<Vec<_>>());
    }

    #[test]
    fn none_found_is_not_the_same_as_none_permitted() {
        let guard = Guard::new([]);
        assert!(matches!(permitted(addresses(&[]), &guard), Err(ResolveError::NoAddress)));
        assert!(matches!(
            permitted(addresses(&["10.0.0.1", "::1"]), &guard),
            Err(ResolveError::Refused)
        ));
    }

    #[test]
    fn a_name_with_very_many_addresses_is_cut_short() {
        let many = (0..1_000).map(|_| SocketAddr::from(([8, 8, 8, 8], 0)));
        assert_eq!(permitted(many, &Guard::new([])).unwrap().len(), MAX_ADDRESSES);
    }
}
