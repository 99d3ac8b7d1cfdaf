//! Where a customer of the platform uses a token. Pure.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, header, uri::Authority};
use posthaste_domain::AppId;
use serde::Serialize;

/// What the address tells the page, after the `#`, which browsers keep to themselves.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Login<'a> {
    app_id: &'a AppId,
    token: &'a str,
}

/// The page at `base`, or at the address that this request was sent to, with the token.
pub(super) fn url(base: Option<&str>, headers: &HeaderMap, app: &AppId, token: &str) -> String {
    let base = base.map_or_else(|| own(headers), |base| base.trim_end_matches('/').to_owned());
    // Two strings always serialise.
    let login = serde_json::to_vec(&Login { app_id: app, token }).unwrap_or_default();
    format!("{base}/login#key={}", URL_SAFE_NO_PAD.encode(login))
}

/// This server as the caller knows it. A proxy says in `x-forwarded-proto` what it was asked by.
fn own(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = match text("x-forwarded-proto") {
        Some("https") => "https",
        _ => "http",
    };
    let host = text(header::HOST.as_str()).and_then(|host| host.parse::<Authority>().ok());
    let host = host.as_ref().map_or("localhost", Authority::as_str);
    format!("{scheme}://{host}/portal")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn is_what_is_configured_or_what_was_asked() {
        let app: AppId = "app_2mUyNHGNzM2qRpFZTsVXrxQkEWJ".parse().unwrap();
        let at = |base, headers: &[(&'static str, &str)]| {
            let headers = headers.iter().map(|(name, value)| {
                (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())
            });
            let url = url(base, &headers.collect(), &app, "a.b.c");
            let (page, key) = url.split_once("#key=").unwrap();
            let login: serde_json::Value =
                serde_json::from_slice(&URL_SAFE_NO_PAD.decode(key).unwrap()).unwrap();
            assert_eq!(login, serde_json::json!({"appId": app, "token": "a.b.c"}));
            page.to_owned()
        };
        let host = ("host", "hooks.example:8081");
        assert_eq!(at(None, &[host]), "http://hooks.example:8081/portal/login");
        let secure = ("x-forwarded-proto", "https");
        assert_eq!(at(None, &[host, secure]), "https://hooks.example:8081/portal/login");
        assert_eq!(at(Some("https://p.example/"), &[host]), "https://p.example/login");
        assert_eq!(at(None, &[("host", "a b\"<")]), "http://localhost/portal/login");
        assert_eq!(at(None, &[]), "http://localhost/portal/login");
    }
}
