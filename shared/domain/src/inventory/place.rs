//! Where objects can be: which types are inside others.

use crate::object::ObjectType;

/// The types that are where an object of this type is, because they point at it.
pub fn inside(kind: ObjectType) -> &'static [ObjectType] {
    use ObjectType::{
        CircuitTermination, Device, Interface, IpAddress, Location, PowerFeed, PowerPanel, Prefix, Rack, Region, Site,
        SiteGroup, VirtualMachine, VmInterface,
    };
    match kind {
        Region => &[Region, Site, CircuitTermination, Prefix],
        SiteGroup => &[SiteGroup, Site, CircuitTermination, Prefix],
        Site => &[Location, Rack, Device, PowerPanel, VirtualMachine, CircuitTermination, Prefix],
        Location => &[Location, Rack, Device, PowerPanel, CircuitTermination, Prefix],
        PowerPanel => &[PowerFeed],
        Device => &[Interface],
        VirtualMachine => &[VmInterface],
        Interface | VmInterface => &[IpAddress],
        ObjectType::Circuit
        | ObjectType::Provider
        | ObjectType::CircuitType
        | CircuitTermination
        | PowerFeed
        | Rack
        | IpAddress
        | Prefix
        | ObjectType::Tag
        | ObjectType::JournalEntry
        | ObjectType::Maintenance
        | ObjectType::Outage
        | ObjectType::Impact
        | ObjectType::EventNotification => &[],
    }
}

/// Whether something of a wanted type can be inside an object of this type.
pub fn leads_to(kind: ObjectType, wanted: &impl Fn(ObjectType) -> bool) -> bool {
    inside(kind).iter().any(|part| {
        wanted(*part)
            || (*part == ObjectType::CircuitTermination && wanted(ObjectType::Circuit))
            || (*part != kind && leads_to(*part, wanted))
    })
}

/// The type of place that a parameter names.
pub fn place(field: &str) -> Option<ObjectType> {
    match field {
        "site" | "site_id" => Some(ObjectType::Site),
        "region" | "region_id" => Some(ObjectType::Region),
        "site_group" | "site_group_id" => Some(ObjectType::SiteGroup),
        "location" | "location_id" => Some(ObjectType::Location),
        _ => None,
    }
}

/// Whether objects of a type can be in a place of this type.
pub(super) fn can_be_in(kind: ObjectType, place: ObjectType) -> bool {
    // A provider is where its circuits end.
    let kind = if kind == ObjectType::Provider { ObjectType::Circuit } else { kind };
    kind == place || leads_to(place, &|part| part == kind)
}
