//! Claims go on after the broker has crashed, again and again.

use std::{collections::BTreeSet, time::Duration};

use posthaste_bus::{Claim, Source};
use posthaste_domain::Lane;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    bed::{Bed, claim, claims, intake, soon, until, within},
    sample::{accept, delivery},
};

const SLOTS: u32 = 16;

#[tokio::test]
async fn an_intake_goes_on_after_every_crash_with_what_is_new_and_what_was_held() {
    let mut bed = Bed::start().await;
    let mut config = bed.config();
    config.ack_wait = Duration::from_secs(1);
    let bus = bed.bus_with(config).await;
    let mut intake = intake(&bus, Source::Events, SLOTS).await;
    for round in 1..=4 {
        accept(&bus, 6).await;
        let mut held = claims(&mut intake, 6).await;
        for claim in held.split_off(3) {
            claim.ack().await;
        }
        bus.flush(Duration::from_secs(1)).await;
        let mut expected: BTreeSet<u64> = held.iter().map(Claim::seq).collect();
        bed.crash().await;
        let fresh = accept(&bus, 5).await;

        let begun = Instant::now();
        let first = claim(&mut intake).await;
        let blind = begun.elapsed();
        assert!(blind < Duration::from_secs(3), "round {round}: nothing for {blind:?}");
        expected.extend(fresh);
        expected.remove(&first.seq());
        first.ack().await;
        within(Duration::from_secs(8), "what is new and what was held", async {
            while !expected.is_empty() {
                let claim = claim(&mut intake).await;
                expected.remove(&claim.seq());
                claim.ack().await;
            }
        })
        .await;
        // Their first holder is done at last, and nobody minds.
        for claim in held {
            claim.ack().await;
        }
        assert_eq!(intake.in_hand(), 0, "round {round}");
    }
}

/// An intake that is full when the broker goes must still find its slots afterwards.
#[tokio::test]
async fn slots_that_were_busy_in_a_crash_serve_again() {
    let mut bed = Bed::start().await;
    let bus = bed.bus().await;
    let source = Source::Lane(Lane::Retry);
    let mut intake = intake(&bus, source, SLOTS).await;
    let enqueue = async |count| {
        for _ in 0..count {
            bus.enqueue(Lane::Retry, &delivery()).await.unwrap();
        }
    };
    for _ in 0..2 {
        enqueue(SLOTS as usize).await;
        let held = claims(&mut intake, SLOTS as usize).await;
        bed.crash().await;
        for claim in held {
            claim.ack().await;
        }
        enqueue(2 * SLOTS as usize).await;
        // All slots at once: the new claims are held until there are as many as there are slots.
        let again = soon("as many as before", claims(&mut intake, SLOTS as usize)).await;
        assert_eq!(intake.in_hand(), SLOTS as usize);
        for claim in again {
            claim.ack().await;
        }
        let stop = CancellationToken::new();
        let rest = async {
            while bus.queue_stats().await.is_ok_and(|stats| !stats.is_idle()) {
                let next = tokio::time::timeout(Duration::from_millis(50), intake.next(&stop));
                if let Ok(Some(claim)) = next.await {
                    claim.ack().await;
                }
            }
        };
        soon("the rest", rest).await;
    }
    assert_eq!(intake.in_hand(), 0);
}

/// Without a broker a claim can neither be had nor settled; nothing of that may hang.
#[tokio::test]
async fn stopping_without_a_broker_ends_soon() {
    let mut bed = Bed::start().await;
    let mut bus = bed.bus().await;
    let mut intake = intake(&bus, Source::Events, SLOTS).await;
    accept(&bus, 2).await;
    let [done, dropped] = <[Claim; 2]>::try_from(claims(&mut intake, 2).await).ok().unwrap();
    bed.nats.kill();
    soon("word of the loss", bus.link_changed()).await;
    within(Duration::from_secs(3), "the end", async {
        done.ack().await;
        drop(dropped);
        let stop = CancellationToken::new();
        stop.cancel();
        assert!(intake.next(&stop).await.is_none());
        intake.close().await;
        bus.flush(Duration::from_millis(500)).await;
    })
    .await;
}

/// An acknowledgement given without a broker is not forgotten: it goes out when there is one.
#[tokio::test]
async fn what_is_acknowledged_while_the_broker_is_away_is_done_with_when_it_returns() {
    let mut bed = Bed::start().await;
    let mut bus = bed.bus().await;
    let mut intake = intake(&bus, Source::Events, 1).await;
    accept(&bus, 1).await;
    let claim = claim(&mut intake).await;
    // In good order: a server that is killed may have forgotten that it gave the message away.
    bed.nats.stop().await;
    soon("word of the loss", bus.link_changed()).await;
    claim.ack().await;
    bed.nats.restart().await;
    until("nothing is held", || async {
        bus.queue_stats().await.is_ok_and(|stats| stats.is_idle())
    })
    .await;
}
