//! What a secret key looks like on the wire.

use std::fmt;

use posthaste_api::{
    Problem,
    field::{self, Faults},
    message::MessageMode,
    schema,
};
use posthaste_domain::{Mode, SecretKeyId, Timestamp};
use posthaste_registry::SecretKey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// The id of a secret key, as the specification describes it.
#[derive(ToSchema)]
#[schema(as = SecretKeyId, value_type = String, pattern = "^key_[A-Za-z0-9]{27}$", min_length = 31, max_length = 31, example = "key_2mUyNHGNzM2qRpFZTsVXrxQkEWJ")]
#[expect(dead_code, reason = "it is only described")]
pub(crate) struct KeyId(String);

/// The body of POST.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SecretKeyIn {
    /// Whether what is done with it is for real: it begins with `sk_live_` or with `sk_test_`, and
    /// endpoints that are registered with it have this mode.
    #[schema(value_type = MessageMode)]
    mode: Mode,
    /// What it is for, for its owner.
    #[schema(min_length = 1, max_length = 1024, example = "till 7")]
    name: Option<String>,
}

/// What is known of a key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SecretKeyOut {
    /// Its id, which is no secret.
    #[schema(value_type = KeyId)]
    id: SecretKeyId,
    /// What it is for; `null` where nobody said.
    #[schema(required)]
    name: Option<String>,
    /// Whether what is done with it is for real.
    #[schema(value_type = MessageMode)]
    mode: Mode,
    /// What it begins with, to tell it from others.
    #[schema(example = "sk_live_C2FV")]
    prefix: String,
    /// When it was made.
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
}

/// The keys of an application; at most 20.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecretKeysOut {
    /// Each of them.
    data: Vec<SecretKeyOut>,
}

/// A new key, which is told this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecretKeyCreated {
    #[serde(flatten)]
    known: SecretKeyOut,
    /// The key, for `authorization: Bearer`.
    #[schema(
        pattern = "^sk_(live|test)_[a-zA-Z0-9]{32}$",
        example = "sk_live_C2FVsBQIhrscChlQIMV3b5sSYspob7oD"
    )]
    key: String,
}

/// It holds the key.
impl fmt::Debug for SecretKeyCreated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKeyCreated([REDACTED])")
    }
}

impl SecretKeyIn {
    pub(super) fn validate(self) -> Result<(Mode, String), Problem> {
        let mut faults = Faults::default();
        let name = faults.take("name", self.name.map(field::name).transpose());
        faults.finish(|| Some((self.mode, name?.unwrap_or_default())))
    }
}

impl From<&SecretKey> for SecretKeyOut {
    fn from(key: &SecretKey) -> Self {
        Self {
            id: key.id.clone(),
            name: Some(key.name.clone()).filter(|name| !name.is_empty()),
            mode: key.mode,
            prefix: key.prefix.clone(),
            created_at: key.created_at,
        }
    }
}

impl FromIterator<SecretKeyOut> for SecretKeysOut {
    fn from_iter<I: IntoIterator<Item = SecretKeyOut>>(keys: I) -> Self {
        Self { data: keys.into_iter().collect() }
    }
}

impl SecretKeyCreated {
    pub(super) fn new(made: &SecretKey, mut text: Zeroizing<String>) -> Self {
        Self { known: made.into(), key: std::mem::take(&mut *text) }
    }
}
