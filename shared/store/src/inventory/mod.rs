//! The inventory: objects of every type, what keeps them unique, who points at whom, and what circuits are shown with.

mod writes;

use std::collections::HashMap;

use noticeboard_domain::Result;
use noticeboard_domain::filter::{FieldValue, Filterable};
use noticeboard_domain::ids::{ObjectId, ProviderId};
use noticeboard_domain::inventory::{Circuit, InventoryObject, Provider, schema};
use noticeboard_domain::object::{ObjectRef, ObjectType};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::item::{Attributes, Chunk, Resume, Slice, attribute, broken, decode, integer, text};
use crate::keys::{self, Key, index};
use crate::table::{Lookup, Store};

const OWNER: &str = "owner";

/// No name is longer than this, and no sort key may be much longer.
const MAX_NAME_BYTES: usize = 800;

/// What is shown of a circuit and lives elsewhere. It is kept with the circuit, so that a circuit is one read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// Its type, in brief.
    pub circuit_type: Option<Map<String, Value>>,
    /// Its A termination.
    pub termination_a: Option<Map<String, Value>>,
    /// Its Z termination.
    pub termination_z: Option<Map<String, Value>>,
}

impl Beside {
    fn of(item: &Attributes) -> Self {
        let read = |name| text(item, name).and_then(|data| serde_json::from_str(data).ok());
        Self {
            circuit_type: read(attribute::CIRCUIT_TYPE),
            termination_a: read(attribute::TERMINATION_A),
            termination_z: read(attribute::TERMINATION_Z),
        }
    }
}

/// An object by name: what an impact or an event shows of an object that it points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The object.
    pub object: ObjectRef,
    /// Its text for people.
    pub display: String,
    /// The object itself, as stored.
    pub data: Option<String>,
    /// What a circuit is shown with; empty for all else.
    pub beside: Beside,
}

/// An object of the inventory with what the store keeps beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredObject {
    /// The object.
    pub object: InventoryObject,
    /// Its text for people.
    pub display: String,
    /// What a circuit is shown with; empty for all else.
    pub beside: Beside,
}

impl Filterable for StoredObject {
    fn id(&self) -> u64 {
        self.object.id.get()
    }

    fn field(&self, name: &str) -> FieldValue<'_> {
        self.object.field(name)
    }
}

impl Named {
    /// The whole object, where it is one of the inventory.
    pub fn stored(self) -> Option<StoredObject> {
        let fields = serde_json::from_str(self.data.as_deref()?).ok()?;
        let object = InventoryObject::from_stored(self.object.kind, fields).ok()?;
        Some(StoredObject { object, display: self.display, beside: self.beside })
    }
}

/// The object that an item of the inventory is.
fn object_of(item: &Attributes) -> Option<ObjectRef> {
    let (_, object) = text(item, attribute::PK)?.split_once('#')?;
    keys::parse_object(object)
}

/// What an item of the inventory is called.
pub(crate) fn named(item: Attributes) -> Option<Named> {
    Some(Named {
        object: object_of(&item)?,
        display: text(&item, attribute::DISPLAY)?.to_owned(),
        data: text(&item, attribute::DATA).map(str::to_owned),
        beside: Beside::of(&item),
    })
}

/// Decodes an object of the inventory.
pub(crate) fn decode_object(item: &Attributes) -> Result<StoredObject> {
    let object = object_of(item).ok_or_else(|| broken(item, "not an object of the inventory"))?;
    let fields = decode(item)?;
    Ok(StoredObject {
        object: InventoryObject::from_stored(object.kind, fields).map_err(|error| broken(item, &error))?,
        display: text(item, attribute::DISPLAY).unwrap_or_default().to_owned(),
        beside: Beside::of(item),
    })
}

/// Whether an item's type is one of the inventory.
pub(crate) fn is_inventory(kind: &str) -> bool {
    ObjectType::ALL.iter().any(|known| known.model() == kind && schema(*known).is_some())
}

/// Something that points at an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Dependent {
    /// What points.
    pub object: ObjectRef,
    /// A termination's circuit.
    pub circuit: Option<ObjectId>,
}

fn dependent_slice(items: &[Attributes], more: bool) -> Slice<Dependent> {
    let dependent = |item: &Attributes| {
        let object = keys::parse_dependent(text(item, attribute::SK)?)?;
        let circuit = integer(item, writes::CIRCUIT).and_then(|id| ObjectId::try_from(id).ok());
        Some(Dependent { object, circuit })
    };
    let mut found: Vec<Dependent> = items.iter().filter_map(dependent).collect();
    // One object may point at another with several fields.
    found.dedup_by_key(|dependent| dependent.object);
    Slice { items: found, more }
}

impl Store {
    /// An object of the inventory.
    pub async fn object(&self, object: ObjectRef) -> Result<Option<StoredObject>> {
        self.get(&keys::object(object)).await?.as_ref().map(decode_object).transpose()
    }

    /// Objects of the inventory, in no particular order; those that do not exist are left out.
    pub async fn objects(&self, objects: &[ObjectRef]) -> Result<Vec<StoredObject>> {
        let keys: Vec<Key> = objects.iter().map(|object| keys::object(*object)).collect();
        self.get_many(&keys).await?.iter().map(decode_object).collect()
    }

    /// Objects of one type by name, from a place on; at most `limit`.
    pub async fn objects_by_name(
        &self,
        kind: ObjectType,
        resume: Option<&Resume>,
        limit: usize,
    ) -> Result<Chunk<StoredObject>> {
        self.chunk(&Lookup::index(index::BY_STATUS, index::names(kind)).resume(resume), limit, decode_object).await
    }

    /// Objects of one type by id, from an id on; at most `limit`.
    pub async fn objects_from(&self, kind: ObjectType, start: u64, limit: usize) -> Result<Chunk<StoredObject>> {
        let lookup = Lookup::index(index::BY_KIND, kind.model()).from(keys::number(start));
        self.chunk(&lookup, limit, decode_object).await
    }

    /// Objects of one type with this name (circuit id, address, …), to the letter; an error when there are more than
    /// `most`.
    pub async fn objects_named(&self, kind: ObjectType, name: &str, most: usize) -> Result<Vec<StoredObject>> {
        if name.len() > MAX_NAME_BYTES {
            return Ok(Vec::new());
        }
        let lookup = Lookup::index(index::BY_STATUS, index::names(kind)).prefix(index::named(name));
        let mut found: Vec<StoredObject> =
            self.query_all(&lookup, most).await?.iter().map(decode_object).collect::<Result<_>>()?;
        found.retain(|stored| stored.object.text(stored.object.schema().display) == name);
        Ok(found)
    }

    /// The object of a type that alone has a value in a field, with strong consistency.
    pub async fn object_owning(&self, kind: ObjectType, field: &str, value: &str) -> Result<Option<ObjectRef>> {
        Ok(self.owner(&keys::unique(kind, &[field], value)).await?.map(|id| ObjectRef { kind, id }))
    }

    /// Who has the values that these objects alone may have: for each object, and each of its type's rules that applies to
    /// it, the object that holds the place, which may be itself.
    pub async fn holders(&self, objects: &[&InventoryObject]) -> Result<Vec<Vec<Option<ObjectId>>>> {
        let keys: Vec<Vec<Key>> = objects.iter().map(|object| keys::unique_of(object)).collect();
        let items = self.get_many(&keys.concat()).await?;
        let owner = |item: &Attributes| {
            let id = ObjectId::try_from(integer(item, OWNER)?).ok()?;
            Some((text(item, attribute::PK)?.to_owned(), id))
        };
        let owners: HashMap<String, ObjectId> = items.iter().filter_map(owner).collect();
        Ok(keys.iter().map(|keys| keys.iter().map(|key| owners.get(&key.pk).copied()).collect()).collect())
    }

    /// What an object alone may have, as text, one for each of its [`InventoryObject::unique`]: two objects with a place in
    /// common cannot both be stored.
    pub fn places(object: &InventoryObject) -> Vec<String> {
        keys::unique_of(object).into_iter().map(|key| key.pk).collect()
    }

    /// An object with what points at it, with strong consistency; at most `limit` of that.
    pub async fn object_with_dependents(
        &self,
        object: ObjectRef,
        limit: usize,
    ) -> Result<Option<(StoredObject, Slice<Dependent>)>> {
        // The object itself is the last of its partition.
        let lookup = Lookup::table(keys::object_partition(object)).from(keys::DEPENDENT_PREFIX).backwards();
        let (mut items, more) = self.query(&lookup, limit + 1).await?;
        if items.first().and_then(|item| text(item, attribute::SK)) != Some(keys::object(object).sk.as_str()) {
            return Ok(None);
        }
        let stored = decode_object(&items.remove(0))?;
        Ok(Some((stored, dependent_slice(&items, more))))
    }

    /// What points at an object, with strong consistency; at most `limit`.
    pub async fn dependents(&self, object: ObjectRef, limit: usize) -> Result<Slice<Dependent>> {
        let lookup = Lookup::table(keys::object_partition(object)).prefix(keys::DEPENDENT_PREFIX);
        let (items, more) = self.query(&lookup, limit).await?;
        Ok(dependent_slice(&items, more))
    }

    /// A provider.
    pub async fn provider(&self, id: ProviderId) -> Result<Option<Provider>> {
        self.get(&keys::object(ObjectRef::new(ObjectType::Provider, id))).await?.as_ref().map(decode).transpose()
    }

    /// The id of the provider with this slug, with strong consistency.
    pub async fn provider_id_by_slug(&self, slug: &str) -> Result<Option<ProviderId>> {
        Ok(self.object_owning(ObjectType::Provider, "slug", slug).await?.map(|found| found.id.into()))
    }

    /// The id of the provider with this name, with strong consistency.
    pub async fn provider_id_by_name(&self, name: &str) -> Result<Option<ProviderId>> {
        Ok(self.object_owning(ObjectType::Provider, "name", name).await?.map(|found| found.id.into()))
    }

    /// The provider with this slug, with strong consistency.
    pub async fn provider_by_slug(&self, slug: &str) -> Result<Option<Provider>> {
        self.provider_by("slug", slug).await
    }

    /// The provider with this name, with strong consistency.
    pub async fn provider_by_name(&self, name: &str) -> Result<Option<Provider>> {
        self.provider_by("name", name).await
    }

    async fn provider_by(&self, field: &str, value: &str) -> Result<Option<Provider>> {
        match self.object_owning(ObjectType::Provider, field, value).await? {
            Some(object) => self.provider(object.id.into()).await,
            None => Ok(None),
        }
    }

    async fn owner(&self, key: &Key) -> Result<Option<ObjectId>> {
        let item = self.get(key).await?;
        Ok(item.as_ref().and_then(|item| integer(item, OWNER)).and_then(|id| ObjectId::try_from(id).ok()))
    }

    /// The circuits of a provider with these ids (`cid`), with strong consistency; those unknown are left out.
    pub async fn circuits_by_cid(&self, provider: ProviderId, cids: &[&str]) -> Result<Vec<Circuit>> {
        let markers: Vec<Key> = cids.iter().map(|cid| keys::circuit_cid(provider, cid)).collect();
        let markers = self.get_many(&markers).await?;
        let owners = markers.iter().filter_map(|item| ObjectId::try_from(integer(item, OWNER)?).ok());
        let circuits: Vec<Key> = owners.map(|id| keys::object(ObjectRef::new(ObjectType::Circuit, id))).collect();
        self.get_many(&circuits).await?.iter().map(decode).collect()
    }

    /// Objects of the inventory by name; those that do not exist are left out.
    pub async fn named(&self, objects: &[ObjectRef]) -> Result<Vec<Named>> {
        let keys: Vec<Key> = objects.iter().map(|object| keys::object(*object)).collect();
        Ok(self.get_many(&keys).await?.into_iter().filter_map(named).collect())
    }
}
