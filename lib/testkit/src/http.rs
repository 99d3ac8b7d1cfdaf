//! The one HTTP request that tests make themselves: a GET, to see whether a process is well.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

/// How long one GET may take from connect to the end of the body.
const PATIENCE: Duration = Duration::from_secs(5);
/// No answer longer than this is read; a scrape of all metrics is far below it.
const MAX_ANSWER: u64 = 16 << 20;
/// How long a process may take from its start until it is ready.
const START_UP: Duration = Duration::from_secs(30);
/// Between two questions whether it is ready. A process has no other way to tell.
const ASK_AGAIN: Duration = Duration::from_millis(25);

/// Gets `http://host:port/path`, and returns the status and the body.
///
/// # Errors
/// When the server cannot be reached, takes longer than 5 s, or does not answer in HTTP.
pub async fn get(url: &str) -> io::Result<(u16, String)> {
    timeout(PATIENCE, exchange(url)).await.map_err(io::Error::from)?
}

async fn exchange(url: &str) -> io::Result<(u16, String)> {
    let rest = url.strip_prefix("http://").ok_or(io::ErrorKind::InvalidInput)?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host).await?;
    // HTTP/1.0: the body ends with the connection, so there is no framing to undo.
    let request = format!("GET /{path} HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Ok((status.ok_or(io::ErrorKind::InvalidData)?, body.to_owned()))
}

/// Waits until `GET {admin_url}/readyz` answers 200.
///
/// # Panics
/// After 30 s, with the last answer.
pub async fn wait_ready(admin_url: &str) {
    let url = format!("{}/readyz", admin_url.trim_end_matches('/'));
    let deadline = Instant::now() + START_UP;
    loop {
        let answer = get(&url).await;
        if matches!(answer, Ok((200, _))) {
            return;
        }
        assert!(Instant::now() < deadline, "{url} was not ready within {START_UP:?}: {answer:?}");
        sleep(ASK_AGAIN).await;
    }
}
