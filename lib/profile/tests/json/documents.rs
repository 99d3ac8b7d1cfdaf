//! JSON texts of every kind, the same in every run.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

/// So many texts.
pub(crate) fn documents(count: usize) -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let document = document();
    (0..count).map(|_| document.new_tree(&mut runner).unwrap().current()).collect()
}

fn document() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        2 => select(vec!["null", "true", "false", "[]", "{}", "[ ]", "{ }"]).prop_map(str::to_owned),
        5 => number(),
        4 => string(),
    ];
    let value = scalar.prop_recursive(5, 32, 6, |value| {
        let array = (vec(value.clone(), 0..5), separator())
            .prop_map(|(items, separator)| format!("[{}]", items.join(separator)));
        let member = (name(), select(vec![":", ":", ":", ":", " : "]), value)
            .prop_map(|(name, colon, value)| format!("{name}{colon}{value}"))
            .boxed();
        let object = (vec(member.clone(), 0..6), separator())
            .prop_map(|(members, separator)| format!("{{{}}}", members.join(separator)));
        let many = vec(member, 9..14).prop_map(|members| format!("{{{}}}", members.join(",")));
        prop_oneof![4 => array, 6 => object, 1 => many, 1 => value_like_a_list()]
    });
    (value, select(vec!["", "", "", "\n"])).prop_map(|(value, end)| format!("{value}{end}"))
}

fn separator() -> impl Strategy<Value = &'static str> {
    select(vec![",", ",", ",", ",", ", ", "\r\n\t,"])
}

fn value_like_a_list() -> impl Strategy<Value = String> {
    (number(), 1..12_usize, any::<bool>()).prop_map(|(number, length, backwards)| {
        let mut members: Vec<_> = (0..length).map(|i| format!("\"{i}\":{number}")).collect();
        if backwards {
            members.reverse();
        }
        format!("{{{}}}", members.join(","))
    })
}

fn name() -> impl Strategy<Value = String> {
    let odd = vec![
        "\"\"",
        "\"a\"",
        "\"b\"",
        "\"c\"",
        "\"\\u0061\"",
        "\"0\"",
        "\"1\"",
        "\"2\"",
        "\"10\"",
        "\"00\"",
        "\"01\"",
        "\"-0\"",
        "\"-1\"",
        "\"+1\"",
        "\"1.5\"",
        "\"1e3\"",
        "\"\\u0031\"",
        "\"4294967294\"",
        "\"4294967295\"",
        "\"4294967296\"",
        "\"9007199254740991\"",
        "\"9007199254740990\"",
        "\"9223372036854775807\"",
        "\"9223372036854775808\"",
        "\"99999999999999999999\"",
        "\"__proto__\"",
        "\"constructor\"",
        "\"toJSON\"",
        "\"length\"",
        "\"é\"",
        "\"\\u00e9\"",
        "\"a/b\"",
        "\"a~b\"",
        "\"\\u0000x\"",
        "\"\u{ffff}\"",
        "\"😀\"",
        "\"\\ud83d\\ude00\"",
        "\"event.type\"",
    ];
    let index = (0..30_u32).prop_map(|index| format!("\"{index}\""));
    let plain = "[a-z_]{1,8}".prop_map(|name| format!("\"{name}\""));
    prop_oneof![6 => select(odd).prop_map(str::to_owned), 1 => index, 6 => plain, 1 => string()]
}

fn string() -> impl Strategy<Value = String> {
    let special = vec![
        "/",
        "\\/",
        "\\\"",
        "\\\\",
        "\\b",
        "\\f",
        "\\n",
        "\\r",
        "\\t",
        "\\u0000",
        "\\u001b",
        "\\u001B",
        "\\u001f",
        "\\u0020",
        "\\u007f",
        "\u{7f}",
        "\u{80}",
        "\\u0080",
        "é",
        "\\u00e9",
        "\\u00E9",
        "€",
        "\u{2028}",
        "\\u2028",
        "\u{2029}",
        "\u{feff}",
        "\u{d7ff}",
        "\u{e000}",
        "\u{ffff}",
        "😀",
        "\\ud83d\\ude00",
        "\\uD83D\\uDE00",
        "\u{10000}",
        "\u{10ffff}",
        "<>&'",
        "\\u003c",
        "\\\\ud800",
        "\\\\u0041",
        " x ",
    ];
    let half = select(vec![
        "\\ud800",
        "\\uDBFF",
        "\\udc00",
        "\\udfff",
        "\\ud83d\\u0041",
        "\\ude00\\ud83d",
    ]);
    let piece = prop_oneof![
        60 => "[ -!#-\\[\\]-~]{0,8}",
        40 => select(special).prop_map(str::to_owned),
        4 => any::<char>().prop_filter("needs an escape", |c| !matches!(c, '\0'..' ' | '"' | '\\')).prop_map(String::from),
        2 => any::<u16>().prop_filter("half of a pair", |unit| !(0xd800..0xe000).contains(unit))
            .prop_map(|unit| format!("\\u{unit:04x}")),
        1 => half.prop_map(str::to_owned),
    ];
    vec(piece, 0..5).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn number() -> impl Strategy<Value = String> {
    let odd = vec![
        "0",
        "-0",
        "0.0",
        "-0.0",
        "-0e5",
        "1.50",
        "17.50",
        "1600.0",
        "1E+2",
        "1e2",
        "1.5E-3",
        "1e16",
        "1e17",
        "1e18",
        "12345678901234567",
        "123456789012345678",
        "1e20",
        "1e21",
        "1e22",
        "1e25",
        "1e+25",
        "1.0e+25",
        "0.0001",
        "0.00001",
        "1.0e-5",
        "0.000001",
        "0.0000001",
        "1e-7",
        "1.0e-7",
        "9007199254740991",
        "9007199254740992",
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "9223372036854776000",
        "18446744073709551616",
        "1.7976931348623157e308",
        "1e308",
        "1e309",
        "-1e400",
        "5e-324",
        "1e-324",
        "1e-400",
        "-1e-400",
        "0e400",
        "0.1",
        "0.3",
        "2.675",
        "100.10",
        "1234567890123456789012.5",
        "4.35",
        "0.000000000000000000000000000001",
    ];
    let sign = || select(vec!["", "", "-"]);
    let decimal = (sign(), any::<u32>(), "[0-9]{1,6}")
        .prop_map(|(sign, whole, fraction)| format!("{sign}{whole}.{fraction}"));
    let scientific = (sign(), "[0-9]", "(\\.[0-9]{1,5})?", "[eE]", "[+-]?", 0..40_u32).prop_map(
        |(sign, whole, fraction, e, exponent, size)| {
            format!("{sign}{whole}{fraction}{e}{exponent}{size}")
        },
    );
    let long = (sign(), "[1-9][0-9]{14,30}", "(\\.[0-9]{1,20})?")
        .prop_map(|(sign, whole, fraction)| format!("{sign}{whole}{fraction}"));
    let tiny = (sign(), 0..12_usize, "[0-9]{1,20}")
        .prop_map(|(sign, zeros, digits)| format!("{sign}0.{}{digits}", "0".repeat(zeros)));
    let double = any::<f64>().prop_filter("no JSON", |double| double.is_finite());
    prop_oneof![
        6 => select(odd).prop_map(str::to_owned),
        4 => (-2000..2000).prop_map(|number: i32| number.to_string()),
        2 => any::<i64>().prop_map(|number| number.to_string()),
        3 => decimal,
        2 => scientific,
        1 => long,
        1 => tiny,
        1 => double.prop_map(|double| format!("{double:e}")),
    ]
}
