//! The inventory: schemas made of the lists of fields that its types are ([`noticeboard_domain::inventory::Schema`]).

use noticeboard_domain::fields::MAX_TEXT_BYTES;
use noticeboard_domain::inventory::{Choice, Field, FieldKind, Schema, kept, schema};
use noticeboard_domain::object::ObjectType;
use serde_json::{Map, Value, json};

use super::requests::{self, Request, choice, nullable, text};
use super::schema::{self as shapes, Schemas, reference};

/// The name of a type's schema.
pub(super) fn name(kind: ObjectType) -> String {
    kind.label().replace(' ', "")
}

/// `a circuit type`, `circuit types`.
pub(super) fn nouns(kind: ObjectType) -> (String, String) {
    let word = |word: &str| {
        let short = word.chars().all(|letter| letter.is_ascii_uppercase());
        if short { word.to_owned() } else { word.to_lowercase() }
    };
    let one = kind.label().split(' ').map(word).collect::<Vec<_>>().join(" ");
    let article = if one.starts_with(['a', 'e', 'i', 'o', 'I']) { "an" } else { "a" };
    let ending = if one.ends_with(['s', 'x']) { "es" } else { "s" };
    (format!("{article} {one}"), format!("{one}{ending}"))
}

/// An object as it is answered.
pub(super) fn answered(of: &Schema, schemas: &mut Schemas) -> Value {
    let mut fields = Map::new();
    let mut put = |name: &str, schema: Value| drop(fields.insert(name.to_owned(), schema));
    put("id", shapes::id());
    put("url", shapes::text());
    put("display_url", shapes::text());
    put("display", shapes::text());
    if has_family(of.kind) {
        put("family", family());
    }
    for field in of.fields {
        if of.kind == ObjectType::Circuit && field.name == "comments" {
            for end in ["termination_a", "termination_z"] {
                put(end, or_null(reference("CircuitEnd")));
            }
        }
        if let FieldKind::Generic { kind, id } = field.kind {
            put(kind, json!({"type": ["string", "null"]}));
            put(id, json!({"type": ["integer", "null"], "format": "int64", "minimum": 1}));
        }
        put(field.name, field_answered(field));
    }
    put("tags", json!({"type": "array", "items": reference("NestedTag")}));
    put("custom_fields", json!({"type": "object"}));
    put("created", shapes::time());
    put("last_updated", shapes::time());
    schemas.add(&format!("Nested{}", name(of.kind)), brief(of));
    if of.kind == ObjectType::Circuit {
        schemas.add("CircuitEnd", end());
    }
    json!({"type": "object", "properties": fields})
}

fn or_null(schema: Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

fn has_family(kind: ObjectType) -> bool {
    matches!(kind, ObjectType::IpAddress | ObjectType::Prefix)
}

fn family() -> Value {
    shapes::object([("value", json!({"type": "integer", "enum": [4, 6]})), ("label", shapes::text())])
}

/// A choice with its label. An import brings values that are not among those that requests may have.
fn choice_answered() -> Value {
    shapes::object([("value", json!({"type": ["string", "number"]})), ("label", shapes::text())])
}

/// An object inside another one.
fn brief(of: &Schema) -> Value {
    let mut fields = Map::new();
    for (name, schema) in [("id", shapes::id()), ("url", shapes::text()), ("display", shapes::text())] {
        fields.insert(name.to_owned(), schema);
    }
    for brief in of.brief {
        let field = of.field(brief).filter(|field| !matches!(field.kind, FieldKind::Reference(..)));
        let schema = match field {
            Some(Field { kind: FieldKind::Choice(..), .. }) => Some(json!({"type": "string"})),
            Some(field) => Some(field_answered(field)),
            None if *brief == "family" => Some(family()),
            None => None,
        };
        fields.extend(schema.map(|schema| ((*brief).to_owned(), schema)));
    }
    json!({"type": "object", "properties": fields})
}

/// One end of a circuit.
fn end() -> Value {
    let field = |name: &str| {
        schema(ObjectType::CircuitTermination).and_then(|of| of.field(name)).map_or(json!({}), field_answered)
    };
    shapes::object([
        ("id", shapes::id()),
        ("url", shapes::text()),
        ("display_url", shapes::text()),
        ("display", shapes::text()),
        ("description", shapes::text()),
        ("termination_type", json!({"type": ["string", "null"]})),
        ("termination_id", json!({"type": ["integer", "null"], "format": "int64", "minimum": 1})),
        ("termination", any_object()),
        ("port_speed", field("port_speed")),
        ("upstream_speed", field("upstream_speed")),
        ("xconnect_id", shapes::text()),
    ])
}

/// An object of any type of the inventory inside another one.
pub(super) fn any_nested() -> Value {
    json!({"anyOf": kept().map(|of| reference(&format!("Nested{}", name(of.kind)))).collect::<Vec<_>>()})
}

fn any_object() -> Value {
    or_null(reference("NestedObject"))
}

fn field_answered(field: &Field) -> Value {
    match field.kind {
        // The sides of a circuit are shown as they are.
        FieldKind::Choice(choices, _) if field.name == "term_side" => {
            json!({"type": "string", "enum": values(choices).collect::<Vec<_>>()})
        }
        FieldKind::Choice(_, default) => match default.is_some() || field.required {
            true => choice_answered(),
            false => or_null(choice_answered()),
        },
        FieldKind::OpenChoice => or_null(choice_answered()),
        FieldKind::Text(_) | FieldKind::FreeText | FieldKind::Slug | FieldKind::Colour => shapes::text(),
        FieldKind::NullableText(_) => json!({"type": ["string", "null"]}),
        FieldKind::Host | FieldKind::Network => {
            json!({"type": if field.required { json!("string") } else { json!(["string", "null"]) }})
        }
        FieldKind::Integer(min, max) => json!({"type": ["integer", "null"], "minimum": min, "maximum": max}),
        FieldKind::Number(min, max) => json!({"type": ["number", "null"], "minimum": min, "maximum": max}),
        FieldKind::Boolean(_) => json!({"type": "boolean"}),
        FieldKind::Date => json!({"type": ["string", "null"], "format": "date"}),
        FieldKind::Reference(to, _) => or_null(reference(&format!("Nested{}", name(to)))),
        FieldKind::Generic { .. } => any_object(),
        // Given back as it came.
        FieldKind::Foreign(_) => json!({"type": ["integer", "object", "null"]}),
        FieldKind::ForeignList => json!({"type": "array", "items": {"type": ["integer", "object"]}}),
    }
}

fn values(choices: &'static [Choice]) -> impl Iterator<Item = &'static str> {
    choices.iter().map(|(value, _)| *value)
}

/// What requests for an object may carry.
pub(super) fn requested(of: &Schema) -> Request {
    let mut fields = Vec::new();
    for field in of.fields {
        if let FieldKind::Generic { kind, id } = field.kind {
            fields.push((kind, nullable(text(requests::MAX_TYPE))));
            fields.push((id, nullable(requests::id())));
            continue;
        }
        let schema = field_requested(field);
        let null = field.default().is_null() && !field.required;
        fields.push((field.name, if null { nullable(schema) } else { schema }));
    }
    fields.extend(requests::every_object());
    let required = of.fields.iter().filter(|field| field.required).map(|field| field.name);
    Request::new(fields, required)
}

fn field_requested(field: &Field) -> Value {
    let foreign = || json!({"anyOf": [requests::id(), {"type": "object"}]});
    match field.kind {
        FieldKind::Text(max) if field.required => requests::line(max),
        FieldKind::Text(max) | FieldKind::NullableText(max) => text(max),
        FieldKind::FreeText => text(MAX_TEXT_BYTES),
        FieldKind::Slug => requests::slug(),
        FieldKind::Colour => json!({"type": "string", "pattern": "^([0-9a-fA-F]{6})?$"}),
        FieldKind::Choice(choices, _) => choice(values(choices)),
        FieldKind::OpenChoice => {
            let value = json!({"type": ["string", "number"]});
            json!({"anyOf": [value, {"type": "object", "properties": {"value": value}, "required": ["value"]}]})
        }
        FieldKind::Integer(min, max) => json!({"type": "integer", "minimum": min, "maximum": max}),
        FieldKind::Number(min, max) => json!({"type": "number", "minimum": min, "maximum": max}),
        FieldKind::Boolean(_) => json!({"type": "boolean"}),
        FieldKind::Date => json!({"type": "string", "format": "date"}),
        FieldKind::Host => json!({"type": "string", "examples": ["192.0.2.1/24", "2001:db8::1/64"]}),
        FieldKind::Network => json!({"type": "string", "examples": ["192.0.2.0/24", "2001:db8::/64"]}),
        FieldKind::Reference(..) => reference("RelatedRequest"),
        FieldKind::Foreign(_) => foreign(),
        FieldKind::ForeignList => json!({"type": "array", "items": foreign()}),
        FieldKind::Generic { .. } => json!({}),
    }
}
