//! Questions about dead letters.

use posthaste_domain::{AttemptNo, DeadLetterId, OrgId, Timestamp};

use super::{
    engine::Engine,
    list::{Leg, Walk, distinct, one_of},
    outcome,
    row::Row,
    statement::Statement,
};
use crate::{DeadLetterFilter, DeadLetterRow, DeadLetterState, HistoryError, Page, PageOf};

/// What [`parse`] reads, of a letter called `x`.
const COLUMNS: &str = "SELECT x.id, x.seq, x.org, x.app, x.endpoint, x.message, x.event_type, \
                       x.reason, x.url, x.attempts, x.run_start, x.last_status, x.died_at, x.state";

pub(crate) async fn list(
    engine: &dyn Engine,
    org: &OrgId,
    filter: &DeadLetterFilter,
    page: &Page,
) -> Result<PageOf<DeadLetterRow>, HistoryError> {
    let walk = Walk::new(page, filter.range, |at| DeadLetterId::floor(at).to_string());
    let statement = walk.statement(COLUMNS, &legs(org, filter), |end| {
        end.push("CROSS JOIN dead_letter x WHERE x.id = found.key");
    });
    let rows = engine.fetch(statement).await?;
    walk.page(rows, parse)
}

/// Each event type is a leg of its own; whatever else is asked has an index that begins with it.
fn legs<'a>(org: &'a OrgId, filter: &'a DeadLetterFilter) -> Vec<Leg<'a>> {
    let rest = move |statement: &mut Statement| {
        if let Some(app) = &filter.app {
            statement.bind(" AND x.app = ", app.as_str());
        }
        if let Some(endpoint) = &filter.endpoint {
            statement.bind(" AND x.endpoint = ", endpoint.as_str());
        }
        if let Some(reason) = &filter.reason {
            statement.bind(" AND x.reason = ", reason.as_str());
        }
        if let Some(state) = filter.state {
            statement.bind(" AND x.state = ", outcome::of_letter(state));
        }
    };
    let is_narrowed = filter.app.is_some() || filter.endpoint.is_some();
    if filter.event_types.is_empty() || is_narrowed {
        return vec![Leg::new("x.id", move |statement| {
            statement.bind("FROM dead_letter x WHERE x.org = ", org.as_str());
            rest(statement);
            let types = filter.event_types.iter().map(|one| one.as_str().into());
            one_of(statement, "x.event_type", types);
        })];
    }
    let legs = distinct(&filter.event_types).into_iter().map(|event_type| {
        Leg::new("x.id", move |statement: &mut Statement| {
            statement.bind("FROM dead_letter x WHERE x.org = ", org.as_str());
            statement.bind(" AND x.event_type = ", event_type.as_str());
            rest(statement);
        })
    });
    legs.collect()
}

pub(crate) async fn one(
    engine: &dyn Engine,
    org: &OrgId,
    id: &DeadLetterId,
) -> Result<Option<DeadLetterRow>, HistoryError> {
    let mut statement = Statement::new(COLUMNS);
    statement.bind(" FROM dead_letter x WHERE x.id = ", id.as_str());
    statement.bind(" AND x.org = ", org.as_str());
    engine.fetch(statement).await?.into_iter().next().map(parse).transpose()
}

pub(crate) async fn mark(
    engine: &dyn Engine,
    id: &DeadLetterId,
    state: DeadLetterState,
) -> Result<(), HistoryError> {
    let mut statement = Statement::default();
    statement.bind("UPDATE dead_letter SET state = ", outcome::of_letter(state));
    statement.bind(" WHERE id = ", id.as_str());
    let mut transaction = engine.begin().await?;
    transaction.execute(statement).await?;
    transaction.commit().await
}

fn parse(mut row: Row) -> Result<DeadLetterRow, HistoryError> {
    let row = &mut row;
    let org = row.maybe_text(2)?.map(|org| org.parse());
    let event_type = row.maybe_text(6)?.map(|name| name.parse());
    let run_start = row.text(10)?;
    Ok(DeadLetterRow {
        id: row.parsed(0)?,
        seq: row.int(1)?.unsigned_abs(),
        org: org.transpose().map_err(unreadable)?,
        app: row.parsed(3)?,
        endpoint: row.parsed(4)?,
        message: row.parsed(5)?,
        event_type: event_type.transpose().map_err(unreadable)?,
        reason: row.text(7)?,
        url: row.maybe_text(8)?,
        attempts: u32::try_from(row.int(9)?).unwrap_or(u32::MAX),
        run_start: AttemptNo::parse(&run_start).unwrap_or(AttemptNo::FIRST),
        last_status: row.maybe_int(11)?.and_then(|status| u16::try_from(status).ok()),
        died_at: Timestamp::from_micros(row.int(12)?),
        state: outcome::letter(row.int(13)?)?,
    })
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> HistoryError {
    HistoryError::Unreadable(Box::new(error))
}
