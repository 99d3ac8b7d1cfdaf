//! The payloads that the four systems document, and what they must arrive as.

use posthaste_testkit::Received;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use sha2::{Digest as _, Sha256};

use super::bed::Merchant;

/// A documented payload.
#[derive(Deserialize)]
pub(super) struct Sample {
    pub(super) event_type: String,
    time: String,
    #[serde(default)]
    event_id: Option<String>,
    /// The merchant's id.
    pub(super) tenant: Option<String>,
    /// The delivery's id, which is not for the producer to choose.
    pub(super) delivery_id: Option<String>,
    payload: Box<RawValue>,
    body_len: usize,
    body_sha256: String,
}

impl Sample {
    pub(super) fn all_of(system: &str) -> Vec<Self> {
        serde_json::from_str(match system {
            "justt" => include_str!("../../../lib/profile/samples/justt.json"),
            "yoco" => include_str!("../../../lib/profile/samples/yoco.json"),
            other => panic!("{other}"),
        })
        .unwrap()
    }

    /// The payload, with the space in which it is documented.
    pub(super) fn payload(&self) -> &str {
        self.payload.get()
    }

    /// Publishes it, and returns the message's id.
    pub(super) async fn publish(&self, merchant: &Merchant<'_>) -> String {
        let mut fields = json!({ "occurredAt": self.time });
        if let Some(id) = &self.event_id {
            fields["eventId"] = Value::String(id.clone());
        }
        merchant.publish(&self.event_type, self.payload(), fields).await
    }

    /// Panics unless the body is the documented one, but for `own`, an id of ours that stands in
    /// the place of the documented one.
    pub(super) fn assert_is(&self, request: &Received, own: Option<&str>) {
        let mut body = String::from_utf8(request.body.to_vec()).unwrap();
        if let (Some(own), Some(documented)) = (own, &self.delivery_id) {
            assert_eq!(body.matches(own).count(), 1, "{body}");
            body = body.replace(own, documented);
        }
        assert_eq!(body.len(), self.body_len, "{body}");
        let digest = Sha256::digest(&body);
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, self.body_sha256, "{body}");
    }
}

/// Panics unless the text is a version 4 UUID in its usual form.
pub(super) fn assert_uuid(text: &str) {
    let form = "hhhhhhhh-hhhh-4hhh-vhhh-hhhhhhhhhhhh";
    let fits = |(form, is): (char, char)| match form {
        'h' => matches!(is, '0'..='9' | 'a'..='f'),
        'v' => matches!(is, '8' | '9' | 'a' | 'b'),
        other => is == other,
    };
    assert!(text.len() == form.len() && form.chars().zip(text.chars()).all(fits), "{text}");
}
