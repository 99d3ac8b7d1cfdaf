//! A uid is one application's, or one endpoint's, and nobody else's.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use posthaste_domain::{Application, Endpoint, OrgId, Timestamp, Uid};
use posthaste_registry::{Headers, WriteError};
use posthaste_service::clock;

use super::{
    bed::{Bed, Process, two_minutes_ahead},
    sample::{application, endpoint, keyring, org, uid},
};

fn named(uid: Option<Uid>) -> impl Fn(&Application) -> Application {
    move |application| Application { uid: uid.clone(), ..application.clone() }
}

fn taken<T: std::fmt::Debug>(outcome: &Result<T, WriteError>) -> bool {
    matches!(outcome, Err(WriteError::UidTaken))
}

/// What a writer leaves behind that dies right after it has reserved a uid.
async fn leave_behind(process: &Process, org: &OrgId, uid: &str, owner: &str) {
    let since = Timestamp::from(clock::now());
    let reservation = serde_json::json!({ "owner": owner, "since": since });
    let reservation = Bytes::from(serde_json::to_vec(&reservation).unwrap());
    process.bucket.create(&format!("appuid.{org}.{uid}"), reservation).await.unwrap();
}

#[tokio::test]
async fn of_twenty_at_once_one_gets_it() {
    let bed = Bed::start().await;
    let (one, other) = (bed.process().await, bed.process().await);
    let org = org();
    let writers = [&one.writer, &other.writer];
    let all = (0..20).map(|n| writers[n % 2].create_application(application(&org, uid("shop"))));
    let outcomes = join_all(all).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| taken(outcome)).count(), 19, "{outcomes:?}");
    let app = outcomes.into_iter().find_map(Result::ok).unwrap();
    assert_eq!(other.registry.application(&org, "shop"), Some(app.clone()));
    assert_eq!(other.registry.applications(&org).len(), 1);

    let all = (0..20).map(|n| {
        writers[n % 2].create_endpoint(endpoint(&app.id, uid("main")), keyring(), Headers::new())
    });
    let outcomes = join_all(all).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| taken(outcome)).count(), 19);

    // Elsewhere it is another name.
    let stranger = self::org();
    one.writer.create_application(application(&stranger, uid("shop"))).await.unwrap();
    let second = one.writer.create_application(application(&org, None)).await.unwrap();
    one.writer
        .create_endpoint(endpoint(&second.id, uid("main")), keyring(), Headers::new())
        .await
        .unwrap();
}

#[tokio::test]
async fn it_moves_with_its_owner_and_is_free_once_left() {
    let bed = Bed::start().await;
    let process = bed.process().await;
    let (writer, registry) = (&process.writer, &process.registry);
    let org = org();
    let first = writer.create_application(application(&org, uid("a"))).await.unwrap();
    let second = writer.create_application(application(&org, uid("b"))).await.unwrap();
    assert!(taken(&writer.update_application(&first.id, named(uid("b"))).await));
    assert_eq!(registry.application(&org, "a").unwrap().id, first.id, "it keeps what it had");

    writer.update_application(&first.id, named(uid("c"))).await.unwrap();
    assert!(registry.application(&org, "a").is_none());
    writer.update_application(&second.id, named(uid("a"))).await.unwrap();
    assert_eq!(registry.application(&org, "a").unwrap().id, second.id);
    assert!(taken(&writer.create_application(application(&org, uid("c"))).await));
    writer.update_application(&first.id, named(uid("b"))).await.unwrap();
    writer.update_application(&first.id, named(None)).await.unwrap();
    writer.delete_application(&second.id).await.unwrap();
    for free in ["a", "b", "c"] {
        writer.create_application(application(&org, uid(free))).await.unwrap();
    }

    let made = endpoint(&first.id, uid("a"));
    let id = made.id.clone();
    writer.create_endpoint(made, keyring(), Headers::new()).await.unwrap();
    let rename = |endpoint: &Endpoint| Endpoint { uid: uid("b"), ..endpoint.clone() };
    writer.update_endpoint(&first.id, &id, rename).await.unwrap();
    assert_eq!(registry.endpoint(&first.id, "b").unwrap().endpoint.id, id);
    writer.create_endpoint(endpoint(&first.id, uid("a")), keyring(), Headers::new()).await.unwrap();
    writer.delete_endpoint(&first.id, &id).await.unwrap();
    writer.create_endpoint(endpoint(&first.id, uid("b")), keyring(), Headers::new()).await.unwrap();
}

#[tokio::test]
async fn one_that_was_reserved_for_nothing_is_free_after_a_minute() {
    let bed = Bed::start().await;
    let present = bed.process().await;
    let future = bed.process_with(None, two_minutes_ahead).await;
    let org = org();
    let never_made = application(&org, None);
    leave_behind(&present, &org, "shop", &format!("app.{}", never_made.id)).await;
    assert!(taken(&present.writer.create_application(application(&org, uid("shop"))).await));
    let made = future.writer.create_application(application(&org, uid("shop"))).await.unwrap();
    assert_eq!(present.registry.application(&org, "shop").unwrap().id, made.id);
    assert!(taken(&future.writer.create_application(application(&org, uid("shop"))).await));
}

/// A writer may also die between reserving a new uid and writing it into a record that exists.
#[tokio::test]
async fn one_that_was_reserved_for_a_record_that_never_got_it_is_free_after_a_minute() {
    let bed = Bed::start().await;
    let present = bed.process().await;
    let future = bed.process_with(None, two_minutes_ahead).await;
    let org = org();
    let owner = present.writer.create_application(application(&org, uid("old"))).await.unwrap();
    leave_behind(&present, &org, "new", &format!("app.{}", owner.id)).await;
    assert!(taken(&present.writer.create_application(application(&org, uid("new"))).await));
    let made = future.writer.create_application(application(&org, uid("new"))).await.unwrap();
    // Its first claimant comes again, and is too late; what it has, it keeps, however old that is.
    assert!(taken(&present.writer.update_application(&owner.id, named(uid("new"))).await));
    assert!(taken(&future.writer.create_application(application(&org, uid("old"))).await));
    assert_eq!(future.registry.application(&org, "new").unwrap().id, made.id);
}

/// While an application with many endpoints is deleted, its uid is taken over by a new one as soon
/// as that is allowed. What the deletion has left to do must not give it away again.
#[tokio::test]
async fn one_that_was_taken_over_is_not_freed_by_who_had_it_before() {
    let bed = Bed::start().await;
    let present = bed.process().await;
    let future = bed.process_with(None, two_minutes_ahead).await;
    let org = org();
    for round in 0..3 {
        let name = format!("shop-{round}");
        let app = present.writer.create_application(application(&org, uid(&name))).await.unwrap();
        let all = (0..40).map(|_| {
            present.writer.create_endpoint(endpoint(&app.id, None), keyring(), Headers::new())
        });
        join_all(all).await.into_iter().for_each(|made| drop(made.unwrap()));
        let take_over = async {
            loop {
                let made = future.writer.create_application(application(&org, uid(&name))).await;
                match made {
                    Ok(made) => return made,
                    Err(error) => assert!(matches!(error, WriteError::UidTaken), "{error:?}"),
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let (deleted, made) = tokio::join!(present.writer.delete_application(&app.id), take_over);
        deleted.unwrap();
        let third = future.writer.create_application(application(&org, uid(&name))).await;
        assert!(taken(&third), "round {round}: {third:?} beside {made:?}");
    }
}
