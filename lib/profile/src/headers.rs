//! The headers that carry a message's id, the moment of the attempt and the signatures.
//!
//! `user-agent` is not among them: it belongs to the client that sends the request.

use std::{fmt, str::FromStr};

use http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_TYPE};
use posthaste_domain::{MessageId, SigningSecret, Timestamp};

use crate::sign;

/// How many headers a request has once the client has added its own (`host`, `content-length`,
/// `accept`, `user-agent`), so that the map never grows.
const HEADERS_SENT: usize = 8;

/// Under which names the signature headers go out. Lower case either way: some receivers' libraries
/// look up exactly these spellings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HeaderNames {
    /// `webhook-id`, `webhook-timestamp`, `webhook-signature`, as in Standard Webhooks.
    #[default]
    Webhook,
    /// `svix-id`, `svix-timestamp`, `svix-signature`, for receivers that verify with Svix libraries.
    Svix,
}

/// Names that are ours or the transport's, so that no endpoint may set them.
const RESERVED: [&str; 20] = [
    "accept",
    "accept-encoding",
    "age",
    "cache-control",
    "clear-site-data",
    "connection",
    "expect",
    "expires",
    "host",
    "http2-settings",
    "keep-alive",
    "pragma",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "warning",
];

/// What names begin with that are ours, the body's or a proxy's, or that a cloud trusts on its own
/// way in.
const RESERVED_PREFIXES: [&str; 12] = [
    "content-", "proxy-", "svix-", "webhook-", "x-amz-", "x-amzn-", "x-azure-", "x-fd-", "x-gfe",
    "x-goog-", "x-google", "x-svix-",
];

/// Whether a header of this name, in whatever case, is not for an endpoint to set: the API refuses
/// it, and a request never carries it on an endpoint's behalf.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    let begins = |prefix: &&str| {
        name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name))
        || RESERVED_PREFIXES.iter().any(begins)
}

/// Whether a header of this name belongs to the transport or the body, so that not even a profile may
/// set it.
pub(crate) fn is_transports_own(name: &str) -> bool {
    let begins = |prefix: &str| {
        name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name))
        || begins("content-")
        || begins("proxy-")
}

/// Neither `webhook` nor `svix`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected webhook or svix")]
pub struct HeaderNamesError;

impl HeaderNames {
    /// What every name begins with, without the hyphen.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Svix => "svix",
        }
    }

    /// The header of the message id.
    #[must_use]
    pub const fn id(self) -> HeaderName {
        match self {
            Self::Webhook => HeaderName::from_static("webhook-id"),
            Self::Svix => HeaderName::from_static("svix-id"),
        }
    }

    /// The header of the attempt's Unix time in seconds.
    #[must_use]
    pub const fn timestamp(self) -> HeaderName {
        match self {
            Self::Webhook => HeaderName::from_static("webhook-timestamp"),
            Self::Svix => HeaderName::from_static("svix-timestamp"),
        }
    }

    /// The header of the signatures.
    #[must_use]
    pub const fn signature(self) -> HeaderName {
        match self {
            Self::Webhook => HeaderName::from_static("webhook-signature"),
            Self::Svix => HeaderName::from_static("svix-signature"),
        }
    }
}

impl FromStr for HeaderNames {
    type Err = HeaderNamesError;

    fn from_str(text: &str) -> Result<Self, HeaderNamesError> {
        match text {
            "webhook" => Ok(Self::Webhook),
            "svix" => Ok(Self::Svix),
            _ => Err(HeaderNamesError),
        }
    }
}

impl fmt::Display for HeaderNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The headers of one attempt: `content-type: application/json`, and id, timestamp and signature
/// under the names chosen. The id is the message's own on every attempt; timestamp and signature
/// are made anew for each.
#[must_use]
pub fn signed_headers<'a>(
    names: HeaderNames,
    id: &MessageId,
    at: Timestamp,
    keys: impl Iterator<Item = &'a SigningSecret>,
    body: &[u8],
) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(HEADERS_SENT);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(names.id(), visible(id.as_str().to_owned()));
    headers.insert(names.timestamp(), HeaderValue::from(at.unix_seconds()));
    headers.insert(names.signature(), visible(sign(keys, id, at, body)));
    headers
}

/// For text that is visible ASCII by its making.
fn visible(text: String) -> HeaderValue {
    #[expect(clippy::expect_used, reason = "ids and signatures cannot hold a control character")]
    HeaderValue::try_from(text).expect("letters, digits, base64, commas and spaces")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TOLERANCE, verify};

    const AT: Timestamp = Timestamp::from_micros(1_614_265_330_500_000);

    fn secret() -> SigningSecret {
        SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()
    }

    #[test]
    fn a_receiver_can_verify_what_the_headers_say() {
        let id: MessageId = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk".parse().unwrap();
        for names in [HeaderNames::Webhook, HeaderNames::Svix] {
            let headers = signed_headers(names, &id, AT, [secret()].iter(), b"{}");
            let text = |suffix| headers[format!("{names}-{suffix}")].to_str().unwrap();
            assert_eq!(text("id"), id.as_str());
            assert_eq!(text("timestamp"), "1614265330");
            assert_eq!(
                verify(
                    &secret(),
                    text("id"),
                    text("timestamp"),
                    text("signature"),
                    b"{}",
                    AT,
                    TOLERANCE
                ),
                Ok(())
            );
            assert_eq!(headers[CONTENT_TYPE], "application/json");
            assert_eq!(headers.len(), 4);
        }
    }

    #[test]
    fn what_is_ours_is_reserved_in_whatever_case_and_the_rest_is_not() {
        for name in ["Host", "content-type", "Content-MD5", "WEBHOOK-ID", "svix-x", "proxy-a", "TE"]
        {
            assert!(is_reserved(name), "{name}");
        }
        for name in ["authorization", "x-api-key", "x-contents", "hosts", "cookie", "", "é"] {
            assert!(!is_reserved(name), "{name}");
        }
        for names in [HeaderNames::Webhook, HeaderNames::Svix] {
            let headers = [names.id(), names.timestamp(), names.signature(), CONTENT_TYPE];
            assert!(headers.iter().all(|name| is_reserved(name.as_str())));
        }
    }

    #[test]
    fn names_are_read_back_and_anything_else_is_refused() {
        for names in [HeaderNames::Webhook, HeaderNames::Svix] {
            assert_eq!(names.to_string().parse(), Ok(names));
        }
        assert_eq!("Webhook".parse::<HeaderNames>(), Err(HeaderNamesError));
    }
}
