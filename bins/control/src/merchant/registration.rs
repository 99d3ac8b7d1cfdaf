//! What a merchant's program says to register an endpoint, and what it is told. Pure.

use posthaste_api::{ValidationFault, field};
use posthaste_domain::{Endpoint, EndpointId, EndpointUrl, Mode};
use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::complaint::Complaint;

/// A checked body of POST. Not `Debug`: it may hold a secret.
pub(super) struct Registration {
    pub(super) name: String,
    pub(super) url: String,
    /// What its owner chose.
    pub(super) secret: Option<Zeroizing<String>>,
    pub(super) event_types: Option<Vec<String>>,
}

/// A registration as it is listed; what a platform registered without a mode has none.
#[derive(Debug, Serialize)]
pub(super) struct Listed {
    id: EndpointId,
    name: String,
    url: EndpointUrl,
    mode: Option<Mode>,
}

/// A registration as it is shown this once.
// Not `Debug`: it may hold a secret.
#[derive(Serialize)]
pub(super) struct Created {
    #[serde(flatten)]
    pub(super) listed: Listed,
    /// What its requests are signed with, where we made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<String>,
    /// What is seldom meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) warning: Option<String>,
}

impl From<&Endpoint> for Listed {
    fn from(endpoint: &Endpoint) -> Self {
        Self {
            id: endpoint.id.clone(),
            name: endpoint.description.clone(),
            url: endpoint.url.clone(),
            mode: endpoint.mode,
        }
    }
}

impl Registration {
    /// Reads a body; what it does not know it passes over.
    pub(super) fn read(body: &[u8]) -> Result<Self, Complaint> {
        let Ok(mut fields) = serde_json::from_slice::<Map<String, Value>>(body) else {
            let description = "The body must be a JSON object with the strings name and url.";
            return Err(Complaint::invalid("invalid_json", description));
        };
        let mut faults = Vec::new();
        let mut must = |field: &'static str| {
            let checked = match fields.remove(field) {
                Some(Value::String(text)) if !text.trim().is_empty() => Ok(text),
                Some(Value::String(_)) => Err("must not be blank"),
                Some(Value::Null) | None => Err("is required"),
                Some(_) => Err("must be a string"),
            };
            checked.map_err(|msg| faults.push(ValidationFault::body([field], msg))).ok()
        };
        let (name, url) = (must("name"), must("url"));
        let name = name.and_then(|text| {
            let checked = field::name(text);
            let add = |error: field::FieldError| ValidationFault::body(["name"], error.to_string());
            checked.map_err(|error| faults.push(add(error))).ok()
        });
        let secret = match fields.remove("secret") {
            Some(Value::String(text)) => Some(Zeroizing::new(text)),
            Some(Value::Null) | None => None,
            Some(_) => {
                faults.push(ValidationFault::body(["secret"], "must be a string"));
                None
            }
        };
        let event_types = match fields.remove("eventTypes").map(serde_json::from_value) {
            None => None,
            Some(Ok(types)) => types,
            Some(Err(_)) => {
                faults.push(ValidationFault::body(["eventTypes"], "must be a list of strings"));
                None
            }
        };
        match (name, url) {
            (Some(name), Some(url)) if faults.is_empty() => {
                Ok(Self { name, url, secret, event_types })
            }
            _ => Err(faults.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use http_body_util::BodyExt as _;
    use proptest::prelude::*;

    use super::*;

    async fn complaint(body: &str) -> (String, String) {
        let complaint = Registration::read(body.as_bytes()).err().unwrap().into_response();
        assert_eq!(complaint.status(), 400, "{body}");
        let told = complaint.into_body().collect().await.unwrap().to_bytes();
        let told: Value = serde_json::from_slice(&told).unwrap();
        let text = |key: &str| told[key].as_str().unwrap().to_owned();
        (text("errorCode"), text("description"))
    }

    #[tokio::test]
    async fn every_fault_is_told_by_its_field() {
        for (body, told) in [
            ("{}", "name: is required; url: is required"),
            (r#"{"name":"n","url":null}"#, "url: is required"),
            (r#"{"name":" \t","url":""}"#, "name: must not be blank; url: must not be blank"),
            (r#"{"name":["n"],"url":7}"#, "name: must be a string; url: must be a string"),
            (r#"{"name":"n","url":"u","secret":1}"#, "secret: must be a string"),
            (r#"{"name":"n","url":"u","eventTypes":"x"}"#, "eventTypes: must be a list of strings"),
        ] {
            assert_eq!(complaint(body).await, ("invalid_parameters".into(), told.into()), "{body}");
        }
        for none in ["", "[]", "null", r#""name""#, "{", r#"{"name":"n"} x"#] {
            assert_eq!(complaint(none).await.0, "invalid_json", "{none}");
        }
    }

    #[tokio::test]
    async fn a_name_is_short() {
        let body = format!(r#"{{"name":"{}","url":"u"}}"#, "x".repeat(1_025));
        assert_eq!(complaint(&body).await.1, "name: must be at most 1024 bytes");
    }

    #[test]
    fn what_is_not_known_is_passed_over() {
        let body = br#"{"name":" My hook ","url":"https://a.example","events":["x"],"secret":"s"}"#;
        let read = Registration::read(body).ok().unwrap();
        assert_eq!((&*read.name, &*read.url), (" My hook ", "https://a.example"));
        assert_eq!(read.secret.as_deref().map(String::as_str), Some("s"));
        assert!(read.event_types.is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = Registration::read(&bytes);
        }
    }
}
