//! One connection: read a request, ask the script, answer, and again while both sides keep the
//! connection.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::sleep;

use super::http1::{Parsed, asks_to_close, header, parsed, rendered, unfinished};
use super::ledger::Ledger;
use super::wire::Wire;
use super::{Answer, Received};

/// The longest request line and header lines, together, that are read.
const MAX_HEAD: usize = 64 << 10;
/// The longest body that is read.
const MAX_BODY: usize = 64 << 20;
/// What is written at once of a body without end.
const PART: [u8; 16 << 10] = [b'.'; 16 << 10];

/// What is next on this connection.
#[derive(PartialEq, Eq)]
enum Next {
    Request,
    Close,
    Reset,
}

/// Serves one connection until either side ends it.
pub(super) async fn serve(stream: impl Wire, number: u64, ledger: Arc<Ledger>) {
    let mut connection = Connection { stream, buffer: BytesMut::with_capacity(8 << 10), number };
    // An error here is the other side's doing, mostly its giving up, and that is what some tests
    // are about.
    while let Ok(Some(mut received)) = connection.read().await {
        let in_flight = ledger.enter(&mut received);
        let answer = ledger.script().answer(&received);
        let keep = !asks_to_close(received.header("connection"));
        let answered = connection.answer(answer, &ledger, in_flight).await;
        match answered {
            Ok(Next::Request) if keep => {}
            Ok(Next::Reset) | Err(_) => return,
            Ok(_) => break,
        }
    }
    // Over TLS, an end that is not announced is an attack.
    let _ = connection.stream.shutdown().await;
}

struct Connection<S> {
    stream: S,
    /// Bytes that are read and not yet used.
    buffer: BytesMut,
    number: u64,
}

impl<S: Wire> Connection<S> {
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
        self.write(&rendered(status, &[("Connection".into(), "close".into())], b"")).await?;
        Ok(None)
    }

    /// Writes, and sees to it that it is sent.
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
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
                    self.write(&rendered(status, &[], b"")).await?;
                    return Ok(Next::Request);
                }
                Answer::StatusWith { status, headers, body } => {
                    drop(in_flight);
                    self.write(&rendered(status, &headers, &body)).await?;
                    let closes = asks_to_close(header(&headers, "connection"));
                    return Ok(if closes { Next::Close } else { Next::Request });
                }
                Answer::Raw(bytes) => {
                    drop(in_flight);
                    self.write(&bytes).await?;
                    return Ok(Next::Close);
                }
                Answer::Reset => {
                    drop(in_flight);
                    self.stream.tcp().set_zero_linger()?;
                    return Ok(Next::Reset);
                }
                Answer::Hang => {
                    self.unless_closed(std::future::pending::<()>()).await?;
                }
                Answer::Drip { every } => {
                    self.write(&unfinished()).await?;
                    return self.drip(every).await;
                }
                Answer::DripHead { every } => {
                    self.write(b"HTTP/1.1 200 \r\nX-Dripped: ").await?;
                    return self.drip(every).await;
                }
                Answer::Endless => {
                    self.write(&unfinished()).await?;
                    loop {
                        self.write(&PART).await?;
                    }
                }
            }
        }
    }

    async fn drip(&mut self, every: Duration) -> io::Result<Next> {
        loop {
            self.unless_closed(sleep(every)).await?;
            self.write(b".").await?;
        }
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

#[expect(
    clippy::disallowed_methods,
    reason = "the moment of arrival is what is captured here, nothing depends on it"
)]
fn wall_clock() -> SystemTime {
    SystemTime::now()
}
