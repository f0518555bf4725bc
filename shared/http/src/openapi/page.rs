//! The document as one HTML page: no script, nothing from elsewhere, every text escaped.

use std::fmt::Write;

use serde_json::Value;

/// Headers of the page's answer: nothing but its own styles may be used.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
code{font:.9em ui-monospace,monospace;overflow-wrap:anywhere}\
summary{cursor:pointer;padding:.3rem 0}\
details>div{border-left:3px solid #8886;margin:0 0 1rem .3rem;padding-left:1rem}\
table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}\
td,th{border-bottom:1px solid #8886;padding:.3rem .6rem .3rem 0;text-align:left;vertical-align:top}\
h3{margin:1rem 0 0;font-size:1rem}\
.m{display:inline-block;min-width:4.5rem;font-weight:700}\
.l{color:#777;font-size:.85em}";

/// Text, safe between tags and in attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Escaped text, with code between backquotes.
fn prose(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts.map(|(n, part)| if n % 2 == 0 { escape(part) } else { format!("<code>{}</code>", escape(part)) }).collect()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

fn elements<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    value[field].as_array().into_iter().flatten()
}

fn fields<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value[field].as_object().into_iter().flatten()
}

/// What a reference stands for.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|path| document.pointer(path.strip_prefix('#')?));
    target.unwrap_or(value)
}

/// The whole page.
pub(super) fn page(document: &Value) -> String {
    let title = escape(text(&document["info"], "title"));
    let mut html = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}: API</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body><h1>{title}: API</h1>"
    );
    let (mut list, mut shown) = (false, String::new());
    for line in text(&document["info"], "description").lines() {
        match line.strip_prefix("- ") {
            Some(item) => {
                shown.push_str(if list { "" } else { "<ul>" });
                let _ = write!(shown, "<li>{}</li>", prose(item));
                list = true;
            }
            None => {
                let _ = write!(shown, "<p>{}</p>", prose(line));
            }
        }
    }
    html.push_str(&shown.replace("<p></p>", ""));
    html.push_str(if list { "</ul>" } else { "" });
    html.push_str(
        "<p>For programs: <a href=\"/api/schema/\"><code>/api/schema/</code></a> (OpenAPI 3.1).</p><nav><ul>",
    );
    for tag in elements(document, "tags") {
        let name = escape(text(tag, "name"));
        let _ = write!(html, "<li><a href=\"#{name}\">{name}</a>: {}</li>", prose(text(tag, "description")));
    }
    html.push_str("<li><a href=\"#schemas\">Schemas</a></li></ul></nav>");
    for tag in elements(document, "tags") {
        let name = text(tag, "name");
        let _ = write!(html, "<h2 id=\"{0}\">{0}</h2>", escape(name));
        for (path, item) in fields(document, "paths") {
            for method in METHODS {
                let operation = &item[method];
                if elements(operation, "tags").any(|found| found.as_str() == Some(name)) {
                    add_operation(&mut html, document, path, method, operation);
                }
            }
        }
    }
    html.push_str("<h2 id=\"schemas\">Schemas</h2>");
    for (name, schema) in fields(&document["components"], "schemas") {
        add_schema(&mut html, name, schema);
    }
    html.push_str("</body></html>\n");
    html
}

fn add_operation(html: &mut String, document: &Value, path: &str, method: &str, operation: &Value) {
    let _ = write!(
        html,
        "<details><summary><span class=\"m\">{}</span> <code>{}</code> {}</summary><div>",
        method.to_uppercase(),
        escape(path),
        escape(text(operation, "summary")),
    );
    if !text(operation, "description").is_empty() {
        let _ = write!(html, "<p>{}</p>", prose(text(operation, "description")));
    }
    if operation["security"].as_array().is_some_and(Vec::is_empty) {
        html.push_str("<p>Needs no token.</p>");
    }
    add_parameters(html, document, operation);
    for (media, content) in fields(&operation["requestBody"], "content") {
        let _ = write!(html, "<h3>Body</h3><p><code>{}</code>: {}</p>", escape(media), kind(&content["schema"]));
    }
    html.push_str("<h3>Answers</h3><table>");
    for (status, answer) in fields(operation, "responses") {
        let answer = resolved(document, answer);
        let body = fields(answer, "content").map(|(_, content)| kind(&content["schema"])).collect::<Vec<_>>().join(" ");
        let common = ["API-Version", "X-Request-ID"];
        let headers = fields(answer, "headers").map(|(name, _)| name).filter(|name| !common.contains(&name.as_str()));
        let headers: Vec<String> = headers.map(|name| format!("<code>{}</code>", escape(name))).collect();
        let _ = write!(
            html,
            "<tr><th>{status}</th><td>{}<br><span class=\"l\">{}</span></td><td>{body}</td></tr>",
            prose(text(answer, "description")),
            headers.join(" "),
        );
    }
    html.push_str("</table></div></details>");
}

/// A field in a line: its parameter, and its lookups beside it.
fn add_parameters(html: &mut String, document: &Value, operation: &Value) {
    let mut rows: Vec<(&str, Vec<&Value>)> = Vec::new();
    for parameter in elements(operation, "parameters").map(|one| resolved(document, one)) {
        let name = text(parameter, "name");
        let field = name.split_once("__").map_or(name, |(field, _)| field);
        match rows.iter_mut().find(|(found, _)| *found == field) {
            Some((_, row)) => row.push(parameter),
            None => rows.push((field, vec![parameter])),
        }
    }
    if rows.is_empty() {
        return;
    }
    html.push_str("<h3>Parameters</h3><table>");
    for (field, row) in rows {
        let (plain, lookups): (Vec<&Value>, Vec<&Value>) = row.iter().partition(|one| text(one, "name") == field);
        let first = plain.first().or(row.first()).copied().unwrap_or(&Value::Null);
        let lookups = lookups.iter().map(|one| {
            format!("<code title=\"{}\">{}</code>", escape(text(one, "description")), escape(text(one, "name")))
        });
        let place = match text(first, "in") {
            "query" => String::new(),
            other => format!(" <span class=\"l\">{}</span>", escape(other)),
        };
        let _ = write!(
            html,
            "<tr><th><code>{}</code>{place}</th><td>{}</td><td>{}<br>{}</td></tr>",
            escape(field),
            kind(&first["schema"]),
            prose(text(first, "description")),
            lookups.collect::<Vec<_>>().join(" "),
        );
    }
    html.push_str("</table>");
}

fn add_schema(html: &mut String, name: &str, schema: &Value) {
    let _ = write!(html, "<details id=\"{0}\"><summary><code>{0}</code></summary><div>", escape(name));
    if !text(schema, "description").is_empty() {
        let _ = write!(html, "<p>{}</p>", prose(text(schema, "description")));
    }
    if schema["properties"].is_object() {
        let required: Vec<&str> = elements(schema, "required").filter_map(Value::as_str).collect();
        html.push_str("<table>");
        for (name, field) in fields(schema, "properties") {
            let needed = if required.contains(&name.as_str()) { " <span class=\"l\">required</span>" } else { "" };
            let described = prose(text(field, "description"));
            let (name, kind) = (escape(name), kind(field));
            let _ = write!(html, "<tr><th><code>{name}</code>{needed}</th><td>{kind}</td><td>{described}</td></tr>");
        }
        html.push_str("</table>");
    } else {
        let _ = write!(html, "<p>{}</p>", kind(schema));
    }
    for way in elements(schema, "allOf") {
        let ways = elements(way, "anyOf").map(|way| {
            let names = elements(way, "required").filter_map(Value::as_str);
            names.map(|name| format!("<code>{}</code>", escape(name))).collect::<Vec<_>>().join(" and ")
        });
        let _ = write!(html, "<p>Required: {}.</p>", ways.collect::<Vec<_>>().join(", or "));
    }
    html.push_str("</div></details>");
}

/// A schema in a few words.
fn kind(schema: &Value) -> String {
    if let Some(name) = text(schema, "$ref").rsplit('/').next().filter(|name| !name.is_empty()) {
        return format!("<a href=\"#{0}\">{0}</a>", escape(name));
    }
    for (together, word) in [("anyOf", " or "), ("oneOf", " or "), ("allOf", " and ")] {
        if schema[together].is_array() && !schema["properties"].is_object() {
            return elements(schema, together).map(kind).collect::<Vec<_>>().join(word);
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        let values = values.iter().map(|value| format!("<code>{}</code>", escape(&plain(value))));
        return values.collect::<Vec<_>>().join(" ");
    }
    let name = match &schema["type"] {
        Value::String(name) if name == "array" => return format!("list of {}", kind(&schema["items"])),
        Value::String(name) => name.clone(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => "anything".to_owned(),
    };
    let mut said = escape(&name);
    if let Some(format) = schema["format"].as_str() {
        let _ = write!(said, ", {}", escape(format));
    }
    let bounds = [
        ("minimum", "from"),
        ("maximum", "to"),
        ("minLength", "at least, characters:"),
        ("maxLength", "at most, characters:"),
    ];
    for (field, word) in bounds {
        if schema[field].is_number() {
            let _ = write!(said, ", {word} {}", schema[field]);
        }
    }
    let names: Vec<String> =
        fields(schema, "properties").map(|(name, _)| format!("<code>{}</code>", escape(name))).collect();
    if !names.is_empty() {
        let _ = write!(said, " with {}", names.join(", "));
    }
    said
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
