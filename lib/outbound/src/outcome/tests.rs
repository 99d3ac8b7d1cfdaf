//! What an outcome means by the rules of a profile.

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::{OnGone, RetryAfterRule, StatusSet};

const NOW: Timestamp = Timestamp::from_micros(784_111_777_000_000); // 1994-11-06T08:49:37Z

fn answered(status: u16, retry_after: Option<&str>) -> Outcome {
    Outcome {
        result: Ok(Answer {
            status,
            retry_after: retry_after.map(str::to_owned),
            body: Bytes::new(),
            body_complete: false,
        }),
    }
}

fn failed(kind: FailureKind, status: Option<u16>, wait: Option<u64>) -> Verdict {
    let retry_after = wait.map(Duration::from_secs);
    Verdict::TryAgain(Failure { kind, status, retry_after })
}

fn verdict(outcome: &Outcome) -> Verdict {
    outcome.verdict(NOW, &AnswerRules::default())
}

fn set(text: &str) -> StatusSet {
    text.parse().unwrap()
}

#[test]
fn statuses_become_verdicts() {
    let verdict = |status| verdict(&answered(status, None));
    assert_eq!(verdict(200), Verdict::Delivered { status: 200 });
    assert_eq!(verdict(299), Verdict::Delivered { status: 299 });
    for status in [300, 301, 304, 399] {
        assert_eq!(verdict(status), failed(FailureKind::Redirect, Some(status), None));
    }
    for status in [101, 199, 400, 404, 410, 429, 500, 503, 599] {
        assert_eq!(verdict(status), failed(FailureKind::Status, Some(status), None));
    }
}

#[test]
fn a_wait_is_heard_only_with_a_failure() {
    let verdict = |status, asked| verdict(&answered(status, Some(asked)));
    assert_eq!(verdict(503, "120"), failed(FailureKind::Status, Some(503), Some(120)));
    let in_a_minute = "Sun, 06 Nov 1994 08:50:37 GMT";
    assert_eq!(verdict(429, in_a_minute), failed(FailureKind::Status, Some(429), Some(60)));
    assert_eq!(verdict(503, "soon"), failed(FailureKind::Status, Some(503), None));
    assert_eq!(verdict(200, "120"), Verdict::Delivered { status: 200 });
}

#[test]
fn what_was_never_sent_is_refused() {
    let verdict = |error| verdict(&Outcome { result: Err(error) });
    assert_eq!(verdict(SendError::Blocked), Verdict::Refused(Refusal::BlockedAddress));
    assert_eq!(verdict(SendError::InvalidUrl), Verdict::Refused(Refusal::InvalidUrl));
    assert_eq!(verdict(SendError::Timeout), failed(FailureKind::Timeout, None, None));
}

#[test]
fn only_what_the_rules_list_is_a_success() {
    let rules = AnswerRules { success: set("200"), ..AnswerRules::default() };
    let verdict = |status| answered(status, None).verdict(NOW, &rules);
    assert_eq!(verdict(200), Verdict::Delivered { status: 200 });
    for status in [201, 202, 204, 206, 400, 401, 410, 429, 500, 503] {
        assert_eq!(verdict(status), failed(FailureKind::Status, Some(status), None));
    }
    for status in [301, 302, 307, 308] {
        assert_eq!(verdict(status), failed(FailureKind::Redirect, Some(status), None));
    }
}

#[test]
fn a_redirect_is_a_failure_even_if_it_is_listed() {
    let rules = AnswerRules { success: set("200-599"), ..AnswerRules::default() };
    let verdict = |status| answered(status, None).verdict(NOW, &rules);
    assert_eq!(verdict(302), failed(FailureKind::Redirect, Some(302), None));
    assert_eq!(verdict(404), Verdict::Delivered { status: 404 });
}

#[test]
fn a_wait_is_heard_with_the_statuses_of_its_rule() {
    let wait = |rule, status| {
        let rules = AnswerRules { retry_after: rule, ..AnswerRules::default() };
        match answered(status, Some("120")).verdict(NOW, &rules) {
            Verdict::TryAgain(failure) => failure.retry_after.map(|wait| wait.as_secs()),
            verdict => panic!("{verdict:?}"),
        }
    };
    let busy = RetryAfterRule::Only(set("429, 503"));
    for status in [429, 503] {
        assert_eq!(wait(busy, status), Some(120));
        assert_eq!(wait(RetryAfterRule::AnyFailure, status), Some(120));
        assert_eq!(wait(RetryAfterRule::Ignored, status), None);
    }
    for status in [301, 404, 410, 500] {
        assert_eq!(wait(busy, status), None);
        assert_eq!(wait(RetryAfterRule::AnyFailure, status), Some(120));
    }
}

#[test]
fn gone_is_final_where_the_rules_say_so() {
    let verdict = |gone, success: &str, status| {
        let rules = AnswerRules { gone, success: set(success), ..AnswerRules::default() };
        answered(status, None).verdict(NOW, &rules)
    };
    let again = failed(FailureKind::Status, Some(410), None);
    assert_eq!(verdict(OnGone::Retry, "200-299", 410), again);
    for gone in [OnGone::FailMessage, OnGone::DisableEndpoint] {
        assert_eq!(verdict(gone, "200-299", 410), Verdict::Refused(Refusal::Gone));
        let not_found = failed(FailureKind::Status, Some(404), None);
        assert_eq!(verdict(gone, "200-299", 404), not_found);
        assert_eq!(verdict(gone, "200, 410", 410), Verdict::Delivered { status: 410 });
    }
    assert_eq!(answered(410, None).status(), Some(410));
    assert_eq!(Outcome { result: Err(SendError::Timeout) }.status(), None);
}

proptest! {
    #[test]
    fn only_gone_can_refuse_a_delivery(
        status: u16,
        asked in "\\PC{0,40}",
        is_final: bool,
    ) {
        let gone = if is_final { OnGone::DisableEndpoint } else { OnGone::Retry };
        let rules = AnswerRules { gone, ..AnswerRules::default() };
        let verdict = answered(status, Some(&asked)).verdict(NOW, &rules);
        let is_refused = matches!(verdict, Verdict::Refused(_) | Verdict::HandedBack);
        prop_assert_eq!(is_refused, is_final && status == GONE);
    }
}
