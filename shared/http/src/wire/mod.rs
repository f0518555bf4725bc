//! The shapes of NetBox Notices on the wire: what clients send and what they get, key by key.

pub mod change;
pub mod event;
pub mod impact;
pub mod import;
pub mod inventory;
pub mod job;
pub mod journal;
pub mod notification;
pub mod object_type;
pub mod predecessor;
pub mod review;
pub mod tag;
pub mod token;

use noticeboard_domain::object::ObjectType;
use noticeboard_domain::time::{Time, rfc3339};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{SchemaType, Type};

/// Where objects of a type live, below the public address; none for types without a resource of their own.
pub fn path(kind: ObjectType) -> Option<&'static str> {
    Some(match kind {
        ObjectType::Maintenance => "/api/plugins/notices/maintenance/",
        ObjectType::Outage => "/api/plugins/notices/outage/",
        ObjectType::Impact => "/api/plugins/notices/impact/",
        ObjectType::EventNotification => "/api/plugins/notices/eventnotification/",
        ObjectType::Tag => "/api/extras/tags/",
        ObjectType::JournalEntry => "/api/extras/journal-entries/",
        ObjectType::Provider => "/api/circuits/providers/",
        ObjectType::Circuit => "/api/circuits/circuits/",
        ObjectType::CircuitType => "/api/circuits/circuit-types/",
        ObjectType::CircuitTermination => "/api/circuits/circuit-terminations/",
        ObjectType::Region => "/api/dcim/regions/",
        ObjectType::SiteGroup => "/api/dcim/site-groups/",
        ObjectType::Site => "/api/dcim/sites/",
        ObjectType::Location => "/api/dcim/locations/",
        ObjectType::Rack => "/api/dcim/racks/",
        ObjectType::Device => "/api/dcim/devices/",
        ObjectType::Interface => "/api/dcim/interfaces/",
        ObjectType::PowerPanel => "/api/dcim/power-panels/",
        ObjectType::PowerFeed => "/api/dcim/power-feeds/",
        ObjectType::IpAddress => "/api/ipam/ip-addresses/",
        ObjectType::Prefix => "/api/ipam/prefixes/",
        ObjectType::VirtualMachine => "/api/virtualization/virtual-machines/",
        ObjectType::VmInterface => "/api/virtualization/interfaces/",
    })
}

/// The address of an object.
pub fn url(base: &str, kind: ObjectType, id: u64) -> Option<String> {
    path(kind).map(|path| format!("{base}{path}{id}/"))
}

/// The address of an object of a type that has a resource; empty for one that has none.
pub(crate) fn address(base: &str, kind: ObjectType, id: u64) -> String {
    url(base, kind, id).unwrap_or_default()
}

/// One of these, in the published document.
pub(crate) fn choices(values: impl Iterator<Item = &'static str>) -> utoipa::openapi::Object {
    utoipa::openapi::ObjectBuilder::new().schema_type(Type::String).enum_values(Some(values)).build()
}

/// One of these or null, in the published document.
pub(crate) fn nullable_choices(values: impl Iterator<Item = &'static str>) -> utoipa::openapi::Object {
    let types = SchemaType::from_iter([Type::String, Type::Null]);
    utoipa::openapi::ObjectBuilder::new().schema_type(types).enum_values(Some(values.map(Some).chain([None]))).build()
}

pub(crate) fn time(time: Time) -> String {
    rfc3339(time)
}

pub(crate) fn optional_time(value: Option<Time>) -> Option<String> {
    value.map(rfc3339)
}

/// A choice of NetBox's own objects. (Those of NetBox Notices have plain strings.)
#[derive(Debug, Serialize, ToSchema)]
pub struct Choice {
    value: &'static str,
    label: &'static str,
}

/// A user, who has a name and nothing else here.
#[derive(Debug, Serialize, ToSchema)]
pub struct User {
    display: String,
    username: String,
}

impl User {
    pub(crate) fn named(name: &str) -> Self {
        Self { display: name.to_owned(), username: name.to_owned() }
    }
}
