//! Writes values in the form that a language has for them.

use super::double;
use super::error::{Failure, Refusal, SerializeError};
use super::form::{Digits, Form, Language, Order};
use super::number::Decimal;
use super::value::{Member, Object, Value};

impl Form {
    /// Appends the value; after an error `out` has a part of it.
    pub(super) fn write(self, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), SerializeError> {
        Ok(Writer { form: self, depth: 0, out }.value(value)?)
    }
}

struct Writer<'o> {
    form: Form,
    depth: usize,
    out: &'o mut Vec<u8>,
}

impl Writer<'_> {
    /// # Errors
    /// [`Refusal::TooLong`] where there is no room for so many more bytes.
    fn room_for(&self, more: usize) -> Result<(), Refusal> {
        let left = self.form.longest.saturating_sub(self.out.len());
        if more <= left { Ok(()) } else { Err(Refusal::TooLong) }
    }

    fn value(&mut self, value: &Value<'_>) -> Result<(), Failure> {
        match value {
            Value::Literal(word) => self.out.extend_from_slice(word.as_bytes()),
            Value::Number(number) => self.number(number)?,
            Value::String(text) => self.string(text)?,
            Value::Array(items) => self.array(items)?,
            Value::Object(object) => self.object(object)?,
        }
        Ok(())
    }

    fn array(&mut self, items: &[Value<'_>]) -> Result<(), Failure> {
        self.open(b'[');
        for (position, item) in items.iter().enumerate() {
            self.next(position)?;
            self.value(item).map_err(|failure| failure.within(position.to_string()))?;
        }
        self.close(items.is_empty(), b']')?;
        Ok(())
    }

    fn object(&mut self, object: &Object<'_>) -> Result<(), Failure> {
        if self.form.language == Language::Php && object.is_list_like() {
            let is_empty = object.0.is_empty();
            return Err(
                if is_empty { Refusal::EmptyObject } else { Refusal::ListLikeObject }.into()
            );
        }
        self.open(b'{');
        match self.form.order {
            Order::AsWritten => self.members(object.0.iter())?,
            Order::Ecma => self.members(object.in_ecma_order().into_iter())?,
            Order::Utf16 => self.members(object.in_utf16_order().into_iter())?,
        }
        self.close(object.0.is_empty(), b'}')?;
        Ok(())
    }

    fn members<'m, 'a: 'm>(
        &mut self,
        members: impl Iterator<Item = &'m Member<'a>>,
    ) -> Result<(), Failure> {
        for (position, Member { name, value }) in members.enumerate() {
            self.next(position)?;
            let within = |failure: Failure| failure.within(name.lossy());
            self.string(name).map_err(|refusal| within(refusal.into()))?;
            self.out.push(b':');
            if self.form.is_indented {
                self.out.push(b' ');
            }
            self.value(value).map_err(within)?;
        }
        Ok(())
    }

    fn open(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.depth += 1;
    }

    /// Before an item or a member.
    fn next(&mut self, position: usize) -> Result<(), Refusal> {
        if position > 0 {
            self.out.push(b',');
        }
        self.break_line()
    }

    fn close(&mut self, is_empty: bool, bracket: u8) -> Result<(), Refusal> {
        self.depth -= 1;
        if !is_empty {
            self.break_line()?;
        }
        self.room_for(1)?;
        self.out.push(bracket);
        Ok(())
    }

    fn break_line(&mut self) -> Result<(), Refusal> {
        if self.form.is_indented {
            let blanks = self.depth * 2;
            self.room_for(1 + blanks)?;
            self.out.push(b'\n');
            self.out.extend((0..blanks).map(|_| b' '));
        }
        Ok(())
    }

    fn number(&mut self, number: &str) -> Result<(), Refusal> {
        self.room_for(number.len())?;
        if is_kept(self.form.language, number) {
            self.out.extend_from_slice(number.as_bytes());
            return Ok(());
        }
        let decimal = match self.form.digits {
            Digits::All => Decimal::parse(number),
            Digits::OfDouble => double::shortest(number),
        };
        let decimal = decimal.ok_or(Refusal::NumberRange)?;
        match self.form.language {
            Language::Ecma => decimal.write_ecma(self.out),
            Language::Php => decimal.write_php(self.out),
        }
        Ok(())
    }

    fn string(&mut self, text: &[u8]) -> Result<(), Refusal> {
        let is_php = self.form.language == Language::Php;
        self.room_for(text.len() + 2)?;
        self.out.push(b'"');
        let mut rest = text;
        while let Some(place) = rest.iter().position(|&byte| match byte {
            0..0x20 | b'"' | b'\\' | 0xed => true,
            b'/' | 0x80.. => is_php,
            _ => false,
        }) {
            self.out.extend_from_slice(&rest[..place]);
            rest = &rest[place..];
            rest = &rest[self.special(rest)?..];
            // What is left, and the quote after it.
            self.room_for(rest.len() + 1)?;
        }
        self.out.extend_from_slice(rest);
        self.out.push(b'"');
        Ok(())
    }

    /// Writes the first character of a text, which may need an escape, and tells its length.
    fn special(&mut self, text: &[u8]) -> Result<usize, Refusal> {
        let short = match text[0] {
            byte @ (b'"' | b'\\' | b'/') => byte,
            0x08 => b'b',
            0x0c => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            byte @ 0..0x20 => {
                self.escape(u16::from(byte));
                return Ok(1);
            }
            _ => return self.beyond_ascii(text),
        };
        self.out.extend_from_slice(&[b'\\', short]);
        Ok(1)
    }

    fn beyond_ascii(&mut self, text: &[u8]) -> Result<usize, Refusal> {
        let length = match text[0] {
            0xf0.. => 4,
            0xe0.. => 3,
            _ => 2,
        };
        let bytes = &text[..length.min(text.len())];
        match std::str::from_utf8(bytes) {
            Ok(character) if self.form.language == Language::Php => {
                character.encode_utf16().for_each(|unit| self.escape(unit));
            }
            Ok(character) => self.out.extend_from_slice(character.as_bytes()),
            Err(_) if !self.form.allows_lone_surrogates => return Err(Refusal::LoneSurrogate),
            Err(_) => {
                let low =
                    bytes.iter().skip(1).fold(0, |low, byte| low << 6 | u16::from(byte & 0x3f));
                self.escape(0xd000 | low);
            }
        }
        Ok(bytes.len())
    }

    fn escape(&mut self, unit: u16) {
        self.out.extend_from_slice(b"\\u");
        self.out.extend(
            [12, 8, 4, 0].map(|shift| b"0123456789abcdef"[usize::from(unit >> shift & 0xf)]),
        );
    }
}

/// Whether this number stays as it is in the language: a whole number that a double holds whatever
/// its digits are, or one that PHP has an integer for.
fn is_kept(language: Language, number: &str) -> bool {
    let is_whole = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    is_whole
        && number != "-0"
        && match language {
            Language::Ecma => number.len() <= 15,
            Language::Php => number.parse::<i64>().is_ok(),
        }
}
