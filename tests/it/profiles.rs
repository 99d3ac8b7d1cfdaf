//! Delivery profiles: made up by an operator, picked by an application or an endpoint, and kept by
//! every delivery that began with one.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName};
use posthaste_domain::{AppId, SigningSecret};
use posthaste_profile::scheme::{SchemeSpec, TOLERANCE};
use posthaste_testkit::{Answer, Authority, Received, Receiver, Script};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    bed::{Bed, until},
    client::{Answer as Answered, Client},
};

/// The page that tells operators how to make one, with an example.
const PAGE: &str = include_str!("../../deploy/profiles.md");

/// The example of the page, byte for byte: the order of its keys is the envelope's.
fn example() -> &'static str {
    let (_, rest) = PAGE.split_once("```json\n").unwrap();
    rest.split_once("```").unwrap().0
}

/// The same profile under another name, with another part in place of one that is there, or beside
/// those.
fn like_the_example(name: &str, key: &str, part: &str) -> String {
    let named = example().replacen("\"acme\"", &format!("{name:?}"), 1);
    let line = |line: &&str| line.trim_start().starts_with(&format!("{key:?}:"));
    let kept: Vec<_> = named.lines().filter(|one| !line(one)).collect();
    kept.join("\n").replacen('{', &format!("{{\n  {key:?}: {part},"), 1)
}

struct World {
    bed: Bed,
    authority: Authority,
}

impl World {
    async fn new() -> Self {
        let authority = Authority::new();
        let ca_file = authority.pem_file().display().to_string();
        Self { bed: Bed::start(&[("POSTHASTE_OUTBOUND_CA_FILE", &ca_file)]).await, authority }
    }

    async fn receiver(&self, script: Script) -> Receiver {
        Receiver::start_https(&self.authority, script).await
    }
}

async fn post(client: &Client, path: &str, document: &str) -> Answered {
    client.send(Method::POST, path, Some(document.as_bytes().to_vec()), &[]).await
}

async fn publish(client: &Client, document: &str) -> String {
    let answer = post(client, "/api/v1/profile", document).await;
    answer.expect(201)["reference"].as_str().unwrap().to_owned()
}

async fn application(client: &Client, profile: &str) -> AppId {
    let body = json!({ "name": "acme", "uid": "acct_7", "profile": profile });
    let answer = client.call(Method::POST, "/api/v1/app", Some(&body)).await;
    answer.expect(201)["id"].as_str().unwrap().parse().unwrap()
}

async fn attempts(client: &Client, app: &AppId, message: &str) -> Vec<Value> {
    let path = format!("/api/v1/app/{app}/attempt/msg/{message}");
    let answer = client.call(Method::GET, &path, None).await.expect(200);
    answer["data"].as_array().unwrap().clone()
}

fn headers(request: &Received) -> HeaderMap {
    let pairs = request.headers.iter();
    pairs
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
        .collect()
}

#[tokio::test]
async fn the_example_of_the_page_works_without_a_restart() {
    let world = World::new().await;
    let control = world.bed.control().await;
    let _worker = world.bed.worker().await;
    let client = Client::new(control.role.address());
    assert_eq!(publish(&client, example()).await, "acme@1");
    let again = post(&client, "/api/v1/profile", example()).await;
    assert_eq!(again.status, 409, "a version is published once: {}", again.body);
    let stored = client.call(Method::GET, "/api/v1/profile/acme@1", None).await.expect(200);
    assert_eq!(stored, serde_json::from_str::<Value>(example()).unwrap());

    let answers = [203, 204, 202].map(Answer::Status).to_vec();
    let receiver = world.receiver(Script::sequence(answers, Answer::Status(500))).await;
    let app = application(&client, "acme@1").await;
    let without = json!({ "url": receiver.url() });
    let path = format!("/api/v1/app/{app}/endpoint");
    let refused = client.call(Method::POST, &path, Some(&without)).await;
    assert_eq!(refused.status, 422, "the customer chooses the secret: {}", refused.body);
    let secret = "whsec_a secret that Stripe would key with as it is";
    client.endpoint_with(&app, json!({ "url": receiver.url(), "secret": secret })).await;
    let payload = json!({ "amount": 12.50, "ünïcode": "/" });
    let message = client.message(&app, payload.clone()).await;

    let requests = receiver.wait_for(3).await;
    for (pair, wait) in requests.windows(2).zip([3, 9].map(Duration::from_secs)) {
        let waited = pair[1].at - pair[0].at;
        assert!(waited >= wait && waited < wait + Duration::from_secs(3), "{waited:?}");
    }
    let stripe = SchemeSpec::builtin("stripe").unwrap().compile().unwrap();
    let key = SigningSecret::opaque(secret).unwrap();
    for request in &requests {
        assert_eq!(request.body, requests[0].body);
        let now = SystemTime::into(request.at_system);
        stripe.verify(&key, &headers(request), &request.body, now, TOLERANCE).unwrap();
        assert_eq!(request.header("x-acme-event"), Some("charge.dispute.created"));
        assert_eq!(request.header("webhook-signature"), None);
    }
    let body: Value = serde_json::from_slice(&requests[0].body).unwrap();
    assert_eq!(body["data"]["object"], payload);
    assert_eq!(body["type"], "charge.dispute.created");
    assert!(body["created"].is_u64() && body["id"].as_str().unwrap().starts_with("evt_"));
    let keys: Vec<_> = ["object", "id", "created", "type", "data"]
        .map(|key| String::from_utf8_lossy(&requests[0].body).find(&format!("\"{key}\":")))
        .to_vec();
    assert!(keys.is_sorted(), "the order of the template: {keys:?}");

    until("the delivery is done", || async {
        let made = attempts(&client, &app, &message).await;
        made.len() == 3 && made[0]["status"] == 0
    })
    .await;
    let made = attempts(&client, &app, &message).await;
    assert!(made.iter().all(|attempt| attempt["profile"] == "acme@1"), "{made:?}");
    assert_eq!(receiver.count(), 3);
}

#[tokio::test]
async fn a_delivery_keeps_the_version_it_began_with_and_new_ones_get_the_new() {
    let world = World::new().await;
    let control = world.bed.control().await;
    let _worker = world.bed.worker().await;
    let client = Client::new(control.role.address());
    let first = example().replacen("\"acme\"", "\"ours\"", 1).replace("[3, 9]", "[1, 1]");
    publish(&client, &first).await;
    let next = first.replace("\"version\": 1", "\"version\": 2");
    let next = next.replace("{\"object\": \"event\",", "{\"v\": 2,");
    publish(&client, &next).await;

    let script = Script::sequence(vec![Answer::Status(500)], Answer::OK);
    let receiver = world.receiver(script).await;
    let app = application(&client, "ours@1").await;
    let body = json!({ "url": receiver.url(), "secret": "your-secret" });
    let endpoint = client.endpoint_with(&app, body).await;
    let old = client.message(&app, json!({ "n": 1 })).await;
    receiver.wait_for(1).await;
    let path = format!("/api/v1/app/{app}/endpoint/{endpoint}");
    let moved = client.call(Method::PATCH, &path, Some(&json!({ "profile": "ours" }))).await;
    assert_eq!(moved.expect(200)["profile"], "ours@2", "a bare name is the newest version");
    client.message(&app, json!({ "n": 2 })).await;
    let requests = receiver.wait_for(3).await;
    let new =
        requests.iter().find(|request| request.body.starts_with(b"{\"v\":2,\"id\":")).unwrap();
    let retried: Vec<_> = requests.iter().filter(|one| one.ordinal != new.ordinal).collect();
    assert_eq!(retried[0].body, retried[1].body);

    until("both are done", || async {
        attempts(&client, &app, &old).await.first().is_some_and(|last| last["status"] == 0)
    })
    .await;
    let path = format!("/api/v1/app/{app}/msg/{old}/endpoint/{endpoint}/resend");
    client.call(Method::POST, &path, None).await.expect(202);
    let requests = receiver.wait_for(4).await;
    assert_eq!(requests[3].body, retried[0].body, "a resend is the same bytes");
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_asked_no_more_where_its_profile_says_so() {
    let world = World::new().await;
    let control = world.bed.control().await;
    let _worker = world.bed.worker().await;
    let client = Client::new(control.role.address());
    for (name, meant, disabled) in
        [("final", "fail_message", false), ("leaving", "disable_endpoint", true)]
    {
        let response = format!("{{\"on_410\": {meant:?}}}");
        let profile = like_the_example(name, "response", &response);
        let reference = publish(&client, &profile).await;
        let receiver = world.receiver(Script::always(Answer::Status(410))).await;
        let body = json!({ "name": name, "profile": reference });
        let app = client.call(Method::POST, "/api/v1/app", Some(&body)).await.expect(201);
        let app: AppId = app["id"].as_str().unwrap().parse().unwrap();
        let body = json!({ "url": receiver.url(), "secret": "your-secret" });
        let endpoint = client.endpoint_with(&app, body).await;
        let message = client.message(&app, json!({ "n": 1 })).await;
        let bus = world.bed.bus().await;
        until("it is given up", || async {
            bus.dead_letters(Some(&app), None, 0, 2).await.unwrap().len() == 1
        })
        .await;
        let letters = bus.dead_letters(Some(&app), None, 0, 2).await.unwrap();
        assert_eq!(letters[0].letter.reason.as_str(), "gone");
        let path = format!("/api/v1/app/{app}/endpoint/{endpoint}");
        until("the endpoint is as it should be", || async {
            let found = client.call(Method::GET, &path, None).await.expect(200);
            found["disabled"] == disabled
        })
        .await;
        let made = attempts(&client, &app, &message).await;
        assert_eq!(
            (&made[0]["failure"], &made[0]["responseStatusCode"]),
            (&json!("gone"), &json!(410))
        );
        assert_eq!(receiver.count(), 1);
    }
}

#[tokio::test]
async fn a_faulty_profile_is_refused_with_every_fault_and_its_place() {
    let bed = Bed::start(&[]).await;
    let control = bed.control().await;
    let client = Client::new(control.role.address());
    let faulty = like_the_example("faulty", "colour", "\"red\"");
    let faulty = faulty.replace("[\"stripe\"]", "[\"nonesuch\"]").replace("200-202", "2xx");
    let answer = post(&client, "/api/v1/profile", &faulty).await;
    let told = answer.expect(422).to_string();
    let asked = post(&client, "/api/v1/profile/validate", &faulty).await;
    let faults = asked.expect(200)["faults"].as_array().unwrap().clone();
    let places: Vec<_> = faults.iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
    for place in ["/colour", "/signatures/0", "/success/statuses"] {
        assert!(places.contains(&place), "{place}: {places:?}");
        assert!(told.contains(place), "{place}: {told}");
    }
    let stored = client.call(Method::GET, "/api/v1/profile/faulty@1", None).await;
    assert_eq!(stored.status, 404);
    let unknown = json!({ "name": "acme", "profile": "faulty@1" });
    let refused = client.call(Method::POST, "/api/v1/app", Some(&unknown)).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
}

/// It has begun when it is parked, though nothing was attempted.
#[tokio::test]
async fn what_waits_for_a_paused_endpoint_is_resent_as_it_will_be_sent() {
    let world = World::new().await;
    let control = world.bed.control().await;
    let _worker = world.bed.worker().await;
    let client = Client::new(control.role.address());
    publish(&client, example()).await;
    let next = example().replace("\"version\": 1", "\"version\": 2");
    let next = next.replace("{\"object\": \"event\",", "{\"v\": 2,");
    publish(&client, &next).await;
    let receiver = world.receiver(Script::always(Answer::OK)).await;
    let app = application(&client, "acme@1").await;
    let body = json!({ "url": receiver.url(), "secret": "your-secret" });
    let endpoint = client.endpoint_with(&app, body).await;
    let path = format!("/api/v1/app/{app}/endpoint/{endpoint}");
    client.call(Method::POST, &format!("{path}/pause"), None).await.expect(200);
    let message = client.message(&app, json!({ "n": 1 })).await;
    let bus = world.bed.bus().await;
    let parked = |count| {
        let (bus, endpoint) = (&bus, &endpoint);
        async move { bus.backlog(endpoint).await.unwrap().parked == count }
    };
    until("it is parked", || parked(1)).await;

    let moved = client.call(Method::PATCH, &path, Some(&json!({ "profile": "acme" }))).await;
    assert_eq!(moved.expect(200)["profile"], "acme@2");
    let resend = format!("/api/v1/app/{app}/msg/{message}/endpoint/{endpoint}/resend");
    client.call(Method::POST, &resend, None).await.expect(202);
    client.call(Method::POST, &format!("{path}/resume"), None).await.expect(200);
    let requests = receiver.wait_for(2).await;
    assert!(requests[0].body.starts_with(b"{\"object\":\"event\","), "{:?}", requests[0].body);
    assert_eq!(requests[0].body, requests[1].body, "a resend is the same bytes");
    until("both are recorded", || async { attempts(&client, &app, &message).await.len() == 2 })
        .await;
    let made = attempts(&client, &app, &message).await;
    assert!(made.iter().all(|attempt| attempt["profile"] == "acme@1"), "{made:?}");
}
