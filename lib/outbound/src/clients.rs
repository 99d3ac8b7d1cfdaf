//! One HTTP client for each way of connecting.

use std::{
    collections::HashMap,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use reqwest::{redirect, retry};

use crate::{ClientError, HeaderCase, TlsVersions, Transport, resolver::GuardedResolver, tls::Tls};

/// The part of a transport that connections are made by. Two requests that differ in it never share
/// a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Way {
    tls: TlsVersions,
    connect_timeout: Duration,
    header_case: HeaderCase,
}

impl Way {
    const fn of(transport: &Transport) -> Self {
        Self {
            tls: transport.tls,
            connect_timeout: transport.connect_timeout,
            header_case: transport.header_case,
        }
    }
}

/// Clients by the way in which they connect. The usual one is made at once and found without a
/// lock; the others are made when they are first asked for, which takes less than a millisecond,
/// since all share the authorities, the resolver and its bound on lookups.
///
/// At most [`MAX`](Self::MAX) others are kept. Beyond that the one that was not used for longest is
/// let go: its idle connections close, and requests under way end as they would have. Refusing
/// instead would hold deliveries up for good, while this costs no more than new connections.
#[derive(Debug)]
pub(crate) struct Clients {
    parts: Parts,
    usual: (Way, reqwest::Client),
    others: RwLock<HashMap<Way, Other>>,
    /// Counts uses, to tell which is the latest.
    uses: AtomicU64,
}

#[derive(Debug)]
struct Other {
    client: reqwest::Client,
    used: AtomicU64,
}

impl Clients {
    /// How many clients are kept beside the usual one. A way is a choice of a profile, and an
    /// installation has profiles by the dozen; each client has up to
    /// [`max_idle_per_host`](Parts::max_idle_per_host) idle connections to a receiver.
    pub(crate) const MAX: usize = 64;

    /// # Errors
    /// Where the usual client cannot be built. Any other differs from it only in what cannot fail.
    pub(crate) fn try_new(parts: Parts, usual: &Transport) -> Result<Self, ClientError> {
        let way = Way::of(usual);
        let client = parts.build(&way)?;
        Ok(Self { parts, usual: (way, client), others: RwLock::default(), uses: AtomicU64::new(0) })
    }

    /// The client that connects in the way of `transport`; a handle to a shared one.
    pub(crate) fn get(&self, transport: &Transport) -> Result<reqwest::Client, reqwest::Error> {
        let way = Way::of(transport);
        if way == self.usual.0 {
            return Ok(self.usual.1.clone());
        }
        // The map holds nothing that a panic could leave half done.
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(other) = others.get(&way) {
            return Ok(self.take(other));
        }
        drop(others);
        let mut others = self.others.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(other) = others.get(&way) {
            return Ok(self.take(other));
        }
        let other = Other { client: self.parts.build(&way)?, used: AtomicU64::new(0) };
        if others.len() >= Self::MAX {
            let used = |(_, other): &(&Way, &Other)| other.used.load(Ordering::Relaxed);
            let stalest = others.iter().min_by_key(used).map(|(way, _)| way.clone());
            stalest.and_then(|way| others.remove(&way));
        }
        let client = self.take(&other);
        others.insert(way, other);
        Ok(client)
    }

    fn take(&self, other: &Other) -> reqwest::Client {
        other.used.store(self.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        other.client.clone()
    }
}

/// What every client is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) tls: Tls,
    pub(crate) resolver: GuardedResolver,
    pub(crate) max_idle_per_host: usize,
    pub(crate) pool_idle_timeout: Duration,
    pub(crate) user_agent: String,
}

impl Parts {
    fn build(&self, way: &Way) -> Result<reqwest::Client, reqwest::Error> {
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.config(way.tls).clone())
            .dns_resolver(self.resolver.clone())
            .connect_timeout(way.connect_timeout)
            .pool_max_idle_per_host(self.max_idle_per_host)
            .pool_idle_timeout(self.pool_idle_timeout)
            .user_agent(self.user_agent.as_str())
            .http1_only()
            .tcp_nodelay(true)
            // An attempt has a deadline and an idle connection seconds to live: probes would only
            // cost system calls.
            .tcp_keepalive(None)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .no_proxy();
        let builder = match way.header_case {
            HeaderCase::Lower => builder,
            HeaderCase::Title => builder.http1_title_case_headers(),
        };
        builder.build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Guard, OutboundConfig};

    fn clients() -> Clients {
        let defaults = OutboundConfig::default();
        let parts = Parts {
            tls: Tls::try_new(None).unwrap(),
            resolver: GuardedResolver::new(Guard::new([]), 1),
            max_idle_per_host: defaults.max_idle_per_host,
            pool_idle_timeout: defaults.pool_idle_timeout,
            user_agent: defaults.user_agent,
        };
        Clients::try_new(parts, &defaults.usual).unwrap()
    }

    fn within(millis: u64) -> Transport {
        Transport { connect_timeout: Duration::from_millis(millis), ..Transport::default() }
    }

    fn is_kept(clients: &Clients, transport: &Transport) -> bool {
        clients.others.read().unwrap().contains_key(&Way::of(transport))
    }

    #[test]
    fn there_is_one_client_for_each_way_of_connecting() {
        let clients = clients();
        clients.get(&Transport::default()).unwrap();
        let usual = Transport { https_only: true, keep_limit: 1, ..Transport::default() };
        clients.get(&usual).unwrap();
        assert_eq!(clients.others.read().unwrap().len(), 0);
        for _ in 0..2 {
            for tls in TlsVersions::ALL {
                for header_case in [HeaderCase::Lower, HeaderCase::Title] {
                    let transport = Transport { tls, header_case, ..Transport::default() };
                    clients.get(&transport).unwrap();
                }
            }
        }
        assert_eq!(clients.others.read().unwrap().len(), 5);
    }

    #[test]
    fn the_one_not_used_for_longest_makes_room() {
        let clients = clients();
        let max = Clients::MAX as u64;
        for millis in 1..=max {
            clients.get(&within(millis)).unwrap();
        }
        clients.get(&within(1)).unwrap();
        clients.get(&within(max + 1)).unwrap();
        assert_eq!(clients.others.read().unwrap().len(), Clients::MAX);
        assert!(is_kept(&clients, &within(1)) && is_kept(&clients, &within(max + 1)));
        assert!(!is_kept(&clients, &within(2)));
    }
}
