//! Every setting of every role, and how a verb reads those that it needs.

use std::fmt::Write as _;

use posthaste_service::{
    Key, Reader, Vars,
    config::{ConfigFaults, reference},
};

use crate::failure::Failure;

/// The settings that belong together, under one heading of the reference.
struct Section {
    title: &'static str,
    read_by: &'static str,
    keys: &'static [Key],
}

const SECTIONS: &[Section] = &[
    Section { title: "Every process", read_by: "every role", keys: posthaste_service::KEYS },
    Section { title: "The broker", read_by: "every role", keys: posthaste_bus::config::KEYS },
    Section {
        title: "Tokens",
        read_by: "ingress, control, and the commands `token` and `send`",
        keys: &[posthaste_api::TOKEN_SECRET],
    },
    Section {
        title: "Secrets at rest",
        read_by: "worker and control",
        keys: &[posthaste_registry::SEAL_KEYS],
    },
    Section {
        title: "Ingress",
        read_by: "ingress; control, where it accepts messages itself",
        keys: posthaste_ingress::config::KEYS,
    },
    Section { title: "Receivers", read_by: "worker and control", keys: posthaste_outbound::KEYS },
    Section { title: "Worker", read_by: "worker", keys: posthaste_worker::config::KEYS },
    Section { title: "Control", read_by: "control", keys: posthaste_control::config::KEYS },
];

/// The whole reference, in Markdown.
pub(crate) fn markdown() -> String {
    let mut text = format!(
        "# Configuration\n\n\
         Written by `posthaste config`; a test compares the two.\n\n\
         A setting is an environment variable, or a key of the TOML file that `{}` names; the\n\
         variable wins. An empty value counts as not set. Every process may share one file and one\n\
         environment, and reads what it needs; a name that is not listed here, in a section (`nats`\n\
         of `nats.urls`) of which the process reads something, is a fault. All faults are reported\n\
         at once, with exit code 64. Nothing is read again after the start.\n",
        posthaste_service::config::CONFIG_FILE
    );
    for Section { title, read_by, keys } in SECTIONS {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n## {title}\n\nRead by {read_by}.\n\n{}", reference(keys));
    }
    text
}

/// Reads, from this process's environment, what a verb needs.
pub(crate) fn read<T>(read: impl FnOnce(&mut Reader<'_>) -> T) -> Result<T, Failure> {
    let vars = Vars::from_process().map_err(Failure::config)?;
    read_from(&vars, read).map_err(Failure::config)
}

/// Reads from `vars`; a name that no role knows is a fault.
pub(crate) fn read_from<T>(
    vars: &Vars,
    read: impl FnOnce(&mut Reader<'_>) -> T,
) -> Result<T, ConfigFaults> {
    let known: Vec<_> = SECTIONS.iter().map(|section| section.keys).collect();
    let mut reader = Reader::new(vars);
    reader.check_known(&known, &[]);
    let value = read(&mut reader);
    reader.finish().map(|()| value)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_setting_is_listed_twice() {
        let paths: Vec<_> =
            SECTIONS.iter().flat_map(|section| section.keys).map(|key| key.path).collect();
        assert_eq!(paths.iter().collect::<BTreeSet<_>>().len(), paths.len(), "{paths:?}");
    }

    #[test]
    fn the_written_reference_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/configuration.md");
        let written = std::fs::read_to_string(path).unwrap();
        assert!(
            written == markdown(),
            "deploy/configuration.md is out of date: posthaste config > deploy/configuration.md"
        );
    }

    #[test]
    fn a_misspelt_variable_is_a_fault_of_every_verb() {
        let vars = Vars::from_pairs([("POSTHASTE_NATS_URL", "nats://broker:4222")]);
        let faults = read_from(&vars, |_| ()).unwrap_err().to_string();
        assert!(faults.contains("POSTHASTE_NATS_URL"), "{faults}");
        let vars = Vars::from_pairs([("POSTHASTE_NATS_URLS", "nats://broker:4222")]);
        assert!(read_from(&vars, |_| ()).is_ok());
    }
}
