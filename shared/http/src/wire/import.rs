//! Objects that are brought in from elsewhere: `{"object_type": "dcim.site", "id": 7, "name": …}`, with the fields of
//! their type as NetBox gives them.

use noticeboard_app::{Imported, Row};
use noticeboard_domain::fields::bounded;
use noticeboard_domain::ids::ObjectId;
use noticeboard_domain::inventory::{Label, Slug, kept, schema};
use noticeboard_domain::object::ObjectType;
use noticeboard_domain::tag::{Colour, TagChanges, TagRef};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::inventory::values;
use crate::error::{ApiError, field_errors};
use crate::input::Fields;

/// Reads an object that is to be brought in.
///
/// # Errors
/// 400 when its type or an id cannot be read; what is wrong with its values is its own.
pub fn row(body: &Map<String, Value>) -> Result<Row, ApiError> {
    let mut fields = Fields::new(body);
    let kind: Option<ObjectType> = fields.content_type("object_type");
    let schema = kind.and_then(|kind| {
        let found = schema(kind).ok_or_else(|| format!("{kind} is not part of the inventory."));
        fields.errors.keep("object_type", found)
    });
    let id = if fields.has("id") { fields.nullable_id::<ObjectId>("id").flatten() } else { None };
    let replaces = body
        .get("replaces")
        .filter(|ids| !ids.is_null())
        .map(|ids| serde_json::from_value(ids.clone()).map_err(|_| "A list of ids is required.".to_owned()));
    let replaces: Vec<ObjectId> = replaces.and_then(|ids| fields.errors.keep("replaces", ids)).unwrap_or_default();
    let (Some(schema), true) = (schema, fields.errors.is_empty()) else {
        if fields.errors.is_empty() {
            fields.errors.add("object_type", "This field is required.");
        }
        return Err(fields.errors.into());
    };
    let tags = body.get("tags").map(tags);
    let mut input = values(schema, body, false, true);
    let slugs = tags.as_ref().map(|tags| tags.iter().filter_map(|tag| tag.slug.as_ref()));
    input.tags = slugs.map(|slugs| slugs.map(|slug| TagRef::Slug(slug.as_str().to_owned())).collect());
    let input = if input.wrong.is_empty() { Ok(input) } else { Err(input.wrong) };
    Ok(Row { kind: schema.kind, id, replaces, input, tags: tags.unwrap_or_default() })
}

/// The tags of an object as NetBox gives them: objects with name, slug and colour. Anything else is left out.
fn tags(value: &Value) -> Vec<TagChanges> {
    let tag = |tag: &Value| {
        let text = |name: &str| tag.get(name).and_then(Value::as_str);
        Some(TagChanges {
            slug: Some(Slug::parse(text("slug")?).ok()?),
            name: Some(Label::parse(text("name")?).ok()?),
            color: text("color").and_then(|color| Colour::parse(color).ok()),
            description: text("description").and_then(|text| bounded(text, 200).ok()),
        })
    };
    value.as_array().into_iter().flatten().filter_map(tag).collect()
}

/// What became of an object.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportedObject)]
pub struct ImportedBody {
    #[schema(schema_with = types)]
    object_type: &'static str,
    /// The id that it was sent with, or else the one that it has here; none of one that is not here.
    #[schema(minimum = 1)]
    id: Option<u64>,
    result: Outcome,
    /// The object here that has its name or slug, and is kept as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, nullable = false)]
    kept: Option<u64>,
    /// Why it was refused: messages by field.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = HashMap<String, Vec<String>>, nullable = false)]
    errors: Option<Map<String, Value>>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ImportOutcome)]
enum Outcome {
    Created,
    Updated,
    Unchanged,
    Kept,
    Refused,
}

fn types() -> utoipa::openapi::Object {
    super::choices(kept().map(|schema| schema.kind.as_str()))
}

/// What became of an object, as the answer says it.
pub fn outcome(row: &Row, imported: &Imported) -> ImportedBody {
    let (result, id) = match imported {
        Imported::Created(id) => (Outcome::Created, Some(*id)),
        Imported::Updated(id) => (Outcome::Updated, Some(*id)),
        Imported::Unchanged(id) => (Outcome::Unchanged, Some(*id)),
        Imported::Kept(id) => (Outcome::Kept, Some(*id)),
        Imported::Taken(..) | Imported::Refused(_) => (Outcome::Refused, row.id),
    };
    let (kept, errors) = match imported {
        Imported::Kept(id) => (Some(id.get()), None),
        Imported::Taken(id, errors) => (Some(id.get()), Some(field_errors(errors))),
        Imported::Refused(errors) => (None, Some(field_errors(errors))),
        Imported::Created(_) | Imported::Updated(_) | Imported::Unchanged(_) => (None, None),
    };
    ImportedBody { object_type: row.kind.as_str(), id: row.id.or(id).map(ObjectId::get), result, kept, errors }
}
