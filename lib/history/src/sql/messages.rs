//! Questions about messages.

use bytes::Bytes;
use posthaste_domain::{AppId, EndpointId, Event, MessageId};

use super::{
    engine::Engine,
    label::Label,
    list::{Leg, Walk, distinct, one_of},
    record::read,
    row::Row,
    statement::Statement,
};
use crate::{Content, Cursor, HistoryError, MessageFilter, MessageRow, Order, Page, PageOf};

/// What [`parse`] reads, of a message called `m` and its payload called `p`.
const COLUMNS: &str = "SELECT m.event, p.body";
const WITHOUT_CONTENT: &str = "SELECT m.event, NULL";
const JOINED: &str = "CROSS JOIN message m LEFT JOIN payload p ON p.message = m.id WHERE m.id = \
                      found.key";
const JOINED_WITHOUT_CONTENT: &str = "CROSS JOIN message m WHERE m.id = found.key";

pub(crate) async fn one(
    engine: &dyn Engine,
    app: &AppId,
    id_or_event_id: &str,
    with_content: bool,
) -> Result<Option<MessageRow>, HistoryError> {
    let join = " FROM message m LEFT JOIN payload p ON p.message = m.id WHERE";
    let mut by_id = Statement::new(COLUMNS);
    by_id.push(join).bind(" m.id = ", id_or_event_id).bind(" AND m.app = ", app.as_str());
    let mut by_event_id = Statement::new(COLUMNS);
    by_event_id.push(join).bind(" m.app = ", app.as_str());
    by_event_id.bind(" AND m.event_id = ", id_or_event_id).push(" ORDER BY m.id DESC LIMIT 1");
    // An `eventId` may look like an id, but an id is nobody else's `eventId` as a rule.
    for statement in [by_id, by_event_id] {
        if let Some(row) = engine.fetch(statement).await?.into_iter().next() {
            return parse(row, with_content).map(Some);
        }
    }
    Ok(None)
}

pub(crate) async fn list(
    engine: &dyn Engine,
    app: &AppId,
    filter: &MessageFilter,
    page: &Page,
    with_content: bool,
) -> Result<PageOf<MessageRow>, HistoryError> {
    let walk = Walk::new(page, filter.range, |at| MessageId::floor(at).to_string());
    let (head, tail) =
        if with_content { (COLUMNS, JOINED) } else { (WITHOUT_CONTENT, JOINED_WITHOUT_CONTENT) };
    let rows =
        engine.fetch(walk.statement(head, &legs(app, filter), |end| _ = end.push(tail))).await?;
    walk.page(rows, |row| parse(row, with_content))
}

/// Messages that fit and were never attempted at an endpoint, oldest first.
pub(crate) async fn missing_at(
    engine: &dyn Engine,
    app: &AppId,
    endpoint: &EndpointId,
    filter: &MessageFilter,
    after: Option<&MessageId>,
    limit: usize,
) -> Result<PageOf<MessageRow>, HistoryError> {
    let page = after_message(after, limit);
    let walk = Walk::new(&page, filter.range, |at| MessageId::floor(at).to_string());
    let legs: Vec<_> = legs(app, filter)
        .into_iter()
        .map(|leg| {
            let key = leg.key();
            Leg::new(key, move |statement| {
                leg.write(statement);
                statement.bind(
                    " AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.endpoint = ",
                    endpoint.as_str(),
                );
                statement.push(" AND d.message = ").push(key).push(")");
            })
        })
        .collect();
    let rows = engine.fetch(walk.statement(COLUMNS, &legs, |end| _ = end.push(JOINED))).await?;
    walk.page(rows, |row| parse(row, true))
}

/// The page after a message, oldest first, for work that goes through all.
pub(crate) fn after_message(after: Option<&MessageId>, limit: usize) -> Page {
    let cursor = after.map_or(Cursor::Start, |after| Cursor::After(after.to_string()));
    Page { limit, order: Order::Ascending, cursor }
}

/// A tag or channel narrows most, so it leads where it is asked for; then event types, each a leg
/// of its own; else all of the application's.
pub(crate) fn legs<'a>(app: &'a AppId, filter: &MessageFilter) -> Vec<Leg<'a>> {
    let event_types = distinct(&filter.event_types);
    let labels = Label::wanted(filter.channel.as_ref(), filter.tag.as_ref());
    if let Some((lead, rest)) = labels.split_first() {
        let (lead, rest) = (lead.clone(), rest.to_vec());
        return vec![Leg::new("l.message", move |statement| {
            statement.push("FROM message_label l CROSS JOIN message m WHERE m.id = l.message");
            of_label(statement, app, "l", &lead);
            for label in &rest {
                statement.push(" AND EXISTS (SELECT 1 FROM message_label o WHERE");
                statement.push(" o.message = l.message");
                of_label(statement, app, "o", label);
                statement.push(")");
            }
            let types = event_types.iter().map(|one| one.as_str().into());
            one_of(statement, "m.event_type", types);
        })];
    }
    if event_types.is_empty() {
        return vec![Leg::new("m.id", move |statement| {
            statement.bind("FROM message m WHERE m.app = ", app.as_str());
        })];
    }
    let legs = event_types.into_iter().map(|event_type| {
        Leg::new("m.id", move |statement| {
            statement.bind("FROM message m WHERE m.app = ", app.as_str());
            statement.bind(" AND m.event_type = ", event_type.as_str());
        })
    });
    legs.collect()
}

fn of_label(statement: &mut Statement, app: &AppId, table: &str, label: &Label) {
    statement.push(" AND ").push(table).bind(".app = ", app.as_str());
    statement.push(" AND ").push(table).bind(".kind = ", label.kind);
    statement.push(" AND ").push(table).bind(".label = ", label.text.as_str());
}

/// Reads an event and a payload, which begin at the first column.
pub(crate) fn parse(mut row: Row, with_content: bool) -> Result<MessageRow, HistoryError> {
    let event: Event = read(&row.text(0)?)?;
    let content = match (with_content, row.maybe_bytes(1)?) {
        (false, _) => Content::NotAsked,
        (true, Some(body)) => Content::Kept(Bytes::from(body)),
        (true, None) => Content::Gone,
    };
    Ok(MessageRow {
        id: event.id,
        org: event.org,
        app: event.app,
        event_type: event.event_type,
        event_id: event.event_id,
        channels: event.channels,
        tags: event.tags,
        deliver_at: event.deliver_at,
        accepted_at: event.accepted_at,
        content_type: event.content_type,
        occurrence: event.occurrence,
        retention_hours: event.retention_hours,
        content,
    })
}
