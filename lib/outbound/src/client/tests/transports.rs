//! What a transport changes on the wire, and which transports share connections.

use tokio::join;

use super::{answers::NO_CONTENT, receiver::Receiver, *};
use crate::HeaderCase;

fn title() -> Transport {
    Transport { header_case: HeaderCase::Title, ..Transport::default() }
}

#[tokio::test]
async fn header_names_are_capitalised_when_asked() {
    let receiver = Receiver::bind().await;
    let client = client(loopback());
    let url = receiver.url();
    let receiving = async {
        let mut connection = receiver.accept().await;
        let head = connection.request().await.unwrap();
        connection.write(NO_CONTENT).await.unwrap();
        head
    };
    let transport = title();
    let (outcome, head) = join!(post_by(&client, &url, AMPLE, &transport), receiving);
    assert_eq!(verdict(&outcome), Verdict::Delivered { status: 204 });
    let mut names: Vec<_> =
        head.lines().skip(1).filter_map(|line| Some(line.split_once(": ")?.0)).collect();
    names.sort_unstable();
    assert_eq!(names, ["Accept", "Content-Length", "Host", "User-Agent", "Webhook-Id"]);
}

#[tokio::test]
async fn transports_share_a_connection_where_they_connect_alike() {
    let receiver = Receiver::bind().await;
    let client = client(loopback());
    let url = receiver.url();
    let alike = Transport { keep_limit: 1, read_limit: 1, ..title() };
    let sending = async {
        for transport in [&title(), &alike, &Transport::default()] {
            let outcome = post_by(&client, &url, AMPLE, transport).await;
            assert_eq!(verdict(&outcome), Verdict::Delivered { status: 204 });
        }
    };
    let receiving = async {
        let mut first = receiver.accept().await;
        for _ in 0..2 {
            assert!(first.request().await.unwrap().contains("Webhook-Id: msg_1"));
            first.write(NO_CONTENT).await.unwrap();
        }
        let mut second = receiver.accept().await;
        assert!(second.request().await.unwrap().contains("webhook-id: msg_1"));
        second.write(NO_CONTENT).await.unwrap();
    };
    join!(sending, receiving);
    assert!(receiver.untouched());
}
