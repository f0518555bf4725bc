//! What requests may carry: one schema for each `read` of [`crate::wire`].
//!
//! A test sends every field of these, and of the answers, with a value that none takes: exactly the fields that are
//! written down here are refused.

use noticeboard_app::MAX_BULK;
use noticeboard_domain::FieldErrors;
use noticeboard_domain::event::{EventChanges, EventKind};
use noticeboard_domain::fields::{MAX_MAIL_TEXT_BYTES, MAX_TEXT_BYTES};
use noticeboard_domain::ids::ID_LIMIT;
use noticeboard_domain::impact::ImpactChanges;
use noticeboard_domain::inventory::kept;
use noticeboard_domain::journal_entry::{JournalEntryChanges, JournalKind};
use noticeboard_domain::notification::EventNotificationChanges;
use noticeboard_domain::object::ObjectType;
use noticeboard_domain::status::{ImpactLevel, MaintenanceStatus, OutageStatus};
use noticeboard_domain::tag::TagChanges;
use noticeboard_domain::token::{Scope, Terms};
use serde_json::{Map, Value, json};

use super::schema::reference;
use crate::input::{MAX_MESSAGE, MAX_TAGS};
pub(super) use crate::wire::inventory::MAX_TYPE;

/// What a request may carry. Fields that are not here are ignored.
pub(super) struct Request {
    fields: Map<String, Value>,
    /// The fields that a whole object needs.
    required: Vec<String>,
    /// Groups of fields of which a whole object needs one.
    either: &'static [&'static [&'static [&'static str]]],
}

impl Request {
    pub(super) fn new<'a>(
        fields: impl IntoIterator<Item = (&'a str, Value)>,
        required: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let fields = fields.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
        Self { fields, required: required.into_iter().map(str::to_owned).collect(), either: &[] }
    }

    /// Several ways to say the same take the place of what the fields of the first way are required for.
    fn either(mut self, either: &'static [&'static [&'static [&'static str]]]) -> Self {
        self.required.retain(|field| !either.iter().flat_map(|ways| *ways).any(|way| way.contains(&field.as_str())));
        self.either = either;
        self
    }

    /// Whether the caller's note is part of it.
    pub(super) fn is_noted(&self) -> bool {
        self.fields.contains_key(NOTE)
    }

    /// Of a change: nothing is required.
    pub(super) fn change(&self) -> Value {
        json!({"type": "object", "properties": self.fields, "additionalProperties": true})
    }

    /// Of a whole object.
    pub(super) fn whole(&self) -> Value {
        let mut schema = self.change();
        if !self.required.is_empty() {
            schema["required"] = json!(self.required);
        }
        let way = |fields: &&[&str]| json!({ "required": fields });
        let groups: Vec<Value> =
            self.either.iter().map(|ways| json!({"anyOf": ways.iter().map(way).collect::<Vec<_>>()})).collect();
        if !groups.is_empty() {
            schema["allOf"] = Value::Array(groups);
        }
        schema
    }
}

/// The parts that several requests have in common.
pub(super) fn common() -> [(&'static str, Value); 6] {
    let text = |format: &str| json!({"type": "string", "format": format});
    let names: Vec<&str> = ObjectType::ALL.iter().map(|kind| kind.as_str()).collect();
    let numbers: Vec<u64> = ObjectType::ALL.iter().map(|kind| kind.number()).collect();
    let events = EventKind::ALL.map(EventKind::object_type);
    let (event_names, event_numbers) = (events.map(ObjectType::as_str), events.map(ObjectType::number));
    let by = |field: &str, schema: Value| json!({"type": "object", "properties": {field: schema}, "required": [field]});
    let (name, slug) = (json!({"type": "string"}), json!({"type": "string"}));
    let related = json!({"anyOf": [id(), by("id", id()), by("slug", slug), by("name", name)]});
    let naive = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?$";
    [
        (
            "TimeRequest",
            json!({
                "description": "ISO 8601. Without an offset it is UTC; a date alone is its beginning.",
                "anyOf": [text("date-time"), text("date"), {"type": "string", "pattern": naive}],
                "examples": ["2026-12-01T02:00:00Z", "2026-12-01 02:00", "2026-12-01"],
            }),
        ),
        (
            "ObjectTypeRequest",
            json!({
                "description": "A type of object: its name, or the number that `/api/core/object-types/` gives it.",
                "anyOf": [{"type": "string", "enum": names}, {"type": "integer", "enum": numbers}],
            }),
        ),
        (
            "EventTypeRequest",
            json!({
                "description": "A type of event: its name, or the number that `/api/core/object-types/` gives it.",
                "anyOf": [{"type": "string", "enum": event_names}, {"type": "integer", "enum": event_numbers}],
            }),
        ),
        (
            "IdOrObjectRequest",
            json!({
                "description": "Another object: its id, or an object with its id.",
                "anyOf": [id(), by("id", id())],
            }),
        ),
        ("RelatedRequest", {
            let mut related = related;
            related["description"] = json!("Another object: its id, or an object with its id, slug or name.");
            related
        }),
        (
            "TagsRequest",
            json!({
                "description": "Tags that exist, by id, slug or name. They take the place of all that were there.",
                "type": "array", "maxItems": MAX_TAGS, "items": reference("RelatedRequest"),
            }),
        ),
    ]
}

pub(super) fn id() -> Value {
    json!({"type": "integer", "format": "int64", "minimum": 1, "maximum": ID_LIMIT - 1})
}

/// The elements of a bulk request.
pub(super) fn several(element: &Value) -> Value {
    json!({"type": "array", "maxItems": MAX_BULK, "items": element})
}

/// An element of a bulk change or deletion, which names its object.
pub(super) fn element(of: Option<Value>) -> Value {
    let named = json!({"type": "object", "properties": {"id": id()}, "required": ["id"]});
    json!({"allOf": [of.unwrap_or_else(|| reference("NoteRequest")), named]})
}

/// A line that is not blank.
pub(super) fn line(max: usize) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": max})
}

pub(super) fn text(max: usize) -> Value {
    json!({"type": "string", "maxLength": max})
}

pub(super) fn slug() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[-a-zA-Z0-9_]+$"})
}

/// One of these, or the object that answers show a choice as.
pub(super) fn choice<'a>(values: impl Iterator<Item = &'a str>) -> Value {
    let value = json!({"type": "string", "enum": values.collect::<Vec<_>>()});
    let object = json!({"type": "object", "properties": {"value": value}, "required": ["value"]});
    json!({"anyOf": [value, object]})
}

pub(super) fn nullable(schema: Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

fn boolean() -> Value {
    json!({"type": "boolean"})
}

fn time() -> Value {
    reference("TimeRequest")
}

/// What every object has, and the caller's note on the change.
pub(super) fn every_object() -> [(&'static str, Value); 3] {
    [
        ("tags", reference("TagsRequest")),
        ("custom_fields", json!({"type": "object", "additionalProperties": true})),
        (NOTE, text(MAX_MESSAGE)),
    ]
}

/// The field with the caller's note on a change.
const NOTE: &str = "changelog_message";

/// What a request may carry that needs no body.
pub(super) fn note() -> Value {
    Request::new([(NOTE, text(MAX_MESSAGE))], []).change()
}

/// The fields that something is wrong with.
fn names(missing: &FieldErrors) -> impl Iterator<Item = &str> {
    missing.iter().map(|(field, _)| field.as_ref())
}

pub(super) fn maintenance() -> Request {
    let fields = [
        ("name", line(100)),
        ("summary", line(200)),
        ("status", choice(MaintenanceStatus::ALL.iter().map(|status| status.as_str()))),
        ("provider", reference("RelatedRequest")),
        ("start", time()),
        ("end", time()),
        ("original_timezone", text(63)),
        ("internal_ticket", text(100)),
        ("acknowledged", nullable(boolean())),
        ("replaces", nullable(id())),
        ("impact", text(MAX_TEXT_BYTES)),
        ("comments", text(MAX_TEXT_BYTES)),
    ];
    Request::new(
        fields.into_iter().chain(every_object()),
        names(&EventChanges::default().missing(EventKind::Maintenance)),
    )
}

pub(super) fn outage() -> Request {
    let fields = [
        ("name", line(100)),
        ("summary", line(200)),
        ("status", choice(OutageStatus::ALL.iter().map(|status| status.as_str()))),
        ("provider", reference("RelatedRequest")),
        ("start", time()),
        ("reported_at", time()),
        ("end", nullable(time())),
        ("estimated_time_to_repair", nullable(time())),
        ("original_timezone", text(63)),
        ("internal_ticket", text(100)),
        ("acknowledged", nullable(boolean())),
        ("impact", text(MAX_TEXT_BYTES)),
        ("comments", text(MAX_TEXT_BYTES)),
    ];
    Request::new(fields.into_iter().chain(every_object()), names(&EventChanges::default().missing(EventKind::Outage)))
}

const EVENT: &[&[&str]] = &[&["event_content_type", "event_object_id"], &["maintenance"], &["outage"]];
const TARGET: &[&[&str]] = &[&["target_content_type", "target_object_id"], &["content_type", "object_id"]];

pub(super) fn impact() -> Request {
    let fields = [
        ("event_content_type", reference("EventTypeRequest")),
        ("event_object_id", id()),
        ("maintenance", id()),
        ("outage", id()),
        ("target_content_type", reference("ObjectTypeRequest")),
        ("target_object_id", id()),
        ("content_type", reference("ObjectTypeRequest")),
        ("object_id", id()),
        ("impact", nullable(choice(ImpactLevel::ALL.iter().map(|level| level.as_str())))),
    ];
    Request::new(fields.into_iter().chain(every_object()), names(&ImpactChanges::default().missing()))
        .either(&[EVENT, TARGET])
}

pub(super) fn notification() -> Request {
    let fields = [
        ("event_content_type", reference("EventTypeRequest")),
        ("event_object_id", id()),
        ("maintenance", id()),
        ("outage", id()),
        ("email_body", line(MAX_MAIL_TEXT_BYTES)),
        ("subject", line(255)),
        ("email_from", json!({"type": "string", "format": "email", "maxLength": 254})),
        ("email_received", time()),
    ];
    Request::new(fields.into_iter().chain(every_object()), names(&EventNotificationChanges::default().missing()))
        .either(&[EVENT])
}

pub(super) fn tag() -> Request {
    let fields = [
        ("name", line(100)),
        ("slug", slug()),
        ("color", json!({"type": "string", "pattern": "^[0-9a-f]{6}$"})),
        ("description", text(200)),
        (NOTE, text(MAX_MESSAGE)),
    ];
    Request::new(fields, names(&TagChanges::default().missing()))
}

pub(super) fn journal_entry() -> Request {
    let fields = [
        ("assigned_object_type", reference("ObjectTypeRequest")),
        ("assigned_object_id", id()),
        ("kind", choice(JournalKind::ALL.iter().map(|kind| kind.as_str()))),
        ("comments", line(MAX_TEXT_BYTES)),
    ];
    Request::new(fields.into_iter().chain(every_object()), names(&JournalEntryChanges::default().missing()))
}

pub(super) fn predecessors_maintenance() -> Request {
    let fields = [
        ("name", line(100)),
        ("summary", line(200)),
        ("status", choice(MaintenanceStatus::ALL.iter().map(|status| status.as_str()))),
        ("provider", reference("RelatedRequest")),
        ("start", time()),
        ("end", time()),
        ("time_zone", text(63)),
        ("internal_ticket", text(100)),
        ("acknowledged", boolean()),
        ("comments", text(MAX_TEXT_BYTES)),
    ];
    let missing = EventChanges::default().missing(EventKind::Maintenance);
    Request::new(fields.into_iter().chain(every_object()), names(&missing))
}

pub(super) fn predecessors_impact() -> Request {
    let fields = [
        ("circuitmaintenance", reference("IdOrObjectRequest")),
        ("circuit", reference("IdOrObjectRequest")),
        ("impact", nullable(choice(ImpactLevel::ALL.iter().map(|level| level.as_str())))),
    ];
    Request::new(fields.into_iter().chain(every_object()), ["circuitmaintenance", "circuit"])
}

pub(super) fn predecessors_notification() -> Request {
    let fields = [
        ("circuitmaintenance", reference("IdOrObjectRequest")),
        ("email_body", line(MAX_MAIL_TEXT_BYTES)),
        ("subject", line(255)),
        ("email_from", json!({"type": "string", "format": "email", "maxLength": 254})),
        ("email_received", time()),
        ("email_recieved", time()),
    ];
    let required = ["circuitmaintenance", "email_body", "subject", "email_from"];
    let received: &[&[&[&str]]] = &[&[&["email_received"], &["email_recieved"]]];
    Request::new(fields.into_iter().chain(every_object()), required).either(received)
}

/// An object that is brought in; its other fields are those of its type.
pub(super) fn import() -> Value {
    let kinds: Vec<ObjectType> = kept().map(|schema| schema.kind).collect();
    let names: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    let numbers: Vec<u64> = kinds.iter().map(|kind| kind.number()).collect();
    let kind = json!({"anyOf": [{"type": "string", "enum": names}, {"type": "integer", "enum": numbers}]});
    let replaces = json!({
        "type": ["array", "null"],
        "items": id(),
        "description": "Objects of this type that are gone where it comes from: where they have its name or slug, they \
                        give it up, unless an event needs them.",
    });
    let fields = [("object_type", kind), ("id", nullable(id())), ("replaces", replaces)];
    Request::new(fields, ["object_type"]).whole()
}

/// A token: what can never change of it may only be sent as it is.
pub(super) fn token() -> Request {
    let named = json!({"type": "object", "properties": {"username": line(150)}, "required": ["username"]});
    let version = json!({"type": "integer", "enum": [1, 2]});
    let fields = [
        ("user", json!({"anyOf": [line(150), named]})),
        ("version", version),
        ("scope", choice(Scope::ALL.iter().map(|scope| scope.as_str()))),
        ("write_enabled", boolean()),
        ("description", text(Terms::MAX_DESCRIPTION)),
        ("expires", nullable(time())),
        ("allowed_ips", {
            let networks = json!({"type": "array", "items": {"type": "string"}, "maxItems": Terms::MAX_NETWORKS});
            nullable(networks)
        }),
        ("enabled", boolean()),
    ];
    Request::new(fields, ["user"]).either(&[&[&["scope"], &["write_enabled"]]])
}
