//! Impacts. They live in their event's partition; a pointer finds them by id, a marker keeps targets apart.

use std::collections::HashSet;

use noticeboard_domain::Result;
use noticeboard_domain::change::ChangeStamp;
use noticeboard_domain::ids::{EventId, ImpactId, ProviderId};
use noticeboard_domain::impact::Impact;
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::status::ImpactLevel;
use serde::de::DeserializeOwned;

use crate::item::{
    Attributes, Chunk, Item, Resume, Slice, attribute, broken, decode, encode_object, integer, kind, n, s, text,
};
use crate::keys::{self, index};
use crate::table::{Lookup, Store};
use crate::transaction::{Change, Condition, Refusal, Transaction};

/// Items that one new impact takes, beside its event.
pub const ITEMS_PER_NEW_IMPACT: usize = 3;
/// Items that one deleted impact takes, beside its event.
pub const ITEMS_PER_DELETED_IMPACT: usize = 4;

/// Finds an object by id that lives in an event's partition, and what it is shown with.
pub(crate) fn pointer(object: ObjectRef, event: EventId, provider: ProviderId) -> Item {
    Item::helper(&keys::pointer_to(object))
        .with(keys::pointer::EVENT, n(event.get()))
        .with(keys::pointer::PROVIDER, n(provider.get()))
}

fn impact_pointer(impact: &Impact, provider: ProviderId) -> Item {
    pointer(impact.object(), impact.event.id, provider).with(keys::pointer::TARGET, s(keys::object_text(impact.target)))
}

/// Impacts are listed by level (reference netbox-notices, section 1: ordering), those without one last.
fn by_level(impact: &Impact) -> String {
    format!("{}#{}", impact.impact.map_or("~", ImpactLevel::as_str), keys::number(impact.id.get()))
}

impl Transaction {
    /// Stores a new impact; `display` is its text for people, `provider` its event's.
    pub fn impact_create(&mut self, impact: &Impact, display: &str, provider: ProviderId) -> Result<()> {
        self.put(impact_item(impact, display, provider)?, Condition::New, Refusal::IdTaken);
        self.put(impact_pointer(impact, provider), Condition::New, Refusal::IdTaken);
        self.impact_target(impact);
        Ok(())
    }

    fn impact_target(&mut self, impact: &Impact) {
        let marker = Item::helper(&keys::target(impact.event.id, impact.target));
        self.put(marker.with("impact", n(impact.id.get())), Condition::New, Refusal::ImpactExists);
    }

    /// Stores a changed impact of the same event over the version that was read.
    pub fn impact_update(
        &mut self,
        before: &Impact,
        after: &Impact,
        display: &str,
        provider: ProviderId,
    ) -> Result<()> {
        let set = vec![
            (attribute::DATA, Change::Set(s(encode_object(after)?))),
            (attribute::VERSION, Change::Set(n(after.revision.version))),
            (attribute::DISPLAY, Change::Set(s(display))),
            (keys::pointer::PROVIDER, Change::Set(n(provider.get()))),
            (attribute::BY_OWNER[0], Change::Set(s(index::target(after.target)))),
            (attribute::BY_STATUS[1], Change::Set(s(by_level(after)))),
        ];
        let condition = Condition::Version(before.revision.version);
        self.update(keys::impact(before.event.id, before.id), set, condition, Refusal::Changed);
        if before.target != after.target {
            self.delete(keys::target(before.event.id, before.target), Condition::Always, Refusal::Changed);
            self.impact_target(after);
            self.put(impact_pointer(after, provider), Condition::Always, Refusal::Changed);
        }
        Ok(())
    }

    /// Removes an impact in the version that was read.
    pub fn impact_delete(&mut self, impact: &Impact, stamp: &ChangeStamp) -> Result<()> {
        let condition = Condition::VersionEvenDeleting(impact.revision.version);
        self.delete(keys::impact(impact.event.id, impact.id), condition, Refusal::Changed);
        self.delete(keys::pointer_to(impact.object()), Condition::Always, Refusal::Changed);
        self.delete(keys::target(impact.event.id, impact.target), Condition::Always, Refusal::Changed);
        self.tombstone(impact.object(), impact.revision.version + 1, stamp)
    }
}

fn impact_item(impact: &Impact, display: &str, provider: ProviderId) -> Result<Item> {
    let id = keys::number(impact.id.get());
    Ok(Item::new(&keys::impact(impact.event.id, impact.id), kind::IMPACT)
        .object(impact)?
        .with(attribute::VERSION, n(impact.revision.version))
        .with(attribute::DISPLAY, s(display))
        .with(keys::pointer::PROVIDER, n(provider.get()))
        .index(attribute::BY_KIND, kind::IMPACT, &id)
        .index(attribute::BY_STATUS, kind::IMPACT, by_level(impact))
        .index(attribute::BY_OWNER, index::target(impact.target), &id))
}

impl Store {
    /// Several impacts, in no particular order: two calls for each 100; those that do not exist are left out.
    pub async fn impacts(&self, ids: &[ImpactId]) -> Result<Vec<Impact>> {
        let objects: Vec<ObjectRef> = ids.iter().map(|id| ObjectRef::new(ObjectType::Impact, *id)).collect();
        self.pointed_many(&objects, |event, id| keys::impact(event, id.into())).await
    }

    /// Which of these places for an impact are taken, with strong consistency.
    pub async fn targets_taken(&self, wanted: &[(EventId, ObjectRef)]) -> Result<HashSet<(EventId, ObjectRef)>> {
        let keys: Vec<_> = wanted.iter().map(|(event, object)| keys::target(*event, *object)).collect();
        let found = self.get_many(&keys).await?;
        let places: HashSet<(&str, &str)> =
            found.iter().filter_map(|item| Some((text(item, attribute::PK)?, text(item, attribute::SK)?))).collect();
        let taken = wanted.iter().zip(&keys).filter(|(_, key)| places.contains(&(key.pk.as_str(), key.sk.as_str())));
        Ok(taken.map(|(place, _)| *place).collect())
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

    /// All impacts by level. Each with the provider of its event, as far as that is known without reading the event.
    pub async fn impacts_by_level(
        &self,
        resume: Option<&Resume>,
        limit: usize,
    ) -> Result<Chunk<(Impact, Option<ProviderId>)>> {
        self.chunk(&Lookup::index(index::BY_STATUS, kind::IMPACT).objects().resume(resume), limit, with_provider).await
    }

    /// All impacts by id, from an id on.
    pub async fn impacts_from(&self, start: u64, limit: usize) -> Result<Chunk<(Impact, Option<ProviderId>)>> {
        let lookup = Lookup::index(index::BY_KIND, kind::IMPACT).from(keys::number(start)).objects();
        self.chunk(&lookup, limit, with_provider).await
    }

    async fn impact_slice(&self, lookup: &Lookup, limit: usize) -> Result<Slice<Impact>> {
        let (items, more) = self.query(lookup, limit).await?;
        Ok(Slice { items: items.iter().map(decode::<Impact>).collect::<Result<_>>()?, more })
    }
}

/// An object that lives with an event, with the provider that the event had when it was written.
pub(crate) fn with_provider<T: DeserializeOwned>(item: &Attributes) -> Result<(T, Option<ProviderId>)> {
    let provider = integer(item, keys::pointer::PROVIDER).and_then(|id| ProviderId::try_from(id).ok());
    Ok((decode(item)?, provider))
}
