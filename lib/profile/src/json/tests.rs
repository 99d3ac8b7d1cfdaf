//! The forms of JSON, case by case.

mod bounds;
mod judged;

use super::*;

fn written(serializer: Serializer, json: &str) -> Result<String, SerializeError> {
    let mut out = b"before".to_vec();
    let done = serializer.write(json, &mut out);
    let out = String::from_utf8(out).unwrap().strip_prefix("before").unwrap().to_owned();
    if done.is_err() {
        assert_eq!(out, "", "an error leaves nothing behind");
    }
    done.map(|()| out)
}

fn compact(json: &str) -> String {
    written(Serializer::Compact, json).unwrap()
}

fn php(json: &str) -> String {
    written(Serializer::Php, json).unwrap()
}

fn refused(serializer: Serializer, json: &str) -> (String, Refusal) {
    let error = written(serializer, json).unwrap_err();
    (error.pointer, error.refusal)
}

#[test]
fn numbers_are_written_in_each_language_with_all_their_digits() {
    for (number, in_ecma, in_php) in [
        ("0", "0", "0"),
        ("-0", "0", "0"),
        ("-0.0", "0", "0"),
        ("0e99999999999999999999", "0", "0"),
        ("-7", "-7", "-7"),
        ("1600.0", "1600", "1600"),
        ("17.50", "17.5", "17.5"),
        ("100", "100", "100"),
        ("1E+2", "100", "100"),
        ("1.5e-0007", "1.5e-7", "1.5e-7"),
        ("123.456e1", "1234.56", "1234.56"),
        ("0.0001", "0.0001", "0.0001"),
        ("0.00001", "0.00001", "1.0e-5"),
        ("0.000001", "0.000001", "1.0e-6"),
        ("0.0000001", "1e-7", "1.0e-7"),
        ("-0.00000012", "-1.2e-7", "-1.2e-7"),
        ("1e16", "10000000000000000", "10000000000000000"),
        ("1e17", "100000000000000000", "1.0e+17"),
        ("1e20", "100000000000000000000", "1.0e+20"),
        ("1e21", "1e+21", "1.0e+21"),
        ("1e25", "1e+25", "1.0e+25"),
        ("9007199254740993", "9007199254740993", "9007199254740993"),
        ("9223372036854775807", "9223372036854775807", "9223372036854775807"),
        ("9223372036854775808", "9223372036854775808", "9.223372036854775808e+18"),
        ("-9223372036854775808", "-9223372036854775808", "-9223372036854775808"),
        (
            "3.14159265358979323846264338327950",
            "3.1415926535897932384626433832795",
            "3.1415926535897932384626433832795",
        ),
        (
            "123456789012345678901234567890",
            "1.2345678901234567890123456789e+29",
            "1.2345678901234567890123456789e+29",
        ),
        ("1e400", "1e+400", "1.0e+400"),
        ("1e-400", "1e-400", "1.0e-400"),
    ] {
        assert_eq!(compact(number), in_ecma, "{number} in JavaScript");
        assert_eq!(php(number), in_php, "{number} in PHP");
    }
    for number in ["1e1000000000000000000", "-1e-1000000000000000000"] {
        let refusal = (String::new(), Refusal::NumberRange);
        assert_eq!(refused(Serializer::Compact, number), refusal);
    }
}

#[test]
fn strings_have_only_the_escapes_of_the_language() {
    let text = r#""\"\\\/\b\f\n\r\t\u001B\u007f\u00E9\u2028\uD83D\uDE00é😀/<>&""#;
    assert_eq!(compact(text), "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u001b\u{7f}é\u{2028}😀é😀/<>&\"");
    assert_eq!(
        php(text),
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u001b\u{7f}\\u00e9\\u2028\\ud83d\\ude00\\u00e9\\ud83d\\ude00\\/<>&\""
    );
}

#[test]
fn members_are_in_the_order_of_the_language_and_the_last_of_a_name_counts() {
    let json = r#"{ "b": 1, "10": 2, "a": 3, "2": 4, "\u0062": 5, "02": 6, "4294967294": 7,
        "4294967295": 8, "__proto__": 9 }"#;
    assert_eq!(
        compact(json),
        r#"{"2":4,"10":2,"4294967294":7,"b":5,"a":3,"02":6,"4294967295":8,"__proto__":9}"#
    );
    assert_eq!(
        php(json),
        r#"{"b":5,"10":2,"a":3,"2":4,"02":6,"4294967294":7,"4294967295":8,"__proto__":9}"#
    );
    let many: Vec<_> = (0..1000).map(|i| format!("\"n{}\":{i}", i % 300)).collect();
    let last: Vec<_> =
        (0..300).map(|i| format!("\"n{i}\":{}", if i < 100 { i + 900 } else { i + 600 })).collect();
    assert_eq!(compact(&format!("{{{}}}", many.join(","))), format!("{{{}}}", last.join(",")));
}

#[test]
fn preserved_text_is_not_touched_and_pretty_text_is_indented() {
    assert_eq!(written(Serializer::default(), " {\"a\" : 1.50}\n").unwrap(), " {\"a\" : 1.50}\n");
    assert_eq!(
        written(Serializer::Pretty2, r#"{"a":[1.0,{}],"b":[],"c":{"d":null}}"#).unwrap(),
        "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": [],\n  \"c\": {\n    \"d\": null\n  }\n}"
    );
}

#[test]
fn what_has_no_such_form_is_refused_with_its_place() {
    let at = |pointer: &str, refusal| (pointer.to_owned(), refusal);
    for (json, refusal) in [
        (r#"{"a":[1,{}]}"#, at("/a/1", Refusal::EmptyObject)),
        (r#"{"a/b~c":{"0":1,"1":2}}"#, at("/a~1b~0c", Refusal::ListLikeObject)),
        (r#"[["\ud800x"]]"#, at("/0/0", Refusal::LoneSurrogate)),
        (r#"{"a":{"\udc00":1}}"#, at("/a/\u{fffd}\u{fffd}\u{fffd}", Refusal::LoneSurrogate)),
        ("[1,nul]", at("/1", Refusal::Syntax)),
    ] {
        assert_eq!(refused(Serializer::Php, json), refusal);
    }
    assert_eq!(php(r#"{"1":1,"0":0}"#), r#"{"1":1,"0":0}"#);
    assert_eq!(php(r#"{"00":1}"#), r#"{"00":1}"#);
    assert_eq!(refused(Serializer::Compact, r#""\ud800""#).1, Refusal::LoneSurrogate);
    assert_eq!(refused(Serializer::Pretty2, r#"{"a":"\ud800\u0041"}"#).0, "/a");
}

#[test]
fn text_that_is_no_json_is_an_error() {
    for json in [
        "",
        " ",
        "nul",
        "truefalse",
        "1 2",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "1e+",
        "+1",
        "\"",
        "\"\\",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\é\"",
        "\"\t\"",
        "[",
        "[1",
        "[1,",
        "[1,]",
        "[1 2]",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\" 1}",
        "]",
        "'a'",
        "\u{feff}1",
        "NaN",
        "[1]x",
    ] {
        assert_eq!(refused(Serializer::Compact, json).1, Refusal::Syntax, "{json:?}");
        let neither = Compatibility { js: false, php: false };
        assert_eq!(compatibility(json.as_bytes()), neither, "{json:?}");
    }
}

#[test]
fn nesting_has_a_bound() {
    let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(compact(&nested(MAX_BODY_DEPTH)), nested(MAX_BODY_DEPTH));
    assert_eq!(refused(Serializer::Compact, &nested(MAX_BODY_DEPTH + 1)).1, Refusal::Depth);
    let both = Compatibility { js: true, php: true };
    assert_eq!(compatibility(nested(MAX_BODY_DEPTH).as_bytes()), both);
    assert!(!compatibility(nested(MAX_BODY_DEPTH + 1).as_bytes()).php);
    assert!(canonical_digest(nested(1_000_000).as_bytes()).is_err());
}

#[test]
fn finds_half_a_surrogate_pair_among_other_escapes() {
    for json in [
        r#""\ud800""#,
        r#""\uDFFF""#,
        r#"{"\udbff":1}"#,
        r#""\ud800\ud800\udc00""#,
        r#""\udc00\ud800""#,
        r#""\\\ud83d""#,
        r#""\ud83d \ude00""#,
        r#""\ud83d\n""#,
        r#"["é\\", "\ud83d\u0041"]"#,
        "\"\\ud83d\u{1f600}\"",
    ] {
        assert_eq!(check_payload(json), Err(Refusal::LoneSurrogate), "{json}");
    }
    for json in [
        "",
        "{}",
        r#""\ud83d\ude00""#,
        r#""\\ud800""#,
        r#""\\\\ud800 \u0041\\""#,
        r#""\n\u00e9\uD83D\uDE00\/""#,
        "\"\\",
        "\"\\u",
        "\"\\ud8",
        "\"\\\u{e9}",
    ] {
        assert_eq!(check_payload(json), Ok(()), "{json}");
    }
}

#[test]
fn a_large_text_takes_no_more_than_its_share() {
    // Each would take minutes if anything were quadratic.
    let names: Vec<_> = (0..100_000).map(|i| format!("\"{}\":{i}", i % 60_000)).collect();
    let names = format!("{{\"x\":0,{}}}", names.join(","));
    assert!(compact(&names).starts_with(r#"{"0":60000,"1":60001,"#));
    let digits = "123456789".repeat(120_000);
    assert_eq!(compact(&format!("0.{digits}e1")), format!("{}.{}", &digits[..1], &digits[1..]));
    let escapes = format!("\"{}\"", "\\uD83D\\uDE00\\\\".repeat(80_000));
    assert_eq!(php(&escapes), escapes.to_lowercase());
    assert_eq!(check_payload(&escapes), Ok(()));
    let list = format!("[{}0]", "{\"a\":[]},".repeat(100_000));
    assert_eq!(compact(&list), list);
    assert!(canonical_digest(names.as_bytes()).is_ok());
}
