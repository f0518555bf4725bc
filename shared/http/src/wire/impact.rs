//! Impacts.

use noticeboard_app::{ImpactView, Input, Refs, Target};
use noticeboard_domain::FieldErrors;
use noticeboard_domain::event::{Event, EventKind};
use noticeboard_domain::filter::{Kind, Parameter};
use noticeboard_domain::ids::{EventId, ObjectId};
use noticeboard_domain::impact::{EventPart, Impact, ImpactChanges, TargetPart};
use noticeboard_domain::object::ObjectType;
use noticeboard_domain::status::ImpactLevel;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::event::NestedEvent;
use super::tag::NestedTag;
use super::time;
use crate::answer::Object;
use crate::input::Fields;
use crate::query::Wire;

/// The fields that `q` searches (reference netbox-notices, section 2: level only).
pub const SEARCHED: &[&str] = &["impact"];

/// Filters of impacts. Those on a type's number (`_id`) are documented by the peer, which ignores them.
pub const FILTERS: &[Parameter] = &[
    ("id", Kind::Integer),
    ("event_content_type", Kind::EventType),
    ("event_content_type_id", Kind::Integer),
    ("event_object_id", Kind::Integer),
    ("target_content_type", Kind::ObjectType),
    ("target_content_type_id", Kind::Integer),
    ("target_object_id", Kind::Integer),
    ("impact", Kind::Choice(|text| ImpactLevel::parse(text).is_ok())),
    ("site_id", Kind::Id),
    ("site", Kind::Text),
    ("region_id", Kind::Id),
    ("region", Kind::Text),
    ("site_group_id", Kind::Id),
    ("site_group", Kind::Text),
    ("location_id", Kind::Id),
    ("location", Kind::Text),
    ("tag", Kind::Slugs),
    ("tag_id", Kind::Ids),
    ("created", Kind::Time),
    ("last_updated", Kind::Time),
    ("created_by_request", Kind::Uuid),
    ("updated_by_request", Kind::Uuid),
    ("modified_by_request", Kind::Uuid),
];

/// Reads what a client sends for an impact, with what is wrong with it. With `whole`, event and target must be there.
pub fn read(body: &Map<String, Value>, whole: bool) -> Input<ImpactChanges> {
    let mut fields = Fields::new(body);
    let event = read_event(&mut fields);
    let target = read_target(&mut fields);
    let impact = match fields.nullable("impact") {
        Some(None) => Some(None),
        Some(Some(_)) => fields.choice("impact", ImpactLevel::parse).map(Some),
        None => None,
    };
    let refs = Refs { provider: None, tags: fields.tags() };
    let changes = ImpactChanges { event, target, impact, tags: None, custom_fields: fields.custom_fields() };
    let note = fields.message();
    if whole {
        add_missing(&mut fields, &changes.missing());
    }
    Input { changes, refs, wrong: fields.errors, note }
}

/// Adds what is missing, but for the other half of what is told already.
pub(crate) fn add_missing(fields: &mut Fields<'_>, missing: &FieldErrors) {
    const EVENT: [&str; 4] = ["event_content_type", "event_object_id", "maintenance", "outage"];
    const TARGET: [&str; 4] = ["target_content_type", "target_object_id", "content_type", "object_id"];
    let told: Vec<[&str; 4]> =
        [EVENT, TARGET].into_iter().filter(|group| group.iter().any(|field| fields.errors.has(field))).collect();
    for (field, messages) in missing.iter() {
        if !fields.errors.has(field) && !told.iter().any(|group| group.contains(&field.as_ref())) {
            messages.iter().for_each(|message| fields.errors.add(field.clone(), message.clone()));
        }
    }
}

/// The event of an impact or a received mail: `event_content_type` with `event_object_id`, or `maintenance` or
/// `outage` with an id. Where it is named in several ways they must agree; null names nothing.
pub(crate) fn read_event(fields: &mut Fields<'_>) -> EventPart {
    let ways = [("maintenance", EventKind::Maintenance), ("outage", EventKind::Outage)];
    let mut named = ways.into_iter().filter(|(field, _)| matches!(fields.nullable(field), Some(Some(_))));
    let (first, second) = (named.next(), named.next());
    let pair = ["event_content_type", "event_object_id"].into_iter().any(|field| fields.has(field));
    if first.is_none()
        && !pair
        && let Some((field, kind)) = ways.into_iter().find(|(field, _)| fields.has(field))
    {
        // It is named, by null alone.
        return EventPart { kind: Some(kind), id: fields.id::<EventId>(field) };
    }
    let Some((field, kind)) = first else { return read_event_pair(fields) };
    if let Some((other, _)) = second {
        fields.errors.add(other, format!("This names another event than {field}. Name one of the two."));
    }
    let event = EventPart { kind: Some(kind), id: fields.id::<EventId>(field) };
    for pair in ["event_content_type", "event_object_id"] {
        if fields.nullable(pair) == Some(None) {
            fields.ignore(pair);
        }
    }
    let pair = read_event_pair(fields);
    if pair.kind.is_some_and(|other| other != kind) {
        fields.errors.add("event_content_type", format!("This contradicts {field}."));
    }
    if pair.id.zip(event.id).is_some_and(|(pair, id)| pair != id) {
        fields.errors.add("event_object_id", format!("This contradicts {field}."));
    }
    event
}

fn read_event_pair(fields: &mut Fields<'_>) -> EventPart {
    let kind = fields.content_type("event_content_type").and_then(|kind| {
        let message = || format!("Content type '{kind}' is not an event. Use notices.maintenance or notices.outage.");
        fields.errors.keep("event_content_type", EventKind::of(kind).ok_or_else(message))
    });
    EventPart { kind, id: fields.id::<EventId>("event_object_id") }
}

/// The target of an impact, under either names, which must agree; null names nothing.
fn read_target(fields: &mut Fields<'_>) -> TargetPart {
    let kind = fields.either(("target_content_type", "content_type"), Fields::content_type);
    TargetPart { kind, id: fields.either(("target_object_id", "object_id"), Fields::id::<ObjectId>) }
}

/// A level, or null.
fn level() -> utoipa::openapi::Object {
    super::nullable_choices(ImpactLevel::ALL.iter().map(|level| level.as_str()))
}

/// What an impact points at: the whole circuit, any other object by name and type, null when it is gone.
fn any_target() -> utoipa::openapi::Schema {
    use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Ref, Type};
    let named = ObjectBuilder::new()
        .property("id", ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)))
        .property("name", ObjectBuilder::new().schema_type(Type::String))
        .property("type", super::choices(ObjectType::ALL.iter().map(|kind| kind.as_str())));
    let any = AnyOfBuilder::new()
        .description(Some("The whole circuit, or any other object by name and type; null when it is gone."))
        .item(Ref::from_schema_name("Circuit"))
        .item(named)
        .item(ObjectBuilder::new().schema_type(Type::Null));
    any.build().into()
}

/// An impact.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Impact)]
pub struct ImpactBody {
    #[schema(minimum = 1)]
    id: u64,
    url: String,
    display: String,
    #[schema(minimum = 1)]
    event_content_type: u64,
    #[schema(minimum = 1)]
    event_object_id: u64,
    event: Option<NestedEvent>,
    #[schema(minimum = 1)]
    target_content_type: u64,
    #[schema(minimum = 1)]
    target_object_id: u64,
    /// The whole circuit, or any other object by name and type (behaviours 16 and 17).
    #[schema(schema_with = any_target)]
    target: Value,
    #[schema(schema_with = level)]
    impact: Option<&'static str>,
    tags: Vec<NestedTag>,
    #[schema(value_type = Object)]
    custom_fields: Map<String, Value>,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    last_updated: String,
}

impl Wire for ImpactBody {
    const BRIEF: &'static [&'static str] = &["id", "url", "display", "impact"];
}

/// An impact, as the API gives it.
pub fn impact(base: &str, view: ImpactView) -> Object<ImpactBody> {
    let impact = view.impact;
    let event_name = view.event.as_ref().map_or("", |(event, _)| event.name.as_str());
    let target_name = view.target.display.as_deref().unwrap_or("");
    let url = super::address(base, ObjectType::Impact, impact.id.get());
    let body = ImpactBody {
        id: impact.id.get(),
        url: url.clone(),
        display: format!("{event_name} - {target_name}"),
        event_content_type: impact.event.object().kind.number(),
        event_object_id: impact.event.id.get(),
        event: view.event.as_ref().map(|(event, provider)| super::event::nested(base, event, provider.as_deref())),
        target_content_type: impact.target.kind.number(),
        target_object_id: impact.target.id.get(),
        target: target(base, &view.target),
        impact: impact.impact.map(ImpactLevel::as_str),
        tags: super::tag::nested(base, &view.tags),
        custom_fields: impact.custom_fields,
        created: time(impact.revision.created),
        last_updated: time(impact.revision.last_updated),
    };
    Object { body, url, version: impact.revision.version }
}

/// The whole circuit, or any other object by name (behaviours 16 and 17).
fn target(base: &str, target: &Target) -> Value {
    match (&target.circuit, &target.display) {
        (Some(circuit), _) => super::inventory::object(base, circuit).body.into(),
        (None, Some(name)) => {
            json!({"id": target.object.id, "name": name, "type": target.object.kind.as_str()})
        }
        (None, None) => Value::Null,
    }
}

/// An object by id and name.
#[derive(Debug, Serialize, ToSchema)]
pub struct IdAndName {
    #[schema(minimum = 1)]
    id: u64,
    name: Option<String>,
}

/// An impact inside its event.
#[derive(Debug, Serialize, ToSchema)]
pub struct NestedImpact {
    #[schema(minimum = 1)]
    id: u64,
    url: String,
    event_type: &'static str,
    event_object: IdAndName,
    target_type: &'static str,
    target_object: IdAndName,
    #[schema(schema_with = level)]
    impact: Option<&'static str>,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    last_updated: String,
}

/// An event by id and name.
pub(crate) fn event_object(event: &Event) -> IdAndName {
    IdAndName { id: event.id.get(), name: Some(event.name.as_str().to_owned()) }
}

/// An impact inside its event.
pub fn nested(base: &str, event: &Event, impact: &Impact, target: &Target) -> NestedImpact {
    NestedImpact {
        id: impact.id.get(),
        url: super::address(base, ObjectType::Impact, impact.id.get()),
        event_type: impact.event.object().kind.as_str(),
        event_object: event_object(event),
        target_type: impact.target.kind.as_str(),
        target_object: IdAndName { id: impact.target.id.get(), name: target.display.clone() },
        impact: impact.impact.map(ImpactLevel::as_str),
        created: time(impact.revision.created),
        last_updated: time(impact.revision.last_updated),
    }
}
