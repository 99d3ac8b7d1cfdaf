//! The registry against a real broker: several processes, one truth.
//!
//! `bed` is the broker a test owns and the processes beside it. The others, in this order: what is
//! written is seen; secrets are not; uids are nobody else's; writers race; the broker crashes.

#[cfg(test)]
mod it {
    mod bed;
    mod sample;

    mod crash;
    mod race;
    mod secret;
    mod uid;
    mod write;
}
