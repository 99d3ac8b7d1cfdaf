//! References within an OpenAPI document. Nothing is fetched.

use std::borrow::Cow;

use serde_json::Value;

use super::Fault;

/// How many references lead to one another before something else is found.
const HOPS_MAX: usize = 16;

/// What `value` stands for, where it is a reference.
pub(super) fn follow<'a>(value: &'a Value, document: &'a Value) -> Result<&'a Value, Fault> {
    let mut at = value;
    for _ in 0..HOPS_MAX {
        match at.get("$ref") {
            Some(Value::String(reference)) => at = target(reference, document)?,
            _ => return Ok(at),
        }
    }
    Err(Fault::new("refers to itself"))
}

/// The place that a reference leads to.
pub(super) fn target<'a>(reference: &str, document: &'a Value) -> Result<&'a Value, Fault> {
    let Some(pointer) = reference.strip_prefix('#') else {
        return Err(Fault::new("must refer to a place of this document").within("$ref"));
    };
    let found = document.pointer(&decoded(pointer));
    found.ok_or_else(|| Fault::new("refers to what is not there").within("$ref"))
}

/// The last step of a reference, as a name.
pub(super) fn last_step(reference: &str) -> String {
    let last = reference.rsplit('/').next().unwrap_or_default();
    decoded(last).replace("~1", "/").replace("~0", "~")
}

/// A fragment without its percent signs (RFC 6901, section 6).
fn decoded(fragment: &str) -> Cow<'_, str> {
    if !fragment.contains('%') {
        return Cow::Borrowed(fragment);
    }
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match hex.filter(|_| byte == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &tail[2..];
            }
            None => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// A name as a step of a pointer in a fragment.
pub(super) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1").replace('%', "%25").replace(' ', "%20")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_followed_to_their_end() {
        let document = json!({"a": {"b/c %": {"x": 1}}, "hop": {"$ref": "#/a/b~1c%20%25"},
            "loop": {"$ref": "#/loop"}, "lost": {"$ref": "#/z"}, "far": {"$ref": "other.yaml#/a"}});
        let found = |name: &str| follow(&document[name], &document).cloned();
        assert_eq!(found("hop").unwrap(), json!({"x": 1}));
        for bad in ["loop", "lost", "far"] {
            assert!(found(bad).is_err(), "{bad}");
        }
        assert_eq!(last_step("#/a/b~1c%20%25"), "b/c %");
    }

    proptest! {
        #[test]
        fn a_name_is_found_by_its_step(name in "\\PC{0,20}") {
            let document = json!({name.clone(): 7});
            let reference = format!("#/{}", escaped(&name));
            prop_assert_eq!(target(&reference, &document).unwrap(), &json!(7));
            prop_assert_eq!(last_step(&reference), name);
        }
    }
}
