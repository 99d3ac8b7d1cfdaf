//! What receivers were promised, line by line, against the running system and real receivers.
//!
//! A test's name begins with the promises that it holds; `tests/requirements` has their words.

mod bed;
mod judge;
mod justt;
mod justwallet;
mod kloutit;
mod sample;
mod yoco;
