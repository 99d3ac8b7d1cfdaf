//! What is to be done with an event: a pure decision.

use std::sync::Arc;

use posthaste_bus::StoredEvent;
use posthaste_domain::{Application, Delivery, EndpointId, Lane, ProfileRef};
use posthaste_profile::{Ids, Outgoing, Profile};
use posthaste_registry::EndpointEntry;

/// What is to be done with an event.
#[derive(Debug)]
pub(crate) enum Plan {
    /// Nobody wants it, or everybody who does has been seen to.
    Nothing,
    /// Few endpoints: attempt each at once, on the event's own slot.
    Attempt(Vec<(Delivery, Arc<EndpointEntry>)>),
    /// Many endpoints, or an event put in again: each delivery waits in a lane.
    Enqueue(Lane, Vec<Delivery>),
}

/// Who may be interested in an event, and what is known of it.
pub(crate) struct Interested<'a> {
    pub(crate) application: &'a Application,
    pub(crate) endpoints: &'a [Arc<EndpointEntry>],
    /// Those for which a delivery of this message is in the delivery stream already, put there by a
    /// worker that held the event before and did not finish.
    pub(crate) waiting: &'a [EndpointId],
}

/// Plans an event. At most `attempt_at_once` deliveries are attempted on the event's own slot;
/// `profile` finds the profile of a name.
pub(crate) fn plan(
    stored: &StoredEvent,
    interested: &Interested<'_>,
    attempt_at_once: usize,
    profile: impl Fn(&ProfileRef) -> Option<Arc<Profile>>,
) -> Plan {
    let Interested { application, endpoints, waiting } = interested;
    if let Some(resume) = &stored.resume {
        // What waits for the endpoint is of the schedule, and a single attempt is beside it; put into
        // its lane twice it is there once.
        if !resume.single && waiting.contains(&resume.endpoint) {
            return Plan::Nothing;
        }
        let delivery = Delivery { event_seq: stored.seq, ..resume.clone() };
        return Plan::Enqueue(stored.lane, vec![delivery]);
    }
    let event = &stored.event;
    let reference = |entry: &EndpointEntry| {
        let own = entry.endpoint.profile.clone();
        own.or_else(|| application.profile.clone())
    };
    let wants = |entry: &EndpointEntry| {
        entry.endpoint.wants(&event.event_type, &event.channels)
            && reference(entry).and_then(|reference| profile(&reference)).is_none_or(|profile| {
                let StoredEvent { event, payload, .. } = stored;
                let endpoint = &entry.endpoint.id;
                let outgoing = Outgoing { event, payload, endpoint, ids: Ids::default() };
                profile.admits(&entry.endpoint, &outgoing)
            })
    };
    let mut wanted: Vec<_> = endpoints.iter().filter(|entry| wants(entry)).collect();
    let first = |entry: &EndpointEntry| {
        let endpoint = entry.endpoint.id.clone();
        let delivery = Delivery::first(event.id.clone(), event.app.clone(), endpoint, stored.seq);
        Delivery { profile: reference(entry), ..delivery }
    };
    // An endpoint whose secret this worker cannot open must not hold the others up.
    let at_once =
        wanted.len() <= attempt_at_once && wanted.iter().all(|entry| entry.keyring.is_some());
    // Only now, so that what was put into its lane before is put there again: the broker knows it
    // by its message id and drops it, whether it waits there still or was delivered meanwhile.
    wanted.retain(|entry| !waiting.contains(&entry.endpoint.id));
    if wanted.is_empty() {
        Plan::Nothing
    } else if at_once {
        Plan::Attempt(wanted.into_iter().map(|entry| (first(entry), Arc::clone(entry))).collect())
    } else {
        Plan::Enqueue(Lane::Fresh, wanted.into_iter().map(|entry| first(entry)).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bytes::Bytes;
    use posthaste_domain::{
        AttemptNo, CutOffs, Endpoint, EndpointUrl, Event, Keyring, Occurrence, SigningSecret,
        Timestamp, Trigger,
    };
    use posthaste_profile::Preset;

    use super::*;

    const AT: Timestamp = Timestamp::from_micros(0);

    fn id<T: std::str::FromStr>(prefix: &str, fill: char) -> T
    where
        T::Err: std::fmt::Debug,
    {
        format!("{prefix}{}", fill.to_string().repeat(27)).parse().unwrap()
    }

    fn stored() -> StoredEvent {
        let event = Event {
            id: id("msg_", 'm'),
            org: id("org_", 'o'),
            app: id("app_", 'a'),
            event_type: "chargeback.created".parse().unwrap(),
            event_id: None,
            channels: vec![],
            idempotency_key: None,
            retention_hours: 2_160,
            tags: Vec::new(),
            deliver_at: None,
            content_type: None,
            occurrence: Occurrence::default(),
            accepted_at: AT,
        };
        StoredEvent {
            event,
            payload: Bytes::from_static(b"{}"),
            seq: 7,
            stored_at: AT,
            resume: None,
            lane: Lane::Bulk,
        }
    }

    fn endpoint(fill: char) -> Arc<EndpointEntry> {
        let endpoint = Endpoint {
            profile: None,
            mode: None,
            id: id("ep_", fill),
            app: id("app_", 'a'),
            uid: None,
            url: EndpointUrl::parse("https://example.com/").unwrap(),
            description: String::new(),
            version: 1,
            disabled: false,
            paused_at: None,
            event_types: None,
            channels: None,
            throttle_rate: None,
            metadata: BTreeMap::new(),
            created_at: AT,
            updated_at: AT,
        };
        let secret = SigningSecret::generate(&mut rand::rng());
        let keyring = Some(Keyring::new(secret));
        Arc::new(EndpointEntry { endpoint, keyring, headers: BTreeMap::new() })
    }

    fn application() -> Application {
        Application {
            id: id("app_", 'a'),
            org: id("org_", 'o'),
            name: String::new(),
            uid: None,
            throttle_rate: None,
            metadata: BTreeMap::new(),
            profile: None,
            token_cut_offs: CutOffs::default(),
            created_at: AT,
            updated_at: AT,
        }
    }

    /// As the function itself, where every profile is a preset.
    fn plan(
        stored: &StoredEvent,
        endpoints: &[Arc<EndpointEntry>],
        waiting: &[EndpointId],
        attempt_at_once: usize,
    ) -> Plan {
        let application = application();
        let interested = Interested { application: &application, endpoints, waiting };
        let preset = |reference: &ProfileRef| Some(Arc::clone(&Preset::named(reference)?.profile));
        super::plan(stored, &interested, attempt_at_once, preset)
    }

    fn planned(plan: &Plan) -> Vec<char> {
        let fill = |id: &EndpointId| id.as_str().chars().last().unwrap();
        match plan {
            Plan::Nothing => vec![],
            Plan::Attempt(all) => {
                all.iter().map(|(delivery, _)| fill(&delivery.endpoint)).collect()
            }
            Plan::Enqueue(_, all) => all.iter().map(|delivery| fill(&delivery.endpoint)).collect(),
        }
    }

    #[test]
    fn few_are_attempted_and_many_wait() {
        let all = ['1', '2', '3'].map(endpoint);
        let few = plan(&stored(), &all[..2], &[], 2);
        assert!(matches!(few, Plan::Attempt(_)));
        assert_eq!(planned(&few), ['1', '2']);
        let many = plan(&stored(), &all, &[], 2);
        assert!(matches!(many, Plan::Enqueue(Lane::Fresh, _)));
        assert_eq!(planned(&many), ['1', '2', '3']);
        assert!(matches!(plan(&stored(), &[], &[], 2), Plan::Nothing));
    }

    #[test]
    fn whoever_is_seen_to_already_is_left_out() {
        let all = ['1', '2'].map(endpoint);
        let rest = plan(&stored(), &all, &[all[0].endpoint.id.clone()], 4);
        assert_eq!(planned(&rest), ['2']);
    }

    #[test]
    fn what_is_left_of_many_goes_to_the_lane_as_before() {
        // Of three that were put into the lane two have left it, delivered: the broker still knows
        // them by their message ids, whoever sends them does not.
        let all = ['1', '2', '3'].map(endpoint);
        let rest = plan(&stored(), &all, &[all[0].endpoint.id.clone()], 2);
        assert!(matches!(rest, Plan::Enqueue(Lane::Fresh, _)), "{rest:?}");
        assert_eq!(planned(&rest), ['2', '3']);
    }

    #[test]
    fn an_endpoint_without_its_secret_waits_instead_of_blocking_the_others() {
        let sealed = Arc::new(EndpointEntry { keyring: None, ..(*endpoint('1')).clone() });
        let plan = plan(&stored(), &[sealed, endpoint('2')], &[], 4);
        assert!(matches!(plan, Plan::Enqueue(Lane::Fresh, _)));
    }

    #[test]
    fn an_event_put_in_again_goes_to_its_endpoint_alone() {
        let all = ['1', '2'].map(endpoint);
        let start = AttemptNo::FIRST.next();
        let resume = Delivery {
            attempt: start,
            run_start: start,
            trigger: Trigger::Manual,
            ..Delivery::first(id("msg_", 'm'), id("app_", 'a'), all[1].endpoint.id.clone(), 3)
        };
        let again = StoredEvent { resume: Some(resume), ..stored() };
        match plan(&again, &all, &[], 4) {
            Plan::Enqueue(Lane::Bulk, deliveries) => {
                assert_eq!(deliveries.len(), 1);
                assert_eq!(deliveries[0].endpoint, all[1].endpoint.id);
                assert_eq!((deliveries[0].event_seq, deliveries[0].attempt), (7, start));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_single_attempt_is_planned_in_its_lane_whatever_waits_for_its_endpoint() {
        let all = ['1', '2'].map(endpoint);
        let to = all[1].endpoint.id.clone();
        let single = Delivery {
            single: true,
            trigger: Trigger::Manual,
            ..Delivery::first(id("msg_", 'm'), id("app_", 'a'), to.clone(), 0)
        };
        let again = StoredEvent { resume: Some(single), lane: Lane::Fresh, ..stored() };
        match plan(&again, &all, &[to], 4) {
            Plan::Enqueue(Lane::Fresh, deliveries) => {
                assert_eq!(deliveries.len(), 1);
                assert!(deliveries[0].single && deliveries[0].event_seq == 7);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_delivery_remembers_the_profile_of_its_endpoint_else_of_its_application() {
        let own = Endpoint { profile: "yoco@1".parse().ok(), ..endpoint('1').endpoint.clone() };
        let own = Arc::new(EndpointEntry { endpoint: own, ..(*endpoint('1')).clone() });
        let all = [own, endpoint('2')];
        let application = Application { profile: "justt@1".parse().ok(), ..application() };
        let interested = Interested { application: &application, endpoints: &all, waiting: &[] };
        let Plan::Attempt(planned) = super::plan(&stored(), &interested, 4, |_| None) else {
            panic!("not attempted at once")
        };
        let profiles: Vec<_> = planned
            .iter()
            .map(|(delivery, _)| delivery.profile.clone().unwrap().to_string())
            .collect();
        assert_eq!(profiles, ["yoco@1", "justt@1"]);
    }

    #[test]
    fn w02_an_endpoint_with_nothing_checked_gets_nothing_where_its_profile_says_so() {
        let with = |fill, types: Option<&str>| {
            let event_types = types.map(|name| [name.parse().unwrap()].into());
            let endpoint = Endpoint {
                profile: "justwallet@1".parse().ok(),
                event_types,
                ..endpoint(fill).endpoint.clone()
            };
            Arc::new(EndpointEntry { endpoint, ..(*super::tests::endpoint(fill)).clone() })
        };
        let all =
            [with('1', None), with('2', Some("chargeback.created")), with('3', Some("payout"))];
        assert_eq!(planned(&plan(&stored(), &all, &[], 4)), ['2']);
    }
}
