//! Compiled schemas, kept until the catalogue has another.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use posthaste_domain::{EventType, EventTypeDefinition, OrgId, Timestamp};

use super::compiled::Compiled;

/// The most schemas that are kept.
const SCHEMAS_MAX: usize = 1_024;
/// The most bytes of their texts together; compiled they take about ten times that.
const TEXT_MAX: usize = 8 << 20;

/// What became of a schema.
pub(super) enum Entry {
    Usable(Box<Compiled>),
    Unusable,
}

/// One schema for each event type of an organisation, that of its last change seen. Where there is
/// no room for another, all are let go: that is simple, and compiling a thousand takes about a
/// second.
#[derive(Default)]
pub(super) struct Cache(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    schemas: HashMap<OrgId, HashMap<EventType, Schema>>,
    count: usize,
    text_bytes: usize,
}

struct Schema {
    updated_at: Timestamp,
    text_bytes: usize,
    entry: Arc<Entry>,
}

impl Cache {
    /// What was kept of this version of the event type.
    pub(super) fn get(&self, of: &EventTypeDefinition) -> Option<Arc<Entry>> {
        let kept = self.lock();
        let schema = kept.schemas.get(&of.org)?.get(&of.name)?;
        (schema.updated_at == of.updated_at).then(|| Arc::clone(&schema.entry))
    }

    /// Keeps an entry in the place of any other version's. Where somebody else was faster, theirs
    /// stays. Answers what is kept, and whether it is new.
    pub(super) fn put(
        &self,
        of: &EventTypeDefinition,
        entry: Entry,
        text_bytes: usize,
    ) -> (Arc<Entry>, bool) {
        let mut kept = self.lock();
        let known = kept.schemas.get(&of.org).and_then(|types| types.get(&of.name));
        if let Some(known) = known.filter(|known| known.updated_at == of.updated_at) {
            return (Arc::clone(&known.entry), false);
        }
        kept.forget(of);
        if kept.count >= SCHEMAS_MAX || kept.text_bytes + text_bytes > TEXT_MAX {
            *kept = Kept::default();
        }
        kept.count += 1;
        kept.text_bytes += text_bytes;
        let entry = Arc::new(entry);
        let schema = Schema { updated_at: of.updated_at, text_bytes, entry: Arc::clone(&entry) };
        kept.schemas.entry(of.org.clone()).or_default().insert(of.name.clone(), schema);
        (entry, true)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Whatever a thread that panicked left undone is a count that is off by one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn forget(&mut self, of: &EventTypeDefinition) {
        if let Some(old) = self.schemas.get_mut(&of.org).and_then(|types| types.remove(&of.name)) {
            self.count = self.count.saturating_sub(1);
            self.text_bytes = self.text_bytes.saturating_sub(old.text_bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::payload_schema::tests::definition;

    #[test]
    fn another_version_takes_the_place_of_the_last() {
        let cache = Cache::default();
        let one = definition("a", &[("1", "{}")]);
        assert!(cache.get(&one).is_none());
        let (first, is_first) = cache.put(&one, Entry::Unusable, 2);
        assert!(is_first);
        let (again, is_first) = cache.put(&one, Entry::Unusable, 2);
        assert!(!is_first && Arc::ptr_eq(&first, &again));
        let later = one.updated_at + Duration::from_micros(1);
        let two = EventTypeDefinition { updated_at: later, ..one.clone() };
        assert!(cache.get(&two).is_none());
        cache.put(&two, Entry::Unusable, 7);
        assert!(cache.get(&two).is_some() && cache.get(&one).is_none());
        let kept = cache.lock();
        assert_eq!((kept.count, kept.text_bytes), (1, 7));
    }

    #[test]
    fn neither_many_nor_large_ones_pile_up() {
        let cache = Cache::default();
        for text_bytes in [1, TEXT_MAX / 10] {
            for n in 0..3 * SCHEMAS_MAX {
                let one = definition(&format!("a{n}"), &[]);
                cache.put(&one, Entry::Unusable, text_bytes);
                assert!(cache.get(&one).is_some());
                let kept = cache.lock();
                assert!(kept.count <= SCHEMAS_MAX && kept.text_bytes <= TEXT_MAX);
                let held: usize = kept.schemas.values().map(HashMap::len).sum();
                assert_eq!(held, kept.count);
            }
        }
    }
}
