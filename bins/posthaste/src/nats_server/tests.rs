//! Against a real server: `NATS_SERVER`, or the one that the tests' set-up fetched.

use super::*;

/// The nats-server that the tests run.
fn binary() -> PathBuf {
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/nats-server");
    let named = std::env::var_os("NATS_SERVER").map(PathBuf::from);
    let named = named.or_else(|| fetched.is_file().then_some(fetched));
    find(named.as_deref()).expect("run ./tests/run once, which fetches a nats-server")
}

#[tokio::test]
async fn one_store_has_one_server_and_outlives_it() {
    let home = tempfile::tempdir().unwrap();
    let first = NatsServer::start(&binary(), home.path(), 0).await.unwrap();
    let address = first.url().strip_prefix("nats://").unwrap().to_owned();
    drop(tokio::net::TcpStream::connect(&address).await.unwrap());

    match NatsServer::start(&binary(), home.path(), 0).await {
        Err(NatsServerError::InUse { process, .. }) => {
            assert_eq!(process, format!(" (process {})", first.pid().unwrap()));
        }
        other => panic!("{other:?}"),
    }

    first.stop().await;
    assert!(tokio::net::TcpStream::connect(&address).await.is_err());
    let log = std::fs::read_to_string(home.path().join("nats.log")).unwrap();
    assert!(log.contains("Server Exiting"), "a graceful stop: {log}");

    let third = NatsServer::start(&binary(), home.path(), 0).await.unwrap();
    assert!(third.pid().is_some());
}

#[tokio::test]
async fn a_server_that_outlives_its_owner_keeps_its_store() {
    let home = tempfile::tempdir().unwrap();
    let NatsServer { child: orphan, _lock, .. } =
        NatsServer::start(&binary(), home.path(), 0).await.unwrap();
    drop(_lock);
    let second = NatsServer::start(&binary(), home.path(), 0).await;
    assert!(matches!(second, Err(NatsServerError::InUse { .. })), "{second:?}");
    drop(orphan);
    assert!(NatsServer::start(&binary(), home.path(), 0).await.is_ok());
}

#[tokio::test]
async fn its_last_words_say_why_it_does_not_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let home = tempfile::tempdir().unwrap();
    match NatsServer::start(&binary(), home.path(), port).await {
        Err(NatsServerError::Ended(words)) => assert!(words.contains(&port.to_string()), "{words}"),
        other => panic!("{other:?}"),
    }
    let not_a_server = NatsServer::start(Path::new("/bin/true"), home.path(), 0).await;
    assert!(matches!(not_a_server, Err(NatsServerError::Ended(_))), "{not_a_server:?}");
}
