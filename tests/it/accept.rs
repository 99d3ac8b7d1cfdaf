//! What is answered to who offers a message, by ingress and by control alike.
//!
//! `refusals` and `tokens` are what is refused and with which words; `hostile` and `resources` look
//! for what they forgot; `repeats` are messages offered twice, and `cluster` to several brokers;
//! `outage` is when the broker cannot store. `batch` is many at once, `inline` the application that
//! comes along, `labels` what else may be said of a message.

mod batch;
mod cluster;
mod hostile;
mod inline;
mod labels;
mod outage;
mod refusals;
mod repeats;
mod resources;
mod stage;
mod surface;
mod theatre;
mod tokens;

use serde_json::json;

use self::stage::Stage;

#[tokio::test]
async fn the_answer_repeats_the_payload_without_touching_a_number() {
    let stage = Stage::start(&[]).await;
    let payload = r#"{ "amount" : 12345678901234567890.10,
        "tiny":1e-400, "a\u002fb":"\/ \"" , "no": [ ] }"#;
    let compact = r#"{"amount":12345678901234567890.10,"tiny":1e-400,"a\u002fb":"\/ \"","no":[]}"#;
    let body = format!(r#"{{"eventType":"a.b","eventId":null,"payload":{payload}}}"#);
    for surface in stage.surfaces {
        let heard = surface.send(&stage.message().body(body.clone())).await;
        let answer = heard.expect(202);
        assert!(heard.body.contains(&format!(r#""payload":{compact}"#)), "{heard:?}");
        assert!(answer["id"].as_str().unwrap().starts_with("msg_"), "{answer}");
        assert_eq!(answer["eventType"], "a.b");
        assert!(answer["timestamp"].as_str().unwrap().ends_with('Z'), "{answer}");
    }
}

#[tokio::test]
async fn the_payload_is_left_out_where_it_is_not_wanted() {
    let stage = Stage::start(&[]).await;
    let [with, without] = ["true", "false"]
        .map(|wanted| stage.message().target(format!("{}?with_content={wanted}", stage.path())));
    for surface in stage.surfaces {
        assert_eq!(surface.send(&with).await.expect(202)["payload"], json!({ "amount": 10 }));
        assert_eq!(surface.send(&without).await.expect(202)["payload"], json!({}));
        // A repeat is answered as its first was.
        let repeat = without.clone().key(surface.name);
        let ids = [surface.send(&repeat).await, surface.send(&repeat).await].map(|heard| {
            assert_eq!(heard.expect(202)["payload"], json!({}));
            heard.accepted()
        });
        assert_eq!(ids[0], ids[1]);
    }
}

#[tokio::test]
async fn a_slash_at_the_end_and_unknown_parameters_change_nothing() {
    let stage = Stage::start(&[]).await;
    for surface in stage.surfaces {
        for tail in ["/", "//", "/?with_content=true", "?unknown=%00", "/?"] {
            let ask = stage.message().target(stage.path() + tail);
            surface.send(&ask).await.expect(202);
        }
    }
    assert_eq!(stage.stored().await, 10);
}
