//! Merchants' keys: found by what was presented, and gone with their application.

use posthaste_domain::Mode;
use posthaste_registry::{KeyDigest, SecretKey, WriteError};

use super::{
    bed::{Bed, until},
    sample::{application, now, org},
};

#[tokio::test]
async fn a_key_lets_in_everywhere_until_it_is_taken_back_or_its_application_goes() {
    let bed = Bed::start().await;
    let (control, other) = (bed.process().await, bed.process().await);
    let org = org();
    let app = control.writer.create_application(application(&org, None)).await.unwrap();
    let make = |mode| {
        let name = String::new();
        let app = app.id.clone();
        SecretKey::generate(org.clone(), app, mode, name, now(), &mut rand::rng())
    };
    let ((live, live_text), (test, test_text)) = (make(Mode::Live), make(Mode::Test));
    for key in [&live, &test] {
        control.writer.create_secret_key(key.clone()).await.unwrap();
    }
    let found = |text: &str| other.registry.secret_key(&KeyDigest::of(text));
    assert_eq!(found(&live_text).as_deref(), Some(&live));
    assert_eq!(found(&test_text).unwrap().mode, Mode::Test);
    assert!(found("sk_live_of somebody else").is_none());
    assert_eq!(other.registry.secret_keys(&app.id).len(), 2);

    control.writer.delete_secret_key(&app.id, &live.id).await.unwrap();
    assert!(control.registry.secret_key(&KeyDigest::of(&live_text)).is_none());
    let again = control.writer.delete_secret_key(&app.id, &live.id).await;
    assert!(matches!(again, Err(WriteError::NotFound)));

    control.writer.delete_application(&app.id).await.unwrap();
    until("the last key goes", || found(&test_text).is_none()).await;
    let late = control.writer.create_secret_key(test).await;
    assert!(matches!(late, Err(WriteError::NotFound)));
}
