//! A webhook request as a sender of one scheme makes it, and what may be wrong with it.

use std::{iter, time::Duration};

use posthaste_domain::{SigningSecret, Timestamp};
use posthaste_profile::scheme::{Scheme, SchemeSpec, Signed};
use reqwest::header::HeaderMap;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::bed;

const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER_WHSEC: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
/// The key pair of the Svix test vectors, and the first of RFC 8032.
const WHSK: &str =
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
const OTHER_WHSK: &str =
    "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGg==";

/// Nothing that parses and writes this anew gets the same bytes: spaces, a number with an exponent,
/// an escape, what PHP escapes, and keys that JavaScript reorders.
const BODY: &str = r#"{ "type": "a/b", "10": 1e2, "9": 1.0, "e": {}, "name": "caf\u00e9 – “é”" }"#;

/// Sets these, but a receiver can do without them.
const NOT_VERIFIED: [&str; 2] = ["X-GitHub-Event", "X-Shopify-Topic"];

/// A sender of one scheme.
pub(super) struct Sender {
    name: &'static str,
    scheme: Scheme,
    own: SigningSecret,
    other: SigningSecret,
}

/// A request that is signed, rightly or not.
pub(super) struct Sealed<'a> {
    sender: &'a Sender,
    at: Timestamp,
    pub(super) id: String,
    /// In the spelling in which senders document them.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Sender {
    pub(super) fn new(name: &'static str) -> Self {
        // Just Wallet's is the plain one under another header.
        let spec = SchemeSpec::builtin(if name == "justwallet" { "hex-body" } else { name });
        let scheme = spec.unwrap().compile().unwrap();
        let parsed = |text| SigningSecret::parse(text).unwrap();
        let opaque = |text| SigningSecret::opaque(text).unwrap();
        let (own, other) = match name {
            "standard-v1" | "svix" => (parsed(WHSEC), parsed(OTHER_WHSEC)),
            "standard-v1a" => (parsed(WHSK), parsed(OTHER_WHSK)),
            // Whole and as text, though it looks like one that is to be decoded.
            "stripe" => (opaque(WHSEC), opaque(OTHER_WHSEC)),
            // Headers are of ASCII.
            "static-secret" => (opaque("It's a $ecret"), opaque("It's a $ecreT")),
            _ => (opaque(r#"é$ "secret" \1"#), opaque("your-secret")),
        };
        Self { name, scheme, own, other }
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// What the receiver is given.
    pub(super) fn revealed(&self) -> String {
        self.own.reveal()
    }

    pub(super) fn signs_the_body(&self) -> bool {
        self.name != "static-secret"
    }

    pub(super) fn has_entries_of_all_keys(&self) -> bool {
        let all = ["standard-v1", "standard-v1a", "svix", "stripe", "pagerduty", "convoy-advanced"];
        all.contains(&self.name)
    }

    pub(super) fn tells_the_time(&self) -> bool {
        let none = ["github", "hex-body", "justwallet", "pagerduty", "shopify", "static-secret"];
        !none.contains(&self.name)
    }

    pub(super) fn tells_an_id(&self) -> bool {
        let some = ["github", "shopify", "standard-v1", "standard-v1a", "svix"];
        some.contains(&self.name)
    }

    /// The headers without which nothing can be verified.
    pub(super) fn required(&self) -> Vec<String> {
        let names = self.seal(0).headers.into_iter().map(|(name, _)| name);
        names.filter(|name| !NOT_VERIFIED.contains(&&**name)).collect()
    }

    pub(super) fn signature_header(&self) -> String {
        let is_signature = |name: &String| {
            let name = name.to_ascii_lowercase();
            name.contains("signature") || name.contains("hmac")
        };
        self.required().into_iter().find(is_signature).unwrap()
    }

    fn spelt(&self, name: &str) -> String {
        if self.name == "justwallet" { "Signature".to_owned() } else { name.to_owned() }
    }

    /// The request of this number, signed now. Each has an id and a length of its own.
    pub(super) fn seal(&self, number: usize) -> Sealed<'_> {
        let id = format!("msg_{number}");
        let body = BODY.bytes().chain(iter::repeat_n(b' ', number)).collect();
        let mut sealed = Sealed { sender: self, at: bed::now(), id, headers: Vec::new(), body };
        sealed.headers = sealed.signed(&[&self.own]);
        sealed
    }
}

impl Sealed<'_> {
    fn signed(&self, keys: &[&SigningSecret]) -> Vec<(String, String)> {
        let mut headers = HeaderMap::new();
        let signed = Signed {
            id: &self.id,
            at: self.at,
            event_type: "chargeback.created",
            body: &self.body,
        };
        let made = self.sender.scheme.sign(keys.iter().copied(), &signed, &mut headers).unwrap();
        assert_eq!(made, keys.len());
        let names = self.sender.scheme.header_names();
        let value = |name| headers[name].to_str().unwrap().to_owned();
        names.map(|(name, as_written)| (self.sender.spelt(as_written), value(name))).collect()
    }

    /// The same request, signed with another secret.
    pub(super) fn by_another(&self) -> Self {
        self.with(self.at, &[&self.sender.other])
    }

    /// The same request, signed with two secrets, of which the receiver has the second.
    pub(super) fn by_two(&self) -> Self {
        self.with(self.at, &[&self.sender.other, &self.sender.own])
    }

    /// The same request, as it was signed so many seconds ago, or will be.
    pub(super) fn aged(&self, seconds: i64) -> Self {
        let at = Timestamp::from_micros(self.at.micros() - seconds * 1_000_000);
        self.with(at, &[&self.sender.own])
    }

    fn with(&self, at: Timestamp, keys: &[&SigningSecret]) -> Self {
        let (id, body) = (self.id.clone(), self.body.clone());
        let mut sealed = Self { sender: self.sender, at, id, headers: Vec::new(), body };
        sealed.headers = sealed.signed(keys);
        sealed
    }

    pub(super) fn drop_header(&mut self, name: &str) {
        self.headers.retain(|(sent, _)| sent != name);
    }

    pub(super) fn change(&mut self, name: &str, change: impl FnOnce(&str) -> String) {
        let (_, value) = self.headers.iter_mut().find(|(sent, _)| sent == name).unwrap();
        *value = change(value);
    }
}

/// Posts these bytes under these headers, as they are, and returns the status.
pub(super) async fn post(port: u16, headers: &[(String, String)], body: &[u8]) -> u16 {
    let mut head = format!("POST /webhook HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n");
    head += &format!("Connection: close\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    let exchange = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    };
    let answer = timeout(Duration::from_secs(20), exchange).await.expect("it answers");
    let status = answer.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5));
    status.and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("answers {answer:?}"))
}
