//! Drives every operation that Posthaste has with the Svix SDK that is written in Rust: what parses
//! there has the types that it says.
//!
//! ```text
//! SVIX_TOKEN=… sdk-operations SERVER_URL GOOD_URL BAD_URL
//! ```
//!
//! The last line on stdout is JSON: `{"sdk": its version, "operations": [the names of those driven,
//! in order]}`. Anything that is not as the contract has it ends the run with a panic. The
//! organisation of the token must be new; `GOOD_URL` must take what it is sent, and `BAD_URL` must
//! answer 500, on three attempts in quick succession.

mod session;
mod setting_up;
mod traffic;

use std::env;

use serde_json::json;

use self::session::{Session, refusal};

/// As `Cargo.toml` pins it.
const SDK: &str = "2.9.1";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let asked: Vec<_> = env::args().skip(1).collect();
    let [server_url, good_url, bad_url] =
        <[String; 3]>::try_from(asked).expect("SERVER_URL GOOD_URL BAD_URL");
    let token = env::var("SVIX_TOKEN").expect("SVIX_TOKEN");
    let mut session = Session::new(server_url, token);
    let svix = session.svix.clone();
    session.drive("health.get", svix.health().get()).await;
    session.applications().await;
    session.event_types().await;
    session.tokens().await;
    session.endpoints().await;
    session.operational_webhooks().await;
    session.traffic(good_url, bad_url).await;

    // Of each part of the SDK that is not served.
    let absent = [
        refusal(svix.integration().list("app_1".to_owned(), None).await),
        refusal(svix.connector().list(None).await),
        refusal(svix.ingest().source().list(None).await),
        refusal(svix.streaming().stream().list(None).await),
    ];
    for refusal in absent {
        assert_eq!(refusal, (501, "not_implemented".to_owned()));
    }
    println!("{}", json!({ "sdk": SDK, "operations": session.driven }));
}
