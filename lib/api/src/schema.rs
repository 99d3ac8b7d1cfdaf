//! The plain values of the API, as its specification describes them. Nothing is ever made of
//! these types: they stand in for the nouns, which know nothing of specifications.

use utoipa::ToSchema;

/// The id of an application.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^app_[A-Za-z0-9]{27}$", min_length = 31, max_length = 31, example = "app_2mUyNHGNzM2qRpFZTsVXrxQkEWJ")]
pub struct ApplicationId(pub String);

/// The id of an endpoint.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^ep_[A-Za-z0-9]{27}$", min_length = 30, max_length = 30, example = "ep_2mUyNHGNzM2qRpFZTsVXrxQkEWJ")]
pub struct EndpointId(pub String);

/// The id of a message.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^msg_[A-Za-z0-9]{27}$", min_length = 31, max_length = 31, example = "msg_2mUyNHGNzM2qRpFZTsVXrxQkEWJ")]
pub struct MessageId(pub String);

/// The id of an attempt.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^atmpt_[A-Za-z0-9]{27}$", min_length = 33, max_length = 33, example = "atmpt_2mUyNHGNzM2qRpFZTsVXrxQkEWJ")]
pub struct AttemptId(pub String);

/// The id of a background task.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^qtask_[A-Za-z0-9]{27}$", min_length = 33, max_length = 33, example = "qtask_2mUyNHGNzM2qRpFZTsVXrxQkEWJ")]
pub struct TaskId(pub String);

/// The id of a dead letter.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^dead_[A-Za-z0-9]{27}$", min_length = 32, max_length = 32, example = "dead_2mUyNHGNzM2qRpFZTsVXrxQkEWJ")]
pub struct DeadLetterId(pub String);

/// The platform's own name of a thing, usable wherever its id is.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = r"^[a-zA-Z0-9\-_.]+$", min_length = 1, max_length = 256, example = "merchant-7")]
pub struct Uid(pub String);

/// The name of an event type, or of a feature flag.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = r"^[a-zA-Z0-9\-_.]+$", min_length = 1, max_length = 256, example = "chargeback.created")]
pub struct EventTypeName(pub String);

/// A label that narrows which endpoints get a message.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = r"^[a-zA-Z0-9\-_.:+]+$", min_length = 1, max_length = 256, example = "eu")]
pub struct Channel(pub String);

/// A label by which a message is found again.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = r"^[a-zA-Z0-9\-_./\\#]+$", min_length = 1, max_length = 128, example = "batch/42")]
pub struct Tag(pub String);

/// A moment (RFC 3339), exact to the microsecond.
#[derive(ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-11-22T10:00:00.000001Z")]
pub struct Moment(pub String);
