//! The signatures of a profile, read from it.

use crate::{
    document::{Node, Section, list},
    scheme::{SchemeSpec, SignatureSpec, Signatures},
};

/// How requests are signed.
#[derive(Clone, Debug)]
pub(crate) struct Signing {
    pub(crate) signatures: Signatures,
    /// Whether a signature covers the body and nothing else.
    pub(crate) covers_the_body_alone: bool,
}

impl Signing {
    /// Whether requests are not signed.
    pub(crate) fn is_empty(&self) -> bool {
        self.signatures.schemes().is_empty() && self.signatures.messages().is_empty()
    }
}

fn covers_the_body_alone(spec: &SignatureSpec) -> bool {
    let alone = |spec: &SchemeSpec| spec.content == "{{body}}";
    match spec {
        SignatureSpec::Named(name) => SchemeSpec::builtin(name).as_ref().is_some_and(alone),
        SignatureSpec::Scheme(spec) => alone(spec),
        SignatureSpec::Message(_) => false,
    }
}

pub(crate) fn read(top: &Section<'_>) -> Option<Signing> {
    const NAME: &str = "signatures";
    let all = top.want(NAME, list)?;
    let read = |(place, node): (usize, &Node)| {
        let spec = serde_json::to_string(node).and_then(|json| serde_json::from_str(&json));
        match spec {
            Ok(spec) => Some(spec),
            Err(error) => {
                top.faults().add(format!("{}/{place}", top.at(NAME)), error.to_string());
                None
            }
        }
    };
    let specs: Vec<Option<SignatureSpec>> = all.iter().enumerate().map(read).collect();
    let specs: Vec<_> = specs.into_iter().collect::<Option<_>>()?;
    match Signatures::compile(&specs) {
        Ok(signatures) => {
            let covers_the_body_alone = specs.iter().any(covers_the_body_alone);
            Some(Signing { signatures, covers_the_body_alone })
        }
        Err(faults) => {
            for fault in faults {
                top.faults().push(fault.within(&top.at(NAME)));
            }
            None
        }
    }
}
