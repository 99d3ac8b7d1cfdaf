//! Keeps uids unique.
//!
//! A record and its uid are two keys, and the bucket writes one at a time. So a uid is reserved
//! first, then the record written. A reservation whose record does not bear the uid, left by a
//! crash, may be taken over once it is a minute old; so whoever gives one up makes sure that it is
//! still theirs.

use std::time::Duration;

use posthaste_bus::BucketError;
use posthaste_domain::{Application, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    WriteError, Writer,
    key::{self, Key},
    record::EndpointRecord,
    writer::{Contended, RACES, json, unavailable},
};

/// The age at which a reservation without its record counts as left behind. Far above the time
/// that a record takes to be written, and above what clocks may differ by.
const ABANDONED_AFTER: Duration = Duration::from_secs(60);

#[derive(Serialize, Deserialize)]
struct Reservation {
    owner: String,
    since: Timestamp,
}

impl Writer {
    /// Reserves a uid for the record under `owner`.
    pub(crate) async fn reserve(&self, uid: &str, owner: &str) -> Result<(), WriteError> {
        let now = self.now();
        let ours = json(&Reservation { owner: owner.into(), since: now })?;
        for _ in 0..RACES {
            match self.bucket.create(uid, ours.clone()).await {
                Ok(_) => return Ok(()),
                Err(BucketError::Taken) => {}
                Err(error) => return Err(unavailable(error)),
            }
            // Gone between the two calls: somebody gave it up.
            let Some((value, revision)) = self.bucket.get(uid).await.map_err(unavailable)? else {
                continue;
            };
            let held: Reservation = serde_json::from_slice(&value).map_err(unavailable)?;
            if held.owner != owner && !self.is_abandoned(uid, &held, now).await? {
                return Err(WriteError::UidTaken);
            }
            // What is ours already is renewed, or its age would make it somebody else's.
            match self.bucket.update(uid, ours.clone(), revision).await {
                Ok(_) => return Ok(()),
                Err(BucketError::Changed) => {}
                Err(error) => return Err(unavailable(error)),
            }
        }
        Err(unavailable(Contended))
    }

    /// Gives a uid up, if it is still reserved for the record under `owner`.
    pub(crate) async fn give_up(&self, uid: &str, owner: &str) -> Result<(), WriteError> {
        let Some((value, revision)) = self.bucket.get(uid).await.map_err(unavailable)? else {
            return Ok(());
        };
        let held: Reservation = serde_json::from_slice(&value).map_err(unavailable)?;
        if held.owner != owner {
            return Ok(());
        }
        match self.bucket.delete_at(uid, revision).await {
            Ok(()) | Err(BucketError::Changed) => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn is_abandoned(
        &self,
        uid: &str,
        held: &Reservation,
        now: Timestamp,
    ) -> Result<bool, WriteError> {
        if now.since(held.since) <= ABANDONED_AFTER {
            return Ok(false);
        }
        match self.bucket.get(&held.owner).await.map_err(unavailable)? {
            // A record that cannot be read may bear it.
            Some((record, _)) => {
                Ok(uid_of(&held.owner, &record).is_ok_and(|borne| borne.as_deref() != Some(uid)))
            }
            None => Ok(true),
        }
    }
}

/// The key of the uid that the record under `owner` bears.
fn uid_of(owner: &str, record: &[u8]) -> Result<Option<String>, serde_json::Error> {
    match key::parse(owner) {
        Some(Key::Application(_)) => {
            let Application { org, uid, .. } = serde_json::from_slice(record)?;
            Ok(uid.map(|uid| key::application_uid(&org, &uid)))
        }
        Some(Key::Endpoint(app, _)) => {
            let EndpointRecord { endpoint, .. } = serde_json::from_slice(record)?;
            Ok(endpoint.uid.map(|uid| key::endpoint_uid(&app, &uid)))
        }
        Some(Key::EventType(..) | Key::Profile(..) | Key::Merchant(..) | Key::Uid) | None => {
            Ok(None)
        }
    }
}
