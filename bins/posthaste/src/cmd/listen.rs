//! `posthaste listen`: a receiver that verifies and prints what it is sent.

use std::{net::SocketAddr, pin::pin, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::error::ErrorKind;
use http::StatusCode;
use posthaste_domain::SigningSecret;
use posthaste_profile::{TOLERANCE, VerifyError};
use posthaste_service::stop::wait_for_signal;
use serde_json::{Map, Value, json};
use tokio::select;
use tokio_util::sync::CancellationToken;

use crate::{
    failure::Outcome,
    output::{complain, say},
    receiver::{ExpectedScheme, Received, Receiver, UnfitSecret, Verifier},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The port of 127.0.0.1; 0 lets the system choose
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The endpoint's secret, to verify signatures with
    #[arg(long, value_parser = SigningSecret::opaque)]
    secret: Option<SigningSecret>,
    /// How requests are signed; standard is Standard Webhooks under webhook-* or svix-* names
    #[arg(long, value_enum, default_value = "standard", requires = "secret")]
    scheme: ExpectedScheme,
    /// How far a signed timestamp may be off, either way
    #[arg(long, value_name = "SECONDS", default_value_t = TOLERANCE.as_secs(), requires = "secret")]
    tolerance: u64,
    /// What every request is answered with
    #[arg(long, default_value = "200", value_parser = status)]
    status: StatusCode,
    /// Print one JSON object for each request
    #[arg(long)]
    json: bool,
}

/// Not a status of an answer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("wants a status from 200 to 599")]
struct StatusError;

fn status(text: &str) -> Result<StatusCode, StatusError> {
    let code = text.parse().ok().filter(|code| (200..600).contains(code)).ok_or(StatusError)?;
    StatusCode::from_u16(code).map_err(|_| StatusError)
}

/// What is said of a request's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signature {
    /// There is no secret to verify with.
    Unchecked,
    Valid,
    Invalid(VerifyError),
}

impl Args {
    /// What verifies; nothing where there is no secret.
    fn verifier(&self) -> Result<Option<Verifier>, UnfitSecret> {
        let tolerance = Duration::from_secs(self.tolerance);
        let verifier =
            |secret: &SigningSecret| Verifier::new(self.scheme, &secret.text(), tolerance);
        self.secret.as_ref().map(verifier).transpose()
    }
}

/// Ends the process as any other argument does that cannot be used.
fn refuse(error: &UnfitSecret) -> ! {
    let problem = format!("invalid value for '--secret <SECRET>': {error}\n");
    clap::Error::raw(ErrorKind::ValueValidation, problem).exit()
}

pub(crate) async fn run(args: Args) -> Outcome {
    let verifier = args.verifier().unwrap_or_else(|error| refuse(&error));
    let receiver = Receiver::bind(SocketAddr::from(([127, 0, 0, 1], args.port))).await?;
    let url = receiver.url();
    let stop = CancellationToken::new();
    let mut requests = receiver.serve(args.status, stop.clone());
    let _stop_at_the_end = stop.drop_guard();
    // Where requests are printed for machines, nothing else is.
    if args.json {
        complain!("listening on {url}");
    } else {
        say!("listening on {url} (Ctrl-C stops)");
    }
    let mut stopped = pin!(wait_for_signal());
    loop {
        let request = select! {
            // First, so that a signal is waited for before anything is said of a request.
            biased;
            _ = stopped.as_mut() => return Ok(()),
            request = requests.recv() => request,
        };
        let Some(request) = request else { return Ok(()) };
        let signature = Signature::of(&request, verifier.as_ref());
        if args.json {
            say!("{}", as_json(&request, signature));
        } else {
            say!("\n{}", as_text(&request, signature));
        }
    }
}

impl Signature {
    fn of(request: &Received, verifier: Option<&Verifier>) -> Self {
        match verifier.map(|verifier| verifier.verify(request)) {
            None => Self::Unchecked,
            Some(Ok(())) => Self::Valid,
            Some(Err(error)) => Self::Invalid(error),
        }
    }
}

fn as_text(request: &Received, signature: Signature) -> String {
    let signature = match signature {
        Signature::Unchecked => "signature not checked (no --secret)".to_owned(),
        Signature::Valid => "signature valid".to_owned(),
        Signature::Invalid(error) => format!("SIGNATURE INVALID: {error}"),
    };
    let Received { at, method, target, headers, body } = request;
    let mut text = format!("{method} {target}  {} bytes  {signature}  {at}", body.len());
    let width = headers.keys().map(|name| name.as_str().len()).max().unwrap_or_default();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        text.push_str(&format!("\n  {:width$}  {value}", name.as_str()));
    }
    if !body.is_empty() {
        text.push_str("\n\n");
        text.push_str(&printable(&String::from_utf8_lossy(body)));
    }
    text
}

/// Without the characters that would steer the terminal.
fn printable(text: &str) -> String {
    text.replace(|c: char| c.is_control() && c != '\n' && c != '\t', "\u{fffd}")
}

fn as_json(request: &Received, signature: Signature) -> Value {
    let Received { at, method, target, headers, body } = request;
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers: Map<_, _> = headers
        .keys()
        .map(|name| {
            let values: Vec<_> = headers.get_all(name).iter().map(text).collect();
            (name.to_string(), Value::from(values.join(", ")))
        })
        .collect();
    let (signature, reason) = match signature {
        Signature::Unchecked => ("unchecked", None),
        Signature::Valid => ("valid", None),
        Signature::Invalid(error) => ("invalid", Some(error.to_string())),
    };
    let mut object = json!({
        "at": at,
        "method": method.as_str(),
        "target": target,
        "headers": headers,
        "signature": signature,
    });
    if let Some(reason) = reason {
        object["signatureFault"] = reason.into();
    }
    match std::str::from_utf8(body) {
        Ok(text) => object["body"] = text.into(),
        Err(_) => object["bodyBase64"] = STANDARD.encode(body).into(),
    }
    object
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, Method};
    use posthaste_domain::Timestamp;

    use super::*;

    fn request(body: &'static [u8]) -> Received {
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", "msg_1".parse().unwrap());
        headers.append("x-a", "1".parse().unwrap());
        headers.append("x-a", "2".parse().unwrap());
        Received {
            at: Timestamp::from_micros(1_790_000_000_000_000),
            method: Method::POST,
            target: "/hook".to_owned(),
            headers,
            body: Bytes::from_static(body),
        }
    }

    #[test]
    fn a_request_is_a_block_for_people() {
        let text = as_text(&request(b"{\"a\":1}"), Signature::Valid);
        let expected = "POST /hook  7 bytes  signature valid  2026-09-21T14:13:20.000000Z\n\
                        \x20 webhook-id  msg_1\n  x-a         1\n  x-a         2\n\n{\"a\":1}";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_body_does_not_steer_the_terminal() {
        let text = as_text(&request(b"{\"a\":\n\t\"\x1b[2J\"}"), Signature::Unchecked);
        assert!(text.ends_with("{\"a\":\n\t\"\u{fffd}[2J\"}"), "{text:?}");
    }

    #[test]
    fn a_request_is_an_object_for_machines() {
        let object = as_json(&request(b"{}"), Signature::Invalid(VerifyError::NoMatch));
        assert_eq!(object["signature"], "invalid");
        assert_eq!(object["signatureFault"], "no signature matches");
        assert_eq!(object["headers"], json!({"webhook-id": "msg_1", "x-a": "1, 2"}));
        assert_eq!(object["body"], "{}");
        let binary = as_json(&request(b"\xff"), Signature::Unchecked);
        assert_eq!((&binary["bodyBase64"], binary.get("body")), (&json!("/w=="), None));
    }

    #[test]
    fn a_status_is_one_of_an_answer() {
        assert_eq!(status("503"), Ok(StatusCode::SERVICE_UNAVAILABLE));
        for bad in ["", "100", "600", "ok"] {
            assert_eq!(status(bad), Err(StatusError), "{bad}");
        }
    }
}
