//! Headers that an endpoint's requests carry beside ours.
//!
//! Their values may be credentials, so they are stored sealed, and those of names known for that
//! are never shown again.

pub(crate) mod rules;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use axum::extract::State;
use http::StatusCode;
use posthaste_api::{Json, JsonBody, Problem, field::Faults};
use posthaste_registry::{EndpointEntry, Headers, WriteError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::rules::{Change, TooMany};
use super::{Api, path::EndpointPath, refused, secret};
use crate::access::{Edit, OwnEndpoint};

pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default().routes(routes!(get, set, patch))
}

/// The body of PUT.
// Not `Debug`: values may be credentials.
#[derive(Deserialize, ToSchema)]
#[schema(as = EndpointHeadersIn)]
pub(crate) struct HeadersIn {
    /// At most 50, each name once whatever its case, each value at most 4096 bytes. Names that
    /// say how the request travels or what its body is, and names of Posthaste's or a cloud's own
    /// (`webhook-…`, `x-amz-…`), cannot be set.
    #[schema(value_type = BTreeMap<String, String>, example = json!({"X-Shop": "7", "Authorization": "Bearer sesame"}))]
    headers: Headers,
}

/// The body of PATCH: what is not named stays.
// Not `Debug`: values may be credentials.
#[derive(Deserialize, ToSchema)]
#[schema(as = EndpointHeadersPatchIn)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HeadersPatchIn {
    /// What to set, by the rules of PUT; `null` deletes.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Option<String>>, example = json!({"X-Shop": "7", "X-Old": null}))]
    headers: BTreeMap<String, Option<String>>,
    /// Names to delete, in any case; one that is not there is passed over.
    #[schema(default = json!([]), nullable = false)]
    delete_headers: Option<Vec<String>>,
}

/// The headers as the API shows them.
// Not `Debug` either.
#[derive(Serialize, ToSchema)]
#[schema(as = EndpointHeadersOut)]
pub(crate) struct HeadersOut {
    /// Those that may be shown, as they were written.
    #[schema(value_type = BTreeMap<String, String>, example = json!({"X-Shop": "7"}))]
    headers: Headers,
    /// The names of those whose values are kept from readers.
    #[schema(example = json!(["Authorization"]))]
    sensitive: BTreeSet<String>,
}

/// Why headers are not changed.
enum NotChanged {
    TooMany,
    Write(WriteError),
}

impl From<WriteError> for NotChanged {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

impl From<TooMany> for NotChanged {
    fn from(_: TooMany) -> Self {
        Self::TooMany
    }
}

impl HeadersIn {
    fn validate(self) -> Result<Headers, Problem> {
        let mut faults = Faults::default();
        rules::check(&mut faults, &self.headers);
        faults.finish(|| Some(self.headers))
    }
}

impl HeadersPatchIn {
    fn validate(self) -> Result<Change, Problem> {
        let mut faults = Faults::default();
        let delete = self.delete_headers.unwrap_or_default();
        let change = Change::check(&mut faults, self.headers, &delete);
        faults.finish(|| Some(change))
    }
}

/// Get an endpoint's headers
///
/// The values of headers that are known to hold credentials are not shown.
#[utoipa::path(
    get, path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers", operation_id = "v1.endpoint.get-headers", tag = "Endpoint",
    params(EndpointPath),
    responses(
        (status = 200, body = HeadersOut),
    ),
)]
pub(crate) async fn get(
    OwnEndpoint(_, found, _): OwnEndpoint,
) -> Result<Json<HeadersOut>, Problem> {
    shown(&found)
}

/// Replace an endpoint's headers
///
/// All of them; what is not named goes.
#[utoipa::path(
    put, path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers", operation_id = "v1.endpoint.set-headers", tag = "Endpoint",
    params(EndpointPath),
    request_body = HeadersIn,
    responses(
        (status = 204, description = "They are replaced."),
    ),
)]
pub(crate) async fn set(
    State(api): State<Arc<Api>>,
    OwnEndpoint(_, found, _): OwnEndpoint<Edit>,
    JsonBody(body): JsonBody<HeadersIn>,
) -> Result<StatusCode, Problem> {
    replace(&api, &found, body).await
}

/// Change an endpoint's headers
///
/// What is not named stays; what is `null`, or named in `deleteHeaders`, goes.
#[utoipa::path(
    patch, path = "/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers", operation_id = "v1.endpoint.patch-headers", tag = "Endpoint",
    params(EndpointPath),
    request_body = HeadersPatchIn,
    responses(
        (status = 204, description = "They are changed."),
    ),
)]
pub(crate) async fn patch(
    State(api): State<Arc<Api>>,
    OwnEndpoint(_, found, _): OwnEndpoint<Edit>,
    JsonBody(body): JsonBody<HeadersPatchIn>,
) -> Result<StatusCode, Problem> {
    let change = body.validate()?;
    update(&api, &found, |current| Ok(change.apply(current)?)).await
}

/// The headers of an endpoint, for a reader.
pub(super) fn shown(entry: &EndpointEntry) -> Result<Json<HeadersOut>, Problem> {
    // Headers open with the keyring or not at all; none of an endpoint that does not open would
    // be an untruth.
    secret::keyring(entry)?;
    let (sensitive, headers): (Headers, Headers) =
        entry.headers.clone().into_iter().partition(|(name, _)| rules::is_sensitive(name));
    Ok(Json(HeadersOut { headers, sensitive: sensitive.into_keys().collect() }))
}

/// Has an endpoint's headers be those of `body`.
pub(super) async fn replace(
    api: &Api,
    entry: &EndpointEntry,
    body: HeadersIn,
) -> Result<StatusCode, Problem> {
    let headers = body.validate()?;
    update(api, entry, |_| Ok(headers.clone())).await
}

async fn update(
    api: &Api,
    entry: &EndpointEntry,
    change: impl Fn(&Headers) -> Result<Headers, NotChanged>,
) -> Result<StatusCode, Problem> {
    let endpoint = &entry.endpoint;
    match api.writer.update_headers(&endpoint.app, &endpoint.id, change).await {
        Ok(_) => Ok(StatusCode::NO_CONTENT),
        Err(NotChanged::TooMany) => {
            let mut faults = Faults::default();
            faults.add(["headers"], TooMany.to_string());
            faults.finish(|| None)
        }
        Err(NotChanged::Write(error)) => Err(refused(error, "The headers were changed meanwhile")),
    }
}
