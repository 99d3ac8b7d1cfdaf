//! `posthaste bench-receiver`: a merchant who answers at once and keeps count.
//!
//! It is part of what the machine carries, so it does as little as it can: no routing, no parsing
//! but of two numbers at fixed places, and one atomic for each delivery.

use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use posthaste_domain::Timestamp;
use posthaste_service::{clock, stop::wait_for_signal};
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, select};

use super::{payload, quantiles::Quantiles};
use crate::{failure::Outcome, output::say};

/// The largest body that is read.
const BODY_MAX: usize = 1 << 20;

/// Where [`Stats`] are answered; cheap enough to ask often.
pub(super) const STATS: &str = "/stats";
/// Where the latencies' [`Quantiles`] are answered; sorts them all.
pub(super) const LATENCY: &str = "/latency";

#[derive(Debug, clap::Args)]
pub(crate) struct ReceiverArgs {
    #[arg(long)]
    messages: u32,
    #[arg(long)]
    endpoints: u32,
}

/// What has been received, as it answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stats {
    /// Deliveries that were received at least once.
    pub(super) distinct: u64,
    /// Requests beyond the first of a delivery.
    pub(super) duplicates: u64,
    /// Requests that are no delivery of this measurement.
    pub(super) strange: u64,
    /// When the last distinct one came, in microseconds since the Unix epoch.
    pub(super) last_at: i64,
}

/// What was received: for each delivery how long it took, in microseconds; 0 until it comes.
struct Ledger {
    messages: u32,
    took: Box<[AtomicU32]>,
    distinct: AtomicU64,
    duplicates: AtomicU64,
    strange: AtomicU64,
    last_at: AtomicI64,
}

/// Serves until it is told to stop; says on standard output where.
pub(crate) async fn receive(args: ReceiverArgs) -> Outcome {
    let ledger = Arc::new(Ledger::new(args.messages, args.endpoints));
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    say!("{}", listener.local_addr()?);
    let serving = async {
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let ledger = Arc::clone(&ledger);
            let answer = service_fn(move |request| answer(Arc::clone(&ledger), request));
            // A connection that breaks is the other side's to notice.
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
        }
    };
    select! {
        _ = wait_for_signal() => Ok(()),
        stopped = serving => stopped,
    }
}

async fn answer(
    ledger: Arc<Ledger>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    if head.method == http::Method::GET {
        let told = match head.uri.path() {
            LATENCY => serde_json::to_vec(&ledger.latency()),
            _ => serde_json::to_vec(&ledger.stats()),
        };
        return Ok(Response::new(told.unwrap_or_default().into()));
    }
    let endpoint = head.uri.path().get(1..).and_then(|number| number.parse().ok());
    let status = match Limited::new(body, BODY_MAX).collect().await {
        Ok(body) => {
            let now = Timestamp::from(clock::now()).micros();
            ledger.note(endpoint, &body.to_bytes(), now);
            StatusCode::OK
        }
        Err(_) => StatusCode::PAYLOAD_TOO_LARGE,
    };
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    Ok(response)
}

impl Ledger {
    fn new(messages: u32, endpoints: u32) -> Self {
        let deliveries = messages as usize * endpoints as usize;
        Self {
            messages,
            took: (0..deliveries).map(|_| AtomicU32::new(0)).collect(),
            distinct: AtomicU64::new(0),
            duplicates: AtomicU64::new(0),
            strange: AtomicU64::new(0),
            last_at: AtomicI64::new(0),
        }
    }

    fn note(&self, endpoint: Option<u32>, body: &[u8], now: i64) {
        let place = payload::read(body).zip(endpoint).and_then(|((number, sent_at), endpoint)| {
            let at = endpoint as usize * self.messages as usize + number as usize;
            (number < self.messages).then(|| self.took.get(at)).flatten().zip(Some(sent_at))
        });
        let Some((place, sent_at)) = place else {
            self.strange.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let took = u32::try_from((now - sent_at).max(1)).unwrap_or(u32::MAX);
        if place.compare_exchange(0, took, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.last_at.fetch_max(now, Ordering::Relaxed);
            // After the rest, so that whoever sees the count sees what it counts.
            self.distinct.fetch_add(1, Ordering::Release);
        } else {
            self.duplicates.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn stats(&self) -> Stats {
        Stats {
            distinct: self.distinct.load(Ordering::Acquire),
            duplicates: self.duplicates.load(Ordering::Relaxed),
            strange: self.strange.load(Ordering::Relaxed),
            last_at: self.last_at.load(Ordering::Relaxed),
        }
    }

    /// From the sending of a message to its first receipt, of all that came.
    fn latency(&self) -> Quantiles {
        let took = self.took.iter().map(|took| took.load(Ordering::Relaxed));
        Quantiles::of(took.filter(|took| *took > 0).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::value::RawValue;

    use super::*;

    /// The payload of message `number`, sent at 1 s.
    fn sent(number: u32) -> Vec<u8> {
        let body = super::super::payload::Payload::new(200).numbered(number, 1_000_000);
        let message: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(&body).unwrap();
        message["payload"].get().as_bytes().to_vec()
    }

    #[test]
    fn each_delivery_counts_once() {
        let ledger = Ledger::new(2, 2);
        for (endpoint, number, now) in
            [(0, 0, 1_000_100), (0, 1, 1_000_300), (1, 0, 1_000_200), (0, 0, 1_000_900)]
        {
            ledger.note(Some(endpoint), &sent(number), now);
        }
        let expected = Stats { distinct: 3, duplicates: 1, strange: 0, last_at: 1_000_300 };
        assert_eq!(ledger.stats(), expected);
        assert_eq!(ledger.latency(), Quantiles { p50: 200, p99: 300, max: 300 });

        ledger.note(Some(1), &sent(1), 1_000_400);
        let expected = Stats { distinct: 4, last_at: 1_000_400, ..expected };
        assert_eq!(ledger.stats(), expected);
    }

    #[test]
    fn what_is_not_of_this_measurement_is_strange() {
        let ledger = Ledger::new(2, 2);
        ledger.note(Some(0), &sent(2), 1_000_100); // would be endpoint 1's first
        ledger.note(Some(2), &sent(0), 1_000_100);
        ledger.note(None, &sent(0), 1_000_100);
        ledger.note(Some(0), b"{}", 1_000_100);
        assert_eq!(ledger.stats(), Stats { strange: 4, ..Stats::default() });
    }
}
