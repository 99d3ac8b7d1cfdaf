//! Moments as callers write them.

use posthaste_domain::Timestamp;
use serde::{Deserialize, Deserializer, de};

/// A moment that a caller wrote: RFC 3339, or one of its relatives that the Svix API takes too.
///
/// A space may stand for `T`, `UTC` for `Z`, and an offset may lack its colon. A `+` that nobody
/// escaped arrives as a space, and is read as what was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment(Timestamp);

/// The longest text looked at, in bytes.
const MAX_LEN: usize = 64;

impl From<Moment> for Timestamp {
    fn from(Moment(at): Moment) -> Self {
        at
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        parse(&text)
            .map(Self)
            .ok_or_else(|| de::Error::custom("expected an RFC 3339 date and time"))
    }
}

/// Years before 1970 are read as 1970: nothing is older.
fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() > MAX_LEN || !text.is_ascii() {
        return None;
    }
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let rest = rest.trim_start();
    let end = rest.find(|c: char| !matches!(c, '0'..='9' | ':' | '.')).unwrap_or(rest.len());
    let (time, offset) = rest.split_at(end);
    let mut numbers = date.splitn(3, '-');
    let (year, month, day) = (number(&mut numbers)?, number(&mut numbers)?, number(&mut numbers)?);
    let (clock, fraction) = time.split_once('.').map_or((time, None), |(c, f)| (c, Some(f)));
    let mut numbers = clock.splitn(3, ':');
    let (hour, minute, second) =
        (number(&mut numbers)?, number(&mut numbers)?, number(&mut numbers)?);
    let fraction = match fraction {
        None => String::new(),
        Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            format!(".{digits}")
        }
        Some(_) => return None,
    };
    let offset = offset_of(offset)?;
    let strict = format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{offset}"
    );
    strict.parse().ok()
}

fn number<'a>(numbers: &mut impl Iterator<Item = &'a str>) -> Option<u16> {
    let digits = numbers.next()?;
    // `parse` would take a sign.
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}

/// An offset as RFC 3339 writes it.
fn offset_of(text: &str) -> Option<String> {
    let named = text.trim();
    if named.eq_ignore_ascii_case("z") || named.eq_ignore_ascii_case("utc") {
        return Some("Z".to_owned());
    }
    let (sign, digits) = match named.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None if named.starts_with('+') || text.starts_with(' ') => {
            ('+', named.trim_start_matches('+'))
        }
        None => return None,
    };
    let digits: String = digits.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    let is_offset = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_offset.then(|| format!("{sign}{}:{}", &digits[..2], &digits[2..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn relatives_of_rfc_3339_are_read() {
        let at = Some(Timestamp::from_micros(1_614_265_330_500_000));
        for text in [
            "2021-02-25T15:02:10.5Z",
            "2021-02-25t15:02:10.500000z",
            "2021-02-25 15:02:10.5 UTC",
            "2021-2-25 15:2:10.5utc",
            "2021-02-25T16:02:10.5+01:00",
            "2021-02-25T16:02:10.5 01:00",
            "2021-02-25T14:02:10.5-0100",
            " 2021-02-25 14:02:10.5 -01:00 ",
        ] {
            assert_eq!(parse(text), at, "{text}");
        }
        assert_eq!(parse("2021-02-25T15:02:10Z"), parse("2021-02-25 15:02:10 +00:00"));
    }

    #[test]
    fn other_texts_are_not() {
        for text in [
            "",
            "yesterday",
            "2021-02-25",
            "2021-02-25T15:02Z",
            "2021-02-25T15:02:10",
            "2021-02-25T15:02:10.Z",
            "2021-02-30T15:02:10Z",
            "2021-+2-25T15:02:10Z",
            "2021-02-25T25:02:10Z",
            "2021-02-25T15:02:10+1",
            "1614265330",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_we_write_is_read_back(micros in 0_i64..253_402_300_800_000_000) {
            let at = Timestamp::from_micros(micros);
            prop_assert_eq!(parse(&at.to_string()), Some(at));
            let spaced = at.to_string().replace('T', " ").replace('Z', " UTC");
            prop_assert_eq!(parse(&spaced), Some(at));
        }

        #[test]
        fn nothing_makes_it_panic(text in "\\PC{0,70}", near in "[0-9T:. +UTCZ-]{0,40}") {
            let _ = (parse(&text), parse(&near));
        }
    }
}
