//! What a platform and its customers set up.

use serde_json::{Value, json};
use svix::models::{
    AppPortalAccessIn, ApplicationIn, ApplicationPatch, ApplicationTokenExpireIn,
    EndpointHeadersIn, EndpointHeadersPatchIn, EndpointIn, EndpointPatch, EndpointSecretRotateIn,
    EndpointUpsertIn, EventTypeImportOpenApiIn, EventTypeIn, EventTypePatch, EventTypeUpsertIn,
    OperationalWebhookEndpointHeadersIn, OperationalWebhookEndpointIn,
    OperationalWebhookEndpointSecretIn, OperationalWebhookEndpointUpsertIn,
};

use crate::session::{Session, fault, refusal, until};

const URL: &str = "https://receiver.example.com/hooks";
const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub(crate) fn application(name: &str, uid: &str) -> ApplicationIn {
    ApplicationIn { uid: Some(uid.to_owned()), ..ApplicationIn::new(name.to_owned()) }
}

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": { "invoice": { "type": "integer" } },
        "examples": [{ "invoice": 7 }],
    })
}

fn openapi() -> Value {
    let body = json!({ "content": { "application/json": { "schema": schema() } } });
    let post =
        json!({ "operationId": "order.shipped", "description": "Sent", "requestBody": body });
    json!({ "openapi": "3.1.0", "webhooks": { "order.shipped": { "post": post } } })
}

impl Session {
    pub(crate) async fn applications(&mut self) {
        let svix = self.svix.clone();
        let api = svix.application();
        let shop =
            self.drive("application.create", api.create(application("Shop", "shop"), None)).await;
        let got = self.drive("application.get", api.get("shop".to_owned())).await;
        assert_eq!(got, shop);
        let same = api.get_or_create(application("Other", "shop"), None);
        assert_eq!(self.drive("application.get-or-create", same).await, shop);
        let taken = api.create(application("Other", "shop"), None).await;
        assert_eq!(refusal(taken), (409, "conflict".to_owned()));
        let patch = ApplicationPatch { name: Some("Sons".to_owned()), ..ApplicationPatch::new() };
        let patched = self.drive("application.patch", api.patch(shop.id.clone(), patch)).await;
        assert_eq!((&*patched.name, patched.uid), ("Sons", shop.uid));
        let other = api.upsert("other".to_owned(), application("Other", "other"));
        let other = self.drive("application.upsert", other).await;
        let listed = self.drive("application.list", api.list(None)).await;
        assert_eq!(listed.data.iter().map(|one| &*one.name).collect::<Vec<_>>(), ["Sons", "Other"]);
        assert!(listed.done);
        self.drive("application.delete", api.delete(other.id.clone())).await;
        assert_eq!(refusal(api.get(other.id).await), (404, "not_found".to_owned()));
        assert_eq!(fault(api.create(application("", "unnamed"), None).await), ["body", "name"]);
    }

    pub(crate) async fn event_types(&mut self) {
        let svix = self.svix.clone();
        let api = svix.event_type();
        let paid = EventTypeIn {
            schemas: Some(json!({ "1": schema() })),
            ..EventTypeIn::new("invoice.paid".to_owned(), "An invoice was paid".to_owned())
        };
        let paid = self.drive("event-type.create", api.create(paid, None)).await;
        let got = self.drive("event-type.get", api.get("invoice.paid".to_owned())).await;
        assert_eq!(got, paid);
        let patch = EventTypePatch { deprecated: Some(true), ..EventTypePatch::new() };
        let patched = self.drive("event-type.patch", api.patch(paid.name.clone(), patch)).await;
        assert!(patched.deprecated);
        let late = EventTypeUpsertIn::new("An invoice is late".to_owned());
        self.drive("event-type.upsert", api.upsert("invoice.late".to_owned(), late)).await;
        self.drive("event-type.delete", api.delete("invoice.late".to_owned(), None)).await;
        let listed = self.drive("event-type.list", api.list(None)).await;
        let names: Vec<_> = listed.data.iter().map(|one| &*one.name).collect();
        assert_eq!(names, ["invoice.paid"]);
        let spec =
            EventTypeImportOpenApiIn { spec: Some(openapi()), ..EventTypeImportOpenApiIn::new() };
        let done = self.drive("event-type.import-openapi", api.import_openapi(spec, None)).await;
        assert_eq!(done.data.modified, ["order.shipped"]);
    }

    pub(crate) async fn tokens(&mut self) {
        let svix = self.svix.clone();
        let api = svix.authentication();
        let app = svix.application().create(application("Tokens", "tokens"), None).await.unwrap();
        let access = api.app_portal_access(app.id.clone(), AppPortalAccessIn::new(), None);
        let access = self.drive("authentication.app-portal-access", access).await;
        let customer = svix.with_token(access.token);
        assert_eq!(customer.application().get(app.id.clone()).await.unwrap(), app);
        let denied = customer.application().list(None).await;
        assert_eq!(refusal(denied), (403, "insufficient access".to_owned()));
        let expired = api.expire_all(app.id.clone(), ApplicationTokenExpireIn::new(), None);
        self.drive("authentication.expire-all", expired).await;
        let ended = until("the end of the token", async || {
            let read = customer.application().get(app.id.clone()).await;
            read.is_err().then_some(read)
        })
        .await;
        assert_eq!(refusal(ended), (401, "authentication_failed".to_owned()));
    }

    pub(crate) async fn endpoints(&mut self) {
        let svix = self.svix.clone();
        let api = svix.endpoint();
        let app =
            svix.application().create(application("Points", "points"), None).await.unwrap().id;
        let asked = EndpointIn {
            uid: Some("first".to_owned()),
            secret: Some(KEY.to_owned()),
            event_types: Some(["invoice.paid".to_owned()].into()),
            ..EndpointIn::new(URL.to_owned())
        };
        let first = self.drive("endpoint.create", api.create(app.clone(), asked, None)).await;
        let id = first.id.clone();
        let got = self.drive("endpoint.get", api.get(app.clone(), "first".to_owned())).await;
        assert_eq!(got, first);
        let wrong = EndpointIn::new("no url".to_owned());
        assert_eq!(fault(api.create(app.clone(), wrong, None).await), ["body", "url"]);
        let patch = EndpointPatch { description: Some("Bills".to_owned()), ..EndpointPatch::new() };
        let patched = api.patch(app.clone(), id.clone(), patch);
        let patched = self.drive("endpoint.patch", patched).await;
        assert_eq!((&*patched.description, patched.event_types), ("Bills", first.event_types));
        let second = EndpointUpsertIn::new(URL.to_owned());
        let second = api.upsert(app.clone(), "second".to_owned(), second);
        let second = self.drive("endpoint.upsert", second).await;
        let listed = self.drive("endpoint.list", api.list(app.clone(), None)).await;
        assert_eq!(listed.data.len(), 2);

        let headers = [("X-Team".to_owned(), "billing".to_owned())];
        let headers = EndpointHeadersIn::new(headers.into());
        let set = api.set_headers(app.clone(), id.clone(), headers);
        self.drive("endpoint.set-headers", set).await;
        let patch = EndpointHeadersPatchIn::new([("X-New".to_owned(), "2".to_owned())].into());
        let patched = api.patch_headers(app.clone(), id.clone(), patch);
        self.drive("endpoint.patch-headers", patched).await;
        let held = api.get_headers(app.clone(), id.clone());
        assert_eq!(self.drive("endpoint.get-headers", held).await.headers.len(), 2);

        let held = api.get_secret(app.clone(), id.clone());
        assert_eq!(self.drive("endpoint.get-secret", held).await.key, KEY);
        let rotated =
            api.rotate_secret(app.clone(), id.clone(), EndpointSecretRotateIn::new(), None);
        let drawn = self.drive("endpoint.rotate-secret", rotated).await.key;
        assert_eq!(api.get_secret(app.clone(), id).await.unwrap().key, drawn);
        self.drive("endpoint.delete", api.delete(app.clone(), second.id.clone())).await;
        assert_eq!(refusal(api.get(app, second.id).await), (404, "not_found".to_owned()));
    }

    pub(crate) async fn operational_webhooks(&mut self) {
        let svix = self.svix.clone();
        let webhooks = svix.operational_webhook();
        let api = webhooks.endpoint();
        let asked = OperationalWebhookEndpointIn {
            secret: Some(KEY.to_owned()),
            ..OperationalWebhookEndpointIn::new(URL.to_owned())
        };
        let first =
            self.drive("operational-webhook.endpoint.create", api.create(asked, None)).await;
        let id = first.id.clone();
        let got = self.drive("operational-webhook.endpoint.get", api.get(id.clone())).await;
        assert_eq!(got, first);
        let other = OperationalWebhookEndpointUpsertIn {
            disabled: Some(true),
            ..OperationalWebhookEndpointUpsertIn::new(URL.to_owned())
        };
        let replaced = api.upsert(id.clone(), other);
        let replaced = self.drive("operational-webhook.endpoint.upsert", replaced).await;
        assert_eq!(replaced.disabled, Some(true));
        let listed = self.drive("operational-webhook.endpoint.list", api.list(None)).await;
        assert_eq!(listed.data, [replaced]);

        let headers = [("X-Team".to_owned(), "ops".to_owned())];
        let headers = OperationalWebhookEndpointHeadersIn::new(headers.into());
        let set = api.set_headers(id.clone(), headers);
        self.drive("operational-webhook.endpoint.set-headers", set).await;
        let held = api.get_headers(id.clone());
        let held = self.drive("operational-webhook.endpoint.get-headers", held).await;
        assert_eq!(held.headers.len(), 1);
        let rotated =
            api.rotate_secret(id.clone(), OperationalWebhookEndpointSecretIn::new(), None);
        self.drive("operational-webhook.endpoint.rotate-secret", rotated).await;
        let held = api.get_secret(id.clone());
        assert_ne!(self.drive("operational-webhook.endpoint.get-secret", held).await.key, KEY);
        self.drive("operational-webhook.endpoint.delete", api.delete(id.clone())).await;
        assert_eq!(refusal(api.get(id).await), (404, "not_found".to_owned()));
    }
}
