//! The crash drill: everything is killed in turn while messages are under way.
//!
//! Also run by `deploy/drills/crash`, with parameters of its own in the environment.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use posthaste_domain::AppId;
use posthaste_testkit::{Answer, Received, Receiver, Role, Script, free_port, spawn_role};
use serde_json::{Value, json};
use tokio::{sync::Notify, task::JoinSet};

use crate::{bed::Bed, client::Client};

/// Senders at work at once.
const SENDERS: usize = 32;
/// Messages that follow while the kills go on, as a share of those that wait at the start.
const FOLLOWING: f64 = 0.2;
/// The whole drill must come to rest within this after the last kill.
const REST: Duration = Duration::from_secs(180);

fn parameter(name: &str, default: usize) -> usize {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
}

/// What the receiver has answered 200, by message.
#[derive(Default)]
struct Taken {
    times: Mutex<HashMap<String, u32>>,
    refused: Mutex<HashSet<String>>,
    distinct: AtomicUsize,
    more: Notify,
}

impl Taken {
    /// Every fifth message is refused the first time it comes, so that retries are scheduled all
    /// along the way.
    fn answer(&self, request: &Received) -> Answer {
        let id = request.header("webhook-id").expect("every request has an id").to_owned();
        let fifth = id.bytes().map(u32::from).sum::<u32>().is_multiple_of(5);
        if fifth && self.refused.lock().unwrap().insert(id.clone()) {
            return Answer::Status(500);
        }
        let mut times = self.times.lock().unwrap();
        *times.entry(id).or_default() += 1;
        self.distinct.store(times.len(), Ordering::SeqCst);
        self.more.notify_one();
        Answer::OK.after(Duration::from_millis(20))
    }

    async fn reaches(&self, distinct: usize) {
        while self.distinct.load(Ordering::SeqCst) < distinct {
            self.more.notified().await;
        }
    }
}

/// The processes that are killed, and how to start them again.
struct Fleet {
    bed: Bed,
    ingress: Role,
    ingress_address: String,
    workers: Vec<Role>,
}

impl Fleet {
    async fn start(bed: Bed) -> Self {
        let ingress_address = format!("127.0.0.1:{}", free_port());
        let ingress = Self::ingress(&bed, &ingress_address).await;
        Self { bed, ingress, ingress_address, workers: Vec::new() }
    }

    async fn role(bed: &Bed, bin: &str, listen: Option<&str>) -> Role {
        let admin = format!("127.0.0.1:{}", free_port());
        let mut environment = bed.environment();
        environment.retain(|(name, _)| {
            !matches!(name.as_str(), "POSTHASTE_ADMIN_LISTEN" | "POSTHASTE_INGRESS_LISTEN")
        });
        environment.push(("POSTHASTE_ADMIN_LISTEN".into(), admin.clone()));
        if let Some(listen) = listen {
            environment.push(("POSTHASTE_INGRESS_LISTEN".into(), listen.into()));
        }
        let mut role = spawn_role(bin, environment);
        role.wait_ready(&format!("http://{admin}")).await;
        role
    }

    async fn ingress(bed: &Bed, address: &str) -> Role {
        Self::role(bed, "posthaste-ingress", Some(address)).await
    }

    async fn add_worker(&mut self) {
        self.workers.push(Self::role(&self.bed, "posthaste-worker", None).await);
    }

    /// Kills the next in turn, starts it again, and says which it was.
    async fn kill(&mut self, turn: usize) -> &'static str {
        match turn % 3 {
            0 => {
                self.workers.remove(0).kill();
                self.add_worker().await;
                "worker"
            }
            1 => {
                self.ingress.kill();
                self.ingress = Self::ingress(&self.bed, &self.ingress_address).await;
                "ingress"
            }
            _ => {
                self.bed.nats.kill();
                self.bed.nats.restart().await;
                "nats-server"
            }
        }
    }
}

/// Sends until it is answered 202; the same idempotency key makes repeats harmless.
async fn send(http: reqwest::Client, url: String, token: String, key: String) -> String {
    let body = json!({ "eventType": "drill.ran", "payload": { "key": key } }).to_string();
    loop {
        let sent = http
            .post(&url)
            .bearer_auth(&token)
            .header("idempotency-key", &key)
            .body(body.clone())
            .send()
            .await;
        if let Ok(response) = sent
            && response.status() == 202
            && let Ok(answer) = response.bytes().await
        {
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            return answer["id"].as_str().unwrap().to_owned();
        }
        // Whoever cannot be reached now is being started again.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn send_many(base: &str, app: &AppId, numbers: std::ops::Range<usize>) -> Vec<String> {
    let http = crate::client::http();
    let url = format!("http://{base}/api/v1/app/{app}/msg");
    let token = crate::bed::token();
    let mut sending = JoinSet::new();
    let mut accepted = Vec::with_capacity(numbers.len());
    for number in numbers {
        if sending.len() == SENDERS {
            accepted.push(sending.join_next().await.unwrap().unwrap());
        }
        sending.spawn(send(http.clone(), url.clone(), token.clone(), format!("drill-{number}")));
    }
    accepted.extend(sending.join_all().await);
    accepted
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_answered_202_is_lost_or_stuck() {
    let messages = parameter("CRASH_DRILL_MESSAGES", 10_000);
    let kills = parameter("CRASH_DRILL_KILLS", 12);
    let following = (messages as f64 * FOLLOWING) as usize;
    let total = messages + following;
    // A retry every second or two, many times over; a claim lost with its holder comes back soon.
    let bed = Bed::start(&[
        ("POSTHASTE_WORKER_RETRY_WAITS_MS", "500,1000,2000,2000,2000,2000,2000,2000,2000,2000"),
        ("POSTHASTE_WORKER_ATTEMPT_TIMEOUT_MS", "2000"),
        ("POSTHASTE_NATS_ACK_WAIT_MS", "12000"),
        ("POSTHASTE_NATS_PUBLISH_BUDGET_MS", "5000"),
    ])
    .await;
    let control = bed.control().await;
    let client = Client::new(control.role.address());
    let taken = Arc::new(Taken::default());
    let answers = Arc::clone(&taken);
    let receiver = Receiver::start(Script::new(move |request| answers.answer(request))).await;
    let app = client.application("drill").await;
    client.endpoint(&app, &receiver.url()).await;
    let bus = bed.bus().await;
    let mut fleet = Fleet::start(bed).await;

    let base = fleet.ingress_address.clone();
    let mut accepted = send_many(&base, &app, 0..messages).await;
    println!("{} messages accepted and waiting", accepted.len());
    let rest = {
        let app = app.clone();
        tokio::spawn(async move { send_many(&base, &app, messages..total).await })
    };
    fleet.add_worker().await;
    fleet.add_worker().await;
    let began = Instant::now();
    let scheduled = AtomicU64::new(0);
    for turn in 0..kills {
        // Spread over the drill: each kill comes when another share has been delivered.
        let share = messages * turn / kills;
        tokio::time::timeout(REST, taken.reaches(share)).await.expect("deliveries go on");
        if let Ok(stats) = bus.queue_stats().await {
            scheduled.fetch_max(stats.scheduled, Ordering::SeqCst);
        }
        let killed = fleet.kill(turn).await;
        println!("kill {}: {killed}, with {share} of {total} delivered", turn + 1);
    }
    accepted.extend(rest.await.unwrap());

    tokio::time::timeout(REST, taken.reaches(total)).await.unwrap_or_else(|_| {
        panic!("{} of {total} delivered", taken.distinct.load(Ordering::SeqCst))
    });
    crate::bed::until("nothing is stuck", || async {
        bus.queue_stats().await.is_ok_and(|stats| stats.is_idle())
    })
    .await;
    let times = taken.times.lock().unwrap().clone();
    let lost: Vec<_> = accepted.iter().filter(|id| !times.contains_key(*id)).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    let distinct: HashSet<_> = accepted.iter().collect();
    assert_eq!(distinct.len(), total, "an answer of 202 names a message of its own");
    let deliveries: u32 = times.values().sum();
    println!(
        "crash drill: {total} messages, {kills} kills, at most {} retries scheduled at a kill, \
         0 lost, 0 stuck, {} duplicates, {:.1} s",
        scheduled.into_inner(),
        deliveries as usize - times.len(),
        began.elapsed().as_secs_f64()
    );
    let letters = bus.dead_letters(None, None, 0, 10).await.unwrap();
    assert!(letters.is_empty(), "{letters:?}");
}
