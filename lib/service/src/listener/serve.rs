//! Accepts connections, so many at once, until told to stop.

use std::{io, time::Duration};

use axum::Router;
use tokio::{
    net::{TcpListener, TcpStream},
    select,
    task::{JoinError, JoinSet},
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::{Limits, connection};

/// How long to wait when the system has no more file descriptors, before trying again.
const ACCEPT_RETRY: Duration = Duration::from_millis(250);

/// Serves `router` on `listener` within the default [`Limits`]: see [`serve_within`].
pub async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) {
    serve_within(Limits::default(), listener, router, shutdown).await;
}

/// Serves `router` on `listener` until `shutdown` is cancelled. Then the listener is closed, idle
/// connections are closed, requests in flight are answered, and this returns.
///
/// How long that last part takes is up to the handlers; dropping this future closes everything at
/// once. A handler that panics costs its own connection only, and is logged.
pub async fn serve_within(
    limits: Limits,
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
) {
    let mut connections = JoinSet::new();
    let mut full = false;
    loop {
        if connections.len() < limits.connections {
            full = false;
        } else if !full {
            full = true;
            warn!(limit = limits.connections, "all connections in use; new ones wait");
        }
        select! {
            biased;
            () = shutdown.cancelled() => break,
            Some(ended) = connections.join_next() => note(ended),
            stream = accept(&listener), if !full => {
                let stop = shutdown.child_token();
                connections.spawn(connection::run(limits, stream, router.clone(), stop));
            }
        }
    }
    drop(listener);
    while let Some(ended) = connections.join_next().await {
        note(ended);
    }
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // The client gave up while it waited in the backlog.
            Err(err) if is_clients(&err) => {}
            Err(err) => {
                error!(error = &err as &dyn std::error::Error, "cannot accept connections");
                sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

fn is_clients(err: &io::Error) -> bool {
    matches!(
        err.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}

fn note(ended: Result<(), JoinError>) {
    if let Err(err) = ended {
        error!(error = &err as &dyn std::error::Error, "a request's handler panicked");
    }
}
