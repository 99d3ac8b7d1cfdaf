//! Sends the load.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderValue, StatusCode, header};
use posthaste_domain::Timestamp;
use posthaste_service::clock;
use reqwest::Url;
use tokio::task::JoinSet;

use super::{payload::Payload, quantiles::Quantiles};
use crate::failure::Failure;

/// How long one answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// So many failures end the sending: what is measured then is not what was meant to be.
const FAILURES_MAX: u32 = 100;

/// What is to be sent, where, and by how many at once.
pub(super) struct Load {
    pub(super) target: String,
    pub(super) path: String,
    pub(super) token: String,
    pub(super) messages: u32,
    pub(super) concurrency: u32,
    pub(super) payload: Payload,
}

/// What was sent.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) accepted: u32,
    pub(super) failed: u32,
    pub(super) first_failure: Option<String>,
    pub(super) first_at: Timestamp,
    pub(super) took: Duration,
    pub(super) latency: Quantiles,
}

/// What the senders share.
struct Work {
    http: reqwest::Client,
    url: Url,
    headers: HeaderMap,
    payload: Payload,
    messages: u32,
    next: AtomicU32,
    failed: AtomicU32,
    first_failure: Mutex<Option<String>>,
}

impl Load {
    /// Sends everything, each sender its next message as soon as the one before was answered.
    ///
    /// # Errors
    /// Where no request can be made at all.
    pub(super) async fn run(self) -> Result<Sent, Failure> {
        let concurrency = self.concurrency.min(self.messages);
        let work = Arc::new(self.prepared()?);
        let (first_at, began) = (Timestamp::from(clock::now()), Instant::now());
        let senders: JoinSet<_> =
            (0..concurrency).map(|_| Arc::clone(&work).send_until_done()).collect();
        let latencies = senders.join_all().await.concat();
        let took = began.elapsed();
        let first_failure =
            work.first_failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(Sent {
            accepted: u32::try_from(latencies.len()).unwrap_or(u32::MAX),
            failed: work.failed.load(Ordering::Relaxed),
            first_failure,
            first_at,
            took,
            latency: Quantiles::of(latencies),
        })
    }

    fn prepared(self) -> Result<Work, Failure> {
        let http = crate::api_client::plain_client(ANSWER_WITHIN, self.concurrency as usize)?;
        let mut headers = HeaderMap::new();
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", self.token))?;
        authorization.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, authorization);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Work {
            http,
            url: format!("{}{}", self.target, self.path).parse()?,
            headers,
            payload: self.payload,
            messages: self.messages,
            next: AtomicU32::new(0),
            failed: AtomicU32::new(0),
            first_failure: Mutex::default(),
        })
    }
}

impl Work {
    /// The latencies of what was accepted, in microseconds.
    async fn send_until_done(self: Arc<Self>) -> Vec<u32> {
        let mut latencies = Vec::new();
        while self.failed.load(Ordering::Relaxed) < FAILURES_MAX {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.messages {
                break;
            }
            let began = Instant::now();
            match self.send(number).await {
                Ok(()) => {
                    latencies.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX))
                }
                Err(failure) => self.note(failure),
            }
        }
        latencies
    }

    async fn send(&self, number: u32) -> Result<(), String> {
        let at = Timestamp::from(clock::now()).micros();
        let mut request = reqwest::Request::new(http::Method::POST, self.url.clone());
        *request.headers_mut() = self.headers.clone();
        *request.body_mut() = Some(self.payload.numbered(number, at).into());
        let told = |error: reqwest::Error| Failure::from(error).told();
        let answer = self.http.execute(request).await.map_err(told)?;
        let status = answer.status();
        // To its end, so that the connection can be used again.
        let body = answer.bytes().await.map_err(told)?;
        if status == StatusCode::ACCEPTED {
            Ok(())
        } else {
            Err(format!("{status}: {}", String::from_utf8_lossy(&body)))
        }
    }

    fn note(&self, failure: String) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let mut first = self.first_failure.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(failure);
    }
}
