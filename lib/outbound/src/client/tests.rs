//! Requests over real sockets, to receivers that behave and to receivers that do not.

mod answers;
mod egress;
mod receiver;
mod secure;

use std::time::Duration;

use posthaste_domain::{Failure, FailureKind, Timestamp, Verdict};

use super::*;
use crate::SUCCESS;

/// When `Retry-After` is read: 1994-11-06T08:49:37Z.
const NOW: Timestamp = Timestamp::from_micros(784_111_777_000_000);

/// Far longer than anything on the loopback takes: a test that meets it has failed.
const AMPLE: Duration = Duration::from_secs(20);

/// For what is meant to run into its deadline.
const SCANT: Duration = Duration::from_millis(150);

/// What the tests allow: the loopback.
fn loopback() -> OutboundConfig {
    OutboundConfig { allow: vec!["127.0.0.0/8".parse().unwrap()], ..OutboundConfig::default() }
}

fn client(config: OutboundConfig) -> Client {
    Client::try_new(config).unwrap()
}

/// Posts `{}` with one header of our own.
async fn post(client: &Client, url: &str, within: Duration) -> Outcome {
    let url = EndpointUrl::parse(url).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", "msg_1".parse().unwrap());
    client.send(&url, headers, Bytes::from_static(b"{}"), Instant::now() + within).await
}

fn verdict(outcome: &Outcome) -> Verdict {
    outcome.verdict(NOW, &SUCCESS)
}

fn failed(kind: FailureKind) -> Verdict {
    Verdict::TryAgain(Failure { kind, status: None, retry_after: None })
}
