//! What a message signature may cover.

use http::HeaderName;

/// One component (RFC 9421 §2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Component {
    Method,
    TargetUri,
    Authority,
    Scheme,
    RequestTarget,
    Path,
    Query,
    /// `content-digest`, made of the body.
    Digest,
    /// `content-length`, which the transport sets to the length of the body.
    Length,
    /// A header that is set before the request is signed.
    Field(HeaderName),
}

impl Component {
    pub(super) fn parse(name: &str) -> Result<Self, &'static str> {
        if name.starts_with('@') {
            return match name {
                "@method" => Ok(Self::Method),
                "@target-uri" => Ok(Self::TargetUri),
                "@authority" => Ok(Self::Authority),
                "@scheme" => Ok(Self::Scheme),
                "@request-target" => Ok(Self::RequestTarget),
                "@path" => Ok(Self::Path),
                "@query" => Ok(Self::Query),
                _ => Err("is not a derived component of a request (RFC 9421 §2.2)"),
            };
        }
        if name.contains(|c: char| c.is_ascii_uppercase()) {
            return Err("names of headers are written in lower case here");
        }
        match name {
            "content-digest" => Ok(Self::Digest),
            "content-length" => Ok(Self::Length),
            "host" => Err("the transport sets host: cover @authority"),
            "signature" | "signature-input" => Err("a signature cannot cover itself"),
            _ => HeaderName::from_bytes(name.as_bytes())
                .map(Self::Field)
                .map_err(|_| "is not a header's name, and parameters of components are not known"),
        }
    }

    /// How it is named in the base and in `Signature-Input`.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Method => "@method",
            Self::TargetUri => "@target-uri",
            Self::Authority => "@authority",
            Self::Scheme => "@scheme",
            Self::RequestTarget => "@request-target",
            Self::Path => "@path",
            Self::Query => "@query",
            Self::Digest => "content-digest",
            Self::Length => "content-length",
            Self::Field(name) => name.as_str(),
        }
    }
}
