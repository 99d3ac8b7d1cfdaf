//! Secrets are sealed wherever they rest.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use posthaste_bus::Change;
use posthaste_domain::{Keyring, SigningKey, SigningSecret};
use posthaste_registry::{Headers, Sealer, WriteError};
use posthaste_service::clock;

use super::{
    bed::{Bed, Process, SEAL_KEY, sealer, soon},
    sample::{application, endpoint, keyring, now, org},
};

const OTHER_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// Every value in the bucket, as it lies there.
async fn values(process: &Process) -> Vec<Bytes> {
    let mut watch = process.bucket.watch();
    let mut all = Vec::new();
    loop {
        match soon("the bucket", watch.next()).await.unwrap() {
            Change::Put { value, .. } => all.push(value),
            Change::CaughtUp => return all,
            Change::Gone { .. } | Change::Interrupted => {}
        }
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[tokio::test]
async fn a_secret_is_nowhere_in_the_bucket_or_in_the_files_of_the_broker() {
    let bed = Bed::start().await;
    let control = bed.process().await;
    let org = org();
    let app = control.writer.create_application(application(&org, None)).await.unwrap();
    let first = keyring();
    let second = SigningSecret::generate(&mut rand::rng());
    let made = control
        .writer
        .create_endpoint(endpoint(&app.id, None), first.clone(), Headers::new())
        .await;
    let made = made.unwrap();
    let keep_until = now() + Duration::from_secs(3_600);
    let id = &made.endpoint.id;
    let rotate = |ring: &Keyring| ring.rotate(second.clone(), now(), keep_until);
    control.writer.rotate_secret(&app.id, id, rotate).await.unwrap();
    let seen = control.registry.endpoint_by_id(&app.id, id).unwrap();
    assert_eq!(seen.keyring.as_ref().unwrap().current(), &second);
    assert_eq!(seen.keyring.as_ref().unwrap().active(now()).count(), 2);

    let mut at_rest: Vec<Vec<u8>> =
        values(&control).await.into_iter().map(|value| value.to_vec()).collect();
    assert!(at_rest.iter().any(|value| contains(value, id.as_str().as_bytes())));
    files(&bed.nats.store_dir(), &mut at_rest);
    assert!(at_rest.len() > 5, "{} values and files", at_rest.len());
    for secret in [first.current(), &second] {
        let SigningKey::Symmetric(key) = secret.key() else { panic!("generated") };
        let encoded = STANDARD.encode(key);
        for form in [key, encoded.as_bytes(), secret.reveal().as_bytes()] {
            // Any third of it is too much.
            for part in form.chunks(form.len() / 3) {
                if part.len() >= 8 && part != b"whsec_" {
                    assert!(!at_rest.iter().any(|value| contains(value, part)));
                }
            }
        }
    }
}

fn files(folder: &std::path::Path, all: &mut Vec<Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, all);
        } else {
            all.push(std::fs::read(path).unwrap());
        }
    }
}

#[tokio::test]
async fn only_who_has_the_key_opens_a_secret_and_everybody_sees_the_endpoint() {
    let bed = Bed::start().await;
    let control = bed.process().await;
    let keyless = bed.process_with(None, clock::now).await;
    let mistaken = bed.process_with(Some(sealer(OTHER_KEY)), clock::now).await;
    let rotated = Sealer::try_new([OTHER_KEY, SEAL_KEY]).unwrap();
    let both = bed.process_with(Some(rotated), clock::now).await;
    let app = control.writer.create_application(application(&org(), None)).await.unwrap();
    let secret = keyring();
    let made = endpoint(&app.id, None);
    let id = made.id.clone();
    control.writer.create_endpoint(made, secret.clone(), Headers::new()).await.unwrap();
    let keyring_in =
        |process: &Process| process.registry.endpoint_by_id(&app.id, &id).unwrap().keyring.clone();
    assert_eq!(keyring_in(&control), Some(secret.clone()));
    assert_eq!(keyring_in(&both), Some(secret));
    assert_eq!(keyring_in(&keyless), None);
    assert_eq!(keyring_in(&mistaken), None);
}

#[tokio::test]
async fn secrets_rotate_until_too_many_are_valid_at_once() {
    let bed = Bed::start().await;
    let control = bed.process().await;
    let app = control.writer.create_application(application(&org(), None)).await.unwrap();
    let made = endpoint(&app.id, None);
    let id = made.id.clone();
    control.writer.create_endpoint(made, keyring(), Headers::new()).await.unwrap();
    let rotate = |ring: &Keyring| {
        let next = SigningSecret::generate(&mut rand::rng());
        ring.rotate(next, now(), now() + Duration::from_secs(3_600))
    };
    for _ in 0..Keyring::MAX_OLD {
        control.writer.rotate_secret(&app.id, &id, rotate).await.unwrap();
    }
    let refused = control.writer.rotate_secret(&app.id, &id, rotate).await;
    assert!(matches!(refused, Err(WriteError::TooManyOldSecrets(_))), "{refused:?}");
    let entry = control.registry.endpoint_by_id(&app.id, &id).unwrap();
    assert_eq!(entry.keyring.as_ref().unwrap().active(now()).count(), 1 + Keyring::MAX_OLD);
}
