//! Questions about attempts.

use posthaste_domain::{AppId, Attempt, AttemptId, EndpointId, MessageId};

use super::{
    engine::Engine,
    label::Label,
    list::{Leg, Walk, distinct, one_of},
    outcome,
    record::read,
    row::Row,
    statement::Statement,
};
use crate::{
    AttemptCounts, AttemptFilter, AttemptStatus, HistoryError, Page, PageOf, Store, TimeRange,
};

/// What [`parse`] reads, of an attempt called `a` and its response called `r`.
const COLUMNS: &str = "SELECT a.attempt, a.expunged, r.body";
const WITHOUT_CONTENT: &str = "SELECT a.attempt, a.expunged, NULL";
const JOINED: &str = "CROSS JOIN attempt a LEFT JOIN response r ON r.attempt = a.id WHERE a.id = \
                      found.key";
const JOINED_WITHOUT_CONTENT: &str = "CROSS JOIN attempt a WHERE a.id = found.key";

pub(crate) async fn one(
    engine: &dyn Engine,
    app: &AppId,
    message: &MessageId,
    attempt: &AttemptId,
) -> Result<Option<Attempt>, HistoryError> {
    let mut statement = Statement::new(COLUMNS);
    statement.push(" FROM attempt a LEFT JOIN response r ON r.attempt = a.id");
    statement.bind(" WHERE a.id = ", attempt.as_str());
    statement.bind(" AND a.app = ", app.as_str()).bind(" AND a.message = ", message.as_str());
    engine.fetch(statement).await?.into_iter().next().map(parse).transpose()
}

pub(crate) async fn of_endpoint(
    engine: &dyn Engine,
    app: &AppId,
    endpoint: &EndpointId,
    filter: &AttemptFilter,
    page: &Page,
    with_content: bool,
) -> Result<PageOf<Attempt>, HistoryError> {
    fetch(engine, app, &endpoint_legs(endpoint, filter), filter, page, with_content).await
}

pub(crate) async fn of_message(
    engine: &dyn Engine,
    app: &AppId,
    message: &MessageId,
    filter: &AttemptFilter,
    page: &Page,
    with_content: bool,
) -> Result<PageOf<Attempt>, HistoryError> {
    let leg = Leg::new("a.id", move |statement| {
        statement.bind("FROM attempt a WHERE a.message = ", message.as_str());
        if let Some(endpoint) = &filter.endpoint {
            statement.bind(" AND a.endpoint = ", endpoint.as_str());
        }
        conditions(statement, filter, &[Lead::Nothing]);
    });
    fetch(engine, app, &[leg], filter, page, with_content).await
}

async fn fetch(
    engine: &dyn Engine,
    app: &AppId,
    legs: &[Leg<'_>],
    filter: &AttemptFilter,
    page: &Page,
    with_content: bool,
) -> Result<PageOf<Attempt>, HistoryError> {
    let walk = Walk::new(page, filter.range, |at| AttemptId::floor(at).to_string());
    let (head, tail) =
        if with_content { (COLUMNS, JOINED) } else { (WITHOUT_CONTENT, JOINED_WITHOUT_CONTENT) };
    // Whose they are is asked where few are left, so that the legs need nothing but their index.
    let tail = |end: &mut Statement| _ = end.push(tail).bind(" AND a.app = ", app.as_str());
    let rows = engine.fetch(walk.statement(head, legs, tail)).await?;
    walk.page(rows, parse)
}

/// What a leg's index begins with, and so need not be asked again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lead {
    Nothing,
    Types,
    Class,
    Statuses,
    Labels,
}

/// A label narrows most; then event types, classes and statuses. Without any of them the three
/// statuses together are everything, in order.
fn endpoint_legs<'a>(endpoint: &'a EndpointId, filter: &'a AttemptFilter) -> Vec<Leg<'a>> {
    let begin = move |statement: &mut Statement| {
        statement.bind("FROM attempt a WHERE a.endpoint = ", endpoint.as_str());
    };
    let labels = Label::wanted(filter.channel.as_ref(), filter.tag.as_ref());
    if let Some(lead) = labels.first().cloned() {
        return vec![Leg::new("l.attempt", move |statement| {
            statement.push("FROM attempt_label l CROSS JOIN attempt a WHERE a.id = l.attempt");
            statement.bind(" AND l.endpoint = ", endpoint.as_str());
            statement.bind(" AND l.kind = ", lead.kind).bind(" AND l.label = ", lead.text.as_str());
            conditions(statement, filter, &[Lead::Labels]);
            if filter.tag.is_some() {
                label_conditions(statement, &Label::wanted(filter.channel.as_ref(), None));
            }
        })];
    }
    if !filter.event_types.is_empty() {
        let legs = distinct(&filter.event_types).into_iter().map(|event_type| {
            Leg::new("a.id", move |statement| {
                begin(statement);
                statement.bind(" AND a.event_type = ", event_type.as_str());
                conditions(statement, filter, &[Lead::Types]);
            })
        });
        return legs.collect();
    }
    if let Some(class) = filter.status_class {
        return vec![Leg::new("a.id", move |statement| {
            begin(statement);
            statement.bind(" AND a.class = ", i64::from(class));
            conditions(statement, filter, &[Lead::Class]);
        })];
    }
    let all = outcome::ATTEMPT;
    let wanted = if filter.statuses.is_empty() { &all[..] } else { &filter.statuses };
    let legs = distinct(wanted).into_iter().map(|status| {
        Leg::new("a.id", move |statement: &mut Statement| {
            begin(statement);
            statement.bind(" AND a.outcome = ", outcome::number(status));
            conditions(statement, filter, &[Lead::Statuses]);
        })
    });
    legs.collect()
}

fn conditions(statement: &mut Statement, filter: &AttemptFilter, led_by: &[Lead]) {
    let leads = |lead| led_by.contains(&lead);
    if !leads(Lead::Types) {
        let types = filter.event_types.iter().map(|one| one.as_str().into());
        one_of(statement, "a.event_type", types);
    }
    if !leads(Lead::Class)
        && let Some(class) = filter.status_class
    {
        statement.bind(" AND a.class = ", i64::from(class));
    }
    if !leads(Lead::Statuses) {
        let statuses = filter.statuses.iter().map(|one| outcome::number(*one).into());
        one_of(statement, "a.outcome", statuses);
    }
    if !leads(Lead::Labels) {
        label_conditions(statement, &Label::wanted(filter.channel.as_ref(), filter.tag.as_ref()));
    }
}

fn label_conditions(statement: &mut Statement, labels: &[Label]) {
    for label in labels {
        statement.push(" AND EXISTS (SELECT 1 FROM attempt_label o WHERE o.endpoint = a.endpoint");
        statement.bind(" AND o.kind = ", label.kind);
        statement.bind(" AND o.label = ", label.text.as_str()).push(" AND o.attempt = a.id)");
    }
}

pub(crate) async fn counts(
    engine: &dyn Engine,
    app: &AppId,
    endpoint: &EndpointId,
    range: TimeRange,
) -> Result<AttemptCounts, HistoryError> {
    let mut statement = Statement::new("SELECT a.outcome, COUNT(*) FROM attempt a WHERE");
    statement.bind(" a.endpoint = ", endpoint.as_str());
    one_of(
        &mut statement,
        "a.outcome",
        outcome::ATTEMPT.iter().map(|one| outcome::number(*one).into()),
    );
    if let Some(after) = range.after {
        statement.bind(" AND a.id >= ", AttemptId::floor(after).as_str());
    }
    if let Some(before) = range.before {
        statement.bind(" AND a.id < ", AttemptId::floor(before).as_str());
    }
    // An endpoint is of one application; one of another's has no attempts here.
    statement.bind(
        " AND EXISTS (SELECT 1 FROM attempt b WHERE b.endpoint = a.endpoint AND b.app = ",
        app.as_str(),
    );
    statement.push(") GROUP BY a.outcome");
    let mut counts = AttemptCounts::default();
    for mut row in engine.fetch(statement).await? {
        let (number, count) = (row.int(0)?, row.int(1)?.unsigned_abs());
        match outcome::ATTEMPT.into_iter().find(|one| outcome::number(*one) == number) {
            Some(AttemptStatus::Success) => counts.success = count,
            Some(AttemptStatus::Fail) => counts.fail = count,
            Some(AttemptStatus::Sending) => counts.sending = count,
            None => {}
        }
    }
    Ok(counts)
}

fn parse(mut row: Row) -> Result<Attempt, HistoryError> {
    let attempt: Attempt = read(&row.text(0)?)?;
    let is_expunged = row.int(1)? != 0;
    let response = if is_expunged {
        <dyn Store>::EXPUNGED.to_owned()
    } else {
        row.maybe_bytes(2)?.map_or_else(String::new, |body| String::from_utf8_lossy(&body).into())
    };
    Ok(Attempt { response, ..attempt })
}
