//! Schemas of answers, as `utoipa` derives them from [`crate::wire`], and in the form in which they are true.

use noticeboard_domain::event::EventKind;
use noticeboard_domain::status::{MaintenanceStatus, OutageStatus};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::wire::event::EventBody;

/// The named schemas of the document.
#[derive(Default)]
pub(super) struct Schemas(Map<String, Value>);

impl Schemas {
    /// Adds a schema. The same may be added again.
    pub(super) fn add(&mut self, name: &str, schema: Value) {
        let before = self.0.insert(name.to_owned(), schema);
        debug_assert!(before.is_none_or(|before| Some(&before) == self.0.get(name)), "two schemas are named {name}");
    }

    /// All of them, by name.
    pub(super) fn finish(mut self) -> Map<String, Value> {
        self.0.sort_keys();
        self.0
    }
}

/// A schema of another name.
pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// The schema of a type; what it refers to is added to the named schemas.
pub(super) fn derived<T: ToSchema>(schemas: &mut Schemas) -> Value {
    let mut inner = Vec::new();
    T::schemas(&mut inner);
    for (name, schema) in inner {
        schemas.add(&name, as_answered(&schema));
    }
    as_answered(&T::schema())
}

/// `fields=`, `omit=` and `brief=` leave out what they like: nothing in an answer is required.
fn as_answered(schema: &impl serde::Serialize) -> Value {
    fn lenient(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                if fields.get("required").is_some_and(Value::is_array) {
                    fields.shift_remove("required");
                }
                fields.values_mut().for_each(lenient);
            }
            Value::Array(values) => values.iter_mut().for_each(lenient),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut value = serde_json::to_value(schema).unwrap_or_default();
    lenient(&mut value);
    value
}

/// An event has the keys of its kind alone.
fn event(schemas: &mut Schemas, kind: EventKind) -> Value {
    let mut schema = derived::<EventBody>(schemas);
    let (others, statuses): (&[&str], Vec<&str>) = match kind {
        EventKind::Maintenance => (
            &["reported_at", "estimated_time_to_repair"],
            MaintenanceStatus::ALL.iter().map(|status| status.as_str()).collect(),
        ),
        EventKind::Outage => (
            &["status_color", "replaces", "impact_count"],
            OutageStatus::ALL.iter().map(|status| status.as_str()).collect(),
        ),
    };
    if let Some(fields) = schema["properties"].as_object_mut() {
        fields.retain(|name, _| !others.contains(&name.as_str()));
    }
    schema["properties"]["status"]["enum"] = json!(statuses);
    if kind == EventKind::Maintenance {
        schema["properties"]["end"]["type"] = json!("string");
    }
    schema
}

pub(super) fn maintenance(schemas: &mut Schemas) -> Value {
    event(schemas, EventKind::Maintenance)
}

pub(super) fn outage(schemas: &mut Schemas) -> Value {
    event(schemas, EventKind::Outage)
}

pub(super) fn id() -> Value {
    json!({"type": "integer", "format": "int64", "minimum": 1})
}

pub(super) fn text() -> Value {
    json!({"type": "string"})
}

pub(super) fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

pub(super) fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let fields: Map<String, Value> = fields.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({"type": "object", "properties": fields})
}

pub(super) fn status() -> Value {
    let nullable = || json!({"type": ["string", "null"]});
    object([
        ("django-version", nullable()),
        ("installed-apps", json!({"type": "object"})),
        ("netbox-version", text()),
        ("netbox-full-version", text()),
        ("noticeboard-version", text()),
        ("plugins", json!({"type": "object", "additionalProperties": {"type": "string"}})),
        ("python-version", nullable()),
        ("rq-workers-running", json!({"type": "integer"})),
    ])
}

/// A list of resources: name and address.
pub(super) fn root() -> Value {
    json!({"type": "object", "additionalProperties": {"type": "string", "format": "uri"}})
}

/// A part of a list.
pub(super) fn page(element: &str) -> Value {
    let address = || json!({"type": ["string", "null"], "format": "uri"});
    object([
        ("count", json!({"type": ["integer", "null"], "minimum": 0, "description": "In all; null for a cursor."})),
        ("next", address()),
        ("previous", address()),
        ("results", json!({"type": "array", "items": reference(element)})),
    ])
}
