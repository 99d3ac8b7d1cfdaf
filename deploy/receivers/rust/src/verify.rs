//! Tells whether a webhook request is from who it says, over the body as it was received.
//!
//! Copy this file. It needs the crates `base64` and `ring`.

use std::{collections::HashMap, fmt};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::{
    hmac,
    signature::{ED25519, UnparsedPublicKey},
};

/// How a signature is made of the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Sha256,
    Sha512,
    Ed25519,
    /// The secret itself.
    Static,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Hex,
    Base64,
}

/// Where a request carries the time of sending, as seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    None,
    Header(&'static str),
    /// In the signature header, after `t=`.
    Inside,
}

/// Where a request carries its signatures, and how they are made.
#[derive(Clone, Copy, Debug)]
pub struct Scheme {
    pub name: &'static str,
    /// The header that carries the signatures.
    pub header: &'static str,
    /// What a signature begins with; what begins otherwise is passed over.
    pub entry: &'static str,
    /// Between signatures, of which there are several while a secret is rotated.
    pub separator: Option<char>,
    /// What is signed before the body.
    pub before: &'static str,
    /// The header of the message id, which stays the same when it is sent again.
    pub id: Option<&'static str>,
    pub time: Time,
    pub algorithm: Algorithm,
    pub encoding: Encoding,
    /// What a secret begins with that is base64 from there on; otherwise it is used as it is.
    pub secret: Option<&'static str>,
}

const PLAIN: Scheme = Scheme {
    name: "hex-body",
    header: "x-signature",
    entry: "",
    separator: None,
    before: "",
    id: None,
    time: Time::None,
    algorithm: Algorithm::Sha256,
    encoding: Encoding::Hex,
    secret: None,
};
const STANDARD_V1: Scheme = Scheme {
    name: "standard-v1",
    header: "webhook-signature",
    entry: "v1,",
    separator: Some(' '),
    before: "{id}.{timestamp}.",
    id: Some("webhook-id"),
    time: Time::Header("webhook-timestamp"),
    encoding: Encoding::Base64,
    secret: Some("whsec_"),
    ..PLAIN
};
const STRIPE: Scheme = Scheme {
    name: "stripe",
    header: "stripe-signature",
    entry: "v1=",
    separator: Some(','),
    before: "{timestamp}.",
    time: Time::Inside,
    ..PLAIN
};
const SLACK: Scheme = Scheme {
    name: "slack",
    header: "x-slack-signature",
    entry: "v0=",
    before: "v0:{timestamp}:",
    time: Time::Header("x-slack-request-timestamp"),
    ..PLAIN
};

/// All that these receivers know.
pub const SCHEMES: [Scheme; 14] = [
    STANDARD_V1,
    Scheme {
        name: "standard-v1a",
        entry: "v1a,",
        algorithm: Algorithm::Ed25519,
        secret: Some("whpk_"),
        ..STANDARD_V1
    },
    Scheme {
        name: "svix",
        header: "svix-signature",
        id: Some("svix-id"),
        time: Time::Header("svix-timestamp"),
        ..STANDARD_V1
    },
    Scheme { name: "justwallet", header: "signature", ..PLAIN },
    PLAIN,
    STRIPE,
    Scheme {
        name: "github",
        header: "x-hub-signature-256",
        entry: "sha256=",
        id: Some("x-github-delivery"),
        ..PLAIN
    },
    SLACK,
    Scheme {
        name: "zoom",
        header: "x-zm-signature",
        time: Time::Header("x-zm-request-timestamp"),
        ..SLACK
    },
    Scheme {
        name: "shopify",
        header: "x-shopify-hmac-sha256",
        id: Some("x-shopify-webhook-id"),
        encoding: Encoding::Base64,
        ..PLAIN
    },
    Scheme {
        name: "pagerduty",
        header: "x-pagerduty-signature",
        entry: "v1=",
        separator: Some(','),
        ..PLAIN
    },
    Scheme {
        name: "convoy-advanced",
        header: "x-convoy-signature",
        before: "{timestamp},",
        ..STRIPE
    },
    Scheme {
        name: "masspay",
        header: "x-masspay-signature",
        entry: "s=",
        before: "{timestamp}|",
        algorithm: Algorithm::Sha512,
        ..STRIPE
    },
    Scheme { name: "static-secret", header: "signature", algorithm: Algorithm::Static, ..PLAIN },
];

/// The request is not to be believed. The reason is for your log, not for the sender.
#[derive(Debug)]
pub enum Refused {
    Missing(&'static str),
    NotATime,
    TooFarFromNow,
    NoMatch,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(header) => write!(f, "{header} is missing"),
            Self::NotATime => f.write_str("the timestamp is not a number of seconds"),
            Self::TooFarFromNow => f.write_str("the timestamp is too far from now"),
            Self::NoMatch => f.write_str("no signature matches"),
        }
    }
}

impl Scheme {
    /// The key in a secret, unless the secret is wrong. Call it once, at the start, so that it is
    /// found then.
    pub fn key(&self, secret: &str) -> Option<Vec<u8>> {
        let key = match self.secret {
            Some(start) => STANDARD.decode(secret.strip_prefix(start)?).ok()?,
            None => secret.as_bytes().to_vec(),
        };
        (!key.is_empty()).then_some(key)
    }

    /// The message id, or `None` where the scheme has none. `headers` has its names in lower case,
    /// `body` is the bytes as received, `now` and `tolerance` are in seconds.
    pub fn verify<'a>(
        &self,
        key: &[u8],
        headers: &'a HashMap<String, String>,
        body: &[u8],
        now: u64,
        tolerance: u64,
    ) -> Result<Option<&'a str>, Refused> {
        let header = |name: &'static str| {
            let value = headers.get(name).map(String::as_str).filter(|value| !value.is_empty());
            value.ok_or(Refused::Missing(name))
        };
        let given = header(self.header)?;
        let entries: Vec<_> = match self.separator {
            Some(separator) => given.split(separator).collect(),
            None => vec![given],
        };
        let id = self.id.map(header).transpose()?;
        let timestamp = match self.time {
            Time::None => None,
            Time::Header(name) => Some(header(name)?),
            Time::Inside => {
                let inside = entries.iter().find_map(|entry| entry.strip_prefix("t="));
                Some(inside.ok_or(Refused::NotATime)?)
            }
        };
        if let Some(timestamp) = timestamp {
            let digits = timestamp.bytes().all(|b| b.is_ascii_digit());
            let at: u64 = timestamp.parse().map_err(|_| Refused::NotATime)?;
            if !digits {
                return Err(Refused::NotATime);
            }
            if now.abs_diff(at) > tolerance {
                return Err(Refused::TooFarFromNow);
            }
        }
        let before = self.before.replace("{id}", id.unwrap_or_default());
        let before = before.replace("{timestamp}", timestamp.unwrap_or_default());
        let content = [before.as_bytes(), body].concat();
        let mut signatures = entries.iter().filter_map(|entry| entry.strip_prefix(self.entry));
        if signatures.any(|signature| self.matches(key, &content, signature)) {
            Ok(id)
        } else {
            Err(Refused::NoMatch)
        }
    }

    fn matches(&self, key: &[u8], content: &[u8], signature: &str) -> bool {
        let given = match self.encoding {
            _ if self.algorithm == Algorithm::Static => Some(signature.as_bytes().to_vec()),
            Encoding::Base64 => STANDARD.decode(signature).ok(),
            Encoding::Hex => from_hex(signature),
        };
        let Some(given) = given else { return false };
        // Not ==, which takes the longer the more of it is right: ring compares.
        match self.algorithm {
            Algorithm::Sha256 => {
                hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), content, &given).is_ok()
            }
            Algorithm::Sha512 => {
                hmac::verify(&hmac::Key::new(hmac::HMAC_SHA512, key), content, &given).is_ok()
            }
            Algorithm::Ed25519 => {
                UnparsedPublicKey::new(&ED25519, key).verify(content, &given).is_ok()
            }
            // Two texts are the same where their authentication codes are.
            Algorithm::Static => {
                let any = hmac::Key::new(hmac::HMAC_SHA256, key);
                hmac::verify(&any, &given, hmac::sign(&any, key).as_ref()).is_ok()
            }
        }
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: &u8| char::from(*b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}
