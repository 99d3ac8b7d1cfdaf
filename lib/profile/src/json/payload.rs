//! Whether a payload can be written, whatever the envelope: asked once, when it is accepted.

use super::MAX_PAYLOAD_DEPTH;
use super::error::Refusal;
use super::number::MAX_EXPONENT_DIGITS;
use super::text::begins_lone_surrogate;

/// Whether an envelope can hold this payload and a serializer can write it.
///
/// One pass without allocation. Meant for valid JSON; elsewhere the answer means nothing. What it
/// does not look for is what only PHP cannot write: empty objects, and objects like lists.
///
/// # Errors
/// [`Refusal::Depth`] beyond [`MAX_PAYLOAD_DEPTH`], [`Refusal::LoneSurrogate`],
/// [`Refusal::NumberRange`] for an exponent of more than 18 digits, whichever comes first.
pub fn check_payload(json: &str) -> Result<(), Refusal> {
    let mut rest = json.as_bytes();
    let mut depth: usize = 0;
    while let Some((byte, after)) = rest.split_first() {
        rest = match byte {
            b'"' => past_string(after)?,
            b'-' | b'0'..=b'9' => past_number(after)?,
            b'[' | b'{' => {
                depth += 1;
                if depth > MAX_PAYLOAD_DEPTH {
                    return Err(Refusal::Depth);
                }
                after
            }
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                after
            }
            _ => after,
        };
    }
    Ok(())
}

/// What comes after a string, of which the first quote is gone.
fn past_string(mut rest: &[u8]) -> Result<&[u8], Refusal> {
    while let Some(place) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) {
        let (found, after) = (rest[place], &rest[place + 1..]);
        if found == b'"' {
            return Ok(after);
        }
        let (is_lone, after) = begins_lone_surrogate(after);
        if is_lone {
            return Err(Refusal::LoneSurrogate);
        }
        rest = after;
    }
    Ok(&[])
}

/// What comes after a number, of which the first character is gone.
fn past_number(rest: &[u8]) -> Result<&[u8], Refusal> {
    let is_mantissa = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    let rest = &rest[rest.iter().take_while(|byte| is_mantissa(byte)).count()..];
    let [b'e' | b'E', rest @ ..] = rest else { return Ok(rest) };
    let rest = if let [b'+' | b'-', rest @ ..] = rest { rest } else { rest };
    let zeros = rest.iter().take_while(|byte| **byte == b'0').count();
    let rest = &rest[zeros..];
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits > MAX_EXPONENT_DIGITS { Err(Refusal::NumberRange) } else { Ok(&rest[digits..]) }
}
