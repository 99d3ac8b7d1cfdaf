//! The exact headers of every known scheme for one request, made by Python's `hmac` and OpenSSL
//! (`openssl pkeyutl -sign -rawin`) from the formulas their owners publish.

use super::*;

const ID_HEADERS: [(&str, &str); 2] = [("webhook-id", ID), ("webhook-timestamp", "1614265330")];

fn expected(name: &str) -> Vec<(&'static str, &'static str)> {
    let hex = "d6b47f773c538edc5842570ad55c40f518a185f3430f6fa9f8d70bcea792cd23";
    let v0 = "v0=d75d817a5090299e279d13c53b4692a4c583916845fcc479470f0e56c4e23ebe";
    match name {
        "standard-v1" => [&[("webhook-signature", V1)], &ID_HEADERS[..]].concat(),
        "standard-v1a" => [&[("webhook-signature", V1A)], &ID_HEADERS[..]].concat(),
        "svix" => {
            vec![("svix-signature", V1), ("svix-id", ID), ("svix-timestamp", "1614265330")]
        }
        "stripe" => vec![(
            "Stripe-Signature",
            "t=1614265330,v1=f38d99300b2161548c57738e53f4ae4ed60a9ca0ed4f8c3cd1bc5b083c236838",
        )],
        "github" => vec![
            (
                "X-Hub-Signature-256",
                "sha256=d6b47f773c538edc5842570ad55c40f518a185f3430f6fa9f8d70bcea792cd23",
            ),
            ("X-GitHub-Event", "chargeback.created"),
            ("X-GitHub-Delivery", ID),
        ],
        "hex-body" => vec![("X-Signature", hex)],
        "slack" => {
            vec![("X-Slack-Signature", v0), ("X-Slack-Request-Timestamp", "1614265330")]
        }
        "zoom" => vec![("x-zm-signature", v0), ("x-zm-request-timestamp", "1614265330")],
        "shopify" => vec![
            ("X-Shopify-Hmac-SHA256", "1rR/dzxTjtxYQlcK1VxA9RihhfNDD2+p+NcLzqeSzSM="),
            ("X-Shopify-Topic", "chargeback.created"),
            ("X-Shopify-Webhook-Id", ID),
        ],
        "pagerduty" => vec![(
            "X-PagerDuty-Signature",
            "v1=d6b47f773c538edc5842570ad55c40f518a185f3430f6fa9f8d70bcea792cd23",
        )],
        "convoy-advanced" => vec![(
            "X-Convoy-Signature",
            "t=1614265330,v1=a18d3eb19ea51712a9f80af790c19586b560d8aeaf4cfb1a83bd4b08bf1601cd",
        )],
        "masspay" => vec![(
            "X-MassPay-Signature",
            "t=1614265330,s=43a4aa547ffcccd5a62484223c8cc283a06afb5a31b509aa2952b42ddfdcaa1c\
             b686dae94ddfacd8bb26d27e2424de527e730bb7b272d50c57ca6382ebeb613d",
        )],
        "static-secret" => vec![("Signature", "your-secret")],
        other => panic!("{other} is not in this table"),
    }
}

#[test]
fn every_scheme_sets_exactly_its_headers() {
    assert_eq!(SchemeSpec::builtins().len(), 13);
    for spec in SchemeSpec::builtins() {
        let scheme = spec.compile().unwrap();
        let key = match spec.key.strip_prefix.as_str() {
            "whsec_" => secret(WHSEC),
            "whsk_" => secret(WHSK),
            _ => opaque("your-secret"),
        };
        let made = sign(&scheme, std::slice::from_ref(&key), &request(ID, SECONDS, BODY));
        let expected = expected(&spec.name);
        let as_written: Vec<_> = scheme.header_names().map(|(_, written)| written).collect();
        assert_eq!(as_written, expected.iter().map(|(name, _)| *name).collect::<Vec<_>>());
        assert_eq!(made, headers(expected), "{}", spec.name);
        assert_eq!(scheme.verify(&key, &made, BODY, at(SECONDS), TOLERANCE), Ok(()));
        assert!(!scheme.needs_id() && !scheme.needs_timestamp());
    }
}

/// A secret that looks like Standard Webhooks' is whole to a scheme that takes text.
#[test]
fn a_text_scheme_takes_all_of_a_symmetric_secret() {
    for key in [secret(WHSEC), opaque(WHSEC)] {
        let made = sign(&scheme("stripe"), &[key], &request(ID, SECONDS, BODY));
        assert_eq!(
            made["stripe-signature"],
            "t=1614265330,v1=2e37df5d4a028c51a7f3133d64ae1e300d2c2c900f1b1d49d4369ad2530f8964"
        );
    }
}

#[test]
fn what_was_read_is_written_back_in_order() {
    for spec in SchemeSpec::builtins() {
        let written = serde_json::to_string(spec).unwrap();
        assert_eq!(&serde_json::from_str::<SchemeSpec>(&written).unwrap(), spec);
        assert_eq!(
            serde_json::from_str::<SignatureSpec>(&written).unwrap(),
            SignatureSpec::Scheme(spec.clone())
        );
    }
    let inline = r#"{"name":"own","algorithm":"hmac-sha256","key":{"from":"endpoint_secret","strip_prefix":"","decode":"utf8"},"content":"{{body}}","content_form":"as_sent","encoding":"hex","entry":"{{sig}}","join":null,"header":{"Z":"{{entries}}","A":"{{id}}"},"time":null,"rotation":"newest_only"}"#;
    let spec: SchemeSpec = serde_json::from_str(inline).unwrap();
    assert_eq!(serde_json::to_string(&spec).unwrap(), inline);
    assert!(serde_json::from_str::<SchemeSpec>(&inline.replace("\"time\"", "\"when\"")).is_err());
}

/// As a profile writes a scheme whose id and timestamp its own headers carry.
#[test]
fn one_header_may_be_named_alone() {
    let text = r#"{"name":"standard-v1","header":"webhook-signature","algorithm":"hmac-sha256","key":{"from":"endpoint_secret","strip_prefix":"whsec_","decode":"base64"},"content":"{{id}}.{{timestamp}}.{{body}}","content_form":"as_sent","encoding":"base64","entry":"v1,{{sig}}","join":" ","rotation":"all_active"}"#;
    let scheme = serde_json::from_str::<SchemeSpec>(text).unwrap().compile().unwrap();
    assert!(scheme.needs_id() && scheme.needs_timestamp());
    let key = secret(WHSEC);
    let mut made = sign(&scheme, std::slice::from_ref(&key), &request(ID, SECONDS, BODY));
    assert_eq!(made, headers([("webhook-signature", V1)]));
    let check = |made: &HeaderMap| scheme.verify(&key, made, BODY, at(SECONDS), TOLERANCE);
    assert_eq!(check(&made), Err(VerifyError::Missing));
    made.extend(headers(ID_HEADERS));
    assert_eq!(check(&made), Ok(()));
}
