//! Which messages an endpoint gets, and how many endpoints there may be.

use posthaste_domain::Mode;

use crate::document::{Section, list, one_of, text, whole};

/// A profile's rules for subscribing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subscription {
    /// Whether an endpoint without event types of its own gets nothing, rather than everything.
    pub none_until_checked: bool,
    /// Whether endpoints cannot choose event types.
    pub unfiltered: bool,
    /// How many endpoints an application may have; `None` is any number.
    pub endpoints_max: Option<usize>,
    /// Above how many its merchant is told that more are seldom meant.
    pub warn_above: Option<usize>,
}

/// How an endpoint's mode narrows what it gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModeScope {
    /// One endpoint gets events of both modes.
    Shared,
    /// An endpoint gets events of the mode in which it was registered.
    PerMode,
    /// Each mode is an environment of its own, so there is nothing to narrow.
    #[default]
    PerEnvironment,
}

/// Where an event says its mode, and what follows from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modes {
    /// Where in the body it stands, as a JSON Pointer; `None` where a body does not say.
    pub pointer: Option<String>,
    /// What follows from it.
    pub scope: ModeScope,
}

impl Subscription {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        let defaults = [("all_events", false), ("none_until_checked", true)];
        let filters = [("exact_type_list", false), ("none", true)];
        let count = |name| {
            let count = section.may(name, whole(1..=1_000));
            count.and_then(|count| usize::try_from(count).ok())
        };
        let none_until_checked = section.want("default", one_of(&defaults)).unwrap_or_default();
        let unfiltered = section.may("filter", one_of(&filters)).unwrap_or_default();
        if none_until_checked && unfiltered {
            section
                .fault("filter", "whoever gets nothing until it is checked must be able to check");
        }
        Self {
            none_until_checked,
            unfiltered,
            endpoints_max: count("endpoints_per_tenant"),
            warn_above: count("warn_above"),
        }
    }
}

impl Modes {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        let scopes = [
            ("shared", ModeScope::Shared),
            ("per_mode", ModeScope::PerMode),
            ("per_environment", ModeScope::PerEnvironment),
        ];
        section.may("values", |node| {
            let known = |node| text(node).is_ok_and(|text| text.parse::<Mode>().is_ok());
            let all = list(node)?.iter().all(known);
            if all { Ok(()) } else { Err("may hold live and test".into()) }
        });
        Self {
            pointer: section.may("pointer", pointer),
            scope: section.want("endpoint_scope", one_of(&scopes)).unwrap_or_default(),
        }
    }
}

/// A JSON Pointer (RFC 6901) to something within a document.
pub(crate) fn pointer(node: &crate::document::Node) -> Result<String, String> {
    let pointer = text(node)?;
    let escapes = pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if pointer.starts_with('/') && escapes && pointer.len() <= 256 {
        Ok(pointer.to_owned())
    } else {
        Err("must be a JSON Pointer that begins with /".into())
    }
}
