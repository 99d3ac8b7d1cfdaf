//! What is too deep, too long or beyond what can be written.

use proptest::prelude::*;

use super::*;

fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

#[test]
fn a_payload_is_judged_before_it_is_accepted() {
    for json in [
        r#"{"a":[1e999999999999999999,-0.5E-00000000000000000000001,"1e9999999999999999999"]}"#,
        r#"["\"[[{{\\",true,false,null,"\ud83d\ude00\\ud800"]"#,
        &nested(MAX_PAYLOAD_DEPTH),
        &format!("[{}0]", "[],{},".repeat(10_000)),
    ] {
        assert_eq!(check_payload(json), Ok(()), "{json}");
        compact(json);
    }
    for (json, refusal) in [
        (&*nested(MAX_PAYLOAD_DEPTH + 1), Refusal::Depth),
        (&"{\"a\":".repeat(1_000_000), Refusal::Depth),
        (r#"{"a":1e1000000000000000000}"#, Refusal::NumberRange),
        (r#"[-12.5E-1000000000000000000]"#, Refusal::NumberRange),
        (r#"{"\ud800":1}"#, Refusal::LoneSurrogate),
        (r#"["\\","\udc00"]"#, Refusal::LoneSurrogate),
    ] {
        assert_eq!(check_payload(json), Err(refusal), "{refusal:?}");
    }
}

#[test]
fn the_deepest_payload_has_room_in_the_deepest_envelope() {
    let levels = crate::body::DEPTH_MAX - 1;
    let around = |inner: &str| "[".repeat(levels) + inner + &"]".repeat(levels);
    for serializer in [Serializer::Compact, Serializer::Php, Serializer::Pretty2] {
        written(serializer, &around(&nested(MAX_PAYLOAD_DEPTH))).unwrap();
    }
}

#[test]
fn what_is_written_has_a_bound() {
    // A few hundred kilobytes that would be some hundred megabytes.
    let depth = MAX_BODY_DEPTH - 1;
    let lines = "[".repeat(depth) + &"0,".repeat(200_000) + "0" + &"]".repeat(depth);
    assert_eq!(refused(Serializer::Pretty2, &lines).1, Refusal::TooLong);
    assert_eq!(compact(&lines), lines);

    let text = |count| format!("\"{}\"", "é".repeat(count));
    let most = (BODY_MAX - 2) / 6;
    assert_eq!(php(&text(most)).len(), most * 6 + 2);
    assert_eq!(refused(Serializer::Php, &text(most + 1)).1, Refusal::TooLong);
    let longest = "x".repeat(BODY_MAX - 2);
    assert_eq!(compact(&format!("\"{longest}\"")).len(), BODY_MAX);
    assert_eq!(refused(Serializer::Compact, &format!("\"{longest}x\"")).1, Refusal::TooLong);
    assert_eq!(refused(Serializer::Compact, &format!("[\"{longest}\"]")).1, Refusal::TooLong);
}

#[test]
fn an_error_is_short_however_long_a_name_is() {
    let json = format!("{{\"{}\":{{}}}}", "é".repeat(100_000));
    let error = written(Serializer::Php, &json).unwrap_err();
    assert!(error.pointer.len() > 200_000);
    let shown = error.to_string();
    assert_eq!(shown, format!("/{}: {}", "é".repeat(127), Refusal::EmptyObject));
}

proptest! {
    /// It sees what the parser and the writer see.
    #[test]
    fn a_payload_is_judged_as_it_is_written(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "1e99999999999999999999", "2E-1", "\"\\ud800\"", "\"\\ud83d\\ude00\"", "\"\\\\\"", "[[]]",
            "{\"e\":true}", "\"\\\"1e99999999999999999999\"", "-0", "1.5e00000000000000000000007",
        ]), 0..4),
    ) {
        let json = format!("[{}]", pieces.join(","));
        let done = written(Serializer::Compact, &json);
        prop_assert_eq!(check_payload(&json), done.map(|_| ()).map_err(|error| error.refusal));
    }
}
