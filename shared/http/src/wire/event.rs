//! Maintenances and outages.

use noticeboard_app::{EventView, Input, Refs};
use noticeboard_domain::event::{Event, EventChanges, EventDetail, EventKind};
use noticeboard_domain::fields::{Name, Summary, free_text, one_line};
use noticeboard_domain::filter::{Kind, Parameter};
use noticeboard_domain::inventory::Provider;
use noticeboard_domain::notice::NoticeCircuit;
use noticeboard_domain::status::{MaintenanceStatus, OutageStatus};
use noticeboard_domain::time::OriginalTimezone;
use noticeboard_domain::timeline::{Category, Entry};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::impact::NestedImpact;
use super::inventory::{BriefProvider, brief_provider};
use super::notification::NestedNotification;
use super::tag::NestedTag;
use super::{optional_time, time};
use crate::answer::Object;
use crate::input::Fields;
use crate::query::Wire;

/// Longest `internal_ticket`.
const MAX_TICKET: usize = 100;

/// The fields that `q` searches (behaviours 21).
pub const SEARCHED: &[&str] = &["name", "summary", "internal_ticket", "impact"];

/// Filters of maintenances.
pub const MAINTENANCE_FILTERS: &[Parameter] = &[
    ("id", Kind::Integer),
    ("name", Kind::Text),
    ("summary", Kind::Text),
    ("status", Kind::Choice(|text| MaintenanceStatus::parse(text).is_ok())),
    ("provider_id", Kind::Id),
    ("site_id", Kind::Id),
    ("site", Kind::Text),
    ("region_id", Kind::Id),
    ("region", Kind::Text),
    ("site_group_id", Kind::Id),
    ("site_group", Kind::Text),
    ("location_id", Kind::Id),
    ("location", Kind::Text),
    ("start", Kind::Time),
    ("end", Kind::Time),
    ("original_timezone", Kind::Text),
    ("internal_ticket", Kind::Text),
    ("acknowledged", Kind::Bool),
    ("impact", Kind::Text),
    ("comments", Kind::Text),
    ("replaces_id", Kind::Id),
    ("has_replaces", Kind::Bool),
    ("tag", Kind::Slugs),
    ("tag_id", Kind::Ids),
    ("created", Kind::Time),
    ("last_updated", Kind::Time),
    ("created_by_request", Kind::Uuid),
    ("updated_by_request", Kind::Uuid),
    ("modified_by_request", Kind::Uuid),
];

/// Filters of outages.
pub const OUTAGE_FILTERS: &[Parameter] = &[
    ("id", Kind::Integer),
    ("name", Kind::Text),
    ("summary", Kind::Text),
    ("status", Kind::Choice(|text| OutageStatus::parse(text).is_ok())),
    ("provider_id", Kind::Id),
    ("site_id", Kind::Id),
    ("site", Kind::Text),
    ("region_id", Kind::Id),
    ("region", Kind::Text),
    ("site_group_id", Kind::Id),
    ("site_group", Kind::Text),
    ("location_id", Kind::Id),
    ("location", Kind::Text),
    ("start", Kind::Time),
    ("end", Kind::Time),
    ("reported_at", Kind::Time),
    ("estimated_time_to_repair", Kind::Time),
    ("original_timezone", Kind::Text),
    ("internal_ticket", Kind::Text),
    ("acknowledged", Kind::Bool),
    ("impact", Kind::Text),
    ("comments", Kind::Text),
    ("tag", Kind::Slugs),
    ("tag_id", Kind::Ids),
    ("created", Kind::Time),
    ("last_updated", Kind::Time),
    ("created_by_request", Kind::Uuid),
    ("updated_by_request", Kind::Uuid),
    ("modified_by_request", Kind::Uuid),
];

/// The filters of a kind of event.
pub fn filters(kind: EventKind) -> &'static [Parameter] {
    match kind {
        EventKind::Maintenance => MAINTENANCE_FILTERS,
        EventKind::Outage => OUTAGE_FILTERS,
    }
}

/// Reads what a client sends for an event, with what is wrong with it. With `whole`, every required field must be there.
pub fn read(kind: EventKind, body: &Map<String, Value>, whole: bool) -> Input<EventChanges> {
    let mut fields = Fields::new(body);
    let refs = Refs { provider: fields.provider(), tags: fields.tags() };
    let maintenance = kind == EventKind::Maintenance;
    let mut changes = EventChanges {
        name: fields.text("name", Name::parse),
        summary: fields.text("summary", Summary::parse),
        status: fields.choice("status", |text| kind.parse_status(text)),
        start: fields.time("start"),
        end: if maintenance { fields.time("end").map(Some) } else { fields.nullable_time("end") },
        original_timezone: fields.text("original_timezone", OriginalTimezone::parse),
        internal_ticket: fields.text("internal_ticket", |text| one_line(text, MAX_TICKET)),
        acknowledged: fields.nullable_bool("acknowledged"),
        impact: fields.text("impact", free_text),
        comments: fields.text("comments", free_text),
        custom_fields: fields.custom_fields(),
        ..EventChanges::default()
    };
    match kind {
        EventKind::Maintenance => changes.replaces = fields.nullable_id("replaces"),
        EventKind::Outage => {
            changes.reported_at = fields.time("reported_at");
            changes.estimated_time_to_repair = fields.nullable_time("estimated_time_to_repair");
        }
    }
    let note = fields.message();
    if whole {
        // A provider that is named but not looked up yet is there.
        let provider = refs.provider.as_ref().and_then(|_| 1.try_into().ok());
        fields.errors.add_missing(&EventChanges { provider, ..changes.clone() }.missing(kind));
    }
    Input { changes, refs, wrong: fields.errors, note }
}

/// A maintenance or an outage. Keys that only one of the two has are left out for the other.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventBody {
    #[schema(minimum = 1)]
    id: u64,
    url: String,
    display: String,
    name: String,
    summary: String,
    #[schema(schema_with = any_status)]
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    status_color: Option<&'static str>,
    provider: BriefProvider,
    #[schema(format = DateTime)]
    start: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    reported_at: Option<String>,
    #[schema(format = DateTime)]
    end: Option<String>,
    /// Outages only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    estimated_time_to_repair: Option<Option<String>>,
    original_timezone: String,
    internal_ticket: String,
    acknowledged: Option<bool>,
    /// Maintenances only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    replaces: Option<Option<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    impact_count: Option<u64>,
    impact: String,
    comments: String,
    /// In lists only where `fields=` names them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    impacts: Option<Vec<NestedImpact>>,
    /// In lists only where `fields=` names them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    notifications: Option<Vec<NestedNotification>>,
    tags: Vec<NestedTag>,
    #[schema(value_type = Object)]
    custom_fields: Map<String, Value>,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    last_updated: String,
    /// Beyond the peer: whether the provider calls the window a backup.
    backup: bool,
    /// Beyond the peer: circuits that its mails name and the inventory lacks.
    #[schema(value_type = Vec<Object>)]
    unmatched_circuits: Vec<NoticeCircuit>,
}

impl Wire for EventBody {
    const BRIEF: &'static [&'static str] = &["id", "url", "display", "name", "status", "provider", "start", "end"];
}

/// An event, as the API gives it.
pub fn event(base: &str, view: EventView) -> Object<EventBody> {
    let event = view.stored.event;
    let kind = event.object().kind;
    let url = super::address(base, kind, event.id.get());
    let impacts = view.impacts.map(|impacts| {
        impacts.iter().map(|(impact, target)| super::impact::nested(base, &event, impact, target)).collect()
    });
    let notifications = view
        .notifications
        .map(|mails| mails.iter().map(|mail| super::notification::nested(base, &event, mail)).collect());
    let (status, end) = (event.status(), optional_time(event.end()));
    let name = event.name.as_str().to_owned();
    let (mut status_color, mut reported_at, mut repair, mut replaces, mut impact_count) =
        (None, None, None, None, None);
    match &event.detail {
        EventDetail::Maintenance(maintenance) => {
            status_color = Some(status.colour());
            replaces = Some(maintenance.replaces.map(u64::from));
            impact_count = Some(view.stored.impact_count);
        }
        EventDetail::Outage(outage) => {
            reported_at = Some(time(outage.reported_at));
            repair = Some(optional_time(outage.estimated_time_to_repair));
        }
    }
    let version = event.revision.version;
    let body = EventBody {
        id: event.id.get(),
        url: url.clone(),
        display: name.clone(),
        name,
        summary: event.summary.as_str().to_owned(),
        status: status.as_str(),
        status_color,
        provider: brief_provider(base, event.provider, view.provider.as_deref()),
        start: time(event.start),
        reported_at,
        end,
        estimated_time_to_repair: repair,
        original_timezone: event.original_timezone.as_str().to_owned(),
        internal_ticket: event.internal_ticket,
        acknowledged: event.acknowledged,
        replaces,
        impact_count,
        impact: event.impact,
        comments: event.comments,
        impacts,
        notifications,
        tags: super::tag::nested(base, &view.tags),
        custom_fields: event.custom_fields,
        created: time(event.revision.created),
        last_updated: time(event.revision.last_updated),
        backup: event.backup,
        unmatched_circuits: event.unmatched_circuits,
    };
    Object { body, url, version }
}

/// A status of either kind of event.
fn any_status() -> utoipa::openapi::Object {
    let maintenance = MaintenanceStatus::ALL.iter().map(|status| status.as_str());
    super::choices(maintenance.chain(OutageStatus::ALL.iter().map(|status| status.as_str())))
}

/// An event inside an impact or a received mail.
#[derive(Debug, Serialize, ToSchema)]
pub struct NestedEvent {
    #[schema(minimum = 1)]
    id: u64,
    url: String,
    name: String,
    #[schema(schema_with = any_status)]
    status: &'static str,
    provider: BriefProvider,
    #[schema(format = DateTime)]
    start: String,
    #[schema(format = DateTime)]
    end: Option<String>,
    /// Outages only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    estimated_time_to_repair: Option<Option<String>>,
    original_timezone: String,
    acknowledged: Option<bool>,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    last_updated: String,
}

/// An event inside an impact or a received mail.
pub fn nested(base: &str, event: &Event, provider: Option<&Provider>) -> NestedEvent {
    NestedEvent {
        id: event.id.get(),
        url: super::address(base, event.object().kind, event.id.get()),
        name: event.name.as_str().to_owned(),
        status: event.status().as_str(),
        provider: brief_provider(base, event.provider, provider),
        start: time(event.start),
        end: optional_time(event.end()),
        estimated_time_to_repair: match &event.detail {
            EventDetail::Maintenance(_) => None,
            EventDetail::Outage(outage) => Some(optional_time(outage.estimated_time_to_repair)),
        },
        original_timezone: event.original_timezone.as_str().to_owned(),
        acknowledged: event.acknowledged,
        created: time(event.revision.created),
        last_updated: time(event.revision.last_updated),
    }
}

/// A part of a timeline.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Timeline)]
pub struct TimelineBody {
    /// The address of the part before in time.
    pub next: Option<String>,
    /// The newest first.
    pub results: Vec<TimelineEntry>,
}

/// One entry of a timeline.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimelineEntry {
    #[schema(minimum = 1)]
    id: u64,
    #[schema(format = DateTime)]
    time: String,
    user: String,
    #[schema(schema_with = categories)]
    category: &'static str,
    icon: &'static str,
    color: &'static str,
    title: String,
    changes: Vec<FieldChange>,
}

/// A field that changed, for people; `Not set` for an empty value.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldChange {
    field: String,
    old: String,
    new: String,
}

fn categories() -> utoipa::openapi::Object {
    super::choices(Category::ALL.iter().map(|category| category.as_str()))
}

/// One entry of a timeline.
pub fn timeline_entry(entry: Entry) -> TimelineEntry {
    let changes = entry.changes.into_iter().map(|(field, old, new)| FieldChange { field, old, new });
    TimelineEntry {
        id: entry.change.get(),
        time: time(entry.time),
        user: entry.user,
        category: entry.category.as_str(),
        icon: entry.icon,
        color: entry.colour,
        title: entry.title,
        changes: changes.collect(),
    }
}
