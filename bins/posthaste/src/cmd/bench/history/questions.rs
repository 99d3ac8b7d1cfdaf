//! Every list, with every filter by itself.

use posthaste_domain::{AppId, EndpointId, MessageId, OrgId};
use posthaste_history::{
    AttemptFilter, AttemptStatus, Cursor, DeadLetterFilter, DeadLetterState, DeliveryFilter,
    DeliveryStatus, History, HistoryError, MessageFilter, Order, Page, TimeRange,
};

use super::past::Past;

/// Items of a page, as most clients ask for.
const LIMIT: usize = 50;
/// Items of the pages by which the far one is reached.
const STRIDE: usize = 1_000;

enum What {
    Messages(MessageFilter),
    AttemptsOfEndpoint(AttemptFilter),
    AttemptsOfMessage(AttemptFilter),
    MessagesOfEndpoint(DeliveryFilter),
    DeliveriesOfMessage,
    DeadLetters(DeadLetterFilter),
}

/// One list with one filter.
pub(super) struct Question {
    pub(super) list: &'static str,
    pub(super) filter: &'static str,
    what: What,
    org: OrgId,
    app: AppId,
    endpoint: EndpointId,
    message: MessageId,
}

impl Question {
    /// Where page `number` begins, found by walking there.
    pub(super) async fn cursor_of(
        &self,
        history: &History,
        number: u32,
    ) -> Result<Cursor, HistoryError> {
        let mut left = (number as usize - 1) * LIMIT;
        let mut cursor = Cursor::Start;
        while left > 0 {
            let limit = left.min(STRIDE);
            let keys = self.keys(history, limit, &cursor).await?;
            let Some(last) = keys.last() else { break };
            cursor = Cursor::After(last.clone());
            left -= limit;
        }
        Ok(cursor)
    }

    /// Asks for the page; returns how many items it has.
    pub(super) async fn ask(
        &self,
        history: &History,
        cursor: &Cursor,
    ) -> Result<usize, HistoryError> {
        Ok(self.keys(history, LIMIT, cursor).await?.len())
    }

    async fn keys(
        &self,
        history: &History,
        limit: usize,
        cursor: &Cursor,
    ) -> Result<Vec<String>, HistoryError> {
        let page = &Page { limit, order: Order::Descending, cursor: cursor.clone() };
        let Self { org, app, endpoint, message, .. } = self;
        Ok(match &self.what {
            What::Messages(filter) => {
                let found = history.messages(app, filter, page, true).await?;
                found.items.iter().map(|one| one.id.to_string()).collect()
            }
            What::AttemptsOfEndpoint(filter) => {
                let found = history.attempts_of_endpoint(app, endpoint, filter, page, true).await?;
                found.items.iter().map(|one| one.id.to_string()).collect()
            }
            What::AttemptsOfMessage(filter) => {
                let found = history.attempts_of_message(app, message, filter, page, true).await?;
                found.items.iter().map(|one| one.id.to_string()).collect()
            }
            What::MessagesOfEndpoint(filter) => {
                let found = history.messages_of_endpoint(app, endpoint, filter, page, true).await?;
                found.items.iter().map(|(one, _)| one.id.to_string()).collect()
            }
            What::DeliveriesOfMessage => {
                let found = history.deliveries_of_message(app, message, page).await?;
                found.items.iter().map(|one| one.endpoint.to_string()).collect()
            }
            What::DeadLetters(filter) => {
                let found = history.dead_letters(org, filter, page).await?;
                found.items.iter().map(|one| one.id.to_string()).collect()
            }
        })
    }
}

/// Every question about `past`.
pub(super) fn all(past: &Past) -> Vec<Question> {
    let Some(message) = &past.message else { return Vec::new() };
    let question = |list, filter, what| Question {
        list,
        filter,
        what,
        org: past.org.clone(),
        app: past.app.clone(),
        endpoint: past.endpoints[0].clone(),
        message: message.clone(),
    };
    let mut all = Vec::new();
    for (name, filter) in of_messages(past) {
        let MessageFilter { event_types, channel, tag, range } = filter.clone();
        let of_deliveries =
            DeliveryFilter { event_types, channel, tag, range, ..DeliveryFilter::default() };
        let MessageFilter { event_types, channel, tag, range } = filter.clone();
        let of_attempts =
            AttemptFilter { event_types, channel, tag, range, ..AttemptFilter::default() };
        all.push(question("messages", name, What::Messages(filter)));
        all.push(question("messages of endpoint", name, What::MessagesOfEndpoint(of_deliveries)));
        let what = What::AttemptsOfEndpoint(of_attempts.clone());
        all.push(question("attempts of endpoint", name, what));
        all.push(question("attempts of message", name, What::AttemptsOfMessage(of_attempts)));
    }
    for (name, status) in [
        ("success", DeliveryStatus::Success),
        ("fail", DeliveryStatus::Fail),
        ("sending", DeliveryStatus::Sending),
    ] {
        let filter = DeliveryFilter { statuses: vec![status], ..DeliveryFilter::default() };
        all.push(question("messages of endpoint", name, What::MessagesOfEndpoint(filter)));
    }
    for (name, status) in [
        ("success", AttemptStatus::Success),
        ("fail", AttemptStatus::Fail),
        ("sending", AttemptStatus::Sending),
    ] {
        let filter = AttemptFilter { statuses: vec![status], ..AttemptFilter::default() };
        all.push(question("attempts of endpoint", name, What::AttemptsOfEndpoint(filter)));
    }
    for (name, class) in [("class 2xx", 200), ("class 5xx", 500), ("class none", 0)] {
        let filter = AttemptFilter { status_class: Some(class), ..AttemptFilter::default() };
        all.push(question("attempts of endpoint", name, What::AttemptsOfEndpoint(filter)));
    }
    all.push(question("endpoints of message", "none", What::DeliveriesOfMessage));
    for (name, filter) in of_dead_letters(past) {
        all.push(question("dead letters", name, What::DeadLetters(filter)));
    }
    all
}

fn of_messages(past: &Past) -> Vec<(&'static str, MessageFilter)> {
    let none = MessageFilter::default;
    let [one, other] = past.event_types();
    let (after, before) = (Some(past.middle()), Some(past.middle()));
    vec![
        ("none", none()),
        ("event type", MessageFilter { event_types: vec![one.clone()], ..none() }),
        ("event types", MessageFilter { event_types: vec![one, other], ..none() }),
        ("channel", MessageFilter { channel: Some(past.channel()), ..none() }),
        ("tag", MessageFilter { tag: Some(past.tag()), ..none() }),
        ("after", MessageFilter { range: TimeRange { after, before: None }, ..none() }),
        ("before", MessageFilter { range: TimeRange { after: None, before }, ..none() }),
    ]
}

fn of_dead_letters(past: &Past) -> Vec<(&'static str, DeadLetterFilter)> {
    let none = DeadLetterFilter::default;
    let app = Some(past.app.clone());
    let endpoint = Some(past.endpoints[0].clone());
    let [event_type, _] = past.event_types();
    vec![
        ("none", none()),
        ("application", DeadLetterFilter { app: app.clone(), ..none() }),
        ("endpoint", DeadLetterFilter { app, endpoint, ..none() }),
        ("event type", DeadLetterFilter { event_types: vec![event_type], ..none() }),
        ("reason", DeadLetterFilter { reason: Some("exhausted".to_owned()), ..none() }),
        ("state", DeadLetterFilter { state: Some(DeadLetterState::Waiting), ..none() }),
    ]
}
