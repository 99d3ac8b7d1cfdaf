//! Writers that meet.

use std::cell::Cell;

use futures_util::future::join_all;
use posthaste_domain::{Application, Endpoint, Keyring, SigningSecret};
use posthaste_registry::{Headers, WriteError};

use super::{
    bed::{Bed, until},
    sample::{application, endpoint, event_type, keyring, now, org},
};

const WRITERS: usize = 20;

#[tokio::test]
async fn every_one_of_many_changes_at_once_is_made() {
    let bed = Bed::start().await;
    let (one, other) = (bed.process().await, bed.process().await);
    let writers = [&one.writer, &other.writer];
    let org = org();
    let app = one.writer.create_application(application(&org, None)).await.unwrap();
    let made = endpoint(&app.id, None);
    let id = made.id.clone();
    one.writer.create_endpoint(made, keyring(), Headers::new()).await.unwrap();
    one.writer.create_event_type(event_type(&org, "a.b")).await.unwrap();

    let all = (0..WRITERS).map(|n| {
        let note = move |application: &Application| {
            let mut next = application.clone();
            next.metadata.insert(n.to_string(), "noted".into());
            next
        };
        writers[n % 2].update_application(&app.id, note)
    });
    for outcome in join_all(all).await {
        outcome.unwrap();
    }
    let seen = other.registry.application_by_id(&app.id).unwrap();
    assert_eq!(seen.metadata.len(), WRITERS, "{:?}", seen.metadata);

    let all = (0..WRITERS).map(|n| {
        let note = move |endpoint: &Endpoint| {
            let mut next = endpoint.clone();
            next.metadata.insert(n.to_string(), "noted".into());
            next
        };
        writers[n % 2].update_endpoint(&app.id, &id, note)
    });
    // A secret is rotated meanwhile, in the same record.
    let secret = SigningSecret::generate(&mut rand::rng());
    let rotate = |ring: &Keyring| ring.rotate(secret.clone(), now(), now());
    let (noted, rotated) =
        tokio::join!(join_all(all), other.writer.rotate_secret(&app.id, &id, rotate));
    rotated.unwrap();
    for outcome in noted {
        outcome.unwrap();
    }
    let seen = one.registry.endpoint_by_id(&app.id, &id).unwrap();
    assert_eq!(seen.endpoint.metadata.len(), WRITERS);
    assert_eq!(seen.keyring.as_ref().unwrap().current(), &secret);
}

/// An endpoint that is created while its application is deleted goes with it, or is refused.
#[tokio::test]
async fn no_endpoint_outlives_its_application() {
    let bed = Bed::start().await;
    let (one, other) = (bed.process().await, bed.process().await);
    let app = one.writer.create_application(application(&org(), None)).await.unwrap();
    let deleted = Cell::new(false);
    let create = (0..50).map(async |_| {
        let mut refused = 0;
        loop {
            let last = deleted.get();
            let made = other
                .writer
                .create_endpoint(endpoint(&app.id, None), keyring(), Headers::new())
                .await;
            refused += usize::from(matches!(made, Err(WriteError::NotFound)));
            // A refusal may come without a wait for anything, and the others have to go on.
            tokio::task::yield_now().await;
            if last {
                return refused;
            }
            // A refusal may come without waiting for anything.
            tokio::task::yield_now().await;
        }
    });
    let delete = async {
        until("many are made", || one.registry.endpoints(&app.id).len() > 40).await;
        one.writer.delete_application(&app.id).await.unwrap();
        deleted.set(true);
    };
    let (refused, ()) = tokio::join!(join_all(create), delete);
    assert!(refused.iter().all(|refused| *refused > 0), "{refused:?}");
    for process in [&one, &other] {
        until("nothing is left", || process.registry.endpoints(&app.id).is_empty()).await;
    }
}
