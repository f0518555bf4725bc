//! An impact: how hard one event hits one object of the operator's.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::change::Revision;
use crate::error::{Error, FieldErrors, Result};
use crate::event::{EventKind, custom_field, tags_field};
use crate::filter::{FieldValue, Filterable};
use crate::ids::{EventId, ImpactId, ObjectId};
use crate::object::{AllowedTargets, ObjectRef, ObjectType};
use crate::status::{ImpactLevel, Status};

/// An event, with its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventRef {
    /// Which kind of event.
    pub kind: EventKind,
    /// Its id.
    pub id: EventId,
}

impl EventRef {
    /// The event as an object.
    pub fn object(self) -> ObjectRef {
        ObjectRef::new(self.kind.object_type(), self.id)
    }
}

/// As much of an event as a change names: clients may send its type without its id, or the reverse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EventPart {
    /// Which kind of event.
    pub kind: Option<EventKind>,
    /// Its id.
    pub id: Option<EventId>,
}

impl From<EventRef> for EventPart {
    fn from(event: EventRef) -> Self {
        Self { kind: Some(event.kind), id: Some(event.id) }
    }
}

impl EventPart {
    /// The event, where both are named.
    pub fn whole(self) -> Option<EventRef> {
        Some(EventRef { kind: self.kind?, id: self.id? })
    }

    /// The event that is meant, of an object that belongs to `present`.
    #[must_use]
    pub fn over(self, present: EventRef) -> EventRef {
        EventRef { kind: self.kind.unwrap_or(present.kind), id: self.id.unwrap_or(present.id) }
    }

    /// Notes what is not named.
    pub(crate) fn missing(self, errors: &mut FieldErrors) {
        for (field, absent) in [("event_content_type", self.kind.is_none()), ("event_object_id", self.id.is_none())] {
            if absent {
                errors.add(field, "This field is required.");
            }
        }
    }
}

/// As much of a target as a change names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TargetPart {
    /// Its type.
    pub kind: Option<ObjectType>,
    /// Its id.
    pub id: Option<ObjectId>,
}

impl From<ObjectRef> for TargetPart {
    fn from(object: ObjectRef) -> Self {
        Self { kind: Some(object.kind), id: Some(object.id) }
    }
}

impl TargetPart {
    /// The target, where both are named.
    pub fn whole(self) -> Option<ObjectRef> {
        Some(ObjectRef { kind: self.kind?, id: self.id? })
    }

    /// The target that is meant, of an impact on `present`.
    #[must_use]
    pub fn over(self, present: ObjectRef) -> ObjectRef {
        ObjectRef { kind: self.kind.unwrap_or(present.kind), id: self.id.unwrap_or(present.id) }
    }
}

/// How hard one event hits one object.
///
/// Invariant: an event has at most one impact on a target (the store's keys see to it).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Impact {
    /// The impact's id.
    pub id: ImpactId,
    /// The event.
    pub event: EventRef,
    /// The object that is hit.
    pub target: ObjectRef,
    /// How hard; clients may leave it open.
    pub impact: Option<ImpactLevel>,
    /// Slugs of tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// NetBox's custom fields.
    #[serde(default)]
    pub custom_fields: Map<String, Value>,
    /// Bookkeeping.
    pub revision: Revision,
}

/// New values for some of an impact's fields.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImpactChanges {
    /// See [`Impact::event`].
    pub event: EventPart,
    /// See [`Impact::target`].
    pub target: TargetPart,
    /// See [`Impact::impact`].
    pub impact: Option<Option<ImpactLevel>>,
    /// See [`Impact::tags`].
    pub tags: Option<Vec<String>>,
    /// Merged into the present ones.
    pub custom_fields: Option<Map<String, Value>>,
}

impl ImpactChanges {
    /// Which fields a whole impact needs and these changes lack.
    pub fn missing(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        self.event.missing(&mut errors);
        for (field, absent) in
            [("target_content_type", self.target.kind.is_none()), ("target_object_id", self.target.id.is_none())]
        {
            if absent {
                errors.add(field, "This field is required.");
            }
        }
        errors
    }

    /// A new impact.
    ///
    /// # Errors
    /// [`Error::Invalid`] when event or target are missing.
    pub fn into_impact(self, id: ImpactId, revision: Revision) -> Result<Impact> {
        let errors = self.missing();
        let (Some(event), Some(target)) = (self.event.whole(), self.target.whole()) else {
            return Err(Error::Invalid(errors));
        };
        Ok(Impact {
            id,
            event,
            target,
            impact: self.impact.flatten(),
            tags: self.tags.unwrap_or_default(),
            custom_fields: self.custom_fields.unwrap_or_default(),
            revision,
        })
    }
}

impl Impact {
    /// The impact as an object.
    pub fn object(&self) -> ObjectRef {
        ObjectRef::new(ObjectType::Impact, self.id)
    }

    /// The impact with some fields changed, as a new version.
    pub fn changed(&self, changes: ImpactChanges, revision: Revision) -> Impact {
        let mut impact = self.clone();
        impact.revision = revision;
        impact.event = changes.event.over(impact.event);
        impact.target = changes.target.over(impact.target);
        impact.impact = changes.impact.unwrap_or(impact.impact);
        impact.tags = changes.tags.unwrap_or(impact.tags);
        impact.custom_fields.extend(changes.custom_fields.unwrap_or_default());
        impact
    }

    /// The fields that the changelog compares.
    pub fn snapshot(&self) -> Map<String, Value> {
        crate::object::snapshot(self)
    }
}

impl Filterable for Impact {
    fn id(&self) -> u64 {
        self.id.get()
    }

    fn field(&self, name: &str) -> FieldValue<'_> {
        match name {
            "id" => FieldValue::id(self.id),
            "event_content_type" => FieldValue::text(self.event.object().kind.as_str()),
            "event_content_type_id" => FieldValue::id(self.event.object().kind.number()),
            "event_object_id" => FieldValue::id(self.event.id),
            "target_content_type" => FieldValue::text(self.target.kind.as_str()),
            "target_content_type_id" => FieldValue::id(self.target.kind.number()),
            "target_object_id" => FieldValue::id(self.target.id),
            "impact" => FieldValue::optional(self.impact, |level| FieldValue::text(level.as_str())),
            "tag" => tags_field(&self.tags),
            "created" => FieldValue::Time(self.revision.created),
            "last_updated" => FieldValue::Time(self.revision.last_updated),
            name => custom_field(&self.custom_fields, name),
        }
    }
}

/// Whether an impact may point at this type (behaviours 19).
///
/// # Errors
/// [`Error::Invalid`] on `target_content_type`, naming the allowed types.
pub fn check_target(target: ObjectType, allowed: &AllowedTargets) -> Result<()> {
    if allowed.contains(target) {
        return Ok(());
    }
    let names = allowed.names();
    Err(Error::field("target_content_type", format!("Content type '{target}' is not allowed. Allowed types: {names}")))
}

/// Whether the impacts of an event in this status may still be changed (behaviours L7). Deleting one always may.
///
/// # Errors
/// [`Error::Invalid`] on the object as a whole.
pub fn check_not_frozen(status: Status) -> Result<()> {
    if status.freezes_impacts() {
        return Err(Error::field(FieldErrors::ALL, "You cannot alter an impact once the event has completed."));
    }
    Ok(())
}
