//! What is read, and what is said of what cannot be.

use std::net::IpAddr;

use proptest::prelude::*;

use super::*;

const WAIT: Key = Key::new("w.wait_ms", "45000", "ms", "");
const SLOTS: Key = Key::new("w.slots", "256", "", "");
const FAST: Key = Key::new("w.fast", "true", "", "");
const URL: Key = Key::new("w.url", "", "", "");
const HOSTS: Key = Key::new("w.hosts", "a,b", "", "");
const ADDR: Key = Key::new("w.addr", "", "", "");
const TOKEN: Key = Key::secret("w.token", "");

fn faults(vars: &Vars, read: impl FnOnce(&mut Reader<'_>)) -> Vec<String> {
    let mut reader = Reader::new(vars);
    read(&mut reader);
    let faults = reader.finish().err().unwrap_or_default();
    faults.as_slice().iter().map(ToString::to_string).collect()
}

#[test]
fn defaults_hold_where_nothing_is_set() {
    let vars = Vars::default();
    let found = faults(&vars, |reader| {
        assert_eq!(reader.millis(&WAIT), Duration::from_secs(45));
        assert_eq!(reader.number(&SLOTS, 1..=1024_u16), 256);
        assert!(reader.flag(&FAST));
        assert_eq!(reader.list(&HOSTS), ["a", "b"]);
        assert_eq!(reader.optional_text(&URL), None);
        assert_eq!(reader.parse::<IpAddr>(&ADDR), None);
        assert!(reader.secret(&TOKEN).is_none());
    });
    assert_eq!(found, [""; 0]);
}

#[test]
fn what_is_set_is_read() {
    let vars = Vars::from_pairs([
        ("POSTHASTE_W_WAIT_MS", "1500"),
        ("POSTHASTE_W_SLOTS", "7"),
        ("POSTHASTE_W_FAST", "false"),
        ("POSTHASTE_W_URL", "nats://x"),
        ("POSTHASTE_W_HOSTS", " c ,, d"),
        ("POSTHASTE_W_ADDR", "::1"),
        ("POSTHASTE_W_TOKEN", "hunter2\n"),
    ]);
    let found = faults(&vars, |reader| {
        assert_eq!(reader.millis(&WAIT), Duration::from_millis(1500));
        assert_eq!(reader.number(&SLOTS, 1..=1024_u16), 7);
        assert!(!reader.flag(&FAST));
        assert_eq!(reader.text(&URL), "nats://x");
        assert_eq!(reader.list(&HOSTS), ["c", "d"]);
        assert_eq!(reader.parse(&ADDR), Some(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])));
        assert_eq!(reader.secret(&TOKEN).unwrap().reveal(), "hunter2");
    });
    assert_eq!(found, [""; 0]);
}

#[test]
fn all_faults_are_reported_at_once_and_reading_goes_on() {
    let vars = Vars::from_pairs([
        ("POSTHASTE_W_WAIT_MS", "-1"),
        ("POSTHASTE_W_SLOTS", "0"),
        ("POSTHASTE_W_FAST", "maybe"),
        ("POSTHASTE_W_ADDR", "here"),
        ("POSTHASTE_W_TYPO", "x"),
    ]);
    let found = faults(&vars, |reader| {
        reader.check_known(&[&[WAIT, SLOTS, FAST, URL, ADDR]], &[]);
        let wait = reader.millis(&WAIT);
        assert_eq!(wait, Duration::from_secs(45));
        assert_eq!(reader.number(&SLOTS, 1..=1024_u16), 256);
        assert!(reader.flag(&FAST));
        assert_eq!(reader.text(&URL), "");
        assert_eq!(reader.parse::<IpAddr>(&ADDR), None);
        reader.require(wait > Duration::from_secs(60), &WAIT, "must outlast an attempt");
    });
    let expected = [
        "POSTHASTE_W_TYPO: found a variable nobody reads; wants a name from the reference",
        "POSTHASTE_W_WAIT_MS: found \"-1\"; wants a number from 0 to 316224000000",
        "POSTHASTE_W_SLOTS: found \"0\"; wants a number from 1 to 1024",
        "POSTHASTE_W_FAST: found \"maybe\"; wants true or false",
        "POSTHASTE_W_URL: found nothing; must be set",
        "POSTHASTE_W_ADDR: found \"here\"; invalid IP address syntax",
        "POSTHASTE_W_WAIT_MS: found \"-1\"; must outlast an attempt",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_default_outside_its_range_is_a_fault() {
    let found = faults(&Vars::default(), |reader| {
        assert_eq!(reader.number(&SLOTS, 1..=10_u8), 1);
    });
    let expected = "POSTHASTE_W_SLOTS: found its default \"256\"; wants a number from 1 to 10";
    assert_eq!(found, [expected]);
}

proptest! {
    #[test]
    fn a_secret_is_never_printed(secret in "[a-z0-9]{12,200}") {
        let vars = Vars::from_pairs([("POSTHASTE_W_TOKEN", secret.as_str())]);
        let mut reader = Reader::new(&vars);
        let sensitive = reader.secret(&TOKEN).unwrap();
        prop_assert_eq!(sensitive.reveal(), &secret);
        reader.require(false, &TOKEN, "must be 32 bytes in base64");
        reader.parse::<IpAddr>(&TOKEN);
        reader.check_known(&[], &[]);
        let shown = format!("{vars:?} {sensitive:?} {reader:?}");
        let faults = reader.finish().unwrap_err();
        prop_assert_eq!(faults.as_slice().len(), 3);
        let shown = format!("{shown} {faults} {faults:?}");
        prop_assert!(!shown.contains(&secret[..12]), "{}", shown);
    }

    #[test]
    fn numbers_are_always_within_their_range(text in ".{0,8}", low in 0..50_u8, more in 0..50_u8) {
        let vars = Vars::from_pairs([("POSTHASTE_W_SLOTS", text)]);
        let range = low..=low + more;
        let number = Reader::new(&vars).number(&SLOTS, range.clone());
        prop_assert!(range.contains(&number));
    }
}
