//! Every key of the table, in one place.
//!
//! Numbers in keys are padded to 16 digits, times are `YYYY-MM-DDTHH:MM:SS.ffffffZ`, so that text order is their own
//! order. A part that a client chooses always comes last in a key, so that no `#` in it can reach into another's.

use noticeboard_domain::event::EventKind;
use noticeboard_domain::ids::{
    ChangeId, EventId, EventNotificationId, ImpactId, JobId, ObjectId, ProviderId, ReviewId, TokenId,
};
use noticeboard_domain::inventory::InventoryObject;
use noticeboard_domain::notice::normalised_circuit_id;
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::time::Time;

use crate::stamps::Part;

/// A primary key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

/// DynamoDB's limits, in bytes.
const MAX_PARTITION_KEY: usize = 2048;
const MAX_SORT_KEY: usize = 1024;

/// Whether an item can have such a partition key.
pub(crate) fn fits(pk: &str) -> bool {
    pk.len() <= MAX_PARTITION_KEY
}

impl Key {
    /// Whether an item can have this key: what a client asks for by name may be of any length.
    pub(crate) fn fits(&self) -> bool {
        fits(&self.pk) && self.sk.len() <= MAX_SORT_KEY
    }
}

fn key(pk: impl Into<String>, sk: impl Into<String>) -> Key {
    Key { pk: pk.into(), sk: sk.into() }
}

/// A number as part of a key.
pub(crate) fn number(id: u64) -> String {
    format!("{id:016}")
}

/// A time as part of a key.
pub(crate) fn time(time: Time) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// The partition of an event: the event, its impacts, its received notifications and their changes.
pub(crate) fn event_partition(id: EventId) -> String {
    format!("{EVENT_PARTITION_PREFIX}{}", number(id.get()))
}

/// What the partitions of events begin with.
pub(crate) const EVENT_PARTITION_PREFIX: &str = "EVENT#";

/// What the event, its impacts and its notifications have in common, and nothing else in the partition.
pub(crate) const EVENT_PREFIX: &str = "EVENT";
/// What the sort keys of impacts begin with.
pub(crate) const IMPACT_PREFIX: &str = "EVENT#IMPACT#";
/// Behind every impact of an event, and before its notifications.
pub(crate) const IMPACTS_END: &str = "EVENT#IMPACT$";
/// What the sort keys of changes begin with.
pub(crate) const CHANGE_PREFIX: &str = "CHANGE#";

pub(crate) fn event(id: EventId) -> Key {
    key(event_partition(id), EVENT_PREFIX)
}

pub(crate) fn impact(event: EventId, id: ImpactId) -> Key {
    key(event_partition(event), format!("{IMPACT_PREFIX}{}", number(id.get())))
}

pub(crate) fn notification(event: EventId, id: EventNotificationId) -> Key {
    key(event_partition(event), format!("EVENT#NOTIFICATION#{}", number(id.get())))
}

/// Holds the place of the one impact that an event may have on a target.
pub(crate) fn target(event: EventId, target: ObjectRef) -> Key {
    key(event_partition(event), format!("TARGET#{}#{}", target.kind, number(target.id.get())))
}

/// What the sort keys of the maintenances that replace an event begin with.
pub(crate) const REPLACED_PREFIX: &str = "REPLACED#";

/// Lives with a maintenance that another one replaces, and names that one.
pub(crate) fn replaced(original: EventId, by: EventId) -> Key {
    key(event_partition(original), format!("{REPLACED_PREFIX}{}", number(by.get())))
}

/// Attributes of a pointer, beside its key.
pub(crate) mod pointer {
    /// In which event's partition the object lives.
    pub(crate) const EVENT: &str = "event";
    /// Whose event it was when the object was last written: what it is shown with is read in the same batch.
    pub(crate) const PROVIDER: &str = "provider";
    /// What an impact points at.
    pub(crate) const TARGET: &str = "target";
}

/// Says in which event's partition an impact or a notification lives, and keeps its id from being used twice.
pub(crate) fn pointer_to(object: ObjectRef) -> Key {
    key(format!("POINTER#{}#{}", object.kind, number(object.id.get())), "POINTER")
}

/// Says who deleted an object, for the changelog.
pub(crate) fn tombstone(object: ObjectRef) -> Key {
    key(format!("TOMBSTONE#{}#{}", object.kind, number(object.id.get())), "TOMBSTONE")
}

/// A change of an event or of what belongs to it lives with the event, any other with its own object.
pub(crate) fn change(event: Option<EventId>, object: ObjectRef, id: ChangeId, version: u64) -> Key {
    let pk = event.map_or_else(|| object_partition(object), event_partition);
    key(pk, format!("{CHANGE_PREFIX}{}", change_place(id, object, version)))
}

/// The place of a change among all others: by its id.
pub(crate) fn change_place(id: ChangeId, object: ObjectRef, version: u64) -> String {
    format!("{}#{object}#{}", number(id.get()), number(version))
}

/// The object and the version in the sort key of a change.
pub(crate) fn changed_object(sk: &str) -> Option<(ObjectRef, u64)> {
    let mut parts = sk.strip_prefix(CHANGE_PREFIX)?.split('#').skip(1);
    let (kind, id) = parts.next()?.rsplit_once(':')?;
    let object = ObjectRef { kind: ObjectType::parse(kind)?, id: id.parse().ok()? };
    Some((object, parts.next()?.parse().ok()?))
}

/// An object as text: `circuits.circuit#0000000000000042`.
pub(crate) fn object_text(object: ObjectRef) -> String {
    format!("{}#{}", object.kind, number(object.id.get()))
}

/// Reads what [`object_text`] wrote.
pub(crate) fn parse_object(text: &str) -> Option<ObjectRef> {
    let (kind, id) = text.split_once('#')?;
    Some(ObjectRef { kind: ObjectType::parse(kind)?, id: id.parse().ok()? })
}

/// The partition of an object of the inventory.
pub(crate) fn object_partition(object: ObjectRef) -> String {
    format!("OBJECT#{}#{}", object.kind, number(object.id.get()))
}

pub(crate) fn object(object: ObjectRef) -> Key {
    key(object_partition(object), "OBJECT")
}

/// The object that lives under this key, if it is one of the inventory.
pub(crate) fn object_of(key: &Key) -> Option<ObjectRef> {
    parse_object(key.pk.strip_prefix("OBJECT#").filter(|_| key.sk == "OBJECT")?)
}

/// The counters of what calendars are made of.
pub(crate) const STAMPS_PARTITION: &str = "STAMPS";

/// An event by its name. Names are not unique; the sort key tells the events apart, and groups them by provider.
pub(crate) fn event_name(kind: EventKind, name: &str, provider: ProviderId, id: EventId) -> Key {
    key(event_name_partition(kind, name), format!("{}#{}", number(provider.get()), number(id.get())))
}

pub(crate) fn event_name_partition(kind: EventKind, name: &str) -> String {
    format!("NAME#{}#{name}", kind.as_str())
}

/// What the sort keys of those that point at an object begin with.
pub(crate) const DEPENDENT_PREFIX: &str = "DEPENDENT#";

/// Lives with an object that another one points at, and names that one.
pub(crate) fn dependent(of: ObjectRef, object: ObjectRef, field: &str) -> Key {
    key(object_partition(of), format!("{DEPENDENT_PREFIX}{}#{field}", object_text(object)))
}

/// Reads the object that the sort key of [`dependent`] names.
pub(crate) fn parse_dependent(sk: &str) -> Option<ObjectRef> {
    parse_object(sk.strip_prefix(DEPENDENT_PREFIX)?.rsplit_once('#')?.0)
}

/// Holds the place of the one object of a type that has these values.
pub(crate) fn unique(kind: ObjectType, fields: &[&str], value: &str) -> Key {
    key(format!("UNIQUE#{kind}#{}#{value}", fields.join("+")), "UNIQUE")
}

/// The places that an object holds.
pub(crate) fn unique_of(object: &InventoryObject) -> Vec<Key> {
    // Notices name circuits with blanks and cases of their own.
    if let Some(provider) = object.reference("provider").filter(|_| object.kind() == ObjectType::Circuit) {
        return vec![circuit_cid(provider.id.into(), object.text("cid"))];
    }
    object.unique().into_iter().map(|(rule, value)| unique(object.kind(), rule.fields, &value)).collect()
}

pub(crate) fn tag_slug(slug: &str) -> Key {
    key(format!("UNIQUE#extras.tag#slug#{slug}"), "UNIQUE")
}

pub(crate) fn tag_name(name: &str) -> Key {
    key(format!("UNIQUE#extras.tag#name#{name}"), "UNIQUE")
}

pub(crate) fn circuit_cid(provider: ProviderId, cid: &str) -> Key {
    key(format!("UNIQUE#circuits.circuit#{}#{}", number(provider.get()), normalised_circuit_id(cid)), "UNIQUE")
}

/// One UTC month's events: `WINDOW#2026-12`.
pub(crate) fn window_month(month: &str) -> String {
    format!("WINDOW#{month}")
}

/// Events that are longer than [`crate::windows::MAX_MONTHS`].
pub(crate) const WINDOW_LONG: &str = "WINDOW#LONG";
/// Events without an end.
pub(crate) const WINDOW_OPEN: &str = "WINDOW#OPEN";
/// Events that begin more than [`crate::windows::FAR_DAYS`] after they were last changed, beside their months.
pub(crate) const WINDOW_FAR: &str = "WINDOW#FAR";

/// An event in a window: `07#EVENT#0000000000000042`, so that the events of one part are found together.
pub(crate) fn window(partition: &str, event: EventId) -> Key {
    key(partition, format!("{}{}", window_prefix(Part::of_event(event)), event_partition(event)))
}

/// What the sort keys of a part's events in a window begin with.
pub(crate) fn window_prefix(part: Part) -> String {
    match part {
        Part::Events(part) | Part::Objects(part) => format!("{part:02}#"),
    }
}

/// Reads the event that the sort key of [`window`] names.
pub(crate) fn parse_window(sk: &str) -> Option<EventId> {
    sk.rsplit_once(EVENT_PARTITION_PREFIX)?.1.parse().ok()
}

/// One notice of one mail that is dealt with, or the whole mail that waits for a person.
pub(crate) fn message(message: &str, notice: Option<usize>) -> Key {
    key(message_partition(message), notice.map_or_else(|| "REVIEW".to_owned(), |notice| format!("NOTICE#{notice:04}")))
}

pub(crate) fn message_partition(message: &str) -> String {
    format!("MESSAGE#{message}")
}

/// What is known of one ticket of one provider.
pub(crate) fn thread(provider: ProviderId, kind: EventKind, maintenance_id: &str) -> Key {
    key(format!("THREAD#{}#{}#{maintenance_id}", number(provider.get()), kind.as_str()), "THREAD")
}

pub(crate) fn review(id: ReviewId) -> Key {
    key(format!("REVIEW#{}", number(id.get())), "REVIEW")
}

pub(crate) fn job(id: JobId) -> Key {
    key(format!("JOB#{}", number(id.get())), "JOB")
}

pub(crate) fn token(key_part: &str) -> Key {
    key(format!("TOKEN#{key_part}"), "TOKEN")
}

/// Says by which key a token is found, and keeps its id from being used twice.
pub(crate) fn token_id(id: TokenId) -> Key {
    key(format!("TOKEN-ID#{}", number(id.get())), "TOKEN-ID")
}

/// What became of the request of one idempotency key.
pub(crate) fn idempotency(digest: &str) -> Key {
    key(format!("IDEMPOTENCY#{digest}"), "IDEMPOTENCY")
}

pub(crate) fn counters(kind: ObjectType) -> Key {
    key(format!("COUNT#{kind}"), "COUNT")
}

/// Work that was begun and must be finished.
pub(crate) const JOURNAL_PARTITION: &str = "JOURNAL";

pub(crate) fn journal(id: &str) -> Key {
    key(JOURNAL_PARTITION, id)
}

/// Partitions and sort keys of the indexes.
pub(crate) mod index {
    use noticeboard_domain::review::Verdict;

    use super::{EventKind, ObjectId, ObjectRef, ObjectType, ProviderId, Time, number, time};
    use crate::item::kind;

    /// `by-kind`: everything of one kind, newest first.
    pub(crate) const BY_KIND: &str = "by-kind";
    /// `by-status`: objects of the inventory by name; events of one kind and status, by start; impacts by level; received mails by the time of receipt.
    pub(crate) const BY_STATUS: &str = "by-status";
    /// `by-owner`: what belongs to a provider, a target, an object.
    pub(crate) const BY_OWNER: &str = "by-owner";
    /// `compact`: what filters need of every event, in [`SHARDS`] parts.
    pub(crate) const COMPACT: &str = "compact";

    /// Parts of the compact index, read in parallel.
    pub(crate) const SHARDS: u64 = 8;

    pub(crate) fn status(kind: EventKind, status: &str) -> String {
        format!("{}#{status}", kind.as_str())
    }

    pub(crate) fn start(start: Time, id: u64) -> String {
        format!("{}#{}", time(start), number(id))
    }

    pub(crate) fn provider_events(provider: ProviderId, kind: EventKind) -> String {
        format!("PROVIDER#{}#{}", number(provider.get()), kind.as_str())
    }

    /// The inventory's objects of one type, by name: [`place`].
    pub(crate) fn names(kind: ObjectType) -> String {
        format!("NAMES#{}", kind.model())
    }

    /// What the sort keys of the objects of one name begin with.
    pub(crate) fn named(name: &str) -> String {
        format!("{name}#")
    }

    /// The place of an object among those of its type.
    pub(crate) fn place(name: &str, id: u64) -> String {
        format!("{}{}", named(name), number(id))
    }

    /// Mails that wait for a person, and each kind of those that somebody has decided about.
    pub(crate) fn reviews(verdict: Option<Verdict>) -> String {
        verdict.map_or_else(|| kind::REVIEW.to_owned(), |verdict| format!("{}#{}", kind::REVIEW, verdict.as_str()))
    }

    pub(crate) fn target(target: ObjectRef) -> String {
        format!("TARGET#{}#{}", target.kind, number(target.id.get()))
    }

    pub(crate) fn changes_of(object: ObjectRef) -> String {
        format!("CHANGES#{}#{}", object.kind, number(object.id.get()))
    }

    pub(crate) fn journal_of(object: ObjectRef) -> String {
        format!("JOURNAL#{}#{}", object.kind, number(object.id.get()))
    }

    /// The changes that one request made: `compact` carries their keys and what was done, which is all that is needed.
    pub(crate) fn request(id: &str) -> String {
        format!("REQUEST#{id}")
    }

    pub(crate) fn shard(kind: EventKind, shard: u64) -> String {
        format!("{}#{shard}", kind.as_str())
    }

    pub(crate) fn shard_of(id: impl Into<ObjectId>) -> u64 {
        // Low bits of a minted id are a sequence; the product spreads neighbours over the shards.
        id.into().get().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 61
    }
}
