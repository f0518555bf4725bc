//! Tags.

use noticeboard_domain::fields::bounded;
use noticeboard_domain::filter::{Kind, Parameter};
use noticeboard_domain::inventory::{Label, Slug};
use noticeboard_domain::object::ObjectType;
use noticeboard_domain::tag::{Colour, Tag, TagChanges};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::time;
use crate::answer::Object;
use crate::error::ApiError;
use crate::input::Fields;
use crate::query::Wire;

/// Longest `description`.
const MAX_DESCRIPTION: usize = 200;

/// The fields that `q` searches.
pub const SEARCHED: &[&str] = &["name", "slug"];

/// Filters of tags.
pub const FILTERS: &[Parameter] = &[
    ("id", Kind::Number),
    ("name", Kind::Text),
    ("slug", Kind::Text),
    ("color", Kind::Text),
    ("description", Kind::Text),
    ("created", Kind::Time),
    ("last_updated", Kind::Time),
    ("created_by_request", Kind::Uuid),
    ("updated_by_request", Kind::Uuid),
    ("modified_by_request", Kind::Uuid),
];

/// A tag inside another object.
#[derive(Debug, Serialize, ToSchema)]
pub struct NestedTag {
    #[schema(minimum = 1)]
    id: u64,
    url: String,
    display_url: String,
    display: String,
    name: String,
    slug: String,
    color: String,
}

/// The tags of an object.
pub fn nested(base: &str, tags: &[Tag]) -> Vec<NestedTag> {
    let nested = |tag: &Tag| NestedTag {
        id: tag.id.get(),
        url: super::address(base, ObjectType::Tag, tag.id.get()),
        display_url: format!("{base}/extras/tags/{}/", tag.id),
        display: tag.name.as_str().to_owned(),
        name: tag.name.as_str().to_owned(),
        slug: tag.slug.as_str().to_owned(),
        color: tag.color.as_str().to_owned(),
    };
    tags.iter().map(nested).collect()
}

/// A tag.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tag)]
pub struct TagBody {
    #[schema(minimum = 1)]
    id: u64,
    url: String,
    display_url: String,
    display: String,
    name: String,
    slug: String,
    color: String,
    description: String,
    weight: u32,
    object_types: Vec<String>,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    last_updated: String,
}

impl Wire for TagBody {
    const BRIEF: &'static [&'static str] = &["id", "url", "display", "name", "slug", "color", "description"];
}

/// What a client sends for a tag, with its note on the change.
///
/// # Errors
/// 400 with every field that is missing or wrong.
pub fn read(body: &Map<String, Value>, whole: bool) -> Result<(TagChanges, String), ApiError> {
    let mut fields = Fields::new(body);
    let changes = TagChanges {
        name: fields.text("name", Label::parse),
        slug: fields.text("slug", Slug::parse),
        color: fields.text("color", Colour::parse),
        description: fields.text("description", |text| bounded(text, MAX_DESCRIPTION)),
    };
    let message = fields.message();
    if whole {
        fields.errors.add_missing(&changes.missing());
    }
    fields.errors.into_result()?;
    Ok((changes, message))
}

/// A tag, as the API gives it.
pub fn tag(base: &str, tag: &Tag) -> Object<TagBody> {
    let url = super::address(base, ObjectType::Tag, tag.id.get());
    let body = TagBody {
        id: tag.id.get(),
        url: url.clone(),
        display_url: format!("{base}/extras/tags/{}/", tag.id),
        display: tag.name.as_str().to_owned(),
        name: tag.name.as_str().to_owned(),
        slug: tag.slug.as_str().to_owned(),
        color: tag.color.as_str().to_owned(),
        description: tag.description.clone(),
        weight: 1000,
        object_types: Vec::new(),
        created: time(tag.revision.created),
        last_updated: time(tag.revision.last_updated),
    };
    Object { body, url, version: tag.revision.version }
}
