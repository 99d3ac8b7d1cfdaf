//! The bus against a real broker, which is killed, frozen, filled and restarted along the way.
//!
//! `bed` is the broker a test owns and `sample` what it puts into it. Every other module is one
//! part of the bus, in the order of an event's way.

#[cfg(test)]
mod it {
    mod bed;
    mod sample;
    mod sent;

    mod attempts;
    mod bucket;
    mod connection;
    mod dead_letters;
    mod deliveries;
    mod events;
    mod intake;
    mod overdue;
    mod parked;
    mod restart;
    mod silence;
    mod tail;
    mod topology;
}
