//! Removes what is older than it may be, a bounded number of rows at a time.

use posthaste_domain::{Attempt, AttemptId, DeadLetterId, Event, MessageId, Timestamp};

use super::{
    engine::{Engine, Transaction, execute_all},
    label::Label,
    record::read,
    statement::{Arg, Statement},
};
use crate::{Forgotten, HistoryError, Retention};

/// The most rows of one kind that a round removes: what one transaction may hold up.
const ROUND: usize = 5_000;
/// How many rows one statement names.
const NAMED_AT_ONCE: usize = 500;

pub(crate) async fn forget(
    engine: &dyn Engine,
    now: Timestamp,
    retention: Retention,
) -> Result<Forgotten, HistoryError> {
    let mut transaction = engine.begin().await?;
    let transaction_ref = &mut *transaction;
    let payloads = payloads(transaction_ref, now).await?;
    let responses = responses(transaction_ref, now - retention.responses).await?;
    let oldest = now - retention.metadata;
    let messages = messages(transaction_ref, oldest).await?;
    let attempts = attempts(transaction_ref, oldest).await?;
    let deliveries = deliveries(transaction_ref, oldest).await?;
    let letters = dead_letters(transaction_ref, oldest).await?;
    transaction.commit().await?;
    let full = ROUND as u64;
    let all = [payloads, responses, messages, attempts, deliveries, letters];
    Ok(Forgotten {
        contents: payloads + responses,
        rows: messages + attempts + deliveries + letters,
        more: all.into_iter().any(|count| count >= full),
    })
}

async fn payloads(transaction: &mut dyn Transaction, now: Timestamp) -> Result<u64, HistoryError> {
    let mut statement = Statement::new("DELETE FROM payload WHERE message IN (SELECT message FROM");
    statement.bind(" payload WHERE expires_at < ", now.micros());
    statement.push(&format!(" ORDER BY expires_at LIMIT {ROUND})"));
    transaction.execute(statement).await
}

async fn responses(
    transaction: &mut dyn Transaction,
    oldest: Timestamp,
) -> Result<u64, HistoryError> {
    below(transaction, "response", "attempt", AttemptId::floor(oldest).as_str()).await
}

async fn dead_letters(
    transaction: &mut dyn Transaction,
    oldest: Timestamp,
) -> Result<u64, HistoryError> {
    below(transaction, "dead_letter", "id", DeadLetterId::floor(oldest).as_str()).await
}

async fn below(
    transaction: &mut dyn Transaction,
    table: &str,
    key: &str,
    floor: &str,
) -> Result<u64, HistoryError> {
    let mut statement =
        Statement::new(&format!("DELETE FROM {table} WHERE {key} IN (SELECT {key}"));
    statement.push(&format!(" FROM {table}")).bind(&format!(" WHERE {key} < "), floor);
    statement.push(&format!(" ORDER BY {key} LIMIT {ROUND})"));
    transaction.execute(statement).await
}

async fn messages(
    transaction: &mut dyn Transaction,
    oldest: Timestamp,
) -> Result<u64, HistoryError> {
    let events: Vec<Event> =
        oldest_of(transaction, "message", "event", MessageId::floor(oldest).as_str()).await?;
    for some in events.chunks(NAMED_AT_ONCE) {
        let labels = some.iter().flat_map(|event| {
            Label::rows(event.app.as_str(), event.id.as_str(), &event.channels, &event.tags)
        });
        unlabel(transaction, "message_label (app, kind, label, message)", labels.collect()).await?;
        let ids: Vec<_> = some.iter().map(|event| event.id.as_str()).collect();
        delete(transaction, "payload", "message", &ids).await?;
        delete(transaction, "message", "id", &ids).await?;
    }
    Ok(events.len() as u64)
}

async fn attempts(
    transaction: &mut dyn Transaction,
    oldest: Timestamp,
) -> Result<u64, HistoryError> {
    let attempts: Vec<Attempt> =
        oldest_of(transaction, "attempt", "attempt", AttemptId::floor(oldest).as_str()).await?;
    for some in attempts.chunks(NAMED_AT_ONCE) {
        let labels = some.iter().flat_map(|one| {
            Label::rows(one.endpoint.as_str(), one.id.as_str(), &one.channels, &one.tags)
        });
        let labels = labels.collect();
        unlabel(transaction, "attempt_label (endpoint, kind, label, attempt)", labels).await?;
        let ids: Vec<_> = some.iter().map(|one| one.id.as_str()).collect();
        delete(transaction, "response", "attempt", &ids).await?;
        delete(transaction, "attempt", "id", &ids).await?;
    }
    Ok(attempts.len() as u64)
}

/// A delivery goes with its message, whenever its last attempt was.
async fn deliveries(
    transaction: &mut dyn Transaction,
    oldest: Timestamp,
) -> Result<u64, HistoryError> {
    let mut statement = Statement::new(
        "DELETE FROM delivery WHERE (endpoint, message) IN (SELECT endpoint, message FROM delivery",
    );
    statement.bind(" WHERE message < ", MessageId::floor(oldest).as_str());
    statement.push(&format!(" ORDER BY message, endpoint LIMIT {ROUND})"));
    transaction.execute(statement).await
}

async fn oldest_of<T: serde::de::DeserializeOwned>(
    transaction: &mut dyn Transaction,
    table: &str,
    column: &str,
    floor: &str,
) -> Result<Vec<T>, HistoryError> {
    let mut statement = Statement::new(&format!("SELECT {column} FROM {table}"));
    statement.bind(" WHERE id < ", floor).push(&format!(" ORDER BY id LIMIT {ROUND}"));
    let rows = transaction.fetch(statement).await?;
    rows.into_iter().map(|mut row| read(&row.text(0)?)).collect()
}

async fn delete(
    transaction: &mut dyn Transaction,
    table: &str,
    key: &str,
    ids: &[&str],
) -> Result<(), HistoryError> {
    let mut statement = Statement::new(&format!("DELETE FROM {table} WHERE {key} IN "));
    statement.bind_all(ids.iter().map(|id| Arg::from(*id)));
    transaction.execute(statement).await.map(drop)
}

/// `table` with its key's columns, and the rows of those that go.
async fn unlabel(
    transaction: &mut dyn Transaction,
    table: &str,
    labels: Vec<Vec<Arg>>,
) -> Result<(), HistoryError> {
    let (name, key) = table.split_once(' ').unwrap_or((table, ""));
    let head = format!("DELETE FROM {name} WHERE {key} IN (VALUES");
    let statements = super::statement::insert(&head, labels, ")");
    execute_all(transaction, statements).await.map(drop)
}
