//! The bucket, and watching it through whatever befalls the broker.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use posthaste_bus::{Bucket, BucketEntry, BucketError, Change, Watch};
use tokio::time::Instant;

use super::bed::{Bed, soon, within};

fn value(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// What a watcher believes the bucket to hold.
#[derive(Default)]
struct Belief {
    keys: BTreeMap<String, Bytes>,
    revision: u64,
    told: usize,
    caught_up: usize,
}

impl Belief {
    async fn learn(&mut self, watch: &mut Watch) {
        // Where the broker is away, asking again tries again.
        let Ok(change) = watch.next().await else { return };
        match change {
            Change::Put { key, value, revision } => {
                self.told += 1;
                self.keys.insert(key, value);
                self.revision = self.revision.max(revision);
            }
            Change::Gone { key, revision } => {
                self.keys.remove(&key);
                self.revision = self.revision.max(revision);
            }
            Change::CaughtUp => self.caught_up += 1,
            Change::Interrupted => {}
        }
    }

    async fn learn_until(&mut self, watch: &mut Watch, revision: u64) {
        soon("the revision", async {
            while self.revision < revision {
                self.learn(watch).await;
            }
        })
        .await;
    }
}

async fn bucket(bed: &Bed) -> Bucket {
    bed.bus().await.registry_bucket().await.unwrap()
}

#[tokio::test]
async fn a_key_is_created_once_and_changed_only_from_what_was_read() {
    let bed = Bed::start().await;
    let bucket = bucket(&bed).await;
    assert!(bucket.get("a.b").await.unwrap().is_none());
    let first = bucket.create("a.b", value("1")).await.unwrap();
    assert!(matches!(bucket.create("a.b", value("2")).await, Err(BucketError::Taken)));
    assert_eq!(bucket.get("a.b").await.unwrap(), Some((value("1"), first)));

    let second = bucket.update("a.b", value("2"), first).await.unwrap();
    assert!(matches!(bucket.update("a.b", value("3"), first).await, Err(BucketError::Changed)));
    assert_eq!(bucket.get("a.b").await.unwrap(), Some((value("2"), second)));

    bucket.delete("a.b").await.unwrap();
    assert!(bucket.get("a.b").await.unwrap().is_none());
    assert!(matches!(bucket.update("a.b", value("3"), second).await, Err(BucketError::Changed)));
    bucket.delete("a.b").await.unwrap();
    assert!(bucket.create("a.b", value("4")).await.unwrap() > second);
    assert!(matches!(bucket.create("a.b", value("5")).await, Err(BucketError::Taken)));
}

#[tokio::test]
async fn what_cannot_be_a_key_or_is_too_large_is_refused_by_name() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let answers = bus.idempotency_bucket().await.unwrap();
    for key in ["", ".a", "a.", "a..b", "a b", "a*", ">", "é"] {
        assert!(matches!(answers.put(key, value("1")).await, Err(BucketError::Key)), "{key}");
    }
    let fits = Bytes::from(vec![b'x'; 60 << 10]);
    answers.create("fits", fits).await.unwrap();
    let large = Bytes::from(vec![b'x'; 65 << 10]);
    assert!(matches!(answers.create("large", large).await, Err(BucketError::TooLarge)));
    assert!(answers.get("large").await.unwrap().is_none());
}

#[tokio::test]
async fn what_begins_alike_is_read_at_once_without_what_is_gone() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let tasks = bus.tasks_bucket().await.unwrap();
    assert_eq!(tasks.entries("").await.unwrap(), []);
    let first = tasks.create("org.a", value("1")).await.unwrap();
    tasks.create("org.b", value("2")).await.unwrap();
    tasks.create("other.c", value("3")).await.unwrap();
    tasks.delete("org.b").await.unwrap();
    let changed = tasks.update("org.a", value("4"), first).await.unwrap();
    tasks.create("org.a.nested", value("5")).await.unwrap();
    let keys = |entries: Vec<BucketEntry>| -> Vec<String> {
        entries.into_iter().map(|entry| entry.key).collect()
    };
    let found = tasks.entries("org").await.unwrap();
    let expected = BucketEntry { key: "org.a".into(), value: value("4"), revision: changed };
    assert_eq!(found[0], expected);
    assert_eq!(keys(found), ["org.a", "org.a.nested"]);
    assert_eq!(keys(tasks.entries("").await.unwrap()), ["other.c", "org.a", "org.a.nested"]);
    // The last of them is gone; so there is no last message that is one.
    tasks.delete("org.a").await.unwrap();
    tasks.delete("org.a.nested").await.unwrap();
    assert_eq!(tasks.entries("org").await.unwrap(), []);
    assert!(matches!(tasks.entries("org*").await, Err(BucketError::Key)));
}

#[tokio::test]
async fn of_many_who_create_a_key_one_succeeds() {
    let bed = Bed::start().await;
    let bucket = bucket(&bed).await;
    // For the second round the key has existed before.
    for round in 0..2 {
        let all = (0..20).map(|n| {
            let bucket = bucket.clone();
            async move { bucket.create("key", value(&n.to_string())).await }
        });
        let (won, lost): (Vec<_>, Vec<_>) =
            futures_util::future::join_all(all).await.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1, "round {round}");
        assert!(lost.iter().all(|lost| matches!(lost, Err(BucketError::Taken))), "{lost:?}");
        bucket.delete("key").await.unwrap();
    }
}

#[tokio::test]
async fn a_watch_tells_what_there_was_then_that_it_has_and_then_what_changes() {
    let bed = Bed::start().await;
    let bucket = bucket(&bed).await;
    let revision = bucket.create("kept", value("1")).await.unwrap();
    bucket.create("gone", value("1")).await.unwrap();
    bucket.delete("gone").await.unwrap();
    bucket.update("kept", value("2"), revision).await.unwrap();

    let mut watch = bucket.watch();
    let mut belief = Belief::default();
    while belief.caught_up == 0 {
        soon("the present", belief.learn(&mut watch)).await;
    }
    assert_eq!(belief.keys, BTreeMap::from([("kept".to_owned(), value("2"))]));

    let created = bucket.create("new", value("3")).await.unwrap();
    let change = soon("a change", watch.next()).await.unwrap();
    assert!(
        matches!(&change, Change::Put { key, value, revision }
            if key == "new" && value == "3" && *revision == created),
        "{change:?}"
    );
    bucket.delete("new").await.unwrap();
    let change = soon("a change", watch.next()).await.unwrap();
    assert!(matches!(&change, Change::Gone { key, revision }
        if key == "new" && *revision == created + 1));
}

#[tokio::test]
async fn a_watch_of_an_empty_bucket_is_caught_up_at_once_even_if_it_held_something_once() {
    let bed = Bed::start().await;
    let bucket = bucket(&bed).await;
    let caught_up = async |bucket: &Bucket| {
        let change = soon("the end of the present", bucket.watch().next()).await;
        assert!(matches!(change, Ok(Change::CaughtUp)), "{change:?}");
    };
    caught_up(&bucket).await;
    bucket.create("a", value("1")).await.unwrap();
    bucket.create("b", value("2")).await.unwrap();
    let aside = bed.aside().await;
    let stream = aside.get_stream("KV_registry").await.unwrap();
    stream.purge().await.unwrap();
    caught_up(&bucket).await;
}

#[tokio::test]
async fn a_large_bucket_is_told_whole() {
    let bed = Bed::start().await;
    let bucket = bucket(&bed).await;
    let keys: Vec<String> = (0..3_000).map(|n| format!("ep.app_{}.ep_{n}", n % 7)).collect();
    for chunk in keys.chunks(250) {
        let all = chunk.iter().map(|key| bucket.create(key, Bytes::from(vec![b'x'; 1_000])));
        futures_util::future::try_join_all(all).await.unwrap();
    }
    let mut watch = bucket.watch();
    let mut belief = Belief::default();
    soon("the present", async {
        while belief.caught_up == 0 {
            belief.learn(&mut watch).await;
        }
    })
    .await;
    assert_eq!(belief.keys.len(), keys.len());
}

/// Seconds of blindness after a restart are what this is about: the server forgets a watch with its
/// connection, and missed heartbeats would tell only after ten seconds.
#[tokio::test]
async fn a_watch_resumes_after_crashes_without_loss_and_soon() {
    let mut bed = Bed::start().await;
    let bucket = bucket(&bed).await;
    let mut watch = bucket.watch();
    let mut belief = Belief::default();
    bucket.create("before", value("0")).await.unwrap();
    for round in 1..=4 {
        // What is written just before the crash may not have been told yet.
        let last = bucket.create(&format!("round.{round}"), value("0")).await.unwrap();
        if round % 2 == 0 {
            belief.learn_until(&mut watch, last).await;
        }
        bed.crash().await;
        // A writer of its own, so that nothing depends on when the watcher's connection is back.
        let writer = self::bucket(&bed).await;
        let revision = writer.create(&format!("after.{round}"), value("1")).await.unwrap();
        let begun = Instant::now();
        belief.learn_until(&mut watch, revision).await;
        let blind = begun.elapsed();
        assert!(blind < Duration::from_secs(2), "round {round}: blind for {blind:?}");
        let expected = 1 + 2 * round;
        assert_eq!(belief.told, expected, "round {round}: it resumes, and does not begin anew");
        assert_eq!(belief.keys.len(), expected, "round {round}: {:?}", belief.keys.keys());
    }
    assert!(belief.caught_up > 0);
}

/// The question that begins a watch can be lost with the connection it was sent on.
#[tokio::test]
async fn a_watch_that_begins_in_a_crash_does_not_wait_for_an_answer_that_cannot_come() {
    let mut bed = Bed::start().await;
    let bus = bed.bus().await;
    let bucket = bus.registry_bucket().await.unwrap();
    let revision = bucket.create("key", value("1")).await.unwrap();
    let mut watch = bucket.watch();
    let mut belief = Belief::default();

    let frozen = bed.freeze();
    let asked = tokio::time::timeout(Duration::from_millis(200), belief.learn(&mut watch));
    assert!(asked.await.is_err(), "nobody can have answered");
    // The same, but asked for good.
    let learning = tokio::spawn(async move {
        belief.learn_until(&mut watch, revision).await;
        belief
    });
    bus.flush(Duration::from_millis(200)).await;
    bed.crash_frozen(frozen).await;
    let belief = within(Duration::from_secs(3), "the present", learning).await.unwrap();
    assert_eq!(belief.keys.len(), 1);
}
