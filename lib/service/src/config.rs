//! Configuration from the environment and one optional TOML file.
//!
//! A [`Key`] declares what may be set; [`Vars`] holds what was set; a [`Reader`] turns one into the
//! other and remembers what was wrong, so that a process reports all [`ConfigFaults`] at once and
//! ends with [`EX_USAGE`].
//!
//! ```
//! use std::time::Duration;
//! use posthaste_service::config::{Key, Reader, Vars};
//!
//! const ACK_WAIT: Key = Key::new("worker.ack_wait_ms", "45000", "ms", "How long a claim is ours.");
//!
//! let vars = Vars::from_pairs([("POSTHASTE_WORKER_ACK_WAIT_MS", "30000")]);
//! let mut reader = Reader::new(&vars);
//! reader.check_known(&[&[ACK_WAIT]], &["ingress"]);
//! let ack_wait = reader.millis(&ACK_WAIT);
//! reader.require(ack_wait > Duration::from_secs(20), &ACK_WAIT, "must outlast an attempt");
//! assert!(reader.finish().is_ok());
//! assert_eq!(ack_wait, Duration::from_secs(30));
//! ```
//!
//! # Invariants
//! - The environment wins over the file; an empty value counts as not set in either.
//! - A name nobody reads is a fault, so a misspelt variable cannot be ignored in silence.
//! - The value of a secret key appears in no fault, no `Debug` and no log line.
//! - Nothing is read after the start: there is no reloading.

mod fault;
mod file;
mod key;
mod reader;
mod sensitive;
mod service_link;
mod vars;

pub use fault::{ConfigFaults, EX_USAGE, Fault};
pub use key::{Key, reference};
pub use reader::Reader;
pub use sensitive::Sensitive;
pub use vars::{CONFIG_FILE, Vars};
