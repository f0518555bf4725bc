//! The published description of the API: an OpenAPI 3.1 document, and a page made of it.
//!
//! It is made of what the code works with: the filters of lists, the schemas that `utoipa` derives from the types of
//! answers, the limits. What is not a table elsewhere is one here: which operations there are (`resources`) and which
//! fields requests have (`requests`); tests hold both against the server.

mod calendar;
mod inventory;
mod operation;
mod page;
mod requests;
mod resources;
mod schema;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use noticeboard_domain::event::EventKind;
use noticeboard_domain::inventory::kept;
use noticeboard_domain::journal_entry::JournalKind;
use noticeboard_domain::status::{ImpactLevel, Status};

use crate::wire;
use operation::Refused;
pub use page::CONTENT_SECURITY_POLICY;
use schema::Schemas;

const JSON: &str = "application/json";

/// How long a copy may be used without asking whether it is the present one, in seconds.
const MAX_AGE: u32 = 300;

/// The named parts of the document, as they are collected.
#[derive(Default)]
struct Document {
    schemas: Schemas,
    parameters: Map<String, Value>,
}

/// A text that is served as it is.
#[derive(Debug)]
pub struct Publication {
    content_type: &'static str,
    text: String,
    etag: String,
}

impl Publication {
    fn new(content_type: &'static str, text: String) -> Self {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let etag = format!("\"{:016x}\"", hasher.finish());
        Self { content_type, text, etag }
    }

    /// 200 with the text; 304 when the caller's copy is the present one.
    pub fn answer(&'static self, headers: &HeaderMap) -> Response {
        let mut response = crate::not_modified(headers, &self.etag)
            .unwrap_or_else(|| ([(header::CONTENT_TYPE, self.content_type)], self.text.as_str()).into_response());
        let caching =
            [(header::ETAG, self.etag.clone()), (header::CACHE_CONTROL, format!("public, max-age={MAX_AGE}"))];
        for (name, value) in caching {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// The document.
static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

/// The document, to be served. Clients (pynetbox with `strict_filters`) look for the names of parameters without
/// following references, so that each operation has its parameters itself.
pub static SCHEMA: LazyLock<Publication> = LazyLock::new(|| {
    let mut document = DOCUMENT.clone();
    let shared = document["components"]["parameters"].take();
    for operation in document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        for operation in operation.as_object_mut().into_iter().flat_map(Map::values_mut) {
            for parameter in operation["parameters"].as_array_mut().into_iter().flatten() {
                let name = parameter["$ref"].as_str().and_then(|path| path.rsplit('/').next());
                if let Some(found) = name.and_then(|name| shared.get(name)) {
                    *parameter = found.clone();
                }
            }
        }
    }
    if let Some(components) = document["components"].as_object_mut() {
        components.shift_remove("parameters");
    }
    Publication::new(JSON, document.to_string())
});

/// The fields of a new object at a path that take one of a few values, with these, as `OPTIONS` tells them.
pub(crate) fn choices(path: &str) -> Map<String, Value> {
    let schema = &DOCUMENT["paths"][path]["post"]["requestBody"]["content"][JSON]["schema"];
    // A list takes one object or several.
    let one = resolved(schema.get("anyOf").and_then(|either| either.get(0)).unwrap_or(schema));
    let fields = one["properties"].as_object().cloned().unwrap_or_default();
    let field = |(name, schema): (String, Value)| {
        let of = |value: &str| {
            let label = label(path, &name, value);
            json!({"value": value, "display": label, "display_name": label})
        };
        let choices: Vec<Value> = values(&schema).iter().filter_map(Value::as_str).map(of).collect();
        (!choices.is_empty()).then(|| (name, json!({"type": "field", "read_only": false, "choices": choices})))
    };
    fields.into_iter().filter_map(field).collect()
}

/// A schema, where it is named somewhere else.
fn resolved(schema: &Value) -> Value {
    let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
    name.map_or_else(|| schema.clone(), |name| DOCUMENT["components"]["schemas"][name].clone())
}

/// The values of a schema that has but a few.
fn values(schema: &Value) -> Vec<Value> {
    let schema = resolved(schema);
    let either = ["anyOf", "oneOf"].iter().find_map(|key| schema[*key].as_array());
    either.map_or_else(
        || schema["enum"].as_array().cloned().unwrap_or_default(),
        |either| either.iter().flat_map(values).collect(),
    )
}

/// A value of a field for people: its own label where it has one.
fn label(path: &str, field: &str, value: &str) -> String {
    let statuses = || EventKind::ALL.into_iter().find_map(|kind| kind.parse_status(value).ok()).map(Status::label);
    let level = || ImpactLevel::parse(value).ok().map(ImpactLevel::label);
    let kind = || JournalKind::parse(value).ok().map(JournalKind::label);
    let known = match field {
        "status" if path.starts_with("/api/plugins/") => statuses(),
        "impact" => level(),
        "kind" => kind(),
        _ => kept().find(|schema| wire::path(schema.kind) == Some(path)).and_then(|schema| schema.label(field, value)),
    };
    if let Some(label) = known {
        return label.to_owned();
    }
    let mut letters = value.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + &letters.as_str().to_lowercase().replace(['-', '_'], " ")
}

/// The page, to be served.
pub static PAGE: LazyLock<Publication> =
    LazyLock::new(|| Publication::new("text/html; charset=utf-8", page::page(&DOCUMENT)));

/// The document, as it is committed.
pub fn committed() -> String {
    format!("{:#}\n", *DOCUMENT)
}

const DESCRIPTION: &str = "\
The REST API of NetBox Notices, and the parts of NetBox's that its clients call.

- Answers show what is described here, in this order; `fields`, `omit` and `brief` leave parts out.
- Fields and query parameters that are not known are ignored.
- Every `GET` is also answered to `HEAD`, and every path to `OPTIONS`, which says in `Allow` what it takes. A method that a path does not take is answered with 405 and `Allow`, a path \
that there is not with 404; a path that is read without its last slash is redirected to it (301).
- An object's `ETag` is its version: `If-Match` makes a change conditional on it, `If-None-Match` spares a copy.
- Beside the answers that are listed, any operation may fail with 500: the log has the details under `X-Request-ID`.";

const TAGS: [(&str, &str); 11] = [
    ("notices", "Maintenances, outages, what they hit, and the mails that they come from."),
    ("calendar", "Events for calendar programs."),
    ("circuits", "Providers, circuits and their ends, in NetBox's shapes."),
    ("dcim", "Sites and what stands there, in NetBox's shapes."),
    ("ipam", "Addresses and prefixes, in NetBox's shapes."),
    ("virtualization", "Virtual machines, in NetBox's shapes."),
    ("core", "What was changed, by whom; types of objects."),
    ("extras", "Tags and journal entries."),
    ("users", "Tokens: an administrator's business."),
    ("maintenance", "The paths of netbox-circuitmaintenance, the predecessor of NetBox Notices."),
    ("api", "The API itself."),
];

fn document() -> Value {
    let mut document = Document { parameters: operation::parameters(), ..Document::default() };
    let mut paths = Map::new();
    for operation in resources::operations(&mut document) {
        let (path, method) = (operation.path.clone(), operation.method.as_str());
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[method] = operation.finish();
    }
    let messages = json!({"type": "array", "items": {"type": "string"}});
    let refusals = [
        ("Detail", json!({"type": "object", "properties": {"detail": {"type": "string"}}, "required": ["detail"]})),
        ("FieldErrors", json!({"type": "object", "additionalProperties": messages})),
    ];
    let named = requests::common().into_iter().chain(refusals);
    named.for_each(|(name, schema)| document.schemas.add(name, schema));
    let answers: Map<String, Value> =
        Refused::ALL.iter().map(|refused| (refused.name().to_owned(), refused.answer())).collect();
    let tags: Vec<Value> = TAGS.iter().map(|(name, text)| json!({"name": name, "description": text})).collect();
    let licence = "MIT OR Apache-2.0";
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Noticeboard",
            "description": DESCRIPTION,
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": licence, "identifier": licence},
        },
        "security": [{"token": []}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": document.schemas.finish(),
            "parameters": document.parameters,
            "headers": operation::headers(),
            "responses": answers,
            "securitySchemes": {
                "token": {
                    "type": "apiKey", "in": "header", "name": "Authorization",
                    "description": "`Token`, or `Bearer`, and a token.",
                },
                "feedToken": {
                    "type": "apiKey", "in": "query", "name": "token",
                    "description": "For calendar programs, which cannot send a header.",
                },
            },
        },
    })
}
