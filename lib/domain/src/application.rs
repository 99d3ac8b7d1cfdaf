//! One customer of the platform.

mod cut_off;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::cut_off::{CutOff, CutOffs, TooManyCutOffs};
use crate::{AppId, OrgId, ProfileRef, Timestamp, Uid};

/// The owner of endpoints and messages; what the platform calls a merchant or an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// Its id.
    pub id: AppId,
    /// The organisation whose tokens may speak for it.
    pub org: OrgId,
    /// A human's name for it.
    pub name: String,
    /// The platform's own name for it, unique within the organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<Uid>,
    /// Messages per second that the owner asked not to exceed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttle_rate: Option<u16>,
    /// The platform's own notes, at most 4096 bytes as JSON.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// How its endpoints are called that have no profile of their own; `None` is the payload as it
    /// is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileRef>,
    /// Which of its tokens are at their end before their time.
    #[serde(default, skip_serializing_if = "CutOffs::is_empty")]
    pub token_cut_offs: CutOffs,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}
