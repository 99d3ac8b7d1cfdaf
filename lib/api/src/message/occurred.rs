//! What producers say of an event beside its payload, as answers show it.

use posthaste_domain::{Mode, Occurrence, Timestamp};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// The parts of an occurrence that are shown. The tenant is not: it is in the path.
#[derive(Clone, Debug)]
pub struct Occurred {
    /// When it happened.
    pub at: Option<Timestamp>,
    /// What it is about.
    pub subject: Option<String>,
    /// More about it.
    pub meta: Option<Box<RawValue>>,
    /// Whether it is for real.
    pub mode: Option<Mode>,
}

impl From<&Occurrence> for Occurred {
    fn from(occurrence: &Occurrence) -> Self {
        // It was JSON when it was accepted; a text that is none could only break the answer.
        let meta = |text: &String| RawValue::from_string(text.clone()).ok();
        Self {
            at: occurrence.at,
            subject: occurrence.subject.clone(),
            meta: occurrence.meta.as_ref().and_then(meta),
            mode: occurrence.mode,
        }
    }
}

/// Whether a message is for real. As with all of [`schema`](crate::schema), nothing is ever made
/// of it.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum MessageMode {
    /// For real.
    Live,
    /// A trial.
    Test,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_null_is_shown_and_nothing_is_not() {
        let shown = |meta: Option<&str>| {
            let occurrence = Occurrence { meta: meta.map(Into::into), ..Occurrence::default() };
            Occurred::from(&occurrence).meta.map(|meta| meta.get().to_owned())
        };
        for json in ["null", "{ \"n\" : 1.10 }", "7"] {
            assert_eq!(shown(Some(json)).as_deref(), Some(json));
        }
        for nothing in [None, Some("{broken")] {
            assert_eq!(shown(nothing), None);
        }
    }
}
