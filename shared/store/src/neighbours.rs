//! What an object is shown with: its event, its provider, its target, its tags; read in one batch.

use noticeboard_domain::Result;
use noticeboard_domain::ids::{EventId, EventNotificationId, ImpactId, ObjectId, ProviderId};
use noticeboard_domain::impact::Impact;
use noticeboard_domain::notification::EventNotification;
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_domain::tag::{Tag, TagRef};
use serde::de::DeserializeOwned;

use crate::events::StoredEvent;
use crate::inventory::{Named, named};
use crate::item::{Attributes, attribute, decode, integer, kind, text};
use crate::keys::{self, Key};
use crate::table::Store;
use crate::tags;
use crate::transaction::is_deleting;

/// Events, objects of the inventory and tags, in no particular order; those that do not exist are left out.
#[derive(Debug, Default)]
pub struct Neighbours {
    /// Events, but for those that are being deleted.
    pub events: Vec<StoredEvent>,
    /// Objects of the inventory.
    pub named: Vec<Named>,
    /// Tags.
    pub tags: Vec<Tag>,
}

/// What is to be read.
#[derive(Debug, Default, Clone)]
pub struct Wanted {
    /// These events.
    pub events: Vec<EventId>,
    /// These objects of the inventory.
    pub objects: Vec<ObjectRef>,
    /// These tags.
    pub tags: Vec<TagRef>,
}

impl Wanted {
    fn keys(&self) -> Vec<Key> {
        let events = self.events.iter().map(|id| keys::event(*id));
        let objects = self.objects.iter().map(|object| keys::object(*object));
        events.chain(objects).chain(self.tags.iter().flat_map(tags::keys_of)).collect()
    }
}

/// What the pointer of an impact or a mail says of where it lives, and of what it is shown with.
struct Pointer {
    event: EventId,
    wanted: Wanted,
}

fn pointer(item: &Attributes) -> Option<Pointer> {
    let event = EventId::try_from(integer(item, keys::pointer::EVENT)?).ok()?;
    let mut objects = Vec::new();
    let provider = integer(item, keys::pointer::PROVIDER).and_then(|id| ProviderId::try_from(id).ok());
    objects.extend(provider.map(|id| ObjectRef::new(ObjectType::Provider, id)));
    objects.extend(text(item, keys::pointer::TARGET).and_then(keys::parse_object));
    Some(Pointer { event, wanted: Wanted { events: vec![event], objects, tags: Vec::new() } })
}

impl Neighbours {
    fn of(items: Vec<Attributes>) -> Result<Self> {
        let mut found = Self::default();
        for item in items {
            match text(&item, attribute::TYPE) {
                Some(kind::MAINTENANCE | kind::OUTAGE) => {
                    if !is_deleting(&item) {
                        found.events.push(StoredEvent::of(&item)?);
                    }
                }
                Some(kind::TAG) => found.tags.push(decode(&item)?),
                // The marker of a tag's name or slug.
                Some(kind::HELPER) => found.tags.push(decode(&item)?),
                _ => found.named.extend(named(item)),
            }
        }
        Ok(found)
    }
}

impl Store {
    /// Events, objects of the inventory and tags: one batch for each 100.
    pub async fn neighbours(&self, wanted: &Wanted) -> Result<Neighbours> {
        let keys = wanted.keys();
        if keys.is_empty() {
            return Ok(Neighbours::default());
        }
        Neighbours::of(self.get_many(&keys).await?)
    }

    async fn pointed(
        &self,
        object: ObjectRef,
        key: impl Fn(EventId) -> Key,
    ) -> Result<Option<(Attributes, Neighbours)>> {
        let Some(item) = self.get(&keys::pointer_to(object)).await? else {
            return Ok(None);
        };
        let Some(pointer) = pointer(&item) else {
            return Err(crate::item::broken(&item, keys::pointer::EVENT));
        };
        let own = key(pointer.event);
        let mut wanted = pointer.wanted.keys();
        wanted.push(own.clone());
        let mut items = self.get_many(&wanted).await?;
        let is_own = |item: &Attributes| {
            text(item, attribute::PK) == Some(own.pk.as_str()) && text(item, attribute::SK) == Some(own.sk.as_str())
        };
        let Some(at) = items.iter().position(is_own) else {
            return Ok(None);
        };
        let item = items.swap_remove(at);
        Ok(Some((item, Neighbours::of(items)?)))
    }

    /// Objects that live with events, by what their pointers say.
    pub(crate) async fn pointed_many<T: DeserializeOwned>(
        &self,
        objects: &[ObjectRef],
        key: impl Fn(EventId, ObjectId) -> Key,
    ) -> Result<Vec<T>> {
        let pointers: Vec<Key> = objects.iter().map(|object| keys::pointer_to(*object)).collect();
        let pointers = self.get_many(&pointers).await?;
        let own = pointers.iter().filter_map(|item| {
            let (_, object) = text(item, attribute::PK)?.split_once('#')?;
            Some(key(pointer(item)?.event, keys::parse_object(object)?.id))
        });
        self.get_many(&own.collect::<Vec<Key>>()).await?.iter().map(decode).collect()
    }

    /// An impact with its event, the event's provider and its target: two calls.
    ///
    /// The provider is the one that the event had when the impact was last written.
    pub async fn impact(&self, id: ImpactId) -> Result<Option<(Impact, Neighbours)>> {
        let found = self.pointed(ObjectRef::new(ObjectType::Impact, id), |event| keys::impact(event, id)).await?;
        found.map(|(item, neighbours)| Ok((decode(&item)?, neighbours))).transpose()
    }

    /// A received mail with its event and that one's provider: two calls.
    pub async fn notification(&self, id: EventNotificationId) -> Result<Option<(EventNotification, Neighbours)>> {
        let object = ObjectRef::new(ObjectType::EventNotification, id);
        let found = self.pointed(object, |event| keys::notification(event, id)).await?;
        found.map(|(item, neighbours)| Ok((decode(&item)?, neighbours))).transpose()
    }
}
