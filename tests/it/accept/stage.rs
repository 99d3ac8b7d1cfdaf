//! Both surfaces that accept messages, before one broker.

use posthaste_bus::Bus;
use posthaste_control::Control;
use posthaste_domain::AppId;
use posthaste_ingress::Ingress;
use serde_json::json;

use super::surface::{Ask, Surface};
use crate::{
    bed::{self, Bed, Running},
    client::Client,
};

/// A bed on which control and ingress run, and which has one application.
pub(super) struct Stage {
    pub(super) bed: Bed,
    pub(super) client: Client,
    /// Control's and ingress's; what holds of one must hold of the other.
    pub(super) surfaces: [Surface; 2],
    pub(super) app: AppId,
    bus: Bus,
    _roles: (Running<Control>, Running<Ingress>),
}

impl Stage {
    pub(super) async fn start(settings: &[(&str, &str)]) -> Self {
        let bed = Bed::start(settings).await;
        let control = bed.control().await;
        let ingress = bed.ingress().await;
        let client = Client::new(control.role.address());
        let surfaces = [
            Surface::new("control", control.role.address()),
            Surface::new("ingress", ingress.role.address()),
        ];
        let app = client.application("acme").await;
        let no_message = message(&app).body("");
        let known = || async { surfaces[1].send(&no_message).await.status == 422 };
        bed::until("ingress knows the application", known).await;
        let bus = bed.bus().await;
        Self { bed, client, surfaces, app, bus, _roles: (control, ingress) }
    }

    pub(super) fn path(&self) -> String {
        path(&self.app)
    }

    /// A message that is accepted, to be spoilt by the test.
    pub(super) fn message(&self) -> Ask {
        message(&self.app)
    }

    /// How many events are stored.
    pub(super) async fn stored(&self) -> u64 {
        let mut seq = 0;
        while self.bus.event_at(seq + 1).await.unwrap().is_some() {
            seq += 1;
        }
        seq
    }
}

pub(super) fn path(app: &AppId) -> String {
    format!("/api/v1/app/{app}/msg")
}

/// A good message of the application, with a good token.
pub(super) fn message(app: &AppId) -> Ask {
    let body = json!({ "eventType": "chargeback.created", "payload": { "amount": 10 } });
    Ask::new("POST", path(app)).token(&bed::token()).json(&body)
}
