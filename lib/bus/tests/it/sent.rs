//! What is remembered of sent bodies.

use std::time::Duration;

use posthaste_domain::{AppId, MessageId};

use super::{bed::Bed, sample::now};

#[tokio::test]
async fn a_body_is_known_to_its_application_since_it_was_first_sent() {
    let bed = Bed::start().await;
    let (one, other) = (bed.bus().await, bed.bus().await);
    let log = one.sent_log().await.unwrap();
    let app = AppId::generate(now(), &mut rand::rng());
    let stranger = AppId::generate(now(), &mut rand::rng());
    let message = MessageId::generate(now(), &mut rand::rng());
    let (digest, changed) = ([7; 32], [8; 32]);
    let first = now();
    log.note(&app, &digest, &message, first).await.unwrap();
    let again = first + Duration::from_secs(3_600);
    other.sent_log().await.unwrap().note(&app, &digest, &message, again).await.unwrap();
    let found = log.find(&app, &digest).await.unwrap().unwrap();
    assert_eq!((found.message, found.first_at, found.last_at), (message, first, again));
    assert_eq!(log.find(&app, &changed).await.unwrap(), None);
    assert_eq!(log.find(&stranger, &digest).await.unwrap(), None);
}
