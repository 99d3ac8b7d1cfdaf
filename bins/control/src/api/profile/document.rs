//! Reading a profile that somebody wants published. Pure, but for what is asked of the broker's
//! settings.

use std::time::Duration;

use posthaste_api::ValidationFault;
use posthaste_domain::Event;
use posthaste_profile::{Fault, Profile};
use serde_json::{Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema},
};

use crate::api::Api;

/// How much longer than the schedule events must be kept, for what waits for a worker; as workers
/// have it of their own schedule.
const MARGIN: Duration = Duration::from_secs(3_600);

/// A profile, as the specification describes it.
pub(crate) struct ProfileDocument;

impl PartialSchema for ProfileDocument {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .description(Some(
                "A delivery profile: `profile` and `version` name it; `request`, `body`, \
                 `event_type`, `signatures`, `success`, `timeouts`, `retry` and `transport` must be \
                 there, `ids`, `time`, `secret`, `response`, `verify_callback`, \
                 `registration_api`, `subscription` and `modes` may be. At most 64 KiB.",
            ))
            .examples([example()])
            .into()
    }
}

impl ToSchema for ProfileDocument {}

/// A small one with every section that there must be.
fn example() -> Value {
    json!({
        "profile": "acme",
        "version": 1,
        "request": { "content_type": "application/json" },
        "body": {
            "template": { "type": "{{event.type}}", "data": "{{event.data}}" },
            "serializer": "preserve",
        },
        "event_type": { "pointer": "/type" },
        "signatures": ["standard-v1"],
        "success": { "statuses": ["200-299"] },
        "timeouts": { "total_ms": 15_000 },
        "retry": { "delays_s": [5, 300], "anchor": "previous_attempt_failed" },
        "transport": { "https_only": true },
    })
}

/// For how long the attempts of a delivery may go on: as long as its event is kept, less what it
/// may be scheduled ahead.
pub(in crate::api) fn longest_run(api: &Api) -> Duration {
    api.bus.config().events.max_age.saturating_sub(Event::AHEAD_MAX + MARGIN)
}

/// The profile and its text.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn read(body: &[u8], longest_run: Duration) -> Result<(Profile, &str), Vec<Fault>> {
    let text = std::str::from_utf8(body).map_err(|_| vec![Fault::new("", "is not UTF-8")])?;
    let profile = Profile::parse(text)?;
    let takes = profile.schedule.horizon(profile.total_timeout);
    if takes > longest_run {
        let problem = format!(
            "takes {} s to its last attempt, but events are kept for {} s of attempts",
            takes.as_secs(),
            longest_run.as_secs(),
        );
        return Err(vec![Fault::new("/retry/delays_s", problem)]);
    }
    Ok((profile, text))
}

/// A fault as a 422 tells it: the place in our own way, and the pointer in the message.
pub(super) fn located(fault: &Fault) -> ValidationFault {
    let steps = fault.pointer.split('/').skip(1);
    // RFC 6901: `~1` first, or `~01` would become a slash.
    let steps = steps.map(|step| step.replace("~1", "/").replace("~0", "~"));
    ValidationFault::body(steps, fault.to_string())
}

#[cfg(test)]
mod tests {
    use posthaste_profile::Preset;
    use proptest::prelude::*;

    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn the_example_is_a_profile_and_so_is_every_preset() {
        let example = example().to_string();
        let (profile, text) = read(example.as_bytes(), DAY).unwrap();
        assert_eq!((profile.reference.to_string().as_str(), text), ("acme@1", example.as_str()));
        for preset in Preset::all() {
            read(preset.document.as_bytes(), 7 * DAY).unwrap();
        }
    }

    #[test]
    fn a_schedule_must_end_while_the_event_is_there() {
        let text = example().to_string();
        let takes = Duration::from_secs(5 + 300 + 3 * 15);
        assert!(read(text.as_bytes(), takes).is_ok());
        let faults = read(text.as_bytes(), takes - Duration::from_millis(1)).unwrap_err();
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].pointer, "/retry/delays_s");
    }

    #[test]
    fn a_fault_is_told_with_its_place_in_both_ways() {
        let told = located(&Fault::new("/signatures/0/a~1b", "is odd"));
        assert_eq!(told.loc, ["body", "signatures", "0", "a/b"]);
        assert_eq!(told.msg, "/signatures/0/a~1b: is odd");
        assert_eq!(located(&Fault::new("", "is odd")).loc, ["body"]);
        assert_eq!(read(b"\xff", DAY).unwrap_err()[0].problem, "is not UTF-8");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, pointer: String) {
            let _ = read(&bytes, DAY);
            let _ = located(&Fault::new(pointer, "odd"));
        }
    }
}
