//! A merchant's HTTP or HTTPS server, on raw TCP so that it can misbehave.
//!
//! Every request is read whole, remembered, and then answered as the [`Script`] says. It speaks as
//! much HTTP/1.1 as its callers need: keep-alive, and bodies with a `Content-Length`. No chunked
//! requests (refused with 411).
//!
//! It runs on the runtime of the test that started it, and stops, with its connections, when it is
//! dropped.

mod answer;
mod connection;
mod counts;
mod http1;
mod ledger;
mod limits;
mod listener;
mod received;
mod script;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

pub use self::answer::Answer;
pub use self::received::Received;
pub use self::script::Script;

use self::ledger::Ledger;
use crate::Authority;

/// How long a test waits for what it expects before it fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// An HTTP server on 127.0.0.1 that answers by [`Script`] and remembers what it was sent.
pub struct Receiver {
    port: u16,
    secure: bool,
    ledger: Arc<Ledger>,
    tasks: TaskTracker,
    stop: DropGuard,
}

impl Receiver {
    /// Starts a receiver that keeps every request.
    ///
    /// # Panics
    /// If no socket can be opened.
    pub async fn start(script: Script) -> Self {
        Self::listen(0, None, Ledger::keeping(script)).await
    }

    /// As [`start`](Self::start), on a given port: for a receiver that was down, or comes back.
    ///
    /// # Panics
    /// If something else listens on that port for more than 5 s.
    pub async fn start_at(port: u16, script: Script) -> Self {
        Self::listen(port, None, Ledger::keeping(script)).await
    }

    /// As [`start`](Self::start), behind TLS 1.2 and 1.3, with a certificate of this authority for
    /// 127.0.0.1 and localhost.
    ///
    /// # Panics
    /// If no socket can be opened.
    pub async fn start_https(authority: &Authority, script: Script) -> Self {
        Self::listen(0, Some(authority.acceptor()), Ledger::keeping(script)).await
    }

    /// Starts a receiver that answers 200 and keeps no requests, but counts how often each value of
    /// one header came, such as each `webhook-id`: for drills of many thousands.
    ///
    /// # Panics
    /// If no socket can be opened.
    pub async fn counting(header_name: &str) -> Self {
        let ledger = Ledger::counting(header_name, Script::always(Answer::OK));
        Self::listen(0, None, ledger).await
    }

    async fn listen(port: u16, tls: Option<TlsAcceptor>, ledger: Ledger) -> Self {
        let listener = listener::open(port).await;
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let ledger = Arc::new(ledger);
        let secure = tls.is_some();
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let accepting =
            listener::accept(listener, tls, Arc::clone(&ledger), tasks.clone(), stop.clone());
        tasks.spawn(stop.clone().run_until_cancelled_owned(accepting));
        Self { port, secure, ledger, tasks, stop: stop.drop_guard() }
    }

    /// Stops the receiver and breaks off its connections, and returns once its port is closed.
    /// Dropping it does the same, a little later.
    pub async fn close(self) {
        drop(self.stop);
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Where it listens: `http://127.0.0.1:port` or `https://127.0.0.1:port`, without a path.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// Answers by this script from the next request on.
    pub fn set_script(&self, script: Script) {
        self.ledger.set_script(script);
    }

    /// The next request that this function has not yet returned, in the order of arrival.
    ///
    /// # Panics
    /// After 30 s without one, or if the receiver only counts.
    pub async fn next(&self) -> Received {
        let mut count = self.ledger.count();
        let next = async {
            loop {
                if let Some(received) = self.ledger.next() {
                    return received;
                }
                changed(&mut count).await;
            }
        };
        self.expect("another request", PATIENCE, next).await
    }

    /// Every request so far, in the order of arrival; none if the receiver only counts.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.ledger.received()
    }

    /// How many requests came so far.
    #[must_use]
    pub fn count(&self) -> usize {
        *self.ledger.count().borrow()
    }

    /// Waits until at least `n` requests came in all, and returns every request so far.
    ///
    /// # Panics
    /// After 30 s.
    pub async fn wait_for(&self, n: usize) -> Vec<Received> {
        self.wait_for_within(n, PATIENCE).await
    }

    /// As [`wait_for`](Self::wait_for), with another bound.
    ///
    /// # Panics
    /// When the time is over.
    pub async fn wait_for_within(&self, n: usize, bound: Duration) -> Vec<Received> {
        let mut count = self.ledger.count();
        self.expect(&format!("request {n}"), bound, reaches(&mut count, |count| count >= n)).await;
        self.received()
    }

    /// How many connections were made to it so far, whether or not a request came on them.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.ledger.connections()
    }

    /// How many requests are read and not yet answered.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        *self.ledger.in_flight().borrow()
    }

    /// Waits until at least `n` requests are read and not yet answered.
    ///
    /// # Panics
    /// After 30 s.
    pub async fn wait_in_flight(&self, n: usize) {
        let mut in_flight = self.ledger.in_flight();
        self.expect(&format!("{n} in flight"), PATIENCE, reaches(&mut in_flight, |now| now >= n))
            .await;
    }

    /// Waits until every request that was read is answered, or given up by its sender.
    ///
    /// # Panics
    /// After 30 s.
    pub async fn wait_idle(&self) {
        let mut in_flight = self.ledger.in_flight();
        self.expect("nothing in flight", PATIENCE, reaches(&mut in_flight, |now| now == 0)).await;
    }

    /// Lets every [`Answer::Held`] go, now and from now on, until [`hold`](Self::hold).
    pub fn release(&self) {
        self.ledger.set_released(true);
    }

    /// Holds each further [`Answer::Held`] again until [`release`](Self::release).
    pub fn hold(&self) {
        self.ledger.set_released(false);
    }

    async fn expect<T>(&self, what: &str, bound: Duration, event: impl Future<Output = T>) -> T {
        match timeout(bound, event).await {
            Ok(seen) => seen,
            Err(_) => panic!(
                "{what}: not seen within {bound:?}; {} requests came, {} are in flight{}",
                self.count(),
                self.in_flight(),
                self.ledger.trouble()
            ),
        }
    }
}

async fn reaches(gauge: &mut watch::Receiver<usize>, enough: impl Fn(usize) -> bool) {
    loop {
        // A statement of its own: the borrow locks the gauge, and `enough` may lock the ledger.
        let now = *gauge.borrow_and_update();
        if enough(now) {
            return;
        }
        changed(gauge).await;
    }
}

async fn changed(gauge: &mut watch::Receiver<usize>) {
    gauge.changed().await.expect("the ledger lives as long as its receiver");
}

#[cfg(test)]
mod tests;
