//! An object of the inventory: values for the fields of its type.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::field::FieldKind;
use super::schema::{Schema, Unique, schema};
use crate::change::Revision;
use crate::error::{Error, FieldErrors, Result};
use crate::event::{custom_field, tags_field};
use crate::filter::{FieldValue, Filterable};
use crate::ids::ObjectId;
use crate::object::{ObjectRef, ObjectType};

/// An object of the inventory.
///
/// Invariant: its values are those of its type's fields, each as [`super::Field::take`] gave it; references are ids.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Journaled", into = "Journaled")]
pub struct InventoryObject {
    schema: Known,
    /// Its id, NetBox's own where it was imported.
    pub id: ObjectId,
    values: Map<String, Value>,
    /// Slugs of tags.
    pub tags: Vec<String>,
    /// NetBox's custom fields.
    pub custom_fields: Map<String, Value>,
    /// Bookkeeping.
    pub revision: Revision,
}

/// A type that is known to be of the inventory.
#[derive(Debug, Clone, Copy)]
struct Known(&'static Schema);

impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        self.0.kind == other.0.kind
    }
}

/// An object with its type, where nothing else says it.
#[derive(Serialize, Deserialize)]
struct Journaled {
    kind: ObjectType,
    object: Map<String, Value>,
}

impl From<InventoryObject> for Journaled {
    fn from(object: InventoryObject) -> Self {
        Self { kind: object.kind(), object: object.stored() }
    }
}

impl TryFrom<Journaled> for InventoryObject {
    type Error = String;

    fn try_from(journaled: Journaled) -> std::result::Result<Self, String> {
        Self::from_stored(journaled.kind, journaled.object)
    }
}

/// New values for some of an object's fields.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InventoryChanges {
    /// Values by field, as they are stored.
    pub values: Map<String, Value>,
    /// See [`InventoryObject::tags`].
    pub tags: Option<Vec<String>>,
    /// Merged into the present ones.
    pub custom_fields: Option<Map<String, Value>>,
}

impl InventoryChanges {
    /// These values; fields without one stay as they are.
    pub fn of(values: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Self {
        let values = values.into_iter().filter_map(|(field, value)| Some((field.to_owned(), value?)));
        Self { values: values.collect(), ..Self::default() }
    }
}

const NULL: Value = Value::Null;

impl InventoryObject {
    /// A new object.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every field that is missing, or that contradicts another.
    pub fn new(schema: &'static Schema, id: ObjectId, changes: InventoryChanges, revision: Revision) -> Result<Self> {
        let mut errors = FieldErrors::default();
        for field in schema.fields.iter().filter(|field| field.required) {
            if !changes.values.contains_key(field.name) {
                errors.add(field.name, "This field is required.");
            }
        }
        errors.into_result()?;
        let empty = Self {
            schema: Known(schema),
            id,
            values: Map::new(),
            tags: Vec::new(),
            custom_fields: Map::new(),
            revision: revision.clone(),
        };
        empty.changed(changes, revision)
    }

    /// The object with some fields changed, as a new version.
    ///
    /// # Errors
    /// [`Error::Invalid`] where a field contradicts another.
    pub fn changed(&self, changes: InventoryChanges, revision: Revision) -> Result<Self> {
        let mut object = Self { revision, ..self.clone() };
        object.values.extend(changes.values);
        object.tags = changes.tags.unwrap_or(object.tags);
        object.custom_fields.extend(changes.custom_fields.unwrap_or_default());
        if let Some((_, kind, id)) = object.schema().generic() {
            match (object.value(kind).is_null(), object.value(id).is_null()) {
                (true, true) | (false, false) => {}
                (true, false) => return Err(Error::field(kind, "This field is required.")),
                (false, true) => return Err(Error::field(id, "This field is required.")),
            }
        }
        Ok(object.ordered())
    }

    /// The same object with every value in its place.
    fn ordered(mut self) -> Self {
        let mut values = Map::new();
        for field in self.schema.0.fields {
            if let FieldKind::Generic { kind, id } = field.kind {
                for name in [kind, id] {
                    values.insert(name.to_owned(), self.values.remove(name).unwrap_or_default());
                }
            } else {
                let value = self.values.remove(field.name).unwrap_or_else(|| field.default());
                values.insert(field.name.to_owned(), value);
            }
        }
        self.values = values;
        self
    }

    /// Its type.
    pub fn kind(&self) -> ObjectType {
        self.schema.0.kind
    }

    /// Its type's fields.
    pub fn schema(&self) -> &'static Schema {
        self.schema.0
    }

    /// The object as what others point at.
    pub fn object(&self) -> ObjectRef {
        ObjectRef { kind: self.kind(), id: self.id }
    }

    /// The value of a field; null for a field that it does not have.
    pub fn value(&self, field: &str) -> &Value {
        self.values.get(field).unwrap_or(&NULL)
    }

    /// The text of a field; empty where it has none.
    pub fn text(&self, field: &str) -> &str {
        self.value(field).as_str().unwrap_or_default()
    }

    /// Its text for people. (A termination's needs its circuit's as well; that is the store's to keep.)
    pub fn display(&self) -> String {
        match self.text(self.schema().display) {
            // A device may be without a name.
            "" => format!("{} {}", self.kind().label(), self.id),
            text if self.kind() == ObjectType::CircuitTermination => format!("Termination {text}"),
            text => text.to_owned(),
        }
    }

    /// What tells it from others, for those that show it: its id, its text for people, and its brief fields without those
    /// that point further.
    pub fn brief(&self, display: &str) -> Map<String, Value> {
        let mut brief = Map::new();
        brief.insert("id".to_owned(), self.id.get().into());
        brief.insert("display".to_owned(), display.into());
        for name in self.schema().brief {
            let field = self.schema().field(name);
            if *name == "family" {
                brief.insert((*name).to_owned(), self.family().into());
            } else if field.is_some_and(|field| !matches!(field.kind, FieldKind::Reference(..))) {
                brief.insert((*name).to_owned(), self.value(name).clone());
            }
        }
        brief
    }

    /// The object that a field points at.
    pub fn reference(&self, field: &str) -> Option<ObjectRef> {
        let to = self.schema().references().find(|(name, _)| *name == field).map(|(_, to)| to)?;
        let id = self.value(field).as_u64()?.try_into().ok()?;
        Some(ObjectRef { kind: to, id })
    }

    /// What its field for any of several types points at, where Noticeboard keeps that type.
    pub fn generic(&self) -> Option<ObjectRef> {
        let (_, kind, id) = self.schema().generic()?;
        let kind = ObjectType::parse(self.value(kind).as_str()?).filter(|kind| schema(*kind).is_some())?;
        Some(ObjectRef { kind, id: self.value(id).as_u64()?.try_into().ok()? })
    }

    /// Every object that it points at, with the field.
    pub fn points_at(&self) -> Vec<(&'static str, ObjectRef)> {
        let plain = self.schema().references().filter_map(|(field, _)| Some((field, self.reference(field)?)));
        let generic = self.schema().generic().and_then(|(_, _, id)| Some((id, self.generic()?)));
        plain.chain(generic).collect()
    }

    /// What makes it unique: for each rule its fields with their values; none where one of these is empty.
    pub fn unique(&self) -> Vec<(&'static Unique, String)> {
        let key = |unique: &'static Unique| {
            let mut parts: Vec<String> = Vec::new();
            for field in unique.fields {
                parts.push(match self.value(field) {
                    // Objects without a parent or a tenant are compared with each other.
                    Value::Null if matches!(*field, "parent" | "tenant") => String::new(),
                    Value::Null => return None,
                    Value::String(text) if text.is_empty() => return None,
                    Value::String(text) if unique.in_any_case => text.to_lowercase(),
                    Value::String(text) => text.clone(),
                    Value::Object(object) => object.get("id").or_else(|| object.get("value"))?.to_string(),
                    number @ (Value::Bool(_) | Value::Number(_) | Value::Array(_)) => number.to_string(),
                });
            }
            // Text that a client chooses comes last in every rule, so that no separator in it can reach into another.
            Some((unique, parts.join("#")))
        };
        self.schema().unique.iter().filter_map(key).collect()
    }

    /// The object as it is stored.
    pub fn stored(&self) -> Map<String, Value> {
        let mut stored = self.snapshot();
        // Our own structs with string keys always serialise.
        stored.insert("revision".to_owned(), serde_json::to_value(&self.revision).unwrap_or_default());
        stored
    }

    /// Reads an object as it was stored.
    ///
    /// # Errors
    /// Says what cannot be read.
    pub fn from_stored(kind: ObjectType, mut stored: Map<String, Value>) -> std::result::Result<Self, String> {
        let schema = schema(kind).ok_or_else(|| format!("{kind} is no type of the inventory"))?;
        let mut take = |name: &str| stored.remove(name).unwrap_or_default();
        let revision = serde_json::from_value(take("revision")).map_err(|error| format!("revision: {error}"))?;
        let id = serde_json::from_value(take("id")).map_err(|error| format!("id: {error}"))?;
        let tags = serde_json::from_value(take("tags")).unwrap_or_default();
        let custom_fields = serde_json::from_value(take("custom_fields")).unwrap_or_default();
        schema.without_addresses(&mut stored);
        Ok(Self { schema: Known(schema), id, values: stored, tags, custom_fields, revision }.ordered())
    }

    /// The fields that the changelog compares.
    pub fn snapshot(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("id".to_owned(), self.id.get().into());
        fields.extend(self.values.clone());
        fields.insert("tags".to_owned(), self.tags.clone().into());
        fields.insert("custom_fields".to_owned(), self.custom_fields.clone().into());
        fields
    }

    /// 4 or 6, of an address or a prefix.
    pub fn family(&self) -> Option<u8> {
        let address: IpAddr = self.text(self.schema().display).split('/').next()?.parse().ok()?;
        Some(if address.is_ipv4() { 4 } else { 6 })
    }
}

/// A value as filters see it.
fn value(value: &Value) -> FieldValue<'_> {
    match value {
        Value::Null => FieldValue::None,
        Value::Bool(value) => FieldValue::Bool(*value),
        Value::Number(number) => FieldValue::optional(number.as_f64(), FieldValue::Number),
        Value::String(text) => FieldValue::text(text),
        Value::Array(values) => FieldValue::Many(values.iter().map(self::value).collect()),
        // A choice with its label, or an object of a type that Noticeboard does not keep.
        Value::Object(fields) => match (fields.get("value"), fields.get("slug")) {
            (Some(plain), _) | (None, Some(plain)) => self::value(plain),
            (None, None) => FieldValue::None,
        },
    }
}

impl Filterable for InventoryObject {
    fn id(&self) -> u64 {
        self.id.get()
    }

    fn field(&self, name: &str) -> FieldValue<'_> {
        match name {
            "id" => FieldValue::id(self.id),
            "tag" => tags_field(&self.tags),
            "created" => FieldValue::Time(self.revision.created),
            "last_updated" => FieldValue::Time(self.revision.last_updated),
            "family" => FieldValue::optional(self.family(), |family| FieldValue::Number(family.into())),
            name => match self.schema().field(name).map(|field| field.kind) {
                Some(FieldKind::Date) => FieldValue::optional(crate::time::parse(self.text(name)), FieldValue::Time),
                Some(_) => value(self.value(name)),
                None => self.other_field(name),
            },
        }
    }
}

impl InventoryObject {
    /// A field by the name of a filter that is not the field's own: `site_id`, `termination_type`, `tenant_id`, `cf_…`.
    fn other_field(&self, name: &str) -> FieldValue<'_> {
        for field in self.schema().fields {
            if let FieldKind::Reference(_, id) = field.kind
                && id == name
            {
                return value(self.value(field.name));
            }
            if let FieldKind::Foreign(id) = field.kind
                && id == name
            {
                let found = self.value(field.name);
                return value(found.get("id").unwrap_or(found));
            }
            if let FieldKind::Generic { kind, id } = field.kind
                && (kind == name || id == name)
            {
                return value(self.value(name));
            }
        }
        custom_field(&self.custom_fields, name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_elsewhere_that_were_stored_are_not_read() {
        let actor = json!({"user": "u", "request_id": "r", "origin": "Web", "detail": "d"});
        let mut change = json!({"id": 1, "at": "2026-01-01T00:00:00Z"});
        change.as_object_mut().unwrap().extend(actor.as_object().unwrap().clone());
        let at = "2026-01-01T00:00:00Z";
        let stored = json!({"id": 7, "site": 1, "role": {"id": 3, "url": "http://a/3/", "name": "Router"},
                            "revision": {"version": 1, "created": at, "last_updated": at, "change": change}});
        let Value::Object(stored) = stored else { panic!() };
        let device = InventoryObject::from_stored(ObjectType::Device, stored).unwrap();
        assert_eq!(device.value("role"), &json!({"id": 3, "name": "Router"}));
    }
}
