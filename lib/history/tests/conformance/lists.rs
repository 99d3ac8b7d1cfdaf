//! Every list with every filter, in pages, both ways.

use posthaste_domain::{AppId, EventType};
use posthaste_history::{
    AttemptFilter, AttemptStatus, Cursor, DeadLetterFilter, DeliveryFilter, DeliveryStatus,
    HistoryError, MessageFilter, Order, Page, PageOf, TimeRange,
};

use crate::{
    bed::Bed,
    model,
    sample::{CHANNELS, TAGS, TYPES, at, sample},
};

/// The ids of all pages, one after another, each begun where the last ended; `limit` at a time.
async fn walk<T>(
    order: Order,
    limit: usize,
    key: impl Fn(&T) -> String,
    mut fetch: impl AsyncFnMut(Page) -> Result<PageOf<T>, HistoryError>,
) -> Vec<String> {
    let mut forward: Vec<Vec<String>> = Vec::new();
    let mut cursor = Cursor::Start;
    loop {
        let page = fetch(Page { limit, order, cursor }).await.unwrap();
        let keys: Vec<_> = page.items.iter().map(&key).collect();
        let Some(last) = keys.last().cloned() else { break };
        assert!(keys.len() <= limit);
        forward.push(keys);
        if page.done {
            break;
        }
        cursor = Cursor::After(last);
    }
    // And back again, page by page.
    for at in (1..forward.len()).rev() {
        let cursor = Cursor::Before(forward[at][0].clone());
        let page = fetch(Page { limit, order, cursor }).await.unwrap();
        assert_eq!(page.items.iter().map(&key).collect::<Vec<_>>(), forward[at - 1]);
        assert_eq!(page.done, at == 1);
    }
    forward.concat()
}

async fn assert_walks<T, Id: ToString>(
    expected: &[Id],
    what: &str,
    key: impl Fn(&T) -> String,
    mut fetch: impl AsyncFnMut(Page) -> Result<PageOf<T>, HistoryError>,
) {
    let mut expected: Vec<_> = expected.iter().map(ToString::to_string).collect();
    for limit in [7, 250] {
        assert_eq!(walk(Order::Ascending, limit, &key, &mut fetch).await, expected, "{what}");
    }
    expected.reverse();
    assert_eq!(walk(Order::Descending, 7, &key, &mut fetch).await, expected, "{what}");
}

fn types(names: &[&str]) -> Vec<EventType> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn ranges() -> [TimeRange; 3] {
    [
        TimeRange { after: Some(at(30)), before: None },
        TimeRange { after: None, before: Some(at(30)) },
        TimeRange { after: Some(at(20)), before: Some(at(60)) },
    ]
}

fn message_filters() -> Vec<MessageFilter> {
    let none = MessageFilter::default;
    let mut all = vec![
        none(),
        MessageFilter { event_types: types(&TYPES[..1]), ..none() },
        MessageFilter { event_types: types(&TYPES[1..]), ..none() },
        MessageFilter { event_types: types(&["never"]), ..none() },
        MessageFilter { channel: Some(CHANNELS[2].parse().unwrap()), ..none() },
        MessageFilter { tag: Some(TAGS[0].parse().unwrap()), ..none() },
        MessageFilter {
            event_types: types(&TYPES[..2]),
            channel: Some(CHANNELS[0].parse().unwrap()),
            tag: Some(TAGS[1].parse().unwrap()),
            range: ranges()[2],
        },
    ];
    all.extend(ranges().map(|range| MessageFilter { range, ..none() }));
    all
}

#[tokio::test]
async fn messages() {
    let (bed, sample) = (Bed::start().await, sample(90, 1));
    for store in bed.stores().await {
        store.record(&sample.batch).await.unwrap();
        for app in &sample.apps {
            for filter in message_filters() {
                let expected = model::messages(&sample.batch, app, &filter);
                let what = format!("{filter:?}");
                let fetch = async |page: Page| store.messages(app, &filter, &page, true).await;
                assert_walks(&expected, &what, |one| one.id.to_string(), fetch).await;
            }
        }
    }
}

fn attempt_filters() -> Vec<AttemptFilter> {
    let none = AttemptFilter::default;
    let of_messages = message_filters().into_iter().map(|filter| AttemptFilter {
        event_types: filter.event_types,
        channel: filter.channel,
        tag: filter.tag,
        range: filter.range,
        ..none()
    });
    let mut all: Vec<_> = of_messages.collect();
    use AttemptStatus::{Fail, Sending, Success};
    for statuses in [vec![Success], vec![Fail], vec![Fail, Sending]] {
        all.push(AttemptFilter { statuses, ..none() });
    }
    for class in [0, 200, 400, 500] {
        all.push(AttemptFilter { status_class: Some(class), ..none() });
    }
    all.push(AttemptFilter {
        statuses: vec![Sending, Fail],
        status_class: Some(500),
        event_types: types(&TYPES[..2]),
        range: ranges()[2],
        ..none()
    });
    all.push(AttemptFilter {
        statuses: vec![Success],
        status_class: Some(200),
        channel: Some(CHANNELS[1].parse().unwrap()),
        tag: Some(TAGS[0].parse().unwrap()),
        ..none()
    });
    all
}

#[tokio::test]
async fn attempts_at_an_endpoint() {
    let (bed, sample) = (Bed::start().await, sample(90, 2));
    for store in bed.stores().await {
        store.record(&sample.batch).await.unwrap();
        for (app, endpoint) in &sample.endpoints {
            for filter in attempt_filters() {
                let of = |one: &_| attempt_endpoint(one) == endpoint;
                let expected = model::attempts(&sample.batch, of, &filter);
                let fetch = async |page: Page| {
                    store.attempts_of_endpoint(app, endpoint, &filter, &page, true).await
                };
                let what = format!("{filter:?}");
                assert_walks(&expected, &what, |one| one.id.to_string(), fetch).await;
            }
        }
    }
}

const fn attempt_endpoint(one: &posthaste_domain::Attempt) -> &posthaste_domain::EndpointId {
    &one.endpoint
}

#[tokio::test]
async fn attempts_at_a_message() {
    let (bed, sample) = (Bed::start().await, sample(12, 3));
    for store in bed.stores().await {
        store.record(&sample.batch).await.unwrap();
        for recorded in &sample.batch.events {
            let event = &recorded.event;
            for mut filter in attempt_filters() {
                for endpoint in [None, Some(sample.endpoints[0].1.clone())] {
                    filter.endpoint = endpoint;
                    let of = |one: &posthaste_domain::Attempt| one.message == event.id;
                    let expected = model::attempts(&sample.batch, of, &filter);
                    let fetch = async |page: Page| {
                        let app = &event.app;
                        store.attempts_of_message(app, &event.id, &filter, &page, true).await
                    };
                    let what = format!("{filter:?}");
                    assert_walks(&expected, &what, |one| one.id.to_string(), fetch).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn messages_attempted_at_an_endpoint() {
    let (bed, sample) = (Bed::start().await, sample(90, 4));
    use DeliveryStatus::{Fail, Sending, Success};
    let none = DeliveryFilter::default;
    let mut filters: Vec<_> = message_filters()
        .into_iter()
        .map(|filter| DeliveryFilter {
            event_types: filter.event_types,
            channel: filter.channel,
            tag: filter.tag,
            range: filter.range,
            ..none()
        })
        .collect();
    for statuses in [vec![Success], vec![Fail], vec![Sending], vec![Fail, Success]] {
        filters.push(DeliveryFilter { statuses: statuses.clone(), ..none() });
        let (event_types, status_class) = (types(&TYPES[..2]), Some(200));
        filters.push(DeliveryFilter { statuses, event_types, status_class, ..none() });
    }
    for store in bed.stores().await {
        store.record(&sample.batch).await.unwrap();
        let standing = model::deliveries(&sample.batch);
        for (app, endpoint) in &sample.endpoints {
            for filter in &filters {
                let expected = model::attempted(&sample.batch, endpoint, filter);
                let fetch = async |page: Page| {
                    let found = store.messages_of_endpoint(app, endpoint, filter, &page, false);
                    let found = found.await?;
                    for (message, delivery) in &found.items {
                        let key = (endpoint.clone(), message.id.clone());
                        assert_eq!(delivery.status, standing[&key].0);
                        assert_eq!(delivery.message, message.id);
                    }
                    Ok(found)
                };
                let what = format!("{filter:?}");
                assert_walks(&expected, &what, |(one, _)| one.id.to_string(), fetch).await;
            }
        }
    }
}

#[tokio::test]
async fn endpoints_at_which_a_message_was_attempted() {
    let (bed, sample) = (Bed::start().await, sample(20, 5));
    for store in bed.stores().await {
        store.record(&sample.batch).await.unwrap();
        let standing = model::deliveries(&sample.batch);
        for recorded in &sample.batch.events {
            let event = &recorded.event;
            let of_message = standing.keys().filter(|(_, message)| *message == event.id);
            let mut expected: Vec<_> = of_message.map(|(endpoint, _)| endpoint.clone()).collect();
            expected.sort();
            let fetch =
                async |page: Page| store.deliveries_of_message(&event.app, &event.id, &page).await;
            assert_walks(&expected, "of a message", |one| one.endpoint.to_string(), fetch).await;
            for endpoint in &expected {
                let one = store.delivery(&event.app, &event.id, endpoint).await.unwrap().unwrap();
                assert_eq!(one.status, standing[&(endpoint.clone(), event.id.clone())].0);
            }
        }
    }
}

#[tokio::test]
async fn dead_letters() {
    let (bed, sample) = (Bed::start().await, sample(200, 6));
    assert!(sample.batch.dead_letters.len() > 10);
    for store in bed.stores().await {
        store.record(&sample.batch).await.unwrap();
        let all = Page { limit: 250, order: Order::Ascending, cursor: Cursor::Start };
        let rows = store.dead_letters(&sample.org, &DeadLetterFilter::default(), &all).await;
        let rows = rows.unwrap().items;
        assert_eq!(rows.len(), sample.batch.dead_letters.len());
        let none = DeadLetterFilter::default;
        let app = Some(sample.apps[0].clone());
        let filters = [
            none(),
            DeadLetterFilter { app: app.clone(), ..none() },
            DeadLetterFilter { app, endpoint: Some(sample.endpoints[2].1.clone()), ..none() },
            DeadLetterFilter { event_types: types(&TYPES[..2]), ..none() },
            DeadLetterFilter { reason: Some("exhausted".into()), ..none() },
            DeadLetterFilter { reason: Some("gone".into()), ..none() },
            DeadLetterFilter { state: Some(posthaste_history::DeadLetterState::Waiting), ..none() },
            DeadLetterFilter { range: ranges()[2], ..none() },
        ];
        for filter in filters {
            let fits = |row: &&posthaste_history::DeadLetterRow| {
                filter.app.as_ref().is_none_or(|app| *app == row.app)
                    && filter.endpoint.as_ref().is_none_or(|one| *one == row.endpoint)
                    && filter.reason.as_ref().is_none_or(|one| *one == row.reason)
                    && filter.range.after.is_none_or(|after| row.died_at >= after)
                    && filter.range.before.is_none_or(|before| row.died_at < before)
                    && (filter.event_types.is_empty()
                        || row.event_type.as_ref().is_some_and(|t| filter.event_types.contains(t)))
            };
            let mut expected: Vec<_> = rows.iter().filter(fits).map(|row| row.id.clone()).collect();
            expected.sort();
            let fetch = async |page: Page| store.dead_letters(&sample.org, &filter, &page).await;
            assert_walks(&expected, &format!("{filter:?}"), |one| one.id.to_string(), fetch).await;
        }
    }
}

#[tokio::test]
async fn nothing_of_another_application_is_found() {
    let (bed, sample) = (Bed::start().await, sample(20, 7));
    let page = Page { limit: 250, order: Order::Descending, cursor: Cursor::Start };
    let stranger: AppId = "app_33rb8YdGqMT0qIzpgGwdXfHirMu".parse().unwrap();
    for store in bed.stores().await {
        store.record(&sample.batch).await.unwrap();
        let all = AttemptFilter::default();
        for attempt in &sample.batch.attempts {
            let (message, endpoint) = (&attempt.message, &attempt.endpoint);
            let found = store.attempt(&stranger, message, &attempt.id).await.unwrap();
            assert_eq!(found, None);
            let found = store.attempts_of_endpoint(&stranger, endpoint, &all, &page, true).await;
            assert_eq!(found.unwrap().items, []);
            let found = store.attempts_of_message(&stranger, message, &all, &page, true).await;
            assert_eq!(found.unwrap().items, []);
            let found = store.deliveries_of_message(&stranger, message, &page).await;
            assert_eq!(found.unwrap().items, []);
            assert_eq!(store.delivery(&stranger, message, endpoint).await.unwrap(), None);
            assert_eq!(store.message(&stranger, message.as_str(), true).await.unwrap(), None);
            let range = TimeRange::default();
            let counts = store.attempt_counts(&stranger, endpoint, range).await.unwrap();
            assert_eq!(counts, posthaste_history::AttemptCounts::default());
            assert!(!store.expunge_payload(&stranger, message).await.unwrap());
            assert!(!store.expunge_response(&stranger, message, &attempt.id).await.unwrap());
        }
    }
}
