//! The message: a body made once, into which number and time are spliced.

use std::{fmt::Write as _, io::Write as _};

/// What stands before the payload.
const HEAD: &str = r#"{"eventType":"bench.sent","payload":"#;
/// The payload's beginning, up to its number.
const NUMBER: &str = r#"{"number":""#;
/// Between number and time.
const TIME: &str = r#"","sentAtMicros":""#;
/// Between time and padding.
const PADDING: &str = r#"","padding":""#;
/// The payload's end.
const END: &str = r#""}"#;

const NUMBER_LEN: usize = 10;
const TIME_LEN: usize = 16;
const NUMBER_AT: usize = NUMBER.len();
const TIME_AT: usize = NUMBER_AT + NUMBER_LEN + TIME.len();
const PADDING_AT: usize = TIME_AT + TIME_LEN + PADDING.len();

/// A request's body, all but its number and time.
#[derive(Clone, Debug)]
pub(super) struct Payload {
    body: Vec<u8>,
}

impl Payload {
    /// The bytes of a payload without padding.
    pub(super) const MIN: i64 = (PADDING_AT + END.len()) as i64;

    /// A body whose payload has `bytes` bytes, or [`MIN`](Self::MIN) where that is more.
    pub(super) fn new(bytes: u32) -> Self {
        let padding = (bytes as usize).saturating_sub(PADDING_AT + END.len());
        let mut body = String::with_capacity(HEAD.len() + bytes as usize + 1);
        // Writing to a String cannot fail.
        let _ = write!(
            body,
            "{HEAD}{NUMBER}{:NUMBER_LEN$}{TIME}{:TIME_LEN$}{PADDING}{:x<padding$}{END}}}",
            "", "", ""
        );
        Self { body: body.into_bytes() }
    }

    /// The body of message `number`, sent at `micros` since the Unix epoch.
    pub(super) fn numbered(&self, number: u32, micros: i64) -> Vec<u8> {
        let mut body = self.body.clone();
        let payload = &mut body[HEAD.len()..];
        // Each fits its place: ten digits hold every u32, sixteen every moment until 2286.
        let _ = write!(&mut payload[NUMBER_AT..][..NUMBER_LEN], "{number:0NUMBER_LEN$}");
        let _ = write!(&mut payload[TIME_AT..][..TIME_LEN], "{micros:0TIME_LEN$}");
        body
    }
}

/// Reads number and time from a payload as it was received; `None` where it is none of ours.
pub(super) fn read(payload: &[u8]) -> Option<(u32, i64)> {
    if !payload.starts_with(NUMBER.as_bytes()) || payload.len() < Payload::MIN as usize {
        return None;
    }
    let number = std::str::from_utf8(&payload[NUMBER_AT..][..NUMBER_LEN]).ok()?;
    let micros = std::str::from_utf8(&payload[TIME_AT..][..TIME_LEN]).ok()?;
    Some((number.parse().ok()?, micros.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, value::RawValue};

    use super::*;

    proptest! {
        #[test]
        fn what_was_spliced_in_is_read_again(
            number: u32,
            micros in 0..9_999_999_999_999_999_i64,
            bytes in Payload::MIN as u32..3_000,
        ) {
            let body = Payload::new(bytes).numbered(number, micros);
            let message: std::collections::BTreeMap<String, Box<RawValue>> =
                serde_json::from_slice(&body).unwrap();
            let payload = message["payload"].get();
            prop_assert_eq!(payload.len(), bytes as usize);
            prop_assert_eq!(read(payload.as_bytes()), Some((number, micros)));
            let value: Value = serde_json::from_str(payload).unwrap();
            prop_assert_eq!(value["number"].as_str().unwrap().parse(), Ok(number));
        }

        #[test]
        fn nothing_else_is_taken_for_ours(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(read(&bytes), None);
        }
    }
}
