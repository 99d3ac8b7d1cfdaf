//! What can be chosen about the broker.

use std::{path::PathBuf, time::Duration};

use posthaste_service::{Key, Reader};

const URLS: Key = Key::new(
    "nats.urls",
    "nats://127.0.0.1:4222",
    "",
    "Servers of the broker, separated by commas and tried in turn; no user or password.",
);
const CREDENTIALS: Key =
    Key::new("nats.credentials", "", "path", "A .creds file with the user's JWT and seed.");
const ROOT_CERTIFICATES: Key = Key::new(
    "nats.root_certificates",
    "",
    "path",
    "PEM certificates to trust for the broker, beside the system's.",
);
const REPLICAS: Key = Key::new(
    "nats.replicas",
    "1",
    "servers",
    "How many servers hold each stream: 1, or 3 or 5 in production.",
);
/// How long events are kept; public for checks against other settings.
pub const EVENTS_MAX_AGE: Key = Key::new(
    "nats.events_max_age_ms",
    "604800000",
    "ms",
    "How long events are kept; longer than the retry schedule lasts.",
);
const EVENTS_MAX_BYTES: Key = Key::new(
    "nats.events_max_bytes",
    "8589934592",
    "bytes",
    "How much room events may take per server; beyond it new ones are answered with 503.",
);
const ATTEMPTS_MAX_AGE: Key = Key::new(
    "nats.attempts_max_age_ms",
    "604800000",
    "ms",
    "How long attempts wait to be read into history.",
);
const ATTEMPTS_MAX_BYTES: Key = Key::new(
    "nats.attempts_max_bytes",
    "4294967296",
    "bytes",
    "How much room attempts may take per server; beyond it the oldest go.",
);
const DEAD_LETTERS_MAX_AGE: Key =
    Key::new("nats.dead_letters_max_age_ms", "2592000000", "ms", "How long dead letters are kept.");
const DEAD_LETTERS_MAX_BYTES: Key = Key::new(
    "nats.dead_letters_max_bytes",
    "2147483648",
    "bytes",
    "How much room dead letters may take per server; beyond it the oldest go.",
);
const IDEMPOTENCY_MAX_BYTES: Key = Key::new(
    "nats.idempotency_max_bytes",
    "268435456",
    "bytes",
    "How much room the answers to requests with an idempotency key may take, for 12 hours each.",
);
const SENT_MAX_BYTES: Key = Key::new(
    "nats.sent_max_bytes",
    "1073741824",
    "bytes",
    "How much room may be taken by what is remembered of sent bodies, about 300 bytes for 31 days \
     each, where profiles let receivers ask; while it is full, nothing is sent under those.",
);
const DEDUP_WINDOW: Key = Key::new(
    "nats.dedup_window_ms",
    "120000",
    "ms",
    "How long an eventId or idempotency key is recognised; about 150 bytes of server memory each.",
);
/// How long the broker waits for word of a claim; public for checks against other settings.
pub const ACK_WAIT: Key = Key::new(
    "nats.ack_wait_ms",
    "45000",
    "ms",
    "How long the broker waits for word of a claim before it offers it to another worker.",
);
/// How many claims of one queue the fleet may hold; public for checks against other settings.
pub const MAX_ACK_PENDING: Key = Key::new(
    "nats.max_ack_pending",
    "20000",
    "claims",
    "How many claims of one queue all workers together may hold.",
);
const PUBLISH_TIMEOUT: Key = Key::new(
    "nats.publish_timeout_ms",
    "2000",
    "ms",
    "How long one publish waits for its confirmation before it is repeated.",
);
const PUBLISH_BUDGET: Key = Key::new(
    "nats.publish_budget_ms",
    "10000",
    "ms",
    "How long a publish is repeated before it counts as not confirmed.",
);
const CONNECT_BUDGET: Key = Key::new(
    "nats.connect_budget_ms",
    "30000",
    "ms",
    "How long a starting process waits for the broker.",
);

/// Every setting of the broker.
pub const KEYS: &[Key] = &[
    URLS,
    CREDENTIALS,
    ROOT_CERTIFICATES,
    REPLICAS,
    EVENTS_MAX_AGE,
    EVENTS_MAX_BYTES,
    ATTEMPTS_MAX_AGE,
    ATTEMPTS_MAX_BYTES,
    DEAD_LETTERS_MAX_AGE,
    DEAD_LETTERS_MAX_BYTES,
    IDEMPOTENCY_MAX_BYTES,
    SENT_MAX_BYTES,
    DEDUP_WINDOW,
    ACK_WAIT,
    MAX_ACK_PENDING,
    PUBLISH_TIMEOUT,
    PUBLISH_BUDGET,
    CONNECT_BUDGET,
];

/// How to reach the broker, and how much it may keep.
#[derive(Clone, Debug)]
pub struct BusConfig {
    /// Server addresses, tried in turn (`nats://host:4222`).
    pub urls: Vec<String>,
    /// A `.creds` file with a user's JWT and seed.
    pub credentials: Option<PathBuf>,
    /// PEM certificates to trust beside the system's.
    pub root_certificates: Option<PathBuf>,
    /// What this process calls itself in the server's connection list.
    pub name: String,
    /// How many servers hold each stream: 1, or 3 in production.
    pub replicas: usize,
    /// How much the event stream keeps; it refuses new events beyond its size.
    pub events: StreamLimits,
    /// How much the attempt stream keeps; the oldest go first.
    pub attempts: StreamLimits,
    /// How much the dead-letter stream keeps; the oldest go first.
    pub dead_letters: StreamLimits,
    /// Bytes that the bucket of answers to repeatable requests may take; it refuses new ones beyond.
    pub idempotency_max_bytes: u64,
    /// How much room may be taken by what is remembered of sent bodies, in bytes.
    pub sent_max_bytes: u64,
    /// For how long an `eventId` or idempotency key is recognised. The server remembers about 150
    /// bytes for each message of the window.
    pub dedup_window: Duration,
    /// How long the broker waits for word of a claim before it offers it to another worker.
    pub ack_wait: Duration,
    /// How many claims of one queue the whole fleet may hold: workers times slots, and a margin.
    pub max_ack_pending: u32,
    /// How long one publish waits for its confirmation.
    pub publish_timeout: Duration,
    /// How long a publish is retried, with backoff, before it is reported as not confirmed.
    /// Outlasts an election of a stream's leader.
    pub publish_budget: Duration,
    /// How long to wait for the first connection at start.
    pub connect_budget: Duration,
}

/// How much a stream keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLimits {
    /// The age at which a message is dropped.
    pub max_age: Duration,
    /// Bytes on disk, per replica.
    pub max_bytes: u64,
}

impl BusConfig {
    /// Reads [`KEYS`]; `name` is what the process calls itself.
    pub fn read(reader: &mut Reader<'_>, name: &str) -> Self {
        let config = Self {
            urls: reader.list(&URLS),
            credentials: reader.optional_text(&CREDENTIALS).map(PathBuf::from),
            root_certificates: reader.optional_text(&ROOT_CERTIFICATES).map(PathBuf::from),
            name: name.to_owned(),
            replicas: reader.number(&REPLICAS, 1..=5),
            events: limits(reader, &EVENTS_MAX_AGE, &EVENTS_MAX_BYTES),
            attempts: limits(reader, &ATTEMPTS_MAX_AGE, &ATTEMPTS_MAX_BYTES),
            dead_letters: limits(reader, &DEAD_LETTERS_MAX_AGE, &DEAD_LETTERS_MAX_BYTES),
            idempotency_max_bytes: reader.number(&IDEMPOTENCY_MAX_BYTES, SMALLEST_STREAM..=1 << 50),
            sent_max_bytes: reader.number(&SENT_MAX_BYTES, SMALLEST_STREAM..=1 << 50),
            dedup_window: reader.millis(&DEDUP_WINDOW),
            ack_wait: reader.millis(&ACK_WAIT),
            max_ack_pending: reader.number(&MAX_ACK_PENDING, 1..=1_000_000),
            publish_timeout: reader.millis(&PUBLISH_TIMEOUT),
            publish_budget: reader.millis(&PUBLISH_BUDGET),
            connect_budget: reader.millis(&CONNECT_BUDGET),
        };
        reader.require(!config.urls.is_empty(), &URLS, "wants at least one address");
        reader.require(
            config.urls.iter().all(|url| !url.contains('@')),
            // What stands before the `@` must not be repeated.
            &Key { secret: true, ..URLS },
            "wants no user or password in it, for addresses are logged: use nats.credentials",
        );
        reader.require(config.replicas % 2 == 1, &REPLICAS, "wants 1, 3 or 5");
        reader.require(
            config.dedup_window >= Duration::from_millis(100)
                && config.dedup_window <= config.events.max_age,
            &DEDUP_WINDOW,
            "wants at least 100 ms and at most nats.events_max_age_ms",
        );
        reader.require(
            config.publish_timeout >= Duration::from_millis(100)
                && config.publish_timeout <= config.publish_budget,
            &PUBLISH_TIMEOUT,
            "wants at least 100 ms and at most nats.publish_budget_ms",
        );
        reader.require(
            config.ack_wait >= Duration::from_secs(1),
            &ACK_WAIT,
            "wants at least 1000 ms",
        );
        config
    }
}

/// A stream of less than this is a mistake, not a limit.
const SMALLEST_STREAM: u64 = 1 << 20;

fn limits(reader: &mut Reader<'_>, age: &Key, bytes: &Key) -> StreamLimits {
    let max_age = reader.millis(age);
    reader.require(max_age >= Duration::from_secs(1), age, "wants at least 1000 ms");
    StreamLimits { max_age, max_bytes: reader.number(bytes, SMALLEST_STREAM..=1 << 50) }
}

#[cfg(test)]
mod tests {
    use posthaste_service::Vars;

    use super::*;

    fn faults(name: &str, value: &str) -> String {
        let vars = Vars::from_pairs([(name, value)]);
        let mut reader = Reader::new(&vars);
        let _ = BusConfig::read(&mut reader, "test");
        reader.finish().err().map(|faults| faults.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_repeated() {
        let told = faults("POSTHASTE_NATS_URLS", "nats://user:sesame@broker:4222");
        assert!(told.contains("nats.credentials") && !told.contains("sesame"), "{told}");
        assert_eq!(faults("POSTHASTE_NATS_URLS", "nats://one:4222,tls://two:4222"), "");
    }

    #[test]
    fn an_even_number_of_replicas_is_refused() {
        assert!(faults("POSTHASTE_NATS_REPLICAS", "2").contains("1, 3 or 5"));
    }
}
