//! The types of the inventory, each as a list of its fields in NetBox's order.
//!
//! A field is required only where Noticeboard itself needs it. What NetBox requires beside (a device's type and role) is
//! kept where it is given.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::field::{Choice, Field, FieldKind, without_addresses};
use super::place::{can_be_in, place};
use crate::filter::{Kind, Parameter};
use crate::ids::ObjectId;
use crate::object::ObjectType;

/// A type of the inventory.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// The type.
    pub kind: ObjectType,
    /// Its own fields, in the order in which they are shown; `tags`, `custom_fields` and the times follow.
    pub fields: &'static [Field],
    /// The field whose value is the object's text for people.
    pub display: &'static str,
    /// What no two objects share.
    pub unique: &'static [Unique],
    /// The fields that `q` searches.
    pub searched: &'static [&'static str],
    /// The fields of its brief form, beside `id`, `url` and `display`.
    pub brief: &'static [&'static str],
}

/// Fields whose values no two objects of a type have in common. Nothing is unique while one of them is empty, but for a
/// parent: objects without one are compared with each other.
#[derive(Debug, Clone, Copy)]
pub struct Unique {
    /// The fields.
    pub fields: &'static [&'static str],
    /// Whether text is compared without case.
    pub in_any_case: bool,
}

impl Schema {
    /// A field by its name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The label of a value of a choice.
    pub fn label(&self, field: &str, value: &str) -> Option<&'static str> {
        match self.field(field)?.kind {
            FieldKind::Choice(choices, _) => choices.iter().find(|(known, _)| *known == value).map(|(_, label)| *label),
            FieldKind::Text(_)
            | FieldKind::NullableText(_)
            | FieldKind::FreeText
            | FieldKind::Slug
            | FieldKind::Colour
            | FieldKind::OpenChoice
            | FieldKind::Integer(..)
            | FieldKind::Number(..)
            | FieldKind::Boolean(_)
            | FieldKind::Date
            | FieldKind::Host
            | FieldKind::Network
            | FieldKind::Reference(..)
            | FieldKind::Generic { .. }
            | FieldKind::Foreign(_)
            | FieldKind::ForeignList => None,
        }
    }

    /// The parameters of its lists. A reference has two: its id, and its slug (or name, where it has no slug).
    pub fn parameters(&self) -> &'static [Parameter] {
        static ALL: LazyLock<HashMap<ObjectType, Vec<Parameter>>> =
            LazyLock::new(|| TYPES.iter().map(|schema| (schema.kind, parameters(schema))).collect());
        ALL.get(&self.kind).map_or(&[], Vec::as_slice)
    }

    /// The fields that point at other objects of the inventory of one type, with that type.
    pub fn references(&self) -> impl Iterator<Item = (&'static str, ObjectType)> {
        self.fields.iter().filter_map(|field| {
            if let FieldKind::Reference(to, _) = field.kind { Some((field.name, to)) } else { None }
        })
    }

    /// Takes out of an object's fields where objects of types that Noticeboard does not keep are elsewhere: what was stored
    /// or recorded before these were left out of what is taken.
    pub fn without_addresses(&self, fields: &mut Map<String, Value>) {
        for field in self.fields {
            if let FieldKind::Foreign(_) | FieldKind::ForeignList = field.kind
                && let Some(value) = fields.get_mut(field.name)
            {
                without_addresses(value);
            }
        }
    }

    /// The values with which an object gives up what it alone has, made of its own texts; none of a type without texts that
    /// are unique.
    pub fn aside<'a>(&self, id: ObjectId, own: impl Fn(&str) -> &'a str) -> Map<String, Value> {
        // Text that a client chooses comes last in every rule.
        let names = self.unique.iter().filter_map(|rule| rule.fields.last()).filter(|name| !own(name).is_empty());
        let value = |name: &&str| Some(((*name).to_owned(), self.field(name)?.aside(own(name), id)?.into()));
        names.filter_map(value).collect()
    }

    /// The field that points at an object of any of several types, with the names of its type's and its id's fields.
    pub fn generic(&self) -> Option<(&'static str, &'static str, &'static str)> {
        self.fields.iter().find_map(|field| {
            if let FieldKind::Generic { kind, id } = field.kind { Some((field.name, kind, id)) } else { None }
        })
    }
}

/// Parameters about where an object is, also where that is said by another object. A type has those of the places that
/// its objects can be in.
pub const PLACES: [Parameter; 8] = [
    ("site_id", Kind::Id),
    ("site", Kind::Text),
    ("region_id", Kind::Id),
    ("region", Kind::Text),
    ("site_group_id", Kind::Id),
    ("site_group", Kind::Text),
    ("location_id", Kind::Id),
    ("location", Kind::Text),
];

fn parameters(schema: &Schema) -> Vec<Parameter> {
    let mut parameters: Vec<Parameter> = vec![
        ("id", Kind::Id),
        ("tag", Kind::Slugs),
        ("tag_id", Kind::Ids),
        ("created", Kind::Time),
        ("last_updated", Kind::Time),
        ("created_by_request", Kind::Uuid),
        ("updated_by_request", Kind::Uuid),
        ("modified_by_request", Kind::Uuid),
    ];
    for field in schema.fields {
        match field.kind {
            FieldKind::Text(_)
            | FieldKind::NullableText(_)
            | FieldKind::FreeText
            | FieldKind::Slug
            | FieldKind::Colour
            | FieldKind::Choice(..)
            | FieldKind::OpenChoice
            | FieldKind::Host
            | FieldKind::Network => parameters.push((field.name, Kind::Text)),
            FieldKind::Integer(..) | FieldKind::Number(..) => parameters.push((field.name, Kind::Number)),
            FieldKind::Boolean(_) => parameters.push((field.name, Kind::Bool)),
            FieldKind::Date => parameters.push((field.name, Kind::Time)),
            FieldKind::Reference(_, id) | FieldKind::Foreign(id) => {
                parameters.extend([(field.name, Kind::Text), (id, Kind::Id)]);
            }
            FieldKind::Generic { kind, id } => parameters.extend([(kind, Kind::Text), (id, Kind::Id)]),
            FieldKind::ForeignList => {}
        }
    }
    if matches!(schema.kind, ObjectType::IpAddress | ObjectType::Prefix) {
        parameters.push(("family", Kind::Number));
    }
    for (name, kind) in PLACES {
        let matches = place(name).is_some_and(|place| can_be_in(schema.kind, place));
        if matches && parameters.iter().all(|(known, _)| *known != name) {
            parameters.push((name, kind));
        }
    }
    parameters
}

const fn field(name: &'static str, kind: FieldKind) -> Field {
    Field { name, kind, required: false }
}

const fn text(name: &'static str, max: usize) -> Field {
    field(name, FieldKind::Text(max))
}

const fn choice(name: &'static str, choices: &'static [Choice], default: Option<&'static str>) -> Field {
    field(name, FieldKind::Choice(choices, default))
}

const fn open(name: &'static str) -> Field {
    field(name, FieldKind::OpenChoice)
}

const fn whole(name: &'static str, min: i64, max: i64) -> Field {
    field(name, FieldKind::Integer(min, max))
}

const fn number(name: &'static str, min: f64, max: f64) -> Field {
    field(name, FieldKind::Number(min, max))
}

const fn yes_no(name: &'static str, default: bool) -> Field {
    field(name, FieldKind::Boolean(default))
}

macro_rules! reference {
    ($name:literal, $to:ident) => {
        field($name, FieldKind::Reference(ObjectType::$to, concat!($name, "_id")))
    };
}

macro_rules! foreign {
    ($name:literal) => {
        field($name, FieldKind::Foreign(concat!($name, "_id")))
    };
}

macro_rules! generic {
    ($name:literal) => {
        field($name, FieldKind::Generic { kind: concat!($name, "_type"), id: concat!($name, "_id") })
    };
}

const fn required(mut field: Field) -> Field {
    field.required = true;
    field
}

/// The largest number of a database's integer field.
const INT: i64 = 2_147_483_647;
const NAME: Field = required(text("name", 100));
const SLUG: Field = required(field("slug", FieldKind::Slug));
const DESCRIPTION: Field = text("description", 200);
const COMMENTS: Field = field("comments", FieldKind::FreeText);
const LATITUDE: Field = number("latitude", -90.0, 90.0);
const LONGITUDE: Field = number("longitude", -180.0, 180.0);
const FACILITY: Field = text("facility", 50);
const NAMED: &[Unique] =
    &[Unique { fields: &["name"], in_any_case: false }, Unique { fields: &["slug"], in_any_case: false }];
const NAMED_BELOW: &[Unique] = &[
    Unique { fields: &["parent", "name"], in_any_case: false },
    Unique { fields: &["parent", "slug"], in_any_case: false },
];
const BRIEF: &[&str] = &["name", "slug", "description"];

const CIRCUIT_STATUSES: &[Choice] = &[
    ("planned", "Planned"),
    ("provisioning", "Provisioning"),
    ("active", "Active"),
    ("offline", "Offline"),
    ("deprovisioning", "Deprovisioning"),
    ("decommissioned", "Decommissioned"),
];
const SITE_STATUSES: &[Choice] = &[
    ("planned", "Planned"),
    ("staging", "Staging"),
    ("active", "Active"),
    ("decommissioning", "Decommissioning"),
    ("retired", "Retired"),
];
const DEVICE_STATUSES: &[Choice] = &[
    ("offline", "Offline"),
    ("active", "Active"),
    ("planned", "Planned"),
    ("staged", "Staged"),
    ("failed", "Failed"),
    ("inventory", "Inventory"),
    ("decommissioning", "Decommissioning"),
];
const MACHINE_STATUSES: &[Choice] = &[
    ("offline", "Offline"),
    ("active", "Active"),
    ("planned", "Planned"),
    ("staged", "Staged"),
    ("failed", "Failed"),
    ("decommissioning", "Decommissioning"),
    ("paused", "Paused"),
];
const RACK_STATUSES: &[Choice] = &[
    ("reserved", "Reserved"),
    ("available", "Available"),
    ("planned", "Planned"),
    ("active", "Active"),
    ("deprecated", "Deprecated"),
];
const FEED_STATUSES: &[Choice] =
    &[("offline", "Offline"), ("active", "Active"), ("planned", "Planned"), ("failed", "Failed")];
const ADDRESS_STATUSES: &[Choice] = &[
    ("active", "Active"),
    ("reserved", "Reserved"),
    ("deprecated", "Deprecated"),
    ("dhcp", "DHCP"),
    ("slaac", "SLAAC"),
];
const PREFIX_STATUSES: &[Choice] =
    &[("container", "Container"), ("active", "Active"), ("reserved", "Reserved"), ("deprecated", "Deprecated")];
const ADDRESS_ROLES: &[Choice] = &[
    ("loopback", "Loopback"),
    ("secondary", "Secondary"),
    ("anycast", "Anycast"),
    ("vip", "VIP"),
    ("vrrp", "VRRP"),
    ("hsrp", "HSRP"),
    ("glbp", "GLBP"),
    ("carp", "CARP"),
];
const MODES: &[Choice] =
    &[("access", "Access"), ("tagged", "Tagged"), ("tagged-all", "Tagged (All)"), ("q-in-q", "Q-in-Q (802.1ad)")];
const AIRFLOWS: &[Choice] = &[
    ("front-to-rear", "Front to rear"),
    ("rear-to-front", "Rear to front"),
    ("left-to-right", "Left to right"),
    ("right-to-left", "Right to left"),
    ("side-to-rear", "Side to rear"),
    ("rear-to-side", "Rear to side"),
    ("bottom-to-top", "Bottom to top"),
    ("top-to-bottom", "Top to bottom"),
    ("passive", "Passive"),
    ("mixed", "Mixed"),
];

static TYPES: &[Schema] = &[
    Schema {
        kind: ObjectType::Provider,
        fields: &[
            NAME,
            SLUG,
            field("accounts", FieldKind::ForeignList),
            DESCRIPTION,
            COMMENTS,
            field("asns", FieldKind::ForeignList),
        ],
        display: "name",
        unique: NAMED,
        searched: &["name", "slug", "description", "comments"],
        brief: BRIEF,
    },
    Schema {
        kind: ObjectType::CircuitType,
        fields: &[NAME, SLUG, field("color", FieldKind::Colour), DESCRIPTION, COMMENTS],
        display: "name",
        unique: NAMED,
        searched: &["name", "slug", "description", "comments"],
        brief: BRIEF,
    },
    Schema {
        kind: ObjectType::Circuit,
        fields: &[
            required(text("cid", 100)),
            required(reference!("provider", Provider)),
            foreign!("provider_account"),
            reference!("type", CircuitType),
            choice("status", CIRCUIT_STATUSES, Some("active")),
            foreign!("tenant"),
            field("install_date", FieldKind::Date),
            field("termination_date", FieldKind::Date),
            whole("commit_rate", 0, INT),
            DESCRIPTION,
            number("distance", 0.0, 999_999.99),
            choice("distance_unit", &[("km", "Kilometers"), ("m", "Meters"), ("mi", "Miles"), ("ft", "Feet")], None),
            COMMENTS,
        ],
        display: "cid",
        // Compared by the store as notices compare it: without blanks and case.
        unique: &[Unique { fields: &["provider", "cid"], in_any_case: true }],
        searched: &["cid", "description", "comments"],
        brief: &["provider", "cid", "description"],
    },
    Schema {
        kind: ObjectType::CircuitTermination,
        fields: &[
            required(reference!("circuit", Circuit)),
            required(choice("term_side", &[("A", "A"), ("Z", "Z")], None)),
            generic!("termination"),
            whole("port_speed", 0, INT),
            whole("upstream_speed", 0, INT),
            text("xconnect_id", 50),
            text("pp_info", 100),
            DESCRIPTION,
            yes_no("mark_connected", false),
        ],
        display: "term_side",
        unique: &[Unique { fields: &["circuit", "term_side"], in_any_case: false }],
        searched: &["xconnect_id", "pp_info", "description"],
        brief: &["circuit", "term_side", "description"],
    },
    Schema {
        kind: ObjectType::Region,
        fields: &[NAME, SLUG, reference!("parent", Region), DESCRIPTION, COMMENTS],
        display: "name",
        unique: NAMED_BELOW,
        searched: &["name", "slug", "description", "comments"],
        brief: BRIEF,
    },
    Schema {
        kind: ObjectType::SiteGroup,
        fields: &[NAME, SLUG, reference!("parent", SiteGroup), DESCRIPTION, COMMENTS],
        display: "name",
        unique: NAMED_BELOW,
        searched: &["name", "slug", "description", "comments"],
        brief: BRIEF,
    },
    Schema {
        kind: ObjectType::Site,
        fields: &[
            NAME,
            SLUG,
            choice("status", SITE_STATUSES, Some("active")),
            reference!("region", Region),
            reference!("group", SiteGroup),
            foreign!("tenant"),
            FACILITY,
            field("time_zone", FieldKind::NullableText(63)),
            DESCRIPTION,
            text("physical_address", 200),
            text("shipping_address", 200),
            LATITUDE,
            LONGITUDE,
            COMMENTS,
            field("asns", FieldKind::ForeignList),
        ],
        display: "name",
        unique: NAMED,
        searched: &["name", "slug", "facility", "description", "physical_address", "shipping_address", "comments"],
        brief: BRIEF,
    },
    Schema {
        kind: ObjectType::Location,
        fields: &[
            NAME,
            SLUG,
            required(reference!("site", Site)),
            reference!("parent", Location),
            choice("status", SITE_STATUSES, Some("active")),
            foreign!("tenant"),
            FACILITY,
            DESCRIPTION,
            COMMENTS,
        ],
        display: "name",
        unique: &[
            Unique { fields: &["site", "parent", "name"], in_any_case: false },
            Unique { fields: &["site", "parent", "slug"], in_any_case: false },
        ],
        searched: &["name", "slug", "facility", "description", "comments"],
        brief: BRIEF,
    },
    Schema {
        kind: ObjectType::Rack,
        fields: &[
            NAME,
            field("facility_id", FieldKind::NullableText(50)),
            reference!("site", Site),
            reference!("location", Location),
            foreign!("tenant"),
            choice("status", RACK_STATUSES, Some("active")),
            foreign!("role"),
            text("serial", 50),
            field("asset_tag", FieldKind::NullableText(50)),
            foreign!("rack_type"),
            open("form_factor"),
            open("width"),
            whole("u_height", 1, 100),
            whole("starting_unit", 1, 32_767),
            DESCRIPTION,
            COMMENTS,
        ],
        display: "name",
        unique: &[Unique { fields: &["location", "name"], in_any_case: false }],
        searched: &["name", "facility_id", "serial", "asset_tag", "description", "comments"],
        brief: &["name", "description"],
    },
    Schema {
        kind: ObjectType::Device,
        fields: &[
            field("name", FieldKind::NullableText(64)),
            foreign!("device_type"),
            foreign!("role"),
            foreign!("tenant"),
            foreign!("platform"),
            text("serial", 50),
            field("asset_tag", FieldKind::NullableText(50)),
            required(reference!("site", Site)),
            reference!("location", Location),
            reference!("rack", Rack),
            number("position", 0.5, 100.0),
            choice("face", &[("front", "Front"), ("rear", "Rear")], None),
            LATITUDE,
            LONGITUDE,
            choice("status", DEVICE_STATUSES, Some("active")),
            choice("airflow", AIRFLOWS, None),
            foreign!("primary_ip4"),
            foreign!("primary_ip6"),
            foreign!("oob_ip"),
            foreign!("cluster"),
            foreign!("virtual_chassis"),
            whole("vc_position", 0, 255),
            whole("vc_priority", 0, 255),
            DESCRIPTION,
            COMMENTS,
        ],
        display: "name",
        unique: &[Unique { fields: &["site", "tenant", "name"], in_any_case: true }],
        searched: &["name", "serial", "asset_tag", "description", "comments"],
        brief: &["name", "description"],
    },
    Schema {
        kind: ObjectType::Interface,
        fields: &[
            required(reference!("device", Device)),
            required(text("name", 64)),
            text("label", 64),
            open("type"),
            yes_no("enabled", true),
            reference!("parent", Interface),
            reference!("bridge", Interface),
            reference!("lag", Interface),
            whole("mtu", 1, 65_536),
            field("mac_address", FieldKind::NullableText(18)),
            whole("speed", 0, INT),
            open("duplex"),
            yes_no("mgmt_only", false),
            DESCRIPTION,
            choice("mode", MODES, None),
            foreign!("untagged_vlan"),
            field("tagged_vlans", FieldKind::ForeignList),
            yes_no("mark_connected", false),
            foreign!("vrf"),
        ],
        display: "name",
        unique: &[Unique { fields: &["device", "name"], in_any_case: false }],
        searched: &["name", "label", "mac_address", "description"],
        brief: &["device", "name", "description"],
    },
    Schema {
        kind: ObjectType::PowerPanel,
        fields: &[required(reference!("site", Site)), reference!("location", Location), NAME, DESCRIPTION, COMMENTS],
        display: "name",
        unique: &[Unique { fields: &["site", "name"], in_any_case: false }],
        searched: &["name", "description", "comments"],
        brief: &["name", "description"],
    },
    Schema {
        kind: ObjectType::PowerFeed,
        fields: &[
            required(reference!("power_panel", PowerPanel)),
            reference!("rack", Rack),
            NAME,
            choice("status", FEED_STATUSES, Some("active")),
            choice("type", &[("primary", "Primary"), ("redundant", "Redundant")], Some("primary")),
            choice("supply", &[("ac", "AC"), ("dc", "DC")], Some("ac")),
            choice("phase", &[("single-phase", "Single phase"), ("three-phase", "Three-phase")], Some("single-phase")),
            whole("voltage", -32_768, 32_767),
            whole("amperage", 1, 32_767),
            whole("max_utilization", 1, 100),
            yes_no("mark_connected", false),
            DESCRIPTION,
            foreign!("tenant"),
            COMMENTS,
        ],
        display: "name",
        unique: &[Unique { fields: &["power_panel", "name"], in_any_case: false }],
        searched: &["name", "description", "comments"],
        brief: &["name", "description"],
    },
    Schema {
        kind: ObjectType::IpAddress,
        fields: &[
            required(field("address", FieldKind::Host)),
            foreign!("vrf"),
            foreign!("tenant"),
            choice("status", ADDRESS_STATUSES, Some("active")),
            choice("role", ADDRESS_ROLES, None),
            generic!("assigned_object"),
            foreign!("nat_inside"),
            text("dns_name", 255),
            DESCRIPTION,
            COMMENTS,
        ],
        display: "address",
        unique: &[],
        searched: &["address", "dns_name", "description", "comments"],
        brief: &["family", "address", "description"],
    },
    Schema {
        kind: ObjectType::Prefix,
        fields: &[
            required(field("prefix", FieldKind::Network)),
            foreign!("vrf"),
            generic!("scope"),
            foreign!("tenant"),
            foreign!("vlan"),
            choice("status", PREFIX_STATUSES, Some("active")),
            foreign!("role"),
            yes_no("is_pool", false),
            yes_no("mark_utilized", false),
            DESCRIPTION,
            COMMENTS,
        ],
        display: "prefix",
        unique: &[],
        searched: &["prefix", "description", "comments"],
        brief: &["family", "prefix", "description"],
    },
    Schema {
        kind: ObjectType::VirtualMachine,
        fields: &[
            required(text("name", 64)),
            choice("status", MACHINE_STATUSES, Some("active")),
            reference!("site", Site),
            foreign!("cluster"),
            reference!("device", Device),
            text("serial", 50),
            foreign!("role"),
            foreign!("tenant"),
            foreign!("platform"),
            foreign!("primary_ip4"),
            foreign!("primary_ip6"),
            number("vcpus", 0.01, 9999.99),
            whole("memory", 0, INT),
            whole("disk", 0, INT),
            DESCRIPTION,
            COMMENTS,
        ],
        display: "name",
        unique: &[Unique { fields: &["cluster", "tenant", "name"], in_any_case: true }],
        searched: &["name", "serial", "description", "comments"],
        brief: &["name", "description"],
    },
    Schema {
        kind: ObjectType::VmInterface,
        fields: &[
            required(reference!("virtual_machine", VirtualMachine)),
            required(text("name", 64)),
            yes_no("enabled", true),
            reference!("parent", VmInterface),
            reference!("bridge", VmInterface),
            whole("mtu", 1, 65_536),
            field("mac_address", FieldKind::NullableText(18)),
            DESCRIPTION,
            choice("mode", MODES, None),
            foreign!("untagged_vlan"),
            field("tagged_vlans", FieldKind::ForeignList),
            foreign!("vrf"),
        ],
        display: "name",
        unique: &[Unique { fields: &["virtual_machine", "name"], in_any_case: false }],
        searched: &["name", "mac_address", "description"],
        brief: &["virtual_machine", "name", "description"],
    },
];

/// The types of the inventory, each after those that it points at.
pub fn kept() -> impl Iterator<Item = &'static Schema> {
    TYPES.iter()
}

/// A type of the inventory; none for events and what else is not part of it.
pub fn schema(kind: ObjectType) -> Option<&'static Schema> {
    TYPES.iter().find(|schema| schema.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_a_type_uses_is_a_field_of_it() {
        for (at, schema) in TYPES.iter().enumerate() {
            let names: Vec<&str> = schema.fields.iter().map(|field| field.name).collect();
            let known = |name: &&str| names.contains(name) || *name == "family";
            let uses = schema.unique.iter().flat_map(|unique| unique.fields).chain(schema.searched).chain(schema.brief);
            let unknown: Vec<&&str> = uses.chain([&schema.display]).filter(|name| !known(name)).collect();
            assert!(unknown.is_empty(), "{}: {unknown:?}", schema.kind);
            let mut sorted = names.clone();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), names.len(), "{}: a name twice", schema.kind);
            for (field, to) in schema.references() {
                let place = TYPES.iter().position(|schema| schema.kind == to);
                assert!(place.is_some_and(|place| place <= at), "{}: {field} points at a later type", schema.kind);
            }
        }
    }
}
