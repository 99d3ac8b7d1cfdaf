//! JavaScript and PHP, asked about many texts at once.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What JavaScript makes of a text.
pub(crate) struct Ecma {
    /// `JSON.stringify(JSON.parse(text))`; nothing where the text is no JSON.
    pub(crate) again: Option<Vec<u8>>,
    /// SHA-256 of RFC 8785's form in hex; nothing where there is none.
    pub(crate) canonical: Option<String>,
    flags: String,
}

impl Ecma {
    /// All that is left of its strings is Unicode.
    pub(crate) fn is_unicode(&self) -> bool {
        self.flags.contains('w')
    }

    /// Some string is no Unicode, be it of a member that another one replaces.
    pub(crate) fn has_lone_surrogate(&self) -> bool {
        self.flags.contains('l')
    }

    /// No number loses a digit.
    pub(crate) fn is_exact(&self) -> bool {
        self.flags.contains('j')
    }

    /// No number loses a digit in PHP.
    pub(crate) fn is_exact_in_php(&self) -> bool {
        self.flags.contains('p')
    }

    /// A number that is no integer to PHP is negative zero.
    pub(crate) fn has_negative_zero(&self) -> bool {
        self.flags.contains('z')
    }
}

/// What PHP makes of a text.
pub(crate) struct Php {
    /// `json_encode(json_decode($text, true))`; nothing where PHP cannot.
    pub(crate) again: Option<Vec<u8>>,
    /// `json_encode(json_decode($text))`, in which objects stay objects.
    pub(crate) objects: Option<Vec<u8>>,
}

pub(crate) fn ask_ecma(texts: &[String]) -> Vec<Ecma> {
    let answers = ask("POSTHASTE_NODE", &[], "oracle.mjs", texts);
    answers
        .iter()
        .map(|answer| {
            let [again, canonical, flags] = fields(answer);
            let canonical = (canonical != "-").then(|| canonical.to_owned());
            Ecma { again: decoded(again), canonical, flags: flags.to_owned() }
        })
        .collect()
}

pub(crate) fn ask_php(texts: &[String]) -> Vec<Php> {
    let answers = ask("PHP", &["-n", "-d", "memory_limit=-1"], "oracle.php", texts);
    answers
        .iter()
        .map(|answer| {
            let [again, objects] = fields(answer);
            Php { again: decoded(again), objects: decoded(objects) }
        })
        .collect()
}

/// Runs the script once for all texts and returns a line for each.
fn ask(variable: &str, options: &[&str], script: &str, texts: &[String]) -> Vec<String> {
    let program = env::var_os(variable)
        .unwrap_or_else(|| panic!("{variable} is unset: tests/setup.py tells what to set it to"));
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("texts"), folder.path().join("answers"));
    let lines: Vec<_> = texts.iter().map(|text| STANDARD.encode(text)).collect();
    fs::write(&input, lines.join("\n")).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/json").join(script);
    let done = Command::new(&program).args(options).arg(&script).args([&input, &output]).output();
    let done = done.unwrap_or_else(|error| panic!("{variable} is {}: {error}", program.display()));
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let answers: Vec<_> = fs::read_to_string(&output).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), texts.len(), "{}", String::from_utf8_lossy(&done.stdout));
    answers
}

fn fields<const N: usize>(answer: &str) -> [&str; N] {
    let fields: Vec<_> = answer.split(' ').collect();
    fields.try_into().unwrap_or_else(|_| panic!("not {N} fields: {answer}"))
}

fn decoded(field: &str) -> Option<Vec<u8>> {
    (field != "-").then(|| STANDARD.decode(field).unwrap())
}
