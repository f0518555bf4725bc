//! An impact: how hard one event hits one object of the operator's.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::change::Revision;
use crate::error::{Error, FieldErrors, Result};
use crate::event::EventKind;
use crate::ids::{EventId, ImpactId};
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
    pub event: Option<EventRef>,
    /// See [`Impact::target`].
    pub target: Option<ObjectRef>,
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
        for (absent, fields) in [
            (self.event.is_none(), ["event_content_type", "event_object_id"]),
            (self.target.is_none(), ["target_content_type", "target_object_id"]),
        ] {
            if absent {
                fields.into_iter().for_each(|field| errors.add(field, "This field is required."));
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
        let (Some(event), Some(target)) = (self.event, self.target) else {
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
        impact.event = changes.event.unwrap_or(impact.event);
        impact.target = changes.target.unwrap_or(impact.target);
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
