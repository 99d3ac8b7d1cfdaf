//! Deliveries as rows.

use posthaste_domain::{AttemptNo, EndpointId, MessageId, Timestamp};

use super::{outcome, row::Row, statement::Arg};
use crate::{
    DeliveryRow, HistoryError,
    standing::{Standing, class},
};

pub(crate) const INSERT: &str = "INSERT INTO delivery (endpoint, message, app, status, class, \
                                 last_attempt, number, last_status, next_attempt, lane, at) VALUES";
pub(crate) const REPLACE: &str = "ON CONFLICT (endpoint, message) DO UPDATE SET status = \
                                  excluded.status, class = excluded.class, last_attempt = \
                                  excluded.last_attempt, number = excluded.number, last_status = \
                                  excluded.last_status, next_attempt = excluded.next_attempt, lane \
                                  = excluded.lane, at = excluded.at";
/// What [`parse`] reads, of a delivery called `d`.
pub(crate) const COLUMNS: &str = "d.app, d.message, d.endpoint, d.status, d.last_attempt, \
                                  d.number, d.last_status, d.next_attempt, d.lane, d.at";
/// How many columns that is.
pub(crate) const WIDTH: usize = 10;

pub(crate) fn row(
    app: &str,
    endpoint: &EndpointId,
    message: &MessageId,
    standing: &Standing<'_>,
) -> Vec<Arg> {
    let decisive = standing.decisive;
    vec![
        endpoint.as_str().into(),
        message.as_str().into(),
        app.into(),
        outcome::of_delivery(standing.status).into(),
        class(decisive.status).into(),
        decisive.id.as_str().into(),
        i64::from(decisive.number.get()).into(),
        decisive.status.map(i64::from).into(),
        standing.next_attempt.map(Timestamp::micros).into(),
        decisive.lane.map(|lane| lane.as_str().to_owned()).into(),
        decisive.started_at.micros().into(),
    ]
}

/// Reads [`COLUMNS`], which begin at column `at`.
pub(crate) fn parse(row: &mut Row, at: usize) -> Result<DeliveryRow, HistoryError> {
    /// A number that no version wrote.
    #[derive(Debug, thiserror::Error)]
    #[error("{0} is no number of an attempt")]
    struct NoNumber(i64);
    let number = row.int(at + 5)?;
    let attempts = AttemptNo::parse(&number.to_string())
        .ok_or_else(|| HistoryError::Unreadable(Box::new(NoNumber(number))))?;
    Ok(DeliveryRow {
        app: row.parsed(at)?,
        message: row.parsed(at + 1)?,
        endpoint: row.parsed(at + 2)?,
        status: outcome::delivery(row.int(at + 3)?)?,
        last_attempt: row.parsed(at + 4)?,
        attempts,
        last_status: row.maybe_int(at + 6)?.and_then(|status| u16::try_from(status).ok()),
        next_attempt: row.maybe_int(at + 7)?.map(Timestamp::from_micros),
        // A lane of tomorrow is none of today's.
        lane: row.maybe_text(at + 8)?.and_then(|lane| lane.parse().ok()),
        last_attempt_at: Timestamp::from_micros(row.int(at + 9)?),
    })
}
