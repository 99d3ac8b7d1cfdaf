//! Over a socket, with requests as the worker would send them.

use posthaste_profile::signed_headers;

use super::*;

fn secret() -> SigningSecret {
    SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()
}

async fn post(url: &str, headers: HeaderMap, body: &'static str) -> StatusCode {
    // No TLS is needed here, and the client wants none set up where it is not used.
    let stream =
        tokio::net::TcpStream::connect(&url["http://".len()..url.len() - 1]).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    tokio::spawn(connection);
    let mut request = http::Request::post("/hook?n=1").header("host", "x");
    request.headers_mut().unwrap().extend(headers);
    let request = request.body(http_body_util::Full::new(Bytes::from(body))).unwrap();
    sender.send_request(request).await.unwrap().status()
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
