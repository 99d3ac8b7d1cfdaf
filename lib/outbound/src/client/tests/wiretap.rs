//! Everything that a client puts on the wire, as it was there.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// What TLS 1.3 makes of an alert: its two bytes, one for their type, sixteen of authentication. It
/// looks like application data from outside, which is never this short.
const ENCRYPTED_ALERT: usize = 19;

/// What was heard; clones hear the same.
#[derive(Clone, Default)]
pub(super) struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    /// Listens to what is read from `stream`.
    pub(super) fn on<S>(&self, stream: S) -> Wiretap<S> {
        Wiretap { stream, heard: self.clone() }
    }

    /// The type and the length of each record of TLS.
    fn records(&self) -> Vec<(u8, usize)> {
        let heard = self.0.lock().unwrap();
        let mut records = Vec::new();
        let mut rest = &heard[..];
        while let [kind, _, _, high, low, tail @ ..] = rest {
            let length = usize::from(*high) << 8 | usize::from(*low);
            records.push((*kind, length));
            rest = tail.get(length..).unwrap_or_default();
        }
        records
    }

    /// Whether there was something that may be a request or a part of one: in plain text, or in a
    /// record that holds more than an alert. The end of a handshake under TLS 1.3 counts as well,
    /// for nothing but a request comes after it.
    pub(super) fn a_request(&self) -> bool {
        let plain = [&b"POST"[..], b"msg_1", b"{}"];
        let heard = self.0.lock().unwrap().clone();
        let is_plain = plain.iter().any(|part| heard.windows(part.len()).any(|at| at == *part));
        let is_hidden =
            |(kind, length): (u8, usize)| kind == APPLICATION_DATA && length > ENCRYPTED_ALERT;
        is_plain || self.records().into_iter().any(is_hidden)
    }

    /// How many messages of a handshake there were in the clear.
    pub(super) fn handshakes(&self) -> usize {
        self.records().iter().filter(|(kind, _)| *kind == HANDSHAKE).count()
    }
}

pub(super) struct Wiretap<S> {
    stream: S,
    heard: Heard,
}

impl<S: AsyncRead + Unpin> AsyncRead for Wiretap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.heard.0.lock().unwrap().extend_from_slice(&buffer.filled()[before..]);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wiretap<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
