//! What every part of the tests needs: the published secrets and one request.

mod faults;
mod golden;
mod key_pair;
mod message;
mod negative;
mod properties;
mod rotation;
mod vectors;

use http::{HeaderMap, HeaderValue};
use posthaste_domain::{SigningSecret, Timestamp};

use super::*;

const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const SECONDS: i64 = 1_614_265_330;
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER_WHSEC: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const WHSK: &str =
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
const V1: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const OTHER_V1: &str = "v1,78nXHjpFP0tVJQW5D0SBwmVyyW87BV/rL6MgfM/Bw44=";
const V1A: &str =
    "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn secret(text: &str) -> SigningSecret {
    SigningSecret::parse(text).unwrap()
}

fn opaque(text: &str) -> SigningSecret {
    SigningSecret::opaque(text).unwrap()
}

fn scheme(name: &str) -> Scheme {
    SchemeSpec::builtin(name).unwrap().compile().unwrap()
}

fn request<'a>(id: &'a str, seconds: i64, body: &'a [u8]) -> Signed<'a> {
    Signed { id, at: at(seconds), event_type: "chargeback.created", body }
}

fn sign(scheme: &Scheme, keys: &[SigningSecret], signed: &Signed<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let made = scheme.sign(keys.iter(), signed, &mut headers).unwrap();
    assert_eq!(made == 0, headers.is_empty());
    headers
}

fn headers<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> HeaderMap {
    let pair = |(name, value): (&str, &str)| {
        (name.parse::<http::HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
    };
    pairs.into_iter().map(pair).collect()
}
