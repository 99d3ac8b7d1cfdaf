//! What the registry knows outlives the broker's crashes, and goes on afterwards.

use std::time::Duration;

use posthaste_registry::{Headers, WriteError};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tokio::time::{Instant, sleep};

use super::{
    bed::{Bed, soon, until, within},
    sample::{application, endpoint, keyring, org, uid},
};

#[tokio::test]
async fn it_is_read_while_the_broker_is_away_and_follows_when_it_is_back() {
    let mut bed = Bed::start().await;
    let (control, worker) = (bed.process().await, bed.process().await);
    let org = org();
    let app = control.writer.create_application(application(&org, uid("shop"))).await.unwrap();
    for round in 1..=3 {
        bed.nats.kill();
        assert_eq!(worker.registry.application(&org, "shop").unwrap().id, app.id);
        bed.nats.restart().await;
        // By a process that has been there all along, as soon as it can.
        let made = within(Duration::from_secs(5), "a write after the crash", async {
            loop {
                let made = endpoint(&app.id, uid(&format!("hook-{round}")));
                match control.writer.create_endpoint(made, keyring(), Headers::new()).await {
                    Ok(made) => return made,
                    Err(error) => assert!(matches!(error, WriteError::Unavailable(_)), "{error:?}"),
                }
            }
        })
        .await;
        let begun = Instant::now();
        until("the worker has it too", || {
            worker.registry.endpoint_by_id(&app.id, &made.endpoint.id).is_some()
        })
        .await;
        let blind = begun.elapsed();
        assert!(blind < Duration::from_secs(2), "round {round}: blind for {blind:?}");
        assert_eq!(worker.registry.endpoints(&app.id).len(), round);
    }
}

#[tokio::test]
async fn without_a_broker_a_write_says_so_in_the_end() {
    let mut bed = Bed::start().await;
    let control = bed.process().await;
    bed.nats.kill();
    let outcome = soon("an answer", control.writer.create_application(application(&org(), None)));
    assert!(matches!(outcome.await, Err(WriteError::Unavailable(_))));
}

/// The broker stalls for so long that the writer gives up on its confirmation, and then does what
/// it was asked. Whether the writer learns of it or not, the record is its own and nobody else's.
#[tokio::test]
async fn a_record_whose_confirmation_comes_too_late_is_not_taken_for_somebody_elses() {
    let bed = Bed::start().await;
    let control = bed.process().await;
    let org = org();
    let made = application(&org, None);
    let id = made.id.clone();
    let pid = bed.nats.pid().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    waitid(WaitId::Pid(pid), WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT).unwrap();
    let writer = control.writer.clone();
    let creating = tokio::spawn(async move { writer.create_application(made).await });
    // Longer than one request may take, shorter than two.
    sleep(Duration::from_millis(5_400)).await;
    kill_process(pid, Signal::CONT).unwrap();
    match soon("an answer", creating).await.unwrap() {
        Ok(created) => assert_eq!(created.id, id),
        Err(error) => assert!(matches!(error, WriteError::Unavailable(_)), "{error:?}"),
    }
    until("it is made", || control.registry.application_by_id(&id).is_some()).await;
    assert_eq!(control.registry.applications(&org).len(), 1);
    assert!(control.bus.is_connected());
}
