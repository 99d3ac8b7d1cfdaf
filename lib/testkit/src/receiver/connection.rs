//! One connection: read a request, ask the script, answer, and again while both sides keep the
//! connection.

use std::fmt::Write;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::ledger::Ledger;
use super::{Answer, Received};

/// The longest request line and header lines, together, that are read.
const MAX_HEAD: usize = 64 << 10;
/// The longest body that is read.
const MAX_BODY: usize = 64 << 20;
/// What the unfinished body of a dripping answer is said to be long.
const DRIPPED: usize = 1 << 30;

/// What is next on this connection.
#[derive(PartialEq, Eq)]
enum Next {
    Request,
    Close,
}

/// Serves one connection until either side ends it.
pub(super) async fn serve(stream: TcpStream, number: u64, ledger: Arc<Ledger>) {
    let _ = stream.set_nodelay(true);
    let mut connection = Connection { stream, buffer: BytesMut::with_capacity(8 << 10), number };
    // An error here is the other side's doing, mostly its giving up, and that is what some tests
    // are about.
    while let Ok(Some(mut received)) = connection.read().await {
        let in_flight = ledger.enter(&mut received);
        let answer = ledger.script().answer(&received);
        let keep = !asks_to_close(received.header("connection"));
        let answered = connection.answer(answer, &ledger, in_flight).await;
        if !(keep && matches!(answered, Ok(Next::Request))) {
            return;
        }
    }
}

struct Connection {
    stream: TcpStream,
    /// Bytes that are read and not yet used.
    buffer: BytesMut,
    number: u64,
}

impl Connection {
    /// The next request, or `None` once the other side has sent its last or we have refused one.
    async fn read(&mut self) -> io::Result<Option<Received>> {
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
            if self.buffer.len() > MAX_HEAD {
                return self.refuse(431).await;
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        };
        let head = self.buffer.split_to(end).freeze();
        let Some(Parsed { method, path, headers }) = parsed(&head) else {
            return self.refuse(400).await;
        };
        if header(&headers, "transfer-encoding").is_some() {
            return self.refuse(411).await;
        }
        let length = match header(&headers, "content-length").map(str::parse) {
            None => 0,
            Some(Ok(length)) if length <= MAX_BODY => length,
            Some(_) => return self.refuse(413).await,
        };
        while self.buffer.len() < length {
            self.buffer.reserve(length - self.buffer.len());
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
        let body = self.buffer.split_to(length).freeze();
        let (connection, at, at_system) = (self.number, Instant::now(), wall_clock());
        Ok(Some(Received {
            ordinal: 0,
            connection,
            method,
            path,
            headers,
            head,
            body,
            at,
            at_system,
        }))
    }

    /// Answers what is not for the script, because it cannot be read.
    async fn refuse(&mut self, status: u16) -> io::Result<Option<Received>> {
        self.stream
            .write_all(&rendered(status, &[("Connection".into(), "close".into())], b""))
            .await?;
        Ok(None)
    }

    /// Carries out an answer. The request stops being in flight just before the answer leaves, so
    /// that whoever has the answer finds the gauge already lowered; or when the other side gives
    /// up.
    async fn answer(
        &mut self,
        mut answer: Answer,
        ledger: &Ledger,
        in_flight: impl Sized,
    ) -> io::Result<Next> {
        loop {
            match answer {
                Answer::After(wait, then) => {
                    self.unless_closed(sleep(wait)).await?;
                    answer = *then;
                }
                Answer::Held => {
                    let mut released = ledger.released();
                    self.unless_closed(async {
                        drop(released.wait_for(|released| *released).await)
                    })
                    .await?;
                    answer = Answer::OK;
                }
                Answer::Status(status) => {
                    drop(in_flight);
                    self.stream.write_all(&rendered(status, &[], b"")).await?;
                    return Ok(Next::Request);
                }
                Answer::StatusWith { status, headers, body } => {
                    drop(in_flight);
                    self.stream.write_all(&rendered(status, &headers, &body)).await?;
                    let closes = asks_to_close(header(&headers, "connection"));
                    return Ok(if closes { Next::Close } else { Next::Request });
                }
                Answer::Raw(bytes) => {
                    drop(in_flight);
                    self.stream.write_all(&bytes).await?;
                    return Ok(Next::Close);
                }
                Answer::Reset => {
                    drop(in_flight);
                    self.stream.set_zero_linger()?;
                    return Ok(Next::Close);
                }
                Answer::Hang => {
                    self.unless_closed(std::future::pending::<()>()).await?;
                }
                Answer::Drip { every } => return self.drip(every).await,
            }
        }
    }

    async fn drip(&mut self, every: Duration) -> io::Result<Next> {
        let length = [("Content-Length".into(), DRIPPED.to_string())];
        self.stream.write_all(&rendered(200, &length, b"")).await?;
        for _ in 0..DRIPPED {
            self.unless_closed(sleep(every)).await?;
            self.stream.write_all(b".").await?;
        }
        Ok(Next::Close)
    }

    /// Waits for the event, and fails as soon as the other side closes the connection. What it
    /// sends meanwhile is kept for later.
    async fn unless_closed(&mut self, event: impl Future<Output = ()>) -> io::Result<()> {
        tokio::pin!(event);
        loop {
            tokio::select! {
                () = &mut event => return Ok(()),
                read = self.stream.read_buf(&mut self.buffer) => {
                    if read? == 0 || self.buffer.len() > MAX_HEAD + MAX_BODY {
                        return Err(io::ErrorKind::ConnectionAborted.into());
                    }
                }
            }
        }
    }
}

struct Parsed {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
}

/// The request line and header lines, or `None` where they are not HTTP/1.
fn parsed(head: &[u8]) -> Option<Parsed> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.split("\r\n").take_while(|line| !line.is_empty());
    let mut request = lines.next()?.split(' ');
    let (method, path) = (request.next()?.to_owned(), request.next()?.to_owned());
    if !request.next()?.starts_with("HTTP/1.") {
        return None;
    }
    let headers = lines
        .map(|line| {
            line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        })
        .collect::<Option<_>>()?;
    Some(Parsed { method, path, headers })
}

/// A whole response. The reason phrase is left out, as HTTP/1.1 allows.
fn rendered(status: u16, headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} \r\n");
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let framed =
        ["content-length", "transfer-encoding"].iter().any(|name| header(headers, name).is_some());
    let bodiless = matches!(status, 100..=199 | 204 | 304);
    if !framed && !bodiless {
        let _ = write!(head, "Content-Length: {}\r\n", body.len());
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(sent, _)| sent.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

fn asks_to_close(connection: Option<&str>) -> bool {
    connection.is_some_and(|value| value.eq_ignore_ascii_case("close"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the moment of arrival is what is captured here, nothing depends on it"
)]
fn wall_clock() -> SystemTime {
    SystemTime::now()
}
