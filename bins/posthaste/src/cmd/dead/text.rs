//! Dead letters as people read them.

use std::fmt::Write as _;

use posthaste_bus::dead_letters::StoredDeadLetter;
use posthaste_domain::{AttemptSummary, DeadLetter, Timestamp};

/// Above the [`row`]s.
pub(super) const HEADING: &str = "     SEQ  DIED AT               REASON            ATTEMPTS  \
                                  ENDPOINT                        MESSAGE                          \
                                  EVENT TYPE";

/// One line of the list.
pub(super) fn row(stored: &StoredDeadLetter) -> String {
    let StoredDeadLetter { seq, letter, .. } = stored;
    let DeadLetter { event, delivery, reason, died_at, .. } = letter;
    format!(
        "{seq:>8}  {}  {:<16}  {:>8}  {:<30}  {:<31}  {}",
        to_the_second(*died_at),
        reason.as_str(),
        delivery.past.len(),
        delivery.endpoint,
        delivery.message,
        event.as_ref().map_or("(event gone)", |event| event.event_type.as_str()),
    )
}

/// Everything known of one letter.
pub(super) fn account(stored: &StoredDeadLetter) -> String {
    let StoredDeadLetter { seq, letter, payload } = stored;
    let DeadLetter { event, delivery, reason, url, died_at } = letter;
    let mut text = format!("dead letter {seq}: {} on {died_at}\n", reason.as_str());
    let mut line = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  {name:<12}{value}");
    };
    line("message", delivery.message.as_str());
    line("application", delivery.app.as_str());
    line("endpoint", delivery.endpoint.as_str());
    line("url", url.as_deref().unwrap_or("unknown"));
    match event {
        Some(event) => {
            line("event type", event.event_type.as_str());
            if let Some(event_id) = &event.event_id {
                line("event id", event_id.as_str());
            }
            line("accepted", &event.accepted_at.to_string());
        }
        None => line("event", "gone before the letter could be written; cannot be sent again"),
    }
    text.push_str("\n\n  attempts\n");
    for attempt in &delivery.past {
        text.push_str(&attempt_line(attempt));
    }
    if delivery.past.is_empty() {
        text.push_str("    none was made\n");
    }
    if !payload.is_empty() {
        let _ = write!(text, "\n{}", String::from_utf8_lossy(payload));
    }
    text.truncate(text.trim_end().len());
    text
}

fn attempt_line(attempt: &AttemptSummary) -> String {
    let AttemptSummary { id, number, started_at, duration_ms, status, failure, refusal } = attempt;
    let status = status.map(|status| status.to_string());
    let failure = failure.map(|failure| failure.as_str());
    let refusal = refusal.map(|refusal| refusal.as_str());
    let told: Vec<_> = [status.as_deref(), failure, refusal].into_iter().flatten().collect();
    format!(
        "    {number:>3}  {}  {duration_ms:>6} ms  {:<20}  {id}\n",
        to_the_second(*started_at),
        told.join(" "),
    )
}

fn to_the_second(at: Timestamp) -> String {
    let text = at.to_string();
    let cut = text.find('.').unwrap_or(text.len());
    format!("{}Z", &text[..cut])
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;

    fn stored(event: bool) -> StoredDeadLetter {
        let mut letter = json!({
            "delivery": {
                "message": "msg_2mUyNHGNzM2qRpFZTsVXrxQkEWJ",
                "app": "app_2mUyNHGNzM2qRpFZTsVXrxQkEWJ",
                "endpoint": "ep_2mUyNHGNzM2qRpFZTsVXrxQkEWJ",
                "event_seq": 7, "attempt": 3, "run_start": 1, "trigger": "scheduled",
                "past": [
                    {"id": "atmpt_2mUyNHGNzM2qRpFZTsVXrxQkEWJ", "number": 1,
                     "started_at": "2026-09-21T14:13:20.123456Z", "duration_ms": 12,
                     "status": 500, "failure": "status"},
                    {"id": "atmpt_2mUyNHGNzM2qRpFZTsVXrxQkEWK", "number": 2,
                     "started_at": "2026-09-21T14:13:25.123456Z", "duration_ms": 15_000,
                     "failure": "timeout"},
                ],
            },
            "reason": "exhausted",
            "url": "https://merchant.example/hook",
            "died_at": "2026-09-21T14:13:40.5Z",
        });
        if event {
            letter["event"] = json!({
                "id": "msg_2mUyNHGNzM2qRpFZTsVXrxQkEWJ",
                "org": "org_2mUyNHGNzM2qRpFZTsVXrxQkEWJ",
                "app": "app_2mUyNHGNzM2qRpFZTsVXrxQkEWJ",
                "event_type": "chargeback.created", "event_id": "cb-1",
                "retention_hours": 2160, "accepted_at": "2026-09-21T14:13:20.000001Z",
            });
        }
        let letter = serde_json::from_value(letter).unwrap();
        StoredDeadLetter { seq: 42, letter, payload: Bytes::from_static(b"{\"a\":1}") }
    }

    #[test]
    fn a_row_stands_under_its_heading() {
        let row = row(&stored(true));
        for (title, value) in [
            ("DIED AT", "2026-09-21T14:13:40Z"),
            ("REASON", "exhausted"),
            ("ENDPOINT", "ep_"),
            ("MESSAGE", "msg_"),
            ("EVENT TYPE", "chargeback.created"),
        ] {
            let at = HEADING.find(title).unwrap();
            assert!(row[at..].starts_with(value), "{HEADING}\n{row}");
        }
        assert_eq!(row.find("42").unwrap() + 2, HEADING.find("SEQ").unwrap() + 3);
    }

    #[test]
    fn an_account_names_the_reason_and_every_attempt() {
        let text = account(&stored(true));
        let said = [
            "dead letter 42: exhausted",
            "https://merchant.example/hook",
            "chargeback.created",
            "cb-1",
            "500 status",
            "timeout",
            "15000 ms",
            "{\"a\":1}",
        ];
        for part in said {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(account(&stored(false)).contains("cannot be sent again"));
    }
}
