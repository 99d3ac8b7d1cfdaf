//! What a customer of the platform, or one of its developers, may do with a token.

use std::collections::BTreeSet;

use posthaste_domain::{AppId, EventType, OrgId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One thing that an application's token may allow; the names are those of the Svix API.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[schema(as = AppPortalCapability)]
pub enum Capability {
    /// To see everything but secrets.
    ViewBase,
    /// To see endpoints' signing secrets.
    ViewEndpointSecret,
    /// To see and to rotate them.
    ManageEndpointSecret,
    /// To change transformations, of which there are none.
    ManageTransformations,
    /// To have messages sent again, and examples.
    CreateAttempts,
    /// To make, change and delete endpoints, secrets included.
    ManageEndpoint,
}

impl Capability {
    /// Every capability.
    pub const ALL: [Self; 6] = [
        Self::ViewBase,
        Self::ViewEndpointSecret,
        Self::ManageEndpointSecret,
        Self::ManageTransformations,
        Self::CreateAttempts,
        Self::ManageEndpoint,
    ];

    /// What a token has that does not say.
    #[must_use]
    pub fn all() -> BTreeSet<Self> {
        Self::ALL.into()
    }

    /// Its name in tokens and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ViewBase => "ViewBase",
            Self::ViewEndpointSecret => "ViewEndpointSecret",
            Self::ManageEndpointSecret => "ManageEndpointSecret",
            Self::ManageTransformations => "ManageTransformations",
            Self::CreateAttempts => "CreateAttempts",
            Self::ManageEndpoint => "ManageEndpoint",
        }
    }

    /// Reads a name; `None` for one that is not of this version.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }

    /// Whether holding this is as good as holding `wanted`.
    const fn includes(self, wanted: Self) -> bool {
        match self {
            Self::ManageEndpoint => matches!(
                wanted,
                Self::ManageEndpoint | Self::ManageEndpointSecret | Self::ViewEndpointSecret
            ),
            Self::ManageEndpointSecret => {
                matches!(wanted, Self::ManageEndpointSecret | Self::ViewEndpointSecret)
            }
            _ => self as u8 == wanted as u8,
        }
    }
}

/// Whom, and what, an application's token speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portal {
    /// The organisation the application belongs to.
    pub org: OrgId,
    /// The application.
    pub app: AppId,
    /// The flags whose event types it may see beside those without a flag.
    pub feature_flags: BTreeSet<EventType>,
    /// What it may do.
    pub capabilities: BTreeSet<Capability>,
    /// The session it was made for, by which it can be ended alone.
    pub session_id: Option<String>,
    /// When it was made; the epoch where it does not say.
    pub issued_at: Timestamp,
}

impl Portal {
    /// Whether it may do `wanted`.
    #[must_use]
    pub fn may(&self, wanted: Capability) -> bool {
        self.capabilities.iter().any(|held| held.includes(wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_managing_includes_seeing() {
        for one in Capability::ALL {
            assert_eq!(Capability::parse(one.as_str()), Some(one));
            assert!(one.includes(one));
        }
        assert!(Capability::ManageEndpoint.includes(Capability::ViewEndpointSecret));
        assert!(!Capability::ViewEndpointSecret.includes(Capability::ManageEndpointSecret));
        assert!(!Capability::ViewBase.includes(Capability::CreateAttempts));
    }
}
