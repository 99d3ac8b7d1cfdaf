//! What a merchant's own programs may call: registration, and asking whether an event is ours.

use std::time::Duration;

use http::HeaderName;

use crate::document::{Node, Section, list, one_of, text, whole};

/// Where a receiver asks whether what it got is what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyCallback {
    /// The path it posts the event to.
    pub path: String,
    /// The header that carries its secret key, in lower case.
    pub auth_header: HeaderName,
    /// Whether bytes must match, rather than what they mean (RFC 8785).
    pub raw: bool,
    /// For how long after it was last sent an event is known.
    pub window: Duration,
    /// The status for an event that was sent.
    pub ok_status: u16,
    /// The status for any other.
    pub mismatch_status: u16,
}

/// Where merchants register their endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationApi {
    /// The path of the list; each registration is below it.
    pub path: String,
    /// Under which key the list stands.
    pub list_key: String,
}

impl RegistrationApi {
    /// Where merchants register whose profile does not say.
    pub const PATH: &'static str = "/api/webhooks";
    /// What the list is called there.
    pub const LIST_KEY: &'static str = "subscriptions";
}

impl Default for RegistrationApi {
    fn default() -> Self {
        Self { path: Self::PATH.to_owned(), list_key: Self::LIST_KEY.to_owned() }
    }
}

impl VerifyCallback {
    /// The longest window: digests are kept no longer.
    pub const WINDOW_MAX: Duration = Duration::from_secs(30 * 86_400);

    pub(crate) fn read(section: &Section<'_>) -> Option<Self> {
        section.may("method", one_of(&[("POST", ())]));
        section.may("body", text);
        let path = section.want("path", path);
        let auth_header = section.want("auth_header", |node| {
            let name = text(node)?.parse::<HeaderName>();
            name.map_err(|_| "must be the name of a header".to_owned())
        });
        let matches = [("canonical_json_sha256", false), ("raw_sha256", true)];
        let raw = section.want("match", one_of(&matches));
        let window = section.want("window_s", whole(60..=Self::WINDOW_MAX.as_secs()));
        let ok_status = section.may("ok_status", status(200..=299));
        let mismatch_status = section.may("mismatch_status", status(400..=499));
        Some(Self {
            path: path?,
            auth_header: auth_header?,
            raw: raw?,
            window: Duration::from_secs(window?),
            ok_status: ok_status.unwrap_or(200),
            mismatch_status: mismatch_status.unwrap_or(400),
        })
    }
}

impl RegistrationApi {
    /// The shape is one; a profile chooses its path and what the list is called.
    pub(crate) fn read(section: &Section<'_>) -> Option<Self> {
        const AUTH: &str = "Authorization: Bearer <secret key>";
        let names = |wanted: &'static [&'static str]| {
            move |node: &Node| {
                let all: Vec<_> = list(node)?.iter().filter_map(|node| text(node).ok()).collect();
                let fits = all == wanted;
                if fits { Ok(()) } else { Err(format!("must be {}", wanted.join(", "))) }
            }
        };
        section.may("auth", one_of(&[(AUTH, ())]));
        let create = section.section("create")?;
        create.want("method", one_of(&[("POST", ())]));
        let path = create.want("path", path);
        create.may("request", names(&["name", "url"]));
        create.may("response", names(&["id", "name", "url", "mode", "secret"]));
        let same = |node: &Node, wanted: Option<String>| match (text(node)?, wanted) {
            (found, Some(wanted)) if found != wanted => Err(format!("must be {wanted}")),
            _ => Ok(()),
        };
        let mut list_key = None;
        if let Some(all) = section.maybe_section("list") {
            all.may("method", one_of(&[("GET", ())]));
            all.may("path", |node| same(node, path.clone()));
            if let Some(response) = all.maybe_section("response") {
                if let [(key, node)] = response.entries() {
                    let shown = names(&["id", "name", "url", "mode"])(node);
                    if let Err(problem) = shown {
                        response.fault(key, problem);
                    }
                    list_key = Some(key.clone());
                } else {
                    all.fault("response", "must have one key, under which the list stands");
                }
            }
        }
        if let Some(delete) = section.maybe_section("delete") {
            delete.may("method", one_of(&[("DELETE", ())]));
            let below = path.as_ref().map(|path| format!("{path}/{{id}}"));
            delete.may("path", |node| same(node, below));
            delete.may("status", status(204..=204));
        }
        let list_key = list_key.unwrap_or_else(|| Self::LIST_KEY.to_owned());
        Some(Self { path: path?, list_key })
    }
}

/// A path that cannot be taken for one of ours.
fn path(node: &Node) -> Result<String, String> {
    let path = text(node)?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"/-_.~".contains(&b);
    let shaped = path.starts_with('/')
        && (2..=128).contains(&path.len())
        && path.bytes().all(allowed)
        && path.split('/').skip(1).all(|part| !matches!(part, "" | "." | ".."));
    if !shaped {
        return Err("must be a path of letters, digits and -_.~ that begins with /".into());
    }
    let ours = ["/api/v1", "/docs", "/healthz", "/readyz", "/metrics"];
    if ours.iter().any(|own| path == *own || path.starts_with(&format!("{own}/"))) {
        return Err("is a path of the API itself".into());
    }
    Ok(path.to_owned())
}

fn status(range: std::ops::RangeInclusive<u64>) -> impl Fn(&Node) -> Result<u16, String> {
    move |node| {
        let status = whole(range.clone())(node)?;
        Ok(u16::try_from(status).unwrap_or(u16::MAX))
    }
}
