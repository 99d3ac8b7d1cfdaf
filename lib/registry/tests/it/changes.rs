//! Whoever announces changes is told each of them, those made while it was away too.

use posthaste_bus::Intake;
use posthaste_domain::Endpoint;
use posthaste_registry::{ChangeKind, EndpointChange, Headers};
use tokio_util::sync::CancellationToken;

use super::{
    bed::{Bed, Process, soon},
    sample::{application, endpoint, event_type, keyring, org, uid},
};

async fn follow(process: &Process) -> Intake {
    process.bus.registry_changes("announcer").await.unwrap()
}

/// The next change of an endpoint; revisions about something else are passed over.
async fn next(changes: &mut Intake) -> EndpointChange {
    loop {
        let claim = soon("a revision", changes.next(&CancellationToken::new())).await.unwrap();
        let change = EndpointChange::read(&claim);
        claim.ack().await;
        if let Some(change) = change {
            return change;
        }
    }
}

#[tokio::test]
async fn every_change_is_told_in_order_by_its_kind_and_a_deletion_by_what_was_deleted() {
    let bed = Bed::start().await;
    let control = bed.process().await;
    let (org, writer) = (org(), &control.writer);
    let app = writer.create_application(application(&org, None)).await.unwrap();
    writer.create_event_type(event_type(&org, "a.b")).await.unwrap();
    let made = endpoint(&app.id, uid("main"));
    let id = made.id.clone();
    // Nobody follows yet: what was done before is told as well.
    writer.create_endpoint(made, keyring(), Headers::new()).await.unwrap();
    let mut changes = follow(&control).await;
    let created = next(&mut changes).await;
    let told = (&created.org, &created.app, &created.endpoint, &created.uid);
    assert_eq!(told, (&org, &app.id, &id, &uid("main")));
    assert_eq!(created.kind, ChangeKind::Created);

    let set = |disabled: bool| move |now: &Endpoint| Endpoint { disabled, ..now.clone() };
    let rename = |now: &Endpoint| Endpoint { uid: uid("other"), ..now.clone() };
    writer.update_endpoint(&app.id, &id, rename).await.unwrap();
    changes.close().await;
    writer.update_endpoint(&app.id, &id, set(true)).await.unwrap();
    writer.rotate_secret(&app.id, &id, |ring| Ok(ring.clone())).await.unwrap();
    writer.update_endpoint(&app.id, &id, set(false)).await.unwrap();
    writer.delete_endpoint(&app.id, &id).await.unwrap();

    let mut changes = follow(&control).await;
    let mut last = created;
    for kind in [
        ChangeKind::Updated,
        ChangeKind::Disabled,
        ChangeKind::Updated,
        ChangeKind::Enabled,
        ChangeKind::Deleted,
    ] {
        let change = next(&mut changes).await;
        assert_eq!(change.kind, kind);
        assert!(change.revision > last.revision && change.at >= last.at);
        assert_eq!((&change.endpoint, &change.uid), (&id, &uid("other")));
        last = change;
    }
}

#[tokio::test]
async fn of_many_who_delete_one_is_told_and_an_application_takes_its_endpoints_along() {
    let bed = Bed::start().await;
    let (one, other) = (bed.process().await, bed.process().await);
    let org = org();
    let app = one.writer.create_application(application(&org, None)).await.unwrap();
    let mut ids = Vec::new();
    for n in 0..3 {
        let made = endpoint(&app.id, uid(&format!("hook-{n}")));
        ids.push(made.id.clone());
        one.writer.create_endpoint(made, keyring(), Headers::new()).await.unwrap();
    }
    let (first, second, whole) = tokio::join!(
        one.writer.delete_endpoint(&app.id, &ids[0]),
        other.writer.delete_endpoint(&app.id, &ids[0]),
        other.writer.delete_application(&app.id),
    );
    whole.unwrap();
    // Who came too late says so.
    let _ = (first, second);
    let mut changes = follow(&one).await;
    let mut deleted = Vec::new();
    for _ in 0..6 {
        let change = next(&mut changes).await;
        if change.kind == ChangeKind::Deleted {
            assert_eq!(change.org, org);
            assert!(change.uid.is_some());
            deleted.push(change.endpoint);
        }
    }
    deleted.sort();
    ids.sort();
    assert_eq!(deleted, ids);
}
