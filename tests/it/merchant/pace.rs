//! How often may be asked whether an event is ours.

use super::verification::Asked;
use crate::bed;

#[tokio::test]
async fn k13_who_asks_too_often_waits_and_nobody_else_does() {
    let settings = [("POSTHASTE_CONTROL_VERIFY_PER_SECOND", "2")];
    let asked = Asked::begin(&settings).await;
    let Asked { platform, program, received, .. } = &asked;
    let other = platform.merchant(Some("kloutit@1")).await;
    let other = platform.program(&other, "live").await;
    let mut taken = 0;
    // Twice the rate at once, and then the rate.
    let refused = loop {
        let told = program.asks(received.body.to_vec()).await;
        if told.status != 200 {
            break told;
        }
        taken += 1;
        assert!(taken < 1_000, "nothing bounds it");
    };
    assert!(taken >= 4, "{taken}");
    refused.complains(429, "too_many_requests");
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(other.asks("{}").await.status, 400);
    // Registering is another matter.
    assert!(program.list().await.len() == 1);
    bed::until("it may ask again", || async {
        program.asks(received.body.to_vec()).await.status == 200
    })
    .await;
}
