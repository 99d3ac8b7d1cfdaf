//! Reads settings, and remembers everything that was wrong with them.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr, time::Duration};

use super::{ConfigFaults, Key, Sensitive, Vars};

#[cfg(test)]
mod tests;

/// The longest duration that may be configured: ten years, so that no sum of a few overflows.
const MILLIS_MAX: u64 = 10 * 366 * 24 * 60 * 60 * 1000;

/// Turns [`Vars`] into values.
///
/// A method that meets a fault notes it and returns the key's default, so that reading goes on and
/// [`Reader::finish`] reports everything at once. Surrounding white space is dropped from every
/// value, because secrets mounted from files tend to end in a line break.
#[derive(Debug)]
pub struct Reader<'a> {
    vars: &'a Vars,
    faults: ConfigFaults,
}

impl<'a> Reader<'a> {
    /// A reader of `vars` that has found no fault yet.
    #[must_use]
    pub fn new(vars: &'a Vars) -> Self {
        Self { vars, faults: ConfigFaults::default() }
    }

    /// Notes every name that is not in `known` and not `of_others`: see [`Vars::check_known`].
    pub fn check_known(&mut self, known: &[&[Key]], of_others: &[&str]) {
        self.vars.check_known(known, of_others, &mut self.faults);
    }

    /// Text. A key without a default must be set.
    pub fn text(&mut self, key: &Key) -> String {
        let text = self.optional_text(key);
        self.insist(key, text, "must be set").unwrap_or_default()
    }

    /// Text that may be missing.
    pub fn optional_text(&mut self, key: &Key) -> Option<String> {
        self.pick(key, "wants text", |text| Some(text.to_owned()))
    }

    /// A secret that may be missing. Whoever parses it reports what is wrong through
    /// [`Reader::require`], in words that do not repeat it.
    pub fn secret(&mut self, key: &Key) -> Option<Sensitive> {
        self.optional_text(key).map(Sensitive::new)
    }

    /// Whole milliseconds, at most ten years. A key without a default must be set.
    pub fn millis(&mut self, key: &Key) -> Duration {
        Duration::from_millis(self.number(key, 0..=MILLIS_MAX))
    }

    /// A number within `range`. A key without a default must be set; where even the default is not
    /// in the range, the least number that is.
    pub fn number<T>(&mut self, key: &Key, range: RangeInclusive<T>) -> T
    where
        T: FromStr + PartialOrd + Display,
    {
        let wanted = format!("wants a number from {} to {}", range.start(), range.end());
        let number =
            self.pick(key, &wanted, |text| text.parse().ok().filter(|n| range.contains(n)));
        self.insist(key, number, &wanted).unwrap_or_else(|| range.into_inner().0)
    }

    /// `true` or `false`. A key without a default must be set.
    pub fn flag(&mut self, key: &Key) -> bool {
        let wanted = "wants true or false";
        let flag = self.pick(key, wanted, |text| text.parse().ok());
        self.insist(key, flag, wanted).unwrap_or_default()
    }

    /// Items separated by commas; none where the key is not set and has no default. Empty items
    /// are dropped.
    pub fn list(&mut self, key: &Key) -> Vec<String> {
        let text = self.optional_text(key).unwrap_or_default();
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        items.map(str::to_owned).collect()
    }

    /// Anything that is parsed from text, or `None` where the key is not set and has no default.
    ///
    /// The error of `T` says what is wanted. It is withheld for a secret key, since it may repeat
    /// what it could not parse.
    pub fn parse<T>(&mut self, key: &Key) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let text = self.vars.find(key).map_or(key.default, |setting| setting.text);
        if text.is_empty() {
            return None;
        }
        match text.parse() {
            Ok(value) => Some(value),
            Err(err) => {
                let wanted = if key.secret { "cannot be read".into() } else { err.to_string() };
                self.fault(key, wanted);
                key.default.parse().ok()
            }
        }
    }

    /// Notes a fault at `key` unless `holds`: for what must be true between settings.
    pub fn require(&mut self, holds: bool, key: &Key, message: impl Into<String>) {
        if !holds {
            self.fault(key, message);
        }
    }

    /// Whether anything was wrong.
    ///
    /// # Errors
    /// Every fault that was met.
    pub fn finish(self) -> Result<(), ConfigFaults> {
        self.faults.into_result()
    }

    /// What `accept` makes of the value, or of the default where there is no value or a bad one.
    fn pick<T>(
        &mut self,
        key: &Key,
        wanted: &str,
        accept: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let set = self.vars.find(key).map_or(key.default, |setting| setting.text);
        if set.is_empty() {
            return None;
        }
        accept(set).or_else(|| {
            self.fault(key, wanted);
            if key.default.is_empty() { None } else { accept(key.default) }
        })
    }

    /// Notes that a key without a default was not set.
    fn insist<T>(&mut self, key: &Key, value: Option<T>, wanted: &str) -> Option<T> {
        if value.is_none() && key.default.is_empty() && self.vars.find(key).is_none() {
            self.fault(key, wanted);
        }
        value
    }

    fn fault(&mut self, key: &Key, wanted: impl Into<String>) {
        let found = match self.vars.find(key) {
            Some(setting) => setting.shown(key),
            None if key.default.is_empty() => "nothing".to_owned(),
            None => format!("its default {:?}", key.default),
        };
        self.faults.add(key.env_name(), found, wanted);
    }
}
