//! Over a socket, with requests as the worker would send them.

use posthaste_profile::signed_headers;

use super::*;

fn secret() -> SigningSecret {
    SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()
}

async fn post(url: &str, headers: HeaderMap, body: &'static str) -> StatusCode {
    let client = crate::api_client::plain_client(std::time::Duration::from_secs(20), 1).unwrap();
    let request = client.post(format!("{url}hook?n=1")).headers(headers).body(body);
    request.send().await.unwrap().status()
}

#[tokio::test]
async fn requests_are_answered_handed_on_and_verified() {
    let receiver = Receiver::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let url = receiver.url();
    let stop = CancellationToken::new();
    let mut requests = receiver.serve(StatusCode::ACCEPTED, stop.clone());
    let id = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk".parse().unwrap();
    for names in [HeaderNames::Webhook, HeaderNames::Svix] {
        let now = Timestamp::from(clock::now());
        let headers = signed_headers(names, &id, now, [secret()].iter(), b"{\"a\":1}");
        assert_eq!(post(&url, headers, "{\"a\":1}").await, StatusCode::ACCEPTED);
        let received = requests.recv().await.unwrap();
        assert_eq!(received.target, "/hook?n=1");
        assert_eq!(received.message_id(), id.as_str());
        assert_eq!(received.verify(&secret()), Ok(()));

        let forged = Received { body: Bytes::from_static(b"{\"a\":2}"), ..received };
        assert_eq!(forged.verify(&secret()), Err(VerifyError::NoMatch));
    }
    assert_eq!(post(&url, HeaderMap::new(), "").await, StatusCode::ACCEPTED);
    let unsigned = requests.recv().await.unwrap();
    assert_eq!(unsigned.verify(&secret()), Err(VerifyError::Timestamp));
    stop.cancel();
}
