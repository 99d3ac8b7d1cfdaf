//! Over a socket, with requests as the worker would send them.

use posthaste_domain::SigningSecret;
use posthaste_profile::{
    TOLERANCE, VerifyError,
    scheme::{SchemeSpec, Signed},
};

use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &str = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";

fn signed(scheme: &str, body: &[u8]) -> HeaderMap {
    let scheme = SchemeSpec::builtin(scheme).unwrap().compile().unwrap();
    let at = Timestamp::from(clock::now());
    let signed = Signed { id: ID, at, event_type: "chargeback.created", body };
    let mut headers = HeaderMap::new();
    let keys = [SigningSecret::parse(SECRET).unwrap()];
    assert_eq!(scheme.sign(keys.iter(), &signed, &mut headers), Ok(1));
    headers
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
    let verifier = Verifier::new(ExpectedScheme::Standard, SECRET, TOLERANCE).unwrap();
    for scheme in ["standard-v1", "svix"] {
        let headers = signed(scheme, b"{\"a\":1}");
        assert_eq!(post(&url, headers, "{\"a\":1}").await, StatusCode::ACCEPTED);
        let received = requests.recv().await.unwrap();
        assert_eq!(received.target, "/hook?n=1");
        assert_eq!(received.message_id(), ID);
        assert_eq!(verifier.verify(&received), Ok(()));

        let forged = Received { body: Bytes::from_static(b"{\"a\":2}"), ..received };
        assert_eq!(verifier.verify(&forged), Err(VerifyError::NoMatch));
    }
    assert_eq!(post(&url, HeaderMap::new(), "").await, StatusCode::ACCEPTED);
    let unsigned = requests.recv().await.unwrap();
    assert_eq!(unsigned.message_id(), "");
    assert_eq!(verifier.verify(&unsigned), Err(VerifyError::Missing));
    stop.cancel();
}
