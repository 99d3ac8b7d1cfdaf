//! How questions are answered: along an index, never by reading a whole table.

use posthaste_history::{
    AttemptFilter, AttemptStatus, Cursor, DeadLetterFilter, DeliveryFilter, DeliveryStatus,
    MessageFilter, Order, Page, Plans, open_explaining,
};

use crate::{
    bed::Bed,
    sample::{CHANNELS, TAGS, TYPES, sample},
};

#[tokio::test]
async fn no_list_reads_a_whole_table() {
    let (bed, sample) = (Bed::start().await, sample(60, 31));
    let [address, _] = bed.addresses().await;
    let (store, plans) = open_explaining(&address).await.unwrap();
    store.record(&sample.batch).await.unwrap();
    let (app, endpoint) = &sample.endpoints[0];
    let message = &sample.batch.events[30].event.id;
    let page =
        Page { limit: 50, order: Order::Descending, cursor: Cursor::After(message.to_string()) };
    let types = vec![TYPES[0].parse().unwrap(), TYPES[1].parse().unwrap()];
    let (channel, tag) = (Some(CHANNELS[0].parse().unwrap()), Some(TAGS[0].parse().unwrap()));
    let _ = plans.take();
    let none = MessageFilter::default;
    for filter in [
        none(),
        MessageFilter { event_types: types.clone(), ..none() },
        MessageFilter { channel: channel.clone(), ..none() },
        MessageFilter { tag: tag.clone(), ..none() },
    ] {
        store.messages(app, &filter, &page, true).await.unwrap();
        let of_deliveries = DeliveryFilter {
            event_types: filter.event_types,
            channel: filter.channel,
            tag: filter.tag,
            ..DeliveryFilter::default()
        };
        store.messages_of_endpoint(app, endpoint, &of_deliveries, &page, true).await.unwrap();
    }
    let statuses = vec![DeliveryStatus::Fail];
    let failed = DeliveryFilter { statuses, ..DeliveryFilter::default() };
    store.messages_of_endpoint(app, endpoint, &failed, &page, true).await.unwrap();
    let none = AttemptFilter::default;
    for filter in [
        none(),
        AttemptFilter { event_types: types, ..none() },
        AttemptFilter { channel, ..none() },
        AttemptFilter { tag, ..none() },
        AttemptFilter { statuses: vec![AttemptStatus::Fail], ..none() },
        AttemptFilter { status_class: Some(500), ..none() },
    ] {
        store.attempts_of_endpoint(app, endpoint, &filter, &page, true).await.unwrap();
        store.attempts_of_message(app, message, &filter, &page, true).await.unwrap();
    }
    store.deliveries_of_message(app, message, &page).await.unwrap();
    store.dead_letters(&sample.org, &DeadLetterFilter::default(), &page).await.unwrap();
    let lines = plans.take();
    assert!(lines.len() > 50, "{lines:#?}");
    let scans: Vec<_> = lines.iter().filter(|line| Plans::is_full_scan(line)).collect();
    assert!(scans.is_empty(), "{scans:#?}");
}
