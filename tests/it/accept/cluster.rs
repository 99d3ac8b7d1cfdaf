//! Three brokers that hold every stream between them, as in production.

use std::collections::BTreeSet;

use posthaste_testkit::{NatsServer, NatsSettings, free_port, get};
use tokio::task::JoinSet;

use super::stage::Stage;
use crate::bed;

/// Three servers of one cluster, ready for streams.
async fn cluster() -> Vec<NatsServer> {
    let routes = [(); 3].map(|()| free_port());
    let list = routes.map(|port| format!("nats-route://127.0.0.1:{port}")).join(", ");
    let mut servers = Vec::new();
    for (n, route) in routes.into_iter().enumerate() {
        let health = free_port();
        let extra = format!(
            "server_name: n{n}\nhttp: 127.0.0.1:{health}\n\
             cluster {{ name: test, listen: 127.0.0.1:{route}, routes: [{list}] }}"
        );
        let server = NatsServer::start_with(NatsSettings { extra, ..<_>::default() }).await;
        servers.push((server, format!("http://127.0.0.1:{health}/healthz")));
    }
    for (_, health) in &servers {
        let healthy = || async { matches!(get(health).await, Ok((200, _))) };
        bed::until("a cluster with a leader", healthy).await;
    }
    servers.into_iter().map(|(server, _)| server).collect()
}

#[tokio::test]
async fn repeats_that_overtake_the_replicas_are_one_message_too() {
    let servers = cluster().await;
    let urls = servers.iter().map(NatsServer::url).collect::<Vec<_>>().join(",");
    let settings = [("POSTHASTE_NATS_URLS", &*urls), ("POSTHASTE_NATS_REPLICAS", "3")];
    let stage = Stage::start(&settings).await;
    let mut offers = JoinSet::new();
    for n in 0..100 {
        let (surface, ask) = (stage.surfaces[n % 2], stage.message().key("once"));
        offers.spawn(async move { surface.send(&ask).await.accepted() });
    }
    let ids = BTreeSet::from_iter(offers.join_all().await);
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(stage.stored().await, 1);
}
