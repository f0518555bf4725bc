//! The types of objects that Noticeboard knows, under NetBox's names and with stable content-type numbers.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::ObjectId;

macro_rules! object_types {
    ($($variant:ident = $number:literal, $app:literal, $model:literal, $label:literal;)*) => {
        /// A type of object: NetBox's `app_label.model` with the number that stands for it in integer payloads.
        ///
        /// The numbers are part of the contract: clients look them up once and keep them. Never renumber.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ObjectType {
            $(
                #[doc = $label]
                $variant,
            )*
        }

        impl ObjectType {
            /// Every type, by number.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The content-type number.
            pub fn number(self) -> u64 {
                match self { $(Self::$variant => $number,)* }
            }

            /// The Django application: `circuits`.
            pub fn app_label(self) -> &'static str {
                match self { $(Self::$variant => $app,)* }
            }

            /// The model within it: `circuit`.
            pub fn model(self) -> &'static str {
                match self { $(Self::$variant => $model,)* }
            }

            /// `circuits.circuit`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => concat!($app, ".", $model),)* }
            }

            /// The name for people.
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }

            /// The type with this name, in any case.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.as_str().eq_ignore_ascii_case(text))
            }

            /// The type with this number.
            pub fn from_number(number: u64) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

object_types! {
    Circuit = 10, "circuits", "circuit", "Circuit";
    Provider = 11, "circuits", "provider", "Provider";
    CircuitType = 12, "circuits", "circuittype", "Circuit Type";
    CircuitTermination = 13, "circuits", "circuittermination", "Circuit Termination";
    Device = 20, "dcim", "device", "Device";
    Interface = 21, "dcim", "interface", "Interface";
    PowerFeed = 22, "dcim", "powerfeed", "Power Feed";
    PowerPanel = 23, "dcim", "powerpanel", "Power Panel";
    Rack = 24, "dcim", "rack", "Rack";
    Site = 25, "dcim", "site", "Site";
    Region = 26, "dcim", "region", "Region";
    SiteGroup = 27, "dcim", "sitegroup", "Site Group";
    Location = 28, "dcim", "location", "Location";
    IpAddress = 30, "ipam", "ipaddress", "IP Address";
    Prefix = 31, "ipam", "prefix", "Prefix";
    VirtualMachine = 40, "virtualization", "virtualmachine", "Virtual Machine";
    VmInterface = 41, "virtualization", "vminterface", "VM Interface";
    Tag = 90, "extras", "tag", "Tag";
    JournalEntry = 91, "extras", "journalentry", "Journal Entry";
    Maintenance = 150, "notices", "maintenance", "Maintenance";
    Outage = 151, "notices", "outage", "Outage";
    Impact = 152, "notices", "impact", "Impact";
    EventNotification = 153, "notices", "eventnotification", "Event Notification";
}

impl fmt::Display for ObjectType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ObjectType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ObjectType {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("unknown object type {text}")))
    }
}

/// One object: its type and its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectRef {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: ObjectType,
    /// Its id within the type.
    pub id: ObjectId,
}

impl ObjectRef {
    /// The object of this type with this id.
    pub fn new(kind: ObjectType, id: impl Into<ObjectId>) -> Self {
        Self { kind, id: id.into() }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.id)
    }
}

/// The types that an impact may point at (behaviours 20), configured once at start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedTargets(Vec<ObjectType>);

impl Default for AllowedTargets {
    fn default() -> Self {
        Self(vec![ObjectType::Circuit, ObjectType::Device, ObjectType::PowerFeed, ObjectType::Site])
    }
}

impl AllowedTargets {
    /// Reads a comma-separated list such as `circuits.Circuit,dcim.Site`.
    ///
    /// # Errors
    /// Names the entry that is not a known type.
    pub fn parse(list: &str) -> Result<Self, String> {
        list.split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(|name| ObjectType::parse(name).ok_or_else(|| format!("'{name}' is not a known object type")))
            .collect::<Result<Vec<_>, _>>()
            .map(Self)
    }

    /// Whether an impact may point at this type.
    pub fn contains(&self, kind: ObjectType) -> bool {
        self.0.contains(&kind)
    }

    /// The allowed names, for messages.
    pub fn names(&self) -> String {
        self.0.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// The fields of an object that its changes are told by: all that it stores but its bookkeeping.
pub(crate) fn snapshot<T: Serialize>(object: &T) -> serde_json::Map<String, serde_json::Value> {
    match serde_json::to_value(object) {
        Ok(serde_json::Value::Object(mut fields)) => {
            fields.shift_remove("revision");
            fields
        }
        // Our own structs with string keys always serialise to an object.
        Ok(_) | Err(_) => serde_json::Map::new(),
    }
}
