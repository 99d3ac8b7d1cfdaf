//! What is written is seen, here and elsewhere, by the time the write returns.

use posthaste_bus::Change;
use posthaste_domain::{Application, Endpoint, EventTypeDefinition};
use posthaste_registry::{Headers, WriteError};

use super::{
    bed::{Bed, soon},
    sample::{application, endpoint, event_type, keyring, org, uid},
};

#[tokio::test]
async fn a_write_is_seen_in_every_process_when_it_returns() {
    let bed = Bed::start().await;
    let (control, worker) = (bed.process().await, bed.process().await);
    let org = org();
    for round in 0..5 {
        let uid_text = format!("shop.{round}");
        let app =
            control.writer.create_application(application(&org, uid(&uid_text))).await.unwrap();
        let seen = [&control, &worker].map(|process| {
            assert_eq!(process.registry.application(&org, app.id.as_str()), Some(app.clone()));
            process.registry.application(&org, &uid_text)
        });
        assert_eq!(seen, [Some(app.clone()), Some(app.clone())], "round {round}");

        let made = control
            .writer
            .create_endpoint(endpoint(&app.id, uid("main")), keyring(), Headers::new())
            .await;
        let made = made.unwrap();
        for process in [&control, &worker] {
            let seen = process.registry.endpoint(&app.id, "main").expect("in every process");
            assert_eq!(seen.endpoint, made.endpoint);
            assert_eq!(seen.keyring, made.keyring);
            assert_eq!(process.registry.endpoints(&app.id).len(), 1);
        }

        let id = &made.endpoint.id;
        let off = |endpoint: &Endpoint| Endpoint { disabled: true, ..endpoint.clone() };
        control.writer.update_endpoint(&app.id, id, off).await.unwrap();
        assert!(worker.registry.endpoint_by_id(&app.id, id).unwrap().endpoint.disabled);

        control.writer.delete_endpoint(&app.id, id).await.unwrap();
        for process in [&control, &worker] {
            assert!(process.registry.endpoint_by_id(&app.id, id).is_none());
            assert!(process.registry.endpoint(&app.id, "main").is_none());
        }
    }
    assert_eq!(worker.registry.applications(&org).len(), 5);
    assert_eq!(worker.registry.revision(), control.registry.revision());
}

#[tokio::test]
async fn event_types_come_and_go() {
    let bed = Bed::start().await;
    let (control, ingress) = (bed.process().await, bed.process().await);
    let (org, stranger) = (org(), org());
    // A dot has to be spelled differently in the bucket, wherever it stands.
    for name in ["a.b", "a-b", ".a..b."] {
        control.writer.create_event_type(event_type(&org, name)).await.unwrap();
        assert!(ingress.registry.event_type(&org, name).is_some(), "{name}");
        assert!(ingress.registry.event_type(&stranger, name).is_none(), "{name}");
    }
    let again = control.writer.create_event_type(event_type(&org, "a.b")).await;
    assert!(matches!(again, Err(WriteError::Exists)), "{again:?}");
    let archive =
        |known: &EventTypeDefinition| EventTypeDefinition { archived: true, ..known.clone() };
    let name = "a.b".parse().unwrap();
    control.writer.update_event_type(&org, &name, archive).await.unwrap();
    assert!(ingress.registry.event_type(&org, "a.b").unwrap().archived);
    control.writer.delete_event_type(&org, &name).await.unwrap();
    assert!(ingress.registry.event_type(&org, "a.b").is_none());
    assert_eq!(ingress.registry.event_types(&org).len(), 2);
    // What was deleted can be created anew.
    control.writer.create_event_type(event_type(&org, "a.b")).await.unwrap();
}

#[tokio::test]
async fn what_there_is_not_can_be_neither_changed_nor_deleted() {
    let bed = Bed::start().await;
    let writer = bed.process().await.writer;
    let org = org();
    let app = application(&org, None);
    let id = endpoint(&app.id, None).id;
    let name = "a.b".parse().unwrap();
    let outcomes = [
        writer.update_application(&app.id, Application::clone).await.err(),
        writer.delete_application(&app.id).await.err(),
        writer.update_endpoint(&app.id, &id, Endpoint::clone).await.err(),
        writer.rotate_secret(&app.id, &id, |ring| Ok(ring.clone())).await.err(),
        writer.delete_endpoint(&app.id, &id).await.err(),
        writer.update_event_type(&org, &name, EventTypeDefinition::clone).await.err(),
        writer.delete_event_type(&org, &name).await.err(),
    ];
    for outcome in outcomes {
        assert!(matches!(outcome, Some(WriteError::NotFound)), "{outcome:?}");
    }
}

#[tokio::test]
async fn an_application_goes_with_everything_it_has() {
    let bed = Bed::start().await;
    let (control, worker) = (bed.process().await, bed.process().await);
    let org = org();
    let app = control.writer.create_application(application(&org, uid("shop"))).await.unwrap();
    let other = control.writer.create_application(application(&org, uid("other"))).await.unwrap();
    let all = (0..30).map(|n| {
        let made = endpoint(&app.id, uid(&format!("hook-{n}")));
        control.writer.create_endpoint(made, keyring(), Headers::new())
    });
    for made in futures_util::future::join_all(all).await {
        made.unwrap();
    }
    control
        .writer
        .create_endpoint(endpoint(&other.id, uid("hook-0")), keyring(), Headers::new())
        .await
        .unwrap();
    assert_eq!(worker.registry.endpoints(&app.id).len(), 30);

    control.writer.delete_application(&app.id).await.unwrap();
    for process in [&control, &worker] {
        assert!(process.registry.application_by_id(&app.id).is_none());
        assert!(process.registry.application(&org, "shop").is_none());
        assert_eq!(process.registry.endpoints(&app.id).len(), 0);
        assert_eq!(process.registry.endpoints(&other.id).len(), 1);
    }
    // Nothing is left in the bucket that a process started later would find.
    let mut watch = control.bucket.watch();
    let mut left = Vec::new();
    loop {
        match soon("the bucket", watch.next()).await.unwrap() {
            Change::Put { key, .. } => left.push(key),
            Change::CaughtUp => break,
            Change::Gone { .. } | Change::Interrupted => {}
        }
    }
    left.retain(|key| key.contains(app.id.as_str()) || key.ends_with("shop"));
    assert_eq!(left, Vec::<String>::new());
    let later = bed.process().await;
    assert_eq!(later.registry.endpoints(&app.id).len(), 0);
    assert_eq!(later.registry.applications(&org).len(), 1);
}
