//! What stands in the bucket under a request's place: first a marker, then the answer.

use std::time::Duration;

use bytes::Bytes;
use posthaste_api::Problem;
use posthaste_bus::{Bucket, BucketError};
use posthaste_domain::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use super::place::Place;

/// After this a request is not under way any more, whatever its marker says: its process has ended.
/// Longer than a handler takes, the 30 s of a slow body included.
const UNDER_WAY_MAX: Duration = Duration::from_secs(60);

/// The value under a place.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Record {
    /// A request is being answered, at most until then.
    UnderWay(Timestamp),
    /// It was answered; the answer is sealed for the place.
    Answer(String),
}

impl Record {
    /// The marker of a request that begins now.
    pub(super) fn marker(now: Timestamp) -> Bytes {
        Self::UnderWay(now + UNDER_WAY_MAX).written()
    }

    pub(super) fn read(value: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(value).map_err(Problem::internal)
    }

    fn written(&self) -> Bytes {
        // Text and a timestamp always serialise.
        serde_json::to_vec(self).unwrap_or_default().into()
    }
}

/// The right to answer for a place. Dropped without an answer, it takes the marker away.
pub(super) struct Held {
    bucket: Bucket,
    place: Place,
    revision: u64,
    /// Whether the marker stands, as far as we know.
    stands: bool,
}

impl Held {
    pub(super) const fn new(bucket: Bucket, place: Place, revision: u64) -> Self {
        Self { bucket, place, revision, stands: true }
    }

    pub(super) const fn place(&self) -> &Place {
        &self.place
    }

    /// Leaves `answer` in the marker's place; where that fails, the marker goes.
    pub(super) async fn answer(mut self, answer: &Record) -> Result<(), BucketError> {
        let place = self.place.as_str();
        let written = self.bucket.update(place, answer.written(), self.revision).await;
        self.stands = !matches!(written, Ok(_) | Err(BucketError::Changed));
        written.map(drop)
    }

    /// Takes the marker away.
    pub(super) async fn release(mut self) {
        let removed = self.bucket.delete_at(self.place.as_str(), self.revision).await;
        self.stands = !matches!(removed, Ok(()) | Err(BucketError::Changed));
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Where the process ends with it, the marker's time does.
        if self.stands
            && let Ok(runtime) = Handle::try_current()
        {
            let (bucket, place, revision) =
                (self.bucket.clone(), self.place.clone(), self.revision);
            runtime.spawn(async move {
                let _ = bucket.delete_at(place.as_str(), revision).await;
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use posthaste_bus::{Authority, Bus, BusConfig};
    use posthaste_service::{Reader, Vars};
    use posthaste_testkit::NatsServer;

    use super::*;

    #[tokio::test]
    async fn whoever_panics_leaves_no_marker() {
        let nats = NatsServer::start().await;
        let vars = Vars::from_pairs([
            ("POSTHASTE_NATS_URLS", nats.url()),
            ("POSTHASTE_NATS_EVENTS_MAX_BYTES", (16 << 20).to_string()),
            ("POSTHASTE_NATS_ATTEMPTS_MAX_BYTES", (16 << 20).to_string()),
            ("POSTHASTE_NATS_DEAD_LETTERS_MAX_BYTES", (16 << 20).to_string()),
        ]);
        let config = BusConfig::read(&mut Reader::new(&vars), "test");
        let bus = Bus::connect(config).await.unwrap();
        bus.ensure_topology(Authority::Owner).await.unwrap();
        let bucket = bus.idempotency_bucket().await.unwrap();
        let request = http::Request::post("/app").body(()).unwrap();
        let place = Place::of(&request.into_parts().0, "k");
        let marker = Record::marker(Timestamp::from_micros(0));
        let revision = bucket.create(place.as_str(), marker).await.unwrap();
        let held = Held::new(bucket.clone(), place.clone(), revision);
        let panicked = tokio::spawn(async move {
            let _held = held;
            panic!("in the middle of it");
        });
        assert!(panicked.await.unwrap_err().is_panic());
        while bucket.get(place.as_str()).await.unwrap().is_some() {
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn what_is_written_is_read_and_pinned() {
        let at = Timestamp::from_micros(1_000_000);
        assert_eq!(&Record::marker(at)[..], br#"{"under_way":"1970-01-01T00:01:01.000000Z"}"#);
        let read = Record::read(&Record::marker(at)).unwrap();
        assert_eq!(read, Record::UnderWay(at + UNDER_WAY_MAX));
        let answer = Record::Answer("sealed".to_owned());
        assert_eq!(Record::read(br#"{"answer":"sealed"}"#).unwrap(), answer);
        assert_eq!(Record::read(&answer.written()).unwrap(), answer);
        assert!(Record::read(b"").is_err());
    }
}
