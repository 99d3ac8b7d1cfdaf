//! The event types that a profile was made for, and what they are called on the wire.

use std::collections::BTreeMap;

use posthaste_domain::EventType;

use crate::{
    document::{Node, Section, list, text},
    subscription::pointer,
};

/// A profile's `event_type`.
pub(crate) struct EventTypes {
    pub(crate) catalogue: Option<Vec<EventType>>,
    pub(crate) wire: BTreeMap<EventType, String>,
}

impl EventTypes {
    pub(crate) fn read(section: &Section<'_>) -> Option<Self> {
        section.may("pointer", pointer);
        let name =
            |node: &Node| text(node)?.parse::<EventType>().map_err(|error| error.to_string());
        let catalogue =
            section.may("catalog", |node| list(node)?.iter().map(name).collect::<Result<_, _>>());
        let mut wire = BTreeMap::new();
        if let Some(names) = section.maybe_section("wire") {
            for (from, to) in names.entries() {
                match (from.parse::<EventType>(), text(to)) {
                    (Ok(from), Ok(to)) if is_wire_name(to) => {
                        wire.insert(from, to.to_owned());
                    }
                    (Err(error), _) => names.fault(from, error.to_string()),
                    _ => names.fault(
                        from,
                        "must be 1 to 256 characters of printable ASCII without spaces",
                    ),
                }
            }
        }
        Some(Self { catalogue, wire })
    }
}

/// Whether a header can carry it and a scheme sign it.
fn is_wire_name(name: &str) -> bool {
    (1..=256).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::Faults;

    #[test]
    fn names_on_the_wire_can_stand_in_a_header() {
        let places = |name: &str| {
            let json = serde_json::json!({"wire": {"a": name}}).to_string();
            let node: Node = serde_json::from_str(&json).unwrap();
            let faults = Faults::default();
            EventTypes::read(&Section::new(&node, String::new(), &faults));
            faults.into_vec().into_iter().map(|fault| fault.pointer).collect::<Vec<_>>()
        };
        for name in ["funding", "a/b:{c}~", &"x".repeat(256)] {
            assert_eq!(places(name), [""; 0], "{name}");
        }
        for name in ["", "a b", "é", "a\r\nb: c", "\t", "\u{7f}", &"x".repeat(257)] {
            assert_eq!(places(name), ["/wire/a"], "{name:?}");
        }
    }
}
