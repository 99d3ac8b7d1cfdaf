//! What an answer means.

use std::time::Duration;

use posthaste_domain::{AnswerRules, OnGone, RetryAfterRule, RetrySchedule, StatusSet};

use crate::document::{Node, Section, flag, list, one_of, text, whole};

/// The rules, and the longest wait that a receiver may ask for.
pub(crate) fn read(
    success: &Section<'_>,
    response: Option<&Section<'_>>,
) -> Option<(AnswerRules, Duration)> {
    let statuses = success.want("statuses", |node| {
        let items: Result<Vec<_>, _> = list(node)?.iter().map(text).collect();
        let statuses = StatusSet::parse(items?).map_err(|error| error.to_string())?;
        let redirects = StatusSet::parse(["300-399"]).is_ok_and(|all| statuses.intersects(&all));
        if redirects {
            return Err("must hold no redirect: what it points to has received nothing".into());
        }
        Ok(statuses)
    });
    let goners = [
        ("retry", OnGone::Retry),
        ("fail_message", OnGone::FailMessage),
        ("disable_endpoint", OnGone::DisableEndpoint),
    ];
    let gone = response.and_then(|response| response.may("on_410", one_of(&goners)));
    let mut ceiling = Duration::from_secs(86_400);
    let mut retry_after = RetryAfterRule::default();
    if let Some(honour) = response.and_then(|response| response.maybe_section("honor_retry_after"))
    {
        let enabled = honour.want("enabled", flag).unwrap_or_default();
        honour.may("min", one_of(&[("scheduled_delay", ())]));
        if let Some(seconds) = honour.may("max_s", whole(0..=RetrySchedule::MAX_WAIT.as_secs())) {
            ceiling = Duration::from_secs(seconds);
        }
        let only = honour.may("statuses", failing_statuses);
        retry_after = match (enabled, only) {
            (false, _) => RetryAfterRule::Ignored,
            (true, None) => RetryAfterRule::AnyFailure,
            (true, Some(only)) => RetryAfterRule::Only(only),
        };
    }
    Some((AnswerRules { success: statuses?, retry_after, gone: gone.unwrap_or_default() }, ceiling))
}

/// Statuses written as numbers or, as in the success set, as text.
fn failing_statuses(node: &Node) -> Result<StatusSet, String> {
    let items: Result<Vec<_>, String> = list(node)?
        .iter()
        .map(|node| match node {
            Node::Number(number) => Ok(number.to_string()),
            node => text(node).map(str::to_owned),
        })
        .collect();
    StatusSet::parse(items?).map_err(|error| error.to_string())
}
