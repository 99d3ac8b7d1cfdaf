//! What a worker can be told.

use std::time::Duration;

use posthaste_bus::{BusConfig, config as bus};
use posthaste_domain::{Event, RetrySchedule};
use posthaste_outbound::Settings;
use posthaste_profile::HeaderNames;
use posthaste_registry::{SEAL_KEYS, Sealer};
use posthaste_service::{Key, Reader};

const SLOTS_EVENTS: Key = Key::new(
    "worker.slots_events",
    "256",
    "claims",
    "How many events are fanned out and attempted at once.",
);
const SLOTS_FRESH: Key = Key::new(
    "worker.slots_fresh",
    "256",
    "claims",
    "How many first attempts of events with many endpoints run at once.",
);
const SLOTS_RETRY: Key =
    Key::new("worker.slots_retry", "128", "claims", "How many retries run at once.");
const SLOTS_BULK: Key =
    Key::new("worker.slots_bulk", "64", "claims", "How many redrives run at once.");
const ATTEMPT_AT_ONCE: Key = Key::new(
    "worker.attempt_at_once",
    "4",
    "endpoints",
    "Up to this many endpoints of an event are attempted on the event's own slot.",
);
const ATTEMPT_TIMEOUT: Key = Key::new(
    "worker.attempt_timeout_ms",
    "15000",
    "ms",
    "How long an attempt may take, from the lookup to the end of the answer.",
);
const RETRY_WAITS: Key = Key::new(
    "worker.retry_waits_ms",
    "5000,300000,1800000,7200000,18000000,36000000,36000000",
    "ms",
    "The waits between the attempts of a delivery; after the last it is a dead letter.",
);
const RETRY_JITTER: Key = Key::new(
    "worker.retry_jitter",
    "0.1",
    "share",
    "By up to this share of it a wait is lengthened at random, 0 to 0.5; never shortened.",
);
const RETRY_AFTER_MAX: Key = Key::new(
    "worker.retry_after_max_ms",
    "86400000",
    "ms",
    "The longest wait that a receiver's Retry-After is granted.",
);
const HEADER_NAMES: Key = Key::new(
    "worker.header_names",
    "webhook",
    "",
    "Whether requests carry webhook-* or svix-* headers: webhook or svix.",
);

/// Every setting of a worker, beside those of the broker and of every process.
pub const KEYS: &[Key] = &[
    SLOTS_EVENTS,
    SLOTS_FRESH,
    SLOTS_RETRY,
    SLOTS_BULK,
    ATTEMPT_AT_ONCE,
    ATTEMPT_TIMEOUT,
    RETRY_WAITS,
    RETRY_JITTER,
    RETRY_AFTER_MAX,
    HEADER_NAMES,
];

/// How much longer than an attempt the broker must wait for word of a claim: the time to store
/// what came of it, a repeat of that included.
const SETTLE_MARGIN: Duration = Duration::from_secs(10);
/// How much longer than the schedule events must be kept, for what waits in lanes.
pub(crate) const HORIZON_MARGIN: Duration = Duration::from_secs(3_600);

/// How a worker works.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// The broker.
    pub bus: BusConfig,
    /// Opens endpoints' secrets.
    pub sealer: Option<Sealer>,
    /// How many claims of each source may be held.
    pub slots: Slots,
    /// Up to this many endpoints of an event are attempted on the event's slot.
    pub attempt_at_once: usize,
    /// The bound of one attempt.
    pub attempt_timeout: Duration,
    /// When to try again.
    pub schedule: Option<RetrySchedule>,
    /// The names of the signature headers.
    pub header_names: HeaderNames,
    /// How receivers are called.
    pub outbound: Settings,
}

/// How many claims of each source a worker may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    /// Events to fan out.
    pub events: u32,
    /// First attempts that waited.
    pub fresh: u32,
    /// Retries.
    pub retry: u32,
    /// Redrives.
    pub bulk: u32,
}

impl WorkerConfig {
    /// Reads the settings of a worker and checks them against each other.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let slots = |reader: &mut Reader<'_>, key| reader.number(key, 1..=100_000);
        let config = Self {
            bus: BusConfig::read(reader, "posthaste-worker"),
            sealer: Sealer::read(reader),
            slots: Slots {
                events: slots(reader, &SLOTS_EVENTS),
                fresh: slots(reader, &SLOTS_FRESH),
                retry: slots(reader, &SLOTS_RETRY),
                bulk: slots(reader, &SLOTS_BULK),
            },
            attempt_at_once: reader.number(&ATTEMPT_AT_ONCE, 1..=64),
            attempt_timeout: reader.millis(&ATTEMPT_TIMEOUT),
            schedule: schedule(reader),
            header_names: reader.parse(&HEADER_NAMES).unwrap_or_default(),
            outbound: Settings::read(reader),
        };
        config.check(reader);
        config
    }

    fn check(&self, reader: &mut Reader<'_>) {
        reader.require(
            self.sealer.is_some(),
            &SEAL_KEYS,
            "must be set: it opens endpoints' secrets",
        );
        reader.require(
            self.attempt_timeout >= Duration::from_millis(100),
            &ATTEMPT_TIMEOUT,
            "wants at least 100 ms",
        );
        reader.require(
            self.bus.ack_wait >= self.attempt_timeout + SETTLE_MARGIN,
            &bus::ACK_WAIT,
            "must outlast worker.attempt_timeout_ms by 10 s, or slow receivers are sent everything \
             twice",
        );
        let most =
            self.slots.events.max(self.slots.fresh).max(self.slots.retry).max(self.slots.bulk);
        reader.require(
            self.bus.max_ack_pending >= most,
            &bus::MAX_ACK_PENDING,
            "must be at least the slots of every worker together",
        );
        if let Some(schedule) = &self.schedule {
            reader.require(
                self.bus.events.max_age
                    >= Event::AHEAD_MAX + schedule.horizon(self.attempt_timeout) + HORIZON_MARGIN,
                &bus::EVENTS_MAX_AGE,
                "must outlast the retry schedule by a day, for which a message may be kept back, \
                 and an hour, or late retries find their event gone",
            );
        }
    }
}

fn schedule(reader: &mut Reader<'_>) -> Option<RetrySchedule> {
    let texts = reader.list(&RETRY_WAITS);
    let waits: Result<Vec<u64>, _> = texts.iter().map(|wait| wait.parse()).collect();
    let jitter = reader.number(&RETRY_JITTER, 0.0..=0.5);
    let ceiling = reader.millis(&RETRY_AFTER_MAX);
    let Ok(waits) = waits else {
        reader.require(false, &RETRY_WAITS, "wants whole milliseconds separated by commas");
        return None;
    };
    let waits = waits.into_iter().map(Duration::from_millis).collect();
    match RetrySchedule::try_new(waits, ceiling, jitter) {
        Ok(schedule) => Some(schedule),
        Err(error) => {
            reader.require(false, &RETRY_WAITS, error.to_string());
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use posthaste_service::Vars;

    use super::*;

    const SEALED: (&str, &str) =
        ("POSTHASTE_REGISTRY_SEAL_KEYS", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");

    fn faults(pairs: &[(&str, &str)]) -> Vec<String> {
        let vars = Vars::from_pairs(pairs.iter().copied());
        let mut reader = Reader::new(&vars);
        let _ = WorkerConfig::read(&mut reader);
        let faults = reader.finish().err().unwrap_or_default();
        faults.as_slice().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_defaults_hold_together_once_there_is_a_sealing_key() {
        assert_eq!(faults(&[SEALED]), Vec::<String>::new());
        assert_eq!(faults(&[]).len(), 1);
    }

    #[test]
    fn settings_that_contradict_each_other_are_all_reported() {
        let found = faults(&[
            SEALED,
            ("POSTHASTE_NATS_ACK_WAIT_MS", "16000"),
            ("POSTHASTE_NATS_EVENTS_MAX_AGE_MS", "86400000"),
            (
                "POSTHASTE_WORKER_RETRY_WAITS_MS",
                "5000,300000,1800000,7200000,18000000,36000000,36000000",
            ),
            ("POSTHASTE_OUTBOUND_ALLOW", "10.0.0.0/99"),
            ("POSTHASTE_NATS_MAX_ACK_PENDING", "10"),
        ]);
        assert_eq!(found.len(), 4, "{found:#?}");
    }
}
