//! The receiver's listening socket.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, sleep};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::ledger::Ledger;
use super::{connection, limits, wire};

/// Connections that may wait to be accepted: a burst of attempts must not be refused by us.
const BACKLOG: u32 = 4096;
/// After a failed accept, which is nearly always for want of file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(10);
/// How long a port of old may take to become free: until the receiver that had it is gone.
const BIND: Duration = Duration::from_secs(5);
/// Between two tries to listen on it.
const BIND_AGAIN: Duration = Duration::from_millis(10);

/// Listens on this port of 127.0.0.1, or on any if it is 0.
///
/// # Panics
/// If something else holds the port for more than 5 s.
pub(super) async fn open(port: u16) -> TcpListener {
    limits::raise_open_files();
    let deadline = Instant::now() + BIND;
    loop {
        match bound(port) {
            Ok(listener) => return listener,
            Err(error) if port == 0 || Instant::now() > deadline => {
                panic!("127.0.0.1:{port} cannot be listened on: {error}")
            }
            Err(_) => sleep(BIND_AGAIN).await,
        }
    }
}

fn bound(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // A receiver that comes back finds the connections of its former life in TIME_WAIT.
    socket.set_reuseaddr(true)?;
    socket.bind(([127, 0, 0, 1], port).into())?;
    socket.listen(BACKLOG)
}

/// Accepts connections, and serves each in a task of its own, until it is stopped.
pub(super) async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    ledger: Arc<Ledger>,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let number = ledger.connected();
                let connection = serve(stream, tls.clone(), number, Arc::clone(&ledger));
                tasks.spawn(stop.clone().run_until_cancelled_owned(connection));
            }
            Err(error) => {
                ledger.note(format!("accept failed: {error}"));
                sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, number: u64, ledger: Arc<Ledger>) {
    let _ = stream.set_nodelay(true);
    let Some(acceptor) = tls else { return connection::serve(stream, number, ledger).await };
    match wire::secured(&acceptor, stream).await {
        Ok(stream) => connection::serve(stream, number, ledger).await,
        Err(error) => ledger.note(format!("no TLS on connection {number}: {error}")),
    }
}
