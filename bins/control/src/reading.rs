//! Asking history so that callers read what they wrote.
//!
//! # Invariants
//! - Who was told 202, or saw an attempt arrive, is never told 404 of it: where history may be
//!   behind, the answer is 503, and worth asking for again.
//! - A list that may lack the newest items says so, in a header.
//! - A store that fails is 503, never 500: it comes back.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue};
use posthaste_api::{Json, Problem};
use posthaste_domain::AppId;
use posthaste_history::{HistoryError, MessageRow, PageOf};
use serde::Serialize;

use crate::{
    api::{Api, RETRY_AFTER},
    freshness::Fresh,
};

/// Tells that an answer may lack what was confirmed last; its value is `behind`.
const HISTORY: HeaderName = HeaderName::from_static("posthaste-history");

/// An answer out of history, and whether it is up to date.
#[derive(Debug)]
pub(crate) struct Told<T> {
    fresh: Fresh,
    body: T,
}

impl<T> Told<T> {
    pub(crate) const fn new(fresh: Fresh, body: T) -> Self {
        Self { fresh, body }
    }
}

impl<T: Serialize> IntoResponse for Told<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.body).into_response();
        if self.fresh == Fresh::Behind {
            response.headers_mut().insert(HISTORY, HeaderValue::from_static("behind"));
        }
        response
    }
}

/// A store that failed.
pub(crate) fn unavailable(error: HistoryError) -> Problem {
    Problem::unavailable(RETRY_AFTER, error)
}

/// What is told of something that history does not know.
pub(crate) fn absent(fresh: Fresh) -> Problem {
    match fresh {
        Fresh::UpToDate => Problem::entity_not_found(),
        Fresh::Behind => Problem::overloaded(RETRY_AFTER),
    }
}

/// A page of a list for which nothing can fit.
pub(crate) const fn nothing<T>() -> PageOf<T> {
    PageOf { items: Vec::new(), done: true }
}

impl Api {
    /// What `ask` finds; where it finds nothing, it is asked again once history is up to date.
    pub(crate) async fn find<T, F>(&self, ask: impl Fn() -> F) -> Result<T, Problem>
    where
        F: Future<Output = Result<Option<T>, HistoryError>>,
    {
        if let Some(found) = ask().await.map_err(unavailable)? {
            return Ok(found);
        }
        let fresh = self.freshness.wait().await;
        ask().await.map_err(unavailable)?.ok_or_else(|| absent(fresh))
    }

    /// The message of an application with this id or `eventId`.
    pub(crate) async fn find_message(
        &self,
        app: &AppId,
        key: &str,
        with_content: bool,
    ) -> Result<MessageRow, Problem> {
        self.find(|| self.history.message(app, key, with_content)).await
    }

    /// As [`find_message`](Self::find_message), for a list of what belongs to it: history is
    /// waited for in any case.
    pub(crate) async fn list_of_message(
        &self,
        app: &AppId,
        key: &str,
    ) -> Result<(Fresh, MessageRow), Problem> {
        let fresh = self.freshness.wait().await;
        let found = self.history.message(app, key, false).await.map_err(unavailable)?;
        found.map(|message| (fresh, message)).ok_or_else(|| absent(fresh))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_never_told_as_final() {
        for error in [
            HistoryError::Unavailable("gone".into()),
            HistoryError::Unreadable("odd".into()),
            HistoryError::Migration("old".into()),
        ] {
            assert_eq!(unavailable(error).status(), 503);
        }
        assert_eq!(absent(Fresh::UpToDate).status(), 404);
        let behind = absent(Fresh::Behind).into_response();
        assert_eq!(behind.status(), 503);
        assert!(behind.headers().contains_key("retry-after"));
    }

    #[test]
    fn only_an_answer_that_may_lack_something_says_so() {
        let header = |fresh| Told::new(fresh, 1).into_response().headers().get(HISTORY).cloned();
        assert_eq!(header(Fresh::UpToDate), None);
        assert_eq!(header(Fresh::Behind), Some(HeaderValue::from_static("behind")));
    }
}
