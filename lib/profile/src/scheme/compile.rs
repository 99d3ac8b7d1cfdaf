//! From what is written down to what can be applied; every fault on the way.

use http::HeaderName;

use super::{
    Algorithm, Decode, Encoding, HeaderSpec, KeySpec, Rotation, Scheme, SchemeSpec,
    compiled::{Header, Making, Textual},
    mac::Hash,
    template::{ContentVar, EntryVar, HeaderVar, Template, Variable, is_printable},
};
use crate::{Fault, headers::is_transports_own};

/// The most headers that one scheme sets.
const MAX_HEADERS: usize = 8;
/// The longest `strip_prefix`, `join`, name of a scheme or of a header, in bytes.
const MAX_WORD: usize = 64;
/// The bytes of an Ed25519 seed.
const SEED_LEN: usize = 32;

impl SchemeSpec {
    /// The scheme, ready to sign.
    ///
    /// # Errors
    /// Every [`Fault`], each with its place in the scheme.
    pub fn compile(&self) -> Result<Scheme, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut fault = |place: &str, problem: &str| faults.push(Fault::new(place, problem));
        if !is_name(&self.name) {
            fault("/name", "must be a lower-case letter, then up to 31 of a-z, 0-9 and -");
        }
        self.check_key(&mut fault);
        self.check_rotation(&mut fault);
        let making = self.making(&mut fault);
        let entry = self.entry(&mut fault);
        let headers = self.headers(&mut fault);
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Scheme {
            name: self.name.as_str().into(),
            making,
            key: self.key.clone(),
            entry,
            join: self.join.as_deref().map(Into::into),
            headers,
            time: self.time.unwrap_or_default(),
            rotation: self.rotation,
        })
    }

    fn check_key(&self, fault: &mut impl FnMut(&str, &str)) {
        let KeySpec { strip_prefix, decode, take, .. } = &self.key;
        if strip_prefix.len() > MAX_WORD {
            fault("/key/strip_prefix", "must be at most 64 bytes");
        }
        match self.algorithm {
            Algorithm::HmacSha256 | Algorithm::HmacSha512 => {
                if *take == Some(0) {
                    fault("/key/take", "no key is made of no bytes");
                }
            }
            Algorithm::Ed25519 => {
                if strip_prefix != "whsk_" {
                    fault("/key/strip_prefix", "key pairs begin with whsk_");
                }
                if *decode != Decode::Base64 {
                    fault("/key/decode", "key pairs are written in base64");
                }
                if *take != Some(SEED_LEN) {
                    fault("/key/take", "the seed of a key pair is its first 32 bytes");
                }
            }
            Algorithm::Static => {
                if *decode != Decode::Utf8 {
                    fault("/key/decode", "a static secret is sent as the text it is: utf8");
                }
                if take.is_some() {
                    fault("/key/take", "a static secret is sent whole");
                }
            }
        }
    }

    fn check_rotation(&self, fault: &mut impl FnMut(&str, &str)) {
        if self.rotation == Rotation::AllActive {
            if self.algorithm == Algorithm::Static {
                fault("/rotation", "a static secret is sent alone: newest_only");
            }
            if self.join.is_none() {
                fault("/join", "all_active needs text to stand between entries");
            }
        }
        let Some(join) = &self.join else { return };
        let held = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
        if join.is_empty() || join.len() > MAX_WORD {
            fault("/join", "must be 1 to 64 bytes");
        } else if !join.chars().all(is_printable) {
            fault("/join", "must be printable ASCII");
        } else if join.chars().any(held) {
            fault("/join", "must hold no character that a signature may hold");
        }
    }

    fn making(&self, fault: &mut impl FnMut(&str, &str)) -> Making {
        let content = template::<ContentVar>("/content", &self.content, fault);
        let encoding = match self.encoding {
            Encoding::Hex => Some(Textual::Hex),
            Encoding::Base64 => Some(Textual::Base64),
            Encoding::Raw => None,
        };
        if self.algorithm == Algorithm::Static {
            if !self.content.is_empty() {
                fault("/content", "a static secret signs nothing");
            }
            if encoding.is_some() {
                fault("/encoding", "a static secret is sent as it is: raw");
            }
            return Making::Static;
        }
        if self.content.is_empty() {
            fault("/content", "nothing is signed");
        }
        let encoding = encoding.unwrap_or_else(|| {
            fault("/encoding", "a signature is not text: hex or base64");
            Textual::Hex
        });
        match self.algorithm {
            Algorithm::HmacSha512 => Making::Hmac { hash: Hash::Sha512, content, encoding },
            Algorithm::Ed25519 => Making::Ed25519 { content, encoding },
            Algorithm::HmacSha256 | Algorithm::Static => {
                Making::Hmac { hash: Hash::Sha256, content, encoding }
            }
        }
    }

    fn entry(&self, fault: &mut impl FnMut(&str, &str)) -> (Box<str>, Box<str>) {
        let (wanted, other, problem) = if self.algorithm == Algorithm::Static {
            (EntryVar::Secret, EntryVar::Sig, "must hold {{secret}} once, and no {{sig}}")
        } else {
            (EntryVar::Sig, EntryVar::Secret, "must hold {{sig}} once, and no {{secret}}")
        };
        let entry = template::<EntryVar>("/entry", &self.entry, fault);
        if entry.count(wanted) != 1 || entry.count(other) != 0 {
            fault("/entry", problem);
        }
        let (before, after) = entry.around();
        if let Some(join) = self.join.as_deref().filter(|join| !join.is_empty())
            && (before.contains(join) || after.contains(join))
        {
            fault("/entry", "must not hold the text that stands between entries");
        }
        (before.into(), after.into())
    }

    fn headers(&self, fault: &mut impl FnMut(&str, &str)) -> Vec<Header> {
        let pairs = match &self.header {
            HeaderSpec::Name(name) => {
                let value = Template::only(HeaderVar::Entries);
                let named = header_name("/header", name, fault);
                return named
                    .map(|named| Header { name: named, as_written: name.as_str().into(), value })
                    .into_iter()
                    .collect();
            }
            HeaderSpec::Templates(pairs) => pairs,
        };
        if pairs.len() > MAX_HEADERS {
            fault("/header", "must be at most 8 headers");
        }
        let mut headers: Vec<Header> = Vec::with_capacity(pairs.len());
        let mut entries = 0;
        for (written, value) in pairs {
            let place = format!("/header/{}", written.replace('~', "~0").replace('/', "~1"));
            let value = template::<HeaderVar>(&place, value, fault);
            if value.runs_together() {
                fault(&place, "text must stand between variables, so that they can be told apart");
            }
            entries += value.count(HeaderVar::Entries);
            let Some(name) = header_name(&place, written, fault) else { continue };
            if headers.iter().any(|header| header.name == name) {
                fault(&place, "is set twice");
            }
            headers.push(Header { name, as_written: written.as_str().into(), value });
        }
        if entries != 1 {
            fault("/header", "{{entries}} must stand once among the headers");
        }
        headers
    }
}

fn template<V: Variable>(
    place: &str,
    text: &str,
    fault: &mut impl FnMut(&str, &str),
) -> Template<V> {
    let (template, problems) = Template::parse(text);
    problems.iter().for_each(|problem| fault(place, problem));
    template
}

fn header_name(
    place: &str,
    written: &str,
    fault: &mut impl FnMut(&str, &str),
) -> Option<HeaderName> {
    if is_transports_own(written) {
        fault(place, "this header belongs to the transport or to the body");
    }
    let name = HeaderName::from_bytes(written.as_bytes()).ok();
    let name = name.filter(|name| name.as_str().len() <= MAX_WORD);
    if name.is_none() {
        fault(place, "is not a header's name: a token (RFC 9110 §5.6.2) of at most 64 bytes");
    }
    name
}

fn is_name(name: &str) -> bool {
    name.len() <= 32
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
