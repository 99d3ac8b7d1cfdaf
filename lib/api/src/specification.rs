//! What every operation of the specification has in common, said once.

use serde::Serialize;
use utoipa::{
    OpenApi, ToSchema,
    openapi::{
        ContactBuilder, ContentBuilder, InfoBuilder, LicenseBuilder, Ref, RefOr, ResponseBuilder,
        path::Operation,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
        server::ServerBuilder,
    },
};

use crate::ValidationFault;

/// The name of the one way to authenticate.
const BEARER: &str = "HTTPBearer";

/// What every failure but 422 says.
#[derive(Serialize, ToSchema)]
#[schema(as = HttpErrorOut)]
struct HttpError {
    /// For programs; one failure has one code.
    #[schema(example = "not_found")]
    code: String,
    /// For humans.
    #[schema(example = "Entity not found")]
    detail: String,
}

/// What a request that is understood, and wrong, is answered with.
#[derive(Serialize, ToSchema)]
#[schema(as = HTTPValidationError)]
struct HttpValidationError {
    /// Every fault, each with its place.
    detail: Vec<ValidationFault>,
}

#[derive(OpenApi)]
#[openapi(components(schemas(HttpError, HttpValidationError, ValidationFault)))]
struct Failures;

/// The failures that any operation may be answered with.
const FAILURES: [(&str, &str, &str); 12] = [
    ("400", "The request cannot be understood, or not now.", "HttpErrorOut"),
    ("401", "There is no good token.", "HttpErrorOut"),
    ("403", "The token is good, but not for this.", "HttpErrorOut"),
    ("404", "There is none, or none that this token may see.", "HttpErrorOut"),
    ("405", "The path exists, the method does not.", "HttpErrorOut"),
    ("408", "The body did not arrive in time.", "HttpErrorOut"),
    ("409", "Somebody else has it already.", "HttpErrorOut"),
    ("413", "The body is larger than is read.", "HttpErrorOut"),
    ("422", "Understood, and wrong in the places named.", "HTTPValidationError"),
    ("429", "Too many at once; ask again after `retry-after` seconds.", "HttpErrorOut"),
    ("500", "Ours to mend; the log says why.", "HttpErrorOut"),
    ("503", "Not now; ask again after `retry-after` seconds.", "HttpErrorOut"),
];

/// The specification with its title, its way to authenticate and the failures that every
/// operation shares. An operation that says what a failure means to it keeps its own words.
#[must_use]
pub fn complete(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    document.info = InfoBuilder::new()
        .title("Posthaste")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Post an event once; it is signed, delivered to every endpoint that wants it, retried \
             for days, and what became of it is here.",
        ))
        .contact(Some(ContactBuilder::new().name(Some("Posthaste")).build()))
        .license(Some(LicenseBuilder::new().name("MIT OR Apache-2.0").build()))
        .build();
    document.servers = Some(vec![ServerBuilder::new().url("/").build()]);
    document.merge(Failures::openapi());
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(
        BEARER,
        SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
    );
    for path in document.paths.paths.values_mut() {
        let operations = [
            &mut path.get,
            &mut path.head,
            &mut path.post,
            &mut path.put,
            &mut path.patch,
            &mut path.delete,
        ];
        for operation in operations.into_iter().flatten() {
            add_what_is_shared(operation);
        }
    }
    document
}

/// An operation without a token says so itself, with an empty list of requirements.
fn add_what_is_shared(operation: &mut Operation) {
    let empty: [&str; 0] = [];
    operation.security.get_or_insert_with(|| vec![SecurityRequirement::new(BEARER, empty)]);
    for (status, description, schema) in FAILURES {
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| {
            let body = ContentBuilder::new()
                .schema(Some(RefOr::Ref(Ref::from_schema_name(schema))))
                .build();
            let response = ResponseBuilder::new().description(description);
            RefOr::T(response.content("application/json", body).build())
        });
    }
}
