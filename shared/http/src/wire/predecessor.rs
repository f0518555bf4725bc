//! The three objects of netbox-circuitmaintenance 0.8, the predecessor of NetBox Notices, under its own field names
//! (reference netbox-notices, section 6: A, and Predecessor). They are the same maintenances, impacts and received
//! mails as everywhere; an impact has a circuit here, so that those on other objects do not show.

use noticeboard_app::{EventView, ImpactView, Input, NotificationView, ObjectView, WithProvider};
use noticeboard_domain::event::{Event, EventChanges, EventKind};
use noticeboard_domain::filter::{Kind, Parameter};
use noticeboard_domain::impact::ImpactChanges;
use noticeboard_domain::inventory::Provider;
use noticeboard_domain::notification::EventNotificationChanges;
use noticeboard_domain::object::ObjectType;
use noticeboard_domain::status::ImpactLevel;
use noticeboard_domain::{Error, FieldErrors};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::inventory::{BriefProvider, brief_provider};
use super::tag::NestedTag;
use super::{optional_time, time};
use crate::answer::Object;
use crate::error::ApiError;
use crate::query::Wire;

/// Where maintenances are.
pub const MAINTENANCE_PATH: &str = "/api/plugins/maintenance/circuitmaintenance/";
/// Where impacts are.
pub const IMPACT_PATH: &str = "/api/plugins/maintenance/circuitmaintenanceimpact/";
/// Where received mails are.
pub const NOTIFICATION_PATH: &str = "/api/plugins/maintenance/circuitmaintenancenotifications/";

/// Its names of filters of maintenances, with ours.
pub const MAINTENANCE_RENAMED: &[(&str, &str)] =
    &[("time_zone", "original_timezone"), ("start_after", "start__gte"), ("start_before", "start__lte")];

/// The same with the filter whose values are other ones too; for errors.
pub const MAINTENANCE_TOLD: &[(&str, &str)] = &[
    ("time_zone", "original_timezone"),
    ("start_after", "start__gte"),
    ("start_before", "start__lte"),
    ("provider", "provider_id"),
];

/// Its names of filters of impacts and received mails, with ours. Ours that it does not have filter nothing: the two types
/// are settled.
pub const RENAMED: &[(&str, &str)] = &[
    ("circuitmaintenance", "event_object_id"),
    ("circuitmaintenance_id", "event_object_id"),
    ("circuit", "target_object_id"),
    ("circuit_id", "target_object_id"),
    ("email_recieved", "email_received"),
    ("event_content_type", ""),
    ("target_content_type", ""),
];

/// Filters of received mails, under our names.
pub const NOTIFICATION_FILTERS: &[Parameter] = &[
    ("id", Kind::Number),
    ("event_content_type", Kind::EventType),
    ("event_object_id", Kind::Number),
    ("has_maintenance", Kind::Bool),
    ("email_body", Kind::Text),
    ("subject", Kind::Text),
    ("email_from", Kind::Text),
    ("email_received", Kind::Time),
    ("tag", Kind::Slugs),
    ("tag_id", Kind::Ids),
    ("created", Kind::Time),
    ("last_updated", Kind::Time),
];

/// Fields of a body: its name, and ours.
type Names = &'static [(&'static str, &'static str)];

const MAINTENANCE: Names = &[
    ("name", "name"),
    ("summary", "summary"),
    ("status", "status"),
    ("provider", "provider"),
    ("start", "start"),
    ("end", "end"),
    ("time_zone", "original_timezone"),
    ("internal_ticket", "internal_ticket"),
    ("acknowledged", "acknowledged"),
    ("comments", "comments"),
    ("tags", "tags"),
    ("custom_fields", "custom_fields"),
    ("changelog_message", "changelog_message"),
];

const IMPACT: Names = &[
    ("circuitmaintenance", "maintenance"),
    ("circuit", "object_id"),
    ("impact", "impact"),
    ("tags", "tags"),
    ("custom_fields", "custom_fields"),
    ("changelog_message", "changelog_message"),
];

// Versions before 0.7 wrote `email_recieved`; where both are given, the right word wins.
const NOTIFICATION: Names = &[
    ("circuitmaintenance", "maintenance"),
    ("email_body", "email_body"),
    ("subject", "subject"),
    ("email_from", "email_from"),
    ("email_recieved", "email_received"),
    ("email_received", "email_received"),
    ("tags", "tags"),
    ("custom_fields", "custom_fields"),
    ("changelog_message", "changelog_message"),
];

/// Our names of fields that others of ours stand for.
const ALIASES: Names = &[
    ("circuitmaintenance", "event_content_type"),
    ("circuitmaintenance", "event_object_id"),
    ("circuitmaintenance", "outage"),
    ("circuit", "content_type"),
    ("circuit", "target_content_type"),
    ("circuit", "target_object_id"),
];

/// A body under our names. Fields that the predecessor does not have are left out.
fn ours(body: &Map<String, Value>, names: Names) -> Map<String, Value> {
    let value = |theirs: &str| {
        let value = body.get(theirs)?;
        // What is shown as an object is written as its id; programs that send back what they read send the object.
        let id = value.get("id").filter(|_| matches!(theirs, "circuitmaintenance" | "circuit"));
        Some(id.unwrap_or(value).clone())
    };
    names.iter().filter_map(|(theirs, ours)| Some(((*ours).to_owned(), value(theirs)?))).collect()
}

fn theirs(error: ApiError, names: Names) -> ApiError {
    let ApiError::Domain(Error::Invalid(errors)) = error else {
        return error;
    };
    let mut told = FieldErrors::default();
    for (field, messages) in errors.iter() {
        let known = names.iter().rev().chain(ALIASES).find(|(_, ours)| ours == field);
        let name = known.map_or_else(|| field.clone(), |(theirs, _)| (*theirs).into());
        if !told.has(&name) {
            messages.iter().for_each(|message| told.add(name.clone(), message.clone()));
        }
    }
    told.into()
}

/// An error about a maintenance, with the predecessor's field names.
pub fn maintenance_error(error: impl Into<ApiError>) -> ApiError {
    theirs(error.into(), MAINTENANCE)
}

/// An error about an impact, with the predecessor's field names.
pub fn impact_error(error: impl Into<ApiError>) -> ApiError {
    theirs(error.into(), IMPACT)
}

/// An error about a received mail, with the predecessor's field names.
pub fn notification_error(error: impl Into<ApiError>) -> ApiError {
    theirs(error.into(), NOTIFICATION)
}

/// Reads what a client sends for a maintenance, with what is wrong with it under our names. Its end must be after its
/// start, and `acknowledged` is not null.
pub fn read_maintenance(body: &Map<String, Value>, whole: bool) -> Input<EventChanges> {
    let mut input = super::event::read(EventKind::Maintenance, &ours(body, MAINTENANCE), whole);
    if input.changes.acknowledged == Some(None) {
        input.wrong.add("acknowledged", "This field may not be null.");
    }
    // One that has no length already can be changed in all else.
    input.changes.end_after_start = input.changes.start.is_some() || input.changes.end.is_some();
    input
}

/// Reads what a client sends for an impact, with what is wrong with it under our names.
pub fn read_impact(body: &Map<String, Value>, whole: bool) -> Input<ImpactChanges> {
    let mut body = ours(body, IMPACT);
    if body.contains_key("object_id") {
        body.insert("content_type".into(), ObjectType::Circuit.as_str().into());
    }
    super::impact::read(&body, whole)
}

/// Reads what a client sends for a received mail, with what is wrong with it under our names.
pub fn read_notification(body: &Map<String, Value>, whole: bool) -> Input<EventNotificationChanges> {
    super::notification::read(&ours(body, NOTIFICATION), whole)
}

/// A maintenance.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CircuitMaintenance)]
pub struct MaintenanceBody {
    #[schema(minimum = 1)]
    id: u64,
    url: String,
    display: String,
    name: String,
    summary: String,
    status: &'static str,
    provider: BriefProvider,
    #[schema(format = DateTime)]
    start: String,
    #[schema(format = DateTime)]
    end: Option<String>,
    time_zone: String,
    internal_ticket: String,
    acknowledged: bool,
    comments: String,
    tags: Vec<NestedTag>,
    #[schema(value_type = Object)]
    custom_fields: Map<String, Value>,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    last_updated: String,
}

impl Wire for MaintenanceBody {
    const BRIEF: &'static [&'static str] = &["id", "url", "display", "name", "status", "provider", "start", "end"];
}

/// A maintenance, as the predecessor gives it.
pub fn maintenance(base: &str, view: EventView) -> Object<MaintenanceBody> {
    let event = view.stored.event;
    let url = format!("{base}{MAINTENANCE_PATH}{}/", event.id);
    let body = MaintenanceBody {
        id: event.id.get(),
        url: url.clone(),
        display: event.name.as_str().to_owned(),
        name: event.name.as_str().to_owned(),
        summary: event.summary.as_str().to_owned(),
        status: event.status().as_str(),
        provider: brief_provider(base, event.provider, view.provider.as_deref()),
        start: time(event.start),
        end: optional_time(event.end()),
        time_zone: event.original_timezone.as_str().to_owned(),
        acknowledged: event.acknowledged.unwrap_or_default(),
        tags: super::tag::nested(base, &view.tags),
        created: time(event.revision.created),
        last_updated: time(event.revision.last_updated),
        internal_ticket: event.internal_ticket,
        comments: event.comments,
        custom_fields: event.custom_fields,
    };
    Object { body, url, version: event.revision.version }
}

/// A maintenance inside an impact or a received mail.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BriefCircuitMaintenance)]
pub struct BriefMaintenance {
    #[schema(minimum = 1)]
    id: u64,
    url: String,
    display: String,
    name: String,
    status: &'static str,
    provider: BriefProvider,
    #[schema(format = DateTime)]
    start: String,
    #[schema(format = DateTime)]
    end: Option<String>,
}

fn brief_maintenance(base: &str, event: &Event, provider: Option<&Provider>) -> BriefMaintenance {
    BriefMaintenance {
        id: event.id.get(),
        url: format!("{base}{MAINTENANCE_PATH}{}/", event.id),
        display: event.name.as_str().to_owned(),
        name: event.name.as_str().to_owned(),
        status: event.status().as_str(),
        provider: brief_provider(base, event.provider, provider),
        start: time(event.start),
        end: optional_time(event.end()),
    }
}

fn event_of(base: &str, event: Option<&WithProvider>) -> Option<BriefMaintenance> {
    event.map(|(event, provider)| brief_maintenance(base, event, provider.as_deref()))
}

/// A circuit inside an impact.
#[derive(Debug, Serialize, ToSchema)]
pub struct BriefCircuit {
    #[schema(minimum = 1)]
    id: u64,
    url: String,
    display: String,
    cid: String,
    provider: BriefProvider,
    description: String,
}

fn brief_circuit(base: &str, view: &ObjectView) -> BriefCircuit {
    let circuit = &view.stored.object;
    let provider = circuit.reference("provider");
    let of_provider = |field: &str| {
        let provider = provider.and_then(|provider| view.around.get(&provider));
        provider.and_then(|provider| provider.get(field)).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    BriefCircuit {
        id: circuit.id.get(),
        url: super::address(base, ObjectType::Circuit, circuit.id.get()),
        display: view.stored.display.clone(),
        cid: circuit.text("cid").to_owned(),
        provider: BriefProvider {
            id: provider.map_or(0, |provider| provider.id.get()),
            url: provider.map_or_else(String::new, |provider| super::address(base, provider.kind, provider.id.get())),
            display: of_provider("name"),
            name: of_provider("name"),
            slug: of_provider("slug"),
            description: of_provider("description"),
        },
        description: circuit.text("description").to_owned(),
    }
}

/// An impact.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CircuitMaintenanceImpact)]
pub struct ImpactBody {
    #[schema(minimum = 1)]
    id: u64,
    url: String,
    display: String,
    circuitmaintenance: Option<BriefMaintenance>,
    circuit: Option<BriefCircuit>,
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
    const BRIEF: &'static [&'static str] = &["id", "url", "display", "circuit", "impact"];
}

/// An impact, as the predecessor gives it.
pub fn impact(base: &str, view: ImpactView) -> Object<ImpactBody> {
    let impact = view.impact;
    let url = format!("{base}{IMPACT_PATH}{}/", impact.id);
    let name = view.event.as_ref().map_or("", |(event, _)| event.name.as_str());
    let body = ImpactBody {
        id: impact.id.get(),
        url: url.clone(),
        display: format!("{name} - {}", view.target.display.as_deref().unwrap_or_default()),
        circuitmaintenance: event_of(base, view.event.as_ref()),
        circuit: view.target.circuit.as_ref().map(|circuit| brief_circuit(base, circuit)),
        impact: impact.impact.map(ImpactLevel::as_str),
        tags: super::tag::nested(base, &view.tags),
        custom_fields: impact.custom_fields,
        created: time(impact.revision.created),
        last_updated: time(impact.revision.last_updated),
    };
    Object { body, url, version: impact.revision.version }
}

/// A received mail.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CircuitMaintenanceNotification)]
pub struct NotificationBody {
    #[schema(minimum = 1)]
    id: u64,
    url: String,
    display: String,
    /// None when it was deleted.
    circuitmaintenance: Option<BriefMaintenance>,
    email_body: String,
    subject: String,
    email_from: String,
    #[schema(format = DateTime)]
    email_received: String,
    /// The same under the name that it had before version 0.7.
    #[schema(format = DateTime)]
    email_recieved: String,
    tags: Vec<NestedTag>,
    #[schema(value_type = Object)]
    custom_fields: Map<String, Value>,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    last_updated: String,
}

impl Wire for NotificationBody {
    const BRIEF: &'static [&'static str] =
        &["id", "url", "display", "subject", "email_from", "email_received", "email_recieved"];
}

/// A received mail, as the predecessor gives it.
pub fn notification(base: &str, view: NotificationView) -> Object<NotificationBody> {
    let mail = view.notification;
    let url = format!("{base}{NOTIFICATION_PATH}{}/", mail.id);
    let received = time(mail.email_received);
    let body = NotificationBody {
        id: mail.id.get(),
        url: url.clone(),
        display: mail.subject.as_str().to_owned(),
        circuitmaintenance: event_of(base, view.event.as_ref()),
        email_body: mail.email_body,
        subject: mail.subject.as_str().to_owned(),
        email_from: mail.email_from,
        email_received: received.clone(),
        email_recieved: received,
        tags: super::tag::nested(base, &view.tags),
        custom_fields: mail.custom_fields,
        created: time(mail.revision.created),
        last_updated: time(mail.revision.last_updated),
    };
    Object { body, url, version: mail.revision.version }
}
