//! Changes: who did what to which object, and what differs.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::event::EventKind;
use crate::filter::{FieldValue, Filterable};
use crate::ids::{ChangeId, EventId};
use crate::object::ObjectRef;
use crate::time::Time;

/// Where a change came from; the labels are those of Nautobot's event notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// A request to the API or a page.
    Web,
    /// Something that Noticeboard does by itself: reading mail, importing, cleaning up.
    Job,
    /// A job that another change started.
    #[serde(rename = "Job hook")]
    JobHook,
    /// A direct call into the program.
    #[serde(rename = "ORM")]
    Orm,
    /// Not known: an item was changed behind the program's back.
    Unknown,
}

impl Origin {
    /// The label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Web => "Web",
            Self::Job => "Job",
            Self::JobHook => "Job hook",
            Self::Orm => "ORM",
            Self::Unknown => "Unknown",
        }
    }
}

/// Who asks for a change, and from where. It travels from the edge to the stored item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The user's name; for mail the sender's address.
    pub user: String,
    /// One id for all that one request or job does.
    pub request_id: String,
    /// What kind of action it is.
    pub origin: Origin,
    /// `API POST /…`, `Mail <message-id>`, the page.
    pub detail: String,
    /// The caller's own note on the change (`changelog_message`).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

impl Actor {
    /// The same with a note of its own on one of several changes, where there is one.
    #[must_use]
    pub fn noting(&self, note: &str) -> Self {
        let mut actor = self.clone();
        if !note.is_empty() {
            note.clone_into(&mut actor.message);
        }
        actor
    }
}

/// The versions of an object that a change is meant for (`If-Match`); any, where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected(Option<Vec<u64>>);

impl Expected {
    /// Only these versions.
    pub fn one_of(versions: Vec<u64>) -> Self {
        Self(Some(versions))
    }

    /// Whether the present version is one of them.
    ///
    /// # Errors
    /// [`Error::VersionMismatch`].
    pub fn check(&self, present: u64) -> Result<()> {
        match &self.0 {
            Some(versions) if !versions.contains(&present) => Err(Error::VersionMismatch),
            Some(_) | None => Ok(()),
        }
    }
}

/// One act of changing an object, as the object's own item keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeStamp {
    /// The change's id, minted by the writer so that every replay records it under the same id.
    pub id: ChangeId,
    /// When.
    pub at: Time,
    /// Who, and from where.
    #[serde(flatten)]
    pub actor: Actor,
}

/// The bookkeeping that every stored object carries.
///
/// Invariant: `version` rises by one with every change of the object's own fields, and only then. It goes on where an
/// object is brought back under an id whose deletion is remembered, so that no two changes have the same one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// 1 for a new object, unless there was one under its id before.
    pub version: u64,
    /// When the object was made.
    pub created: Time,
    /// When it was last changed.
    pub last_updated: Time,
    /// The last change.
    pub change: ChangeStamp,
}

impl Revision {
    /// Of an object made by this change.
    pub fn first(change: ChangeStamp) -> Self {
        Self::after(0, change)
    }

    /// Of an object made by this change under an id whose former object was deleted as this version; 0 where there was none.
    pub fn after(deletion: u64, change: ChangeStamp) -> Self {
        Self { version: deletion + 1, created: change.at, last_updated: change.at, change }
    }

    /// The next one, by this change.
    pub fn next(&self, change: ChangeStamp) -> Self {
        Self { version: self.version + 1, created: self.created, last_updated: change.at, change }
    }
}

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It was made.
    Create,
    /// It was changed.
    Update,
    /// It was deleted.
    Delete,
}

impl Action {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Create, Self::Update, Self::Delete];

    /// `create`, `update`, `delete`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// The label for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Create => "Created",
            Self::Update => "Updated",
            Self::Delete => "Deleted",
        }
    }
}

/// The record of one change of one object: what the changelog keeps and what is told to others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// What happened.
    pub action: Action,
    /// To which object.
    pub object: ObjectRef,
    /// The object's version after the change (a deletion counts as one more).
    pub version: u64,
    /// The object's text for people, as it was after the change.
    pub display: String,
    /// The event that the object is or belongs to.
    pub event: Option<EventId>,
    /// When, who, and from where.
    pub stamp: ChangeStamp,
    /// The object's fields before; none when it was made.
    pub before: Option<Map<String, Value>>,
    /// The object's fields after; none when it was deleted.
    pub after: Option<Map<String, Value>>,
}

impl Filterable for Change {
    fn id(&self) -> u64 {
        self.stamp.id.get()
    }

    fn field(&self, name: &str) -> FieldValue<'_> {
        match name {
            "id" => FieldValue::id(self.stamp.id),
            "time" => FieldValue::Time(self.stamp.at),
            "user" | "user_name" => FieldValue::text(&self.stamp.actor.user),
            "request_id" => FieldValue::text(&self.stamp.actor.request_id),
            "action" => FieldValue::text(self.action.as_str()),
            "changed_object_type" => FieldValue::text(self.object.kind.as_str()),
            "changed_object_type_id" => FieldValue::id(self.object.kind.number()),
            "changed_object_id" => FieldValue::id(self.object.id),
            "related_object_type" => {
                FieldValue::optional(self.related(), |related| FieldValue::text(related.kind.as_str()))
            }
            "related_object_type_id" => {
                FieldValue::optional(self.related(), |related| FieldValue::id(related.kind.number()))
            }
            "related_object_id" => FieldValue::optional(self.related(), |related| FieldValue::id(related.id)),
            "object_repr" => FieldValue::text(&self.display),
            "message" => FieldValue::text(&self.stamp.actor.message),
            _ => FieldValue::None,
        }
    }
}

/// The fields that differ, with their new values (`added`) and their old ones (`removed`).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Differences {
    /// New values; none for a deletion.
    pub added: Option<Map<String, Value>>,
    /// Old values; none for a creation.
    pub removed: Option<Map<String, Value>>,
}

impl Change {
    /// The same change always has the same key, so that it is recorded and told once: `notices.outage:7:3`.
    pub fn key(&self) -> String {
        format!("{}:{}", self.object, self.version)
    }

    /// The event that an impact or a received mail belongs to, which is another object than the one that changed.
    pub fn related(&self) -> Option<ObjectRef> {
        let event = self.after.as_ref().or(self.before.as_ref())?.get("event")?;
        let kind: EventKind = serde_json::from_value(event.get("kind")?.clone()).ok()?;
        Some(ObjectRef { kind: kind.object_type(), id: event.get("id")?.as_u64()?.try_into().ok()? })
    }

    /// What differs between before and after, one level deep, without the time of the update itself.
    pub fn differences(&self) -> Differences {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => {
                let (mut added, mut removed) = (Map::new(), Map::new());
                let gone = before.keys().filter(|key| !after.contains_key(*key));
                for key in after.keys().chain(gone).filter(|key| *key != "last_updated") {
                    let (old, new) = (before.get(key), after.get(key));
                    if old != new {
                        added.insert(key.clone(), new.cloned().unwrap_or(Value::Null));
                        removed.insert(key.clone(), old.cloned().unwrap_or(Value::Null));
                    }
                }
                Differences { added: Some(added), removed: Some(removed) }
            }
            (before, after) => Differences { added: after.clone(), removed: before.clone() },
        }
    }
}
