//! An HTTP client for tests that says exactly what it is told to say.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// When an answer that should come has not come.
const LATE: Duration = Duration::from_secs(20);

/// An answer, taken apart.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The value of a header, named in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find(|line| line.starts_with(&format!("{name}: ")))?;
        Some(&line[name.len() + 2..])
    }

    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status in {text:?}"));
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }
}

/// Asks for `path` on a connection of its own.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    send(address, &format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await
}

/// Writes `request` on a connection of its own and reads until the server closes it.
pub(crate) async fn send(address: SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    rest(stream).await
}

/// Reads what is left on `stream` until the server closes it.
pub(crate) async fn rest(mut stream: TcpStream) -> Answer {
    let mut text = String::new();
    timeout(LATE, stream.read_to_string(&mut text)).await.unwrap().unwrap();
    Answer::parse(&text)
}

/// Asks for `path` on `stream`, which stays open, and reads one answer with the body `expected`.
pub(crate) async fn get_on(stream: &mut TcpStream, path: &str, expected: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    while !text.ends_with(format!("\r\n\r\n{expected}").as_bytes()) {
        assert_ne!(stream.read_buf(&mut text).await.unwrap(), 0, "closed too early");
    }
}
