//! The optional TOML file, flattened to the text form that variables have.

use std::{collections::BTreeMap, fs::File, io::Read as _, path::Path};

use toml::{Table, Value};

use super::ConfigFaults;

/// The largest file that is read, in bytes.
const FILE_MAX: u64 = 1 << 20;

/// Settings by dotted path.
pub(super) type Entries = BTreeMap<String, String>;

/// Reads the file at `path`.
///
/// # Errors
/// [`ConfigFaults`] where it cannot be read, is larger than 1 MiB, is not TOML, or holds what has
/// no text form. The file's text is not repeated: it may hold secrets.
pub(super) fn read(path: &Path) -> Result<Entries, ConfigFaults> {
    let fault = |found: String, wanted: &str| {
        let mut faults = ConfigFaults::default();
        faults.add(path.display().to_string(), found, wanted);
        faults
    };
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(FILE_MAX + 1).read_to_string(&mut text))
        .map_err(|err| fault(err.to_string(), "wants a readable UTF-8 file"))?;
    if text.len() as u64 > FILE_MAX {
        return Err(fault(format!("more than {FILE_MAX} bytes"), "wants a smaller file"));
    }
    let table: Table = toml::from_str(&text).map_err(|err| {
        let at = err.span().map_or(0, |span| span.start);
        let line = 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
        fault(format!("{} on line {line}", err.message().trim()), "wants TOML")
    })?;
    let mut faults = ConfigFaults::default();
    let mut entries = Entries::new();
    flatten("", &table, &mut entries, &mut faults);
    faults.into_result().map(|()| entries)
}

fn flatten(prefix: &str, table: &Table, entries: &mut Entries, faults: &mut ConfigFaults) {
    for (name, value) in table {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        if let Value::Table(inner) = value {
            flatten(&path, inner, entries, faults);
            continue;
        }
        match text(value) {
            Some(_) if entries.contains_key(&path) => {
                faults.add(path, "a second value", "wants one (a quoted dotted name counts too)");
            }
            Some(text) => {
                entries.insert(path, text);
            }
            None => faults.add(
                path,
                "an array of tables, arrays or strings with commas",
                "wants a scalar, or an array of scalars without commas",
            ),
        }
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Array(items) => {
            let items: Option<Vec<_>> = items.iter().map(item).collect();
            items.map(|items| items.join(","))
        }
        scalar => scalar_text(scalar),
    }
}

fn item(value: &Value) -> Option<String> {
    scalar_text(value).filter(|text| !text.contains(','))
}

fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        Value::Datetime(time) => Some(time.to_string()),
        Value::Array(_) | Value::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn written(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn scalars_and_arrays_become_text() {
        let file = written(
            "top = 'x'\n[worker]\nslots = 256\nratio = 0.5\nfast = true\n\
             ports = [80, 443]\n[worker.deep]\nnames = ['a', 'b']\n",
        );
        let entries = read(file.path()).unwrap();
        let expected = [
            ("top", "x"),
            ("worker.deep.names", "a,b"),
            ("worker.fast", "true"),
            ("worker.ports", "80,443"),
            ("worker.ratio", "0.5"),
            ("worker.slots", "256"),
        ];
        assert_eq!(entries, expected.map(|(path, text)| (path.into(), text.into())).into());
    }

    #[test]
    fn what_has_no_text_form_is_named() {
        let file = written("a = [[1]]\nb = ['x,y']\n[[c]]\nd = 1\n");
        let faults = read(file.path()).unwrap_err();
        let names: Vec<_> = faults.as_slice().iter().map(|fault| fault.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
    }

    #[test]
    fn two_spellings_of_one_path_are_a_fault() {
        let file = written("'a.b' = 1\n[a]\nb = 2\n");
        assert_eq!(read(file.path()).unwrap_err().as_slice().len(), 1);
    }

    #[test]
    fn a_syntax_error_names_the_line_and_not_the_text() {
        let file = written("[auth]\nkey = hunter2hunter2\n");
        let said = read(file.path()).unwrap_err().to_string();
        assert!(said.contains("line 2"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }

    #[test]
    fn a_missing_or_a_huge_file_is_a_fault() {
        assert!(read(Path::new("/nonexistent/posthaste.toml")).is_err());
        let file = written(&"#".repeat(FILE_MAX as usize + 1));
        assert!(read(file.path()).unwrap_err().to_string().contains("more than"));
    }
}
