//! What each try came to, many to a message.

use posthaste_bus::attempts::{self, AttemptBatch};
use posthaste_domain::{Attempt, EndpointUrl};

use super::{
    bed::{Bed, held},
    sample::attempt,
};

fn full_of(sample: impl Fn() -> Attempt) -> (AttemptBatch, Vec<Attempt>) {
    let (mut batch, mut all) = (AttemptBatch::default(), Vec::new());
    while !batch.is_full() {
        let attempt = sample();
        batch.push(&attempt).unwrap();
        all.push(attempt);
    }
    (batch, all)
}

#[tokio::test]
async fn a_batch_is_read_as_it_was_written() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let odd = || Attempt { response: "line\nbreak \u{0}\u{2028} \"q\"".into(), ..attempt() };
    let (batch, all) = full_of(odd);
    assert_eq!((batch.len(), all.len(), batch.is_empty()), (256, 256, false));
    bus.record(&batch).await.unwrap();
    let mut one = AttemptBatch::default();
    assert!(one.is_empty());
    one.push(&all[0]).unwrap();
    bus.record(&one).await.unwrap();

    assert_eq!(bus.attempts_from(0).await.unwrap(), Some((1, all.clone())));
    assert_eq!(bus.attempts_from(2).await.unwrap(), Some((2, vec![all[0].clone()])));
    assert_eq!(bus.attempts_from(3).await.unwrap(), None);
    assert_eq!(attempts::parse(b"").unwrap(), []);
    assert!(attempts::parse(b"{}\n").is_err());
}

/// However much there is to say of each, a batch that took one more than it should still fits into
/// a message.
#[tokio::test]
async fn a_full_batch_of_the_largest_attempts_is_stored() {
    let bed = Bed::start().await;
    let bus = bed.bus().await;
    let url = format!("https://example.com/{}", "a".repeat(EndpointUrl::MAX_LEN - 20));
    // Control characters take six bytes each in JSON.
    let response = "\u{1}".repeat(16 << 10);
    let large = || Attempt { url: url.clone(), response: response.clone(), ..attempt() };
    let (batch, all) = full_of(large);
    assert!(all.len() >= 3, "{}", all.len());
    bus.record(&batch).await.unwrap();
    assert_eq!(bus.attempts_from(1).await.unwrap(), Some((1, all)));
}

/// Old attempts make room for new ones; they are no reason to stop delivering.
#[tokio::test]
async fn a_full_stream_drops_its_oldest() {
    let bed = Bed::start().await;
    let mut config = bed.config();
    config.attempts.max_bytes = 1 << 20;
    let bus = bed.bus_with(config).await;
    let large = || Attempt { response: "x".repeat(16 << 10), ..attempt() };
    let (batch, _) = full_of(large);
    for _ in 0..5 {
        bus.record(&batch).await.unwrap();
    }
    let left = held(&bed.aside().await, "ATTEMPTS").await;
    assert!((1..=2).contains(&left), "{left}");
    assert_eq!(bus.attempts_from(0).await.unwrap().unwrap().0, 6 - left);
}
