//! Lists of event types, in every spelling that clients use.

use std::collections::BTreeSet;

use axum::extract::FromRequestParts;
use http::request::Parts;
use posthaste_api::{Problem, ValidationFault, query_list, schema};
use posthaste_domain::{EventType, NameError};
use utoipa::IntoParams;

/// The most event types that one question may name.
const MAX: usize = 512;

/// Which event types, as the specification describes it; read by [`EventTypes`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is only described")]
pub(crate) struct EventTypesQuery {
    /// Only these event types: `a,b`, or one parameter for each.
    #[param(style = Form, explode)]
    event_types: Option<BTreeSet<schema::EventTypeName>>,
}

/// The event types of a query, each once: `event_types=a,b`, repeated, with `[]`, or with `[0]`.
#[derive(Debug, Default)]
pub(crate) struct EventTypes(pub(crate) Vec<EventType>);

impl<S: Send + Sync> FromRequestParts<S> for EventTypes {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let named = query_list(&parts.uri, "event_types")?;
        let mut faults = Vec::new();
        if named.len() > MAX {
            let msg = format!("must be at most {MAX} event types");
            return Err(Problem::validation(vec![ValidationFault::query(["event_types"], msg)]));
        }
        let mut types = BTreeSet::new();
        for (at, name) in named.iter().enumerate() {
            match name.parse() {
                Ok(name) => drop(types.insert(name)),
                Err(error) => {
                    let error: NameError = error;
                    let path = ["event_types".to_owned(), format!("[{at}]")];
                    faults.push(ValidationFault::query(path, error.to_string()));
                }
            }
        }
        if faults.is_empty() {
            Ok(Self(types.into_iter().collect()))
        } else {
            Err(Problem::validation(faults))
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    async fn types(query: &str) -> Result<Vec<String>, u16> {
        let request = Request::get(format!("/?{query}")).body(()).unwrap();
        let (mut parts, ()) = request.into_parts();
        match EventTypes::from_request_parts(&mut parts, &()).await {
            Ok(EventTypes(types)) => Ok(types.iter().map(ToString::to_string).collect()),
            Err(problem) => Err(problem.status().as_u16()),
        }
    }

    #[tokio::test]
    async fn event_types_are_read_in_every_spelling() {
        let both = Ok(vec!["a.b".to_owned(), "c".to_owned()]);
        for query in [
            "event_types=a.b,c",
            "event_types=a.b&event_types=c",
            "event_types=c&limit=5&event_types=a.b&event_types=c",
            "event_types[]=a.b&event_types[]=c",
            "event_types%5B%5D=c&event_types%5B%5D=a.b",
            "event_types[0]=a.b&event_types[1]=c",
            "event_types=c&event_types[7]=a.b",
        ] {
            assert_eq!(types(query).await, both, "{query}");
        }
        for none in ["", "event_types=", "event_types_x=a", "event_types[a=b", "limit=1"] {
            assert_eq!(types(none).await, Ok(Vec::new()), "{none}");
        }
        assert_eq!(types("event_types=a,b%20c").await, Err(422));
        let many: Vec<_> = (0..=MAX).map(|n| n.to_string()).collect();
        assert_eq!(types(&format!("event_types={}", many.join(","))).await, Err(422));
    }
}
