//! Messages whose body is not JSON.

use std::{borrow::Cow, collections::BTreeMap};

use http::HeaderValue;
use posthaste_api::ValidationFault;
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// The longest content type, in bytes.
const CONTENT_TYPE_MAX: usize = 256;

/// What else is said of a message. SDKs send raw payloads here, beside an empty `payload`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Transformations<'a> {
    /// What receivers get, byte for byte, instead of `payload`.
    #[schema(value_type = Option<String>, example = "<chargeback/>")]
    #[serde(borrow, default)]
    raw_payload: Option<&'a RawValue>,
    /// Of these only `content-type` is looked at: what the raw payload is called.
    #[schema(value_type = Option<BTreeMap<String, String>>, example = json!({"content-type": "text/xml"}))]
    #[serde(borrow, default)]
    headers: Option<&'a RawValue>,
}

/// What a body is called of which nobody said.
const JSON: &str = "application/json";

/// A body that is not JSON.
#[derive(Debug)]
pub(crate) struct Raw<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) content_type: Option<String>,
}

impl<'a> Transformations<'a> {
    /// The raw payload, where there is one.
    pub(crate) fn raw(&self, faults: &mut Vec<ValidationFault>) -> Option<Raw<'a>> {
        let text = self.raw_payload?.get();
        let mut fault = |field: &str, wanted: &str| {
            faults.push(ValidationFault::body(["transformationsParams", field], wanted));
        };
        let Ok(text) = serde_json::from_str::<String>(text) else {
            fault("rawPayload", "must be a string");
            return None;
        };
        let headers = self.headers.map_or("{}", RawValue::get);
        let Ok(headers) = serde_json::from_str::<BTreeMap<String, String>>(headers) else {
            fault("headers", "must be an object of strings");
            return None;
        };
        let content_type = headers
            .into_iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
            .map(|(_, value)| value);
        let is_valid = |value: &String| {
            value.len() <= CONTENT_TYPE_MAX && HeaderValue::from_str(value).is_ok()
        };
        if !content_type.as_ref().is_none_or(is_valid) {
            fault("headers", "the content-type must be a header's value of at most 256 bytes");
            return None;
        }
        // Its producer made all of it, so it is sent as it is, whatever it is called.
        let content_type = Some(content_type.unwrap_or_else(|| JSON.to_owned()));
        Some(Raw { text: Cow::Owned(text), content_type })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<(String, Option<String>), Vec<String>> {
        let params: Transformations<'_> = serde_json::from_str(json).unwrap();
        let mut faults = Vec::new();
        match params.raw(&mut faults) {
            Some(raw) if faults.is_empty() => Ok((raw.text.into_owned(), raw.content_type)),
            _ => Err(faults.into_iter().map(|fault| fault.loc.join("/")).collect()),
        }
    }

    #[test]
    fn a_raw_payload_is_a_string_and_may_say_what_it_is() {
        let xml = ("<a>é</a>".to_owned(), Some("text/xml".to_owned()));
        assert_eq!(
            read(r#"{"rawPayload":"<a>\u00e9</a>","headers":{"Content-Type":"text/xml"}}"#),
            Ok(xml)
        );
        assert_eq!(read(r#"{"rawPayload":"x"}"#), Ok(("x".to_owned(), Some(JSON.to_owned()))));
        assert_eq!(read("{}"), Err(Vec::new()));
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        for (json, place) in [
            (r#"{"rawPayload":{}}"#, "rawPayload"),
            (r#"{"rawPayload":"x","headers":[]}"#, "headers"),
            (r#"{"rawPayload":"x","headers":{"content-type":"a\nb"}}"#, "headers"),
        ] {
            assert_eq!(read(json), Err(vec![format!("body/transformationsParams/{place}")]));
        }
    }
}
