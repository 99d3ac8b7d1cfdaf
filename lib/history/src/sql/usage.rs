//! Figures over many rows, for background tasks: these read as much as they count.

use posthaste_domain::{AppId, MessageId, OrgId};

use super::{engine::Engine, statement::Statement};
use crate::{ApplicationUsage, EventTypeUsage, HistoryError, TimeRange};

pub(crate) async fn of_applications(
    engine: &dyn Engine,
    apps: &[AppId],
    range: TimeRange,
) -> Result<Vec<ApplicationUsage>, HistoryError> {
    let mut used = Vec::new();
    for app in apps {
        let messages = count(engine, app, range, "SELECT COUNT(*) FROM message m WHERE").await?;
        if messages == 0 {
            continue;
        }
        let head = "SELECT COUNT(*) FROM message m CROSS JOIN attempt a WHERE a.message = m.id AND";
        let attempts = count(engine, app, range, head).await?;
        used.push(ApplicationUsage { app: app.clone(), messages, attempts });
    }
    Ok(used)
}

async fn count(
    engine: &dyn Engine,
    app: &AppId,
    range: TimeRange,
    head: &str,
) -> Result<u64, HistoryError> {
    let mut statement = Statement::new(head);
    statement.bind(" m.app = ", app.as_str());
    if let Some(after) = range.after {
        statement.bind(" AND m.id >= ", MessageId::floor(after).as_str());
    }
    if let Some(before) = range.before {
        statement.bind(" AND m.id < ", MessageId::floor(before).as_str());
    }
    let mut rows = engine.fetch(statement).await?;
    rows.first_mut().map_or(Ok(0), |row| Ok(row.int(0)?.unsigned_abs()))
}

pub(crate) async fn of_event_types(
    engine: &dyn Engine,
    org: &OrgId,
) -> Result<Vec<EventTypeUsage>, HistoryError> {
    let mut statement = Statement::new("SELECT m.event_type, COUNT(*) FROM application o");
    statement.push(" CROSS JOIN message m WHERE m.app = o.app").bind(" AND o.org = ", org.as_str());
    statement.push(" GROUP BY m.event_type ORDER BY m.event_type");
    let rows = engine.fetch(statement).await?;
    let read = |mut row: super::row::Row| {
        Ok(EventTypeUsage { event_type: row.parsed(0)?, messages: row.int(1)?.unsigned_abs() })
    };
    rows.into_iter().map(read).collect()
}
