//! The published retry schedules, from the first attempt to the last and a month beyond, in a
//! minute: on a clock that is set ahead from one attempt to the next, every process being stopped
//! and started in between, the broker too.
//!
//! Alone in its program, because the clock is the whole process's.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failure here is the test's")]

#[path = "../it/bed.rs"]
#[allow(dead_code, reason = "shared with the other tests, which need more of it")]
mod bed;
#[path = "../it/client.rs"]
#[allow(dead_code, reason = "shared with the other tests, which need more of it")]
mod client;

use std::time::Duration;

use posthaste_bus::Bus;
use posthaste_control::Control;
use posthaste_domain::{AppId, Delivery, EndpointId, MessageId, Timestamp};
use posthaste_ingress::Ingress;
use posthaste_service::clock;
use posthaste_testkit::{Answer, Authority, Receiver, Script};
use posthaste_worker::Worker;
use reqwest::Method;
use serde_json::json;

use self::{
    bed::{Bed, Running, until},
    client::Client,
};

const DAY: Duration = Duration::from_secs(86_400);
/// How long a stopping role may drain.
const DRAIN: Duration = Duration::from_secs(5);
/// How much later than it was due an attempt may begin: all of a restart lies in between.
const LATE: Duration = Duration::from_secs(30);
/// By how much the end of an attempt, which is kept as its start and a duration in milliseconds,
/// may differ from the moment the wait was counted from.
const ROUNDING: Duration = Duration::from_millis(10);

/// What a system promised.
struct Promise {
    profile: &'static str,
    waits: &'static [u64],
    /// Whether waits are counted from the start of an attempt rather than its end.
    from_start: bool,
    /// The largest share by which a wait may be longer.
    jitter: f64,
}

const PROMISES: [Promise; 4] = [
    Promise {
        profile: "yoco@1",
        waits: &[5, 300, 1_800, 7_200, 18_000, 36_000, 36_000],
        from_start: false,
        jitter: 0.0,
    },
    Promise {
        profile: "justwallet@1",
        waits: &[5, 300, 1_800, 7_200, 18_000, 36_000, 36_000],
        from_start: false,
        jitter: 0.1,
    },
    Promise {
        profile: "kloutit@1",
        waits: &[3_600, 86_400, 86_400],
        from_start: true,
        jitter: 0.0,
    },
    Promise {
        profile: "standard@1",
        waits: &[5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400],
        from_start: false,
        jitter: 0.1,
    },
];

/// A message on its way under one of them.
struct Course {
    promise: &'static Promise,
    app: AppId,
    endpoint: EndpointId,
    message: MessageId,
    receiver: Receiver,
    made: usize,
    next: Option<(Timestamp, Delivery)>,
}

/// Every process beside the broker.
struct Roles {
    control: Running<Control>,
    ingress: Running<Ingress>,
    worker: Running<Worker>,
}

impl Roles {
    async fn start(bed: &Bed) -> Self {
        Self {
            control: bed.control().await,
            ingress: bed.ingress().await,
            worker: bed.worker().await,
        }
    }

    async fn stop(self) {
        let Self { control, ingress, worker } = self;
        tokio::join!(worker.stop(DRAIN), ingress.stop(DRAIN), control.stop(DRAIN));
    }
}

impl Course {
    async fn begin(client: &Client, authority: &Authority, promise: &'static Promise) -> Self {
        let receiver = Receiver::start_https(authority, Script::always(Answer::Status(500))).await;
        let body = json!({ "name": promise.profile, "profile": promise.profile });
        let app = client.call(Method::POST, "/api/v1/app", Some(&body)).await.expect(201);
        let app: AppId = app["id"].as_str().unwrap().parse().unwrap();
        let mut body = json!({ "url": receiver.url() });
        if promise.profile == "justwallet@1" {
            let declared = json!({ "name": "payout", "description": "A payout" });
            client.call(Method::POST, "/api/v1/event-type", Some(&declared)).await.expect(201);
            body["secret"] = "your-secret".into();
            body["filterTypes"] = json!(["payout"]);
        }
        let endpoint = client.endpoint_with(&app, body).await;
        let path = format!("/api/v1/app/{app}/msg");
        let body = json!({ "eventType": "payout", "payload": { "n": 1 }, "subject": "7" });
        let sent = client.call(Method::POST, &path, Some(&body)).await.expect(202);
        let message = sent["id"].as_str().unwrap().parse().unwrap();
        Self { promise, app, endpoint, message, receiver, made: 0, next: None }
    }

    /// Waits until the present attempt has been received and settled, and checks when the next one
    /// is due.
    async fn follow(&mut self, bus: &Bus) {
        self.made += 1;
        self.receiver.wait_for(self.made).await;
        let Some(wait) = self.promise.waits.get(self.made - 1) else {
            self.next = None;
            until("the letter is written", || async {
                let letters = bus.dead_letters(Some(&self.app), None, 0, 2).await.unwrap();
                letters.len() == 1 && letters[0].letter.delivery.past.len() == self.made
            })
            .await;
            return;
        };
        let scheduled = async || {
            let all = bus.scheduled(&self.message).await.unwrap();
            all.into_iter().find(|(_, next)| next.past.len() == self.made)
        };
        until("the next attempt is scheduled", || async { scheduled().await.is_some() }).await;
        let (due, next) = scheduled().await.unwrap();
        let last = next.past.last().unwrap();
        let took = Duration::from_millis(last.duration_ms);
        let from = if self.promise.from_start { last.started_at } else { last.started_at + took };
        let (wait, profile) = (Duration::from_secs(*wait), self.promise.profile);
        let waited = due.since(from);
        assert!(waited >= wait, "{profile}: attempt {} would be early: {waited:?}", self.made + 1);
        let most = wait.mul_f64(1.0 + self.promise.jitter);
        let slack = if self.promise.from_start { Duration::ZERO } else { ROUNDING };
        assert!(waited <= most + slack, "{profile}: attempt {}: {waited:?}", self.made + 1);
        if let Some((was_due, _)) = &self.next {
            let late = last.started_at.since(*was_due);
            assert!(last.started_at >= *was_due && late < LATE, "{profile}: {late:?} late");
        }
        self.next = Some((due, next));
    }
}

/// Sets this process's clock to `at`.
fn set_clock(at: Timestamp) {
    clock::set_ahead(at.since(bed::now()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w18_y07_k18_k19_the_schedules_hold_to_the_end_through_restarts_of_every_process() {
    let authority = Authority::new();
    let ca_file = authority.pem_file().display().to_string();
    let mut bed = Bed::start(&[("POSTHASTE_OUTBOUND_CA_FILE", &ca_file)]).await;
    let mut roles = Roles::start(&bed).await;
    // Valid for as long as the simulation lasts.
    let token = bed::signer().organisation_token(&bed::org(), bed::now(), DAY * 60);
    let client = Client::new(roles.control.role.address()).with_token(token.clone());
    let mut courses = Vec::new();
    for promise in &PROMISES {
        courses.push(Course::begin(&client, &authority, promise).await);
    }
    let bus = bed.bus().await;
    for course in &mut courses {
        course.follow(&bus).await;
    }
    while let Some(course) = courses
        .iter_mut()
        .filter(|course| course.next.is_some())
        .min_by_key(|course| course.next.as_ref().map(|(due, _)| *due))
    {
        let (due, delivery) = course.next.clone().unwrap();
        roles.stop().await;
        bed.nats.restart().await;
        set_clock(due);
        roles = Roles::start(&bed).await;
        // The broker's own clock cannot be set, so it is told that the moment has come.
        let past = bed::now() - Duration::from_secs(1);
        until("the broker is back", || async { bus.postpone(past, &delivery).await.is_ok() }).await;
        course.follow(&bus).await;
    }
    let made: Vec<_> = courses.iter().map(|course| course.made).collect();
    assert_eq!(made, [8, 8, 4, 10]);

    // Given up is given up, however long one waits, and a hand on it still delivers.
    roles.stop().await;
    set_clock(bed::now() + DAY * 40);
    roles = Roles::start(&bed).await;
    until("nothing is left to do", || async {
        let stats = bus.queue_stats().await;
        stats.is_ok_and(|stats| {
            stats.sources.iter().all(|source| source.ready + source.unacked == 0)
        })
    })
    .await;
    let client = Client::new(roles.control.role.address()).with_token(token);
    for course in courses {
        let Course { app, endpoint, message, receiver, made, .. } = course;
        assert_eq!(receiver.count(), made);
        // What the broker's own clock has not come to yet are the attempts that were made already.
        let scheduled = bus.scheduled(&message).await.unwrap();
        assert!(scheduled.iter().all(|(_, next)| next.past.len() < made));
        receiver.set_script(Script::always(Answer::OK));
        let path = format!("/api/v1/app/{app}/msg/{message}/endpoint/{endpoint}/resend");
        client.call(Method::POST, &path, None).await.expect(202);
        let requests = receiver.wait_for(made + 1).await;
        assert_eq!(requests[made].body, requests[0].body);
    }
    roles.stop().await;
}
