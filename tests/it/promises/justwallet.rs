//! What Just Wallet promised, but for the schedule.

mod answers;
mod catalogue;
mod documented;
mod program;
mod record;
mod request;
mod secret;

use posthaste_domain::EndpointId;
use posthaste_testkit::Received;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::bed::{Merchant, World};

const PROFILE: &str = "justwallet@1";
/// The secret in its documentation.
const SECRET: &str = "your-secret";
const PAYOUT: &str = "payout";
const TYPES: [&str; 6] = [
    PAYOUT,
    "collection",
    "quote_creation.success",
    "quote_creation.failed",
    "quote_funding.success",
    "quote_funding.failed",
];

/// The system, with the event types of Just Wallet.
async fn world() -> World {
    let world = World::start().await;
    declare(&world).await;
    world
}

/// Puts the event types of Just Wallet into the catalogue.
async fn declare(world: &World) {
    let import = json!({ "name": "justwallet" });
    let path = "/api/v1/event-type/import/catalogue";
    world.client.call(Method::POST, path, Some(&import)).await.expect(200);
}

/// What the settings of a merchant's webhook say once every box is checked.
fn settings(url: &str, secret: &str) -> Value {
    json!({ "url": url, "secret": secret, "filterTypes": TYPES })
}

/// A merchant of this name, whose only endpoint has this URL, the documented secret, and every box
/// checked.
async fn merchant<'w>(world: &'w World, name: &str, url: &str) -> (Merchant<'w>, EndpointId) {
    let merchant = world.merchant(name, PROFILE).await;
    let endpoint = merchant.endpoint_with(settings(url, SECRET)).await;
    (merchant, endpoint)
}

/// Panics unless the request has one header written `Signature`, which signs its body with the
/// bytes of this secret.
fn assert_signed(request: &Received, secret: &str) {
    let signature = hmac_sha256(secret.as_bytes(), &request.body);
    let own = request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("signature"));
    let own: Vec<_> = own.map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(own, [("Signature", &*signature)]);
    let line = format!("\r\nSignature: {signature}\r\n");
    assert!(String::from_utf8_lossy(&request.head).contains(&line), "{:?}", request.head);
}

/// HMAC-SHA256 (RFC 2104) in hexadecimal: not ours, which is what is judged.
fn hmac_sha256(key: &[u8], message: &[u8]) -> String {
    const BLOCK: usize = 64;
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message);
    let outer = Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c));
    let code = outer.chain_update(inner.finalize()).finalize();
    code.iter().map(|byte| format!("{byte:02x}")).collect()
}
