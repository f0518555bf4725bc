//! Maintenances and outages: their fields, the rules between these, and how a change is applied.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::change::Revision;
use crate::error::{FieldErrors, Result};
use crate::fields::{Name, Summary};
use crate::filter::{FieldValue, Filterable};
use crate::ids::{EventId, ProviderId};
use crate::notice::NoticeCircuit;
use crate::object::{ObjectRef, ObjectType};
use crate::status::{MaintenanceStatus, OutageStatus, Status};
use crate::time::{OriginalTimezone, Time};

/// Which kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// Planned work.
    Maintenance,
    /// An unplanned incident.
    Outage,
}

impl EventKind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Maintenance, Self::Outage];

    /// `maintenance`, `outage`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Maintenance => "maintenance",
            Self::Outage => "outage",
        }
    }

    /// The object type.
    pub fn object_type(self) -> ObjectType {
        match self {
            Self::Maintenance => ObjectType::Maintenance,
            Self::Outage => ObjectType::Outage,
        }
    }

    /// The kind of event that an object type stands for, if any.
    pub fn of(kind: ObjectType) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.object_type() == kind)
    }

    /// Reads a status of this kind.
    pub fn parse_status(self, text: &str) -> std::result::Result<Status, String> {
        match self {
            Self::Maintenance => MaintenanceStatus::parse(text).map(Status::Maintenance),
            Self::Outage => OutageStatus::parse(text).map(Status::Outage),
        }
    }
}

/// A maintenance or an outage.
///
/// Invariants: the end is never before the start; a RESOLVED outage has an end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The event's id.
    pub id: EventId,
    /// The provider's id of the event, or the operator's own. Not unique.
    pub name: Name,
    /// One line that says what it is.
    pub summary: Summary,
    /// Whose network it concerns.
    pub provider: ProviderId,
    /// When it begins or began.
    pub start: Time,
    /// What only a maintenance or only an outage has.
    #[serde(flatten)]
    pub detail: EventDetail,
    /// The zone in which the provider gave the times.
    pub original_timezone: OriginalTimezone,
    /// The operator's own ticket.
    pub internal_ticket: String,
    /// Whether someone in the NOC has taken note; clients may also store `null`.
    pub acknowledged: Option<bool>,
    /// Free text on the impact, apart from the impact records.
    pub impact: String,
    /// Free notes.
    pub comments: String,
    /// Slugs of tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// NetBox's custom fields.
    #[serde(default)]
    pub custom_fields: Map<String, Value>,
    /// Whether the provider calls this window a backup, used only if the primary one fails.
    #[serde(default)]
    pub backup: bool,
    /// Circuits that the provider's mail names and the inventory does not know.
    #[serde(default)]
    pub unmatched_circuits: Vec<NoticeCircuit>,
    /// Bookkeeping.
    pub revision: Revision,
}

/// What only one kind of event has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum EventDetail {
    /// Planned work.
    Maintenance(Maintenance),
    /// An unplanned incident.
    Outage(Outage),
}

/// What only a maintenance has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Maintenance {
    /// Where it stands.
    pub status: MaintenanceStatus,
    /// When it ends.
    pub end: Time,
    /// The maintenance that this one was rescheduled from.
    pub replaces: Option<EventId>,
}

/// What only an outage has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outage {
    /// Where it stands.
    pub status: OutageStatus,
    /// When it was first reported; it may have begun earlier.
    pub reported_at: Time,
    /// When it ended; required once it is RESOLVED.
    pub end: Option<Time>,
    /// The present estimate of the repair; its revisions are in the changelog.
    pub estimated_time_to_repair: Option<Time>,
}

/// New values for some of an event's fields, each already of its type. `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventChanges {
    /// See [`Event::name`].
    pub name: Option<Name>,
    /// See [`Event::summary`].
    pub summary: Option<Summary>,
    /// See [`Event::provider`].
    pub provider: Option<ProviderId>,
    /// Of the event's own kind.
    pub status: Option<Status>,
    /// See [`Event::start`].
    pub start: Option<Time>,
    /// A maintenance's end cannot be taken away.
    pub end: Option<Option<Time>>,
    /// Outages only.
    pub reported_at: Option<Time>,
    /// Outages only.
    pub estimated_time_to_repair: Option<Option<Time>>,
    /// See [`Event::original_timezone`].
    pub original_timezone: Option<OriginalTimezone>,
    /// See [`Event::internal_ticket`].
    pub internal_ticket: Option<String>,
    /// See [`Event::acknowledged`].
    pub acknowledged: Option<Option<bool>>,
    /// Maintenances only.
    pub replaces: Option<Option<EventId>>,
    /// See [`Event::impact`].
    pub impact: Option<String>,
    /// See [`Event::comments`].
    pub comments: Option<String>,
    /// See [`Event::tags`].
    pub tags: Option<Vec<String>>,
    /// Merged into the present ones.
    pub custom_fields: Option<Map<String, Value>>,
    /// See [`Event::backup`].
    pub backup: Option<bool>,
    /// See [`Event::unmatched_circuits`].
    pub unmatched_circuits: Option<Vec<NoticeCircuit>>,
    /// Whether the end must be after the start, not equal to it: the predecessor of NetBox Notices has it so (reference
    /// netbox-notices, section 6).
    pub end_after_start: bool,
}

const REQUIRED: &str = "This field is required.";
const NOT_NULL: &str = "This field may not be null.";

impl EventChanges {
    /// Which fields a whole event of this kind needs and these changes lack.
    pub fn missing(&self, kind: EventKind) -> FieldErrors {
        let mut errors = FieldErrors::default();
        let maintenance = kind == EventKind::Maintenance;
        for (field, absent) in [
            ("name", self.name.is_none()),
            ("summary", self.summary.is_none()),
            ("status", self.status.is_none()),
            ("provider", self.provider.is_none()),
            ("start", maintenance && self.start.is_none()),
            ("end", maintenance && self.end.is_none()),
        ] {
            if absent {
                errors.add(field, REQUIRED);
            }
        }
        errors
    }

    /// A new event of these values; an outage starts and is reported at the time of the revision unless they say
    /// otherwise.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] with every field that is missing or breaks a rule.
    pub fn into_event(self, kind: EventKind, id: EventId, revision: Revision) -> Result<Event> {
        let mut errors = self.missing(kind);
        if !errors.is_empty() {
            let resolved = self.status == Some(Status::Outage(OutageStatus::Resolved));
            errors.add_missing(&check_times(self.start, self.end.flatten(), resolved, self.end_after_start));
            return Err(crate::Error::Invalid(errors));
        }
        let now = revision.created;
        let start = self.start.unwrap_or(now);
        let detail = match (kind, self.status) {
            (EventKind::Maintenance, Some(Status::Maintenance(status))) => {
                let Some(Some(end)) = self.end else {
                    return Err(crate::Error::field("end", NOT_NULL));
                };
                EventDetail::Maintenance(Maintenance { status, end, replaces: self.replaces.flatten() })
            }
            (EventKind::Outage, Some(Status::Outage(status))) => EventDetail::Outage(Outage {
                status,
                reported_at: self.reported_at.unwrap_or(now),
                end: self.end.flatten(),
                estimated_time_to_repair: self.estimated_time_to_repair.flatten(),
            }),
            (_, Some(status)) => {
                errors.add("status", format!("\"{}\" is not a valid choice.", status.as_str()));
                return Err(crate::Error::Invalid(errors));
            }
            (_, None) => return Err(crate::Error::field("status", REQUIRED)),
        };
        let (Some(name), Some(summary), Some(provider)) = (self.name, self.summary, self.provider) else {
            return Err(crate::Error::internal("required fields were checked before"));
        };
        let event = Event {
            id,
            name,
            summary,
            provider,
            start,
            detail,
            original_timezone: self.original_timezone.unwrap_or_default(),
            internal_ticket: self.internal_ticket.unwrap_or_default(),
            acknowledged: self.acknowledged.unwrap_or(Some(false)),
            impact: self.impact.unwrap_or_default(),
            comments: self.comments.unwrap_or_default(),
            tags: self.tags.unwrap_or_default(),
            custom_fields: self.custom_fields.unwrap_or_default(),
            backup: self.backup.unwrap_or_default(),
            unmatched_circuits: self.unmatched_circuits.unwrap_or_default(),
            revision,
        };
        event.check(self.end_after_start).into_result()?;
        Ok(event)
    }
}

/// The rules between the times and the status (behaviours 1 to 4), as far as the times are known.
fn check_times(start: Option<Time>, end: Option<Time>, resolved: bool, end_after_start: bool) -> FieldErrors {
    let mut errors = FieldErrors::default();
    let before = |(end, start)| end < start || (end_after_start && end == start);
    if end.zip(start).is_some_and(before) {
        errors.add("end", "The end time must be after the start time.");
    }
    if resolved && end.is_none() {
        errors.add("end", "End time is required when marking outage as resolved");
    }
    errors
}

impl Event {
    /// Its kind.
    pub fn kind(&self) -> EventKind {
        match &self.detail {
            EventDetail::Maintenance(_) => EventKind::Maintenance,
            EventDetail::Outage(_) => EventKind::Outage,
        }
    }

    /// Where it stands.
    pub fn status(&self) -> Status {
        match &self.detail {
            EventDetail::Maintenance(maintenance) => Status::Maintenance(maintenance.status),
            EventDetail::Outage(outage) => Status::Outage(outage.status),
        }
    }

    /// When it ends or ended, where that is known.
    pub fn end(&self) -> Option<Time> {
        match &self.detail {
            EventDetail::Maintenance(maintenance) => Some(maintenance.end),
            EventDetail::Outage(outage) => outage.end,
        }
    }

    /// The maintenance that it was rescheduled from.
    pub fn replaces(&self) -> Option<EventId> {
        match &self.detail {
            EventDetail::Maintenance(maintenance) => maintenance.replaces,
            EventDetail::Outage(_) => None,
        }
    }

    /// The event as an object.
    pub fn object(&self) -> ObjectRef {
        ObjectRef::new(self.kind().object_type(), self.id)
    }

    /// The event with some fields changed, as a new version.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] with every field that breaks a rule.
    pub fn changed(&self, changes: EventChanges, revision: Revision) -> Result<Event> {
        let mut event = self.clone();
        event.revision = revision;
        let mut errors = FieldErrors::default();
        match (&mut event.detail, changes.status) {
            (_, None) => {}
            (EventDetail::Maintenance(maintenance), Some(Status::Maintenance(status))) => maintenance.status = status,
            (EventDetail::Outage(outage), Some(Status::Outage(status))) => outage.status = status,
            (_, Some(status)) => errors.add("status", format!("\"{}\" is not a valid choice.", status.as_str())),
        }
        match &mut event.detail {
            EventDetail::Maintenance(maintenance) => {
                match changes.end {
                    Some(Some(end)) => maintenance.end = end,
                    Some(None) => errors.add("end", NOT_NULL),
                    None => {}
                }
                if let Some(replaces) = changes.replaces {
                    maintenance.replaces = replaces;
                }
            }
            EventDetail::Outage(outage) => {
                set(&mut outage.end, changes.end);
                set(&mut outage.reported_at, changes.reported_at);
                set(&mut outage.estimated_time_to_repair, changes.estimated_time_to_repair);
            }
        }
        set(&mut event.name, changes.name);
        set(&mut event.summary, changes.summary);
        set(&mut event.provider, changes.provider);
        set(&mut event.start, changes.start);
        set(&mut event.original_timezone, changes.original_timezone);
        set(&mut event.internal_ticket, changes.internal_ticket);
        set(&mut event.acknowledged, changes.acknowledged);
        set(&mut event.impact, changes.impact);
        set(&mut event.comments, changes.comments);
        set(&mut event.tags, changes.tags);
        if let Some(fields) = changes.custom_fields {
            event.custom_fields.extend(fields);
        }
        set(&mut event.backup, changes.backup);
        set(&mut event.unmatched_circuits, changes.unmatched_circuits);
        errors.add_missing(&event.check(changes.end_after_start));
        errors.into_result()?;
        Ok(event)
    }

    fn check(&self, end_after_start: bool) -> FieldErrors {
        let resolved = self.status() == Status::Outage(OutageStatus::Resolved);
        check_times(Some(self.start), self.end(), resolved, end_after_start)
    }

    /// The fields that the changelog compares: all but the bookkeeping.
    pub fn snapshot(&self) -> Map<String, Value> {
        crate::object::snapshot(self)
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

/// A custom field, as filters see it.
pub(crate) fn custom_field<'a>(fields: &'a Map<String, Value>, name: &str) -> FieldValue<'a> {
    let Some(value) = name.strip_prefix("cf_").and_then(|name| fields.get(name)) else {
        return FieldValue::None;
    };
    match value {
        Value::Null | Value::Object(_) => FieldValue::None,
        Value::Bool(value) => FieldValue::Bool(*value),
        Value::Number(number) => FieldValue::optional(number.as_f64(), FieldValue::Number),
        Value::String(text) => FieldValue::text(text),
        Value::Array(values) => {
            FieldValue::Many(values.iter().filter_map(Value::as_str).map(FieldValue::text).collect())
        }
    }
}

/// Tags, as filters see them.
pub(crate) fn tags_field(tags: &[String]) -> FieldValue<'_> {
    FieldValue::Many(tags.iter().map(|tag| FieldValue::text(tag)).collect())
}

impl Filterable for Event {
    fn id(&self) -> u64 {
        self.id.get()
    }

    fn field(&self, name: &str) -> FieldValue<'_> {
        let (replaces, reported_at, repair) = match &self.detail {
            EventDetail::Maintenance(maintenance) => (maintenance.replaces, None, None),
            EventDetail::Outage(outage) => (None, Some(outage.reported_at), outage.estimated_time_to_repair),
        };
        match name {
            "id" => FieldValue::id(self.id),
            "name" => FieldValue::text(self.name.as_str()),
            "summary" => FieldValue::text(self.summary.as_str()),
            "status" => FieldValue::text(self.status().as_str()),
            "provider_id" => FieldValue::id(self.provider),
            "start" => FieldValue::Time(self.start),
            "end" => FieldValue::optional(self.end(), FieldValue::Time),
            "reported_at" => FieldValue::optional(reported_at, FieldValue::Time),
            "estimated_time_to_repair" => FieldValue::optional(repair, FieldValue::Time),
            "original_timezone" => FieldValue::text(self.original_timezone.as_str()),
            "internal_ticket" => FieldValue::text(&self.internal_ticket),
            "acknowledged" => FieldValue::optional(self.acknowledged, FieldValue::Bool),
            "replaces_id" => FieldValue::optional(replaces, FieldValue::id),
            "impact" => FieldValue::text(&self.impact),
            "comments" => FieldValue::text(&self.comments),
            "tag" => tags_field(&self.tags),
            "created" => FieldValue::Time(self.revision.created),
            "last_updated" => FieldValue::Time(self.revision.last_updated),
            name => custom_field(&self.custom_fields, name),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use chrono::TimeZone;

    use super::*;
    use crate::Error;
    use crate::change::{Actor, ChangeStamp, Origin};

    pub(crate) fn revision() -> Revision {
        Revision::first(ChangeStamp {
            id: 1.try_into().unwrap(),
            at: hour(0),
            actor: Actor {
                user: "noc".into(),
                request_id: "r".into(),
                origin: Origin::Web,
                detail: String::new(),
                message: String::new(),
            },
        })
    }

    pub(crate) fn hour(h: u32) -> Time {
        chrono::Utc.with_ymd_and_hms(2026, 12, 1, h, 0, 0).unwrap()
    }

    pub(crate) fn maintenance() -> EventChanges {
        EventChanges {
            name: Some(Name::parse("M-1").unwrap()),
            summary: Some(Summary::parse("fiber splice").unwrap()),
            provider: Some(1.try_into().unwrap()),
            status: Some(Status::Maintenance(MaintenanceStatus::Confirmed)),
            start: Some(hour(2)),
            end: Some(Some(hour(6))),
            ..EventChanges::default()
        }
    }

    fn outage(status: OutageStatus) -> EventChanges {
        EventChanges { status: Some(Status::Outage(status)), start: None, end: None, ..maintenance() }
    }

    #[track_caller]
    fn check(kind: EventKind, changes: EventChanges, expected: std::result::Result<(), (&str, &str)>) {
        let found = changes.into_event(kind, 7.try_into().unwrap(), revision());
        match (found, expected) {
            (Ok(_), Ok(())) => {}
            (Err(Error::Invalid(errors)), Err((field, message))) => {
                let first = errors.iter().next().map(|(field, messages)| (field.as_ref(), messages));
                assert_eq!(first, Some((field, [message.to_owned()].as_slice())), "{errors}");
            }
            (found, expected) => panic!("{found:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn the_rules_between_fields() {
        use EventKind::{Maintenance as M, Outage as O};
        let end_first = Err(("end", "The end time must be after the start time."));
        check(M, maintenance(), Ok(()));
        check(M, EventChanges { end: Some(Some(hour(2))), ..maintenance() }, Ok(()));
        check(M, EventChanges { end: Some(Some(hour(1))), ..maintenance() }, end_first);
        check(M, EventChanges { end: Some(None), ..maintenance() }, Err(("end", "This field may not be null.")));
        check(M, EventChanges { name: None, ..maintenance() }, Err(("name", "This field is required.")));
        check(M, outage(OutageStatus::Reported), Err(("start", "This field is required.")));
        for status in OutageStatus::ALL {
            let resolved = Err(("end", "End time is required when marking outage as resolved"));
            check(O, outage(*status), if *status == OutageStatus::Resolved { resolved } else { Ok(()) });
        }
        let closed = EventChanges { start: Some(hour(2)), end: Some(Some(hour(3))), ..outage(OutageStatus::Resolved) };
        check(O, closed.clone(), Ok(()));
        check(O, EventChanges { end: Some(Some(hour(1))), ..closed }, end_first);
        check(O, maintenance(), Err(("status", "\"CONFIRMED\" is not a valid choice.")));
    }

    #[test]
    fn a_change_leaves_the_other_fields() {
        let event = maintenance().into_event(EventKind::Maintenance, 7.try_into().unwrap(), revision()).unwrap();
        let changes = EventChanges { acknowledged: Some(Some(true)), ..EventChanges::default() };
        let changed = event.changed(changes, event.revision.next(revision().change)).unwrap();
        assert_eq!(changed.acknowledged, Some(true));
        assert_eq!(changed.revision.version, 2);
        assert_eq!(Event { acknowledged: Some(false), revision: event.revision.clone(), ..changed }, event);
    }

    #[test]
    fn an_event_survives_its_stored_form() {
        let event = maintenance().into_event(EventKind::Maintenance, 7.try_into().unwrap(), revision()).unwrap();
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
    }
}
