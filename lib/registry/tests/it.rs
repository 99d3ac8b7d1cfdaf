//! The registry against a real broker: several processes, one truth.
//!
//! `bed` is the broker a test owns and the processes beside it. The others, in this order: what is
//! written is seen; secrets and headers are not; changes are told; uids are nobody else's; writers race; the broker crashes.

#[cfg(test)]
mod it {
    mod bed;
    mod sample;

    mod changes;
    mod crash;
    mod headers;
    mod profile;
    mod race;
    mod secret;
    mod secret_key;
    mod uid;
    mod write;
}
