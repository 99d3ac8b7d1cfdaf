//! The database server of a test, tried by itself.

use tokio::net::TcpStream;

use super::*;

async fn execute(server: &Postgres, sql: &str) {
    wire::execute(server.port, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// What the server says to a command that must fail.
async fn refusal(server: &Postgres, sql: &str) -> String {
    wire::execute(server.port, sql).await.expect_err(sql).to_string()
}

#[tokio::test]
async fn comes_back_on_the_same_port_with_what_it_held() {
    let mut server = Postgres::start().await;
    let url = server.url();
    execute(&server, "CREATE TABLE kept AS SELECT 1 AS number").await;

    let first = server.pid();
    server.kill();
    assert_eq!(server.pid(), None);
    assert!(TcpStream::connect(("127.0.0.1", server.port)).await.is_err());
    server.restart().await;

    assert_eq!(server.url(), url);
    assert_ne!(server.pid(), first);
    execute(&server, "SELECT number FROM kept").await;
    assert!(refusal(&server, "SELECT number FROM lost").await.starts_with("42P01: "));
    assert!(server.log().contains("automatic recovery in progress"), "{}", server.log());
}

#[tokio::test]
async fn has_as_many_databases_as_are_asked_for() {
    let server = Postgres::start().await;
    let host = format!("postgres://postgres@127.0.0.1:{}", server.port);
    assert_eq!(server.url(), format!("{host}/postgres"));
    assert_eq!(server.database("of my own").await, format!("{host}/of my own"));
    assert_eq!(server.fresh_database().await, format!("{host}/fresh_1"));
    assert_eq!(server.fresh_database().await, format!("{host}/fresh_2"));
    for name in ["of my own", "fresh_1", "fresh_2"] {
        let said = refusal(&server, &format!("CREATE DATABASE \"{name}\"")).await;
        assert!(said.starts_with("42P04: "), "{said}");
    }
}

#[tokio::test]
async fn syncs_what_it_commits_and_stores_text_as_utf_8() {
    let server = Postgres::start().await;
    let holds = "DO $$ BEGIN
        ASSERT current_setting('fsync') = 'on' AND current_setting('synchronous_commit') = 'on';
        ASSERT current_setting('server_encoding') = 'UTF8';
        ASSERT current_setting('server_version_num')::int >= 150000;
    END $$";
    execute(&server, holds).await;
    let said =
        refusal(&server, "DO $$ BEGIN ASSERT current_setting('fsync') = 'off'; END $$").await;
    assert!(said.starts_with("P0004: "), "{said}");
}

#[tokio::test]
async fn takes_its_sessions_with_it() {
    let mut server = Postgres::start().await;
    let port = server.port;
    let session = tokio::spawn(async move { wire::execute(port, "SELECT pg_sleep(3600)").await });
    let seen = "DO $$ BEGIN
        WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%') LOOP
            PERFORM pg_stat_clear_snapshot();
        END LOOP;
    END $$";
    execute(&server, seen).await;
    server.kill();
    assert!(session.await.unwrap().is_err());
}

#[tokio::test]
async fn leaves_nothing_behind() {
    let server = Postgres::start().await;
    let home = server.home.path().to_owned();
    let port = server.port;
    let pid_file = std::fs::read_to_string(home.join("data/postmaster.pid")).unwrap();
    let segment = pid_file.lines().nth(6).unwrap().split_whitespace().nth(1).unwrap().to_owned();
    assert!(segments().contains(&segment));
    drop(server);
    assert!(!home.exists());
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
    assert!(!segments().contains(&segment));

    let mut server = Postgres::start().await;
    let before = server.home.path().join("data/postmaster.pid");
    let pid_file = std::fs::read_to_string(before).unwrap();
    let segment = pid_file.lines().nth(6).unwrap().split_whitespace().nth(1).unwrap().to_owned();
    server.kill();
    assert!(!segments().contains(&segment));
}

/// The ids of the machine's segments of shared memory.
fn segments() -> Vec<String> {
    let table = std::fs::read_to_string("/proc/sysvipc/shm").unwrap();
    table.lines().filter_map(|line| Some(line.split_whitespace().nth(1)?.to_owned())).collect()
}

#[tokio::test]
async fn waits_for_its_port_when_somebody_holds_it() {
    let mut server = Postgres::start().await;
    server.kill();
    let holder = tokio::net::TcpListener::bind(("127.0.0.1", server.port)).await.unwrap();
    let deadline = Instant::now() + START_UP;
    let taken = boot(&server.home, server.account, server.port, &server.log, deadline).await;
    assert!(taken.is_none());
    drop(holder);
    server.restart().await;
    assert!(server.pid().is_some());
}
