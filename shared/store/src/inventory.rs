//! Providers and circuits.

use noticeboard_domain::Result;
use noticeboard_domain::change::{ChangeStamp, Revision};
use noticeboard_domain::ids::{ObjectId, ProviderId};
use noticeboard_domain::inventory::{Circuit, Provider};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use serde::Serialize;

use crate::item::{Attributes, Item, Slice, attribute, decode, encode_object, integer, kind, n, s, text};
use crate::keys::{self, Key, index};
use crate::table::{Lookup, Store};
use crate::transaction::{Change, Condition, Refusal, Transaction};

/// An object by name: what an impact or an event shows of an object that it points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The object.
    pub object: ObjectRef,
    /// Its text for people.
    pub display: String,
    /// The object itself, as stored.
    pub data: Option<String>,
}

/// The object that an item of the inventory is.
pub(crate) fn named(item: Attributes) -> Option<Named> {
    let (_, object) = text(&item, attribute::PK)?.split_once('#')?;
    Some(Named {
        object: keys::parse_object(object)?,
        display: text(&item, attribute::DISPLAY)?.to_owned(),
        data: text(&item, attribute::DATA).map(str::to_owned),
    })
}

const OWNER: &str = "owner";

fn unique(key: &Key, owner: ObjectRef) -> Item {
    Item::helper(key).with(OWNER, n(owner.id.get()))
}

fn object_item<T: Serialize>(
    object: ObjectRef,
    kind: &str,
    data: &T,
    display: &str,
    revision: &Revision,
) -> Result<Item> {
    Ok(Item::new(&keys::object(object), kind)
        .object(data)?
        .with(attribute::VERSION, n(revision.version))
        .with(attribute::DISPLAY, s(display))
        .index(attribute::BY_KIND, kind, keys::number(object.id.get())))
}

fn object_changes<T: Serialize>(data: &T, display: &str, revision: &Revision) -> Result<Vec<(&'static str, Change)>> {
    Ok(vec![
        (attribute::DATA, Change::Set(s(encode_object(data)?))),
        (attribute::VERSION, Change::Set(n(revision.version))),
        (attribute::DISPLAY, Change::Set(s(display))),
    ])
}

impl Transaction {
    /// Stores a new provider.
    pub fn provider_create(&mut self, provider: &Provider) -> Result<()> {
        let (object, name) = (provider.object(), provider.name.as_str());
        let item = object_item(object, kind::PROVIDER, provider, name, &provider.revision)?;
        self.put(item, Condition::New, Refusal::IdTaken);
        self.put(unique(&keys::provider_name(name), object), Condition::New, Refusal::ProviderNameTaken);
        let slug = keys::provider_slug(provider.slug.as_str());
        self.put(unique(&slug, object), Condition::New, Refusal::ProviderSlugTaken);
        Ok(())
    }

    /// Stores a changed provider over the version that was read.
    pub fn provider_update(&mut self, before: &Provider, after: &Provider) -> Result<()> {
        let object = before.object();
        let set = object_changes(after, after.name.as_str(), &after.revision)?;
        self.update(keys::object(object), set, Condition::Version(before.revision.version), Refusal::Changed);
        if before.name != after.name {
            self.delete(keys::provider_name(before.name.as_str()), Condition::Always, Refusal::Changed);
            let item = unique(&keys::provider_name(after.name.as_str()), object);
            self.put(item, Condition::New, Refusal::ProviderNameTaken);
        }
        if before.slug != after.slug {
            self.delete(keys::provider_slug(before.slug.as_str()), Condition::Always, Refusal::Changed);
            let item = unique(&keys::provider_slug(after.slug.as_str()), object);
            self.put(item, Condition::New, Refusal::ProviderSlugTaken);
        }
        Ok(())
    }

    /// Removes a provider in the version that was read.
    pub fn provider_delete(&mut self, provider: &Provider, stamp: &ChangeStamp) -> Result<()> {
        let object = provider.object();
        self.delete(keys::object(object), Condition::Version(provider.revision.version), Refusal::Changed);
        self.delete(keys::provider_name(provider.name.as_str()), Condition::Always, Refusal::Changed);
        self.delete(keys::provider_slug(provider.slug.as_str()), Condition::Always, Refusal::Changed);
        self.tombstone(object, stamp)
    }

    /// Stores a new circuit.
    pub fn circuit_create(&mut self, circuit: &Circuit) -> Result<()> {
        let (object, cid) = (circuit.object(), circuit.cid.as_str());
        let item = object_item(object, kind::CIRCUIT, circuit, cid, &circuit.revision)?.index(
            attribute::BY_OWNER,
            index::provider_circuits(circuit.provider),
            keys::number(circuit.id.get()),
        );
        self.put(item, Condition::New, Refusal::IdTaken);
        let marker = unique(&keys::circuit_cid(circuit.provider, cid), object);
        self.put(marker, Condition::New, Refusal::CircuitIdTaken);
        Ok(())
    }

    /// Stores a changed circuit over the version that was read.
    pub fn circuit_update(&mut self, before: &Circuit, after: &Circuit) -> Result<()> {
        let mut set = object_changes(after, after.cid.as_str(), &after.revision)?;
        set.push((attribute::BY_OWNER[0], Change::Set(s(index::provider_circuits(after.provider)))));
        let object = before.object();
        self.update(keys::object(object), set, Condition::Version(before.revision.version), Refusal::Changed);
        let old = keys::circuit_cid(before.provider, before.cid.as_str());
        let new = keys::circuit_cid(after.provider, after.cid.as_str());
        if old != new {
            self.delete(old, Condition::Always, Refusal::Changed);
            self.put(unique(&new, object), Condition::New, Refusal::CircuitIdTaken);
        }
        Ok(())
    }

    /// Removes a circuit in the version that was read.
    pub fn circuit_delete(&mut self, circuit: &Circuit, stamp: &ChangeStamp) -> Result<()> {
        self.delete(keys::object(circuit.object()), Condition::Version(circuit.revision.version), Refusal::Changed);
        let marker = keys::circuit_cid(circuit.provider, circuit.cid.as_str());
        self.delete(marker, Condition::Always, Refusal::Changed);
        self.tombstone(circuit.object(), stamp)
    }
}

impl Store {
    /// A provider.
    pub async fn provider(&self, id: ProviderId) -> Result<Option<Provider>> {
        self.get(&keys::object(ObjectRef::new(ObjectType::Provider, id))).await?.as_ref().map(decode).transpose()
    }

    /// The provider with this slug, with strong consistency.
    pub async fn provider_by_slug(&self, slug: &str) -> Result<Option<Provider>> {
        self.provider_by(&keys::provider_slug(slug)).await
    }

    /// The provider with this name, with strong consistency.
    pub async fn provider_by_name(&self, name: &str) -> Result<Option<Provider>> {
        self.provider_by(&keys::provider_name(name)).await
    }

    async fn provider_by(&self, key: &Key) -> Result<Option<Provider>> {
        match self.owner(key).await? {
            Some(id) => self.provider(id.into()).await,
            None => Ok(None),
        }
    }

    /// The id of the provider with this slug, with strong consistency.
    pub async fn provider_id_by_slug(&self, slug: &str) -> Result<Option<ProviderId>> {
        Ok(self.owner(&keys::provider_slug(slug)).await?.map(Into::into))
    }

    /// The id of the provider with this name, with strong consistency.
    pub async fn provider_id_by_name(&self, name: &str) -> Result<Option<ProviderId>> {
        Ok(self.owner(&keys::provider_name(name)).await?.map(Into::into))
    }

    async fn owner(&self, key: &Key) -> Result<Option<ObjectId>> {
        let item = self.get(key).await?;
        Ok(item.as_ref().and_then(|item| integer(item, OWNER)).and_then(|id| ObjectId::try_from(id).ok()))
    }

    /// Providers, newest first; at most `limit`.
    pub async fn provider_list(&self, limit: usize) -> Result<Slice<Provider>> {
        let (items, more) = self.query(&Lookup::index(index::BY_KIND, kind::PROVIDER).backwards(), limit).await?;
        Ok(Slice { items: items.iter().map(decode).collect::<Result<_>>()?, more })
    }

    /// A circuit.
    pub async fn circuit(&self, id: ObjectId) -> Result<Option<Circuit>> {
        self.get(&keys::object(ObjectRef::new(ObjectType::Circuit, id))).await?.as_ref().map(decode).transpose()
    }

    /// The circuits of a provider with these ids (`cid`), with strong consistency; those unknown are left out.
    pub async fn circuits_by_cid(&self, provider: ProviderId, cids: &[&str]) -> Result<Vec<Circuit>> {
        let markers: Vec<Key> = cids.iter().map(|cid| keys::circuit_cid(provider, cid)).collect();
        let markers = self.get_many(&markers).await?;
        let owners = markers.iter().filter_map(|item| ObjectId::try_from(integer(item, OWNER)?).ok());
        let circuits: Vec<Key> = owners.map(|id| keys::object(ObjectRef::new(ObjectType::Circuit, id))).collect();
        self.get_many(&circuits).await?.iter().map(decode).collect()
    }

    /// Circuits, newest first; of one provider or of all. At most `limit`.
    pub async fn circuit_list(&self, provider: Option<ProviderId>, limit: usize) -> Result<Slice<Circuit>> {
        let lookup = match provider {
            Some(provider) => Lookup::index(index::BY_OWNER, index::provider_circuits(provider)),
            None => Lookup::index(index::BY_KIND, kind::CIRCUIT),
        };
        let (items, more) = self.query(&lookup.backwards(), limit).await?;
        Ok(Slice { items: items.iter().map(decode).collect::<Result<_>>()?, more })
    }

    /// Objects of the inventory by name; those that do not exist are left out.
    pub async fn named(&self, objects: &[ObjectRef]) -> Result<Vec<Named>> {
        let keys: Vec<Key> = objects.iter().map(|object| keys::object(*object)).collect();
        Ok(self.get_many(&keys).await?.into_iter().filter_map(named).collect())
    }
}
