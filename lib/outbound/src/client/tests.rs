//! Requests over real sockets, to receivers that behave and to receivers that do not.

mod answers;
mod authority;
mod bodies;
mod certificates;
mod egress;
mod old_tls;
mod receiver;
mod secure;
mod transports;
mod versions;
mod wiretap;

use std::time::Duration;

use posthaste_domain::{Failure, FailureKind, Timestamp, Verdict};

use super::*;
use crate::{AnswerRules, TlsTrouble, TlsVersions};

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

/// Posts `{}` with one header of our own, in the default way.
async fn post(client: &Client, url: &str, within: Duration) -> Outcome {
    post_by(client, url, within, &Transport::default()).await
}

async fn post_by(client: &Client, url: &str, within: Duration, transport: &Transport) -> Outcome {
    let url = EndpointUrl::parse(url).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", "msg_1".parse().unwrap());
    client.send(&url, headers, Bytes::from_static(b"{}"), Instant::now() + within, transport).await
}

fn verdict(outcome: &Outcome) -> Verdict {
    outcome.verdict(NOW, &AnswerRules::default())
}

fn failed(kind: FailureKind) -> Verdict {
    Verdict::TryAgain(Failure { kind, status: None, retry_after: None })
}

/// What was wrong with TLS, after seeing to it that it counts as a failure of TLS.
fn trouble(outcome: &Outcome) -> TlsTrouble {
    assert_eq!(verdict(outcome), failed(FailureKind::Tls), "{outcome:?}");
    match &outcome.result {
        Err(SendError::Tls { trouble, .. }) => *trouble,
        other => panic!("{other:?}"),
    }
}
