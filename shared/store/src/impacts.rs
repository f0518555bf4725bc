//! Impacts. They live in their event's partition; a pointer finds them by id, a marker keeps targets apart.

use noticeboard_domain::Result;
use noticeboard_domain::change::ChangeStamp;
use noticeboard_domain::ids::{EventId, ImpactId};
use noticeboard_domain::impact::Impact;
use noticeboard_domain::object::{ObjectRef, ObjectType};

use crate::item::{Item, Slice, attribute, broken, decode, encode_object, integer, kind, n, s};
use crate::keys::{self, index};
use crate::table::{Lookup, Store};
use crate::transaction::{Change, Condition, Refusal, Transaction};

/// Items that one new impact takes, beside its event.
pub const ITEMS_PER_NEW_IMPACT: usize = 3;
/// Items that one deleted impact takes, beside its event.
pub const ITEMS_PER_DELETED_IMPACT: usize = 4;

pub(crate) const POINTS_TO: &str = "event";

/// Finds an object by id that lives in an event's partition.
pub(crate) fn pointer(object: ObjectRef, event: EventId) -> Item {
    Item::helper(&keys::pointer(object)).with(POINTS_TO, n(event.get()))
}

impl Transaction {
    /// Stores a new impact; `display` is its text for people.
    pub fn impact_create(&mut self, impact: &Impact, display: &str) -> Result<()> {
        self.put(impact_item(impact, display)?, Condition::New, Refusal::IdTaken);
        self.put(pointer(impact.object(), impact.event.id), Condition::New, Refusal::IdTaken);
        self.impact_target(impact);
        Ok(())
    }

    fn impact_target(&mut self, impact: &Impact) {
        let marker = Item::helper(&keys::target(impact.event.id, impact.target));
        self.put(marker.with("impact", n(impact.id.get())), Condition::New, Refusal::ImpactExists);
    }

    /// Stores a changed impact of the same event over the version that was read.
    pub fn impact_update(&mut self, before: &Impact, after: &Impact, display: &str) -> Result<()> {
        let set = vec![
            (attribute::DATA, Change::Set(s(encode_object(after)?))),
            (attribute::VERSION, Change::Set(n(after.revision.version))),
            (attribute::DISPLAY, Change::Set(s(display))),
            (attribute::BY_OWNER[0], Change::Set(s(index::target(after.target)))),
        ];
        let condition = Condition::Version(before.revision.version);
        self.update(keys::impact(before.event.id, before.id), set, condition, Refusal::Changed);
        if before.target != after.target {
            self.delete(keys::target(before.event.id, before.target), Condition::Always, Refusal::Changed);
            self.impact_target(after);
        }
        Ok(())
    }

    /// Removes an impact in the version that was read.
    pub fn impact_delete(&mut self, impact: &Impact, stamp: &ChangeStamp) -> Result<()> {
        let condition = Condition::VersionEvenDeleting(impact.revision.version);
        self.delete(keys::impact(impact.event.id, impact.id), condition, Refusal::Changed);
        self.delete(keys::pointer(impact.object()), Condition::Always, Refusal::Changed);
        self.delete(keys::target(impact.event.id, impact.target), Condition::Always, Refusal::Changed);
        self.tombstone(impact.object(), stamp)
    }
}

fn impact_item(impact: &Impact, display: &str) -> Result<Item> {
    let id = keys::number(impact.id.get());
    Ok(Item::new(&keys::impact(impact.event.id, impact.id), kind::IMPACT)
        .object(impact)?
        .with(attribute::VERSION, n(impact.revision.version))
        .with(attribute::DISPLAY, s(display))
        .index(attribute::BY_KIND, kind::IMPACT, &id)
        .index(attribute::BY_OWNER, index::target(impact.target), &id))
}

impl Store {
    /// In which event's partition an object lives.
    pub(crate) async fn pointed(&self, object: ObjectRef) -> Result<Option<EventId>> {
        let Some(item) = self.get(&keys::pointer(object)).await? else {
            return Ok(None);
        };
        let event = integer(&item, POINTS_TO).and_then(|id| EventId::try_from(id).ok());
        event.map(Some).ok_or_else(|| broken(&item, POINTS_TO))
    }

    /// An impact.
    pub async fn impact(&self, id: ImpactId) -> Result<Option<Impact>> {
        let Some(event) = self.pointed(ObjectRef::new(ObjectType::Impact, id)).await? else {
            return Ok(None);
        };
        self.get(&keys::impact(event, id)).await?.as_ref().map(decode).transpose()
    }

    /// The impacts of an event, oldest first, with strong consistency; at most `limit`.
    pub async fn impacts_of_event(&self, event: EventId, limit: usize) -> Result<Slice<Impact>> {
        let lookup = Lookup::table(keys::event_partition(event)).prefix(keys::IMPACT_PREFIX);
        self.impact_slice(&lookup, limit).await
    }

    /// The impact of an event on a target, with strong consistency.
    pub async fn impact_on(&self, event: EventId, target: ObjectRef) -> Result<Option<Impact>> {
        let Some(marker) = self.get(&keys::target(event, target)).await? else {
            return Ok(None);
        };
        let id = integer(&marker, "impact").and_then(|id| ImpactId::try_from(id).ok());
        let id = id.ok_or_else(|| broken(&marker, "impact"))?;
        self.get(&keys::impact(event, id)).await?.as_ref().map(decode).transpose()
    }

    /// The impacts on a target, newest first; at most `limit`.
    pub async fn impacts_on_target(&self, target: ObjectRef, limit: usize) -> Result<Slice<Impact>> {
        self.impact_slice(&Lookup::index(index::BY_OWNER, index::target(target)).backwards(), limit).await
    }

    /// All impacts, newest first; at most `limit`.
    pub async fn impact_list(&self, limit: usize) -> Result<Slice<Impact>> {
        self.impact_slice(&Lookup::index(index::BY_KIND, kind::IMPACT).backwards(), limit).await
    }

    async fn impact_slice(&self, lookup: &Lookup, limit: usize) -> Result<Slice<Impact>> {
        let (items, more) = self.query(lookup, limit).await?;
        Ok(Slice { items: items.iter().map(decode::<Impact>).collect::<Result<_>>()?, more })
    }
}
