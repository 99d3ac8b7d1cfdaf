//! A number as decimal digits, and the notations of ECMAScript and of PHP for it.

/// A decimal number: 0.DIGITS × 10^POINT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    /// Zero is not.
    is_negative: bool,
    /// ASCII, neither beginning nor ending with a zero; empty for zero.
    digits: Vec<u8>,
    /// Where the point is, counted from before the first digit; 0 for zero.
    point: i64,
}

/// An exponent of more digits is refused: what is done to the others cannot overflow.
pub(super) const MAX_EXPONENT_DIGITS: usize = 18;

impl Decimal {
    /// The value of a JSON number; nothing if its exponent has more than 18 digits.
    pub(super) fn parse(number: &str) -> Option<Self> {
        let (unsigned, is_negative) = match number.strip_prefix('-') {
            Some(unsigned) => (unsigned, true),
            None => (number, false),
        };
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits = [whole.as_bytes(), fraction.as_bytes()].concat();
        digits.truncate(digits.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1));
        let leading = digits.iter().take_while(|&&digit| digit == b'0').count();
        digits.drain(..leading);
        if digits.is_empty() {
            return Some(Self { is_negative: false, digits, point: 0 });
        }
        let shift = i64::try_from(whole.len()).ok()? - i64::try_from(leading).ok()?;
        Some(Self { is_negative, digits, point: parse_exponent(exponent)? + shift })
    }

    /// As ECMAScript's Number::toString writes a double of these digits (ECMA-262 §6.1.6.1.20).
    pub(super) fn write_ecma(&self, out: &mut Vec<u8>) {
        if (-5..=21).contains(&self.point) {
            self.write_plain(out)
        } else {
            self.write_scientific(false, out)
        }
    }

    /// As PHP writes a float of these digits where `serialize_precision` is -1.
    pub(super) fn write_php(&self, out: &mut Vec<u8>) {
        if (-3..=17).contains(&self.point) {
            self.write_plain(out)
        } else {
            self.write_scientific(true, out)
        }
    }

    fn write_plain(&self, out: &mut Vec<u8>) {
        self.write_sign(out);
        let point = usize::try_from(self.point).unwrap_or(0);
        let (whole, fraction) = self.digits.split_at(point.min(self.digits.len()));
        match whole {
            [] => out.push(b'0'),
            whole => out.extend_from_slice(whole),
        }
        if fraction.is_empty() {
            out.extend((self.digits.len()..point).map(|_| b'0'));
        } else {
            out.push(b'.');
            out.extend((self.point..0).map(|_| b'0'));
            out.extend_from_slice(fraction);
        }
    }

    /// PHP has a digit after the point at all times.
    fn write_scientific(&self, always_fraction: bool, out: &mut Vec<u8>) {
        self.write_sign(out);
        let (first, others) = self.digits.split_at(self.digits.len().min(1));
        out.extend_from_slice(first);
        match others {
            [] if always_fraction => out.extend_from_slice(b".0"),
            [] => {}
            others => {
                out.push(b'.');
                out.extend_from_slice(others);
            }
        }
        out.extend_from_slice(format!("e{:+}", self.point - 1).as_bytes());
    }

    fn write_sign(&self, out: &mut Vec<u8>) {
        if self.is_negative {
            out.push(b'-');
        }
    }
}

fn parse_exponent(exponent: &str) -> Option<i64> {
    let (digits, is_negative) = match exponent.strip_prefix('-') {
        Some(digits) => (digits, true),
        None => (exponent.strip_prefix('+').unwrap_or(exponent), false),
    };
    let digits = digits.trim_start_matches('0');
    let size = match digits.len() {
        0 => 0,
        1..=MAX_EXPONENT_DIGITS => digits.parse::<i64>().ok()?,
        _ => return None,
    };
    Some(if is_negative { -size } else { size })
}
