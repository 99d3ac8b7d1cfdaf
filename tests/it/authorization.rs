//! Every operation, tried by everybody who should not.
//!
//! The list of operations is the specification's, which the router is made of; what each wants of a
//! token is said here. One that is not said here fails the test.

use std::{collections::BTreeSet, time::Duration};

use posthaste_api::{Capability, Portal};
use posthaste_domain::OrgId;
use posthaste_ingress::Acceptance;
use posthaste_testkit::{Answer, Receiver, Script};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    bed::{self, Bed},
    client::Client,
    things::{Things, furnish},
};

const HOUR: Duration = Duration::from_secs(3_600);
const STRANGER: &str = "org_33rb8YdGqMT0qIzpgGwdXfHirMu";

/// What a token must be, or be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wants {
    /// Nothing at all.
    NoToken,
    /// Any good token.
    Anyone,
    /// One of the organisation.
    Organisation,
    /// One of the application, however little it may do.
    View,
    /// One of the application that may do more than look.
    More,
}

/// What each operation wants, by the beginning of its id; the longest that fits counts.
const WANTED: &[(&str, Wants)] = &[
    ("v1.health.", Wants::NoToken),
    ("v1.application.", Wants::Organisation),
    ("v1.application.get", Wants::View),
    ("v1.authentication.", Wants::Organisation),
    ("v1.background-task.", Wants::Organisation),
    ("v1.catalogue.", Wants::Organisation),
    ("v1.dead-letter.", Wants::Organisation),
    ("v1.dead-letter.discard", Wants::More),
    ("v1.dead-letter.get", Wants::More),
    ("v1.dead-letter.list-by-app", Wants::More),
    ("v1.dead-letter.redrive", Wants::More),
    ("v1.dead-letter.redrive-many", Wants::Organisation),
    ("v1.endpoint.bulk-replay", Wants::More),
    ("v1.endpoint.create", Wants::More),
    ("v1.endpoint.delete", Wants::More),
    ("v1.endpoint.get", Wants::View),
    ("v1.endpoint.get-secret", Wants::More),
    ("v1.endpoint.list", Wants::View),
    ("v1.endpoint.patch", Wants::More),
    ("v1.endpoint.pause", Wants::More),
    ("v1.endpoint.recover", Wants::More),
    ("v1.endpoint.replay-missing", Wants::More),
    ("v1.endpoint.resume", Wants::More),
    ("v1.endpoint.rotate-secret", Wants::More),
    ("v1.endpoint.send-example", Wants::Organisation),
    ("v1.endpoint.set-headers", Wants::More),
    ("v1.endpoint.update", Wants::More),
    ("v1.endpoint.upsert", Wants::More),
    ("v1.event-type.", Wants::Organisation),
    ("v1.event-type.get", Wants::Anyone),
    ("v1.event-type.list", Wants::Anyone),
    ("v1.message.", Wants::Organisation),
    ("v1.message.get", Wants::View),
    ("v1.message.list", Wants::View),
    ("v1.message-attempt.expunge-content", Wants::Organisation),
    ("v1.message-attempt.get", Wants::View),
    ("v1.message-attempt.list", Wants::View),
    ("v1.message-attempt.resend", Wants::More),
    ("v1.operational-webhook.", Wants::Organisation),
    ("v1.profile.", Wants::Organisation),
    ("v1.secret-key.", Wants::Organisation),
    ("v1.statistics.", Wants::Organisation),
];

struct Operation {
    id: String,
    method: Method,
    template: String,
    wants: Wants,
}

fn operations() -> Vec<Operation> {
    let document = posthaste_control::specification(Acceptance::specification());
    let document = serde_json::to_value(document).unwrap();
    let mut all = Vec::new();
    for (template, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            let Some(id) = operation["operationId"].as_str() else { continue };
            let wants = WANTED
                .iter()
                .filter(|(prefix, _)| id.starts_with(prefix))
                .max_by_key(|(prefix, _)| prefix.len())
                .unwrap_or_else(|| panic!("what does {id} want of a token?"))
                .1;
            let (id, template) = (id.to_owned(), template.clone());
            all.push(Operation { id, method, template, wants });
        }
    }
    assert!(all.len() > 60, "only {} operations", all.len());
    all
}

/// Everything that a caller could have changed.
async fn snapshot(client: &Client, things: &Things) -> Vec<Value> {
    let app = format!("/api/v1/app/{}", things.app);
    let endpoint = format!("{app}/endpoint/{}", things.endpoint);
    let mut seen = Vec::new();
    for path in [
        "/api/v1/app".to_owned(),
        "/api/v1/event-type?include_archived=true&with_content=true".to_owned(),
        "/api/v1/background-task".to_owned(),
        "/api/v1/dead-letter".to_owned(),
        "/api/v1/operational-webhook/endpoint".to_owned(),
        "/api/v1/profile".to_owned(),
        format!("{app}/endpoint"),
        format!("{app}/secret-key"),
        format!("{endpoint}/secret"),
        format!("{endpoint}/headers"),
        format!("{app}/msg"),
        format!("{app}/attempt/endpoint/{}", things.endpoint),
    ] {
        seen.push(client.call(Method::GET, &path, None).await.expect(200));
    }
    seen
}

#[tokio::test]
async fn nobody_does_what_they_may_not() {
    let bed = Bed::start(&[("POSTHASTE_WORKER_RETRY_WAITS_MS", "10")]).await;
    let (control, _worker) = (bed.control().await, bed.worker().await);
    let owner = Client::new(control.role.address());
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let refuser = Receiver::start(Script::always(Answer::Status(500))).await;
    let things = furnish(&owner, &receiver, &refuser).await;
    let neighbour = owner.application("neighbour").await;
    let signer = bed::signer();
    let stranger: OrgId = STRANGER.parse().unwrap();
    let stranger = owner.with_token(signer.organisation_token(&stranger, bed::now(), HOUR));
    let neighbour =
        owner.with_token(signer.application_token(&bed::org(), &neighbour, bed::now(), HOUR));
    let onlooker = owner.with_token(signer.portal_token(
        &Portal {
            org: bed::org(),
            app: things.app.clone(),
            feature_flags: BTreeSet::new(),
            capabilities: BTreeSet::from([Capability::ViewBase]),
            session_id: None,
            issued_at: bed::now(),
        },
        HOUR,
    ));
    let nobody = owner.with_token("");
    let forger = owner.with_token("eyJhbGciOiJub25lIn0.eyJzdWIiOiJvcmdfMjNyYiJ9.");

    let before = snapshot(&owner, &things).await;
    let mut wrong = Vec::new();
    for Operation { id, method, template, wants } in operations() {
        let path = things.path(&template);
        let names_ours = template.contains('{');
        let body =
            (!matches!(method, Method::GET | Method::HEAD | Method::DELETE)).then(|| json!({}));
        for (who, client) in [
            ("nobody", &nobody),
            ("a forger", &forger),
            ("another organisation", &stranger),
            ("another application", &neighbour),
            ("an onlooker", &onlooker),
        ] {
            // Of its own a stranger may do everything.
            if who == "another organisation" && !names_ours {
                continue;
            }
            let allowed: &[u16] = match (who, wants) {
                (_, Wants::NoToken) => &[204],
                ("nobody" | "a forger", _) => &[401],
                // What it names is not there; of its own it may make one by that name.
                ("another organisation", _) if method == Method::PUT => &[404, 422],
                ("another organisation", _) => &[404],
                ("another application" | "an onlooker", Wants::Anyone) => &[200],
                ("another application" | "an onlooker", Wants::Organisation) => &[403],
                ("another application", _) => &[404],
                (_, Wants::View) => &[200],
                (_, Wants::More) => &[403],
                _ => unreachable!(),
            };
            let status = client.call(method.clone(), &path, body.as_ref()).await.status;
            if !allowed.contains(&status) {
                wrong.push(format!("{id} for {who}: {status}, not {allowed:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} answers are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(snapshot(&owner, &things).await, before);
}
