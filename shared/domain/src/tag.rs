//! Tags: words that people put on objects.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::change::Revision;
use crate::error::{FieldErrors, Result};
use crate::filter::{FieldValue, Filterable};
use crate::ids::ObjectId;
use crate::inventory::{Label, Slug};
use crate::object::{ObjectRef, ObjectType};

/// The colour of a tag that was given none, as NetBox has it.
const DEFAULT_COLOUR: &str = "9e9e9e";

/// A colour: six hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Colour(String);

impl Colour {
    /// Takes a colour as it came from a client.
    ///
    /// # Errors
    /// Says what a colour is.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let right = text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if right { Ok(Self(text.to_owned())) } else { Err("RGB color in hexadecimal. Example: 00ff00".into()) }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A tag. Its name and its slug are each unique; objects keep the slug, which therefore stays as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tag {
    /// Its id.
    pub id: ObjectId,
    /// Its name.
    pub name: Label,
    /// Its slug.
    pub slug: Slug,
    /// Its colour.
    pub color: Colour,
    /// A line about it.
    pub description: String,
    /// Bookkeeping.
    pub revision: Revision,
}

/// A tag as a client names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TagRef {
    /// By id.
    Id(ObjectId),
    /// By slug.
    Slug(String),
    /// By name.
    Name(String),
    /// By several of these, which are all to be those of one tag.
    All(Vec<TagRef>),
}

/// New values for some of a tag's fields.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TagChanges {
    /// See [`Tag::name`].
    pub name: Option<Label>,
    /// See [`Tag::slug`].
    pub slug: Option<Slug>,
    /// See [`Tag::color`].
    pub color: Option<Colour>,
    /// See [`Tag::description`].
    pub description: Option<String>,
}

impl TagChanges {
    /// Which fields a whole tag needs and these changes lack.
    pub fn missing(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        for (field, absent) in [("name", self.name.is_none()), ("slug", self.slug.is_none())] {
            if absent {
                errors.add(field, "This field is required.");
            }
        }
        errors
    }

    /// A new tag.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] with every field that is missing.
    pub fn into_tag(self, id: ObjectId, revision: Revision) -> Result<Tag> {
        let missing = self.missing();
        let (Some(name), Some(slug)) = (self.name, self.slug) else {
            return Err(crate::Error::Invalid(missing));
        };
        let color = self.color.unwrap_or_else(|| Colour(DEFAULT_COLOUR.to_owned()));
        Ok(Tag { id, name, slug, color, description: self.description.unwrap_or_default(), revision })
    }
}

impl Tag {
    /// The tag as an object.
    pub fn object(&self) -> ObjectRef {
        ObjectRef::new(ObjectType::Tag, self.id)
    }

    /// The tag with some fields changed, as a new version.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] for another slug: the objects that have the tag keep its slug.
    pub fn changed(&self, changes: TagChanges, revision: Revision) -> Result<Tag> {
        if changes.slug.as_ref().is_some_and(|slug| *slug != self.slug) {
            let message = "The slug of a tag cannot be changed: objects keep it. Create another tag.";
            return Err(crate::Error::field("slug", message));
        }
        let mut tag = self.clone();
        tag.revision = revision;
        tag.name = changes.name.unwrap_or(tag.name);
        tag.color = changes.color.unwrap_or(tag.color);
        tag.description = changes.description.unwrap_or(tag.description);
        Ok(tag)
    }

    /// The fields that the changelog compares.
    pub fn snapshot(&self) -> Map<String, Value> {
        crate::object::snapshot(self)
    }
}

impl Filterable for Tag {
    fn id(&self) -> u64 {
        self.id.get()
    }

    fn field(&self, name: &str) -> FieldValue<'_> {
        match name {
            "id" => FieldValue::id(self.id),
            "name" => FieldValue::text(self.name.as_str()),
            "slug" => FieldValue::text(self.slug.as_str()),
            "color" => FieldValue::text(self.color.as_str()),
            "description" => FieldValue::text(&self.description),
            "created" => FieldValue::Time(self.revision.created),
            "last_updated" => FieldValue::Time(self.revision.last_updated),
            _ => FieldValue::None,
        }
    }
}
