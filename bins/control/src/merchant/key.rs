//! Whose secret key a request shows.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, header};
use posthaste_domain::{Application, Mode};
use posthaste_registry::{KeyDigest, Registry};

/// The longest key that is looked at, in bytes.
const MAX_KEY_LEN: usize = 256;

/// A merchant's program that has shown a key of ours.
pub(super) struct Caller {
    /// The application whose key it is.
    pub(super) application: Arc<Application>,
    /// What the key is for.
    pub(super) mode: Mode,
    /// The header that it stood in.
    pub(super) shown_in: HeaderName,
}

/// The caller of the first key of ours in `Authorization`, as a bearer token, or in one of the
/// headers `also`.
///
/// A key is found by its digest, so how long that takes tells nothing of how nearly it was guessed.
pub(super) fn caller(
    registry: &Registry,
    headers: &HeaderMap,
    also: impl IntoIterator<Item = HeaderName>,
) -> Option<Caller> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(bearer_token).map(|key| (header::AUTHORIZATION, key));
    let other = also.into_iter().filter(|name| *name != header::AUTHORIZATION).filter_map(|name| {
        let key = headers.get(&name)?.to_str().ok()?;
        Some((name, key.trim()))
    });
    bearer.into_iter().chain(other).find_map(|(shown_in, key)| {
        let (application, mode) = owner(registry, key)?;
        Some(Caller { application, mode, shown_in })
    })
}

fn owner(registry: &Registry, key: &str) -> Option<(Arc<Application>, Mode)> {
    if key.is_empty() || key.len() > MAX_KEY_LEN {
        return None;
    }
    let found = registry.secret_key(&KeyDigest::of(key))?;
    Some((registry.application_by_id(&found.app)?, found.mode))
}

/// What follows `Bearer `, the scheme in any case (RFC 9110, section 11.1).
fn bearer_token(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim_start())
}
