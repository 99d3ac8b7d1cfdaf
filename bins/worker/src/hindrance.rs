//! Why a delivery is set aside for a while, although nothing is wrong with it.

/// What is in the way of an attempt, and may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hindrance {
    /// No sealing key of ours opens the endpoint's secret.
    Secret,
    /// Its profile has not come to us, or was written by a newer version.
    Profile,
    /// It cannot be noted that it is sent, and receivers may ask.
    SentLog,
}

impl Hindrance {
    pub(crate) const ALL: [Self; 3] = [Self::Secret, Self::Profile, Self::SentLog];

    /// As a label.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Profile => "profile",
            Self::SentLog => "sent_log",
        }
    }

    /// In words.
    pub(crate) const fn why(self) -> &'static str {
        match self {
            Self::Secret => "the endpoint's secret cannot be opened",
            Self::Profile => "the endpoint's profile is not known",
            Self::SentLog => "it cannot be noted what is sent, for its receiver to ask about",
        }
    }
}
