//! Names of headers: those that an operator chooses between, and those that are not to be set.

use std::{fmt, str::FromStr};

use http::HeaderValue;

/// Under which names an endpoint without a profile gets its signature. Lower case either way: some
/// receivers' libraries look up exactly these spellings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HeaderNames {
    /// `webhook-id`, `webhook-timestamp`, `webhook-signature`, as in Standard Webhooks.
    #[default]
    Webhook,
    /// `svix-id`, `svix-timestamp`, `svix-signature`, for receivers that verify with Svix libraries.
    Svix,
}

/// Names that are the transport's, so that neither an endpoint nor a profile may set them.
const TRANSPORTS: [&str; 20] = [
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

/// What the names of the body's and of proxies' headers begin with.
const TRANSPORTS_PREFIXES: [&str; 2] = ["content-", "proxy-"];

/// What names begin with that are a signature's, or that a cloud trusts on its own way in: a profile
/// may set them, an endpoint may not.
const RESERVED_PREFIXES: [&str; 10] = [
    "svix-", "webhook-", "x-amz-", "x-amzn-", "x-azure-", "x-fd-", "x-gfe", "x-goog-", "x-google",
    "x-svix-",
];

/// Whether a header of this name, in whatever case, is not for an endpoint to set: the API refuses
/// it, and a request never carries it on an endpoint's behalf.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    is_transports_own(name) || RESERVED_PREFIXES.iter().any(|prefix| begins(name, prefix))
}

/// Whether a header of this name belongs to the transport or the body, so that not even a profile may
/// set it.
pub(crate) fn is_transports_own(name: &str) -> bool {
    TRANSPORTS.iter().any(|own| own.eq_ignore_ascii_case(name))
        || TRANSPORTS_PREFIXES.iter().any(|prefix| begins(name, prefix))
}

/// A header's value of visible ASCII, spaces and tabs, and of nothing else that RFC 9110 §5.5 still
/// lets through: receivers do not agree on what other bytes mean.
pub(crate) fn ascii_value(text: &str) -> Option<HeaderValue> {
    if text.is_ascii() { HeaderValue::from_str(text).ok() } else { None }
}

fn begins(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Neither `webhook` nor `svix`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected webhook or svix")]
pub struct HeaderNamesError;

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
        f.write_str(match self {
            Self::Webhook => "webhook",
            Self::Svix => "svix",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            for what in ["id", "timestamp", "signature"] {
                assert!(is_reserved(&format!("{names}-{what}")));
            }
        }
    }

    #[test]
    fn a_profile_may_set_a_signatures_headers_and_not_the_transports() {
        for name in ["Host", "Content-Length", "proxy-a", "User-Agent"] {
            assert!(is_transports_own(name), "{name}");
        }
        for name in ["webhook-id", "Svix-Signature", "x-amz-date", "x-contents", "é"] {
            assert!(!is_transports_own(name), "{name}");
        }
    }

    #[test]
    fn a_value_is_ascii_and_visible() {
        assert_eq!(ascii_value("a \t~").unwrap(), "a \t~");
        for text in ["é", "\u{7f}", "a\r\nb", "\0"] {
            assert_eq!(ascii_value(text), None, "{text:?}");
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
