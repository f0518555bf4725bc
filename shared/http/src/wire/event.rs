//! Maintenances and outages.

use noticeboard_app::EventView;
use noticeboard_domain::event::{Event, EventChanges, EventDetail, EventKind};
use noticeboard_domain::fields::{Name, Summary, bounded, free_text};
use noticeboard_domain::inventory::Provider;
use noticeboard_domain::time::OriginalTimezone;
use noticeboard_domain::timeline::Entry;
use serde_json::{Map, Value, json};

use super::{optional_time, time, url};
use crate::error::ApiError;
use crate::input::{Fields, ProviderRef};

/// Longest `internal_ticket`.
const MAX_TICKET: usize = 100;

/// What a client sends for an event.
#[derive(Debug)]
pub struct EventInput {
    /// The new values, but for the provider.
    pub changes: EventChanges,
    /// The provider, to be looked up.
    pub provider: Option<ProviderRef>,
    /// The note on the change.
    pub message: String,
}

impl EventInput {
    /// Reads a body. With `whole`, every required field must be there.
    ///
    /// # Errors
    /// 400 with every field that is missing or wrong.
    pub fn read(kind: EventKind, body: &Map<String, Value>, whole: bool) -> Result<Self, ApiError> {
        let mut fields = Fields::new(body);
        let provider = fields.provider();
        let maintenance = kind == EventKind::Maintenance;
        let mut changes = EventChanges {
            name: fields.text("name", Name::parse),
            summary: fields.text("summary", Summary::parse),
            status: fields.choice("status", |text| kind.parse_status(text)),
            start: fields.time("start"),
            end: if maintenance { fields.time("end").map(Some) } else { fields.nullable_time("end") },
            original_timezone: fields.text("original_timezone", OriginalTimezone::parse),
            internal_ticket: fields.text("internal_ticket", |text| bounded(text, MAX_TICKET)),
            acknowledged: fields.nullable_bool("acknowledged"),
            impact: fields.text("impact", free_text),
            comments: fields.text("comments", free_text),
            tags: fields.tags(),
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
        let message = fields.message();
        if whole {
            let known = EventChanges { provider: stand_in(provider.as_ref()), ..changes.clone() };
            for (field, messages) in known.missing(kind).iter() {
                if !fields.errors.has(field) {
                    messages.iter().for_each(|message| fields.errors.add(field, message.clone()));
                }
            }
        }
        fields.errors.into_result()?;
        Ok(Self { changes, provider, message })
    }

    /// The changes with the provider looked up.
    ///
    /// # Errors
    /// 400 when there is no such provider.
    pub async fn resolve(self, app: &noticeboard_app::App) -> Result<EventChanges, ApiError> {
        let mut changes = self.changes;
        if let Some(provider) = &self.provider {
            changes.provider = Some(provider.resolve(app).await?);
        }
        Ok(changes)
    }
}

/// Any id, for a provider that is named but not looked up yet.
fn stand_in(provider: Option<&ProviderRef>) -> Option<noticeboard_domain::ids::ProviderId> {
    provider.and_then(|provider| match provider {
        ProviderRef::Id(id) => Some(*id),
        ProviderRef::Slug(_) | ProviderRef::Name(_) => 1.try_into().ok(),
    })
}

/// An event, as the API gives it.
pub fn event(base: &str, view: &EventView) -> Value {
    let event = &view.stored.event;
    let mut json = Map::new();
    let mut put = |key: &str, value: Value| json.insert(key.to_owned(), value);
    put("id", json!(event.id));
    put("url", json!(url(base, event.object().kind, event.id.get())));
    put("display", json!(event.name));
    put("name", json!(event.name));
    put("summary", json!(event.summary));
    put("status", json!(event.status().as_str()));
    if let EventDetail::Maintenance(_) = event.detail {
        put("status_color", json!(event.status().colour()));
    }
    put("provider", super::inventory::provider_brief(base, event.provider, view.provider.as_ref()));
    put("start", json!(time(event.start)));
    match &event.detail {
        EventDetail::Maintenance(maintenance) => {
            put("end", json!(time(maintenance.end)));
        }
        EventDetail::Outage(outage) => {
            put("reported_at", json!(time(outage.reported_at)));
            put("end", json!(optional_time(outage.end)));
            put("estimated_time_to_repair", json!(optional_time(outage.estimated_time_to_repair)));
        }
    }
    put("original_timezone", json!(event.original_timezone));
    put("internal_ticket", json!(event.internal_ticket));
    put("acknowledged", json!(event.acknowledged));
    if let EventDetail::Maintenance(maintenance) = &event.detail {
        put("replaces", json!(maintenance.replaces));
        put("impact_count", json!(view.stored.impact_count));
    }
    put("impact", json!(event.impact));
    put("comments", json!(event.comments));
    if let Some(impacts) = &view.impacts {
        let nested = impacts.iter().map(|(impact, target)| super::impact::nested(base, event, impact, target));
        put("impacts", nested.collect());
    }
    if let Some(mails) = &view.notifications {
        put("notifications", mails.iter().map(|mail| super::notification::nested(base, event, mail)).collect());
    }
    put("tags", json!(event.tags));
    put("custom_fields", json!(event.custom_fields));
    put("created", json!(time(event.revision.created)));
    put("last_updated", json!(time(event.revision.last_updated)));
    // Beyond the peer: what its mails said and its model has no place for.
    put("backup", json!(event.backup));
    put("unmatched_circuits", json!(event.unmatched_circuits));
    Value::Object(json)
}

/// An event inside an impact or a received mail.
pub fn nested(base: &str, event: &Event, provider: Option<&Provider>) -> Value {
    let mut json = Map::new();
    let mut put = |key: &str, value: Value| json.insert(key.to_owned(), value);
    put("id", json!(event.id));
    put("url", json!(url(base, event.object().kind, event.id.get())));
    put("name", json!(event.name));
    put("status", json!(event.status().as_str()));
    put("provider", super::inventory::provider_brief(base, event.provider, provider));
    put("start", json!(time(event.start)));
    put("end", json!(optional_time(event.end())));
    if let EventDetail::Outage(outage) = &event.detail {
        put("estimated_time_to_repair", json!(optional_time(outage.estimated_time_to_repair)));
    }
    put("original_timezone", json!(event.original_timezone));
    put("acknowledged", json!(event.acknowledged));
    put("created", json!(time(event.revision.created)));
    put("last_updated", json!(time(event.revision.last_updated)));
    Value::Object(json)
}

/// One entry of a timeline.
pub fn timeline_entry(entry: &Entry) -> Value {
    let changes = entry.changes.iter().map(|(field, old, new)| json!({"field": field, "old": old, "new": new}));
    json!({
        "id": entry.change,
        "time": time(entry.time),
        "user": entry.user,
        "category": entry.category.as_str(),
        "icon": entry.icon,
        "color": entry.colour,
        "title": entry.title,
        "changes": changes.collect::<Vec<_>>(),
    })
}
