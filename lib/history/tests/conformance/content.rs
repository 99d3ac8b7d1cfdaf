//! Contents: what is kept, for how long, and what never comes back.

use std::time::Duration;

use posthaste_domain::MessageId;
use posthaste_history::{
    AttemptFilter, Content, Cursor, DeadLetterFilter, DeadLetterState, History, MessageFilter,
    Order, Page, Retention, Store,
};

use crate::{
    bed::Bed,
    sample::{START, Sample, TAGS, at, sample},
};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
const LONG: Retention = Retention { responses: DAY, metadata: Duration::from_secs(864_000) };

fn page() -> Page {
    Page { limit: 250, order: Order::Ascending, cursor: Cursor::Start }
}

async fn contents(store: &History, sample: &Sample) -> Vec<(MessageId, Content)> {
    let mut all = Vec::new();
    for app in &sample.apps {
        let found = store.messages(app, &MessageFilter::default(), &page(), true).await.unwrap();
        all.extend(found.items.into_iter().map(|one| (one.id, one.content)));
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[tokio::test]
async fn a_payload_is_read_back_byte_for_byte_by_id_and_by_event_id() {
    let (bed, sample) = (Bed::start().await, sample(30, 21));
    for store in bed.stores().await {
        store.record(&sample.batch).await.unwrap();
        for recorded in &sample.batch.events {
            let event = &recorded.event;
            let by_id = store.message(&event.app, event.id.as_str(), true).await.unwrap().unwrap();
            assert_eq!(by_id.content, Content::Kept(recorded.payload.clone()));
            assert_eq!((&by_id.event_type, &by_id.tags), (&event.event_type, &event.tags));
            assert_eq!(by_id.accepted_at, event.accepted_at);
            if let Some(event_id) = &event.event_id {
                let found = store.message(&event.app, event_id.as_str(), true).await.unwrap();
                assert_eq!(found.unwrap(), by_id);
            }
            let without = store.message(&event.app, event.id.as_str(), false).await.unwrap();
            assert_eq!(without.unwrap().content, Content::NotAsked);
        }
    }
}

#[tokio::test]
async fn what_is_expunged_stays_gone() {
    let (bed, sample) = (Bed::start().await, sample(30, 22));
    let attempt = sample.batch.attempts.iter().find(|one| !one.response.is_empty()).unwrap();
    let event = &sample.batch.events[3].event;
    for store in bed.stores().await {
        store.record(&sample.batch).await.unwrap();
        assert!(store.expunge_payload(&event.app, &event.id).await.unwrap());
        let (app, message) = (&attempt.app, &attempt.message);
        assert!(store.expunge_response(app, message, &attempt.id).await.unwrap());
        store.record(&sample.batch).await.unwrap();
        let gone = store.message(&event.app, event.id.as_str(), true).await.unwrap().unwrap();
        assert_eq!(gone.content, Content::Gone);
        let read = store.attempt(app, message, &attempt.id).await.unwrap().unwrap();
        assert_eq!(read.response, <dyn Store>::EXPUNGED);
        let all = AttemptFilter::default();
        let listed = store.attempts_of_message(app, message, &all, &page(), false).await.unwrap();
        let listed = listed.items.into_iter().find(|one| one.id == attempt.id).unwrap();
        assert_eq!(listed.response, <dyn Store>::EXPUNGED);
    }
}

#[tokio::test]
async fn many_are_expunged_step_by_step() {
    let (bed, sample) = (Bed::start().await, sample(60, 23));
    let app = &sample.apps[0];
    let filter = MessageFilter { tag: Some(TAGS[0].parse().unwrap()), ..MessageFilter::default() };
    for store in bed.stores().await {
        store.record(&sample.batch).await.unwrap();
        let wanted = store.messages(app, &filter, &page(), true).await.unwrap().items.len();
        let (mut count, mut steps, mut after) = (0, 0, None);
        loop {
            let (removed, last) =
                store.expunge_messages(app, &filter, after.as_ref(), 3).await.unwrap();
            (count, steps) = (count + removed, steps + 1);
            after = last;
            if after.is_none() {
                break;
            }
        }
        assert_eq!((count, steps), (wanted as u64, wanted.div_ceil(3)));
        for (id, content) in contents(&store, &sample).await {
            let event = sample.batch.events.iter().find(|one| one.event.id == id).unwrap();
            let hit =
                event.event.app == *app && event.event.tags.contains(filter.tag.as_ref().unwrap());
            assert_eq!(content == Content::Gone, hit);
        }
    }
}

#[tokio::test]
async fn payloads_go_when_their_own_time_is_over() {
    let (bed, sample) = (Bed::start().await, sample(40, 24));
    for store in bed.stores().await {
        store.record(&sample.batch).await.unwrap();
        let early = store.forget(START + HOUR - Duration::from_secs(1), LONG).await.unwrap();
        assert_eq!(early.contents, 0);
        let forgotten = store.forget(START + 2 * HOUR, LONG).await.unwrap();
        let short = sample.batch.events.iter().filter(|one| one.event.retention_hours == 1);
        assert_eq!(forgotten.contents, short.count() as u64);
        store.record(&sample.batch).await.unwrap();
        for (id, content) in contents(&store, &sample).await {
            let event = &sample.batch.events.iter().find(|one| one.event.id == id).unwrap().event;
            assert_eq!(content == Content::Gone, event.retention_hours == 1);
        }
    }
}

#[tokio::test]
async fn responses_and_at_last_everything_goes_by_age() {
    let (bed, sample) = (Bed::start().await, sample(40, 25));
    for store in bed.stores().await {
        store.record(&sample.batch).await.unwrap();
        store.forget(at(86_400 + 3_600), LONG).await.unwrap();
        let (app, endpoint) = &sample.endpoints[0];
        let all = AttemptFilter::default();
        let found = store.attempts_of_endpoint(app, endpoint, &all, &page(), true).await.unwrap();
        assert!(!found.items.is_empty());
        assert!(found.items.iter().all(|attempt| attempt.response.is_empty()));

        let forgotten = store.forget(at(864_000 + 3_600), LONG).await.unwrap();
        assert!(forgotten.rows as usize > sample.batch.len(), "deliveries go as well");
        assert!(contents(&store, &sample).await.is_empty());
        let found = store.attempts_of_endpoint(app, endpoint, &all, &page(), true).await.unwrap();
        assert!(found.items.is_empty());
        for recorded in &sample.batch.events {
            let event = &recorded.event;
            let left = store.deliveries_of_message(&event.app, &event.id, &page()).await.unwrap();
            assert!(left.items.is_empty());
        }
        let letters = DeadLetterFilter::default();
        let left = store.dead_letters(&sample.org, &letters, &page()).await.unwrap();
        assert!(left.items.is_empty());
        let again = store.forget(at(864_000 + 3_600), LONG).await.unwrap();
        assert_eq!((again.rows, again.contents, again.more), (0, 0, false));
    }
}

#[tokio::test]
async fn a_letter_keeps_what_became_of_it() {
    let (bed, sample) = (Bed::start().await, sample(120, 26));
    for store in bed.stores().await {
        store.record(&sample.batch).await.unwrap();
        let all = DeadLetterFilter::default();
        let letters = store.dead_letters(&sample.org, &all, &page()).await.unwrap().items;
        store.mark_dead_letter(&letters[0].id, DeadLetterState::Redriven).await.unwrap();
        store.record(&sample.batch).await.unwrap();
        let read = store.dead_letter(&sample.org, &letters[0].id).await.unwrap().unwrap();
        assert_eq!(read.state, DeadLetterState::Redriven);
        let waiting = DeadLetterFilter {
            state: Some(DeadLetterState::Waiting),
            ..DeadLetterFilter::default()
        };
        let left = store.dead_letters(&sample.org, &waiting, &page()).await.unwrap().items;
        assert_eq!(left.len(), letters.len() - 1);
        let stranger = "org_33rb8YdGqMT0qIzpgGwdXfHirMu".parse().unwrap();
        assert_eq!(store.dead_letter(&stranger, &letters[1].id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn what_an_endpoint_never_saw_is_found_for_it() {
    let (bed, sample) = (Bed::start().await, sample(60, 27));
    let (app, endpoint) = &sample.endpoints[0];
    let of_app = sample.batch.events.iter().map(|one| &one.event).filter(|one| one.app == *app);
    let was_attempted = |message: &MessageId| {
        sample.batch.attempts.iter().any(|one| one.endpoint == *endpoint && one.message == *message)
    };
    let mut expected: Vec<_> =
        of_app.map(|one| one.id.clone()).filter(|id| !was_attempted(id)).collect();
    expected.sort();
    for store in bed.stores().await {
        store.record(&sample.batch).await.unwrap();
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let all = MessageFilter::default();
            let page = store.messages_missing_at(app, endpoint, &all, after.as_ref(), 4).await;
            let page = page.unwrap();
            found.extend(page.items.iter().map(|one| one.id.clone()));
            after = found.last().cloned();
            if page.done {
                break;
            }
        }
        assert_eq!(found, expected);
    }
}
