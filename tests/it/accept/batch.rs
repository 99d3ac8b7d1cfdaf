//! Many messages in one request.

use serde_json::{Value, json};

use super::{stage::Stage, surface::Ask};

fn batch(stage: &Stage, messages: &Value) -> Ask {
    let body = json!({ "messages": messages });
    stage.message().target(stage.path() + "/batch").json(&body)
}

fn good(n: u64) -> Value {
    json!({ "eventType": "chargeback.created", "payload": { "n": n } })
}

#[tokio::test]
async fn each_message_has_its_own_answer_and_those_answered_202_are_stored() {
    let stage = Stage::start(&[]).await;
    for (round, surface) in stage.surfaces.iter().enumerate() {
        let named = json!({ "eventType": "a", "payload": {}, "eventId": format!("e{round}") });
        let messages = json!([good(0), { "eventType": "no spaces", "payload": {} }, named, named,
            7, good(1)]);
        let answer = surface.send(&batch(&stage, &messages)).await.expect(200);
        let results = answer["data"].as_array().unwrap();
        let mut statuses: Vec<_> =
            results.iter().map(|result| result["status"].as_u64().unwrap()).collect();
        // Of two with one `eventId` either may be the first.
        statuses[2..4].sort_unstable();
        assert_eq!(statuses, [202, 422, 202, 409, 422, 202]);
        assert_eq!(results[0]["message"]["payload"], json!({ "n": 0 }));
        assert_eq!(results[5]["message"]["payload"], json!({ "n": 1 }));
        assert_eq!(results[1]["error"]["detail"][0]["loc"], json!(["body", "eventType"]));
        assert_eq!(stage.stored().await, 3 * (round as u64 + 1));
    }
}

#[tokio::test]
async fn a_batch_sent_again_stores_nothing_twice() {
    let stage = Stage::start(&[]).await;
    let [control, ingress] = stage.surfaces;
    let messages: Vec<_> = (0..250).map(good).collect();
    let ask = batch(&stage, &json!(messages)).key("nightly");
    let first = ingress.send(&ask).await.expect(200);
    assert_eq!(first["data"].as_array().unwrap().len(), 250);
    assert_eq!(control.send(&ask).await.expect(200), first);
    assert_eq!(stage.stored().await, 250);
}

#[tokio::test]
async fn none_and_too_many_are_refused_as_a_whole() {
    let stage = Stage::start(&[]).await;
    let many: Vec<_> = (0..251).map(good).collect();
    for surface in stage.surfaces {
        for messages in [json!([]), json!(many)] {
            let refused = surface.send(&batch(&stage, &messages)).await.expect(422);
            assert_eq!(refused["detail"][0]["loc"], json!(["body", "messages"]));
        }
        let unknown = batch(&stage, &json!([good(1)])).target("/api/v1/app/nobody/msg/batch");
        surface.send(&unknown).await.expect(404);
    }
    assert_eq!(stage.stored().await, 0);
}
