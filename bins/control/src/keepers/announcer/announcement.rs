//! What is told, in the form that existing receivers know: `{"type": …, "data": …}`.

use posthaste_api::schema;
use posthaste_domain::{
    AppId, Attempt, AttemptId, AttemptSummary, EndpointId, EventId, MessageId, TaskId, Timestamp,
    Uid,
};
use posthaste_registry::{ChangeKind, EndpointChange};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    operational::OperationalEvent,
    tasks::{Task, TaskStatus, TaskType},
};

/// Something that is told.
#[derive(Clone, Debug)]
pub(crate) struct Announcement {
    /// Of what.
    pub(super) event: OperationalEvent,
    /// By what it is recognised when it is told again.
    pub(super) cause: EventId,
    data: Data,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Data {
    Endpoint(EndpointData),
    Attempt(AttemptData),
    Task(TaskData),
}

/// What is told of an endpoint.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = EndpointEventData)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EndpointData {
    #[schema(value_type = schema::ApplicationId)]
    app_id: AppId,
    #[schema(value_type = Option<schema::Uid>)]
    app_uid: Option<Uid>,
    #[schema(value_type = schema::EndpointId)]
    endpoint_id: EndpointId,
    #[schema(value_type = Option<schema::Uid>)]
    endpoint_uid: Option<Uid>,
    /// Of an endpoint that was disabled: who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger: Option<DisabledTrigger>,
}

/// Who disabled an endpoint.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = EndpointDisabledTrigger)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DisabledTrigger {
    /// Somebody, by the API.
    Manual,
}

/// What is told of a message at an endpoint.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = MessageAttemptEventData)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttemptData {
    #[schema(value_type = schema::ApplicationId)]
    app_id: AppId,
    #[schema(value_type = Option<schema::Uid>)]
    app_uid: Option<Uid>,
    #[schema(value_type = schema::EndpointId)]
    endpoint_id: EndpointId,
    #[schema(value_type = schema::MessageId)]
    msg_id: MessageId,
    #[schema(value_type = Option<schema::Uid>)]
    msg_event_id: Option<EventId>,
    last_attempt: LastAttempt,
}

/// The attempt that made it news.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = MessageAttemptFailedData)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LastAttempt {
    #[schema(value_type = schema::AttemptId)]
    id: AttemptId,
    /// 0 where no answer came.
    response_status_code: u16,
    /// When it was begun.
    #[schema(value_type = schema::Moment)]
    timestamp: Timestamp,
}

/// What is told of a background task.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BackgroundTaskEventData)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskData {
    #[schema(value_type = schema::TaskId)]
    task_id: TaskId,
    task: TaskType,
    status: TaskStatus,
    /// What came of it.
    #[schema(value_type = Object)]
    data: Map<String, Value>,
}

impl Announcement {
    /// Of a change of an endpoint. One that is switched on or off is updated too.
    pub(super) fn endpoint(change: &EndpointChange, app_uid: Option<Uid>) -> Vec<Self> {
        let events: &[OperationalEvent] = match change.kind {
            ChangeKind::Created => &[OperationalEvent::EndpointCreated],
            ChangeKind::Updated => &[OperationalEvent::EndpointUpdated],
            ChangeKind::Deleted => &[OperationalEvent::EndpointDeleted],
            ChangeKind::Disabled => {
                &[OperationalEvent::EndpointUpdated, OperationalEvent::EndpointDisabled]
            }
            ChangeKind::Enabled => {
                &[OperationalEvent::EndpointUpdated, OperationalEvent::EndpointEnabled]
            }
        };
        let told = |event: &OperationalEvent| {
            let is_disabled = *event == OperationalEvent::EndpointDisabled;
            let data = EndpointData {
                app_id: change.app.clone(),
                app_uid: app_uid.clone(),
                endpoint_id: change.endpoint.clone(),
                endpoint_uid: change.uid.clone(),
                trigger: is_disabled.then_some(DisabledTrigger::Manual),
            };
            Self::new(*event, change.revision, Data::Endpoint(data))
        };
        events.iter().map(told).collect()
    }

    /// Of an attempt.
    pub(super) fn attempt(
        event: OperationalEvent,
        attempt: &Attempt,
        app_uid: Option<Uid>,
        msg_event_id: Option<EventId>,
    ) -> Self {
        let data = AttemptData {
            app_id: attempt.app.clone(),
            app_uid,
            endpoint_id: attempt.endpoint.clone(),
            msg_id: attempt.message.clone(),
            msg_event_id,
            last_attempt: LastAttempt::of(&attempt.summary()),
        };
        Self::new(event, &attempt.id, Data::Attempt(data))
    }

    /// Of a delivery that was given up after `last`.
    pub(super) fn exhausted(
        delivery: &posthaste_domain::Delivery,
        last: &AttemptSummary,
        app_uid: Option<Uid>,
        msg_event_id: Option<EventId>,
    ) -> Self {
        let data = AttemptData {
            app_id: delivery.app.clone(),
            app_uid,
            endpoint_id: delivery.endpoint.clone(),
            msg_id: delivery.message.clone(),
            msg_event_id,
            last_attempt: LastAttempt::of(last),
        };
        Self::new(OperationalEvent::MessageAttemptExhausted, &last.id, Data::Attempt(data))
    }

    /// Of a task that ended.
    pub(super) fn task(task: &Task) -> Self {
        let data = TaskData {
            task_id: task.id.clone(),
            task: task.kind().into(),
            status: task.status,
            data: task.data.clone(),
        };
        Self::new(OperationalEvent::BackgroundTaskFinished, &task.id, Data::Task(data))
    }

    /// The message's payload.
    pub(super) fn payload(&self) -> Result<Vec<u8>, serde_json::Error> {
        #[derive(Serialize)]
        struct Told<'a> {
            #[serde(rename = "type")]
            event: &'static str,
            data: &'a Data,
        }
        serde_json::to_vec(&Told { event: self.event.as_str(), data: &self.data })
    }

    fn new(event: OperationalEvent, cause: impl std::fmt::Display, data: Data) -> Self {
        #[expect(clippy::expect_used, reason = "a test makes one of each kind")]
        let cause = format!("{}.{cause}", event.as_str())
            .parse()
            .expect("a name, a dot and an id or a number are less than 256 letters of a name");
        Self { event, cause, data }
    }
}

impl LastAttempt {
    fn of(attempt: &AttemptSummary) -> Self {
        Self {
            id: attempt.id.clone(),
            response_status_code: attempt.status.unwrap_or(0),
            timestamp: attempt.started_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tasks::Work;

    const AT: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    fn change(kind: ChangeKind) -> EndpointChange {
        EndpointChange {
            kind,
            org: "org_23rb8YdGqMT0qIzpgGwdXfHirMu".parse().unwrap(),
            app: "app_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap(),
            endpoint: "ep_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap(),
            uid: Some("main".parse().unwrap()),
            at: AT,
            revision: 7,
        }
    }

    fn said(announcement: &Announcement) -> Value {
        serde_json::from_slice(&announcement.payload().unwrap()).unwrap()
    }

    #[test]
    fn a_change_is_told_in_the_form_that_receivers_know() {
        let told = Announcement::endpoint(&change(ChangeKind::Created), None);
        assert_eq!(
            told.iter().map(said).collect::<Vec<_>>(),
            [json!({"type": "endpoint.created", "data": {
                "appId": "app_2mUyNHGNzM2qRpFZTsVXrxQkEWJ", "appUid": null,
                "endpointId": "ep_2mUyNHGNzM2qRpFZTsVXrxQkEWJ", "endpointUid": "main",
            }})]
        );
        assert_eq!(told[0].cause.as_str(), "endpoint.created.7");
        let told = Announcement::endpoint(&change(ChangeKind::Disabled), None);
        let types: Vec<_> = told.iter().map(|told| said(told)["type"].clone()).collect();
        assert_eq!(types, ["endpoint.updated", "endpoint.disabled"]);
        assert_eq!(said(&told[1])["data"]["trigger"], "manual");
        assert_ne!(told[0].cause, told[1].cause);
    }

    #[test]
    fn the_end_of_a_task_is_told_with_what_came_of_it() {
        let id = "qtask_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap();
        let org = "org_23rb8YdGqMT0qIzpgGwdXfHirMu".parse().unwrap();
        let mut task = Task::new(id, org, Work::EventTypeAggregate, AT);
        task.count("messagesSent", 2);
        task.finish(AT);
        assert_eq!(
            said(&Announcement::task(&task)),
            json!({"type": "background_task.finished", "data": {
                "taskId": "qtask_2mUyNHGNzM2qRpFZTsVXrxQkEWJ", "task": "event-type.aggregate",
                "status": "finished", "data": {"messagesSent": 2},
            }})
        );
    }
}
