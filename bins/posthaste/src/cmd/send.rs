//! `posthaste send`: posts a message through the API.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use http::Method;
use posthaste_domain::{Channel, EventId, EventType, OrgId, Timestamp, Uid};
use posthaste_service::clock;
use serde::Serialize;
use serde_json::value::RawValue;

use super::token;
use crate::{
    api_client::{ApiClient, ApiError},
    failure::{Failure, Outcome},
    output::{complain, say},
};

/// The largest payload that is read; the API's own limit is lower.
const PAYLOAD_MAX: u64 = 64 << 20;
/// How long a token lives that is made for one call.
const TOKEN_LIFETIME: std::time::Duration = std::time::Duration::from_secs(300);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The application: its id or uid
    #[arg(long)]
    app: Uid,
    /// The event type, such as chargeback.created
    #[arg(long = "type", value_name = "TYPE")]
    event_type: EventType,
    /// Your own id of the event; sending it twice sends it once
    #[arg(long)]
    event_id: Option<EventId>,
    /// A channel; may be given up to five times
    #[arg(long = "channel", value_name = "CHANNEL")]
    channels: Vec<Channel>,
    /// Where the API is
    #[arg(long, default_value = "http://127.0.0.1:8071")]
    url: String,
    /// A token; without one, the secret of the environment makes one
    #[arg(long, env = "POSTHASTE_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The organisation to make a token for
    #[arg(long, default_value = token::DEFAULT_ORG)]
    org: OrgId,
    /// The payload: a file with a JSON object, or - for standard input
    #[arg(default_value = "-")]
    file: PathBuf,
}

/// The body of the request; the payload goes in as the bytes it is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageIn<'a> {
    pub(crate) event_type: &'a str,
    pub(crate) payload: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) event_id: Option<&'a EventId>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) channels: &'a [Channel],
}

/// Why there is no payload to send.
#[derive(Debug, thiserror::Error)]
enum PayloadError {
    #[error("cannot read {file}")]
    Unreadable {
        file: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{file} is longer than {PAYLOAD_MAX} bytes")]
    TooLong { file: PathBuf },
    #[error("{file} is not JSON")]
    NotJson {
        file: PathBuf,
        #[source]
        source: serde_json::Error,
    },
}

/// The API refused; its problem has been printed.
#[derive(Debug, thiserror::Error)]
#[error("the message was not accepted: {0}")]
struct NotAccepted(http::StatusCode);

pub(crate) async fn run(args: Args) -> Outcome {
    let payload = payload(&args.file)?;
    let token = match &args.token {
        Some(token) if !token.is_empty() => token.clone(),
        _ => token::signer_from_environment()?.organisation_token(
            &args.org,
            Timestamp::from(clock::now()),
            TOKEN_LIFETIME,
        ),
    };
    let message = MessageIn {
        event_type: args.event_type.as_str(),
        payload: &payload,
        event_id: args.event_id.as_ref(),
        channels: &args.channels,
    };
    let body = serde_json::to_vec(&message)?;
    let client = ApiClient::try_new(&args.url, token)?;
    let path = format!("/api/v1/app/{}/msg", args.app);
    match client.call(Method::POST, &path, Some(body)).await {
        Ok(answer) => {
            say!("{}", String::from_utf8_lossy(&answer));
            Ok(())
        }
        Err(ApiError::Refused { status, problem }) => {
            complain!("{problem}");
            Err(Failure::from(NotAccepted(status)))
        }
        Err(error) => Err(error.into()),
    }
}

fn payload(file: &Path) -> Result<Box<RawValue>, PayloadError> {
    let mut text = Vec::new();
    read(file, &mut text)
        .map_err(|source| PayloadError::Unreadable { file: file.to_owned(), source })?;
    if text.len() as u64 > PAYLOAD_MAX {
        return Err(PayloadError::TooLong { file: file.to_owned() });
    }
    serde_json::from_slice(&text)
        .map_err(|source| PayloadError::NotJson { file: file.to_owned(), source })
}

fn read(file: &Path, text: &mut Vec<u8>) -> io::Result<usize> {
    if file == Path::new("-") {
        io::stdin().lock().take(PAYLOAD_MAX + 1).read_to_end(text)
    } else {
        File::open(file)?.take(PAYLOAD_MAX + 1).read_to_end(text)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn the_payload_goes_in_as_the_bytes_it_is() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"\n{ \"amount\": 1.50,\n  \"a\": null }\n").unwrap();
        let payload = payload(file.path()).unwrap();
        let message =
            MessageIn { event_type: "t", payload: &payload, event_id: None, channels: &[] };
        let body = serde_json::to_string(&message).unwrap();
        assert_eq!(body, "{\"eventType\":\"t\",\"payload\":{ \"amount\": 1.50,\n  \"a\": null }}");
    }

    #[test]
    fn what_is_not_json_is_refused_here() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"{").unwrap();
        assert!(matches!(payload(file.path()), Err(PayloadError::NotJson { .. })));
        let missing = payload(Path::new("/nonexistent/payload.json"));
        assert!(matches!(missing, Err(PayloadError::Unreadable { .. })));
    }
}
