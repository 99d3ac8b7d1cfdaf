//! Our specification against what the clients that exist rely on.
//!
//! `tests/contract/*.txt` hold, in a form of our own, the operations, parameters, fields and status
//! codes that the SDKs of the Svix API send and read: `server.txt` those of the open-source server,
//! `sdk.txt` those that newer SDKs add. A client sees a difference where something it sends is not
//! taken, or something it reads is missing or of another kind.

mod compare;
mod document;
mod expected;

use posthaste_ingress::Acceptance;

use self::{compare::Comparison, document::Document, expected::Contract};

const SERVER: &str = include_str!("../contract/server.txt");
const SDK: &str = include_str!("../contract/sdk.txt");

/// What a contract asks for and we do not do, each for its reason.
const DEVIATIONS: &[&str] = &[
    // Neither does the server that they were written for: it answers 501, as we do.
    "POST /api/v1/auth/logout: no such operation",
    // It is 200, as the server says it; the SDKs ask only whether it is a 2xx.
    "POST /api/v1/app/{app_id}/endpoint/{endpoint_id}/send-example: no answer 202",
];

fn differences(contract: &str) -> Vec<String> {
    let mut found = all_differences(contract);
    found.retain(|difference| !DEVIATIONS.contains(&difference.as_str()));
    found
}

fn all_differences(contract: &str) -> Vec<String> {
    let contract = Contract::parse(contract);
    let specification = posthaste_control::specification(Acceptance::specification());
    let document = Document::new(serde_json::to_value(specification).unwrap());
    Comparison::new(&contract, &document).differences()
}

fn assert_none(differences: &[String]) {
    assert!(
        differences.is_empty(),
        "{} differences:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

#[test]
fn every_deviation_is_still_one() {
    let [server, sdk] = [SERVER, SDK].map(all_differences);
    for deviation in DEVIATIONS {
        let is_one = |found: &[String]| found.iter().any(|difference| difference == deviation);
        assert!(is_one(&server) || is_one(&sdk), "{deviation}");
    }
}

#[test]
fn clients_of_the_server_see_no_difference() {
    assert_none(&differences(SERVER));
}

#[test]
fn the_sdks_of_today_see_no_difference() {
    assert_none(&differences(SDK));
}

#[test]
fn a_difference_would_be_seen() {
    let contract = "GET /api/v1/app v1.application.list\n  query colour: string\n  answer 206: Nobody\n\n\
                    model Nobody\n  id: string\n\n\
                    PUT /api/v1/app/{app_id} v1.application.upsert\n  body: Odd\n  answer 200: Odd\n\n\
                    model Odd\n  uid: integer\n  size: string\n\n\
                    POST /api/v1/nowhere v1.nowhere\n  answer 200\n";
    let found = differences(contract);
    for expected in [
        "GET /api/v1/app: no query parameter colour",
        "GET /api/v1/app: no answer 206",
        "PUT /api/v1/app/{app_id} body: name is required",
        "PUT /api/v1/app/{app_id} body: uid is not taken as integer",
        "PUT /api/v1/app/{app_id} body: no field size",
        "PUT /api/v1/app/{app_id} answer 200: no field size",
        "POST /api/v1/nowhere: no such operation",
    ] {
        assert!(found.iter().any(|line| line.starts_with(expected)), "{expected}\nin {found:#?}");
    }
}
