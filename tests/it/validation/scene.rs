//! Control and ingress before one broker, asked byte for byte.

use posthaste_control::Control;
use posthaste_domain::AppId;
use posthaste_ingress::Ingress;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    bed::{self, Bed, Running},
    client::{self, Client},
};

/// The event type of every message.
pub(super) const TYPE: &str = "chargeback.created";
const VALIDATION: &str = "POSTHASTE_INGRESS_PAYLOAD_VALIDATION";

/// Control and ingress before one broker, with one application.
pub(super) struct Scene {
    pub(super) bed: Bed,
    control: Running<Control>,
    ingress: Running<Ingress>,
    pub(super) client: Client,
    app: AppId,
}

/// An answer as it came, header and text too.
pub(super) struct Heard {
    pub(super) status: u16,
    pub(super) warning: Option<String>,
    pub(super) text: String,
}

impl Heard {
    pub(super) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        serde_json::from_str(&self.text).unwrap()
    }
}

impl Scene {
    pub(super) async fn start(validation: Option<&str>) -> Self {
        let settings: Vec<_> = validation.map(|how| (VALIDATION, how)).into_iter().collect();
        let bed = Bed::start(&settings).await;
        let control = bed.control().await;
        let ingress = bed.ingress().await;
        let client = Client::new(control.role.address());
        let body = json!({ "name": "acme", "uid": "shop-7" });
        let answer = client.call(Method::POST, "/api/v1/app", Some(&body)).await.expect(201);
        let app: AppId = answer["id"].as_str().unwrap().parse().unwrap();
        let scene = Self { bed, control, ingress, client, app };
        let known = || async { scene.send(1, "").await.status == 422 };
        bed::until("ingress knows the application", known).await;
        scene
    }

    /// Posts a message to control (0) or ingress (1), byte for byte.
    pub(super) async fn send(&self, surface: usize, body: impl Into<String>) -> Heard {
        self.post(surface, "", body.into()).await
    }

    pub(super) async fn post(&self, surface: usize, tail: &str, body: String) -> Heard {
        let address = [self.control.role.address(), self.ingress.role.address()][surface];
        let url = format!("http://{address}/api/v1/app/{}/msg{tail}", self.app);
        let request = client::http().post(url).bearer_auth(bed::token()).body(body);
        let response = request.send().await.unwrap();
        let warning = response.headers().get("posthaste-warning");
        let warning = warning.map(|text| text.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        Heard { status, warning, text: response.text().await.unwrap() }
    }

    /// Puts the event type with these schemas into the catalogue, in the place of what was there.
    pub(super) async fn declare(&self, schemas: Value) {
        let body = json!({ "description": "d", "schemas": schemas });
        let path = format!("/api/v1/event-type/{TYPE}");
        let answer = self.client.call(Method::PUT, &path, Some(&body)).await;
        assert!(matches!(answer.status, 200 | 201), "{}", answer.body);
    }

    /// Waits until both surfaces answer this status to the payload.
    pub(super) async fn until_answered(&self, payload: &Value, status: u16) {
        for surface in 0..2 {
            let answered = || async { self.send(surface, message(payload)).await.status == status };
            bed::until("the schema is known", answered).await;
        }
    }

    /// How many events are stored.
    pub(super) async fn stored(&self) -> u64 {
        let bus = self.bed.bus().await;
        let mut seq = 0;
        while bus.event_at(seq + 1).await.unwrap().is_some() {
            seq += 1;
        }
        seq
    }

    /// The message as history tells of it, byte for byte.
    pub(super) async fn told(&self, id: &str) -> String {
        let address = self.control.role.address();
        let url = format!("http://{address}/api/v1/app/{}/msg/{id}", self.app);
        let get = || client::http().get(&url).bearer_auth(bed::token()).send();
        let recorded = || async { get().await.unwrap().status() == 200 };
        bed::until("the message is recorded", recorded).await;
        get().await.unwrap().text().await.unwrap()
    }
}

pub(super) fn message(payload: &Value) -> String {
    json!({ "eventType": TYPE, "payload": payload }).to_string()
}

/// Amounts are whole numbers, and there has to be one.
pub(super) fn amounts() -> Value {
    json!({
        "required": ["amount"],
        "properties": {
            "amount": { "type": "integer" },
            "items": { "items": { "properties": { "n": { "minimum": 1 } } } },
        },
    })
}

pub(super) fn good() -> Value {
    json!({ "amount": 1 })
}

pub(super) fn bad() -> Value {
    json!({ "items": [{ "n": 1 }, { "n": 0 }] })
}
