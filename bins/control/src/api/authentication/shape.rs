//! What is said of tokens on the wire, and the rules for it. Pure.

use std::{collections::BTreeSet, fmt, time::Duration};

use posthaste_api::{
    Capability, Problem, application::ApplicationIn, field::Faults, schema as described,
};
use posthaste_domain::EventType;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The lifetimes of a token, in seconds: an hour to a week.
const LIFETIME: std::ops::RangeInclusive<u64> = 3_600..=604_800;
/// The most flags of a token.
const FLAGS_MAX: usize = 25;
/// The longest name of a session.
const SESSION_MAX: usize = 64;
/// How long tokens may go on working after they were ended, in seconds: three days.
const EXPIRY: std::ops::RangeInclusive<i64> = 0..=259_200;
/// The most sessions that are ended at once.
const SESSIONS_MAX: usize = 1_000;

/// What a token is to allow.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppPortalAccessIn {
    /// The flags whose event types it sees beside those without a flag.
    #[schema(value_type = Option<BTreeSet<described::EventTypeName>>, max_items = 25)]
    feature_flags: Option<Vec<String>>,
    /// The application, created where there is none; its `uid` must be the one of the path. Where
    /// there is one this is ignored.
    application: Option<ApplicationIn>,
    /// The older way to ask for `ViewBase` alone; it takes away whatever else is asked for.
    #[schema(deprecated)]
    read_only: Option<bool>,
    /// What it may do, `ViewBase` at least. Everything, where this is absent.
    #[schema(value_type = Option<BTreeSet<Capability>>)]
    capabilities: Option<Vec<Capability>>,
    /// For how long it is good, in seconds.
    #[schema(minimum = 3600, maximum = 604800, default = 604800)]
    expiry: Option<u64>,
    /// The session it is for, by which it can be ended alone.
    #[schema(value_type = Option<SessionId>)]
    session_id: Option<String>,
}

/// The name of a session, as the specification describes it.
#[derive(ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 64, pattern = "^[a-zA-Z0-9@_-]+$", example = "user_1FB8")]
#[expect(dead_code, reason = "it is only described")]
struct SessionId(String);

/// A token, and where it is used.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppPortalAccessOut {
    /// A page of the portal, the token included: whoever follows it is logged in.
    #[schema(format = Uri, example = "https://portal.example/login#key=eyJhcHBJZCI6ImFwcF8x")]
    pub(super) url: String,
    /// The token: an `authorization: Bearer` for what is the application's own.
    pub(super) token: String,
}

/// It holds a token.
impl fmt::Debug for AppPortalAccessOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppPortalAccessOut([REDACTED])")
    }
}

/// Which tokens are to stop working, and when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicationTokenExpireIn {
    /// After how many seconds; at once, where this is absent.
    #[schema(minimum = 0, maximum = 259200, default = 0)]
    expiry: Option<i64>,
    /// Only tokens of these sessions. Without any, all tokens, those of no session too.
    #[schema(value_type = Option<Vec<SessionId>>, max_items = 1000)]
    session_ids: Option<Vec<String>>,
}

/// A checked [`AppPortalAccessIn`], but for its application.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) feature_flags: BTreeSet<EventType>,
    pub(super) capabilities: BTreeSet<Capability>,
    pub(super) lifetime: Duration,
    pub(super) session_id: Option<String>,
}

/// A checked [`ApplicationTokenExpireIn`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expiry {
    pub(super) after: Duration,
    pub(super) sessions: BTreeSet<String>,
}

/// A rule that a field breaks.
#[derive(Debug, thiserror::Error)]
enum TokenRule {
    #[error("must be from {} to {} seconds", LIFETIME.start(), LIFETIME.end())]
    Lifetime,
    #[error("must be from {} to {} seconds", EXPIRY.start(), EXPIRY.end())]
    Expiry,
    #[error("must be 1 to {SESSION_MAX} letters, digits and `@`, `_`, `-`")]
    Session,
    #[error("must include `ViewBase`")]
    NoView,
}

impl AppPortalAccessIn {
    pub(super) fn validate(self) -> Result<(Access, Option<ApplicationIn>), Problem> {
        let mut faults = Faults::default();
        let flags = self.feature_flags.unwrap_or_default();
        if flags.len() > FLAGS_MAX {
            faults.add(["featureFlags"], format!("must be at most {FLAGS_MAX}"));
        }
        let feature_flags = faults.take_all("featureFlags", &flags, str::parse);
        let expiry = self.expiry.unwrap_or(*LIFETIME.end());
        let expiry = if LIFETIME.contains(&expiry) { Ok(expiry) } else { Err(TokenRule::Lifetime) };
        let expiry = faults.take("expiry", expiry);
        let session_id = self.session_id.map(|text| session(&text)).transpose();
        let session_id = faults.take("sessionId", session_id);
        let capabilities = self.capabilities.map_or_else(Capability::all, BTreeSet::from_iter);
        let capabilities = if !capabilities.contains(&Capability::ViewBase) {
            Err(TokenRule::NoView)
        } else if self.read_only.unwrap_or_default() {
            Ok(BTreeSet::from([Capability::ViewBase]))
        } else {
            Ok(capabilities)
        };
        let capabilities = faults.take("capabilities", capabilities);
        faults.finish(|| {
            let access = Access {
                feature_flags,
                capabilities: capabilities?,
                lifetime: Duration::from_secs(expiry?),
                session_id: session_id?,
            };
            Some((access, self.application))
        })
    }
}

impl ApplicationTokenExpireIn {
    pub(super) fn validate(self) -> Result<Expiry, Problem> {
        let mut faults = Faults::default();
        let after = self.expiry.unwrap_or_default();
        let after = u64::try_from(after).ok().filter(|_| EXPIRY.contains(&after));
        let after = faults.take("expiry", after.ok_or(TokenRule::Expiry));
        let sessions = self.session_ids.unwrap_or_default();
        if sessions.len() > SESSIONS_MAX {
            faults.add(["sessionIds"], format!("must be at most {SESSIONS_MAX}"));
            return faults.finish(|| None);
        }
        let sessions = faults.take_all("sessionIds", &sessions, session);
        faults.finish(|| Some(Expiry { after: Duration::from_secs(after?), sessions }))
    }
}

fn session(text: &str) -> Result<String, TokenRule> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'_' | b'-');
    if (1..=SESSION_MAX).contains(&text.len()) && text.bytes().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err(TokenRule::Session)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn access(body: Value) -> Result<Access, Problem> {
        let body: AppPortalAccessIn = serde_json::from_value(body).unwrap();
        body.validate().map(|(access, _)| access)
    }

    fn expiry(body: Value) -> Result<Expiry, Problem> {
        serde_json::from_value::<ApplicationTokenExpireIn>(body).unwrap().validate()
    }

    #[test]
    fn what_is_not_said_is_everything_for_a_week() {
        let nulls = json!({"featureFlags": null, "application": null, "readOnly": null,
            "capabilities": null, "expiry": null, "sessionId": null});
        for body in [json!({}), nulls] {
            let expected = Access {
                feature_flags: BTreeSet::new(),
                capabilities: Capability::all(),
                lifetime: Duration::from_secs(604_800),
                session_id: None,
            };
            assert_eq!(access(body).unwrap(), expected);
        }
        let none = Expiry { after: Duration::ZERO, sessions: BTreeSet::new() };
        assert_eq!(expiry(json!({"expiry": null, "sessionIds": []})).unwrap(), none);
    }

    #[test]
    fn who_only_reads_may_do_nothing_else() {
        let only = BTreeSet::from([Capability::ViewBase]);
        assert_eq!(access(json!({"readOnly": true})).unwrap().capabilities, only);
        let both = json!({"readOnly": true, "capabilities": ["ViewBase", "ManageEndpoint"]});
        assert_eq!(access(both).unwrap().capabilities, only);
        let some = json!({"capabilities": ["CreateAttempts", "ViewBase", "ViewBase"]});
        assert_eq!(access(some).unwrap().capabilities.len(), 2);
    }

    #[test]
    fn every_rule_is_checked() {
        for body in [
            json!({"featureFlags": ["a b"]}),
            json!({"featureFlags": (0..26).map(|n| n.to_string()).collect::<Vec<_>>()}),
            json!({"capabilities": []}),
            json!({"capabilities": ["ManageEndpoint"]}),
            json!({"expiry": 3_599}),
            json!({"expiry": 604_801}),
            json!({"sessionId": ""}),
            json!({"sessionId": "a.b"}),
        ] {
            assert_eq!(access(body.clone()).unwrap_err().status().as_u16(), 422, "{body}");
        }
        let many = |count: usize| json!({"sessionIds": vec!["a"; count]});
        assert!(expiry(many(1_000)).is_ok());
        for body in [
            json!({"expiry": -1}),
            json!({"expiry": 259_201}),
            json!({"sessionIds": ["x".repeat(65)]}),
            many(1_001),
        ] {
            assert_eq!(expiry(body.clone()).unwrap_err().status().as_u16(), 422, "{body}");
        }
    }

    proptest! {
        #[test]
        fn a_session_is_kept_as_given_or_refused(text in "\\PC{0,70}") {
            let fits = (1..=64).contains(&text.len())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || "@_-".contains(c));
            prop_assert_eq!(session(&text).ok(), fits.then_some(text));
        }
    }
}
