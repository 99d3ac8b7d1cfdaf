//! The signature base (RFC 9421 §2.5): each covered component on a line, and the parameters.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName};
use sha2::{Digest as _, Sha256};

use super::{Component, MessageSignature, Target};
use crate::scheme::SignError;

/// `Content-Digest` of a body (RFC 9530 §2).
pub(super) fn digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(body)))
}

impl MessageSignature {
    pub(in crate::scheme) fn base(
        &self,
        parameters: &str,
        body: &[u8],
        digest: Option<&str>,
        target: &Target<'_>,
        headers: &HeaderMap,
    ) -> Result<String, SignError> {
        let parts = Parts::of(target.uri).ok_or(SignError::Target)?;
        let mut base = String::with_capacity(512);
        for component in &self.components {
            base.push('"');
            base.push_str(component.name());
            base.push_str("\": ");
            match component {
                Component::Method => base.push_str(target.method),
                Component::TargetUri => base.push_str(parts.whole),
                Component::Authority => base.push_str(&parts.authority()),
                Component::Scheme => base.push_str(&parts.scheme.to_ascii_lowercase()),
                Component::RequestTarget => {
                    base.push_str(parts.path);
                    base.push_str(parts.query);
                }
                Component::Path => base.push_str(parts.path),
                Component::Query if parts.query.is_empty() => base.push('?'),
                Component::Query => base.push_str(parts.query),
                Component::Digest => base.push_str(digest.unwrap_or_default()),
                Component::Length => {
                    let _ = write!(base, "{}", body.len());
                }
                Component::Field(name) => field(name, headers, &mut base)?,
            }
            base.push('\n');
        }
        base.push_str("\"@signature-params\": ");
        base.push_str(parameters);
        Ok(base)
    }
}

/// A header's values, each without the space around it, in the order received (§2.1).
fn field(name: &HeaderName, headers: &HeaderMap, base: &mut String) -> Result<(), SignError> {
    let mut values = headers.get_all(name).iter().peekable();
    if values.peek().is_none() {
        return Err(SignError::NoField(name.clone()));
    }
    while let Some(value) = values.next() {
        base.push_str(value.to_str().map_err(|_| SignError::Field(name.clone()))?.trim());
        if values.peek().is_some() {
            base.push_str(", ");
        }
    }
    Ok(())
}

/// An absolute URI, taken apart.
struct Parts<'a> {
    /// Without the fragment, which is not sent.
    whole: &'a str,
    scheme: &'a str,
    authority: &'a str,
    path: &'a str,
    /// With its question mark; empty where there is none.
    query: &'a str,
}

impl<'a> Parts<'a> {
    fn of(uri: &'a str) -> Option<Self> {
        let whole = uri.split_once('#').map_or(uri, |(before, _)| before);
        let (scheme, rest) = whole.split_once("://")?;
        let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (path, query) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
        let is_printable = uri.bytes().all(|byte| byte.is_ascii_graphic());
        let path = if path.is_empty() { "/" } else { path };
        let parts = Self { whole, scheme, authority, path, query };
        (is_printable && !scheme.is_empty() && !authority.is_empty()).then_some(parts)
    }

    /// Host and port as `Host` has them: in lower case, without the scheme's own port (§2.2.3).
    fn authority(&self) -> String {
        let host = self.authority.rsplit_once('@').map_or(self.authority, |(_, host)| host);
        let host = host.to_ascii_lowercase();
        let port = match &*self.scheme.to_ascii_lowercase() {
            "https" => ":443",
            "http" => ":80",
            _ => return host,
        };
        host.strip_suffix(port).map(str::to_owned).unwrap_or(host)
    }
}
