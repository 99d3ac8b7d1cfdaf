//! A batch written twice, in pieces, or out of order comes to the same.

use std::time::Duration;

use posthaste_history::{
    AttemptFilter, Batch, Cursor, DeadLetterFilter, History, MessageFilter, Order, Page, TimeRange,
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};

use crate::{
    bed::Bed,
    sample::{Sample, sample},
};

/// Everything that can be read, as text.
async fn dump(store: &History, sample: &Sample) -> String {
    let mut text = String::new();
    let page = Page { limit: 250, order: Order::Ascending, cursor: Cursor::Start };
    for app in &sample.apps {
        let all = store.messages(app, &MessageFilter::default(), &page, true).await.unwrap();
        for message in &all.items {
            let deliveries = store.deliveries_of_message(app, &message.id, &page).await.unwrap();
            text += &format!("{message:?}\n{deliveries:?}\n");
        }
    }
    for (app, endpoint) in &sample.endpoints {
        let all = AttemptFilter::default();
        let attempts = store.attempts_of_endpoint(app, endpoint, &all, &page, true).await.unwrap();
        let range = TimeRange::default();
        let counts = store.attempt_counts(app, endpoint, range).await.unwrap();
        text += &format!("{attempts:?}\n{counts:?}\n");
    }
    let all = DeadLetterFilter::default();
    let letters = store.dead_letters(&sample.org, &all, &page).await.unwrap();
    let usage = store.application_usage(&sample.apps, TimeRange::default()).await.unwrap();
    let types = store.event_type_usage(&sample.org).await.unwrap();
    text + &format!("{letters:?}\n{usage:?}\n{types:?}\n")
}

/// The same events in pieces, out of order, and some of them more than once.
fn pieces(whole: &Batch, seed: u64) -> Vec<Batch> {
    let rng = &mut StdRng::seed_from_u64(seed);
    let mut pieces = vec![Batch::default(); 7];
    for _ in 0..2 {
        for event in &whole.events {
            pieces[rng.random_range(0..7)].events.push(event.clone());
        }
        for attempt in &whole.attempts {
            pieces[rng.random_range(0..7)].attempts.push(attempt.clone());
        }
        for letter in &whole.dead_letters {
            pieces[rng.random_range(0..7)].dead_letters.push(letter.clone());
        }
    }
    for piece in &mut pieces {
        piece.events.shuffle(rng);
        piece.attempts.shuffle(rng);
    }
    pieces
}

#[tokio::test]
async fn a_batch_written_again_changes_nothing() {
    let (bed, sample) = (Bed::start().await, sample(60, 11));
    let mut dumps = Vec::new();
    for store in bed.stores().await {
        store.record(&sample.batch).await.unwrap();
        let once = dump(&store, &sample).await;
        store.record(&sample.batch).await.unwrap();
        assert_eq!(dump(&store, &sample).await, once);
        dumps.push(once);
    }
    assert_eq!(dumps[0], dumps[1], "both engines say the same");
}

/// A redrive, or one more attempt, puts the event in again, without what steered it the first time.
#[tokio::test]
async fn a_message_that_is_put_in_again_stays_as_it_was() {
    let (bed, mut sample) = (Bed::start().await, sample(3, 12));
    for recorded in &mut sample.batch.events {
        recorded.event.deliver_at = Some(recorded.event.accepted_at + Duration::from_secs(60));
    }
    let mut again = Batch { events: sample.batch.events.clone(), ..Batch::default() };
    for recorded in &mut again.events {
        recorded.event.deliver_at = None;
    }
    for store in bed.stores().await {
        store.record(&sample.batch).await.unwrap();
        let once = dump(&store, &sample).await;
        store.record(&again).await.unwrap();
        assert_eq!(dump(&store, &sample).await, once);
    }
}

#[tokio::test]
async fn the_order_does_not_matter() {
    let bed = Bed::start().await;
    for seed in 0..4 {
        let sample = sample(40, seed);
        let whole = bed.stores().await;
        for (store, whole) in bed.stores().await.iter().zip(whole) {
            whole.record(&sample.batch).await.unwrap();
            for piece in pieces(&sample.batch, seed) {
                store.record(&piece).await.unwrap();
            }
            assert_eq!(dump(store, &sample).await, dump(&whole, &sample).await, "seed {seed}");
        }
    }
}

#[tokio::test]
async fn several_may_write_the_same_at_once() {
    let (bed, sample) = (Bed::start().await, sample(120, 13));
    let [_, address] = bed.addresses().await;
    let whole = &bed.stores().await[1];
    whole.record(&sample.batch).await.unwrap();
    let stores = [
        posthaste_history::open(&address).await.unwrap(),
        posthaste_history::open(&address).await.unwrap(),
    ];
    let write = async |store: &History, seed| {
        for piece in pieces(&sample.batch, seed) {
            store.record(&piece).await.unwrap();
        }
    };
    tokio::join!(write(&stores[0], 1), write(&stores[1], 2));
    assert_eq!(dump(&stores[0], &sample).await, dump(whole, &sample).await);
}
