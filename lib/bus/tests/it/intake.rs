//! Pulling, and letting go.

use std::{collections::BTreeSet, time::Duration};

use async_nats::{Subscriber, jetstream::Context};
use futures_util::StreamExt as _;
use posthaste_bus::{Authority, Bus, Claim, Source};
use posthaste_domain::Lane;
use posthaste_testkit::{NatsSettings, free_port, get};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    bed::{Bed, claim, claims, intake, nothing_from, soon, until, within},
    sample::{accept, delivery},
};

const SLOTS: u32 = 8;

fn seqs(claims: &[Claim]) -> BTreeSet<u64> {
    claims.iter().map(Claim::seq).collect()
}

/// Hears every pull request that anybody sends.
async fn requests(bed: &Bed) -> Subscriber {
    let client = async_nats::connect(bed.nats.url()).await.unwrap();
    let heard = client.subscribe("$JS.API.CONSUMER.MSG.NEXT.>").await.unwrap();
    client.flush().await.unwrap();
    // The subscription is known once the server has answered something sent after it.
    async_nats::jetstream::new(client).query_account().await.unwrap();
    heard
}

/// How many messages the next pull request asks for.
async fn batch(requests: &mut Subscriber) -> u64 {
    let request = soon("a pull request", requests.next()).await.unwrap();
    let request: serde_json::Value = serde_json::from_slice(&request.payload).unwrap();
    request["batch"].as_u64().unwrap()
}

#[tokio::test]
async fn holds_no_more_claims_than_it_has_slots_and_in_the_end_gives_everything() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let mut heard = requests(&bed).await;
    let mut intake = intake(&bus, Source::Events, SLOTS).await;
    let accepted: BTreeSet<u64> = accept(&bus, 80).await.into_iter().collect();

    let mut held = claims(&mut intake, SLOTS as usize).await;
    assert_eq!(intake.in_hand(), SLOTS as usize);
    nothing_from(&mut intake).await;
    assert_eq!(batch(&mut heard).await, u64::from(SLOTS), "as much as there are slots, once");
    assert!(futures_util::poll!(heard.next()).is_pending(), "no request without a slot for it");

    let mut seen = seqs(&held);
    while seen.len() < accepted.len() {
        held.remove(0).ack().await;
        held.push(claim(&mut intake).await);
        assert!(intake.in_hand() <= SLOTS as usize);
        let newest = held.last().unwrap();
        assert!(!newest.is_redelivered(), "nobody has held message {}", newest.seq());
        assert!(seen.insert(newest.seq()), "message {} twice", newest.seq());
    }
    assert_eq!(seen, accepted);
    for claim in held {
        claim.ack().await;
    }
    nothing_from(&mut intake).await;
    assert_eq!(intake.in_hand(), 0);
}

#[tokio::test]
async fn two_intakes_share_without_taking_the_same() {
    let bed = Bed::start().await;
    let (ours, theirs) = (bed.bus().await, bed.bus().await);
    let mut one = intake(&ours, Source::Events, SLOTS).await;
    let mut other = intake(&theirs, Source::Events, SLOTS).await;
    let accepted: BTreeSet<u64> = accept(&ours, 60).await.into_iter().collect();
    let (mut seen, mut by_one, mut by_other) = (BTreeSet::new(), 0, 0);
    let stop = CancellationToken::new();
    while seen.len() < accepted.len() {
        let (claim, count) = soon("a claim by either", async {
            tokio::select! {
                claim = one.next(&stop) => (claim.unwrap(), &mut by_one),
                claim = other.next(&stop) => (claim.unwrap(), &mut by_other),
            }
        })
        .await;
        *count += 1;
        assert!(seen.insert(claim.seq()), "message {} twice", claim.seq());
        claim.ack().await;
    }
    assert_eq!(seen, accepted);
    assert!(by_one > 0 && by_other > 0, "{by_one} and {by_other}");
}

#[tokio::test]
async fn a_released_claim_is_offered_to_another_at_once_and_after_a_wait_when_asked() {
    let bed = Bed::start().await;
    let (ours, theirs) = (bed.bus().await, bed.bus().await);
    let mut one = intake(&ours, Source::Events, 1).await;
    accept(&ours, 1).await;
    let first = claim(&mut one).await;
    let mut other = intake(&theirs, Source::Events, 1).await;

    let begun = Instant::now();
    // With its only slot taken by the release until it is settled, the first one cannot be faster.
    let (_, second) = tokio::join!(first.release(), claim(&mut other));
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
    assert!(second.is_redelivered());

    let wait = Duration::from_millis(700);
    let begun = Instant::now();
    second.release_after(wait).await;
    let third = claim(&mut other).await;
    let took = begun.elapsed();
    assert!((wait..wait + Duration::from_millis(600)).contains(&took), "{took:?}");
    third.ack().await;
    nothing_from(&mut other).await;
}

#[tokio::test]
async fn a_claim_is_kept_while_it_is_worked_on_and_lost_when_it_is_not() {
    let bed = Bed::start().await;
    let mut config = bed.config();
    config.ack_wait = Duration::from_secs(1);
    let (ours, theirs) = (bed.bus_with(config.clone()).await, bed.bus_with(config).await);
    let mut one = intake(&ours, Source::Events, 1).await;
    accept(&ours, 1).await;
    let kept = claim(&mut one).await;
    let mut other = intake(&theirs, Source::Events, 1).await;

    // As long as it is worked on, the others are not given it, though three waits pass.
    let worked = Duration::from_millis(3_200);
    let stop = CancellationToken::new();
    tokio::select! {
        () = kept.keep_while(tokio::time::sleep(worked)) => {}
        claim = other.next(&stop) => panic!("given to another: {:?}", claim.map(|c| c.seq())),
    }
    let begun = Instant::now();
    let taken = claim(&mut other).await;
    assert!(taken.is_redelivered());
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    taken.ack().await;
    let aside = bed.aside().await;
    until("it is done with", || all_done(&aside)).await;
    // Its first holder comes too late and does no harm.
    kept.release().await;
    nothing_from(&mut other).await;
}

/// The consumer is as its owner made it, whatever another process is configured with.
#[tokio::test]
async fn a_claim_is_kept_for_as_long_as_the_broker_wants_to_hear_of_it() {
    let bed = Bed::start().await;
    let mut impatient = bed.config();
    impatient.ack_wait = Duration::from_secs(1);
    let theirs = bed.bus_with(impatient).await;
    let ours = Bus::connect(bed.config()).await.unwrap();
    ours.ensure_topology(Authority::Guest).await.unwrap();
    let mut one = intake(&ours, Source::Events, 1).await;
    accept(&ours, 1).await;
    let kept = claim(&mut one).await;
    let mut other = intake(&theirs, Source::Events, 1).await;
    let stop = CancellationToken::new();
    tokio::select! {
        () = kept.keep_while(tokio::time::sleep(Duration::from_millis(2_500))) => {}
        claim = other.next(&stop) => panic!("given to another: {:?}", claim.map(|c| c.seq())),
    }
    kept.ack().await;
}

#[tokio::test]
async fn an_abandoned_claim_comes_back_whoever_is_left_to_hear_of_it() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let mut one = intake(&bus, Source::Events, 2).await;
    accept(&bus, 2).await;
    let [first, second] = <[Claim; 2]>::try_from(claims(&mut one, 2).await).ok().unwrap();
    let both: BTreeSet<u64> = [first.seq(), second.seq()].into();
    let begun = Instant::now();

    // One is dropped by a task that panics while the intake runs, one just before it closes.
    let task = tokio::spawn(async move {
        let _claim = first;
        panic!("on purpose");
    });
    assert!(task.await.unwrap_err().is_panic());
    nothing_from(&mut one).await;
    assert_eq!(one.in_hand(), 1, "the slot of the first is free again");
    drop(second);
    let mut other = intake(&bus, Source::Events, 2).await;
    one.close().await;

    let again = claims(&mut other, 2).await;
    assert_eq!(seqs(&again), both);
    let rested = begun.elapsed();
    assert!((Duration::from_secs(4)..Duration::from_secs(9)).contains(&rested), "{rested:?}");
}

#[tokio::test]
async fn an_expired_request_leaves_every_slot_to_the_next() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let mut heard = requests(&bed).await;
    let mut intake = intake(&bus, Source::Events, SLOTS).await;
    let stop = CancellationToken::new();
    // A few slots are freed while the request waits, so that what is left of it is no round number.
    accept(&bus, 3).await;
    for claim in claims(&mut intake, 3).await {
        claim.ack().await;
    }
    let mut asked = Vec::new();
    let expired = async {
        while asked.iter().sum::<u64>() < 3 * u64::from(SLOTS) {
            asked.push(batch(&mut heard).await);
        }
    };
    tokio::select! {
        () = expired => {}
        _ = intake.next(&stop) => panic!("there is nothing to claim"),
    }
    accept(&bus, 80).await;
    let held = claims(&mut intake, SLOTS as usize).await;
    assert!(
        held.iter().all(|claim| !claim.is_redelivered()),
        "asked for more than fits: {asked:?}"
    );
    nothing_from(&mut intake).await;
}

#[tokio::test]
async fn a_request_that_is_turned_down_is_not_repeated_without_a_pause() {
    let monitor = free_port();
    let extra = format!("http: \"127.0.0.1:{monitor}\"");
    let bed = Bed::start_with(NatsSettings { extra, ..NatsSettings::default() }).await;
    let bus = bed.bus().await;
    let mut intake = intake(&bus, Source::Lane(Lane::Retry), SLOTS).await;
    let aside = bed.aside().await;
    aside.delete_consumer_from_stream("retry", "DELIVERIES").await.unwrap();

    let before = messages_in(monitor).await;
    let stop = CancellationToken::new();
    let given = timeout(Duration::from_secs(1), intake.next(&stop)).await;
    assert!(given.is_err(), "there is nobody to give a claim");
    let asked = messages_in(monitor).await - before;
    assert!((1..20).contains(&asked), "{asked} requests in a second");

    // Once there is a consumer again, work goes on.
    bus.ensure_topology(Authority::Guest).await.unwrap();
    bus.enqueue(Lane::Retry, &delivery()).await.unwrap();
    claim(&mut intake).await.ack().await;
}

/// How many messages a server has received from its clients.
async fn messages_in(monitor: u16) -> u64 {
    let (_, body) = get(&format!("http://127.0.0.1:{monitor}/varz")).await.unwrap();
    let varz: serde_json::Value = serde_json::from_str(&body).unwrap();
    varz["in_msgs"].as_u64().unwrap()
}

#[tokio::test]
async fn a_closing_intake_hands_back_what_it_had_not_given_out() {
    let bed = Bed::start().await;
    let (ours, theirs) = (bed.bus().await, bed.bus().await);
    let mut other = intake(&theirs, Source::Events, 200).await;
    let mut expected = BTreeSet::new();
    for _ in 0..3 {
        let mut closing = intake(&ours, Source::Events, 40).await;
        let accepted = accept(&theirs, 20).await;
        // One claim proves that the messages are on their way; it stays with its holder.
        let kept = claim(&mut closing).await;
        // Others go on arriving while it closes.
        let (returned, more) = tokio::join!(closing.close(), accept(&theirs, 20));
        expected.extend(accepted.into_iter().chain(more));
        assert!(returned > 0, "there was something to hand back");
        kept.release().await;
    }
    let given = within(Duration::from_secs(5), "everything", claims(&mut other, expected.len()));
    assert_eq!(seqs(&given.await), expected);
}

#[tokio::test]
async fn stops_when_it_is_told_to_and_leaves_the_claims_with_their_holders() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let mut stopping = intake(&bus, Source::Events, 2).await;
    accept(&bus, 1).await;
    let held = claim(&mut stopping).await;
    let stop = CancellationToken::new();
    stop.cancel();
    assert!(soon("the end", stopping.next(&stop)).await.is_none());
    assert_eq!(stopping.in_hand(), 1);
    stopping.close().await;
    let mut other = intake(&bus, Source::Events, 2).await;
    nothing_from(&mut other).await;
    held.ack().await;
    let aside = bed.aside().await;
    until("it is done with", || all_done(&aside)).await;
}

async fn all_done(aside: &Context) -> bool {
    let stream = aside.get_stream("EVENTS").await.unwrap();
    let info = stream.consumer_info("fan-out").await.unwrap();
    info.num_ack_pending == 0 && info.num_pending == 0
}

#[tokio::test]
async fn each_lane_is_claimed_apart() {
    let bed = Bed::start().await;
    let bus: Bus = bed.bus().await;
    let all = Lane::ALL.map(|lane| (lane, delivery()));
    for (lane, delivery) in &all {
        bus.enqueue(*lane, delivery).await.unwrap();
    }
    for (lane, delivery) in &all {
        let mut intake = intake(&bus, Source::Lane(*lane), 4).await;
        let claim = claim(&mut intake).await;
        assert_eq!(claim.delivery().unwrap(), *delivery);
        nothing_from(&mut intake).await;
        claim.ack().await;
    }
}
