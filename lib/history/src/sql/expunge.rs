//! Removes contents for good. The metadata stays, and keeps them from coming back.

use posthaste_domain::{AppId, AttemptId, MessageId};

use super::{
    engine::{Engine, Transaction},
    list::Walk,
    messages,
    statement::{Arg, Statement},
};
use crate::{HistoryError, MessageFilter};

pub(crate) async fn payload(
    engine: &dyn Engine,
    app: &AppId,
    message: &MessageId,
) -> Result<bool, HistoryError> {
    let mut known = Statement::new("SELECT m.id FROM message m WHERE");
    known.bind(" m.id = ", message.as_str()).bind(" AND m.app = ", app.as_str());
    let mut transaction = engine.begin().await?;
    if transaction.fetch(known).await?.is_empty() {
        return Ok(false);
    }
    let mut gone = Statement::new("DELETE FROM payload WHERE message = ");
    gone.bind("", message.as_str());
    transaction.execute(gone).await?;
    transaction.commit().await?;
    Ok(true)
}

pub(crate) async fn response(
    engine: &dyn Engine,
    app: &AppId,
    message: &MessageId,
    attempt: &AttemptId,
) -> Result<bool, HistoryError> {
    let mut marked = Statement::new("UPDATE attempt SET expunged = 1 WHERE");
    marked.bind(" id = ", attempt.as_str()).bind(" AND message = ", message.as_str());
    marked.bind(" AND app = ", app.as_str());
    let mut gone = Statement::new("DELETE FROM response WHERE attempt = ");
    gone.bind("", attempt.as_str());
    let mut transaction = engine.begin().await?;
    if transaction.execute(marked).await? == 0 {
        return Ok(false);
    }
    transaction.execute(gone).await?;
    transaction.commit().await?;
    Ok(true)
}

pub(crate) async fn of_messages(
    engine: &dyn Engine,
    app: &AppId,
    filter: &MessageFilter,
    after: Option<&MessageId>,
    limit: usize,
) -> Result<(u64, Option<MessageId>), HistoryError> {
    let page = messages::after_message(after, limit);
    let walk = Walk::new(&page, filter.range, |at| MessageId::floor(at).to_string());
    let statement = walk.statement("SELECT found.key", &messages::legs(app, filter), |_| {});
    let mut transaction = engine.begin().await?;
    let rows = transaction.fetch(statement).await?;
    let found = walk.page(rows, |mut row| row.parsed::<MessageId>(0))?;
    if !found.items.is_empty() {
        remove(&mut *transaction, &found.items).await?;
    }
    transaction.commit().await?;
    let count = found.items.len() as u64;
    let last = found.items.into_iter().next_back();
    Ok((count, last.filter(|_| !found.done)))
}

async fn remove(
    transaction: &mut dyn Transaction,
    messages: &[MessageId],
) -> Result<(), HistoryError> {
    let ids = || messages.iter().map(|id| Arg::from(id.as_str()));
    let mut payloads = Statement::new("DELETE FROM payload WHERE message IN ");
    payloads.bind_all(ids());
    let mut responses = Statement::new(
        "DELETE FROM response WHERE attempt IN (SELECT id FROM attempt WHERE message IN ",
    );
    responses.bind_all(ids()).push(")");
    let mut marked = Statement::new("UPDATE attempt SET expunged = 1 WHERE message IN ");
    marked.bind_all(ids());
    for statement in [payloads, responses, marked] {
        transaction.execute(statement).await?;
    }
    Ok(())
}
