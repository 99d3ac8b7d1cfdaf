//! Requests that nobody thought of: made from our specification, right ones and wrong ones, and
//! the answers held against it. No 5xx, no status and no content type that it does not name, no
//! body that breaks its schema.
//!
//! One run names in its paths what is there; another makes its names up, or takes them from what
//! it was answered. The worker has made the history that lists show, and is gone by then: an
//! endpoint may be given any address there is, and nothing is to be sent to it.

use std::{fmt::Write as _, net::SocketAddr, process::Stdio, time::Duration};

use posthaste_testkit::{Answer, Receiver, Script};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::{
    bed::{self, Bed},
    client::Client,
    things::{EVENT_TYPE, PROFILE, Things, furnish, secret_key},
    tool,
};

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance";
const SEED: &str = "20261122";

/// What paths name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    /// What is there.
    Real,
    /// Anything.
    Any,
}

/// How much is tried.
struct Extent {
    phases: &'static str,
    /// Cases of each operation while fuzzing.
    max_examples: u32,
    /// The cases that each run must come to.
    least: u64,
}

const SMALL: Extent = Extent { phases: "examples,fuzzing", max_examples: 4, least: 250 };
const FULL: Extent = Extent { phases: "examples,coverage,fuzzing", max_examples: 40, least: 3_000 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_as_specified() {
    run(Names::Real, &SMALL).await;
    run(Names::Any, &SMALL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: ./tests/schemathesis"]
async fn answers_are_as_specified_to_thousands_of_requests() {
    println!("{} cases about what is there", run(Names::Real, &FULL).await);
    println!("{} cases about anything", run(Names::Any, &FULL).await);
}

/// Returns how many cases there were.
async fn run(names: Names, extent: &Extent) -> u64 {
    let bed = Bed::start(&[("POSTHASTE_WORKER_RETRY_WAITS_MS", "10")]).await;
    let (control, worker) = (bed.control().await, bed.worker().await);
    let client = Client::new(control.role.address());
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let refuser = Receiver::start(Script::always(Answer::Status(500))).await;
    let things = furnish(&client, &receiver, &refuser).await;
    worker.stop(Duration::from_secs(5)).await;
    let config = match names {
        Names::Real => real_names(&client, &things).await,
        Names::Any => String::new(),
    };
    let report = schemathesis(control.role.address(), &config, extent).await;
    let cases = report["test_cases"]["generated"].as_u64().unwrap();
    assert!(cases >= extent.least, "only {cases} cases");
    assert_eq!(report["operations"]["tested"], report["operations"]["total"]);
    if names == Names::Real {
        assert_eq!(refused_only(&report), *REFUSES);
    }
    cases
}

/// The operations that accept nothing, whatever is asked.
const REFUSES: &[&str] = &[
    // It has been sent again by then.
    "DELETE /api/v1/dead-letter/{dead_letter_id}",
];

/// The operations that accepted no request.
fn refused_only(report: &Value) -> Vec<&str> {
    let accepted = |phases: &Value| {
        let all = phases.as_object().unwrap().values();
        all.map(|rates| rates["accepted"].as_u64().unwrap()).sum::<u64>()
    };
    let rates = report["valid_rates"].as_object().unwrap().iter();
    rates.filter(|(_, phases)| accepted(phases) == 0).map(|(operation, _)| &**operation).collect()
}

/// The settings by which paths name what is there; what is deleted is something that nothing else
/// needs.
async fn real_names(client: &Client, things: &Things) -> String {
    let spare = client.application("spare").await;
    let spare_endpoint = client.endpoint(&things.app, "https://spare.test/").await;
    let spare_message = client.message(&things.app, json!({})).await;
    let kind = json!({ "name": "spare", "description": "d" });
    client.call(Method::POST, "/api/v1/event-type", Some(&kind)).await.expect(201);
    let operational = "/api/v1/operational-webhook/endpoint";
    let body = json!({ "url": "https://spare.test/" });
    let body = client.call(Method::POST, operational, Some(&body)).await.expect(201);
    let spare_operational = body["id"].as_str().unwrap();
    let spare_key = secret_key(client, &things.app).await;

    let mut config = format!(
        "[dictionaries.event_type]\nvalues = [\"{EVENT_TYPE}\", \"svix.ping\"]\n\
         [parameters]\n\
         \"body.eventType\" = {{ dictionary = \"event_type\", probability = 0.5 }}\n"
    );
    for (name, value) in [
        ("app_id", things.app.as_str()),
        ("endpoint_id", &things.endpoint),
        ("msg_id", &things.message),
        ("attempt_id", &things.attempt),
        ("task_id", &things.task),
        ("dead_letter_id", &things.dead_letter),
        ("event_type_name", EVENT_TYPE),
        ("key_id", &things.secret_key),
        ("reference", PROFILE),
    ] {
        writeln!(config, "\"path.{name}\" = \"{value}\"").unwrap();
    }
    for phase in ["examples", "coverage", "fuzzing"] {
        writeln!(config, "[phases.{phase}]\nextra-data-sources.responses = false").unwrap();
    }
    for (operation, name, value) in [
        ("^DELETE .*/operational-webhook/", "endpoint_id", spare_operational),
        ("^(GET|PUT|POST) .*/operational-webhook/", "endpoint_id", &*things.operational),
        ("^DELETE /api/v1/app/[^/]*$", "app_id", spare.as_str()),
        ("^DELETE /api/v1/app/[^/]*/endpoint/", "endpoint_id", spare_endpoint.as_str()),
        ("^DELETE .*/msg/[^/]*/content$", "msg_id", &spare_message),
        ("^DELETE .*/event-type/", "event_type_name", "spare"),
        ("^DELETE .*/secret-key/", "key_id", &spare_key),
        ("/expunge-all-contents$", "app_id", spare.as_str()),
    ] {
        writeln!(config, "[[operations]]\ninclude-name-regex = '{operation}'").unwrap();
        writeln!(config, "parameters = {{ \"path.{name}\" = \"{value}\" }}").unwrap();
    }
    config
}

/// Runs it, and returns its report, which has no failure in it.
async fn schemathesis(address: SocketAddr, config: &str, extent: &Extent) -> Value {
    let folder = TempDir::new().unwrap();
    let (settings, report) = (folder.path().join("config.toml"), folder.path().join("report.json"));
    std::fs::write(&settings, config).unwrap();
    let mut command = Command::new(tool::path("SCHEMATHESIS", "schemathesis"));
    command.arg("--config-file").arg(&settings).arg("run");
    command.arg(format!("http://{address}/api/v1/openapi.json"));
    command.arg("--header").arg(format!("Authorization: Bearer {}", bed::token()));
    command.args(["--checks", CHECKS, "--phases", extent.phases, "--seed", SEED]);
    command.args(["--max-examples", &extent.max_examples.to_string()]);
    // What it made up last time, and how long it took over it, are nothing to this time.
    command.args(["--generation-database", "none", "--suppress-health-check", "all"]);
    // One after the other: what a request finds must not depend on which thread came first.
    command.args(["--workers", "1", "--request-timeout", "30", "--continue-on-failure"]);
    command.args(["--no-color", "--warnings", "off"]);
    command.arg("--report-json-path").arg(&report).current_dir(folder.path());
    command.env("NO_PROXY", "*").env("PYTHONDONTWRITEBYTECODE", "1");
    let done = command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    let report = std::fs::read(&report)
        .unwrap_or_else(|error| panic!("no report ({error}):\n{said}\n{done:?}"));
    let report: Value = serde_json::from_slice(&report).unwrap();
    let is_clean = done.status.success()
        && report["complete"] == true
        && [&report["failures"], &report["errors"]].into_iter().all(|all| *all == json!([]));
    assert!(is_clean, "{said}");
    report
}
