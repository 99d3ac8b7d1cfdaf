//! The specification as a page for people: every operation by its tag, then every object.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::Value;

use super::{
    example, fields,
    html::{escaped, paragraphs, prose},
};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// One operation of the document.
struct Operation<'a> {
    path: &'a str,
    method: &'a str,
    said: &'a Value,
}

/// The page, with its `style` in it; `json` is where programs find the same.
pub(super) fn page(document: &Value, style: &str, json: &str) -> String {
    let by_tag = by_tag(document);
    let usual = usual_failures(&by_tag);
    let info = |field: &str| text(&document["info"], field);
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} API</title>\n<style>{style}</style>\n</head>\n<body>\n<header>\n\
         <h1>{title} API <small>{version}</small></h1>\n{words}\
         <p>For programs: <a href=\"{json}\"><code>{json}</code></a>.</p>\n</header>\n",
        title = escaped(info("title")),
        version = escaped(info("version")),
        words = paragraphs(info("description")),
    );
    contents(&mut html, &by_tag);
    html.push_str("<main>\n");
    for (tag, operations) in &by_tag {
        let id = anchor(tag);
        let _ = writeln!(html, "<section>\n<h2 id=\"tag-{id}\">{}</h2>", escaped(tag));
        for operation in operations {
            operation.write(&mut html, document, &usual);
        }
        html.push_str("</section>\n");
    }
    failures(&mut html, &usual);
    objects(&mut html, document);
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

fn by_tag(document: &Value) -> BTreeMap<&str, Vec<Operation<'_>>> {
    let mut by_tag: BTreeMap<&str, Vec<Operation<'_>>> = BTreeMap::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            if let Some(said) = item.get(method) {
                let tag = said["tags"][0].as_str().unwrap_or("Other");
                by_tag.entry(tag).or_default().push(Operation { path, method, said });
            }
        }
    }
    by_tag
}

fn contents(html: &mut String, by_tag: &BTreeMap<&str, Vec<Operation<'_>>>) {
    html.push_str("<nav aria-label=\"Contents\">\n");
    for (tag, operations) in by_tag {
        let id = anchor(tag);
        let _ = writeln!(html, "<h2><a href=\"#tag-{id}\">{}</a></h2>\n<ul>", escaped(tag));
        for operation in operations {
            let (id, summary) = (operation.id(), escaped(text(operation.said, "summary")));
            let _ = writeln!(html, "<li><a href=\"#{id}\">{summary}</a></li>");
        }
        html.push_str("</ul>\n");
    }
    html.push_str(
        "<h2><a href=\"#failures\">Failures</a></h2>\n<h2><a href=\"#objects\">Objects</a></h2>\n\
         </nav>\n",
    );
}

/// What most operations say of each failure; an operation shows only what it says otherwise.
fn usual_failures<'a>(
    by_tag: &BTreeMap<&'a str, Vec<Operation<'a>>>,
) -> BTreeMap<&'a str, &'a str> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for operation in by_tag.values().flatten() {
        for (status, answer) in operation.said["responses"].as_object().into_iter().flatten() {
            if status.starts_with(['4', '5']) {
                *counts.entry((status, text(answer, "description"))).or_default() += 1;
            }
        }
    }
    let mut rarest_first: Vec<_> = counts.into_iter().collect();
    rarest_first.sort_by_key(|(_, count)| *count);
    rarest_first.into_iter().map(|(said, _)| said).collect()
}

fn failures(html: &mut String, usual: &BTreeMap<&str, &str>) {
    html.push_str(
        "<section>\n<h2 id=\"failures\">Failures</h2>\n<p>Any operation may be answered so, with \
         a JSON body.</p>\n<table>\n",
    );
    for (status, words) in usual {
        let (status, words) = (escaped(status), prose(words));
        let _ = writeln!(html, "<tr><th scope=\"row\">{status}</th><td>{words}</td></tr>");
    }
    html.push_str("</table>\n</section>\n");
}

fn objects(html: &mut String, document: &Value) {
    html.push_str("<section>\n<h2 id=\"objects\">Objects</h2>\n");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let _ = writeln!(html, "<article id=\"schema-{0}\">\n<h3>{0}</h3>", escaped(name));
        if schema.get("properties").is_some() {
            html.push_str(&paragraphs(text(schema, "description")));
        }
        html.push_str(&fields::table(schema, document));
        html.push_str("</article>\n");
    }
    html.push_str("</section>\n");
}

impl Operation<'_> {
    fn id(&self) -> String {
        escaped(text(self.said, "operationId"))
    }

    fn write(&self, html: &mut String, document: &Value, usual: &BTreeMap<&str, &str>) {
        let method = self.method.to_uppercase();
        let gone = self.said["deprecated"] == Value::Bool(true);
        let gone = if gone { " <small>deprecated</small>" } else { "" };
        let _ = writeln!(
            html,
            "<article id=\"{id}\">\n<h3><a href=\"#{id}\">{summary}</a>{gone}</h3>\n\
             <p class=\"call\"><span class=\"method\">{method}</span> <code>{path}</code></p>",
            id = self.id(),
            summary = escaped(text(self.said, "summary")),
            path = escaped(self.path),
        );
        html.push_str(&paragraphs(text(self.said, "description")));
        html.push_str(&fields::parameters(&self.said["parameters"]));
        let body = self.body();
        if let Some(schema) = body {
            let _ = writeln!(html, "<h4>Body: {}</h4>", fields::kind(schema));
            html.push_str(&fields::table(schema, document));
        }
        self.answers(html, usual);
        let _ = writeln!(html, "<pre><code>{}</code></pre>", escaped(&self.curl(body, document)));
        html.push_str("</article>\n");
    }

    fn answers(&self, html: &mut String, usual: &BTreeMap<&str, &str>) {
        html.push_str("<h4>Answers</h4>\n<table>\n");
        for (status, answer) in self.said["responses"].as_object().into_iter().flatten() {
            let words = text(answer, "description");
            if status.starts_with(['4', '5']) && usual.get(status.as_str()) == Some(&words) {
                continue;
            }
            let kind = answer["content"]["application/json"].get("schema").map(fields::kind);
            let kind = kind.map(|kind| format!("<span class=\"type\">{kind}</span> "));
            let _ = writeln!(
                html,
                "<tr><th scope=\"row\">{}</th><td>{}{}</td></tr>",
                escaped(status),
                kind.unwrap_or_default(),
                prose(words),
            );
        }
        html.push_str("</table>\n");
    }

    fn body(&self) -> Option<&Value> {
        let content = self.said["requestBody"]["content"].as_object()?;
        content.values().next()?.get("schema")
    }

    fn curl(&self, body: Option<&Value>, document: &Value) -> String {
        let mut call = String::from("curl");
        if self.method != "get" {
            let _ = write!(call, " -X {}", self.method.to_uppercase());
        }
        let _ = write!(call, " \"$POSTHASTE_URL{}\"", self.path);
        // An operation without a token says so, with an empty list.
        if self.said["security"].as_array().is_none_or(|all| !all.is_empty()) {
            call.push_str(" \\\n  -H \"authorization: Bearer $POSTHASTE_TOKEN\"");
        }
        if let Some(schema) = body {
            let example = example::of(schema, document).to_string().replace('\'', "'\\''");
            let json = "content-type: application/json";
            let _ = write!(call, " \\\n  -H '{json}' \\\n  -d '{example}'");
        }
        call
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

fn anchor(tag: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    tag.chars().map(plain).collect()
}
