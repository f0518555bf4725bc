//! Items: attribute names, and the conversion of objects to items and back.
//!
//! An object is stored as JSON text in one attribute (`data`), beside the few attributes that keys, indexes and
//! conditions need: one attribute is decoded many times faster than thirty, and indexes copy it as it is.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use noticeboard_domain::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::keys::Key;

/// An item as the SDK has it.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// Attribute names.
pub(crate) mod attribute {
    pub(crate) const PK: &str = "PK";
    pub(crate) const SK: &str = "SK";
    /// What the item is; see [`super::kind`].
    pub(crate) const TYPE: &str = "type";
    /// The version of the item's shape, so that a later program can tell old items.
    pub(crate) const SCHEMA: &str = "schema";
    /// The object, as JSON.
    pub(crate) const DATA: &str = "data";
    /// The object's version.
    pub(crate) const VERSION: &str = "version";
    /// The object's text for people.
    pub(crate) const DISPLAY: &str = "display";
    /// `OPEN` or `FROZEN`: whether an event takes changes to its impacts.
    pub(crate) const IMPACTS: &str = "impacts";
    /// How many impacts an event has.
    pub(crate) const IMPACT_COUNT: &str = "impact_count";
    /// Rises with every change of what belongs to an event, so that its validator changes with them.
    pub(crate) const CHILDREN: &str = "children";
    /// When that last happened apart from a change of the event itself.
    pub(crate) const CHILDREN_AT: &str = "children_at";
    /// The place of the newest notice that spoke of an event.
    pub(crate) const NOTICE_ORDER: &str = "notice_order";
    /// What a circuit is shown with.
    pub(crate) const CIRCUIT_TYPE: &str = "circuit_type";
    pub(crate) const TERMINATION_A: &str = "termination_a";
    pub(crate) const TERMINATION_Z: &str = "termination_z";
    /// Set on an event whose deletion has begun: it is gone for every reader.
    pub(crate) const DELETING: &str = "deleting";
    /// When the item may vanish by itself (Unix seconds).
    pub(crate) const EXPIRES: &str = "expires";
    /// What filters need of an event.
    pub(crate) const COMPACT: &str = "compact";
    pub(crate) const BY_KIND: [&str; 2] = ["GSI1PK", "GSI1SK"];
    pub(crate) const BY_STATUS: [&str; 2] = ["GSI2PK", "GSI2SK"];
    pub(crate) const BY_OWNER: [&str; 2] = ["GSI3PK", "GSI3SK"];
    pub(crate) const BY_SHARD: [&str; 2] = ["GSI4PK", "GSI4SK"];
}

/// Values of the attribute `type`; objects of the inventory have the names of their models.
pub(crate) mod kind {
    pub(crate) const MAINTENANCE: &str = "maintenance";
    pub(crate) const OUTAGE: &str = "outage";
    pub(crate) const IMPACT: &str = "impact";
    pub(crate) const NOTIFICATION: &str = "eventnotification";
    pub(crate) const TAG: &str = "tag";
    pub(crate) const JOURNAL_ENTRY: &str = "journalentry";
    pub(crate) const CHANGE: &str = "change";
    pub(crate) const REVIEW: &str = "review";
    pub(crate) const TOKEN: &str = "token";
    pub(crate) const JOURNAL: &str = "journal";
    pub(crate) const JOB: &str = "job";
    /// Names, windows, pointers, markers, tombstones, counters: items that only help to find or to guard others.
    pub(crate) const HELPER: &str = "helper";
}

/// Largest object as it is stored, in bytes of JSON. An item of the table ends at 400 KB; the record of a change holds
/// the object before and after, and an event's item repeats a part of it.
pub const MAX_OBJECT_BYTES: usize = 180 * 1024;

const SCHEMA_VERSION: u64 = 1;

/// A part of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice<T> {
    /// The elements.
    pub items: Vec<T>,
    /// Whether there are more behind them.
    pub more: bool,
}

/// Where a list that is read in chunks goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume(pub(crate) String);

/// A chunk of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunk<T> {
    /// The elements.
    pub items: Vec<T>,
    /// Where the next chunk begins; none at the end.
    pub next: Option<Resume>,
}

/// Text.
pub(crate) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A number.
pub(crate) fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// An item under construction.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) key: Key,
    pub(crate) attributes: Attributes,
}

impl Item {
    pub(crate) fn new(key: &Key, kind: &str) -> Self {
        let mut item = Self { key: key.clone(), attributes: key_attributes(key) };
        item.set(attribute::TYPE, s(kind));
        item.set(attribute::SCHEMA, n(SCHEMA_VERSION));
        item
    }

    /// An item that helps to find or to guard others.
    pub(crate) fn helper(key: &Key) -> Self {
        Self::new(key, kind::HELPER)
    }

    pub(crate) fn set(&mut self, name: &str, value: AttributeValue) {
        self.attributes.insert(name.to_owned(), value);
    }

    pub(crate) fn with(mut self, name: &str, value: AttributeValue) -> Self {
        self.set(name, value);
        self
    }

    pub(crate) fn index(mut self, names: [&str; 2], pk: impl Into<String>, sk: impl Into<String>) -> Self {
        self.set(names[0], s(pk));
        self.set(names[1], s(sk));
        self
    }

    /// An object that changes are recorded of.
    pub(crate) fn object<T: Serialize>(mut self, object: &T) -> Result<Self> {
        self.set(attribute::DATA, s(encode_object(object)?));
        Ok(self)
    }

    pub(crate) fn data<T: Serialize>(mut self, object: &T) -> Result<Self> {
        self.set(attribute::DATA, s(encode(object)?));
        Ok(self)
    }
}

pub(crate) fn key_attributes(key: &Key) -> Attributes {
    HashMap::from([(attribute::PK.to_owned(), s(&key.pk)), (attribute::SK.to_owned(), s(&key.sk))])
}

pub(crate) fn encode<T: Serialize>(object: &T) -> Result<String> {
    serde_json::to_string(object).map_err(Error::internal)
}

/// Encodes an object that changes are recorded of.
pub(crate) fn encode_object<T: Serialize>(object: &T) -> Result<String> {
    let encoded = encode(object)?;
    if encoded.len() > MAX_OBJECT_BYTES {
        return Err(Error::TooLarge { what: "The object", limit: MAX_OBJECT_BYTES, name: "MAX_OBJECT_BYTES" });
    }
    Ok(encoded)
}

pub(crate) fn text<'a>(item: &'a Attributes, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

pub(crate) fn integer(item: &Attributes, name: &str) -> Option<u64> {
    item.get(name).and_then(|value| value.as_n().ok()).and_then(|number| number.parse().ok())
}

/// Decodes the object of an item.
pub(crate) fn decode<T: DeserializeOwned>(item: &Attributes) -> Result<T> {
    decode_attribute(item, attribute::DATA)
}

pub(crate) fn decode_attribute<T: DeserializeOwned>(item: &Attributes, name: &str) -> Result<T> {
    let data = text(item, name).ok_or_else(|| broken(item, &format!("no text in {name}")))?;
    serde_json::from_str(data).map_err(|error| broken(item, &format!("{name}: {error}")))
}

pub(crate) fn broken(item: &Attributes, what: &str) -> Error {
    let (pk, sk) = (text(item, attribute::PK).unwrap_or("?"), text(item, attribute::SK).unwrap_or("?"));
    Error::internal(format!("item {pk} / {sk} cannot be read: {what}"))
}
