//! From what is written down to what can be applied; every fault on the way.

use super::{Component, MessageSignature, MessageSignatureSpec, Parameter};
use crate::{
    Fault,
    scheme::{Algorithm, Decode, KeySpec},
};

/// The most components that one signature covers.
const MAX_COMPONENTS: usize = 16;
/// The longest label and key id, in bytes.
const MAX_WORD: usize = 64;

impl MessageSignatureSpec {
    /// The signature, ready to make.
    ///
    /// # Errors
    /// Every [`Fault`], each with its place in the specification.
    pub fn compile(&self) -> Result<MessageSignature, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut fault = |place: &str, problem: &str| faults.push(Fault::new(place, problem));
        let key = match (self.algorithm, &self.key) {
            (Algorithm::HmacSha256, key) => Some(key.clone().unwrap_or_else(standard_key)),
            (Algorithm::Ed25519, None) => None,
            (Algorithm::Ed25519, Some(_)) => {
                fault("/key", "there is nothing to say of a key pair");
                None
            }
            (Algorithm::HmacSha512 | Algorithm::Static, _) => {
                fault("/algorithm", "must be hmac-sha256 or ed25519");
                None
            }
        };
        if key.as_ref().is_some_and(|key| key.take == Some(0)) {
            fault("/key/take", "no key is made of no bytes");
        }
        if !is_label(&self.label) {
            fault("/label", "must be 1 to 64 of a-z, 0-9, _ - . and *, beginning with a-z or *");
        }
        if self.keyid.is_empty() || self.keyid.len() > MAX_WORD {
            fault("/keyid", "must be 1 to 64 bytes");
        } else if !self.keyid.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
            fault("/keyid", "must be printable ASCII");
        }
        let components = self.components(&mut fault);
        let parameters = self.parameters(&mut fault);
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(MessageSignature { label: self.label.as_str().into(), key, components, parameters })
    }

    fn components(&self, fault: &mut impl FnMut(&str, &str)) -> Vec<Component> {
        if !(1..=MAX_COMPONENTS).contains(&self.components.len()) {
            fault("/components", "must be 1 to 16 components");
        }
        let mut components = Vec::with_capacity(self.components.len());
        for (at, name) in self.components.iter().enumerate() {
            let place = format!("/components/{at}");
            match Component::parse(name) {
                Ok(component) if components.contains(&component) => {
                    fault(&place, "is covered twice");
                }
                Ok(component) => components.push(component),
                Err(problem) => fault(&place, problem),
            }
        }
        components
    }

    /// What `Signature-Input` says of the signature, before the moment and after it.
    fn parameters(&self, fault: &mut impl FnMut(&str, &str)) -> (Box<str>, Box<str>) {
        const ALL: &[Parameter] = &[Parameter::Created, Parameter::Keyid, Parameter::Alg];
        let wanted = self.parameters.as_deref().unwrap_or(ALL);
        let times = |one| wanted.iter().filter(|wanted| **wanted == one).count();
        if times(Parameter::Created) != 1
            || times(Parameter::Keyid) > 1
            || times(Parameter::Alg) > 1
        {
            fault("/parameters", "must hold created, and each but once");
        }
        let names: Vec<_> = self.components.iter().map(|name| format!("{name:?}")).collect();
        let (mut before, mut after) = (format!("({})", names.join(" ")), String::new());
        let mut is_before = true;
        for parameter in wanted {
            let side = if is_before { &mut before } else { &mut after };
            match parameter {
                Parameter::Created => {
                    side.push_str(";created=");
                    is_before = false;
                }
                Parameter::Keyid => {
                    let escaped = self.keyid.replace('\\', "\\\\").replace('"', "\\\"");
                    side.push_str(&format!(";keyid=\"{escaped}\""));
                }
                Parameter::Alg => side.push_str(match self.algorithm {
                    Algorithm::Ed25519 => ";alg=\"ed25519\"",
                    _ => ";alg=\"hmac-sha256\"",
                }),
            }
        }
        (before.into(), after.into())
    }
}

fn standard_key() -> KeySpec {
    KeySpec { from: None, strip_prefix: "whsec_".into(), decode: Decode::Base64, take: None }
}

fn is_label(label: &str) -> bool {
    label.len() <= MAX_WORD
        && label.starts_with(|first: char| first.is_ascii_lowercase() || first == '*')
        && label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-.*".contains(c))
}
