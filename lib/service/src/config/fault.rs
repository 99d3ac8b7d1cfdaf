//! What is wrong with a configuration, in words for whoever wrote it.

use std::{fmt, process::ExitCode};

/// The exit code for a bad configuration: `EX_USAGE` of `sysexits.h`.
pub const EX_USAGE: u8 = 64;

/// How much of a wrong value is repeated, in characters.
const SHOWN_MAX: usize = 80;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The variable, or the file.
    pub name: String,
    /// What was found there, where it helps. Never a secret.
    pub found: String,
    /// What is wanted instead.
    pub wanted: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: found {}; {}", self.name, self.found, self.wanted)
    }
}

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigFaults(Vec<Fault>);

impl ConfigFaults {
    /// Notes that at `name` there is `found`, and what is `wanted`.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        found: impl Into<String>,
        wanted: impl Into<String>,
    ) {
        self.0.push(Fault { name: name.into(), found: found.into(), wanted: wanted.into() });
    }

    /// Takes over the faults of `other`.
    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The faults, in the order they were found.
    #[must_use]
    pub fn as_slice(&self) -> &[Fault] {
        &self.0
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Ok` where nothing is wrong.
    ///
    /// # Errors
    /// Itself where something is.
    pub fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }

    /// What the process should end with: [`EX_USAGE`].
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(EX_USAGE)
    }
}

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.len() == 1 { "" } else { "s" };
        write!(f, "the configuration has {} fault{plural}", self.0.len())?;
        for fault in &self.0 {
            write!(f, "\n  {fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigFaults {}

/// A value as it may be repeated: quoted, escaped, and not too much of it.
pub(super) fn quoted(value: &str) -> String {
    match value.char_indices().nth(SHOWN_MAX) {
        Some((cut, _)) => format!("{:?}…", &value[..cut]),
        None => format!("{value:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_named() {
        let mut faults = ConfigFaults::default();
        faults.add("POSTHASTE_A", quoted("x"), "wants a number");
        faults.add("POSTHASTE_B", "nothing", "must be set");
        let expected = "the configuration has 2 faults\n  POSTHASTE_A: found \"x\"; wants a number\
                        \n  POSTHASTE_B: found nothing; must be set";
        assert_eq!(faults.to_string(), expected);
        assert_eq!(faults.clone().into_result(), Err(faults));
    }

    #[test]
    fn long_and_odd_values_are_cut_and_escaped() {
        assert_eq!(quoted("a\nb"), "\"a\\nb\"");
        assert_eq!(quoted(&"é".repeat(81)), format!("\"{}\"…", "é".repeat(80)));
    }
}
