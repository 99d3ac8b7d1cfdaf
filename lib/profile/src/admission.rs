//! Whether an endpoint gets a message by its profile's rules for subscribing. Pure.
//!
//! Beside what the endpoint asked for itself: event types and channels are not looked at here, but
//! for whether any were chosen.

use posthaste_domain::{Endpoint, Mode};

use crate::{ModeScope, Outgoing, Profile};

impl Profile {
    /// Whether `endpoint` may get what is `outgoing` to it: not while nothing is checked, where
    /// nothing is sent until something is; and where modes are kept apart, only what is of its own.
    /// A message that says no mode is for real.
    #[must_use]
    pub fn admits(&self, endpoint: &Endpoint, outgoing: &Outgoing<'_>) -> bool {
        if self.subscription.none_until_checked && endpoint.event_types.is_none() {
            return false;
        }
        match endpoint.mode {
            Some(own) if self.modes.scope == ModeScope::PerMode => {
                self.mode(outgoing).unwrap_or(Mode::Live) == own
            }
            _ => true,
        }
    }
}
