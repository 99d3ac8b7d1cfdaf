//! What a request carries beside the headers that sign it.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use posthaste_profile::is_reserved;

/// Adds an endpoint's own headers to those of its profile. None takes the place of one that is
/// there, or has a name that is reserved: the API refuses those, and what was stored before it did
/// is left out.
pub(crate) fn add(headers: &mut HeaderMap, own: &BTreeMap<String, String>) {
    for (name, value) in own {
        let (Ok(name), Ok(mut value)) =
            (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str()))
        else {
            continue;
        };
        if is_reserved(name.as_str()) || headers.contains_key(&name) {
            continue;
        }
        // It may be a credential.
        value.set_sensitive(true);
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    #[test]
    fn an_endpoints_headers_are_added_and_never_take_the_place_of_ours() {
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", HeaderValue::from_static("msg_1"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let own = [
            ("Authorization", "Bearer secret"),
            ("X-Shop", "7"),
            ("Host", "evil.example"),
            ("webhook-id", "msg_2"),
            ("Webhook-Signature", "v1,x"),
            ("content-type", "text/plain"),
            ("Content-MD5", "x"),
            ("expect", "100-continue"),
            ("Transfer-Encoding", "chunked"),
            ("svix-id", "msg_2"),
            ("bad name", "x"),
            ("x-bad", "a\nb"),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        add(&mut headers, &own);
        assert_eq!(headers["webhook-id"], "msg_1");
        assert_eq!(headers[header::CONTENT_TYPE], "application/json");
        assert_eq!(headers["x-shop"], "7");
        assert!(headers[header::AUTHORIZATION].is_sensitive());
        assert_eq!(headers.len(), 4);
    }
}
