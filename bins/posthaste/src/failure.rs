//! Why a command did not do what it was asked to, and what the process then ends with.

use std::{error::Error, fmt::Write as _, process::ExitCode};

use posthaste_service::config::{ConfigFaults, EX_USAGE};

/// Any cause, and an exit code. Converts from every error, so that a verb's own errors stay typed
/// up to here.
#[derive(Debug)]
pub(crate) struct Failure {
    cause: Box<dyn Error + Send + Sync>,
    code: u8,
}

/// What a command comes to.
pub(crate) type Outcome = Result<(), Failure>;

/// The exit code of every failure that is not the configuration's.
const EX_FAILED: u8 = 1;

impl Failure {
    /// The configuration is at fault, and the caller can mend it.
    pub(crate) fn config(faults: ConfigFaults) -> Self {
        Self { cause: faults.into(), code: EX_USAGE }
    }

    /// What the process should end with.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }

    /// The error and its causes in one line; a cause that only repeats the error is left out.
    pub(crate) fn told(&self) -> String {
        let mut told = self.cause.to_string();
        let mut cause = self.cause.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !told.ends_with(&text) {
                // Writing to a String cannot fail.
                let _ = write!(told, ": {text}");
            }
            cause = error.source();
        }
        told
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(cause: E) -> Self {
        Self { cause: Box::new(cause), code: EX_FAILED }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Told {
        text: &'static str,
        #[source]
        source: Option<Box<Told>>,
    }

    fn told(texts: &[&'static str]) -> String {
        let chain =
            texts.iter().rev().fold(None, |source, text| Some(Box::new(Told { text, source })));
        Failure::from(*chain.unwrap()).told()
    }

    #[test]
    fn causes_follow_their_error_once() {
        assert_eq!(told(&["no answer", "connection refused"]), "no answer: connection refused");
        assert_eq!(told(&["no answer: refused", "refused"]), "no answer: refused");
    }

    #[test]
    fn a_bad_configuration_has_its_own_exit_code() {
        let code = |failure: Failure| format!("{:?}", failure.exit_code());
        let faults = Failure::config(ConfigFaults::default());
        assert_eq!(code(faults), format!("{:?}", ExitCode::from(EX_USAGE)));
        assert_eq!(code(Failure::from(std::fmt::Error)), format!("{:?}", ExitCode::FAILURE));
    }
}
