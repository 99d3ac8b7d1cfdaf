//! Reading everything again, for history.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;
use posthaste_bus::{BatchBounds, Bus, Feed, Tail, TailBatch, attempts::AttemptBatch};
use posthaste_domain::{Attempt, DeathReason, Refusal};
use tokio_util::sync::CancellationToken;

use super::{
    bed::{Bed, soon, until},
    sample::{accept, attempt, endpoint, event, letter},
};

const BOUNDS: BatchBounds =
    BatchBounds { rows: 1_000, bytes: 8 << 20, linger: Duration::from_millis(50) };

async fn tail(bus: &Bus) -> Tail {
    Tail::open(bus).await.unwrap()
}

async fn next(tail: &mut Tail, bounds: &BatchBounds) -> TailBatch {
    soon("a batch", tail.next_batch(bounds, &CancellationToken::new())).await.unwrap()
}

/// Reads and acknowledges until `count` different events were read; returns where they are.
async fn all_events(tail: &mut Tail, count: usize) -> BTreeSet<u64> {
    let mut seqs = BTreeSet::new();
    while seqs.len() < count {
        let batch = next(tail, &BOUNDS).await;
        seqs.extend(batch.events.iter().map(|stored| stored.seq));
        batch.receipts.acknowledge().await;
    }
    seqs
}

async fn record(bus: &Bus, attempts: &[Attempt]) {
    let mut batch = AttemptBatch::default();
    for attempt in attempts {
        batch.push(attempt).unwrap();
    }
    bus.record(&batch).await.unwrap();
}

async fn pending(bus: &Bus) -> [u64; 3] {
    bus.feed_progress().await.unwrap().map(|progress| progress.pending())
}

async fn until_nothing_is_pending(bus: &Bus) {
    until("everything is acknowledged", || async { pending(bus).await == [0; 3] }).await;
}

#[tokio::test]
async fn what_was_stored_is_read_in_one_batch_and_no_more_once_acknowledged() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let (event, attempts) = (event(), [attempt(), attempt(), attempt()]);
    bus.accept(&event, Bytes::from_static(b"{\"a\": 1}")).await.unwrap();
    record(&bus, &attempts).await;
    let letter = letter(&event, &endpoint());
    bus.bury(&letter, Bytes::from_static(b"{\"a\": 1}")).await.unwrap();
    bus.redrive(1, &letter, &event, Bytes::from_static(b"{\"a\": 1}")).await.unwrap();

    let mut tail = tail(&bus).await;
    let bounds = BatchBounds { linger: Duration::from_secs(1), ..BOUNDS };
    let batch = next(&mut tail, &bounds).await;
    assert_eq!(batch.rows(), 6);
    let [first, again] = &batch.events[..] else { panic!("{:?}", batch.events) };
    assert_eq!((&first.event, &first.payload[..]), (&event, &b"{\"a\": 1}"[..]));
    assert_eq!((first.seq, first.resume.is_some()), (1, false));
    assert_eq!((again.seq, again.resume.is_some()), (2, true), "it was put in again");
    assert_eq!(batch.attempts, attempts);
    assert_eq!(batch.dead_letters, [(1, letter)]);
    assert_eq!((batch.unreadable, batch.receipts.len()), ([0; 3], 4));
    assert!(batch.oldest.is_some());

    assert_eq!(pending(&bus).await, [2, 1, 1], "read is not recorded");
    batch.receipts.acknowledge().await;
    until_nothing_is_pending(&bus).await;
    accept(&bus, 1).await;
    let batch = next(&mut tail, &BOUNDS).await;
    assert_eq!((batch.rows(), batch.events[0].seq), (1, 3));
}

#[tokio::test]
async fn what_is_handed_back_is_read_again() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    accept(&bus, 3).await;
    let mut tail = tail(&bus).await;
    let batch = next(&mut tail, &BOUNDS).await;
    batch.receipts.hand_back().await;
    assert_eq!(all_events(&mut tail, 3).await, BTreeSet::from([1, 2, 3]));
    until_nothing_is_pending(&bus).await;
}

#[tokio::test]
async fn a_batch_is_bounded_in_rows_and_in_bytes() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    accept(&bus, 25).await;
    let mut tail = tail(&bus).await;
    let rows = BatchBounds { rows: 10, linger: Duration::from_secs(5), ..BOUNDS };
    let batch = next(&mut tail, &rows).await;
    assert_eq!(batch.rows(), 10);
    let bytes = BatchBounds { bytes: 1, linger: Duration::from_secs(5), ..BOUNDS };
    assert_eq!(next(&mut tail, &bytes).await.rows(), 1);
}

/// More bytes than requests may bring at once, and each message nearly as large as messages get.
#[tokio::test]
async fn large_messages_are_read_however_many_they_are() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let large = Bytes::from(format!("\"{}\"", "x".repeat(bus.max_payload() - 4_096)));
    for _ in 0..20 {
        bus.accept(&event(), large.clone()).await.unwrap();
    }
    let mut tail = tail(&bus).await;
    assert_eq!(all_events(&mut tail, 20).await.len(), 20);
    until_nothing_is_pending(&bus).await;
}

#[tokio::test]
async fn what_cannot_be_read_is_skipped_and_holds_up_nothing() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let aside = bed.aside().await;
    let strange = |subject: &'static str, body: Vec<u8>| {
        let aside = aside.clone();
        async move { aside.publish(subject, body.into()).await.unwrap().await.unwrap() }
    };
    strange("events.1.strange", b"{}".to_vec()).await;
    strange("dead.strange.strange", vec![]).await;
    let good = attempt();
    let mut lines = b"{\"id\":3}\n".to_vec();
    lines.extend(serde_json::to_vec(&good).unwrap());
    lines.extend(b"\n\xff\xfe\n");
    strange("attempts.recorded", lines).await;
    accept(&bus, 1).await;

    let mut tail = tail(&bus).await;
    let bounds = BatchBounds { linger: Duration::from_secs(1), ..BOUNDS };
    let batch = next(&mut tail, &bounds).await;
    assert_eq!(batch.unreadable, [1, 2, 1]);
    assert_eq!((batch.events.len(), batch.attempts), (1, vec![good]));
    batch.receipts.acknowledge().await;
    until_nothing_is_pending(&bus).await;
}

#[tokio::test]
async fn several_share_the_streams_and_nothing_is_given_to_two() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let (mut one, mut other) = (tail(&bus).await, tail(&bus).await);
    let (mut by_one, mut by_other) = (BTreeSet::new(), BTreeSet::new());
    let never = CancellationToken::new();
    let seqs = |batch: &TailBatch| batch.events.iter().map(|e| e.seq).collect::<Vec<_>>();
    let accepted: BTreeSet<u64> = soon("all is read", async {
        let accepting = accept(&bus, 500);
        tokio::pin!(accepting);
        let mut accepted = BTreeSet::new();
        while accepted.is_empty() || by_one.len() + by_other.len() < accepted.len() {
            tokio::select! {
                all = &mut accepting, if accepted.is_empty() => accepted.extend(all),
                Some(batch) = one.next_batch(&BOUNDS, &never) => {
                    by_one.extend(seqs(&batch));
                    batch.receipts.acknowledge().await;
                }
                Some(batch) = other.next_batch(&BOUNDS, &never) => {
                    by_other.extend(seqs(&batch));
                    batch.receipts.acknowledge().await;
                }
            }
        }
        accepted
    })
    .await;
    assert!(!by_one.is_empty() && !by_other.is_empty(), "{} {}", by_one.len(), by_other.len());
    assert!(by_one.is_disjoint(&by_other));
    assert_eq!(&by_one | &by_other, accepted);
}

#[tokio::test]
async fn reading_goes_on_when_the_broker_comes_back() {
    let mut bed = Bed::start().await;
    let bus = bed.bus().await;
    accept(&bus, 200).await;
    let mut tail = tail(&bus).await;
    let held = next(&mut tail, &BOUNDS).await;
    assert_eq!(held.events.len(), 200);
    bed.crash().await;
    held.receipts.acknowledge().await;
    accept(&bus, 100).await;
    // What was held is offered again where the acknowledgement came too late.
    let seqs = all_events(&mut tail, 100).await;
    assert!((201..=300).all(|seq| seqs.contains(&seq)), "{seqs:?}");
    bed.crash().await;
    accept(&bus, 50).await;
    let seqs = all_events(&mut tail, 50).await;
    assert!((301..=350).all(|seq| seqs.contains(&seq)), "{seqs:?}");
}

#[tokio::test]
async fn a_server_that_stands_still_is_waited_for() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    accept(&bus, 5).await;
    let mut tail = tail(&bus).await;
    assert_eq!(all_events(&mut tail, 5).await.len(), 5);
    let frozen = bed.freeze();
    let stop = CancellationToken::new();
    let waiting = tokio::time::timeout(Duration::from_secs(6), tail.next_batch(&BOUNDS, &stop));
    assert!(waiting.await.is_err(), "nothing can be read of it");
    drop(frozen);
    accept(&bus, 5).await;
    assert_eq!(all_events(&mut tail, 5).await, BTreeSet::from([6, 7, 8, 9, 10]));
}

#[tokio::test]
async fn stopping_leaves_nothing_behind_that_others_must_wait_for() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let mut leaving = tail(&bus).await;
    accept(&bus, 1).await;
    next(&mut leaving, &BOUNDS).await.receipts.acknowledge().await;
    let stop = CancellationToken::new();
    stop.cancel();
    assert!(leaving.next_batch(&BOUNDS, &stop).await.is_none());
    // Its requests are still at the server, which answers them.
    accept(&bus, 10).await;
    assert!(soon("the end", leaving.close()).await > 0);
    let mut staying = tail(&bus).await;
    assert_eq!(all_events(&mut staying, 10).await.len(), 10);
    until_nothing_is_pending(&bus).await;
}

#[tokio::test]
async fn progress_follows_what_is_acknowledged_and_passes_what_is_gone() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    assert_eq!(bus.last_sequences().await.unwrap(), [0; 3]);
    accept(&bus, 2).await;
    let letter = |reason| posthaste_domain::DeadLetter { reason, ..letter(&event(), &endpoint()) };
    bus.bury(&letter(DeathReason::Exhausted), Bytes::new()).await.unwrap();
    bus.bury(&letter(DeathReason::Refused(Refusal::BlockedAddress)), Bytes::new()).await.unwrap();
    assert_eq!(bus.last_sequences().await.unwrap(), [2, 0, 2]);

    let mut tail = tail(&bus).await;
    let bounds = BatchBounds { linger: Duration::from_secs(1), ..BOUNDS };
    let batch = next(&mut tail, &bounds).await;
    let held = bus.feed_progress().await.unwrap();
    assert_eq!(held.map(|progress| progress.unacked), [2, 0, 2]);
    let oldest = bus.first_unrecorded(&held[0]).await.unwrap().unwrap();
    assert_eq!((oldest.0, Some(oldest.1)), (1, batch.oldest));
    batch.receipts.acknowledge().await;
    until_nothing_is_pending(&bus).await;
    let done = bus.feed_progress().await.unwrap();
    assert_eq!(done.map(|progress| progress.floor), [2, 0, 2]);
    assert_eq!(done[2].feed, Feed::DeadLetters);
    drop(tail);

    // Nobody reads any more, and the last letter is thrown away before anybody has.
    bus.bury(&letter(DeathReason::Exhausted), Bytes::new()).await.unwrap();
    assert!(bus.discard_dead_letter(3).await.unwrap());
    assert_eq!(bus.last_sequences().await.unwrap()[2], 3);
    let progress = bus.feed_progress().await.unwrap()[2];
    assert_eq!(bus.first_unrecorded(&progress).await.unwrap(), None);
}
