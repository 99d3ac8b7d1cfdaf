//! A receiver in a test's own hands: it accepts, reads requests, and writes what it is told.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

pub(super) struct Receiver {
    listener: TcpListener,
}

impl Receiver {
    pub(super) async fn bind() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/hook", self.addr())
    }

    pub(super) fn secure_url(&self) -> String {
        format!("https://{}/hook", self.addr())
    }

    pub(super) async fn accept(&self) -> Connection<TcpStream> {
        Connection { stream: self.listener.accept().await.unwrap().0 }
    }

    /// Whether nobody has connected. Connections are complete, and waiting here, before the one who
    /// connects learns of it.
    pub(super) fn untouched(self) -> bool {
        let listener = self.listener.into_std().unwrap();
        matches!(listener.accept(), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}

pub(super) struct Connection<S> {
    pub(super) stream: S,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// The head of the next request as text, or `None` where the client has closed. The body is
    /// read as well, by its `content-length`.
    pub(super) async fn request(&mut self) -> Option<String> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match self.stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return None,
            }
        }
        let head = String::from_utf8(head).unwrap();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then_some(value)
        });
        let mut body = vec![0; length.unwrap().parse().unwrap()];
        self.stream.read_exact(&mut body).await.unwrap();
        Some(head)
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Waits until the client closes, gracefully or not.
    pub(super) async fn closed(mut self) {
        while self.stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
    }
}
