//! What a language that has doubles makes of a number. Decides, and is not sent.

use super::number::Decimal;

/// The fewest digits that are read back as the double that `number` is read as, and of those the
/// nearest, as ECMAScript and PHP write it; nothing if it is beyond the greatest double.
pub(super) fn shortest(number: &str) -> Option<Decimal> {
    let double: f64 = number.parse().ok()?;
    if !double.is_finite() {
        return None;
    }
    let shortest = format!("{double:e}");
    let places =
        shortest.split(['.', 'e']).nth(1).filter(|_| shortest.contains('.')).map_or(0, str::len);
    // Of two that are equally near, `shortest` may be either and the languages take the even one,
    // which is what rounding to so many digits gives. Below a power of two that may be too far.
    let even = format!("{double:.places$e}");
    let is_same = even.parse() == Ok(double);
    Decimal::parse(if is_same { &even } else { &shortest })
}
