//! Bearer tokens: which organisation, and perhaps which application, a request speaks for.
//!
//! A token is a JWT signed with HS256 and the deployment's one secret. There is no table of
//! tokens: what is well signed and within its time is true.
//!
//! # Invariants
//! - `none` and every other algorithm are refused before a claim is read.
//! - The clock is an argument. A token is good from `nbf` to `exp`, give or take [`LEEWAY`].
//! - Neither a token nor the secret is ever printed; comparisons take the same time however
//!   much of a guess is right.

mod hs256;
mod secret;

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use posthaste_domain::{AppId, EventType, OrgId, Timestamp};
pub use secret::{TOKEN_SECRET, TokenSecret, TokenSecretError};
use serde::{Deserialize, Serialize};

use crate::Problem;

/// How far the clocks of those who make tokens may be off ours. The Svix server allows 15
/// minutes; that also keeps an expired token alive for 15 minutes, so we allow one.
const LEEWAY: Duration = Duration::from_secs(60);

/// The longest token looked at, in bytes; some twenty times the length of one we make.
const MAX_TOKEN_LEN: usize = 8 * 1024;

/// Who made a token; written, not read.
const ISSUER: &str = "posthaste";

/// Whom a request speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// The platform itself: everything of its own.
    Organisation(OrgId),
    /// One of its customers: that application only.
    Application {
        /// The organisation the application belongs to.
        org: OrgId,
        /// The application.
        app: AppId,
        /// The flags whose event types it may see beside those without a flag.
        feature_flags: BTreeSet<EventType>,
    },
}

impl Principal {
    /// The organisation that the token speaks for, or for a part of.
    #[must_use]
    pub const fn org(&self) -> &OrgId {
        match self {
            Self::Organisation(org) | Self::Application { org, .. } => org,
        }
    }

    /// The organisation, where the token speaks for all of it.
    ///
    /// # Errors
    /// 403 for an application's token.
    pub fn into_organisation(self) -> Result<OrgId, Problem> {
        match self {
            Self::Organisation(org) => Ok(org),
            Self::Application { .. } => Err(Problem::forbidden()),
        }
    }
}

/// Makes tokens.
#[derive(Clone)]
pub struct Signer {
    key: EncodingKey,
}

#[derive(Serialize)]
struct Written<'a> {
    iss: &'static str,
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    org: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feature_flags: Option<&'a BTreeSet<EventType>>,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl Signer {
    /// A signer with `secret`.
    #[must_use]
    pub fn new(secret: &TokenSecret) -> Self {
        hs256::install();
        Self { key: EncodingKey::from_secret(secret.bytes()) }
    }

    /// A token for all of `org`, good from `now` for `lifetime`.
    #[must_use]
    pub fn organisation_token(&self, org: &OrgId, now: Timestamp, lifetime: Duration) -> String {
        self.sign(org.as_str(), None, None, now, lifetime)
    }

    /// A token for `app` of `org`, good from `now` for `lifetime`; it sees no event type that
    /// has a feature flag.
    #[must_use]
    pub fn application_token(
        &self,
        org: &OrgId,
        app: &AppId,
        now: Timestamp,
        lifetime: Duration,
    ) -> String {
        self.sign(app.as_str(), Some(org.as_str()), None, now, lifetime)
    }

    /// As [`application_token`](Self::application_token), and it sees the event types of `flags`.
    #[must_use]
    pub fn flagged_application_token(
        &self,
        org: &OrgId,
        app: &AppId,
        flags: &BTreeSet<EventType>,
        now: Timestamp,
        lifetime: Duration,
    ) -> String {
        self.sign(app.as_str(), Some(org.as_str()), Some(flags), now, lifetime)
    }

    fn sign(
        &self,
        sub: &str,
        org: Option<&str>,
        feature_flags: Option<&BTreeSet<EventType>>,
        now: Timestamp,
        lifetime: Duration,
    ) -> String {
        let iat = now.unix_seconds();
        let exp = (now + lifetime).unix_seconds();
        let claims = Written { iss: ISSUER, sub, org, feature_flags, iat, nbf: iat, exp };
        #[expect(
            clippy::expect_used,
            reason = "strings and numbers always serialise, and the key and the algorithm are HMAC"
        )]
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.key)
            .expect("claims of strings and numbers serialise, and HMAC signs anything")
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer([REDACTED])")
    }
}

/// Reads tokens.
#[derive(Clone)]
pub struct Verifier {
    secret: TokenSecret,
    key: DecodingKey,
    validation: Arc<Validation>,
}

/// The claims that matter; whatever else a token says is ignored.
#[derive(Deserialize)]
struct Claims {
    sub: Option<String>,
    org: Option<String>,
    /// Seconds since the Unix epoch, possibly with a fraction (RFC 7519, section 2).
    nbf: Option<f64>,
    exp: Option<f64>,
    feature_flags: Option<Vec<String>>,
}

impl Verifier {
    /// A verifier of what a [`Signer`] with the same `secret` makes.
    #[must_use]
    pub fn new(secret: &TokenSecret) -> Self {
        hs256::install();
        let mut validation = Validation::new(Algorithm::HS256);
        // The library would ask the system's clock; `nbf` and `exp` are checked below.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let key = DecodingKey::from_secret(secret.bytes());
        Self { secret: secret.clone(), key, validation: Arc::new(validation) }
    }

    /// Whom the value of an `authorization` header speaks for at `now`.
    ///
    /// # Errors
    /// 401 for no token, one that is not ours, or one out of its time; 400 for one of ours that
    /// names something else than an organisation or an application of one.
    pub fn verify(
        &self,
        authorization: Option<&str>,
        now: Timestamp,
    ) -> Result<Principal, Problem> {
        let token = authorization.and_then(bearer).ok_or_else(Problem::unauthorised)?;
        if token.len() > MAX_TOKEN_LEN {
            return Err(Problem::unauthorised());
        }
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation)
            .map_err(|_| self.refusal(token))?;
        // RFC 7515, section 4.1.11: extensions that must be understood, and none is.
        if decoded.header.crit.is_some() || !decoded.claims.are_timely(now) {
            return Err(Problem::unauthorised());
        }
        decoded.claims.into_principal()
    }

    /// One mistake is common enough to be told apart: sending the secret itself.
    fn refusal(&self, token: &str) -> Problem {
        if self.secret.is(token.as_bytes()) {
            return Problem::unauthorised_because(
                "Invalid token: this is the secret that tokens are signed with. \
                 Make a token from it, and keep it to yourself.",
            );
        }
        Problem::unauthorised()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier([REDACTED])")
    }
}

impl Claims {
    fn are_timely(&self, now: Timestamp) -> bool {
        let now = Duration::from_micros(now.micros().unsigned_abs()).as_secs_f64();
        let leeway = LEEWAY.as_secs_f64();
        self.nbf.is_none_or(|nbf| nbf <= now + leeway)
            && self.exp.is_none_or(|exp| now < exp + leeway)
    }

    fn into_principal(self) -> Result<Principal, Problem> {
        let missing = || Problem::unauthorised_because("Invalid token (missing `sub`).");
        let sub = |text: Option<String>| text.ok_or_else(missing);
        let Some(org) = self.org else {
            let org = sub(self.sub)?.parse().map_err(|_| {
                Problem::bad_request("bad_token", "`sub` is not a valid organization id")
            })?;
            return Ok(Principal::Organisation(org));
        };
        let bad = |detail: &'static str| Problem::bad_request("bad token", detail);
        let org = org.parse().map_err(|_| bad("`org` is not a valid organization id"))?;
        let app = sub(self.sub)?;
        let app = app.parse().map_err(|_| bad("`sub` is not a valid application id"))?;
        // A flag that is no name is the flag of no event type.
        let flags = self.feature_flags.unwrap_or_default();
        let feature_flags = flags.iter().filter_map(|flag| flag.parse().ok()).collect();
        Ok(Principal::Application { org, app, feature_flags })
    }
}

/// What follows `Bearer `, the scheme in any case (RFC 9110, section 11.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim_start())
}

#[cfg(test)]
mod tests;
