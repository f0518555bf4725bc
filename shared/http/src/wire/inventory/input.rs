//! What clients send for an object of the inventory.

use noticeboard_app::InventoryInput;
use noticeboard_domain::inventory::{FieldKind, Given, Schema};
use noticeboard_domain::object::ObjectType;
use serde_json::{Map, Value};

use crate::input::Fields;

/// Longest name of a type that Noticeboard does not keep.
pub(crate) const MAX_TYPE: usize = 100;

/// Reads what a client sends for an object, with what is wrong with it. With `whole`, nothing that is required may be
/// missing.
pub fn read(schema: &'static Schema, body: &Map<String, Value>, whole: bool) -> InventoryInput {
    values(schema, body, whole, false)
}

/// Reads an object's values; `lenient` as for [`noticeboard_domain::inventory::Field::take`].
pub fn values(schema: &'static Schema, body: &Map<String, Value>, whole: bool, lenient: bool) -> InventoryInput {
    let mut fields = Fields::new(body);
    let mut input = InventoryInput::default();
    for field in schema.fields {
        if let FieldKind::Generic { kind, id } = field.kind {
            generic(&mut fields, &mut input, kind, id);
            continue;
        }
        match body.get(field.name).map(|value| field.take(value, lenient)) {
            None if whole && field.required => fields.errors.add(field.name, "This field is required."),
            None => {}
            Some(Ok(Given::Value(value))) => drop(input.values.insert(field.name.to_owned(), value)),
            Some(Ok(Given::Object(named))) => {
                if let FieldKind::Reference(to, _) = field.kind {
                    input.references.push((field.name, to, named));
                }
            }
            Some(Err(message)) => fields.errors.add(field.name, message),
        }
    }
    // A tag that is not there yet is no reason to refuse what an import brings.
    input.tags = if lenient { None } else { fields.tags() };
    input.custom_fields = fields.custom_fields();
    input.note = fields.message();
    input.wrong = fields.errors;
    input
}

/// An object of any of several types: the type by its name or number, and the id. One half says what the other is to be
/// only together with what is stored, so either may be missing.
fn generic(fields: &mut Fields<'_>, input: &mut InventoryInput, kind: &'static str, id: &'static str) {
    match fields.nullable(kind) {
        None => {}
        Some(None) => {
            input.values.insert(kind.to_owned(), Value::Null);
            input.values.insert(id.to_owned(), Value::Null);
            return;
        }
        Some(Some(Value::String(name))) if ObjectType::parse(name).is_none() => {
            // A type that Noticeboard does not keep, such as a provider network: taken as it comes.
            let known = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            let plausible = name.len() <= MAX_TYPE && name.split('.').count() == 2 && name.split('.').all(known);
            if plausible {
                input.values.insert(kind.to_owned(), name.to_ascii_lowercase().into());
            } else {
                fields.errors.add(kind, format!("Invalid content type: {name}"));
            }
        }
        Some(Some(_)) => {
            if let Some(found) = fields.content_type(kind) {
                input.values.insert(kind.to_owned(), found.as_str().into());
            }
        }
    }
    match fields.nullable(id) {
        None => {}
        Some(None) => {
            input.values.insert(kind.to_owned(), Value::Null);
            input.values.insert(id.to_owned(), Value::Null);
        }
        Some(Some(_)) => {
            if let Some(found) = fields.id::<noticeboard_domain::ids::ObjectId>(id) {
                input.values.insert(id.to_owned(), found.get().into());
            }
        }
    }
}
