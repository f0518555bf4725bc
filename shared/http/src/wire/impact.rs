//! Impacts.

use noticeboard_app::{ImpactView, Target};
use noticeboard_domain::event::{Event, EventKind};
use noticeboard_domain::ids::{EventId, ObjectId};
use noticeboard_domain::impact::{EventRef, Impact, ImpactChanges};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::status::ImpactLevel;
use serde_json::{Map, Value, json};

use super::{time, url};
use crate::error::ApiError;
use crate::input::Fields;

/// What a client sends for an impact, with its note on the change. `present` is the impact that is changed, for fields
/// that name only half of the event or the target.
///
/// # Errors
/// 400 with every field that is wrong.
pub fn read(body: &Map<String, Value>, present: Option<&Impact>) -> Result<(ImpactChanges, String), ApiError> {
    let mut fields = Fields::new(body);
    let event = read_event(&mut fields, present.map(|impact| impact.event));
    let target = read_target(&mut fields, present.map(|impact| impact.target));
    let impact = match fields.nullable("impact") {
        Some(None) => Some(None),
        Some(Some(_)) => fields.choice("impact", ImpactLevel::parse).map(Some),
        None => None,
    };
    let changes = ImpactChanges { event, target, impact, tags: fields.tags(), custom_fields: fields.custom_fields() };
    let message = fields.message();
    fields.errors.into_result()?;
    Ok((changes, message))
}

/// The event of an impact or a received mail: `event_content_type` with `event_object_id`, or `maintenance` or
/// `outage` with an id.
pub(crate) fn read_event(fields: &mut Fields<'_>, present: Option<EventRef>) -> Option<EventRef> {
    for (field, kind) in [("maintenance", EventKind::Maintenance), ("outage", EventKind::Outage)] {
        if fields.has(field) {
            return fields.id::<EventId>(field).map(|id| EventRef { kind, id });
        }
    }
    let named = fields.content_type("event_content_type");
    let kind = match named {
        Some(kind) => match EventKind::of(kind) {
            Some(kind) => Some(kind),
            None => {
                let message =
                    format!("Content type '{kind}' is not an event. Use notices.maintenance or notices.outage.");
                fields.errors.add("event_content_type", message);
                None
            }
        },
        None => present.map(|event| event.kind),
    };
    let id = fields.id::<EventId>("event_object_id").or(present.map(|event| event.id));
    half(fields, kind.is_some(), id.is_some(), "event_content_type", "event_object_id");
    Some(EventRef { kind: kind?, id: id? })
}

fn read_target(fields: &mut Fields<'_>, present: Option<ObjectRef>) -> Option<ObjectRef> {
    let short = fields.has("content_type") || fields.has("object_id");
    let (kind_field, id_field) =
        if short { ("content_type", "object_id") } else { ("target_content_type", "target_object_id") };
    let kind = fields.content_type(kind_field).or(present.map(|target| target.kind));
    let id = fields.id::<ObjectId>(id_field).or(present.map(|target| target.id));
    half(fields, kind.is_some(), id.is_some(), kind_field, id_field);
    Some(ObjectRef { kind: kind?, id: id? })
}

/// One of two fields that need each other.
fn half(fields: &mut Fields<'_>, first: bool, second: bool, first_field: &'static str, second_field: &'static str) {
    for (missing, other, field) in [(!first, second, first_field), (!second, first, second_field)] {
        if missing && other && !fields.errors.has(field) {
            fields.errors.add(field, "This field is required.");
        }
    }
}

/// An impact, as the API gives it.
pub fn impact(base: &str, view: &ImpactView) -> Value {
    let impact = &view.impact;
    let event_name = view.event.as_ref().map_or("", |(event, _)| event.name.as_str());
    let target_name = view.target.display.as_deref().unwrap_or("");
    json!({
        "id": impact.id,
        "url": url(base, ObjectType::Impact, impact.id.get()),
        "display": format!("{event_name} - {target_name}"),
        "event_content_type": impact.event.object().kind.number(),
        "event_object_id": impact.event.id,
        "event": view.event.as_ref().map(|(event, provider)| super::event::nested(base, event, provider.as_ref())),
        "target_content_type": impact.target.kind.number(),
        "target_object_id": impact.target.id,
        "target": target(base, &view.target),
        "impact": impact.impact.map(ImpactLevel::as_str),
        "tags": impact.tags,
        "custom_fields": impact.custom_fields,
        "created": time(impact.revision.created),
        "last_updated": time(impact.revision.last_updated),
    })
}

/// The whole circuit, or any other object by name (behaviours 16 and 17).
fn target(base: &str, target: &Target) -> Value {
    match (&target.circuit, &target.display) {
        (Some((circuit, provider)), _) => super::inventory::circuit(base, circuit, provider.as_ref()),
        (None, Some(name)) => {
            json!({"id": target.object.id, "name": name, "type": target.object.kind.as_str()})
        }
        (None, None) => Value::Null,
    }
}

/// An impact inside its event.
pub fn nested(base: &str, event: &Event, impact: &Impact, target: &Target) -> Value {
    json!({
        "id": impact.id,
        "url": url(base, ObjectType::Impact, impact.id.get()),
        "event_type": impact.event.object().kind.as_str(),
        "event_object": {"id": event.id, "name": event.name},
        "target_type": impact.target.kind.as_str(),
        "target_object": {"id": impact.target.id, "name": target.display},
        "impact": impact.impact.map(ImpactLevel::as_str),
        "created": time(impact.revision.created),
        "last_updated": time(impact.revision.last_updated),
    })
}
