//! Writes a batch: all of it or nothing, and the same however often it is written.
//!
//! Contents are written only beside metadata that is new, so what was expunged or has expired
//! stays gone. A delivery's row is made anew from all its attempts, so their order does not matter.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use posthaste_domain::{Attempt, AttemptId, DeadLetter, DeadLetterId, EndpointId, MessageId};
use sha2::{Digest as _, Sha256};

use super::{
    delivery,
    engine::{Dialect, Engine, Transaction, execute_all},
    label::Label,
    outcome,
    statement::{Arg, Statement, insert},
};
use crate::{
    Batch, DeadLetterState, HistoryError, RecordedEvent,
    standing::{Outcome, class, ended, standing},
};

/// How many messages' attempts are asked for in one statement.
const ASKED_AT_ONCE: usize = 500;

pub(crate) async fn record(engine: &dyn Engine, batch: &Batch) -> Result<(), HistoryError> {
    if batch.is_empty() {
        return Ok(());
    }
    let mut transaction = engine.begin().await?;
    record_events(&mut *transaction, &batch.events).await?;
    record_attempts(&mut *transaction, engine.dialect(), &batch.attempts).await?;
    record_dead_letters(&mut *transaction, &batch.dead_letters).await?;
    transaction.commit().await
}

async fn record_events(
    transaction: &mut dyn Transaction,
    events: &[RecordedEvent],
) -> Result<(), HistoryError> {
    // Sorted, so that two who write the same rows wait for each other instead of standing in each
    // other's way.
    let events: BTreeMap<_, _> = events.iter().map(|one| (&one.event.id, one)).collect();
    let organisations: BTreeSet<_> =
        events.values().map(|one| (&one.event.org, &one.event.app)).collect();
    let rows =
        organisations.iter().map(|(org, app)| vec![org.as_str().into(), app.as_str().into()]);
    let head = "INSERT INTO application (org, app) VALUES";
    execute_all(transaction, insert(head, rows, "ON CONFLICT DO NOTHING")).await?;

    let mut rows = Vec::with_capacity(events.len());
    for RecordedEvent { event, .. } in events.values() {
        rows.push(vec![
            event.id.as_str().into(),
            event.app.as_str().into(),
            event.event_type.as_str().into(),
            event.event_id.as_ref().map(|id| id.as_str().to_owned()).into(),
            json(event)?.into(),
        ]);
    }
    let head = "INSERT INTO message (id, app, event_type, event_id, event) VALUES";
    let new: Vec<MessageId> = new_ids(transaction, insert(head, rows, KEEP_AND_TELL)).await?;
    let new: Vec<_> = new.iter().filter_map(|id| events.get(id)).collect();

    let rows = new.iter().flat_map(|one| {
        let event = &one.event;
        Label::rows(event.app.as_str(), event.id.as_str(), &event.channels, &event.tags)
    });
    let head = "INSERT INTO message_label (app, kind, label, message) VALUES";
    execute_all(transaction, insert(head, rows, "ON CONFLICT DO NOTHING")).await?;

    let rows = new.iter().map(|one| {
        let keep = Duration::from_secs(3_600 * u64::from(one.event.retention_hours));
        let expires_at = (one.event.accepted_at + keep).micros();
        let body = Arg::Bytes(one.payload.to_vec());
        vec![one.event.id.as_str().into(), expires_at.into(), body]
    });
    let head = "INSERT INTO payload (message, expires_at, body) VALUES";
    execute_all(transaction, insert(head, rows, "ON CONFLICT DO NOTHING")).await?;
    Ok(())
}

/// Leaves a row that exists as it is, and tells which ones did not.
const KEEP_AND_TELL: &str = "ON CONFLICT DO NOTHING RETURNING id";

async fn new_ids<T: std::str::FromStr>(
    transaction: &mut dyn Transaction,
    statements: Vec<Statement>,
) -> Result<Vec<T>, HistoryError>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let mut ids = Vec::new();
    for statement in statements {
        for mut row in transaction.fetch(statement).await? {
            ids.push(row.parsed(0)?);
        }
    }
    Ok(ids)
}

async fn record_attempts(
    transaction: &mut dyn Transaction,
    dialect: Dialect,
    attempts: &[Attempt],
) -> Result<(), HistoryError> {
    let attempts: BTreeMap<_, _> = attempts.iter().map(|one| (&one.id, one)).collect();
    let mut rows = Vec::with_capacity(attempts.len());
    for attempt in attempts.values() {
        let account = Attempt { response: String::new(), ..(*attempt).clone() };
        rows.push(vec![
            attempt.id.as_str().into(),
            attempt.app.as_str().into(),
            attempt.message.as_str().into(),
            attempt.endpoint.as_str().into(),
            attempt.event_type.as_str().into(),
            outcome::number(ended(attempt)).into(),
            class(attempt.status).into(),
            0.into(),
            json(&account)?.into(),
        ]);
    }
    let head = "INSERT INTO attempt (id, app, message, endpoint, event_type, outcome, class, \
                expunged, attempt) VALUES";
    let new: Vec<AttemptId> = new_ids(transaction, insert(head, rows, KEEP_AND_TELL)).await?;
    let new: Vec<_> = new.iter().filter_map(|id| attempts.get(id)).collect();

    let rows = new.iter().flat_map(|one| {
        Label::rows(one.endpoint.as_str(), one.id.as_str(), &one.channels, &one.tags)
    });
    let head = "INSERT INTO attempt_label (endpoint, kind, label, attempt) VALUES";
    execute_all(transaction, insert(head, rows, "ON CONFLICT DO NOTHING")).await?;

    let answered = new.iter().filter(|one| !one.response.is_empty());
    let rows = answered
        .map(|one| vec![one.id.as_str().into(), Arg::Bytes(one.response.clone().into_bytes())]);
    let head = "INSERT INTO response (attempt, body) VALUES";
    execute_all(transaction, insert(head, rows, "ON CONFLICT DO NOTHING")).await?;

    record_deliveries(transaction, dialect, &new).await
}

/// Makes the rows of the deliveries that have a new attempt.
async fn record_deliveries(
    transaction: &mut dyn Transaction,
    dialect: Dialect,
    new: &[&&Attempt],
) -> Result<(), HistoryError> {
    let touched: BTreeMap<(&EndpointId, &MessageId), &Attempt> =
        new.iter().map(|one| ((&one.endpoint, &one.message), **one)).collect();
    if dialect == Dialect::Postgres {
        // Another process may be writing another attempt of the same delivery. Whoever has the
        // row sees, from here on, every attempt that was written before.
        let rows = touched.iter().map(|((endpoint, message), attempt)| {
            let one = Outcome::from(*attempt);
            let found = standing(std::slice::from_ref(&one));
            found.map_or_else(Vec::new, |found| {
                delivery::row(attempt.app.as_str(), endpoint, message, &found)
            })
        });
        let tail = "ON CONFLICT (endpoint, message) DO UPDATE SET app = excluded.app";
        execute_all(transaction, insert(delivery::INSERT, rows, tail)).await?;
    }
    let messages: BTreeSet<_> = touched.keys().map(|(_, message)| *message).collect();
    let messages: Vec<_> = messages.into_iter().collect();
    let mut known: BTreeMap<(EndpointId, MessageId), Vec<Outcome>> = BTreeMap::new();
    for some in messages.chunks(ASKED_AT_ONCE) {
        let mut statement = Statement::new("SELECT attempt FROM attempt WHERE message IN ");
        statement.bind_all(padded(some));
        for mut row in transaction.fetch(statement).await? {
            let attempt: Attempt = read(&row.text(0)?)?;
            let key = (attempt.endpoint.clone(), attempt.message.clone());
            if touched.contains_key(&(&key.0, &key.1)) {
                known.entry(key).or_default().push(Outcome::from(&attempt));
            }
        }
    }
    let rows = known.iter().filter_map(|((endpoint, message), attempts)| {
        let app = touched.get(&(endpoint, message))?.app.as_str();
        Some(delivery::row(app, endpoint, message, &standing(attempts)?))
    });
    execute_all(transaction, insert(delivery::INSERT, rows, delivery::REPLACE)).await?;
    Ok(())
}

/// As many places for every number of messages up to a size, so that few statements are prepared.
fn padded<'a>(messages: &'a [&MessageId]) -> impl Iterator<Item = Arg> + 'a {
    let size = [1, 10, 100].into_iter().find(|size| messages.len() <= *size);
    let size = size.unwrap_or(ASKED_AT_ONCE);
    let last = messages.last().copied();
    let rest = (messages.len()..size).filter_map(move |_| last);
    messages.iter().copied().chain(rest).map(|id| id.as_str().into())
}

async fn record_dead_letters(
    transaction: &mut dyn Transaction,
    letters: &[(u64, DeadLetter)],
) -> Result<(), HistoryError> {
    for (seq, letter) in letters {
        let delivery = &letter.delivery;
        let event = letter.event.as_ref();
        let last = delivery.past.last();
        let mut statement = Statement::new(
            "INSERT INTO dead_letter (id, seq, app, endpoint, message, event_type, reason, url, \
             attempts, run_start, last_status, died_at, state, org) ",
        );
        let values = [
            id_of(letter).as_str().into(),
            Arg::Int(i64::try_from(*seq).unwrap_or(i64::MAX)),
            delivery.app.as_str().into(),
            delivery.endpoint.as_str().into(),
            delivery.message.as_str().into(),
            event.map(|event| event.event_type.as_str().to_owned()).into(),
            letter.reason.as_str().into(),
            letter.url.clone().into(),
            Arg::Int(i64::try_from(delivery.past.len()).unwrap_or(i64::MAX)),
            delivery.run_start.to_string().into(),
            last.and_then(|last| last.status).map(i64::from).into(),
            letter.died_at.micros().into(),
            outcome::of_letter(DeadLetterState::Waiting).into(),
        ];
        statement.push("VALUES ").bind_all(values);
        // The organisation is the application's, which may be known from its messages alone.
        statement.sql.pop();
        match event {
            Some(event) => statement.bind(", ", event.org.as_str()).push(")"),
            None => statement
                .bind(", (SELECT MIN(org) FROM application WHERE app = ", delivery.app.as_str())
                .push("))"),
        };
        statement.push(" ON CONFLICT DO NOTHING");
        transaction.execute(statement).await?;
    }
    Ok(())
}

/// The same letter, read again, has the same id.
pub(crate) fn id_of(letter: &DeadLetter) -> DeadLetterId {
    let delivery = &letter.delivery;
    let name = format!("{}:{}:{}", delivery.message, delivery.endpoint, delivery.run_start);
    let digest = Sha256::digest(name.as_bytes());
    let mut part = [0; 15];
    part.copy_from_slice(&digest[..15]);
    DeadLetterId::derived(letter.died_at, part)
}

pub(crate) fn json(value: &impl serde::Serialize) -> Result<String, HistoryError> {
    serde_json::to_string(value).map_err(|error| HistoryError::Unreadable(Box::new(error)))
}

pub(crate) fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, HistoryError> {
    serde_json::from_str(text).map_err(|error| HistoryError::Unreadable(Box::new(error)))
}
