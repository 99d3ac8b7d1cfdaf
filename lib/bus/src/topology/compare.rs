//! How what exists differs from what is declared.

use tracing::{info, warn};

use super::{Authority, TopologyError};

/// The comparison of one asset, setting by setting.
pub(super) struct Comparison<'a> {
    pub(super) asset: &'a str,
}

impl Comparison<'_> {
    /// A setting without which the asset is not ours.
    pub(super) fn must<T: PartialEq + std::fmt::Debug>(
        &self,
        field: &'static str,
        found: T,
        wanted: T,
    ) -> Result<(), TopologyError> {
        if found == wanted {
            return Ok(());
        }
        Err(TopologyError::Mismatch {
            asset: self.asset.into(),
            field,
            found: format!("{found:?}"),
            wanted: format!("{wanted:?}"),
        })
    }

    /// A setting that may be tuned while the asset is in use; tells whether it differs.
    pub(super) fn may<T: PartialEq + std::fmt::Debug>(
        &self,
        field: &'static str,
        found: T,
        wanted: T,
        authority: Authority,
    ) -> bool {
        let differs = found != wanted;
        if differs {
            let asset = self.asset;
            match authority {
                Authority::Owner => info!(asset, field, ?found, ?wanted, "changing"),
                Authority::Guest => {
                    warn!(asset, field, ?found, ?wanted, "differs from the configuration");
                }
            }
        }
        differs
    }
}
