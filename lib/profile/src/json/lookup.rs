//! One value of a document, by its JSON Pointer (RFC 6901).

use super::value::Value;
use super::{MAX_BODY_DEPTH, parser};

/// The text at `pointer`, which is empty or begins with `/`; nothing where there is no string, or no
/// JSON of at most [`MAX_BODY_DEPTH`]. Of members of the same name the last counts.
pub(crate) fn text_at(json: &str, pointer: &str) -> Option<String> {
    let mut value = &parser::parse(json, MAX_BODY_DEPTH).ok()?;
    for key in pointer.split('/').skip(1) {
        let key = key.replace("~1", "/").replace("~0", "~");
        value = match value {
            Value::Object(object) => {
                &object.0.iter().find(|member| *member.name == *key.as_bytes())?.value
            }
            Value::Array(items) => {
                let is_index = key == "0" || !key.starts_with(['0', '+']);
                items.get(key.parse::<usize>().ok().filter(|_| is_index)?)?
            }
            _ => return None,
        };
    }
    match value {
        Value::String(text) => std::str::from_utf8(text).ok().map(str::to_owned),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_however_deep_the_document_is() {
        let json = r#"{"a/b": [0, {"~1": "\u0078"}], "m": "old", "m": "new", "n": 1}"#;
        for (pointer, text) in [
            ("/a~1b/1/~01", Some("x")),
            ("/m", Some("new")),
            ("/n", None),
            ("/a~1b/01/~01", None),
            ("/a~1b/2", None),
            ("/m/0", None),
            ("", None),
        ] {
            assert_eq!(text_at(json, pointer).as_deref(), text, "{pointer}");
            let other: serde_json::Value = serde_json::from_str(json).unwrap();
            let other = other.pointer(pointer).and_then(serde_json::Value::as_str);
            assert_eq!(other, text, "{pointer}");
        }
        let deep = "[".repeat(400) + &"]".repeat(400);
        let json = format!(r#"{{"deep": {deep}, "mode": "test"}}"#);
        assert_eq!(text_at(&json, "/mode").as_deref(), Some("test"));
        assert_eq!(text_at("{", "/mode"), None);
    }
}
