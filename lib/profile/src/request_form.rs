//! What a request is beside its body: the content type and the headers of a profile's own.

use http::{HeaderName, HeaderValue};
use posthaste_domain::HeaderCase;

use crate::{
    document::{Section, list, one_of, text},
    headers::is_transports_own,
    transport::{content_type, header_case},
    variable::{Piece, Scope, pieces},
};

/// A profile's `request`.
pub(crate) struct RequestForm {
    pub(crate) content_type: HeaderValue,
    pub(crate) headers: Vec<(HeaderName, Vec<Piece>)>,
    /// The names as they were written.
    pub(crate) written: Vec<String>,
    pub(crate) case: Option<HeaderCase>,
}

/// The most headers of a profile's own.
const HEADERS_MAX: usize = 32;

impl RequestForm {
    pub(crate) fn read(request: &Section<'_>) -> Option<Self> {
        request.may("method", one_of(&[("POST", ())]));
        let content_type = request.may("content_type", content_type);
        let case = header_case(request);
        let all = request.may("headers", list).unwrap_or_default();
        if all.len() > HEADERS_MAX {
            request.fault("headers", format!("may hold {HEADERS_MAX} headers"));
        }
        let (mut headers, mut written) = (Vec::new(), Vec::new());
        for (place, node) in all.iter().enumerate() {
            let pointer = format!("{}/{place}", request.at("headers"));
            let header = Section::new(node, pointer, request.faults());
            let name = header.want("name", text);
            let value = header.want("value", |node| pieces(text(node)?, Scope::Header));
            let parsed = name.and_then(|name| {
                let parsed = HeaderName::try_from(name).ok();
                if parsed.is_none() || is_transports_own(name) {
                    header.fault("name", "is no header that a profile may set");
                }
                parsed
            });
            let literal = |piece: &Piece| match piece {
                Piece::Literal(text) => text.bytes().all(|b| (b' '..=b'~').contains(&b)),
                Piece::Variable(_) => true,
            };
            if value.as_ref().is_some_and(|pieces| !pieces.iter().all(literal)) {
                header.fault("value", "may hold printable ASCII beside its variables");
            }
            if let (Some(name), Some(parsed), Some(value)) = (name, parsed, value) {
                if headers.iter().any(|(earlier, _)| *earlier == parsed) {
                    header.fault("name", "is given twice");
                }
                written.push(name.to_owned());
                headers.push((parsed, value));
            }
        }
        let json = HeaderValue::from_static("application/json");
        Some(Self { content_type: content_type.unwrap_or(json), headers, written, case })
    }
}
