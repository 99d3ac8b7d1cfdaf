//! Calls the HTTP API.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode, header};
use rustls::{ClientConfig, RootCertStore, crypto::ring};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a call may take in all; longer than a server takes to say that it cannot.
const CALL: Duration = Duration::from_secs(30);
/// The most bytes of an answer that are read. An answer may repeat a message.
const ANSWER_MAX: usize = 16 << 20;

/// The API at one address, with one token. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ApiClient {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// No client could be made.
    #[error("cannot prepare HTTPS")]
    Prepare(#[source] PrepareError),
    /// There was no answer.
    #[error("no answer from {base}")]
    NoAnswer {
        /// Where it was asked.
        base: String,
        /// What went wrong.
        #[source]
        source: reqwest::Error,
    },
    /// The answer is longer than any that the API gives.
    #[error("the answer is longer than {ANSWER_MAX} bytes")]
    TooLong,
    /// The API said no.
    #[error("the API answered {status}: {problem}")]
    Refused {
        /// The status.
        status: StatusCode,
        /// The body, which is the problem as JSON.
        problem: String,
    },
    /// The answer is not what the API answers.
    #[error("the API's answer cannot be read")]
    Unreadable(#[from] serde_json::Error),
}

/// Why there is no HTTP client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrepareError {
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
    /// The client cannot be built.
    #[error(transparent)]
    Client(#[from] reqwest::Error),
}

impl ApiClient {
    /// For the API at `base` (`https://host`, without `/api/v1`), speaking with `token`.
    ///
    /// # Errors
    /// [`ApiError::Prepare`].
    pub(crate) fn try_new(base: &str, token: String) -> Result<Self, ApiError> {
        let base = base.trim_end_matches('/').to_owned();
        let http = http_client(base.starts_with("https:")).map_err(ApiError::Prepare)?;
        Ok(Self { http, base, token })
    }

    /// Calls `path`, which begins with `/`, with a JSON `body` where there is one, and returns the
    /// answer's body.
    ///
    /// # Errors
    /// [`ApiError`]; every status but 2xx is one.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Bytes, ApiError> {
        let no_answer = |source| ApiError::NoAnswer { base: self.base.clone(), source };
        let mut request =
            self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body);
        }
        let mut response = request.send().await.map_err(no_answer)?;
        let status = response.status();
        let mut answer = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
            if answer.len() + chunk.len() > ANSWER_MAX {
                return Err(ApiError::TooLong);
            }
            answer.extend_from_slice(&chunk);
        }
        if status.is_success() {
            return Ok(answer.freeze());
        }
        let problem = String::from_utf8_lossy(&answer).into_owned();
        Err(ApiError::Refused { status, problem })
    }
}

/// A client for one API. Plain HTTP is for one's own machine or network, so there neither
/// certificates nor proxies are looked for.
fn http_client(https: bool) -> Result<reqwest::Client, PrepareError> {
    let builder = builder(https)?.timeout(CALL);
    let builder = if https { builder } else { builder.no_proxy() };
    Ok(builder.build()?)
}

/// A client for plain HTTP on this machine that keeps `connections` open, and gives up an answer
/// after `within`.
///
/// # Errors
/// [`PrepareError`], which needs a broken build to happen.
pub(crate) fn plain_client(
    within: Duration,
    connections: usize,
) -> Result<reqwest::Client, PrepareError> {
    let builder = builder(false)?.timeout(within).pool_max_idle_per_host(connections);
    Ok(builder.http1_only().no_proxy().build()?)
}

fn builder(https: bool) -> Result<reqwest::ClientBuilder, PrepareError> {
    let mut roots = RootCertStore::empty();
    if https {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT)
        .redirect(reqwest::redirect::Policy::none())
        .tcp_nodelay(true)
        .user_agent(concat!("posthaste-cli/", env!("CARGO_PKG_VERSION"))))
}
