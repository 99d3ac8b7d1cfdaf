//! What Justt promised.

mod answers;
mod body;
mod subscription;
mod target;

const CREATED: &str = "chargeback.created";
const UPDATED: &str = "chargeback.updated";
const PROFILE: &str = "justt@1";
