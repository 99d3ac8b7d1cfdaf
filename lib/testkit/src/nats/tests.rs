//! The broker of a test, tried by itself.

use tokio::io::{AsyncWriteExt, Lines};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::*;

/// As much of the NATS protocol as it takes to ask JetStream something.
struct Client {
    lines: Lines<BufReader<OwnedReadHalf>>,
    writer: OwnedWriteHalf,
}

impl Client {
    async fn connect(server: &NatsServer) -> Self {
        let (reader, mut writer) =
            TcpStream::connect(("127.0.0.1", server.port)).await.unwrap().into_split();
        writer.write_all(b"CONNECT {\"verbose\":false}\r\nSUB answers 1\r\n").await.unwrap();
        Self { lines: BufReader::new(reader).lines(), writer }
    }

    async fn ask(&mut self, subject: &str, body: &str) -> Value {
        let question = format!("PUB {subject} answers {}\r\n{body}\r\n", body.len());
        self.writer.write_all(question.as_bytes()).await.unwrap();
        loop {
            let line =
                self.lines.next_line().await.unwrap().expect("the server keeps the connection");
            if line.starts_with("MSG ") {
                return serde_json::from_str(&self.lines.next_line().await.unwrap().unwrap())
                    .unwrap();
            }
        }
    }
}

const STREAM: &str = r#"{"name":"KEPT","subjects":["kept"],"storage":"file"}"#;

#[tokio::test]
async fn comes_back_on_the_same_port_with_what_it_held() {
    let mut server = NatsServer::start().await;
    let url = server.url();
    let mut client = Client::connect(&server).await;
    let created = client.ask("$JS.API.STREAM.CREATE.KEPT", STREAM).await;
    assert_eq!(created["did_create"], true, "{created}");
    assert_eq!(client.ask("kept", "before the crash").await["seq"], 1);

    let first = server.pid();
    server.kill();
    assert_eq!(server.pid(), None);
    assert!(TcpStream::connect(("127.0.0.1", server.port)).await.is_err());
    server.restart().await;

    assert_eq!(server.url(), url);
    assert_ne!(server.pid(), first);
    let mut client = Client::connect(&server).await;
    let info = client.ask("$JS.API.STREAM.INFO.KEPT", "").await;
    assert_eq!(info["state"]["messages"], 1, "{info}");

    server.stop().await;
    assert!(server.log().contains("Server Exiting"), "{}", server.log());
    server.restart().await;
    let info = Client::connect(&server).await.ask("$JS.API.STREAM.INFO.KEPT", "").await;
    assert_eq!(info["state"]["messages"], 1, "{info}");
}

#[tokio::test]
async fn keeps_to_its_settings() {
    let settings = NatsSettings {
        max_payload: 2048,
        sync_interval: Some(SyncInterval::Always),
        max_file_store: Some(10 << 20),
        extra: "server_name: chosen".to_owned(),
    };
    let server = NatsServer::start_with(settings).await;
    let mut client = Client::connect(&server).await;
    let info = client.lines.next_line().await.unwrap().unwrap();
    assert!(
        info.contains(r#""max_payload":2048"#) && info.contains(r#""server_name":"chosen""#),
        "{info}"
    );
    let account = client.ask("$JS.API.INFO", "").await;
    assert!(account["error"].is_null(), "{account}");
    assert!(server.log().contains("Max Storage:     10.00 MB"), "{}", server.log());
}

#[test]
fn syncs_when_it_is_told_to() {
    let synced = |sync_interval| {
        let settings = NatsSettings { sync_interval, ..NatsSettings::default() };
        let config = settings.config(4222, std::path::Path::new("/store"));
        config
            .split_once("sync_interval: ")
            .map(|(_, rest)| rest.split(' ').next().unwrap().to_owned())
    };
    assert_eq!(synced(None), None);
    assert_eq!(synced(Some(SyncInterval::Always)).as_deref(), Some("always"));
    let often = SyncInterval::Every(Duration::from_secs(1));
    assert_eq!(synced(Some(often)).as_deref(), Some("\"1000ms\""));
}

#[tokio::test]
async fn leaves_nothing_behind() {
    let server = NatsServer::start().await;
    let home = server.home.path().to_owned();
    let port = server.port;
    assert!(server.store_dir().starts_with(&home) && server.store_dir().is_dir());
    drop(server);
    assert!(!home.exists());
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
#[should_panic(expected = "nats-server ended instead of starting")]
async fn says_why_it_did_not_start() {
    let settings =
        NatsSettings { extra: "no_such_setting: 1".to_owned(), ..NatsSettings::default() };
    NatsServer::start_with(settings).await;
}

#[tokio::test]
async fn waits_for_its_port_when_somebody_holds_it() {
    let mut server = NatsServer::start().await;
    server.kill();
    let holder = tokio::net::TcpListener::bind(("127.0.0.1", server.port)).await.unwrap();
    let deadline = Instant::now() + START_UP;
    let taken = boot(&server.home, &server.settings, server.port, &server.log, deadline).await;
    assert!(taken.is_none());
    drop(holder);
    server.restart().await;
    assert!(server.pid().is_some());
}
