//! What signals do. Alone in this binary, and in one test, because every test of a process gets
//! its signals.

use std::{
    pin::pin,
    process::{Command, id},
    time::Duration,
};

use futures_util::poll;
use posthaste_service::{
    Kit, ShutdownConfig,
    kit::Cause,
    stop::{Signal, Stopped, wait_for_signal},
};
use tokio::time::timeout;

/// When something that should happen has not happened.
const LATE: Duration = Duration::from_secs(20);

fn raise(name: &str) {
    let sent = Command::new("kill").args([name, &id().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "kill {name}");
}

#[tokio::test]
async fn the_first_signal_stops_and_the_second_cuts_short() {
    for (name, expected) in [("-TERM", Signal::Terminate), ("-INT", Signal::Interrupt)] {
        let mut waiting = pin!(wait_for_signal());
        assert!(poll!(waiting.as_mut()).is_pending(), "the handler is in place");
        raise(name);
        assert_eq!(waiting.await, expected);
    }

    let kit = Kit::new();
    let work = kit.stop.work.clone();
    kit.tracker.spawn(async move { work.cancelled().await });
    let endless = ShutdownConfig { drain: Duration::from_secs(3600), delay: Duration::ZERO };
    let mut stopping = pin!(kit.until_stopped(&endless));
    assert!(poll!(stopping.as_mut()).is_pending());
    raise("-TERM");
    tokio::select! {
        _ = stopping.as_mut() => panic!("work is in flight"),
        () = kit.stop.intake.cancelled() => {}
    }
    assert!(poll!(stopping.as_mut()).is_pending(), "it listens for the second");
    raise("-INT");
    let Ok(ended) = timeout(LATE, stopping).await else { panic!("nothing was cut short") };
    assert_eq!(
        (ended.cause, ended.stopped),
        (Cause::Signal(Signal::Terminate), Stopped::HandedBack)
    );
}
