//! The only place that dials a receiver.
//!
//! One request on its way: [`Client::send`] judges the URL's host by the [`Guard`], dials only
//! addresses that the guard permits, sends, reads a bounded part of the answer, and hands back an
//! [`Outcome`], whose [`verdict`](Outcome::verdict) is a pure function.
//!
//! # Invariants
//! - No connection is made to an address that the guard has not permitted. Literal addresses are
//!   judged before the request, resolved ones between lookup and dialling, and what was judged is
//!   what is dialled: there is no second lookup for a name server to answer differently.
//! - One absolute deadline covers lookup, connection, TLS, and the answer's head and body.
//! - A request is sent once. Redirects are not followed, answers are not decompressed, proxies in
//!   the environment are not used, cookies are not kept.
//! - Nothing that a receiver answers can make a [`Refusal`](posthaste_domain::Refusal), but for a
//!   410 where the [`AnswerRules`] take it as final: a delivery is refused only for what is known
//!   before its request is written.
//! - TLS is 1.2 or newer and every certificate is verified, whatever the [`Transport`].
//!
//! Absent: retries, signatures, and any knowledge of endpoints other than their URL.

mod answer;
mod classify;
mod client;
mod clients;
mod config;
mod guard;
mod outcome;
mod resolver;
mod settings;
mod tls;
mod trouble;
mod verifier;

pub use answer::Answer;
pub use client::Client;
pub use config::{ClientError, OutboundConfig};
pub use guard::Guard;
pub use outcome::{Outcome, SendError};
pub use posthaste_domain::{
    AnswerRules, HeaderCase, OnGone, RetryAfterRule, StatusSet, StatusSetError, TlsVersions,
    Transport,
};
pub use settings::{KEYS, Settings};
pub use tls::TlsError;
pub use trouble::TlsTrouble;
