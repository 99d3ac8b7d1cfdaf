//! One of everything that paths name, made by the parts that make it in life.

use std::time::Duration;

use posthaste_domain::AppId;
use posthaste_testkit::Receiver;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{bed, client::Client};

/// What messages of [`Client::message`] are.
pub(crate) const EVENT_TYPE: &str = "chargeback.created";

const HOUR: Duration = Duration::from_secs(3_600);

/// An organisation's things, each of a kind that paths name.
pub(crate) struct Things {
    pub(crate) app: AppId,
    pub(crate) endpoint: String,
    pub(crate) message: String,
    pub(crate) attempt: String,
    pub(crate) task: String,
    pub(crate) dead_letter: String,
    pub(crate) operational: String,
    pub(crate) secret_key: String,
}

/// A profile of the organisation's own.
pub(crate) const PROFILE: &str = "ours@1";

impl Things {
    /// The path of this template, with ours for its parameters.
    pub(crate) fn path(&self, template: &str) -> String {
        template
            .replace("{app_id}", self.app.as_str())
            .replace(
                "{endpoint_id}",
                if template.contains("operational") { &self.operational } else { &self.endpoint },
            )
            .replace("{msg_id}", &self.message)
            .replace("{attempt_id}", &self.attempt)
            .replace("{event_type_name}", EVENT_TYPE)
            .replace("{task_id}", &self.task)
            .replace("{dead_letter_id}", &self.dead_letter)
            .replace("{key_id}", &self.secret_key)
            .replace("{reference}", PROFILE)
    }
}

/// Creates one of everything, and waits until history has it. What is sent to `receiver` arrives;
/// what is sent to `refuser` must become a dead letter.
pub(crate) async fn furnish(client: &Client, receiver: &Receiver, refuser: &Receiver) -> Things {
    let kind = json!({
        "name": EVENT_TYPE, "description": "d", "schemas": { "1": { "examples": [{ "n": 1 }] } },
    });
    client.call(Method::POST, "/api/v1/event-type", Some(&kind)).await.expect(201);
    let mut profile =
        client.call(Method::GET, "/api/v1/profile/standard@1", None).await.expect(200);
    profile["profile"] = "ours".into();
    client.call(Method::POST, "/api/v1/profile", Some(&profile)).await.expect(201);
    let app = client.application("acme").await;
    let endpoint = client.endpoint(&app, &receiver.url()).await.to_string();
    let operational = json!({ "url": receiver.url(), "disabled": true });
    let path = "/api/v1/operational-webhook/endpoint";
    let operational = client.call(Method::POST, path, Some(&operational)).await.expect(201);
    client.endpoint(&app, &refuser.url()).await;
    let message = client.message(&app, json!({ "n": 1 })).await;
    let attempts = format!("/api/v1/app/{app}/attempt/endpoint/{endpoint}");
    let has_attempt = || async {
        let listed = client.call(Method::GET, &attempts, None).await.expect(200);
        !listed["data"].as_array().unwrap().is_empty()
    };
    bed::until("the attempt is recorded", has_attempt).await;
    let attempt = client.call(Method::GET, &attempts, None).await.expect(200);
    let dead_letters = "/api/v1/dead-letter";
    let is_given_up = || async {
        let listed = client.call(Method::GET, dead_letters, None).await.expect(200);
        !listed["data"].as_array().unwrap().is_empty()
    };
    bed::until("the other endpoint is given up", is_given_up).await;
    let dead_letter = client.call(Method::GET, dead_letters, None).await.expect(200);
    let since = json!({ "since": bed::now() - HOUR });
    let recover = format!("/api/v1/app/{app}/endpoint/{endpoint}/recover");
    let task = client.call(Method::POST, &recover, Some(&since)).await.expect(202);
    let finished = || async {
        let path = format!("/api/v1/background-task/{}", task["id"].as_str().unwrap());
        client.call(Method::GET, &path, None).await.expect(200)["status"] == "finished"
    };
    bed::until("the task is finished", finished).await;
    let secret_key = secret_key(client, &app).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Things {
        app,
        endpoint,
        message,
        attempt: text(&attempt["data"][0]["id"]),
        task: text(&task["id"]),
        dead_letter: text(&dead_letter["data"][0]["id"]),
        operational: text(&operational["id"]),
        secret_key,
    }
}

/// Creates a merchant's key, and returns its id.
pub(crate) async fn secret_key(client: &Client, app: &AppId) -> String {
    let path = format!("/api/v1/app/{app}/secret-key");
    let made = client.call(Method::POST, &path, Some(&json!({ "mode": "test" }))).await;
    made.expect(201)["id"].as_str().unwrap().to_owned()
}
