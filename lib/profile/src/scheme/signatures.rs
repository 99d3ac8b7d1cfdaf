//! All that one profile does to sign a request.

mod read;

use http::{HeaderMap, HeaderName};
use posthaste_domain::SigningSecret;
use serde::Serialize;

use super::{
    MessageSignature, MessageSignatureSpec, Scheme, SchemeSpec, SignError, Signed, Target,
    compiled::Header,
    template::{HeaderVar, Template},
};
use crate::Fault;

/// One element of a profile's list of signatures.
///
/// Written as a string, it names a known scheme; as a map named `rfc9421`, it is a message
/// signature; as any other map, a scheme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum SignatureSpec {
    /// A scheme of [`SchemeSpec::builtins`], by its name.
    Named(String),
    /// A scheme, written out.
    Scheme(SchemeSpec),
    /// A message signature (RFC 9421).
    Message(MessageSignatureSpec),
}

/// A profile's signatures, ready to make. None at all is as good as several.
#[derive(Clone, Debug, Default)]
pub struct Signatures {
    schemes: Vec<Scheme>,
    messages: Vec<MessageSignature>,
    /// Where in the list each scheme, and each message signature, is written.
    places: (Vec<usize>, Vec<usize>),
}

/// The most signatures of one profile.
const MAX_SIGNATURES: usize = 8;

impl Signatures {
    /// Compiles each, and sees to it that together they fit into one request.
    ///
    /// # Errors
    /// Every [`Fault`], each with its place in the list.
    pub fn compile(specs: &[SignatureSpec]) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        if specs.len() > MAX_SIGNATURES {
            return Err(vec![Fault::new("", "must be at most 8 signatures")]);
        }
        let (mut signatures, mut places) = (Self::default(), Vec::new());
        for (at, spec) in specs.iter().enumerate() {
            let place = format!("/{at}");
            let compiled = match spec {
                SignatureSpec::Named(name) => match SchemeSpec::builtin(name) {
                    Some(spec) => spec.compile().map(|scheme| signatures.schemes.push(scheme)),
                    None => Err(vec![Fault::new("", format!("no scheme is known as {name:?}"))]),
                },
                SignatureSpec::Scheme(spec) => {
                    spec.compile().map(|scheme| signatures.schemes.push(scheme))
                }
                SignatureSpec::Message(spec) => {
                    let compiled = spec.compile();
                    compiled.map(|message| {
                        if signatures.messages.iter().any(|one| one.label() == message.label()) {
                            let problem = "another signature has this label";
                            faults.push(Fault::new(format!("{place}/label"), problem));
                        }
                        signatures.messages.push(message);
                    })
                }
            };
            match (compiled, spec) {
                (Err(found), _) => {
                    faults.extend(found.into_iter().map(|fault| fault.within(&place)));
                }
                (Ok(()), SignatureSpec::Message(_)) => signatures.places.1.push(at),
                (Ok(()), _) => {
                    signatures.places.0.push(at);
                    places.push(place);
                }
            }
        }
        signatures.check_together(&places, &mut faults);
        if faults.is_empty() { Ok(signatures) } else { Err(faults) }
    }

    /// Looks for a header that two would set to different values.
    fn check_together(&self, places: &[String], faults: &mut Vec<Fault>) {
        for (at, (scheme, place)) in self.schemes.iter().zip(places).enumerate() {
            for header in &scheme.headers {
                let agrees = |other: &Scheme| {
                    let mut same = other.headers.iter().filter(|one| one.name == header.name);
                    same.all(|one| agree(scheme, header, other, one))
                };
                let earlier = self.schemes.iter().take(at);
                let taken = self.messages.iter().flat_map(MessageSignature::header_names);
                let problem = if taken.into_iter().any(|(name, _)| *name == header.name) {
                    "a message signature (RFC 9421) sets this header as well"
                } else if !earlier.into_iter().all(agrees) {
                    "an earlier signature sets this header to something else"
                } else {
                    continue;
                };
                let problem = format!("{}: {problem}", header.as_written);
                faults.push(Fault::new(format!("{place}/header"), problem));
            }
        }
    }

    /// The schemes, in the order written.
    #[must_use]
    pub fn schemes(&self) -> &[Scheme] {
        &self.schemes
    }

    /// The message signatures, in the order written.
    #[must_use]
    pub fn messages(&self) -> &[MessageSignature] {
        &self.messages
    }

    /// The schemes, each with its place in the list.
    pub(crate) fn placed_schemes(&self) -> impl Iterator<Item = (usize, &Scheme)> {
        self.places.0.iter().copied().zip(&self.schemes)
    }

    /// The message signatures, each with its place in the list.
    pub(crate) fn placed_messages(&self) -> impl Iterator<Item = (usize, &MessageSignature)> {
        self.places.1.iter().copied().zip(&self.messages)
    }

    /// Whether a request can be signed with this secret alone: a signature takes it, and what
    /// message signatures cover is there, be it that `is_sent` says so or that a scheme which takes
    /// the secret sets it.
    pub(crate) fn can_sign(
        &self,
        secret: &SigningSecret,
        is_sent: impl Fn(&HeaderName) -> bool,
    ) -> bool {
        let accepting = || self.schemes.iter().filter(|scheme| scheme.accepts(secret));
        let is_set = |name| {
            is_sent(name) || accepting().flat_map(Scheme::header_names).any(|(set, _)| set == name)
        };
        let mut fields = self.messages.iter().flat_map(MessageSignature::fields);
        let is_accepted =
            accepting().next().is_some() || self.messages.iter().any(|one| one.accepts(secret));
        is_accepted && fields.all(|(_, name)| is_set(name))
    }

    /// Every header that may be set, and how it is to be spelt on the wire.
    pub fn header_names(&self) -> impl Iterator<Item = (&HeaderName, &str)> {
        let schemes = self.schemes.iter().flat_map(Scheme::header_names);
        schemes.chain(self.messages.iter().flat_map(MessageSignature::header_names))
    }

    /// Sets every signature's headers, message signatures last, for they may cover what the others
    /// set. `headers` holds all that is to be covered and none of the signatures' own headers. The
    /// answer is how many signatures were made, each key of each scheme being one.
    ///
    /// # Errors
    /// [`SignError`] where a request like this cannot be signed; some headers may have been set.
    pub fn sign<'k>(
        &self,
        keys: impl Iterator<Item = &'k SigningSecret> + Clone,
        signed: &Signed<'_>,
        target: &Target<'_>,
        headers: &mut HeaderMap,
    ) -> Result<usize, SignError> {
        let mut made = 0;
        for scheme in &self.schemes {
            made += scheme.sign(keys.clone(), signed, headers)?;
        }
        for message in &self.messages {
            made += message.sign(keys.clone(), signed, target, headers)?;
        }
        Ok(made)
    }
}

/// Whether two schemes may set the same header: to the same thing, or to entries that are joined.
fn agree(scheme: &Scheme, header: &Header, other: &Scheme, one: &Header) -> bool {
    let entries = Template::only(HeaderVar::Entries);
    if header.value == entries && one.value == entries {
        return scheme.join.is_some() && scheme.join == other.join;
    }
    header.value == one.value
        && header.value.count(HeaderVar::Entries) == 0
        && (header.value.count(HeaderVar::Timestamp) == 0 || scheme.time == other.time)
}
