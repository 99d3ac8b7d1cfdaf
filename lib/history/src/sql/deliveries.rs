//! Questions about deliveries.

use posthaste_domain::{AppId, EndpointId, MessageId};

use super::{
    delivery,
    engine::Engine,
    label::Label,
    list::{Leg, Walk, distinct, one_of},
    messages, outcome,
    row::Row,
    statement::Statement,
};
use crate::{DeliveryFilter, DeliveryRow, HistoryError, MessageRow, Page, PageOf, TimeRange};

pub(crate) async fn messages_of_endpoint(
    engine: &dyn Engine,
    app: &AppId,
    endpoint: &EndpointId,
    filter: &DeliveryFilter,
    page: &Page,
    with_content: bool,
) -> Result<PageOf<(MessageRow, DeliveryRow)>, HistoryError> {
    let walk = Walk::new(page, filter.range, |at| MessageId::floor(at).to_string());
    let body = if with_content { "p.body" } else { "NULL" };
    let head = format!("SELECT {}, m.event, {body}", delivery::COLUMNS);
    let legs = legs(app, endpoint, filter);
    // A message whose event is not recorded yet is left out until it is.
    let statement = walk.statement(&head, &legs, |end| {
        end.push("CROSS JOIN delivery d CROSS JOIN message m");
        if with_content {
            end.push(" LEFT JOIN payload p ON p.message = m.id");
        }
        end.bind(" WHERE d.endpoint = ", endpoint.as_str());
        end.push(" AND d.message = found.key AND m.id = found.key");
        // Asked here, where few rows are left, so that the legs need nothing but their index.
        end.bind(" AND d.app = ", app.as_str());
    });
    let rows = engine.fetch(statement).await?;
    walk.page(rows, |mut row| {
        let delivery = delivery::parse(&mut row, 0)?;
        let message = Row(row.0.split_off(delivery::WIDTH));
        Ok((messages::parse(message, with_content)?, delivery))
    })
}

/// A label narrows most; then event types, then how deliveries stand.
fn legs<'a>(app: &'a AppId, endpoint: &'a EndpointId, filter: &'a DeliveryFilter) -> Vec<Leg<'a>> {
    let labels = Label::wanted(filter.channel.as_ref(), filter.tag.as_ref());
    if !labels.is_empty() || !filter.event_types.is_empty() {
        return through_messages(app, endpoint, filter);
    }
    if filter.statuses.is_empty() {
        return vec![Leg::new("d.message", move |statement| {
            statement.bind("FROM delivery d WHERE d.endpoint = ", endpoint.as_str());
            class(statement, filter);
        })];
    }
    let legs = distinct(&filter.statuses).into_iter().map(|status| {
        Leg::new("d.message", move |statement: &mut Statement| {
            statement.bind("FROM delivery d WHERE d.endpoint = ", endpoint.as_str());
            statement.bind(" AND d.status = ", outcome::of_delivery(status));
            class(statement, filter);
        })
    });
    legs.collect()
}

/// Walks the messages that fit, and takes those that were attempted at the endpoint.
fn through_messages<'a>(
    app: &'a AppId,
    endpoint: &'a EndpointId,
    filter: &'a DeliveryFilter,
) -> Vec<Leg<'a>> {
    let wanted = crate::MessageFilter {
        event_types: filter.event_types.clone(),
        channel: filter.channel.clone(),
        tag: filter.tag.clone(),
        range: TimeRange::default(),
    };
    messages::legs(app, &wanted)
        .into_iter()
        .map(|leg| {
            let key = leg.key();
            Leg::new(key, move |statement: &mut Statement| {
                leg.write(statement);
                // A value, not EXISTS, which an engine may turn into a join that reads everything
                // the endpoint was ever sent.
                statement
                    .bind(" AND (SELECT 1 FROM delivery d WHERE d.endpoint = ", endpoint.as_str());
                statement.push(" AND d.message = ").push(key);
                one_of(
                    statement,
                    "d.status",
                    filter.statuses.iter().map(|one| outcome::of_delivery(*one).into()),
                );
                class(statement, filter);
                statement.push(") IS NOT NULL");
            })
        })
        .collect()
}

fn class(statement: &mut Statement, filter: &DeliveryFilter) {
    if let Some(class) = filter.status_class {
        statement.bind(" AND d.class = ", i64::from(class));
    }
}

pub(crate) async fn of_message(
    engine: &dyn Engine,
    app: &AppId,
    message: &MessageId,
    page: &Page,
) -> Result<PageOf<DeliveryRow>, HistoryError> {
    let walk = Walk::new(page, TimeRange::default(), |at| EndpointId::floor(at).to_string());
    let leg = Leg::new("d.endpoint", move |statement: &mut Statement| {
        statement.bind("FROM delivery d WHERE d.message = ", message.as_str());
        statement.bind(" AND d.app = ", app.as_str());
    });
    let head = format!("SELECT {}", delivery::COLUMNS);
    let statement = walk.statement(&head, &[leg], |end| {
        end.push("CROSS JOIN delivery d WHERE d.endpoint = found.key");
        end.bind(" AND d.message = ", message.as_str());
    });
    let rows = engine.fetch(statement).await?;
    walk.page(rows, |mut row| delivery::parse(&mut row, 0))
}

pub(crate) async fn one(
    engine: &dyn Engine,
    app: &AppId,
    message: &MessageId,
    endpoint: &EndpointId,
) -> Result<Option<DeliveryRow>, HistoryError> {
    let mut statement = Statement::new(&format!("SELECT {} FROM delivery d", delivery::COLUMNS));
    statement.bind(" WHERE d.endpoint = ", endpoint.as_str());
    statement.bind(" AND d.message = ", message.as_str()).bind(" AND d.app = ", app.as_str());
    let found = engine.fetch(statement).await?.into_iter().next();
    found.map(|mut row| delivery::parse(&mut row, 0)).transpose()
}
