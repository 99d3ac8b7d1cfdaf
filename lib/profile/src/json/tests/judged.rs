//! Which receivers would verify a body, case by case.

use sha2::{Digest as _, Sha256};

use crate::json::canonical::canonical;
use crate::json::*;

#[test]
fn warns_of_receivers_in_which_a_body_does_not_verify() {
    let compatible = |js, php| Compatibility { js, php };
    for (body, expected) in [
        (r#"{"amount":1600,"data":[],"errors":null}"#, compatible(true, true)),
        (r#"{"a":"<>&"}"#, compatible(true, true)),
        (r#"{"a": 1}"#, compatible(false, false)),
        (r#"{"a":"x/y"}"#, compatible(true, false)),
        (r#"{"a":"x\/y"}"#, compatible(false, true)),
        (r#"{"a":"é"}"#, compatible(true, false)),
        (r#"{"a":"\u00e9"}"#, compatible(false, true)),
        (r#"{"a":"\u00E9"}"#, compatible(false, false)),
        ("{\"a\":\"\u{2028}\"}", compatible(true, false)),
        (r#"{"a":{}}"#, compatible(true, false)),
        (r#"{"0":1,"1":2}"#, compatible(true, false)),
        (r#"{"2":1,"1":2}"#, compatible(false, true)),
        (r#"{"a":1,"a":2}"#, compatible(false, false)),
        (r#"{"a":9007199254740993}"#, compatible(false, true)),
        (r#"{"a":9007199254740992}"#, compatible(true, true)),
        (r#"{"a":9223372036854775807}"#, compatible(false, true)),
        (r#"{"a":9223372036854775808}"#, compatible(false, false)),
        (r#"{"a":9223372036854776000}"#, compatible(true, false)),
        (r#"{"a":0.00001}"#, compatible(true, false)),
        (r#"{"a":1.0e-5}"#, compatible(false, true)),
        (r#"{"a":1e+25}"#, compatible(true, false)),
        (r#"{"a":1.0e+25}"#, compatible(false, true)),
        (r#"{"a":-0}"#, compatible(false, false)),
        (r#"{"a":-0.0}"#, compatible(false, false)),
        (r#"{"a":"\ud800"}"#, compatible(true, false)),
        (r#"{"a":1e400}"#, compatible(false, false)),
    ] {
        assert_eq!(compatibility(body.as_bytes()), expected, "{body}");
    }
    assert_eq!(compatibility(b"\"\xff\""), compatible(false, false));
    assert_eq!(compatible(true, true).warning(), None);
    let warnings = [(true, false), (false, true), (false, false)]
        .map(|(js, php)| compatible(js, php).warning().unwrap());
    assert!(warnings[0].contains("JavaScript") && !warnings[0].contains("PHP"));
    assert!(warnings[1].contains("PHP") && !warnings[1].contains("JavaScript"));
    assert!(warnings[2].ends_with("raw body"));
}

/// RFC 8785 §3.2.2 to §3.2.4.
#[test]
fn the_canonical_form_is_that_of_the_standard() {
    let json = r#"{
        "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
      }"#;
    let expected = concat!(
        r#"{"literals":[null,true,false],"#,
        r#""numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#,
        r#""string":"€$\u000f\nA'B\"\\\\\"/"}"#
    );
    assert_eq!(String::from_utf8(canonical(json.as_bytes()).unwrap()).unwrap(), expected);
    let digest: [u8; 32] = Sha256::digest(expected).into();
    assert_eq!(canonical_digest(json.as_bytes()), Ok(digest));

    let json = r#"{
        "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis" }"#;
    let canonical = String::from_utf8(canonical(json.as_bytes()).unwrap()).unwrap();
    let order = ["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"];
    let places: Vec<_> = order.iter().map(|word| canonical.find(word).unwrap()).collect();
    assert!(places.is_sorted(), "{canonical}");
}

/// RFC 8785, appendix B: the bits of a double and how it is written.
#[test]
fn canonical_numbers_are_those_of_the_standard() {
    for (bits, expected) in [
        (0x0000_0000_0000_0000_u64, "0"),
        (0x8000_0000_0000_0000, "0"),
        (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"),
        (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
        (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
        (0x4340_0000_0000_0000, "9007199254740992"),
        (0xc340_0000_0000_0000, "-9007199254740992"),
        (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
        (0x44b5_2d02_c7e1_4af6, "1e+23"),
        (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
        (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
        (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
        (0x444b_1ae4_d6e2_ef50, "1e+21"),
        (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
        (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
        (0x41b3_de43_5555_5553, "333333333.3333332"),
        (0x41b3_de43_5555_5554, "333333333.33333325"),
        (0x41b3_de43_5555_5555, "333333333.3333333"),
        (0x41b3_de43_5555_5556, "333333333.3333334"),
        (0x41b3_de43_5555_5557, "333333333.33333343"),
        (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ] {
        let number = format!("{:.20e}", f64::from_bits(bits));
        let canonical = canonical(number.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(canonical).unwrap(), expected, "{number}");
    }
}

#[test]
fn a_digest_is_the_same_for_all_texts_of_a_document_and_another_for_another() {
    let digest = |json: &str| canonical_digest(json.as_bytes()).unwrap();
    let one = digest(r#"{"value":100,"currency":"EUR","name":"é"}"#);
    assert_eq!(
        one,
        digest(r#" {"name":"\u00E9", "currency":"USD", "currency":"EUR", "value":1e2}"#)
    );
    assert_ne!(one, digest(r#"{"value":101,"currency":"EUR","name":"é"}"#));
    assert_eq!(canonical_digest(b"\"\xff\""), Err(CanonicalError::Encoding));
    for json in ["{", r#""\ud800""#, "1e400"] {
        assert!(matches!(canonical_digest(json.as_bytes()), Err(CanonicalError::Document(_))));
    }
}
