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
mod portal;
mod secret;

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
pub use portal::{Capability, Portal};
use posthaste_domain::{AppId, EventType, OrgId, Timestamp};
pub use secret::{TOKEN_SECRET, TokenSecret, TokenSecretError};
use serde::{Deserialize, Serialize};

use crate::Problem;

/// How far the clocks of those who make tokens may be off ours. The Svix server allows 15
/// minutes; that also keeps an expired token alive for 15 minutes, so we allow one.
const LEEWAY: Duration = Duration::from_secs(60);

/// The longest token looked at, in bytes. One with 25 feature flags of 256 characters, the most that
/// we make, has some 10 KiB.
const MAX_TOKEN_LEN: usize = 16 * 1024;

/// Who made a token; written, not read.
const ISSUER: &str = "posthaste";

/// Whom a request speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// The platform itself: everything of its own.
    Organisation(OrgId),
    /// One of its customers: that application only.
    Application(Box<Portal>),
}

impl Principal {
    /// The organisation that the token speaks for, or for a part of.
    #[must_use]
    pub const fn org(&self) -> &OrgId {
        match self {
            Self::Organisation(org) => org,
            Self::Application(portal) => &portal.org,
        }
    }

    /// The organisation, where the token speaks for all of it.
    ///
    /// # Errors
    /// 403 for an application's token.
    pub fn into_organisation(self) -> Result<OrgId, Problem> {
        match self {
            Self::Organisation(org) => Ok(org),
            Self::Application(_) => Err(Problem::forbidden()),
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
    #[serde(skip_serializing_if = "Option::is_none")]
    capabilities: Option<&'a BTreeSet<Capability>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
    /// Seconds with a fraction: of the tokens of one second some may be ended and others not.
    iat: f64,
    nbf: i64,
    exp: i64,
}

impl<'a> Written<'a> {
    fn of(sub: &'a str, now: Timestamp, lifetime: Duration) -> Self {
        let nbf = now.unix_seconds();
        #[expect(clippy::cast_precision_loss, reason = "microseconds of our era fit in 53 bits")]
        let iat = now.micros() as f64 / 1e6;
        Self {
            iss: ISSUER,
            sub,
            org: None,
            feature_flags: None,
            capabilities: None,
            session_id: None,
            iat,
            nbf,
            exp: nbf.saturating_add_unsigned(lifetime.as_secs()),
        }
    }
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
        self.sign(&Written::of(org.as_str(), now, lifetime))
    }

    /// A token for `app` of `org`, good from `now` for `lifetime`, with every capability; it sees
    /// no event type that has a feature flag.
    #[must_use]
    pub fn application_token(
        &self,
        org: &OrgId,
        app: &AppId,
        now: Timestamp,
        lifetime: Duration,
    ) -> String {
        self.sign(&Written { org: Some(org.as_str()), ..Written::of(app.as_str(), now, lifetime) })
    }

    /// A token for the application of `portal` with exactly what it says, good from its
    /// `issued_at` for `lifetime`.
    #[must_use]
    pub fn portal_token(&self, portal: &Portal, lifetime: Duration) -> String {
        self.sign(&Written {
            org: Some(portal.org.as_str()),
            feature_flags: Some(&portal.feature_flags),
            capabilities: Some(&portal.capabilities),
            session_id: portal.session_id.as_deref(),
            ..Written::of(portal.app.as_str(), portal.issued_at, lifetime)
        })
    }

    fn sign(&self, claims: &Written<'_>) -> String {
        #[expect(
            clippy::expect_used,
            reason = "strings and numbers always serialise, and the key and the algorithm are HMAC"
        )]
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.key)
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
    /// When it was made; absent in a token somebody else's tool made.
    iat: Option<f64>,
    feature_flags: Option<Vec<String>>,
    capabilities: Option<Vec<String>>,
    session_id: Option<String>,
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
        // A token that does not say what it may is one of old: it may do everything.
        let capabilities = self.capabilities.map_or_else(Capability::all, |names| {
            names.iter().filter_map(|name| Capability::parse(name)).collect()
        });
        #[expect(clippy::cast_possible_truncation, reason = "saturates, and is only compared")]
        let issued_at = self.iat.map_or(0, |iat| (iat * 1e6).round() as i64);
        Ok(Principal::Application(Box::new(Portal {
            org,
            app,
            feature_flags,
            capabilities,
            session_id: self.session_id,
            issued_at: Timestamp::from_micros(issued_at),
        })))
    }
}

/// What follows `Bearer `, the scheme in any case (RFC 9110, section 11.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim_start())
}

#[cfg(test)]
mod tests;
