//! Templates: reading them, and filling them in.

use super::*;

struct Known(Option<&'static str>);

impl Values for Known {
    fn value(&self, variable: Variable) -> Option<Value<'_>> {
        match variable {
            Variable::EventData => Some(Value::Json(r#"{ "n": 1.50 }"#)),
            Variable::EventType => Some(Value::Text("a\"b".into())),
            Variable::EventTime => Some(Value::Number("17".into())),
            Variable::EventMeta => self.0.map(Value::Json),
            _ => None,
        }
    }
}

fn written(template: &str, meta: Option<&'static str>, omit_absent: bool) -> String {
    let node: Node = serde_json::from_str(template).unwrap();
    let faults = Faults::default();
    let template = Template::read(&node, "", &faults).unwrap();
    let mut out = String::new();
    template.write(&Known(meta), omit_absent, &mut out).unwrap();
    out
}

#[test]
fn order_is_kept_and_a_producers_json_is_spliced_as_it_is() {
    let template = r#"{"z": "{{event.type}}", "a": "{{event.data}}", "at": "{{event.time}}",
        "text": "<{{event.type}}>", "v": [1, "{{event.time}}", {}, []], "n": null}"#;
    assert_eq!(
        written(template, None, true),
        r#"{"z":"a\"b","a":{ "n": 1.50 },"at":17,"text":"<a\"b>","v":[1,17,{},[]],"n":null}"#
    );
    assert_eq!(written(r#""{{event.data}}""#, None, true), r#"{ "n": 1.50 }"#);
}

#[test]
fn absent_is_not_null() {
    let template = r#"{"meta": "{{event.meta}}", "x": true}"#;
    assert_eq!(written(template, None, true), r#"{"x":true}"#);
    assert_eq!(written(template, None, false), r#"{"meta":null,"x":true}"#);
    assert_eq!(written(template, Some("null"), true), r#"{"meta":null,"x":true}"#);
}

#[test]
fn every_faulty_place_of_a_template_is_named() {
    let json = r#"{"a/b": ["{{event.id", "{{attempt.unix}}"], "c": 1, "c": 2}"#;
    let node: Node = serde_json::from_str(json).unwrap();
    let faults = Faults::default();
    Template::read(&node, "/body/template", &faults);
    let found: Vec<_> = faults.into_vec().into_iter().map(|fault| fault.pointer).collect();
    let list = "/body/template/a~1b";
    assert_eq!(found, [format!("{list}/0"), format!("{list}/1"), "/body/template/c".into()]);
}

#[test]
fn what_may_be_large_stands_in_a_template_once() {
    let faults_of = |json: &str| {
        let node: Node = serde_json::from_str(json).unwrap();
        let faults = Faults::default();
        Template::read(&node, "", &faults);
        faults.into_vec().into_iter().map(|fault| fault.pointer).collect::<Vec<_>>()
    };
    let once =
        r#"{"a": "{{event.data}}", "b": "{{event.meta}}", "c": "{{event.type}}{{event.type}}"}"#;
    assert_eq!(faults_of(once), [""; 0]);
    let again = r#"{"a": "{{event.data}}", "b": ["<{{event.meta}}>", "{{ event.meta }}"],
        "c": "{{event.data}}", "d": "{{event.data}}{{event.data}}"}"#;
    assert_eq!(faults_of(again), ["/b/1", "/c", "/d"]);
    assert_eq!(faults_of(r#""{{event.data}}{{event.data}}""#), [""]);
}

struct Large(String);

impl Values for Large {
    fn value(&self, _: Variable) -> Option<Value<'_>> {
        Some(Value::Json(&self.0))
    }
}

#[test]
fn a_body_has_a_bound_and_nothing_beyond_it_is_written() {
    let node: Node = serde_json::from_str(r#"{"a": "{{event.data}}"}"#).unwrap();
    let template = Template::read(&node, "", &Faults::default()).unwrap();
    let mut out = String::new();
    let longest = BODY_MAX - r#"{"a":}"#.len();
    assert_eq!(template.write(&Large("1".repeat(longest)), true, &mut out), Ok(()));
    assert_eq!(out.len(), BODY_MAX);
    out.clear();
    assert_eq!(template.write(&Large("1".repeat(BODY_MAX)), true, &mut out), Err(TooLong));
    assert_eq!(out, r#"{"a":"#);
}
