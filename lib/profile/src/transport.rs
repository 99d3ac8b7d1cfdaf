//! How a profile has receivers connected to and answers read.

use std::time::Duration;

use posthaste_domain::{HeaderCase, TlsVersions, Transport};

use crate::{
    document::{Node, Section, flag, list, one_of, text, whole},
    headers::ascii_value,
};

/// A profile's demands on connections and its bounds on answers, read from three of its sections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Demands {
    pub(crate) transport: Transport,
    pub(crate) only_port_443: bool,
    pub(crate) total_timeout: Duration,
}

/// The longest that an attempt may take.
const TOTAL_MAX_MS: u64 = 60_000;

impl Demands {
    pub(crate) fn read(
        transport: &Section<'_>,
        timeouts: &Section<'_>,
        response: Option<&Section<'_>>,
    ) -> Option<Self> {
        let https_only = transport.want("https_only", flag);
        let least = transport.may("tls_min", one_of(&[("1.2", 2), ("1.3", 3)])).unwrap_or(2);
        let most = transport.may("tls_max", one_of(&[("1.2", 2), ("1.3", 3)])).unwrap_or(3);
        if least > most {
            transport.fault("tls_min", "must not be above tls_max");
        }
        if transport.may("verify_certificate", flag) == Some(false) {
            transport.fault("verify_certificate", "certificates are always verified");
        }
        transport.may("http_versions", |node| {
            let only = list(node)? == [Node::Text("1.1".into())];
            if only { Ok(()) } else { Err("requests are HTTP/1.1: must be [\"1.1\"]".into()) }
        });
        let ports = transport.may("ports", one_of(&[("443", true), ("any_public", false)]));
        let connect = timeouts.may("connect_ms", whole(100..=30_000));
        let total = timeouts.want("total_ms", whole(100..=TOTAL_MAX_MS));
        if connect > total && total.is_some() {
            timeouts.fault("connect_ms", "must not be above total_ms");
        }
        let bound = |name, most: usize| {
            let found = response.and_then(|response| response.may(name, whole(0..=most as u64)));
            found.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(most)
        };
        let read_limit = bound("read_limit_bytes", Transport::READ_MAX);
        let keep_limit = bound("store_limit_bytes", Transport::KEEP_MAX);
        if let Some(response) = response {
            response.may("redirects", one_of(&[("fail", ())]));
            if response.may("decompress", flag) == Some(true) {
                response.fault("decompress", "answers are taken as they come");
            }
            if response.may("read_timeout_included", flag) == Some(false) {
                response.fault("read_timeout_included", "one deadline covers all of an attempt");
            }
        }
        let total = total?;
        Some(Self {
            transport: Transport {
                https_only: https_only?,
                tls: match (least, most) {
                    (2, 2) => TlsVersions::Tls12Only,
                    (3, _) => TlsVersions::Tls13Only,
                    _ => TlsVersions::Tls12AndTls13,
                },
                connect_timeout: Duration::from_millis(connect.unwrap_or(5_000).min(total)),
                // What names there are is not known yet.
                header_case: HeaderCase::default(),
                read_limit,
                keep_limit,
            },
            only_port_443: ports.unwrap_or(false),
            total_timeout: Duration::from_millis(total),
        })
    }
}

/// What a profile says of header names, before it is known what names there are.
pub(crate) fn header_case(request: &Section<'_>) -> Option<HeaderCase> {
    let cases = [
        ("as_written", None),
        ("lower", Some(HeaderCase::Lower)),
        ("title", Some(HeaderCase::Title)),
    ];
    request.may("header_case", one_of(&cases)).flatten()
}

/// The case of names as they were written: lower where all of them are; else title, which is what
/// all others come nearest to.
pub(crate) fn case_of<'a>(names: impl IntoIterator<Item = &'a str>) -> HeaderCase {
    let lower = names.into_iter().all(|name| !name.bytes().any(|b| b.is_ascii_uppercase()));
    if lower { HeaderCase::Lower } else { HeaderCase::Title }
}

/// A content type that a header can carry.
pub(crate) fn content_type(node: &Node) -> Result<http::HeaderValue, String> {
    let text = text(node)?;
    let shaped = text.contains('/') && text.len() <= 256;
    let value = ascii_value(text).filter(|_| shaped);
    value.ok_or_else(|| "must be a media type, such as application/json".into())
}
