//! One request, as it came.

use std::time::{Instant, SystemTime};

use bytes::Bytes;
use serde_json::Value;

/// A request that a [`Receiver`](crate::Receiver) has read.
#[derive(Clone, Debug)]
pub struct Received {
    /// Which request to this receiver it is, from 1.
    pub ordinal: usize,
    /// Which connection to this receiver it came on, from 1: the same number twice is a connection
    /// used again.
    pub connection: u64,
    /// The method, as sent.
    pub method: String,
    /// The request target, as sent: path and query.
    pub path: String,
    /// The header lines in the order and spelling in which they were sent, without the space around
    /// the values. Bytes that are not UTF-8 are replaced; [`head`](Self::head) has them.
    pub headers: Vec<(String, String)>,
    /// Request line and header lines byte for byte, up to and including the empty line.
    pub head: Bytes,
    /// The body byte for byte.
    pub body: Bytes,
    /// When the last byte of it was read.
    pub at: Instant,
    /// The same moment, by the clock on the wall.
    pub at_system: SystemTime,
}

impl Received {
    /// The value of the first header of this name, in whatever case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(sent, _)| sent.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("request {} is not JSON ({error}): {:?}", self.ordinal, self.body)
        })
    }
}
