//! One connection, from its first byte to its end.

use std::{
    pin::{Pin, pin},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use axum::{Router, extract::Request};
use hyper::{
    body::Incoming,
    rt::{Sleep, Timer},
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{net::TcpStream, select};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::{Limits, body::TimedBody, socket::Socket};

/// Serves requests on `stream` until either side has had enough. Once `stop` is cancelled, a
/// request in flight is the last, and an idle connection ends at once.
pub(super) async fn run(
    limits: Limits,
    stream: TcpStream,
    router: Router,
    stop: CancellationToken,
) {
    if let Err(err) = stream.set_nodelay(true) {
        debug!(error = &err as &dyn std::error::Error, "cannot set TCP_NODELAY");
    }
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let request: Request =
            request.map(|body| axum::body::Body::new(TimedBody::new(body, limits.body)));
        router.call(request)
    });
    let io = TokioIo::new(Socket::new(stream, limits.write_stall));
    let mut connection = pin!(
        http1::Builder::new()
            .timer(HeadTimer::new(limits))
            .header_read_timeout(limits.next_head)
            .max_header_size(Limits::HEAD_MAX)
            .max_buf_size(Limits::BUFFER_MAX)
            .serve_connection(io, service)
    );
    let ended = select! {
        // First, so that an answer written after the stop says `Connection: close`.
        biased;
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        ended = connection.as_mut() => ended,
    };
    if let Err(err) = ended {
        debug!(error = &err as &dyn std::error::Error, "a connection broke");
    }
}

/// Gives a connection's first head less time than later ones.
///
/// hyper has one timeout for both: it asks for a sleep of `next_head` whenever it begins to wait
/// for a head, so for a request after the first it covers the idle time too. The first sleep that
/// it asks for is the one to shorten.
#[derive(Debug)]
struct HeadTimer {
    first: AtomicBool,
    shortened_by: Duration,
    clock: TokioTimer,
}

impl HeadTimer {
    fn new(limits: Limits) -> Self {
        Self {
            first: AtomicBool::new(true),
            shortened_by: limits.next_head.saturating_sub(limits.first_head),
            clock: TokioTimer::new(),
        }
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.clock.sleep(duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        let first = self.first.swap(false, Ordering::Relaxed);
        self.clock.sleep_until(if first { deadline - self.shortened_by } else { deadline })
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn Sleep>>, deadline: Instant) {
        self.clock.reset(sleep, deadline);
    }
}
