//! A running NetBox as the source, over its REST API.

use noticeboard_domain::inventory::{FieldKind, Schema};
use serde_json::{Map, Value, json};

use super::Row;
use crate::server;

/// A running NetBox.
pub(super) struct NetBox {
    url: String,
    authorization: String,
    agent: ureq::Agent,
}

impl NetBox {
    pub(super) fn new(url: &str, token: &str) -> Self {
        // NetBox takes tokens of the second form as bearer tokens only.
        let word = if token.starts_with("nbt_") { "Bearer" } else { "Token" };
        Self {
            url: url.trim_end_matches('/').to_owned(),
            authorization: format!("{word} {token}"),
            agent: server::agent(),
        }
    }

    /// All objects of a type; none where this NetBox does not have the type.
    pub(super) fn objects(&self, schema: &Schema) -> Result<Option<Vec<Row>>, String> {
        let Some(path) = noticeboard_http::wire::path(schema.kind) else {
            return Ok(None);
        };
        let (mut objects, mut query) = (Vec::new(), "limit=1000&exclude=config_context".to_owned());
        loop {
            let url = format!("{}{path}?{query}", self.url);
            let request = ureq::http::Request::builder()
                .uri(&url)
                .header("authorization", &self.authorization)
                .header("accept", "application/json")
                .body(Vec::new())
                .map_err(|error| format!("--netbox: {error}"))?;
            let (status, mut page) = server::send(&self.agent, request)?;
            match status {
                200 => {}
                404 => return Ok(None),
                _ => return Err(format!("{url}: {status} {page}")),
            }
            let Some(results) = page.get_mut("results").and_then(Value::as_array_mut) else {
                return Err(format!("{url}: no list in the answer"));
            };
            objects.extend(std::mem::take(results).into_iter().filter_map(|object| match object {
                Value::Object(fields) => Some(fields),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
            }));
            // Only what the next page is asked for is taken from the answer: the token goes nowhere else.
            match page.get("next").and_then(Value::as_str).and_then(|next| next.split_once('?')) {
                Some((_, next)) if next != query => query = next.to_owned(),
                Some(_) | None => return Ok(Some(objects)),
            }
        }
    }
}

/// An object as it is sent: the fields that Noticeboard keeps, references as ids.
pub(super) fn row(schema: &Schema, mut object: Row) -> Row {
    let mut row = Map::new();
    row.insert("object_type".to_owned(), schema.kind.as_str().into());
    let mut take = |name: &str, row: &mut Row| {
        if let Some(value) = object.shift_remove(name) {
            row.insert(name.to_owned(), value);
        }
    };
    for name in ["id", "tags", "custom_fields"] {
        take(name, &mut row);
    }
    for field in schema.fields {
        if let FieldKind::Generic { kind, id } = field.kind {
            take(kind, &mut row);
            take(id, &mut row);
        } else {
            take(field.name, &mut row);
        }
        if let FieldKind::Reference(..) = field.kind
            && let Some(id) = row.get(field.name).and_then(|value| value.get("id")).and_then(Value::as_u64)
        {
            row.insert(field.name.to_owned(), json!(id));
        }
    }
    row
}
