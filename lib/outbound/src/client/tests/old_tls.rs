//! A receiver that speaks one version of TLS which our own TLS library never learnt.

use std::{env, net::SocketAddr, path::PathBuf, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use super::{AMPLE, authority::Identity};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/client/tests/old_tls.py");

/// A Python process, killed with this.
pub(super) struct OldTls {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    addr: SocketAddr,
}

impl OldTls {
    /// Speaks TLS `version` only, `1.0` or `1.1`, and has seen to it that it can.
    pub(super) async fn start(version: &str, identity: &Identity) -> Self {
        let mut child = Command::new(python())
            .args([SCRIPT, version])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(identity.pem().as_bytes()).await.unwrap();
        drop(stdin);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = next(&mut lines).await;
        let port: u16 = ready.strip_prefix("listening ").unwrap().parse().unwrap();
        Self { _child: child, lines, addr: ([127, 0, 0, 1], port).into() }
    }

    pub(super) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What became of the next connection.
    pub(super) async fn report(&mut self) -> String {
        next(&mut self.lines).await
    }
}

async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    let line = timeout(AMPLE, lines.next_line()).await.expect("the receiver says nothing").unwrap();
    line.expect("the receiver has ended; stderr says why")
}

fn python() -> PathBuf {
    let named = env::var_os("POSTHASTE_PYTHON").filter(|path| !path.is_empty());
    let fetched = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/tools/python");
    let python = named.map_or_else(|| fetched.into(), PathBuf::from);
    assert!(
        python.is_file(),
        "{} is missing: run ./tests/run once, which fetches it, or set POSTHASTE_PYTHON",
        python.display()
    );
    python
}
