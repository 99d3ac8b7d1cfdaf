//! The address a message is posted to, spoken to byte by byte.
//!
//! No HTTP client stands between: nothing that a test sends is normalised, refused or repaired on
//! its way. Every request has a connection of its own.

use std::{io, net::SocketAddr, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// How long one exchange may take. Longer than any test waits for the broker.
const PATIENCE: Duration = Duration::from_secs(30);
/// No answer is longer than the largest message and its frame.
const MAX_ANSWER: u64 = 2 << 20;

/// An address that accepts messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surface {
    /// Whose it is.
    pub(super) name: &'static str,
    address: SocketAddr,
}

/// One request. What is not said is not sent, but for `host`, `connection` and the body's length.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    chunked: bool,
}

/// One answer.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Ask {
    pub(super) fn new(method: &str, target: impl Into<String>) -> Self {
        let (method, target) = (method.to_owned(), target.into());
        Self { method, target, headers: Vec::new(), body: Vec::new(), chunked: false }
    }

    pub(super) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.retain(|(given, _)| !given.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(given, _)| given != name);
        self
    }

    pub(super) fn token(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    pub(super) fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub(super) fn target(self, target: impl Into<String>) -> Self {
        Self { target: target.into(), ..self }
    }

    pub(super) fn method(self, method: &str) -> Self {
        Self { method: method.to_owned(), ..self }
    }

    pub(super) fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    pub(super) fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
    }

    /// Sends the body in one chunk, without telling its length ahead.
    pub(super) fn chunked(self) -> Self {
        Self { chunked: true, ..self }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        bytes.extend(b"host: posthaste.test\r\nconnection: close\r\n");
        for (name, value) in &self.headers {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        if self.chunked {
            let chunk = format!("transfer-encoding: chunked\r\n\r\n{:x}\r\n", self.body.len());
            bytes.extend([chunk.as_bytes(), &self.body, b"\r\n0\r\n\r\n"].concat());
        } else {
            let length = format!("content-length: {}\r\n\r\n", self.body.len());
            bytes.extend([length.as_bytes(), &self.body].concat());
        }
        bytes
    }
}

impl Surface {
    pub(super) const fn new(name: &'static str, address: SocketAddr) -> Self {
        Self { name, address }
    }

    /// Sends a request, and returns the answer.
    ///
    /// # Panics
    /// Without an answer in HTTP within 30 s.
    pub(super) async fn send(&self, ask: &Ask) -> Heard {
        self.send_raw(ask.bytes()).await
    }

    /// As [`send`](Self::send), for what need not be HTTP.
    pub(super) async fn send_raw(&self, request: Vec<u8>) -> Heard {
        let answer = timeout(PATIENCE, self.exchange(&request)).await;
        let heard = answer.map_err(io::Error::from).flatten().and_then(|bytes| parse(&bytes));
        heard.unwrap_or_else(|error| {
            let start = String::from_utf8_lossy(&request[..request.len().min(200)]);
            panic!("{}: {error} after {start:?}", self.name)
        })
    }

    async fn exchange(&self, request: &[u8]) -> io::Result<Vec<u8>> {
        let (mut from, mut to) = TcpStream::connect(self.address).await?.into_split();
        // A server may answer before it has read everything, and close.
        let send = async {
            let _ = to.write_all(request).await;
            to
        };
        let mut answer = Vec::new();
        let hear = async { (&mut from).take(MAX_ANSWER).read_to_end(&mut answer).await };
        let (heard, _open) = tokio::join!(hear, send);
        // Once the answer is there, a reset in place of the end takes nothing from it.
        match heard {
            Err(error) if answer.is_empty() => Err(error),
            _ => Ok(answer),
        }
    }
}

fn parse(answer: &[u8]) -> io::Result<Heard> {
    let bad = || io::Error::new(io::ErrorKind::InvalidData, format!("no answer: {answer:.200?}"));
    let text = str::from_utf8(answer).map_err(|_| bad())?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(bad)?;
    let (line, headers) = head.split_once("\r\n").unwrap_or((head, ""));
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(bad)?;
    let headers = headers.lines().filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    Ok(Heard { status, headers: headers.collect(), body: body.to_owned() })
}

impl Heard {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body, which must be JSON and say so.
    pub(super) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body, if the status is this one.
    pub(super) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.json()
    }

    /// The `id` of the message, if it was accepted.
    pub(super) fn accepted(&self) -> String {
        self.expect(202)["id"].as_str().unwrap().to_owned()
    }
}
