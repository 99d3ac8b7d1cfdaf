//! The same answer to a request that is sent again with the same `idempotency-key`.
//!
//! Whoever comes first leaves a marker, is answered, and leaves the answer in its place; whoever
//! comes later with the same key is given that answer, whatever their body says. While there is
//! only the marker they wait a while for the answer. It works across processes, for the broker
//! decides who is first.
//!
//! # Invariants
//! - A request costs two operations of the broker: one before it and one after.
//! - Only success is remembered. After a failure, a panic, and the end of a process, the key is as
//!   if it had never been used; after the last it takes a minute.
//! - A request that was begun is brought to its end though its caller has gone, so that the one who
//!   asks again hears what came of it.
//! - What is stored is sealed: it may hold a secret or a token. An answer that is too large for the
//!   bucket (64 KiB sealed, about 47 KiB plain) is not stored, and the request may be done twice.
//! - A stranger leaves no trace: the token is looked at first.

mod answer;
mod marker;
mod place;
mod remember;

use std::time::{Duration, SystemTime};

use axum::response::Response;
use posthaste_api::Problem;
use posthaste_bus::{Bucket, BucketError};
use posthaste_registry::Sealer;
use prometheus::{IntCounterVec, Opts, Registry};
use tokio::time::{Instant, interval};
use tracing::warn;

pub(crate) use self::remember::remember;
use self::{
    marker::{Held, Record},
    place::Place,
};

/// For how long one waits for the answer to a request that is under way, and how often one looks.
const WAIT: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// When to ask again where the broker did not say.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Where answers are remembered.
#[derive(Clone)]
pub struct Idempotency {
    bucket: Bucket,
    sealer: Sealer,
    clock: fn() -> SystemTime,
    requests: IntCounterVec,
}

/// What became of a request with a key.
#[derive(Clone, Copy)]
enum Outcome {
    /// It was the first, and was done.
    First,
    /// It was given the answer of the first.
    Replayed,
    /// The first was not answered in time.
    UnderWay,
    /// There was no room to remember it; it was done all the same.
    Unprotected,
}

impl Outcome {
    const ALL: [Self; 4] = [Self::First, Self::Replayed, Self::UnderWay, Self::Unprotected];

    const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Replayed => "replayed",
            Self::UnderWay => "under_way",
            Self::Unprotected => "unprotected",
        }
    }
}

/// What the caller of a request with a key may do.
enum Claim {
    /// Do it.
    Ours(Box<Held>),
    /// Give this answer.
    Answered(Response),
    /// Do it, unremembered.
    Unprotected,
}

impl Idempotency {
    /// Remembers in `bucket`, sealed by `sealer`.
    ///
    /// # Errors
    /// [`prometheus::Error`] where the registry has metrics of these names already.
    pub fn new(
        bucket: Bucket,
        sealer: Sealer,
        clock: fn() -> SystemTime,
        registry: &Registry,
    ) -> Result<Self, prometheus::Error> {
        let requests = IntCounterVec::new(
            Opts::new(
                "posthaste_idempotent_requests_total",
                "Requests with an idempotency key, by what became of them",
            ),
            &["outcome"],
        )?;
        registry.register(Box::new(requests.clone()))?;
        for outcome in Outcome::ALL {
            requests.with_label_values(&[outcome.as_str()]);
        }
        Ok(Self { bucket, sealer, clock, requests })
    }

    fn count(&self, outcome: Outcome) {
        self.requests.with_label_values(&[outcome.as_str()]).inc();
    }

    /// Finds out who is first.
    async fn claim(&self, place: &Place) -> Result<Claim, Problem> {
        let unavailable = |error| Problem::unavailable(RETRY_AFTER, error);
        let since = Instant::now();
        let mut looks = interval(LOOK_EVERY);
        let mut is_taken = false;
        loop {
            looks.tick().await;
            if !is_taken {
                match self.bucket.create(place.as_str(), self.marker()).await {
                    Ok(revision) => return Ok(Claim::Ours(self.held(place, revision))),
                    Err(BucketError::Taken) => is_taken = true,
                    Err(BucketError::Full) => {
                        warn!("no room for another idempotency key; the request is done without");
                        return Ok(Claim::Unprotected);
                    }
                    Err(error) => return Err(unavailable(error)),
                }
            }
            match self.bucket.get(place.as_str()).await.map_err(unavailable)? {
                // The first failed.
                None => is_taken = false,
                Some((value, revision)) => match Record::read(&value)? {
                    Record::Answer(sealed) => {
                        let plain = self.sealer.open(place.as_str(), &sealed);
                        let plain = plain.map_err(Problem::internal)?;
                        return answer::read(&plain).map(Claim::Answered);
                    }
                    // Whoever was at it is no more.
                    Record::UnderWay(until) if until <= (self.clock)().into() => {
                        let marker = self.marker();
                        match self.bucket.update(place.as_str(), marker, revision).await {
                            Ok(revision) => return Ok(Claim::Ours(self.held(place, revision))),
                            Err(BucketError::Changed) => {}
                            Err(error) => return Err(unavailable(error)),
                        }
                    }
                    Record::UnderWay(_) => {}
                },
            }
            if since.elapsed() >= WAIT {
                return Err(Problem::conflict(
                    "idempotency_key_in_use",
                    "A request with this idempotency key is under way. Send it again later.",
                ));
            }
        }
    }

    fn marker(&self) -> bytes::Bytes {
        Record::marker((self.clock)().into())
    }

    fn held(&self, place: &Place, revision: u64) -> Box<Held> {
        Box::new(Held::new(self.bucket.clone(), place.clone(), revision))
    }

    /// Leaves the answer where the marker was, if it is one to remember.
    async fn settle(&self, held: Box<Held>, response: Response) -> Response {
        if !response.status().is_success() {
            held.release().await;
            return response;
        }
        let (response, plain) = answer::written(response).await;
        let sealed = plain.and_then(|plain| {
            self.sealer.seal(held.place().as_str(), &plain, &mut rand::rng()).ok()
        });
        match sealed {
            Some(sealed) => {
                if let Err(error) = held.answer(&Record::Answer(sealed)).await {
                    let error = &error as &dyn std::error::Error;
                    warn!(error, "an answer is not remembered for its idempotency key");
                }
            }
            None => held.release().await,
        }
        response
    }
}
