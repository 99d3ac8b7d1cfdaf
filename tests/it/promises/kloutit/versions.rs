//! Versions of TLS.

use std::{
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use posthaste_testkit::{Answer, Receiver, Script};
use rustls::{
    ProtocolVersion,
    version::{TLS12, TLS13},
};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines, copy},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use super::{
    CREATED, merchant, publish_case,
    tls::{Authority, Front, HOST, Identity},
};
use crate::tool;

/// The receiver of an old version, which another test has as well.
const SCRIPT: &str = "lib/outbound/src/client/tests/old_tls.py";
/// How long it may take to start, or to say what came.
const PATIENCE: Duration = Duration::from_secs(30);

/// The kinds of TLS records in which nothing is sent for the receiver's program.
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;

/// The port of a receiver's URL.
fn port(url: &str) -> u16 {
    url.rsplit(':').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn k05_receivers_of_1_2_or_of_1_3_alone_get_events() {
    let authority = Authority::root("Authority of a test");
    let world = authority.world().await;
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    let to = port(&receiver.url());
    for (only, spoken) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)] {
        let front = Front::speaking(&[only], &authority.vouch_for_host(), to).await;
        let (merchant, _) = merchant(&world, &format!("{spoken:?}"), &front.url()).await;
        let message = publish_case(&merchant, CREATED, "1").await;
        assert_eq!(receiver.next().await.json()["eventType"], CREATED);
        let attempt = merchant.attempts(&message, 1).await.remove(0);
        assert_eq!((&attempt["status"], &attempt["attemptNumber"]), (&json!(0), &json!(1)));
        assert_eq!(front.spoken(), [spoken]);
    }
}

#[tokio::test]
async fn k05_receivers_of_1_0_and_1_1_get_nothing_and_the_record_says_why() {
    let authority = Authority::root("Authority of a test");
    let world = authority.world().await;
    for version in ["1.0", "1.1"] {
        let mut old = OldTls::start(version, &authority.vouch_for_host()).await;
        let tap = Tap::start(old.port).await;
        let url = format!("https://{HOST}:{}/hook", tap.port);
        let (merchant, _) = merchant(&world, version, &url).await;
        let message = publish_case(&merchant, CREATED, "EXP-1").await;
        assert_eq!(old.next_line().await, "refused UNSUPPORTED_PROTOCOL", "TLS {version}");
        let attempt = merchant.attempts(&message, 1).await.remove(0);
        assert_eq!(attempt["failure"], "tls", "{attempt}");
        assert_eq!(attempt["response"], "the endpoint offers no TLS 1.2 or newer", "{attempt}");
        assert_ne!(attempt["nextAttempt"], json!(null), "{attempt}");
        let kinds = tap.kinds();
        assert_eq!(kinds.iter().filter(|kind| **kind == HANDSHAKE).count(), 1, "{kinds:?}");
        assert!(kinds.iter().all(|kind| [ALERT, HANDSHAKE].contains(kind)), "{kinds:?}");
    }
}

/// A receiver in Python that speaks one old version of TLS only, and has seen to it that it can.
struct OldTls {
    port: u16,
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl OldTls {
    async fn start(version: &str, identity: &Identity) -> Self {
        let mut child = Command::new(tool::path("POSTHASTE_PYTHON", "python"))
            .arg(tool::root().join(SCRIPT))
            .arg(version)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(identity.pem().as_bytes()).await.unwrap();
        drop(stdin);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut old = Self { port: 0, lines, _child: child };
        let ready = old.next_line().await;
        old.port = ready.strip_prefix("listening ").unwrap().parse().unwrap();
        old
    }

    async fn next_line(&mut self) -> String {
        let line = timeout(PATIENCE, self.lines.next_line()).await.expect("it says nothing");
        line.unwrap().expect("it has ended; stderr says why")
    }
}

/// Passes one connection on, and keeps what its client sends.
struct Tap {
    port: u16,
    sent: Arc<Mutex<Vec<u8>>>,
}

impl Tap {
    async fn start(to: u16) -> Self {
        let listener = TcpListener::bind((HOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let sent = Arc::<Mutex<Vec<u8>>>::default();
        let kept = Arc::clone(&sent);
        tokio::spawn(async move {
            let (mut near, _) = listener.accept().await.unwrap();
            let mut far = TcpStream::connect((HOST, to)).await.unwrap();
            let (mut from, mut back) = near.split();
            let (mut answers, mut onward) = far.split();
            let keeping = async {
                let mut part = [0; 16 << 10];
                while let Ok(read @ 1..) = from.read(&mut part).await {
                    kept.lock().unwrap().extend_from_slice(&part[..read]);
                    // Either side may break off once the handshake has failed.
                    let _ = onward.write_all(&part[..read]).await;
                }
            };
            let _ = tokio::join!(keeping, copy(&mut answers, &mut back));
        });
        Self { port, sent }
    }

    /// The kind of each record of TLS that was sent.
    fn kinds(&self) -> Vec<u8> {
        let sent = self.sent.lock().unwrap();
        let (mut kinds, mut rest) = (Vec::new(), &sent[..]);
        while let [kind, _, _, high, low, tail @ ..] = rest {
            kinds.push(*kind);
            rest = tail.get(usize::from(*high) << 8 | usize::from(*low)..).unwrap_or_default();
        }
        kinds
    }
}
