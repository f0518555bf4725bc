//! Objects of the inventory as clients get them: NetBox's keys in NetBox's order.

use noticeboard_app::ObjectView;
use noticeboard_domain::inventory::{Choice, Field, FieldKind, Schema};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::super::{address, path, tag, time};
use crate::answer::Object;
use crate::query::Wire;

/// An object of the inventory.
#[derive(Debug, Clone)]
pub struct ObjectBody {
    schema: &'static Schema,
    fields: Map<String, Value>,
}

impl Serialize for ObjectBody {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.fields.serialize(serializer)
    }
}

impl Wire for ObjectBody {
    const BRIEF: &'static [&'static str] = &["id", "url", "display"];

    fn in_brief(&self, field: &str) -> bool {
        Self::BRIEF.contains(&field) || self.schema.brief.contains(&field)
    }
}

impl From<ObjectBody> for Value {
    fn from(body: ObjectBody) -> Self {
        Self::Object(body.fields)
    }
}

/// A choice, with its label.
fn choice(value: &Value, choices: &[Choice]) -> Value {
    let Some(text) = value.as_str() else {
        // Nothing, or a value that came with its label.
        return value.clone();
    };
    let label = choices.iter().find(|(known, _)| *known == text).map_or(text, |(_, label)| label);
    json!({"value": text, "label": label})
}

fn family(value: &Value) -> Value {
    json!({"value": value, "label": format!("IPv{value}")})
}

/// An object inside another one.
fn brief(base: &str, object: ObjectRef, found: Option<&Map<String, Value>>) -> Value {
    let Some(found) = found else {
        return Value::Null;
    };
    let mut shown = Map::new();
    for (name, value) in found {
        let value = if name == "family" { family(value) } else { value.clone() };
        shown.insert(name.clone(), value);
        if name == "id" {
            shown.insert("url".to_owned(), address(base, object.kind, object.id.get()).into());
        }
    }
    Value::Object(shown)
}

fn display_url(base: &str, object: ObjectRef) -> String {
    let path = path(object.kind).unwrap_or_default();
    format!("{base}{}{}/", path.strip_prefix("/api").unwrap_or(path), object.id)
}

/// A circuit's type, which is kept with the circuit.
fn circuit_type(base: &str, view: &ObjectView) -> Value {
    let kept = view.stored.beside.circuit_type.as_ref();
    view.stored.object.reference("type").map_or(Value::Null, |to| brief(base, to, kept))
}

/// A circuit's termination, as the circuit keeps it.
fn termination(base: &str, circuit: &str, side: &str, kept: Option<&Map<String, Value>>) -> Value {
    let id = kept.and_then(|kept| kept.get("id")).and_then(Value::as_u64).and_then(|id| id.try_into().ok());
    let (Some(kept), Some(id)) = (kept, id) else {
        return Value::Null;
    };
    let own = ObjectRef { kind: ObjectType::CircuitTermination, id };
    let value = |name: &str| kept.get(name).cloned().unwrap_or_default();
    let place = value("termination_type").as_str().and_then(ObjectType::parse);
    let place_id = value("termination_id").as_u64().and_then(|id| id.try_into().ok());
    let place = place.zip(place_id).map(|(kind, id)| ObjectRef { kind, id });
    json!({
        "id": id,
        "url": address(base, own.kind, id.get()),
        "display_url": display_url(base, own),
        "display": format!("{circuit}: Termination {side}"),
        "description": value("description"),
        "termination_type": value("termination_type"),
        "termination_id": value("termination_id"),
        "termination": place.map_or(Value::Null, |place| brief(base, place, value("termination").as_object())),
        "port_speed": value("port_speed"),
        "upstream_speed": value("upstream_speed"),
        "xconnect_id": value("xconnect_id"),
    })
}

fn show(base: &str, view: &ObjectView, field: &Field, shown: &mut Map<String, Value>) {
    let object = &view.stored.object;
    let value = object.value(field.name);
    let mut put = |name: &str, value: Value| drop(shown.insert(name.to_owned(), value));
    match field.kind {
        // NetBox shows the sides of a circuit as they are.
        FieldKind::Choice(..) if field.name == "term_side" => put(field.name, value.clone()),
        FieldKind::Choice(choices, _) => put(field.name, choice(value, choices)),
        FieldKind::Reference(ObjectType::CircuitType, _) => put(field.name, circuit_type(base, view)),
        FieldKind::Reference(..) => {
            let to = object.reference(field.name);
            put(field.name, to.map_or(Value::Null, |to| brief(base, to, view.around.get(&to))));
        }
        FieldKind::Generic { kind, id } => {
            let to = object.generic();
            put(kind, object.value(kind).clone());
            put(id, object.value(id).clone());
            put(field.name, to.map_or(Value::Null, |to| brief(base, to, view.around.get(&to))));
        }
        FieldKind::Text(_)
        | FieldKind::NullableText(_)
        | FieldKind::FreeText
        | FieldKind::Slug
        | FieldKind::Colour
        | FieldKind::OpenChoice
        | FieldKind::Integer(..)
        | FieldKind::Number(..)
        | FieldKind::Boolean(_)
        | FieldKind::Date
        | FieldKind::Host
        | FieldKind::Network
        | FieldKind::Foreign(_)
        | FieldKind::ForeignList => put(field.name, value.clone()),
    }
}

/// An object, as the API gives it.
pub fn object(base: &str, view: &ObjectView) -> Object<ObjectBody> {
    let object = &view.stored.object;
    let url = address(base, object.kind(), object.id.get());
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| drop(shown.insert(name.to_owned(), value));
    put("id", object.id.get().into());
    put("url", url.clone().into());
    put("display_url", display_url(base, object.object()).into());
    put("display", view.stored.display.clone().into());
    if let Some(found) = object.family() {
        put("family", family(&found.into()));
    }
    for field in object.schema().fields {
        // A circuit's ends stand before its comments.
        if object.kind() == ObjectType::Circuit && field.name == "comments" {
            let (cid, beside) = (object.text("cid"), &view.stored.beside);
            for (name, side, kept) in
                [("termination_a", "A", &beside.termination_a), ("termination_z", "Z", &beside.termination_z)]
            {
                shown.insert(name.to_owned(), termination(base, cid, side, kept.as_ref()));
            }
        }
        show(base, view, field, &mut shown);
    }
    let mut put = |name: &str, value: Value| drop(shown.insert(name.to_owned(), value));
    put("tags", serde_json::to_value(tag::nested(base, &view.tags)).unwrap_or_default());
    put("custom_fields", Value::Object(object.custom_fields.clone()));
    put("created", time(object.revision.created).into());
    put("last_updated", time(object.revision.last_updated).into());
    let body = ObjectBody { schema: object.schema(), fields: shown };
    Object { body, url, version: object.revision.version }
}
