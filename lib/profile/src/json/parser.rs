//! Reads JSON (RFC 8259) into values that still have the text of their numbers.

use super::error::{Failure, Refusal, SerializeError};
use super::text::Text;
use super::value::{Member, Object, Value};

/// Reads a whole document of at most `max_depth` arrays and objects in one another.
pub(super) fn parse(json: &str, max_depth: usize) -> Result<Value<'_>, SerializeError> {
    let mut parser = Parser { json, at: 0, depth_left: max_depth };
    let value = parser.value()?;
    parser.skip_blanks();
    if parser.at < json.len() {
        return Err(Failure::from(Refusal::Syntax).into());
    }
    Ok(value)
}

struct Parser<'a> {
    json: &'a str,
    at: usize,
    depth_left: usize,
}

impl<'a> Parser<'a> {
    fn value(&mut self) -> Result<Value<'a>, Failure> {
        self.skip_blanks();
        match self.peek().ok_or(Refusal::Syntax)? {
            b'n' => self.literal("null"),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'"' => self.string().map(Value::String),
            b'-' | b'0'..=b'9' => self.number(),
            b'[' => self.nested(Self::array),
            b'{' => self.nested(Self::object),
            _ => Err(Refusal::Syntax.into()),
        }
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Value<'a>, Failure>,
    ) -> Result<Value<'a>, Failure> {
        self.depth_left = self.depth_left.checked_sub(1).ok_or(Refusal::Depth)?;
        self.at += 1;
        let value = read(self)?;
        self.depth_left += 1;
        Ok(value)
    }

    fn array(&mut self) -> Result<Value<'a>, Failure> {
        let mut items = Vec::new();
        if self.takes(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            let item = self.value().map_err(|failure| failure.within(items.len().to_string()))?;
            items.push(item);
            if self.takes(b']') {
                return Ok(Value::Array(items));
            }
            self.expect(b',')?;
        }
    }

    fn object(&mut self) -> Result<Value<'a>, Failure> {
        let mut members = Vec::new();
        if self.takes(b'}') {
            return Ok(Value::Object(Object::of(members)));
        }
        loop {
            self.skip_blanks();
            let name = self.string()?;
            self.expect(b':')?;
            let value = self.value().map_err(|failure| failure.within(name.lossy()))?;
            members.push(Member { name, value });
            if self.takes(b'}') {
                return Ok(Value::Object(Object::of(members)));
            }
            self.expect(b',')?;
        }
    }

    fn literal(&mut self, word: &'static str) -> Result<Value<'a>, Failure> {
        if !self.json.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(Refusal::Syntax.into());
        }
        self.at += word.len();
        Ok(Value::Literal(word))
    }

    fn string(&mut self) -> Result<Text<'a>, Failure> {
        if self.peek() != Some(b'"') {
            return Err(Refusal::Syntax.into());
        }
        let rest = &self.json.as_bytes()[self.at + 1..];
        let (mut end, mut is_plain) = (0, true);
        loop {
            match rest.get(end).ok_or(Refusal::Syntax)? {
                b'"' => break,
                b'\\' => {
                    is_plain = false;
                    end += 2;
                }
                0..0x20 => return Err(Refusal::Syntax.into()),
                _ => end += 1,
            }
        }
        self.at += end + 2;
        let between = &rest[..end];
        if is_plain {
            return Ok(Text::plain(between));
        }
        Text::unescape(between).ok_or_else(|| Refusal::Syntax.into())
    }

    fn number(&mut self) -> Result<Value<'a>, Failure> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(Value::Number(&self.json[start..self.at]))
    }

    /// At least one.
    fn digits(&mut self) -> Result<(), Failure> {
        let rest = &self.json.as_bytes()[self.at..];
        match rest.iter().take_while(|byte| byte.is_ascii_digit()).count() {
            0 => Err(Refusal::Syntax.into()),
            count => {
                self.at += count;
                Ok(())
            }
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Failure> {
        if self.takes(byte) { Ok(()) } else { Err(Refusal::Syntax.into()) }
    }

    /// Goes past this byte and the blanks before it, if it comes next.
    fn takes(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        let comes = self.peek() == Some(byte);
        self.at += usize::from(comes);
        comes
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.json.as_bytes().get(self.at).copied()
    }
}
