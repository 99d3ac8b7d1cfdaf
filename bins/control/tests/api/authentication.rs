//! Tokens for customers of the platform and their end, over the wire.

use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Method, header};
use serde_json::{Value, json};

use crate::bed::{Bed, Caller, column, text};

async fn access(bed: &Bed, app: &str, body: Value) -> Caller {
    let path = format!("/auth/app-portal-access/{app}");
    let granted = bed.platform().post(&path, body, 200).await;
    bed.caller(Some(text(&granted["token"])))
}

#[tokio::test]
async fn a_token_opens_what_is_the_applications_own() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let app = platform.application("shop").await;
    let uri = "/api/v1/auth/app-portal-access/shop";
    let request = platform.request(Method::POST, uri).header(header::HOST, "hooks.example");
    let (parts, bytes) = platform.exchange(request.body(Body::from("{}")).unwrap()).await;
    assert_eq!(parts.headers[header::CACHE_CONTROL], "no-store");
    let granted: Value = serde_json::from_slice(&bytes).unwrap();
    let url = text(&granted["url"]);
    let key = url.strip_prefix("http://hooks.example/portal/login#key=").expect(&url);
    let login: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(key).unwrap()).unwrap();
    assert_eq!(login, json!({"appId": app, "token": granted["token"]}));

    let merchant = bed.caller(Some(text(&granted["token"])));
    assert_eq!(merchant.get("/app/shop", 200).await["id"], app.as_str());
    merchant.post("/app/shop/endpoint", json!({"url": "http://x/"}), 201).await;
    merchant.post("/auth/app-portal-access/shop", json!({}), 403).await;
    merchant.post("/auth/app/shop/expire-all", json!({}), 403).await;
    platform.post("/auth/app-portal-access/nobody", json!({}), 404).await;
    for path in ["/auth/app-portal-access/shop", "/auth/app/shop/expire-all"] {
        bed.caller(None).post(path, json!({}), 401).await;
        bed.organisation("org_33rb8YdGqMT0qIzpgGwdXfHirMu").post(path, json!({}), 404).await;
    }
    // The older name, without a body.
    let older =
        platform.send(Method::POST, "/auth/dashboard-access/shop", Body::empty(), 200).await;
    bed.caller(Some(text(&older["token"]))).get("/app/shop", 200).await;
}

#[tokio::test]
async fn a_token_may_do_no_more_than_was_asked_for() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    platform.application("shop").await;
    platform.post("/app/shop/endpoint", json!({"url": "http://x/", "uid": "hook"}), 201).await;
    for (name, flags) in [("open", Value::Null), ("closed", json!(["beta", "gamma"]))] {
        let body = json!({"name": name, "description": "", "featureFlags": flags});
        platform.post("/event-type", body, 201).await;
    }
    let reader = access(&bed, "shop", json!({"readOnly": true})).await;
    reader.get("/app/shop/endpoint/hook", 200).await;
    reader.get("/app/shop/endpoint/hook/secret", 403).await;
    reader.delete("/app/shop/endpoint/hook", 403).await;
    assert_eq!(column(&reader.get("/event-type", 200).await, "name"), ["open"]);
    let capable = json!({
        "capabilities": ["ViewBase", "ViewEndpointSecret"], "featureFlags": ["gamma"],
        "expiry": 3_600, "sessionId": "user@1",
    });
    let capable = access(&bed, "shop", capable).await;
    capable.get("/app/shop/endpoint/hook/secret", 200).await;
    capable.delete("/app/shop/endpoint/hook", 403).await;
    assert_eq!(column(&capable.get("/event-type", 200).await, "name"), ["closed", "open"]);
    for bad in [json!({"expiry": 60}), json!({"capabilities": ["Everything"]})] {
        platform.post("/auth/app-portal-access/shop", bad, 422).await;
    }
}

#[tokio::test]
async fn an_application_that_comes_along_is_created() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let with = |uid: Value| json!({"application": {"name": "Shop", "uid": uid}});
    let path = "/auth/app-portal-access/shop";
    for (uid, kind) in
        [(json!("other"), "application_uid_mismatch"), (Value::Null, "application_uid_missing")]
    {
        let refused = platform.post(path, with(uid), 422).await;
        let fault = &refused["detail"][0];
        let loc = json!(["body", "application", "uid"]);
        assert_eq!((&fault["type"], &fault["loc"]), (&json!(kind), &loc));
    }
    platform.get("/app/shop", 404).await;
    let merchant = access(&bed, "shop", with(json!("shop"))).await;
    assert_eq!(merchant.get("/app/shop", 200).await["name"], "Shop");
    // What is there already is not touched, whatever is said of it.
    let other = json!({"application": {"name": "Other", "uid": "other"}});
    access(&bed, "shop", other).await;
    assert_eq!(platform.get("/app/shop", 200).await["name"], "Shop");
}

#[tokio::test]
async fn what_was_made_before_ends_and_what_is_made_later_does_not() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    let app = platform.application("shop").await;
    let before = platform.get("/app/shop", 200).await;
    let old = [
        access(&bed, "shop", json!({})).await,
        access(&bed, "shop", json!({"sessionId": "a"})).await,
        bed.merchant(&app, &[]),
    ];
    let path = "/auth/app/shop/expire-all";
    // Those that end in a minute are good until then.
    platform.post(path, json!({"expiry": 60}), 204).await;
    for caller in &old {
        caller.get("/app/shop", 200).await;
    }
    platform.post(path, json!({"expiry": 0}), 204).await;
    for caller in &old {
        let refused = caller.get("/app/shop", 401).await;
        let expected = json!({"code": "authentication_failed", "detail": "Invalid token"});
        assert_eq!(refused, expected);
        caller.get("/event-type", 401).await;
        caller.get("/app/shop/endpoint", 401).await;
    }
    // In the same second as likely as not.
    access(&bed, "shop", json!({})).await.get("/app/shop", 200).await;
    platform.get("/app/shop", 200).await;
    assert_eq!(platform.get("/app/shop", 200).await, before, "the application is as it was");
    // Whatever becomes of the application, they stay ended.
    platform.put("/app/shop", json!({"name": "new"}), 200).await;
    platform.patch("/app/shop", json!({"name": "newer"}), 200).await;
    old[0].get("/app/shop", 401).await;
    for bad in [json!({"expiry": -1}), json!({"expiry": 259_201}), json!({"sessionIds": ["a b"]})] {
        platform.post(path, bad, 422).await;
    }
    platform.post("/auth/app/nobody/expire-all", json!({}), 404).await;
}

#[tokio::test]
async fn sessions_end_alone() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    platform.application("shop").await;
    let [a, b, none] = [json!({"sessionId": "a"}), json!({"sessionId": "b"}), json!({})];
    let a = access(&bed, "shop", a).await;
    let b = access(&bed, "shop", b).await;
    let none = access(&bed, "shop", none).await;
    let elsewhere = bed.replica().await;
    platform.post("/auth/app/shop/expire-all", json!({"sessionIds": ["a", "c"]}), 204).await;
    a.get("/app/shop", 401).await;
    b.get("/app/shop", 200).await;
    none.get("/app/shop", 200).await;
    elsewhere.called_by(&b).get("/app/shop", 200).await;
    access(&bed, "shop", json!({"sessionId": "a"})).await.get("/app/shop", 200).await;
}

#[tokio::test]
async fn there_is_room_for_so_many_ends_and_no_more() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    platform.application("shop").await;
    let sessions = |from: usize| {
        let names: Vec<_> = (from..from + 1_000).map(|n| format!("session-{n}")).collect();
        json!({"sessionIds": names})
    };
    let path = "/auth/app/shop/expire-all";
    platform.post(path, sessions(0), 204).await;
    platform.post(path, sessions(1_000), 204).await;
    platform.post(path, sessions(0), 204).await;
    assert_eq!(platform.post(path, sessions(2_000), 400).await["code"], "limit_reached");
    platform.post(path, json!({}), 204).await;
    platform.post(path, sessions(2_000), 204).await;
}

#[tokio::test]
async fn nobody_speaks_for_an_application_that_is_gone() {
    let bed = Bed::start().await;
    let platform = bed.platform();
    platform.application("shop").await;
    let merchant = access(&bed, "shop", json!({})).await;
    merchant.get("/event-type", 200).await;
    platform.delete("/app/shop", 204).await;
    merchant.get("/event-type", 401).await;
    merchant.get("/app/shop", 401).await;
}

#[tokio::test]
async fn logging_out_is_not_served() {
    let bed = Bed::start().await;
    let refused = bed.platform().send(Method::POST, "/auth/logout/", Body::empty(), 501).await;
    assert_eq!(refused["code"], "not_implemented");
    bed.caller(None).send(Method::POST, "/auth/logout", Body::empty(), 401).await;
}
