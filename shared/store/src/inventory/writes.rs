//! Writes of objects of the inventory.

use noticeboard_domain::Result;
use noticeboard_domain::change::ChangeStamp;
use noticeboard_domain::ids::ObjectId;
use noticeboard_domain::inventory::InventoryObject;
use noticeboard_domain::object::{ObjectRef, ObjectType};
use serde_json::{Map, Value};

use super::{OWNER, StoredObject};
use crate::item::{Item, attribute, encode, encode_object, n, s};
use crate::keys::{self, Key, index};
use crate::transaction::{Change, Condition, Refusal, Transaction};

/// Says with a termination's place which circuit it is of.
pub(super) const CIRCUIT: &str = "circuit";

fn marker(key: &Key, owner: ObjectRef) -> Item {
    Item::helper(key).with(OWNER, n(owner.id.get()))
}

/// The place of an object among those of its type: by name, and terminations by circuit and side.
fn place(object: &InventoryObject) -> String {
    let name = object.text(object.schema().display);
    match object.reference("circuit") {
        Some(circuit) => index::place(&format!("{}#{name}", keys::number(circuit.id.get())), object.id.get()),
        None => index::place(name, object.id.get()),
    }
}

fn optional(value: Option<&Map<String, Value>>) -> Result<Change> {
    value.map_or(Ok(Change::Remove), |value| Ok(Change::Set(s(encode(value)?))))
}

/// Where the objects that this one points at find it.
fn dependents(object: &InventoryObject) -> Vec<Key> {
    object.points_at().into_iter().map(|(field, to)| keys::dependent(to, object.object(), field)).collect()
}

fn dependent(key: &Key, object: &InventoryObject) -> Item {
    let item = Item::helper(key);
    match object.reference("circuit") {
        Some(circuit) => item.with(CIRCUIT, n(circuit.id.get())),
        None => item,
    }
}

impl Transaction {
    /// Stores a new object.
    pub fn object_create(&mut self, stored: &StoredObject) -> Result<()> {
        let StoredObject { object, display, beside } = stored;
        let kind = object.kind().model();
        let id = keys::number(object.id.get());
        let mut item = Item::new(&keys::object(object.object()), kind)
            .object(&object.stored())?
            .with(attribute::VERSION, n(object.revision.version))
            .with(attribute::DISPLAY, s(display))
            .index(attribute::BY_KIND, kind, &id)
            .index(attribute::BY_STATUS, index::names(object.kind()), place(object));
        if let Some(circuit_type) = &beside.circuit_type {
            item.set(attribute::CIRCUIT_TYPE, s(encode(circuit_type)?));
        }
        self.put(item, Condition::New, Refusal::IdTaken);
        for key in keys::unique_of(object) {
            self.put(marker(&key, object.object()), Condition::New, Refusal::Taken);
        }
        for key in dependents(object) {
            self.put(dependent(&key, object), Condition::Always, Refusal::Changed);
        }
        Ok(())
    }

    /// Stores a changed object over the version that was read.
    pub fn object_update(&mut self, before: &InventoryObject, after: &StoredObject) -> Result<()> {
        let StoredObject { object, display, beside } = after;
        let mut set = vec![
            (attribute::DATA, Change::Set(s(encode_object(&object.stored())?))),
            (attribute::VERSION, Change::Set(n(object.revision.version))),
            (attribute::DISPLAY, Change::Set(s(display))),
            (attribute::BY_STATUS[1], Change::Set(s(place(object)))),
        ];
        if object.kind() == ObjectType::Circuit {
            set.push((attribute::CIRCUIT_TYPE, optional(beside.circuit_type.as_ref())?));
        }
        let condition = Condition::Version(before.revision.version);
        self.update(keys::object(before.object()), set, condition, Refusal::Changed);
        let (old, new) = (keys::unique_of(before), keys::unique_of(object));
        for key in old.iter().filter(|key| !new.contains(key)) {
            self.delete(key.clone(), Condition::Always, Refusal::Changed);
        }
        for key in new.iter().filter(|key| !old.contains(key)) {
            self.put(marker(key, object.object()), Condition::New, Refusal::Taken);
        }
        let (old, new) = (dependents(before), dependents(object));
        for key in old.iter().filter(|key| !new.contains(key)) {
            self.delete(key.clone(), Condition::Always, Refusal::Changed);
        }
        // A termination says in its place which circuit it is of.
        let circuit = before.reference("circuit") != object.reference("circuit");
        for key in new.iter().filter(|key| circuit || !old.contains(key)) {
            self.put(dependent(key, object), Condition::Always, Refusal::Changed);
        }
        Ok(())
    }

    /// Removes an object in the version that was read.
    pub fn object_delete(&mut self, object: &InventoryObject, stamp: &ChangeStamp) -> Result<()> {
        let condition = Condition::Version(object.revision.version);
        self.delete(keys::object(object.object()), condition, Refusal::Changed);
        for key in keys::unique_of(object).into_iter().chain(dependents(object)) {
            self.delete(key, Condition::Always, Refusal::Changed);
        }
        self.tombstone(object.object(), object.revision.version + 1, stamp)
    }

    /// Notes what a circuit's termination looks like, or that it has none on this side. Bookkeeping: the circuit's version
    /// stays.
    pub fn circuit_termination(
        &mut self,
        circuit: ObjectId,
        side: &str,
        shown: Option<&Map<String, Value>>,
    ) -> Result<()> {
        let name = if side == "Z" { attribute::TERMINATION_Z } else { attribute::TERMINATION_A };
        let key = keys::object(ObjectRef { kind: ObjectType::Circuit, id: circuit });
        self.update(key, vec![(name, optional(shown)?)], Condition::Exists, Refusal::Changed);
        Ok(())
    }

    /// Notes that a circuit's termination has changed its side. Bookkeeping.
    pub fn circuit_termination_moved(&mut self, circuit: ObjectId, to: &str, shown: &Map<String, Value>) -> Result<()> {
        let mut names = [attribute::TERMINATION_A, attribute::TERMINATION_Z];
        if to == "Z" {
            names.reverse();
        }
        let key = keys::object(ObjectRef { kind: ObjectType::Circuit, id: circuit });
        let set = vec![(names[0], optional(Some(shown))?), (names[1], Change::Remove)];
        self.update(key, set, Condition::Exists, Refusal::Changed);
        Ok(())
    }

    /// Notes what a circuit's type looks like, if the circuit is still in this version. Bookkeeping.
    pub fn circuit_type(&mut self, circuit: &InventoryObject, shown: Option<&Map<String, Value>>) -> Result<()> {
        let condition = Condition::Version(circuit.revision.version);
        let set = vec![(attribute::CIRCUIT_TYPE, optional(shown)?)];
        self.update(keys::object(circuit.object()), set, condition, Refusal::Changed);
        Ok(())
    }

    /// Notes what an object is called that takes its name from another, if it is still in this version. Bookkeeping.
    pub fn object_display(&mut self, object: &InventoryObject, display: &str) {
        let condition = Condition::Version(object.revision.version);
        let set = vec![(attribute::DISPLAY, Change::Set(s(display)))];
        self.update(keys::object(object.object()), set, condition, Refusal::Changed);
    }
}
