//! How an endpoint is called that has no profile: the payload as it is, under the headers of
//! Standard Webhooks, and as the operator has configured.

use std::time::Duration;

use posthaste_domain::{RetrySchedule, Transport};

use crate::{HeaderNames, Profile};

const WEBHOOK: &str = include_str!("../presets/plain.json");
const SVIX: &str = include_str!("../presets/plain-svix.json");

/// What an operator may choose of it.
#[derive(Clone, Debug)]
pub struct Plain {
    /// The names of the signature headers.
    pub names: HeaderNames,
    /// When to try again.
    pub schedule: RetrySchedule,
    /// How long an attempt may take.
    pub total_timeout: Duration,
    /// How long lookup, connection and TLS may take together.
    pub connect_timeout: Duration,
    /// Whether `http` URLs are refused.
    pub https_only: bool,
}

impl Profile {
    /// What is in force where no profile is.
    #[must_use]
    pub fn plain(settings: Plain) -> Self {
        let Plain { names, schedule, total_timeout, connect_timeout, https_only } = settings;
        let document = match names {
            HeaderNames::Webhook => WEBHOOK,
            HeaderNames::Svix => SVIX,
        };
        #[expect(clippy::expect_used, reason = "a test reads both of them")]
        let plain = Self::parse(document).expect("the plain profiles have no faults");
        let transport = Transport { connect_timeout, https_only, ..plain.transport.clone() };
        Self { schedule, total_timeout, transport, ..plain }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_have_no_faults_and_differ_in_nothing_else() {
        for document in [WEBHOOK, SVIX] {
            Profile::parse(document).unwrap();
        }
        assert_eq!(SVIX, WEBHOOK.replace("webhook-", "svix-"));
    }
}
