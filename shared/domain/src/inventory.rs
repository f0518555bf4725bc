//! The operator's own objects that events touch: providers and circuits.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::change::Revision;
use crate::error::{FieldErrors, Result};
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

/// New values for some of a provider's fields.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProviderChanges {
    /// See [`Provider::name`].
    pub name: Option<Label>,
    /// See [`Provider::slug`].
    pub slug: Option<Slug>,
    /// See [`Provider::description`].
    pub description: Option<String>,
    /// See [`Provider::comments`].
    pub comments: Option<String>,
    /// See [`Provider::tags`].
    pub tags: Option<Vec<String>>,
    /// Merged into the present ones.
    pub custom_fields: Option<Map<String, Value>>,
}

impl ProviderChanges {
    /// Which fields a whole provider needs and these changes lack.
    pub fn missing(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        for (field, absent) in [("name", self.name.is_none()), ("slug", self.slug.is_none())] {
            if absent {
                errors.add(field, "This field is required.");
            }
        }
        errors
    }

    /// A new provider.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] with every field that is missing.
    pub fn into_provider(self, id: ProviderId, revision: Revision) -> Result<Provider> {
        let missing = self.missing();
        let (Some(name), Some(slug)) = (self.name, self.slug) else {
            return Err(crate::Error::Invalid(missing));
        };
        Ok(Provider {
            id,
            name,
            slug,
            description: self.description.unwrap_or_default(),
            comments: self.comments.unwrap_or_default(),
            tags: self.tags.unwrap_or_default(),
            custom_fields: self.custom_fields.unwrap_or_default(),
            revision,
        })
    }
}

impl Provider {
    /// The provider as an object.
    pub fn object(&self) -> ObjectRef {
        ObjectRef::new(ObjectType::Provider, self.id)
    }

    /// The provider with some fields changed, as a new version.
    pub fn changed(&self, changes: ProviderChanges, revision: Revision) -> Provider {
        let mut provider = self.clone();
        provider.revision = revision;
        provider.name = changes.name.unwrap_or(provider.name);
        provider.slug = changes.slug.unwrap_or(provider.slug);
        provider.description = changes.description.unwrap_or(provider.description);
        provider.comments = changes.comments.unwrap_or(provider.comments);
        provider.tags = changes.tags.unwrap_or(provider.tags);
        provider.custom_fields.extend(changes.custom_fields.unwrap_or_default());
        provider
    }

    /// The fields that the changelog compares.
    pub fn snapshot(&self) -> Map<String, Value> {
        crate::object::snapshot(self)
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
    /// NetBox's status value: `active`, `planned`, …
    pub status: String,
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

/// The circuit statuses of NetBox, with their labels.
pub const CIRCUIT_STATUSES: [(&str, &str); 6] = [
    ("planned", "Planned"),
    ("provisioning", "Provisioning"),
    ("active", "Active"),
    ("offline", "Offline"),
    ("deprovisioning", "Deprovisioning"),
    ("decommissioned", "Decommissioned"),
];

/// New values for some of a circuit's fields.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CircuitChanges {
    /// See [`Circuit::cid`].
    pub cid: Option<Label>,
    /// See [`Circuit::provider`].
    pub provider: Option<ProviderId>,
    /// See [`Circuit::status`].
    pub status: Option<String>,
    /// See [`Circuit::description`].
    pub description: Option<String>,
    /// See [`Circuit::comments`].
    pub comments: Option<String>,
    /// See [`Circuit::tags`].
    pub tags: Option<Vec<String>>,
    /// Merged into the present ones.
    pub custom_fields: Option<Map<String, Value>>,
}

impl CircuitChanges {
    /// Which fields a whole circuit needs and these changes lack.
    pub fn missing(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        for (field, absent) in [("cid", self.cid.is_none()), ("provider", self.provider.is_none())] {
            if absent {
                errors.add(field, "This field is required.");
            }
        }
        errors
    }

    /// A new circuit.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] with every field that is missing.
    pub fn into_circuit(self, id: ObjectId, revision: Revision) -> Result<Circuit> {
        let missing = self.missing();
        let (Some(cid), Some(provider)) = (self.cid, self.provider) else {
            return Err(crate::Error::Invalid(missing));
        };
        Ok(Circuit {
            id,
            cid,
            provider,
            status: self.status.unwrap_or_else(|| "active".into()),
            description: self.description.unwrap_or_default(),
            comments: self.comments.unwrap_or_default(),
            tags: self.tags.unwrap_or_default(),
            custom_fields: self.custom_fields.unwrap_or_default(),
            revision,
        })
    }
}

impl Circuit {
    /// The circuit as an object.
    pub fn object(&self) -> ObjectRef {
        ObjectRef::new(ObjectType::Circuit, self.id)
    }

    /// The circuit with some fields changed, as a new version.
    pub fn changed(&self, changes: CircuitChanges, revision: Revision) -> Circuit {
        let mut circuit = self.clone();
        circuit.revision = revision;
        circuit.cid = changes.cid.unwrap_or(circuit.cid);
        circuit.provider = changes.provider.unwrap_or(circuit.provider);
        circuit.status = changes.status.unwrap_or(circuit.status);
        circuit.description = changes.description.unwrap_or(circuit.description);
        circuit.comments = changes.comments.unwrap_or(circuit.comments);
        circuit.tags = changes.tags.unwrap_or(circuit.tags);
        circuit.custom_fields.extend(changes.custom_fields.unwrap_or_default());
        circuit
    }

    /// The fields that the changelog compares.
    pub fn snapshot(&self) -> Map<String, Value> {
        crate::object::snapshot(self)
    }
}
