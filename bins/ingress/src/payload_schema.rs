//! Holds payloads against the JSON Schema of their event type, where the operator wants it.
//!
//! The schema is the one of the highest version among an event type's; versions are whole numbers,
//! and any other name is passed over. Types that are not in the catalogue or have no schema are not
//! looked at, and nor are raw payloads.
//!
//! `compiled` is a schema made ready, with the `references` within it; `effort` bounds what a payload
//! may cost; `cache` keeps compiled schemas.
//!
//! # Invariants
//! - Nothing outside a schema is ever fetched or read.
//! - What is wrong with a schema is never held against a message: it is accepted unchecked, and the
//!   log says so once per version of the event type.
//! - Work is done on threads of its own, [`AT_ONCE`] payloads at a time, and each is given up
//!   before it is begun where it would cost too much; so no schema and no payload, nor both
//!   together, hold up other requests.

mod cache;
mod compiled;
mod effort;
mod references;

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use posthaste_api::{ValidationFault, message::PayloadFault};
use posthaste_domain::{EventType, EventTypeDefinition, OrgId};
use posthaste_registry::Registry;
use tokio::sync::Semaphore;
use tracing::warn;

use self::{
    cache::{Cache, Entry},
    compiled::{Compiled, Unchecked, Unusable},
};
use crate::{
    config::PayloadValidation,
    metrics::{Metrics, PayloadCheck},
};

/// How many payloads are looked at at once; each takes a few times its size in memory.
const AT_ONCE: usize = 4;
/// The longest warning in a header, in bytes.
const WARNING_MAX: usize = 512;

/// The header of an answer whose message was accepted though its payload does not fit.
pub(crate) const WARNING: &str = "posthaste-warning";

/// Checks payloads as the operator wants it.
pub(crate) struct PayloadChecks {
    policy: PayloadValidation,
    cache: Arc<Cache>,
    room: Semaphore,
}

impl PayloadChecks {
    pub(crate) fn new(policy: PayloadValidation) -> Self {
        Self { policy, cache: Arc::new(Cache::default()), room: Semaphore::new(AT_ONCE) }
    }

    /// Checks a payload, which is JSON and a part of `body`. Answers what its sender is to be
    /// warned of.
    ///
    /// # Errors
    /// What it is refused for.
    pub(crate) async fn check(
        &self,
        (registry, metrics): (&Registry, &Metrics),
        (org, event_type): (&OrgId, &EventType),
        (payload, body): (&str, &Bytes),
    ) -> Result<Vec<PayloadFault>, Vec<ValidationFault>> {
        if self.policy == PayloadValidation::Off {
            return Ok(Vec::new());
        }
        let definition = registry.event_type(org, event_type.as_str());
        let Some(definition) = definition.filter(|found| newest(found).is_some()) else {
            return Ok(Vec::new());
        };
        let payload = body.slice_ref(payload.as_bytes());
        let Some(faults) = self.faults(definition, payload).await else {
            metrics.payload_checked(PayloadCheck::Unchecked);
            return Ok(Vec::new());
        };
        if faults.is_empty() {
            metrics.payload_checked(PayloadCheck::Fits);
            Ok(faults)
        } else if self.policy == PayloadValidation::Refuse {
            metrics.payload_checked(PayloadCheck::Refused);
            Err(faults.iter().map(refused).collect())
        } else {
            metrics.payload_checked(PayloadCheck::Warned);
            Ok(faults)
        }
    }

    /// What does not fit; `None` where that cannot be told.
    async fn faults(
        &self,
        definition: Arc<EventTypeDefinition>,
        payload: Bytes,
    ) -> Option<Vec<PayloadFault>> {
        // It is never closed, so there is always room in the end.
        let _room = self.room.acquire().await.ok()?;
        let cache = Arc::clone(&self.cache);
        let of = Arc::clone(&definition);
        let looked = tokio::task::spawn_blocking(move || look(&cache, &of, &payload)).await;
        looked.unwrap_or_else(|_| {
            // The panic itself is in the log already.
            keep(&self.cache, &definition, Err(Unusable::Broken));
            None
        })
    }
}

fn look(
    cache: &Cache,
    definition: &EventTypeDefinition,
    payload: &[u8],
) -> Option<Vec<PayloadFault>> {
    let entry = cache.get(definition).or_else(|| {
        let compiled = Compiled::new(newest(definition)?);
        Some(keep(cache, definition, compiled))
    })?;
    let Entry::Usable(compiled) = &*entry else { return None };
    match compiled.faults(payload) {
        Ok(faults) => Some(faults),
        Err(why) => {
            if why == Unchecked::TooCostly && compiled.first_too_costly() {
                not_used(definition, &why);
            }
            None
        }
    }
}

fn keep(
    cache: &Cache,
    definition: &EventTypeDefinition,
    compiled: Result<Compiled, Unusable>,
) -> Arc<Entry> {
    let (entry, why) = match compiled {
        Ok(compiled) => (Entry::Usable(Box::new(compiled)), None),
        Err(why) => (Entry::Unusable, Some(why)),
    };
    let text_bytes = newest(definition).map_or(0, str::len);
    let (entry, is_first) = cache.put(definition, entry, text_bytes);
    if let Some(why) = why.filter(|_| is_first) {
        not_used(definition, &why);
    }
    entry
}

fn not_used(definition: &EventTypeDefinition, why: &(dyn std::error::Error + 'static)) {
    let EventTypeDefinition { org, name, updated_at, .. } = definition;
    warn!(%org, event_type = %name, %updated_at, error = why, "payloads go unchecked");
}

/// The schema of the highest version.
fn newest(definition: &EventTypeDefinition) -> Option<&str> {
    let numbered = definition.schemas.iter().flatten().filter_map(|(version, text)| {
        let version: u64 = version.parse().ok()?;
        Some((version, text.as_str()))
    });
    numbered.max_by_key(|(version, _)| *version).map(|(_, text)| text)
}

/// The first of the faults, for a header: printable ASCII of at most 512 bytes.
pub(crate) fn warning(faults: &[PayloadFault]) -> Option<HeaderValue> {
    let text = faults.first()?.to_string();
    let plain = |char: char| if matches!(char, ' '..='~') { char } else { '?' };
    let text: String = text.chars().map(plain).take(WARNING_MAX).collect();
    HeaderValue::try_from(text).ok()
}

/// A fault in the form of every other: names and `[i]` that lead to it from the body on; a name of
/// digits alone is taken for the place in a list. A way that was cut short is left out.
fn refused(fault: &PayloadFault) -> ValidationFault {
    let steps = fault.pointer.split('/').skip(1).filter(|_| !compiled::is_cut(&fault.pointer));
    let steps = steps.map(|step| match step.parse::<u32>() {
        Ok(index) => format!("[{index}]"),
        Err(_) => step.replace("~1", "/").replace("~0", "~"),
    });
    let path = std::iter::once("payload".to_owned()).chain(steps);
    ValidationFault::body(path, fault.to_string()).of_kind("value_error.jsonschema")
}

#[cfg(test)]
mod tests;
