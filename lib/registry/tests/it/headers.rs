//! Headers are kept as secrets are.

use posthaste_bus::BucketError;
use posthaste_registry::{Headers, WriteError};
use posthaste_service::clock;

use super::{
    bed::{Bed, sealer, until},
    sample::{application, endpoint, keyring, org},
};

const OTHER_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn they_come_and_go_sealed_and_only_who_has_the_key_sees_them() {
    let bed = Bed::start().await;
    let control = bed.process().await;
    let mistaken = bed.process_with(Some(sealer(OTHER_KEY)), clock::now).await;
    let app = control.writer.create_application(application(&org(), None)).await.unwrap();
    let first = headers(&[("x-api-key", "hush-hush"), ("x-region", "eu")]);
    let made = endpoint(&app.id, None);
    let made = control.writer.create_endpoint(made, keyring(), first.clone()).await.unwrap();
    let id = &made.endpoint.id;
    let seen = || control.registry.endpoint_by_id(&app.id, id).unwrap();
    assert_eq!((&made.headers, &seen().headers), (&first, &first));
    let shown = format!("{:?}", seen());
    assert!(shown.contains("x-api-key") && !shown.contains("hush"), "{shown}");
    let (stored, _) = control.bucket.get(&format!("ep.{}.{id}", app.id)).await.unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&stored).contains("hush"));
    until("the other sees it", || mistaken.registry.endpoint_by_id(&app.id, id).is_some()).await;
    assert!(mistaken.registry.endpoint_by_id(&app.id, id).unwrap().headers.is_empty());

    // Neither a change of the endpoint nor of its secret touches them.
    control.writer.update_endpoint(&app.id, id, Clone::clone).await.unwrap();
    control.writer.rotate_secret(&app.id, id, |ring| Ok(ring.clone())).await.unwrap();
    assert_eq!(seen().headers, first);

    let changed = control.writer.update_headers(&app.id, id, |current| {
        let mut next = current.clone();
        next.remove("x-region");
        Ok::<_, WriteError>(next)
    });
    assert_eq!(changed.await.unwrap().headers, headers(&[("x-api-key", "hush-hush")]));
    let refused = control.writer.update_headers(&app.id, id, |_| Err(WriteError::Exists)).await;
    assert!(matches!(refused, Err(WriteError::Exists)));
    assert_eq!(seen().headers.len(), 1);
    let none = control.writer.update_headers(&app.id, id, |_| Ok::<_, WriteError>(Headers::new()));
    none.await.unwrap();
    assert!(seen().headers.is_empty());
    assert!(seen().keyring.is_some());
}

#[tokio::test]
async fn neither_secret_nor_headers_open_in_each_others_place() {
    let bed = Bed::start().await;
    let control = bed.process().await;
    let app = control.writer.create_application(application(&org(), None)).await.unwrap();
    let made = endpoint(&app.id, None);
    let made = control.writer.create_endpoint(made, keyring(), headers(&[("a", "b")])).await;
    let id = made.unwrap().endpoint.id.clone();
    let key = format!("ep.{}.{id}", app.id);
    let (stored, revision) = control.bucket.get(&key).await.unwrap().unwrap();
    let text = String::from_utf8(stored.to_vec()).unwrap();
    let moved = text.replace("\"secrets\"", "\"x\"").replace("\"headers\"", "\"secrets\"");
    let moved = moved.replace("\"x\"", "\"headers\"");
    let written: Result<u64, BucketError> =
        control.bucket.update(&key, moved.into_bytes().into(), revision).await;
    let revision = written.unwrap();
    until("it is seen", || control.registry.revision() >= revision).await;
    let seen = control.registry.endpoint_by_id(&app.id, &id).unwrap();
    assert!(seen.keyring.is_none() && seen.headers.is_empty());
}
