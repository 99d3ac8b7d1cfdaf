//! How a receiver may answer.

use std::time::Duration;

use bytes::Bytes;

/// What becomes of one request, once it is read.
#[derive(Clone, Debug)]
pub enum Answer {
    /// This status, with an empty body; the connection stays open.
    Status(u16),
    /// This status, these headers in this order, this body. A `Content-Length` is added unless the
    /// headers have one or a `Transfer-Encoding`; `Connection: close` among them is obeyed.
    StatusWith {
        /// The status code.
        status: u16,
        /// Names and values, sent as they are.
        headers: Vec<(String, String)>,
        /// The body, sent as it is.
        body: Bytes,
    },
    /// These bytes, whatever they are, and then the end of the connection. None at all is a
    /// connection closed without an answer.
    Raw(Bytes),
    /// 200, once [`Receiver::release`](crate::Receiver::release) is called; at once if it has been.
    Held,
    /// Never: the connection stays open until the sender closes it.
    Hang,
    /// A connection reset (RST) in place of an answer.
    Reset,
    /// The head of a 200 at once, and then one byte of a body that is never complete in each of
    /// these intervals.
    Drip {
        /// Between two bytes.
        every: Duration,
    },
    /// The start of a 200's head at once, and then one byte of a header line that is never complete
    /// in each of these intervals.
    DripHead {
        /// Between two bytes.
        every: Duration,
    },
    /// The head of a 200, and then a body without end, as fast as it is taken.
    Endless,
    /// Another answer, this much later.
    After(Duration, Box<Answer>),
}

impl Answer {
    /// What a receiver in good health answers.
    pub const OK: Self = Self::Status(200);

    /// This answer, but only after a while.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self::After(wait, Box::new(self))
    }

    /// This status with one header, such as `Retry-After`.
    #[must_use]
    pub fn with_header(status: u16, name: &str, value: &str) -> Self {
        let headers = vec![(name.to_owned(), value.to_owned())];
        Self::StatusWith { status, headers, body: Bytes::new() }
    }
}
