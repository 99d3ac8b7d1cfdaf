//! Where the answer to a request is remembered.

use http::{header, request::Parts};
use sha2::{Digest as _, Sha256};

/// The key in the bucket: a digest of who asks what under which idempotency key. It tells nothing
/// of the token. The body has no part in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place(String);

impl Place {
    pub(super) fn of(parts: &Parts, key: &str) -> Self {
        let authorization = parts.headers.get(header::AUTHORIZATION);
        let authorization = authorization.map(|value| value.as_bytes()).unwrap_or_default();
        let uri = parts.uri.path_and_query().map_or("/", |uri| uri.as_str());
        let mut digest = Sha256::new();
        for part in
            [authorization, key.as_bytes(), parts.method.as_str().as_bytes(), uri.as_bytes()]
        {
            // With their lengths, no two requests write the same.
            digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            digest.update(part);
        }
        let digest = digest.finalize();
        Self(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use proptest::prelude::*;

    use super::*;

    fn place(token: &str, key: &str, uri: &str) -> Place {
        let request = Request::post(uri).header(header::AUTHORIZATION, token);
        Place::of(&request.body(()).unwrap().into_parts().0, key)
    }

    proptest! {
        #[test]
        fn other_requests_have_other_places(
            a in ("[ab]{0,3}", "[ab]{0,3}", "/[ab]{0,3}"), b in ("[ab]{0,3}", "[ab]{0,3}", "/[ab]{0,3}"),
        ) {
            let of = |(token, key, uri): &(String, String, String)| place(token, key, uri);
            prop_assert_eq!(of(&a) == of(&b), a == b);
            prop_assert!(of(&a).as_str().bytes().all(|byte| byte.is_ascii_hexdigit()));
        }
    }
}
