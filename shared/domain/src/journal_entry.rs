//! Journal entries: what people note about an object.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::change::Revision;
use crate::error::{FieldErrors, Result};
use crate::event::{custom_field, tags_field};
use crate::filter::{FieldValue, Filterable};
use crate::ids::ObjectId;
use crate::impact::TargetPart;
use crate::object::{ObjectRef, ObjectType};

/// What kind of note it is; NetBox shows each in its own colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JournalKind {
    /// Nothing special.
    #[default]
    Info,
    /// Something went well.
    Success,
    /// Something to look out for.
    Warning,
    /// Something is wrong.
    Danger,
}

impl JournalKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Info, Self::Success, Self::Warning, Self::Danger];

    /// `info`, `success`, `warning`, `danger`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Danger => "danger",
        }
    }

    /// The label for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Info => "Info",
            Self::Success => "Success",
            Self::Warning => "Warning",
            Self::Danger => "Danger",
        }
    }

    /// Reads a kind.
    ///
    /// # Errors
    /// Says that it is none.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| format!("\"{text}\" is not a valid choice."))
    }
}

/// A note about an object. It stays when that object is deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// Its id.
    pub id: ObjectId,
    /// What it is about.
    pub assigned_object: ObjectRef,
    /// What kind of note it is.
    pub kind: JournalKind,
    /// The note.
    pub comments: String,
    /// Who wrote it.
    pub created_by: String,
    /// Slugs of tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// NetBox's custom fields.
    #[serde(default)]
    pub custom_fields: Map<String, Value>,
    /// Bookkeeping.
    pub revision: Revision,
}

/// New values for some of a journal entry's fields.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JournalEntryChanges {
    /// See [`JournalEntry::assigned_object`].
    pub assigned_object: TargetPart,
    /// See [`JournalEntry::kind`].
    pub kind: Option<JournalKind>,
    /// See [`JournalEntry::comments`].
    pub comments: Option<String>,
    /// See [`JournalEntry::tags`].
    pub tags: Option<Vec<String>>,
    /// Merged into the present ones.
    pub custom_fields: Option<Map<String, Value>>,
}

/// Whether there can be journal entries about objects of a type: not about tags, nor about journal entries.
pub fn has_journal(kind: ObjectType) -> bool {
    kind.app_label() != ObjectType::JournalEntry.app_label()
}

impl JournalEntryChanges {
    /// Which fields a whole journal entry needs and these changes lack.
    pub fn missing(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        for (field, absent) in [
            ("assigned_object_type", self.assigned_object.kind.is_none()),
            ("assigned_object_id", self.assigned_object.id.is_none()),
            ("comments", self.comments.is_none()),
        ] {
            if absent {
                errors.add(field, "This field is required.");
            }
        }
        errors
    }

    /// A new journal entry. That its object exists is for the caller to see to.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] with every field that is missing, and for a type that has no journal.
    pub fn into_entry(self, id: ObjectId, revision: Revision) -> Result<JournalEntry> {
        let missing = self.missing();
        let (Some(assigned_object), Some(comments)) = (self.assigned_object.whole(), self.comments) else {
            return Err(crate::Error::Invalid(missing));
        };
        if !has_journal(assigned_object.kind) {
            let message = format!("Journaling is not supported for this object type ({}).", assigned_object.kind);
            return Err(crate::Error::field("assigned_object_type", message));
        }
        Ok(JournalEntry {
            id,
            assigned_object,
            kind: self.kind.unwrap_or_default(),
            comments,
            created_by: revision.change.actor.user.clone(),
            tags: self.tags.unwrap_or_default(),
            custom_fields: self.custom_fields.unwrap_or_default(),
            revision,
        })
    }
}

impl JournalEntry {
    /// The journal entry as an object.
    pub fn object(&self) -> ObjectRef {
        ObjectRef::new(ObjectType::JournalEntry, self.id)
    }

    /// Its text for people: `2026-12-01 02:00 (Info)`.
    pub fn display(&self) -> String {
        format!("{} ({})", self.revision.created.format("%Y-%m-%d %H:%M"), self.kind.label())
    }

    /// The journal entry with some fields changed, as a new version.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] for another object: an entry stays with the one that it was written about.
    pub fn changed(&self, changes: JournalEntryChanges, revision: Revision) -> Result<Self> {
        if changes.assigned_object.over(self.assigned_object) != self.assigned_object {
            let message = "A journal entry stays with its object. Write another one about the other object.";
            return Err(crate::Error::field("assigned_object_id", message));
        }
        let mut entry = self.clone();
        entry.revision = revision;
        entry.kind = changes.kind.unwrap_or(entry.kind);
        entry.comments = changes.comments.unwrap_or(entry.comments);
        entry.tags = changes.tags.unwrap_or(entry.tags);
        entry.custom_fields.extend(changes.custom_fields.unwrap_or_default());
        Ok(entry)
    }

    /// The fields that the changelog compares.
    pub fn snapshot(&self) -> Map<String, Value> {
        crate::object::snapshot(self)
    }
}

impl Filterable for JournalEntry {
    fn id(&self) -> u64 {
        self.id.get()
    }

    fn field(&self, name: &str) -> FieldValue<'_> {
        match name {
            "id" => FieldValue::id(self.id),
            "assigned_object_type" => FieldValue::text(self.assigned_object.kind.as_str()),
            "assigned_object_type_id" => FieldValue::id(self.assigned_object.kind.number()),
            "assigned_object_id" => FieldValue::id(self.assigned_object.id),
            "kind" => FieldValue::text(self.kind.as_str()),
            "comments" => FieldValue::text(&self.comments),
            "created_by" => FieldValue::text(&self.created_by),
            "tag" => tags_field(&self.tags),
            "created" => FieldValue::Time(self.revision.created),
            "last_updated" => FieldValue::Time(self.revision.last_updated),
            _ => custom_field(&self.custom_fields, name),
        }
    }
}
