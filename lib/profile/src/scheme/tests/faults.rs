//! Every fault is found, each in its place.

use super::*;

fn places(spec: &SchemeSpec) -> Vec<String> {
    spec.compile().unwrap_err().into_iter().map(|fault| fault.pointer).collect()
}

fn altered(name: &str, alter: impl FnOnce(&mut SchemeSpec)) -> SchemeSpec {
    let mut spec = SchemeSpec::builtin(name).unwrap();
    alter(&mut spec);
    spec
}

fn one(place: &str, name: &str, alter: impl FnOnce(&mut SchemeSpec)) {
    assert_eq!(places(&altered(name, alter)), [place]);
}

fn to(pairs: &[(&str, &str)]) -> HeaderSpec {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    HeaderSpec::Templates(pairs.iter().map(pair).collect())
}

#[test]
fn all_are_reported_at_once() {
    let spec = altered("standard-v1", |spec| {
        spec.name = "No".into();
        spec.key.take = Some(0);
        spec.join = None;
        spec.content = "{{what}}{{body".into();
        spec.encoding = Encoding::Raw;
        spec.entry = "v1\n".into();
        spec.header = to(&[("Host", "{{sig}}"), ("a b", "{{id}}"), ("x/y~", "é")]);
    });
    assert_eq!(
        places(&spec),
        [
            "/name",
            "/key/take",
            "/join",
            "/content",
            "/content",
            "/encoding",
            "/entry",
            "/entry",
            "/header/Host",
            "/header/Host",
            "/header/a b",
            "/header/x~1y~0",
            "/header/x~1y~0",
            "/header",
        ]
    );
}

#[test]
fn names_and_keys() {
    for name in ["", "1a", "a_b", &"a".repeat(33)] {
        one("/name", "github", |spec| spec.name = name.into());
    }
    one("/key/strip_prefix", "github", |spec| spec.key.strip_prefix = "x".repeat(65));
    one("/key/take", "standard-v1a", |spec| spec.key.take = Some(64));
    one("/key/take", "standard-v1a", |spec| spec.key.take = None);
    one("/key/decode", "standard-v1a", |spec| spec.key.decode = Decode::Hex);
    one("/key/strip_prefix", "standard-v1a", |spec| spec.key.strip_prefix.clear());
    one("/key/decode", "static-secret", |spec| spec.key.decode = Decode::Hex);
    one("/key/take", "static-secret", |spec| spec.key.take = Some(8));
}

#[test]
fn contents_entries_and_encodings() {
    one("/content", "static-secret", |spec| spec.content = "{{body}}".into());
    one("/encoding", "static-secret", |spec| spec.encoding = Encoding::Hex);
    one("/entry", "static-secret", |spec| spec.entry = "{{sig}}".into());
    one("/encoding", "github", |spec| spec.encoding = Encoding::Raw);
    one("/content", "github", |spec| spec.content.clear());
    one("/content", "github", |spec| spec.content = "{{ body }}".into());
    one("/content", "github", |spec| spec.content = "\0{{body}}".into());
    one("/content", "github", |spec| spec.content = "x".repeat(257));
    for entry in ["", "sha256=", "{{sig}}{{sig}}", "{{secret}}", "{{sig}} {{secret}}"] {
        one("/entry", "github", |spec| spec.entry = entry.into());
    }
    one("/entry", "github", |spec| spec.entry = "é{{sig}}".into());
    one("/entry", "pagerduty", |spec| spec.entry = "v1,{{sig}}".into());
}

#[test]
fn joins_and_rotation() {
    one("/join", "github", |spec| spec.rotation = Rotation::AllActive);
    for join in ["", "a", "/", "+", "\n", "é", &" ".repeat(65)] {
        one("/join", "pagerduty", |spec| spec.join = Some(join.into()));
    }
    one("/rotation", "static-secret", |spec| {
        spec.rotation = Rotation::AllActive;
        spec.join = Some(",".into());
    });
}

#[test]
fn headers_set_by_a_scheme() {
    for name in ["host", "Content-Length", "connection", "Content-Type", "proxy-x", "TE"] {
        one("/header", "github", |spec| spec.header = HeaderSpec::Name(name.into()));
    }
    for name in ["", "a b", "a:", "é", &"x".repeat(65)] {
        one("/header", "github", |spec| spec.header = HeaderSpec::Name(name.into()));
    }
    for pairs in [&[][..], &[("A", "{{id}}")], &[("A", "{{entries}}"), ("B", "{{entries}}")]] {
        one("/header", "github", |spec| spec.header = to(pairs));
    }
    one("/header/B", "github", |spec| {
        spec.header = to(&[("A", "{{entries}}"), ("B", "{{body}}")]);
    });
    one("/header/a", "github", |spec| {
        spec.header = to(&[("A", "{{entries}}"), ("a", "{{id}}")]);
    });
    one("/header/A", "github", |spec| spec.header = to(&[("A", "{{id}}{{entries}}")]));
    let names: Vec<_> = (0..8).map(|at| format!("X-{at}")).collect();
    let mut pairs: Vec<_> = names.iter().map(|name| (name.as_str(), "{{id}}")).collect();
    pairs.push(("A", "{{entries}}"));
    one("/header", "github", |spec| spec.header = to(&pairs));
}
