//! Maintenances and outages.

use noticeboard_domain::Result;
use noticeboard_domain::change::ChangeStamp;
use noticeboard_domain::event::{Event, EventKind};
use noticeboard_domain::filter::{FieldValue, Filterable};
use noticeboard_domain::ids::{EventId, ProviderId};
use noticeboard_domain::impact::Impact;
use noticeboard_domain::notice::NoticeOrder;
use noticeboard_domain::notification::EventNotification;
use noticeboard_domain::status::Status;
use noticeboard_domain::time::{Time, parse};

use crate::compact::EventRow;
use crate::item::{
    Attributes, Chunk, Item, Resume, attribute, broken, decode, decode_attribute, encode, encode_object, integer, kind,
    n, s, text,
};
use crate::keys::{self, index};
use crate::table::{Lookup, Store};
use crate::transaction::{Change, Condition, Refusal, Transaction, is_deleting};

pub(crate) const IMPACTS_OPEN: &str = "OPEN";
const IMPACTS_FROZEN: &str = "FROZEN";

/// More children than this are not read for one page.
const MAX_CHILDREN: usize = 10_000;

/// An event with what the store keeps beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// The event.
    pub event: Event,
    /// How many impacts it has.
    pub impact_count: u64,
    /// Rises with every change of its impacts and notifications.
    pub children: u64,
    /// When one of them was last added, changed or removed by itself.
    pub children_at: Option<Time>,
    /// The place of the newest notice that spoke of it; none when no mail has.
    pub notice_order: Option<NoticeOrder>,
}

/// An event with all that belongs to it but its changes.
#[derive(Debug, Clone, PartialEq)]
pub struct EventPage {
    /// The event.
    pub stored: StoredEvent,
    /// Its impacts, oldest first.
    pub impacts: Vec<Impact>,
    /// Its received mails, oldest first.
    pub notifications: Vec<EventNotification>,
}

/// An event with its impacts.
#[derive(Debug, Clone, PartialEq)]
pub struct EventImpacts {
    /// The event.
    pub stored: StoredEvent,
    /// Its impacts, oldest first.
    pub impacts: Vec<Impact>,
}

pub(crate) fn item_kind(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Maintenance => kind::MAINTENANCE,
        EventKind::Outage => kind::OUTAGE,
    }
}

fn impacts_state(event: &Event) -> &'static str {
    if event.status().freezes_impacts() { IMPACTS_FROZEN } else { IMPACTS_OPEN }
}

/// What an event keeps of a change of one of its children.
fn child_changed(at: Time) -> Vec<(&'static str, Change)> {
    vec![(attribute::CHILDREN, Change::Add(1)), (attribute::CHILDREN_AT, Change::Set(s(keys::time(at))))]
}

impl StoredEvent {
    pub(crate) fn of(item: &Attributes) -> Result<Self> {
        let count = |name| integer(item, name).ok_or_else(|| broken(item, name));
        Ok(Self {
            event: decode(item)?,
            impact_count: count(attribute::IMPACT_COUNT)?,
            children: count(attribute::CHILDREN)?,
            children_at: text(item, attribute::CHILDREN_AT).and_then(parse),
            notice_order: item
                .contains_key(attribute::NOTICE_ORDER)
                .then(|| decode_attribute(item, attribute::NOTICE_ORDER))
                .transpose()?,
        })
    }
}

impl Filterable for StoredEvent {
    fn id(&self) -> u64 {
        self.event.id.get()
    }

    fn field(&self, name: &str) -> FieldValue<'_> {
        self.event.field(name)
    }
}

impl Transaction {
    /// Stores a new event. `order` is the place of the notice that it comes from; `impacts` and `others` are how many
    /// impacts and other children the same transaction stores with it.
    pub fn event_create(
        &mut self,
        event: &Event,
        order: Option<NoticeOrder>,
        impacts: usize,
        others: usize,
    ) -> Result<()> {
        let (id, kind) = (keys::number(event.id.get()), event.kind());
        let mut item = Item::new(&keys::event(event.id), item_kind(kind))
            .object(event)?
            .with(attribute::VERSION, n(event.revision.version))
            .with(attribute::DISPLAY, s(event.name.as_str()))
            .with(attribute::IMPACTS, s(impacts_state(event)))
            .with(attribute::IMPACT_COUNT, n(impacts))
            .with(attribute::CHILDREN, n(impacts + others))
            .with(attribute::COMPACT, s(encode(&EventRow::of(event))?))
            .index(attribute::BY_KIND, item_kind(kind), &id)
            .index(attribute::BY_SHARD, index::shard(kind, index::shard_of(event.id)), &id);
        for (name, value) in moving_keys(event) {
            item.set(name, value);
        }
        if let Some(order) = order {
            item.set(attribute::NOTICE_ORDER, s(encode(&order)?));
        }
        self.put(item, Condition::New, Refusal::IdTaken);
        self.event_name(event);
        self.event_replaces(None, Some(event));
        self.windows(None, Some(event));
        Ok(())
    }

    fn event_name(&mut self, event: &Event) {
        let key = keys::event_name(event.kind(), event.name.as_str(), event.provider, event.id);
        self.put(Item::helper(&key), Condition::Always, Refusal::Changed);
    }

    fn event_replaces(&mut self, before: Option<&Event>, after: Option<&Event>) {
        let (old, new) = (before.and_then(Event::replaces), after.and_then(Event::replaces));
        if old != new {
            if let (Some(original), Some(event)) = (old, before) {
                self.delete(keys::replaced(original, event.id), Condition::Always, Refusal::Changed);
            }
            if let (Some(original), Some(event)) = (new, after) {
                self.put(Item::helper(&keys::replaced(original, event.id)), Condition::Always, Refusal::Changed);
            }
        }
    }

    /// Stores a changed event over the version that was read. When `after` has the version of `before`, only the
    /// bookkeeping changes: `order`, and how many impacts and other children the same transaction adds.
    pub fn event_update(
        &mut self,
        before: &StoredEvent,
        after: &Event,
        order: Option<NoticeOrder>,
        impacts: usize,
        others: usize,
    ) -> Result<()> {
        let old = &before.event;
        let mut set = Vec::new();
        if old.revision.version != after.revision.version {
            set.extend([
                (attribute::DATA, Change::Set(s(encode_object(after)?))),
                (attribute::VERSION, Change::Set(n(after.revision.version))),
                (attribute::DISPLAY, Change::Set(s(after.name.as_str()))),
                (attribute::IMPACTS, Change::Set(s(impacts_state(after)))),
                (attribute::COMPACT, Change::Set(s(encode(&EventRow::of(after))?))),
            ]);
            set.extend(moving_keys(after).map(|(name, value)| (name, Change::Set(value))));
            if (&old.name, old.provider) != (&after.name, after.provider) {
                let key = keys::event_name(old.kind(), old.name.as_str(), old.provider, old.id);
                self.delete(key, Condition::Always, Refusal::Changed);
                self.event_name(after);
            }
            self.event_replaces(Some(old), Some(after));
            self.windows(Some(old), Some(after));
        }
        if let Some(order) = order {
            set.push((attribute::NOTICE_ORDER, Change::Set(s(encode(&order)?))));
        }
        if impacts > 0 {
            set.push((attribute::IMPACT_COUNT, Change::Add(count(impacts))));
        }
        if impacts + others > 0 {
            set.push((attribute::CHILDREN, Change::Add(count(impacts + others))));
        }
        if !set.is_empty() {
            self.update(keys::event(old.id), set, Condition::Version(old.revision.version), Refusal::Changed);
        }
        Ok(())
    }

    /// Notes on an event that an impact is added to it (1), removed from it (-1) or changed (0), and when.
    ///
    /// Adding and changing is refused while the event is closed; removing is not (behaviours L7).
    pub fn event_impact(&mut self, event: EventId, impacts: i64, at: Time) {
        let (condition, refusal) = if impacts < 0 {
            (Condition::Exists, Refusal::EventGone)
        } else {
            (Condition::ImpactsOpen, Refusal::EventClosed)
        };
        let mut set = child_changed(at);
        if impacts != 0 {
            set.push((attribute::IMPACT_COUNT, Change::Add(impacts)));
        }
        self.update(keys::event(event), set, condition, refusal);
    }

    /// Notes on an event that a notice adds impacts to it, whatever the event's status: the notice decides that.
    pub fn event_impacts_by_notice(&mut self, event: EventId, impacts: usize) {
        let impacts = count(impacts);
        let set = vec![(attribute::CHILDREN, Change::Add(impacts)), (attribute::IMPACT_COUNT, Change::Add(impacts))];
        self.update(keys::event(event), set, Condition::Exists, Refusal::EventGone);
    }

    /// Notes on an event that one of its received mails changed, and when.
    pub fn event_child(&mut self, event: EventId, at: Time) {
        self.update(keys::event(event), child_changed(at), Condition::Exists, Refusal::EventGone);
    }

    /// Hides an event whose deletion takes more than one transaction: from here on it is gone for every reader.
    pub fn event_delete_begin(&mut self, before: &StoredEvent) {
        let indexes = [attribute::BY_KIND, attribute::BY_STATUS, attribute::BY_OWNER, attribute::BY_SHARD];
        let mut set = vec![(attribute::DELETING, Change::Set(s("1")))];
        set.extend(indexes.into_iter().flatten().map(|name| (name, Change::Remove)));
        let version = before.event.revision.version;
        self.update(keys::event(before.event.id), set, Condition::Version(version), Refusal::Changed);
        self.event_delete_helpers(&before.event);
    }

    fn event_delete_helpers(&mut self, event: &Event) {
        let key = keys::event_name(event.kind(), event.name.as_str(), event.provider, event.id);
        self.delete(key, Condition::Always, Refusal::Changed);
        self.event_replaces(Some(event), None);
        self.windows(Some(event), None);
    }

    /// Removes an event as it was read. What belongs to it is removed by the caller; when something was added to it
    /// since, nothing is.
    pub fn event_delete(&mut self, before: &StoredEvent, stamp: &ChangeStamp) -> Result<()> {
        let event = &before.event;
        self.event_delete_helpers(event);
        let unmoved = Condition::Unmoved { version: event.revision.version, children: before.children };
        self.delete(keys::event(event.id), unmoved, Refusal::Changed);
        self.tombstone(event.object(), event.revision.version + 1, stamp)
    }

    /// Removes an event that [`Transaction::event_delete_begin`] has hidden.
    pub fn event_delete_finish(&mut self, event: &Event, stamp: &ChangeStamp) -> Result<()> {
        let condition = Condition::VersionEvenDeleting(event.revision.version);
        self.delete(keys::event(event.id), condition, Refusal::Changed);
        self.tombstone(event.object(), event.revision.version + 1, stamp)
    }
}

/// The index keys that change with the event.
fn moving_keys(event: &Event) -> [(&'static str, aws_sdk_dynamodb::types::AttributeValue); 4] {
    let start = index::start(event.start, event.id.get());
    let kind = event.kind();
    [
        (attribute::BY_STATUS[0], s(index::status(kind, event.status().as_str()))),
        (attribute::BY_STATUS[1], s(&start)),
        (attribute::BY_OWNER[0], s(index::provider_events(event.provider, kind))),
        (attribute::BY_OWNER[1], s(start)),
    ]
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Store {
    /// An event.
    pub async fn event(&self, id: EventId) -> Result<Option<StoredEvent>> {
        let item = self.get(&keys::event(id)).await?;
        item.filter(|item| !is_deleting(item)).as_ref().map(StoredEvent::of).transpose()
    }

    /// An event that may be in the middle of its deletion, to finish that.
    pub async fn event_even_deleting(&self, id: EventId) -> Result<Option<StoredEvent>> {
        self.get(&keys::event(id)).await?.as_ref().map(StoredEvent::of).transpose()
    }

    /// Several events, in no particular order; those that do not exist are left out.
    pub async fn events(&self, ids: &[EventId]) -> Result<Vec<StoredEvent>> {
        let keys: Vec<_> = ids.iter().map(|id| keys::event(*id)).collect();
        let items = self.get_many(&keys).await?;
        items.iter().filter(|item| !is_deleting(item)).map(StoredEvent::of).collect()
    }

    /// An event with its impacts and received mails: one query.
    pub async fn event_page(&self, id: EventId) -> Result<Option<EventPage>> {
        let lookup = Lookup::table(keys::event_partition(id)).prefix(keys::EVENT_PREFIX).objects();
        let items = self.query_all(&lookup, MAX_CHILDREN).await?;
        let (mut stored, mut impacts, mut notifications) = (None, Vec::new(), Vec::new());
        for item in &items {
            match text(item, attribute::TYPE) {
                Some(kind::IMPACT) => impacts.push(decode(item)?),
                Some(kind::NOTIFICATION) => notifications.push(decode(item)?),
                _ if is_deleting(item) => return Ok(None),
                _ => stored = Some(StoredEvent::of(item)?),
            }
        }
        Ok(stored.map(|stored| EventPage { stored, impacts, notifications }))
    }

    /// An event with its impacts, for those who need nothing of its mails, which are long: one query.
    pub async fn event_impacts(&self, id: EventId) -> Result<Option<EventImpacts>> {
        let lookup = Lookup::table(keys::event_partition(id)).between(keys::EVENT_PREFIX, keys::IMPACTS_END).objects();
        let items = self.query_all(&lookup, MAX_CHILDREN).await?;
        let [event, impacts @ ..] = items.as_slice() else { return Ok(None) };
        if text(event, attribute::SK) != Some(keys::EVENT_PREFIX) || is_deleting(event) {
            return Ok(None);
        }
        let impacts = impacts.iter().map(decode).collect::<Result<_>>()?;
        Ok(Some(EventImpacts { stored: StoredEvent::of(event)?, impacts }))
    }

    /// The events of a kind with this name, with strong consistency; of one provider or of all.
    pub async fn events_by_name(
        &self,
        kind: EventKind,
        name: &str,
        provider: Option<ProviderId>,
    ) -> Result<Vec<EventId>> {
        let mut lookup = Lookup::table(keys::event_name_partition(kind, name));
        if let Some(provider) = provider {
            lookup = lookup.prefix(format!("{}#", keys::number(provider.get())));
        }
        let items = self.query_all(&lookup, MAX_CHILDREN).await?;
        let id = |item: &Attributes| text(item, attribute::SK)?.split_once('#')?.1.parse().ok();
        Ok(items.iter().filter_map(id).collect())
    }

    /// The maintenances that replace an event.
    pub async fn events_replacing(&self, original: EventId) -> Result<Vec<EventId>> {
        let lookup = Lookup::table(keys::event_partition(original)).prefix(keys::REPLACED_PREFIX);
        let items = self.query_all(&lookup, MAX_CHILDREN).await?;
        let id = |item: &Attributes| text(item, attribute::SK)?.strip_prefix(keys::REPLACED_PREFIX)?.parse().ok();
        Ok(items.iter().filter_map(id).collect())
    }

    /// Events of a kind, the newest first or the oldest.
    pub async fn event_list(
        &self,
        kind: EventKind,
        newest_first: bool,
        resume: Option<&Resume>,
        limit: usize,
    ) -> Result<Chunk<StoredEvent>> {
        let lookup = Lookup::index(index::BY_KIND, item_kind(kind)).objects();
        let lookup = if newest_first { lookup.backwards() } else { lookup };
        self.chunk(&lookup.resume(resume), limit, StoredEvent::of).await
    }

    /// Events of a kind by id, from an id on.
    pub async fn events_from(&self, kind: EventKind, start: u64, limit: usize) -> Result<Chunk<StoredEvent>> {
        let lookup = Lookup::index(index::BY_KIND, item_kind(kind)).from(keys::number(start)).objects();
        self.chunk(&lookup, limit, StoredEvent::of).await
    }

    /// The events of a kind and a provider, by start; an error when there are more than `limit`.
    pub async fn events_of_provider(
        &self,
        provider: ProviderId,
        kind: EventKind,
        limit: usize,
    ) -> Result<Vec<StoredEvent>> {
        let lookup = Lookup::index(index::BY_OWNER, index::provider_events(provider, kind)).objects();
        self.query_all(&lookup, limit).await?.iter().map(StoredEvent::of).collect()
    }

    /// The events in one status, by start; an error when there are more than `limit`.
    pub async fn events_by_status(&self, status: Status, limit: usize) -> Result<Vec<StoredEvent>> {
        let kind = match status {
            Status::Maintenance(_) => EventKind::Maintenance,
            Status::Outage(_) => EventKind::Outage,
        };
        let lookup = Lookup::index(index::BY_STATUS, index::status(kind, status.as_str())).objects();
        self.query_all(&lookup, limit).await?.iter().map(StoredEvent::of).collect()
    }

    /// Whether a provider has any event.
    pub async fn provider_has_events(&self, provider: ProviderId) -> Result<bool> {
        for kind in EventKind::ALL {
            let lookup = Lookup::index(index::BY_OWNER, index::provider_events(provider, kind));
            if !self.query(&lookup, 1).await?.0.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
