//! What filters, searches and counts need of every event, in an index of a few hundred bytes an event.

use noticeboard_domain::Result;
use noticeboard_domain::event::{Event, EventDetail, EventKind};
use noticeboard_domain::fields::{Name, Summary};
use noticeboard_domain::filter::{FieldValue, Filterable};
use noticeboard_domain::ids::{EventId, ProviderId};
use noticeboard_domain::time::{OriginalTimezone, Time};
use serde::{Deserialize, Serialize};

use crate::item::{attribute, decode_attribute};
use crate::keys::index;
use crate::table::{Lookup, Store, too_many_entries};

/// One event, as far as filters need it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventRow {
    /// See [`Event::id`].
    pub id: EventId,
    /// See [`Event::name`].
    pub name: Name,
    /// See [`Event::summary`].
    pub summary: Summary,
    /// The status on the wire.
    pub status: String,
    /// See [`Event::provider`].
    pub provider: ProviderId,
    /// See [`Event::start`].
    pub start: Time,
    /// See [`Event::end`].
    pub end: Option<Time>,
    /// See [`Event::acknowledged`].
    pub acknowledged: Option<bool>,
    /// See [`Event::internal_ticket`].
    pub internal_ticket: String,
    /// See [`Event::original_timezone`].
    pub original_timezone: OriginalTimezone,
    /// See [`Event::impact`].
    pub impact: String,
    /// Outages only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_at: Option<Time>,
    /// Outages only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_time_to_repair: Option<Time>,
    /// Maintenances only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<EventId>,
    /// Slugs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// When it was made.
    pub created: Time,
    /// When it was last changed.
    pub last_updated: Time,
}

impl EventRow {
    /// The row of an event.
    pub fn of(event: &Event) -> Self {
        let (reported_at, estimated_time_to_repair, replaces) = match &event.detail {
            EventDetail::Maintenance(maintenance) => (None, None, maintenance.replaces),
            EventDetail::Outage(outage) => (Some(outage.reported_at), outage.estimated_time_to_repair, None),
        };
        Self {
            id: event.id,
            name: event.name.clone(),
            summary: event.summary.clone(),
            status: event.status().as_str().to_owned(),
            provider: event.provider,
            start: event.start,
            end: event.end(),
            acknowledged: event.acknowledged,
            internal_ticket: event.internal_ticket.clone(),
            original_timezone: event.original_timezone.clone(),
            impact: event.impact.clone(),
            reported_at,
            estimated_time_to_repair,
            replaces,
            tags: event.tags.clone(),
            created: event.revision.created,
            last_updated: event.revision.last_updated,
        }
    }
}

impl EventRow {
    /// Whether the row has a field; those of the whole event that it lacks are too large for it.
    pub fn has(field: &str) -> bool {
        field != "comments" && !field.starts_with("cf_")
    }
}

impl Filterable for EventRow {
    fn id(&self) -> u64 {
        self.id.get()
    }

    fn field(&self, name: &str) -> FieldValue<'_> {
        match name {
            "id" => FieldValue::id(self.id),
            "name" => FieldValue::text(self.name.as_str()),
            "summary" => FieldValue::text(self.summary.as_str()),
            "status" => FieldValue::text(&self.status),
            "provider_id" => FieldValue::id(self.provider),
            "start" => FieldValue::Time(self.start),
            "end" => FieldValue::optional(self.end, FieldValue::Time),
            "reported_at" => FieldValue::optional(self.reported_at, FieldValue::Time),
            "estimated_time_to_repair" => FieldValue::optional(self.estimated_time_to_repair, FieldValue::Time),
            "original_timezone" => FieldValue::text(self.original_timezone.as_str()),
            "internal_ticket" => FieldValue::text(&self.internal_ticket),
            "acknowledged" => FieldValue::optional(self.acknowledged, FieldValue::Bool),
            "replaces_id" => FieldValue::optional(self.replaces, FieldValue::id),
            "impact" => FieldValue::text(&self.impact),
            "tag" => FieldValue::Many(self.tags.iter().map(|tag| FieldValue::text(tag)).collect()),
            "created" => FieldValue::Time(self.created),
            "last_updated" => FieldValue::Time(self.last_updated),
            _ => FieldValue::None,
        }
    }
}

impl Store {
    /// Every event of a kind, as far as filters need it, newest first; at most `limit`.
    ///
    /// # Errors
    /// [`noticeboard_domain::Error::Invalid`] when there are more than `limit`.
    pub async fn event_rows(&self, kind: EventKind, limit: usize) -> Result<Vec<EventRow>> {
        let lookups: Vec<Lookup> =
            (0..index::SHARDS).map(|shard| Lookup::index(index::COMPACT, index::shard(kind, shard))).collect();
        let shards = lookups.iter().map(|lookup| self.query_all(lookup, limit));
        let shards = futures_util::future::try_join_all(shards).await?;
        let mut rows: Vec<EventRow> =
            shards.iter().flatten().map(|item| decode_attribute(item, attribute::COMPACT)).collect::<Result<_>>()?;
        if rows.len() > limit {
            return Err(too_many_entries(limit));
        }
        rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.id));
        Ok(rows)
    }
}
