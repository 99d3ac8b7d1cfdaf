//! As much of the form of HTTP/1.1 as a receiver needs.

use std::fmt::Write;

/// What a body that is never complete is said to be long.
const UNFINISHED: u64 = 1 << 40;

/// The head of a 200 whose body does not end.
pub(super) fn unfinished() -> Vec<u8> {
    rendered(200, &[("Content-Length".into(), UNFINISHED.to_string())], b"")
}

pub(super) struct Parsed {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
}

/// The request line and header lines, or `None` where they are not HTTP/1.
pub(super) fn parsed(head: &[u8]) -> Option<Parsed> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.split("\r\n").take_while(|line| !line.is_empty());
    let mut request = lines.next()?.split(' ');
    let (method, path) = (request.next()?.to_owned(), request.next()?.to_owned());
    if !request.next()?.starts_with("HTTP/1.") {
        return None;
    }
    let headers = lines
        .map(|line| {
            line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        })
        .collect::<Option<_>>()?;
    Some(Parsed { method, path, headers })
}

/// A whole response. The reason phrase is left out, as HTTP/1.1 allows.
pub(super) fn rendered(status: u16, headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} \r\n");
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let framed =
        ["content-length", "transfer-encoding"].iter().any(|name| header(headers, name).is_some());
    let bodiless = matches!(status, 100..=199 | 204 | 304);
    if !framed && !bodiless {
        let _ = write!(head, "Content-Length: {}\r\n", body.len());
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

pub(super) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(sent, _)| sent.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

pub(super) fn asks_to_close(connection: Option<&str>) -> bool {
    connection.is_some_and(|value| value.eq_ignore_ascii_case("close"))
}
