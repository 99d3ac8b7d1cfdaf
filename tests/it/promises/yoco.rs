//! What Yoco promised, but for the schedule and for its API of registrations.

mod answers;
mod body;
mod documented;
mod reach;

const PROFILE: &str = "yoco@1";
const PAID: &str = "payment.succeeded";
