//! Writers that meet.

use futures_util::future::join_all;
use posthaste_domain::{Application, Endpoint, Keyring, SigningSecret};

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
    one.writer.create_endpoint(made, keyring()).await.unwrap();
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
    let all = (0..10).map(|_| one.writer.create_endpoint(endpoint(&app.id, None), keyring()));
    join_all(all).await.into_iter().for_each(|made| drop(made.unwrap()));

    let create = async {
        // On and on, until the application has been gone for a while.
        for _ in 0..60 {
            let mut made = vec![];
            for _ in 0..4 {
                made.push(other.writer.create_endpoint(endpoint(&app.id, None), keyring()));
            }
            join_all(made).await;
            if other.registry.application_by_id(&app.id).is_none() {
                return;
            }
        }
        panic!("the application is still there");
    };
    let (deleted, ()) = tokio::join!(one.writer.delete_application(&app.id), create);
    deleted.unwrap();
    until("both see the same", || one.registry.revision() == other.registry.revision()).await;
    assert_eq!(other.registry.endpoints(&app.id).len(), 0);
    assert_eq!(one.registry.endpoints(&app.id).len(), 0);
}
