//! Text with variables in it: `{{name}}` stands for a value, everything else for itself.
//!
//! Absent: conditions, filters, and a way to write `{{` as text.

/// The closed list of what a text may hold.
pub(super) trait Variable: Copy + PartialEq + 'static {
    /// Names and what they stand for.
    const ALL: &'static [(&'static str, Self)];

    /// Whether a literal may hold this character.
    fn permits(literal: char) -> bool;
}

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContentVar {
    Id,
    Timestamp,
    EventType,
    Body,
}

/// What one key writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntryVar {
    Sig,
    Secret,
}

/// What a header holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeaderVar {
    Id,
    Timestamp,
    EventType,
    Entries,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece<V> {
    Text(Box<str>),
    Value(V),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template<V>(Vec<Piece<V>>);

/// The longest template in bytes; each is a line that somebody wrote.
const MAX_LEN: usize = 256;

impl<V: Variable> Template<V> {
    /// The template of one variable and nothing else.
    pub(super) fn only(value: V) -> Self {
        Self(vec![Piece::Value(value)])
    }

    /// Reads a template and whatever is wrong with it.
    pub(super) fn parse(text: &str) -> (Self, Vec<String>) {
        let (mut pieces, mut problems) = (Vec::new(), Vec::new());
        if text.len() > MAX_LEN {
            problems.push(format!("must be at most {MAX_LEN} bytes"));
        }
        let mut rest = text;
        while !rest.is_empty() {
            let (literal, variable) = rest.split_once("{{").unwrap_or((rest, ""));
            if !literal.chars().all(V::permits) {
                problems.push(format!("{literal:?} holds a character that may not stand here"));
            }
            if !literal.is_empty() {
                pieces.push(Piece::Text(literal.into()));
            }
            if literal.len() == rest.len() {
                break;
            }
            let Some((name, after)) = variable.split_once("}}") else {
                problems.push("{{ has no }} after it".into());
                break;
            };
            match V::ALL.iter().find(|(known, _)| *known == name) {
                Some((_, value)) => pieces.push(Piece::Value(*value)),
                None => problems.push(unknown::<V>(name)),
            }
            rest = after;
        }
        (Self(pieces), problems)
    }

    pub(super) fn pieces(&self) -> &[Piece<V>] {
        &self.0
    }

    pub(super) fn count(&self, value: V) -> usize {
        self.0.iter().filter(|piece| **piece == Piece::Value(value)).count()
    }

    /// Whether two variables stand side by side, so that a reader could not tell them apart.
    pub(super) fn runs_together(&self) -> bool {
        self.0.windows(2).any(|pair| matches!(pair, [Piece::Value(_), Piece::Value(_)]))
    }

    /// The literal text before the first variable and after the last.
    pub(super) fn around(&self) -> (&str, &str) {
        match &*self.0 {
            [Piece::Text(before), .., Piece::Text(after)] => (before, after),
            [Piece::Text(before), ..] => (before, ""),
            [.., Piece::Text(after)] => ("", after),
            _ => ("", ""),
        }
    }

    /// Writes the template with what each variable stands for.
    pub(super) fn render<'a>(&'a self, out: &mut String, value: impl Fn(V) -> &'a str) {
        for piece in &self.0 {
            out.push_str(match piece {
                Piece::Text(text) => text,
                Piece::Value(one) => value(*one),
            });
        }
    }
}

fn unknown<V: Variable>(name: &str) -> String {
    let known: Vec<_> = V::ALL.iter().map(|(name, _)| *name).collect();
    format!("no variable {name:?} here: there is {}", known.join(", "))
}

impl Variable for ContentVar {
    const ALL: &'static [(&'static str, Self)] = &[
        ("id", Self::Id),
        ("timestamp", Self::Timestamp),
        ("event_type", Self::EventType),
        ("body", Self::Body),
    ];

    /// What is signed is bytes, and some schemes sign lines of them.
    fn permits(literal: char) -> bool {
        literal == '\n' || !literal.is_control()
    }
}

impl Variable for EntryVar {
    const ALL: &'static [(&'static str, Self)] = &[("sig", Self::Sig), ("secret", Self::Secret)];

    fn permits(literal: char) -> bool {
        is_printable(literal)
    }
}

impl Variable for HeaderVar {
    const ALL: &'static [(&'static str, Self)] = &[
        ("entries", Self::Entries),
        ("id", Self::Id),
        ("timestamp", Self::Timestamp),
        ("event_type", Self::EventType),
    ];

    fn permits(literal: char) -> bool {
        is_printable(literal)
    }
}

/// What a header's value may be made of (RFC 9110 §5.5), less the tab, which proxies fold.
pub(super) fn is_printable(c: char) -> bool {
    c == ' ' || c.is_ascii_graphic()
}
