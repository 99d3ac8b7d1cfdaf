//! How moments are written.

use posthaste_domain::Timestamp;

use crate::document::{Section, one_of, whole};

/// How a moment is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MomentForm {
    /// RFC 3339 in UTC with so many digits of a second's fraction, cut off and not rounded, and
    /// `Z` or `+00:00`.
    Rfc3339 { digits: usize, numeric_offset: bool },
    /// Whole seconds since 1970.
    UnixSeconds,
    /// Whole milliseconds since 1970.
    UnixMillis,
}

impl MomentForm {
    pub(crate) fn read(section: &Section<'_>) -> Option<Self> {
        #[derive(Clone, Copy)]
        enum Format {
            Rfc3339,
            Seconds,
            Millis,
        }
        let formats = [
            ("rfc3339", Format::Rfc3339),
            ("unix_seconds", Format::Seconds),
            ("unix_millis", Format::Millis),
        ];
        let format = section.want("format", one_of(&formats))?;
        let digits = section.may("fraction_digits", whole(0..=9));
        let offset = section.may("offset", one_of(&[("Z", false), ("+00:00", true)]));
        Some(match format {
            Format::Seconds => Self::UnixSeconds,
            Format::Millis => Self::UnixMillis,
            Format::Rfc3339 => Self::Rfc3339 {
                digits: digits.and_then(|digits| usize::try_from(digits).ok()).unwrap_or(0),
                numeric_offset: offset.unwrap_or(false),
            },
        })
    }

    pub(crate) fn write(self, at: Timestamp) -> String {
        match self {
            Self::UnixSeconds => at.unix_seconds().to_string(),
            Self::UnixMillis => (at.micros() / 1_000).to_string(),
            Self::Rfc3339 { digits, numeric_offset } => {
                // The type writes six digits, always.
                let full = at.to_string();
                let (second, fraction) = full.split_once('.').unwrap_or((&full, "Z"));
                let fraction = format!("{}000", fraction.trim_end_matches('Z'));
                let point = if digits == 0 { "" } else { "." };
                let offset = if numeric_offset { "+00:00" } else { "Z" };
                format!("{second}{point}{}{offset}", &fraction[..digits.min(fraction.len())])
            }
        }
    }

    /// Whether JSON writes it as a number.
    pub(crate) const fn is_number(self) -> bool {
        !matches!(self, Self::Rfc3339 { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_asked() {
        let at: Timestamp = "2024-06-10T14:30:45.123987Z".parse().unwrap();
        let rfc = |digits, numeric_offset| MomentForm::Rfc3339 { digits, numeric_offset }.write(at);
        assert_eq!(rfc(0, false), "2024-06-10T14:30:45Z");
        assert_eq!(rfc(3, false), "2024-06-10T14:30:45.123Z");
        assert_eq!(rfc(6, true), "2024-06-10T14:30:45.123987+00:00");
        assert_eq!(rfc(9, false), "2024-06-10T14:30:45.123987000Z");
        assert_eq!(MomentForm::UnixSeconds.write(at), "1718029845");
        assert_eq!(MomentForm::UnixMillis.write(at), "1718029845123");
    }
}
