//! What else may be said of a message: labels, other bodies than JSON.

use posthaste_testkit::{Answer, Receiver, Script};
use serde_json::json;

use super::stage::Stage;

#[tokio::test]
async fn labels_are_repeated_in_the_answer() {
    let stage = Stage::start(&[]).await;
    for surface in stage.surfaces {
        let body = json!({
            "eventType": "a", "payload": {}, "tags": ["batch/42", "a#b\\c"],
            "channels": ["eu:1", "a+b"], "payloadRetentionHours": 2,
        });
        let answer = surface.send(&stage.message().json(&body)).await.expect(202);
        assert_eq!(answer["tags"], body["tags"]);
        assert_eq!(answer["channels"], body["channels"]);
        assert_eq!(answer["deliverAt"], json!(null));
    }
}

#[tokio::test]
async fn a_raw_payload_arrives_byte_for_byte_under_its_content_type() {
    let stage = Stage::start(&[]).await;
    let _worker = stage.bed.worker().await;
    let receiver = Receiver::start(Script::always(Answer::OK)).await;
    stage.client.endpoint(&stage.app, &receiver.url()).await;
    for (at, surface) in stage.surfaces.iter().enumerate() {
        let xml = "<chargeback amount=\"1.10\">é</chargeback>\n";
        let body = json!({
            "eventType": "a", "payload": {},
            "transformationsParams": { "rawPayload": xml, "headers": { "content-type": "text/xml" } },
        });
        let answer = surface.send(&stage.message().json(&body)).await.expect(202);
        assert_eq!(answer["payload"], json!({ "rawPayload": xml }));
        receiver.wait_for(at + 1).await;
        let request = &receiver.received()[at];
        assert_eq!(request.body.as_ref(), xml.as_bytes());
        assert_eq!(request.header("content-type"), Some("text/xml"));
    }
}
