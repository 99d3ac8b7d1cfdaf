//! What is wrong with a request, place by place.

use serde::Serialize;
use utoipa::ToSchema;

/// One thing that is wrong with a body or a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ValidationError)]
pub struct ValidationFault {
    /// Where: `body` or `query`, then the names and `[i]` that lead to the field.
    pub loc: Vec<String>,
    /// What is wrong, for a human.
    pub msg: String,
    /// What is wrong, for a program.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "value_error")]
    pub kind: &'static str,
}

impl ValidationFault {
    /// A rule that the field of the body at `path` breaks.
    pub fn body<S: Into<String>>(
        path: impl IntoIterator<Item = S>,
        msg: impl Into<String>,
    ) -> Self {
        Self::at("body", path, msg, "value_error")
    }

    /// A rule that the query parameter at `path` breaks.
    pub fn query<S: Into<String>>(
        path: impl IntoIterator<Item = S>,
        msg: impl Into<String>,
    ) -> Self {
        Self::at("query", path, msg, "value_error")
    }

    /// A rule that the request header `name` breaks.
    pub fn header(name: &str, msg: impl Into<String>) -> Self {
        Self::at("header", [name], msg, "value_error")
    }

    /// The same fault under another `type` than `value_error`.
    #[must_use]
    pub fn of_kind(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }

    pub(crate) fn at<S: Into<String>>(
        root: &str,
        path: impl IntoIterator<Item = S>,
        msg: impl Into<String>,
        kind: &'static str,
    ) -> Self {
        let loc = std::iter::once(root.to_owned()).chain(path.into_iter().map(Into::into));
        Self { loc: loc.collect(), msg: msg.into(), kind }
    }
}
