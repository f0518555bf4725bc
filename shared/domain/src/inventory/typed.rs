//! Providers and circuits, as mail and events see them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::InventoryChanges;
use crate::change::Revision;
use crate::fields::Line;
use crate::ids::{ObjectId, ProviderId};
use crate::object::{ObjectRef, ObjectType};

/// A provider's or circuit's identifying text (NetBox: 100 characters).
pub type Label = Line<100>;

/// A slug: ASCII letters, digits, `-` and `_`, at most 100.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slug(String);

impl Slug {
    /// Takes a slug as it came from a client.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if text.is_empty() {
            return Err("This field may not be blank.".into());
        }
        if !text.chars().all(valid) {
            return Err("Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens.".to_owned());
        }
        crate::fields::bounded(text, 100).map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A network provider. Its name and its slug are each unique.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provider {
    /// Its id, NetBox's own where it was imported.
    pub id: ProviderId,
    /// Its name.
    pub name: Label,
    /// Its slug.
    pub slug: Slug,
    /// A line about it.
    pub description: String,
    /// Free notes.
    pub comments: String,
    /// Slugs of tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// NetBox's custom fields.
    #[serde(default)]
    pub custom_fields: Map<String, Value>,
    /// Bookkeeping.
    pub revision: Revision,
}

/// What mail knows of a provider that it names for the first time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProviderChanges {
    /// See [`Provider::name`].
    pub name: Option<Label>,
    /// See [`Provider::slug`].
    pub slug: Option<Slug>,
    /// See [`Provider::description`].
    pub description: Option<String>,
}

impl From<ProviderChanges> for InventoryChanges {
    fn from(changes: ProviderChanges) -> Self {
        Self::of([
            ("name", changes.name.map(|name| name.as_str().into())),
            ("slug", changes.slug.map(|slug| slug.as_str().into())),
            ("description", changes.description.map(Value::String)),
        ])
    }
}

impl Provider {
    /// The provider as an object.
    pub fn object(&self) -> ObjectRef {
        ObjectRef::new(ObjectType::Provider, self.id)
    }
}

/// A circuit. Its id with the provider (`cid`) is unique for that provider, compared without blanks and case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Circuit {
    /// Its id, NetBox's own where it was imported.
    pub id: ObjectId,
    /// The provider's id of the circuit.
    pub cid: Label,
    /// Whose circuit it is.
    pub provider: ProviderId,
    /// A line about it.
    pub description: String,
    /// Free notes.
    pub comments: String,
    /// Slugs of tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// NetBox's custom fields.
    #[serde(default)]
    pub custom_fields: Map<String, Value>,
    /// Bookkeeping.
    pub revision: Revision,
}

/// The least that a circuit is made of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CircuitChanges {
    /// See [`Circuit::cid`].
    pub cid: Option<Label>,
    /// See [`Circuit::provider`].
    pub provider: Option<ProviderId>,
    /// See [`Circuit::description`].
    pub description: Option<String>,
}

impl From<CircuitChanges> for InventoryChanges {
    fn from(changes: CircuitChanges) -> Self {
        Self::of([
            ("cid", changes.cid.map(|cid| cid.as_str().into())),
            ("provider", changes.provider.map(|provider| provider.get().into())),
            ("description", changes.description.map(Value::String)),
        ])
    }
}

impl Circuit {
    /// The circuit as an object.
    pub fn object(&self) -> ObjectRef {
        ObjectRef::new(ObjectType::Circuit, self.id)
    }
}
