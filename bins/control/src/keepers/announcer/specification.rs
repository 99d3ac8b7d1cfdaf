//! What receivers of operational webhooks are sent, as the specification shows it.

use posthaste_api::schema;
use serde_json::Value;
use utoipa::{
    OpenApi, PartialSchema as _,
    openapi::{
        Content, HttpMethod, Paths, Ref, RefOr, ResponseBuilder,
        path::{OperationBuilder, PathItem},
        request_body::RequestBodyBuilder,
        schema::{ObjectBuilder, Schema},
    },
};

use super::announcement::{AttemptData, DisabledTrigger, EndpointData, LastAttempt, TaskData};
use crate::{
    operational::OperationalEvent,
    tasks::{TaskStatus, TaskType},
};

#[derive(OpenApi)]
#[openapi(components(schemas(
    EndpointData,
    DisabledTrigger,
    AttemptData,
    LastAttempt,
    TaskData,
    schema::ApplicationId,
    schema::AttemptId,
    schema::EndpointId,
    schema::MessageId,
    schema::Moment,
    schema::TaskId,
    schema::Uid,
    TaskStatus,
    TaskType,
)))]
struct Schemas;

/// Adds the requests that receivers of operational webhooks are sent to the specification.
pub(crate) fn declare_webhooks(document: &mut utoipa::openapi::OpenApi) {
    let mut paths = Paths::new();
    for event in OperationalEvent::ALL {
        let (data, said) = described(event);
        let body = ObjectBuilder::new()
            .property("type", constant(event.as_str()))
            .property("data", RefOr::Ref(Ref::from_schema_name(data)))
            .required("type")
            .required("data");
        let content = Content::new(Some(RefOr::T(Schema::from(body.build()))));
        let request = RequestBodyBuilder::new().content("application/json", content);
        let taken = ResponseBuilder::new().description("Any 2xx says that it was taken.");
        let operation = OperationBuilder::new()
            .operation_id(Some(event.as_str()))
            .tag("Webhook")
            .summary(Some(event.as_str()))
            .description(Some(said))
            .request_body(Some(request.build()))
            .response("2XX", taken.build());
        let item = PathItem::new(HttpMethod::Post, operation.build());
        paths.paths.insert(event.as_str().to_owned(), item);
    }
    document.merge(Schemas::openapi());
    document.webhooks = Some(paths);
}

fn constant(text: &'static str) -> RefOr<Schema> {
    match String::schema() {
        RefOr::T(Schema::Object(mut object)) => {
            object.enum_values = Some(vec![Value::from(text)]);
            RefOr::T(Schema::Object(object))
        }
        other => other,
    }
}

/// The schema of what is told of an event, and when it is told.
const fn described(event: OperationalEvent) -> (&'static str, &'static str) {
    match event {
        OperationalEvent::EndpointCreated => ("EndpointEventData", "An endpoint was created."),
        OperationalEvent::EndpointUpdated => {
            ("EndpointEventData", "An endpoint was changed, its secret and headers included.")
        }
        OperationalEvent::EndpointDeleted => {
            ("EndpointEventData", "An endpoint was deleted, alone or with its application.")
        }
        OperationalEvent::EndpointDisabled => ("EndpointEventData", "An endpoint was disabled."),
        OperationalEvent::EndpointEnabled => ("EndpointEventData", "An endpoint was enabled."),
        OperationalEvent::MessageAttemptFailing => (
            "MessageAttemptEventData",
            "The fourth attempt at a message failed, and another is due.",
        ),
        OperationalEvent::MessageAttemptExhausted => (
            "MessageAttemptEventData",
            "The last attempt at a message failed; it is a dead letter now.",
        ),
        OperationalEvent::MessageAttemptRecovered => (
            "MessageAttemptEventData",
            "A message was taken after four attempts or more that failed.",
        ),
        OperationalEvent::BackgroundTaskFinished => {
            ("BackgroundTaskEventData", "A background task ended, well or not.")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_event_is_declared_with_a_schema_that_exists() {
        let mut document = utoipa::openapi::OpenApi::default();
        declare_webhooks(&mut document);
        let document = serde_json::to_value(document).unwrap();
        for event in OperationalEvent::ALL {
            let operation = &document["webhooks"][event.as_str()]["post"];
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            assert_eq!(body["properties"]["type"]["enum"], json!([event.as_str()]), "{operation}");
            let reference = body["properties"]["data"]["$ref"].as_str().unwrap();
            let name = reference.rsplit('/').next().unwrap();
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
    }
}
