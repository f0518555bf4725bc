//! The inventory through HTTP: every type with its NetBox shape, its rules, its lists, and where things are.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use noticeboard_app::Settings;
use noticeboard_domain::object::AllowedTargets;
use noticeboard_tests::{Answer, Client, Server, eventually};
use serde_json::{Value, json};

const MAINTENANCE: &str = "/api/plugins/notices/maintenance/";
const IMPACT: &str = "/api/plugins/notices/impact/";
const PROVIDERS: &str = "/api/circuits/providers/";
const TYPES: &str = "/api/circuits/circuit-types/";
const CIRCUITS: &str = "/api/circuits/circuits/";
const TERMINATIONS: &str = "/api/circuits/circuit-terminations/";
const REGIONS: &str = "/api/dcim/regions/";
const GROUPS: &str = "/api/dcim/site-groups/";
const SITES: &str = "/api/dcim/sites/";
const LOCATIONS: &str = "/api/dcim/locations/";
const RACKS: &str = "/api/dcim/racks/";
const DEVICES: &str = "/api/dcim/devices/";
const INTERFACES: &str = "/api/dcim/interfaces/";
const PANELS: &str = "/api/dcim/power-panels/";
const FEEDS: &str = "/api/dcim/power-feeds/";
const ADDRESSES: &str = "/api/ipam/ip-addresses/";
const PREFIXES: &str = "/api/ipam/prefixes/";
const MACHINES: &str = "/api/virtualization/virtual-machines/";
const VM_INTERFACES: &str = "/api/virtualization/interfaces/";

trait Make {
    fn make(&self, path: &str, body: Value) -> u64;
    fn ids(&self, path: &str) -> Vec<u64>;
    fn error(&self, method: &str, path: &str, body: Value, expected: Value);
}

impl Make for Client {
    #[track_caller]
    fn make(&self, path: &str, body: Value) -> u64 {
        self.post(path, &body).expect(201)["id"].as_u64().unwrap()
    }

    /// The ids of a list, in the order of the ids.
    #[track_caller]
    fn ids(&self, path: &str) -> Vec<u64> {
        let mut ids: Vec<u64> = self.all(path).iter().map(|found| found["id"].as_u64().unwrap()).collect();
        ids.sort_unstable();
        ids
    }

    #[track_caller]
    fn error(&self, method: &str, path: &str, body: Value, expected: Value) {
        let answer = self.send(method, path, &[("content-type", "application/json")], body.to_string().as_bytes());
        assert_eq!((answer.status, answer.json()), (400, expected), "{method} {path} {body}");
    }
}

fn named(name: &str) -> Value {
    json!({"name": name, "slug": name.to_lowercase().replace(' ', "-")})
}

fn with(mut body: Value, more: Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// One object of every type, in their dependency order, and what each needs to be made.
fn one_of_each(server: &Client) -> Vec<(&'static str, u64, Value)> {
    let mut made: Vec<(&'static str, u64, Value)> = Vec::new();
    let mut make = |path: &'static str, body: Value| {
        let id = server.make(path, body.clone());
        made.push((path, id, body));
        id
    };
    let provider = make(PROVIDERS, named("Zayo"));
    let kind = make(TYPES, with(named("Dark Fibre"), json!({"color": "00ff00"})));
    let circuit = make(CIRCUITS, json!({"cid": "IC-1", "provider": provider, "type": kind}));
    let region = make(REGIONS, named("Europe"));
    let group = make(GROUPS, named("Core"));
    let site = make(SITES, with(named("Riga 1"), json!({"region": region, "group": group})));
    let location = make(LOCATIONS, with(named("Hall 1"), json!({"site": site})));
    make(
        TERMINATIONS,
        json!({"circuit": circuit, "term_side": "A", "termination_type": "dcim.site", "termination_id": site}),
    );
    let rack = make(RACKS, json!({"name": "R1", "site": site, "location": location}));
    let device = make(
        DEVICES,
        json!({"name": "core1", "site": site, "location": location, "rack": rack, "role": {"id": 3, "name": "Router"}}),
    );
    let interface = make(INTERFACES, json!({"device": device, "name": "xe-0/0/0", "type": "10gbase-x-sfpp"}));
    let panel = make(PANELS, json!({"site": site, "location": location, "name": "P1"}));
    make(FEEDS, json!({"power_panel": panel, "rack": rack, "name": "F1"}));
    make(
        ADDRESSES,
        json!({"address": "192.0.2.1/24", "assigned_object_type": "dcim.interface", "assigned_object_id": interface}),
    );
    make(PREFIXES, json!({"prefix": "192.0.2.0/24", "scope_type": "dcim.site", "scope_id": site}));
    let machine = make(MACHINES, json!({"name": "vm1", "site": site}));
    make(VM_INTERFACES, json!({"virtual_machine": machine, "name": "eth0"}));
    made
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn every_type_is_made_read_changed_and_deleted() {
    let server = Server::memory();
    let made = one_of_each(&server);
    for (path, id, body) in &made {
        let one = format!("{path}{id}/");
        let found = server.get(&one);
        assert!(found.header("etag").starts_with("\"1."), "{path}");
        let found = found.expect(200);
        assert_eq!(found["url"], format!("{}{one}", server.url), "{path}");
        assert_eq!(found["display_url"], format!("{}{}", server.url, one.replace("/api/", "/")), "{path}");
        assert_eq!(keys(&found)[..4], ["id", "url", "display_url", "display"], "{path}");
        assert!(keys(&found).ends_with(&["tags", "custom_fields", "created", "last_updated"]), "{path}");
        // Every type is in its list, whole and brief.
        assert_eq!(server.all(path), std::slice::from_ref(&found), "{path}");
        let brief = &server.get(&format!("{path}?brief=1")).expect(200)["results"][0];
        assert_eq!(keys(brief)[..3], ["id", "url", "display"], "{path}");
        assert!(
            brief.get("tags").is_none() && brief.as_object().unwrap().iter().all(|(key, value)| found[key] == *value)
        );
        // The whole object, sent back as it came, is the same object: nothing changes.
        let same = server.put(&one, &found);
        assert_eq!(same.json(), found, "{path}");
        // A change of one field.
        let changed = server.patch(&one, &json!({"description": "new", "unknown": 1})).expect(200);
        assert_eq!(changed["description"], "new", "{path}");
        assert_ne!(changed["last_updated"], found["last_updated"], "{path}");
        let stale = [("if-match", "\"1.0\""), ("content-type", "application/json")];
        assert_eq!(server.send("PATCH", &one, &stale, b"{\"description\":\"x\"}").status, 412, "{path}");
        // PUT needs what is required.
        let Value::Object(required) = server.put(&one, &json!({})).expect(400) else { panic!("{path}") };
        assert!(required.values().all(|message| *message == json!(["This field is required."])), "{path}");
        assert!(required.keys().all(|field| body.get(field).is_some()), "{path}: {required:?}");
        assert_eq!(server.post(path, &json!({})).expect(400), Value::Object(required), "{path}");
        assert_eq!(server.send("HEAD", &one, &[], b"").status, 200, "{path}");
        assert_eq!(server.get(&format!("{path}999/")).status, 404, "{path}");
        assert_eq!(server.get(&format!("{path}x/")).status, 404, "{path}");
        assert_eq!(server.send("POST", &one, &[], b"{}").status, 405, "{path}");
    }
    // What others point at stays; from the end, nothing is pointed at.
    let protected = ["providers/", "sites/", "devices/", "interfaces/", "power-panels/", "circuit-types/", "circuits/"];
    for (path, id, _) in made.iter().filter(|(path, ..)| protected.iter().any(|end| path.ends_with(end))) {
        let one = format!("{path}{id}/");
        if !path.ends_with("virtualization/interfaces/") {
            let refused = server.delete(&one).expect(409);
            assert!(refused["detail"].as_str().unwrap().starts_with("Unable to delete object. "), "{path}: {refused}");
        }
    }
    for (path, id, _) in made.iter().rev() {
        server.delete(&format!("{path}{id}/")).expect(204);
        assert_eq!(server.get(&format!("{path}{id}/")).status, 404, "{path}");
        assert_eq!(server.all(path), Vec::<Value>::new(), "{path}");
    }
    // Each change is on record.
    let told = eventually("the changes of 17 objects", || {
        let changes = server.all("/api/core/object-changes/");
        (changes.len() == 3 * made.len()).then_some(changes)
    });
    let site = told.iter().find(|change| change["changed_object_type"] == "dcim.site").unwrap();
    assert_eq!((&site["action"]["value"], &site["object_repr"]), (&json!("delete"), &json!("Riga 1")));
}

#[test]
fn objects_have_the_shapes_of_netbox() {
    let server = Server::memory();
    let made = one_of_each(&server);
    let get = |path: &str| {
        let (_, id, _) = made.iter().find(|(known, ..)| *known == path).unwrap();
        server.get(&format!("{path}{id}/")).expect(200)
    };
    let brief = |path: &str, more: Value| {
        let found = get(path);
        let brief = json!({"id": found["id"], "url": found["url"], "display": found["display"]});
        with(brief, more)
    };
    let text = |name: &str, slug: &str| json!({"name": name, "slug": slug, "description": ""});
    let site = brief(SITES, text("Riga 1", "riga-1"));

    let circuit = get(CIRCUITS);
    assert_eq!(
        keys(&circuit),
        [
            "id",
            "url",
            "display_url",
            "display",
            "cid",
            "provider",
            "provider_account",
            "type",
            "status",
            "tenant",
            "install_date",
            "termination_date",
            "commit_rate",
            "description",
            "distance",
            "distance_unit",
            "termination_a",
            "termination_z",
            "comments",
            "tags",
            "custom_fields",
            "created",
            "last_updated"
        ]
    );
    assert_eq!(circuit["type"], brief(TYPES, text("Dark Fibre", "dark-fibre")));
    assert_eq!(circuit["provider"], brief(PROVIDERS, text("Zayo", "zayo")));
    assert_eq!(circuit["status"], json!({"value": "active", "label": "Active"}));
    let termination = get(TERMINATIONS);
    assert_eq!(termination["display"], "IC-1: Termination A");
    assert_eq!(termination["term_side"], "A");
    assert_eq!(termination["circuit"], brief(CIRCUITS, json!({"cid": "IC-1", "description": ""})));
    assert_eq!(
        (&termination["termination_type"], &termination["termination_id"], &termination["termination"]),
        (&json!("dcim.site"), &site["id"], &site)
    );
    let end = &circuit["termination_a"];
    for key in ["id", "url", "display_url", "display", "termination_type", "termination_id", "termination"] {
        assert_eq!(end[key], termination[key], "{key}");
    }
    assert_eq!(circuit["termination_z"], Value::Null);

    let device = get(DEVICES);
    assert_eq!(device["site"], site);
    assert_eq!(device["location"], brief(LOCATIONS, text("Hall 1", "hall-1")));
    assert_eq!(device["rack"], brief(RACKS, json!({"name": "R1", "description": ""})));
    assert_eq!(device["role"], json!({"id": 3, "name": "Router"}), "given back as it came");
    assert_eq!(
        (&device["status"]["value"], &device["face"], &device["device_type"]),
        (&json!("active"), &Value::Null, &Value::Null)
    );
    let interface = get(INTERFACES);
    assert_eq!(interface["type"], json!({"value": "10gbase-x-sfpp", "label": "10gbase-x-sfpp"}));
    assert_eq!((&interface["enabled"], &interface["mgmt_only"]), (&json!(true), &json!(false)));
    let address = get(ADDRESSES);
    assert_eq!(keys(&address)[4..6], ["family", "address"]);
    assert_eq!(address["family"], json!({"value": 4, "label": "IPv4"}));
    assert_eq!(address["assigned_object"], brief(INTERFACES, json!({"name": "xe-0/0/0", "description": ""})));
    assert_eq!(get(PREFIXES)["scope"], site);
    assert_eq!(get(SITES)["region"], brief(REGIONS, text("Europe", "europe")));
    assert_eq!(get(FEEDS)["phase"], json!({"value": "single-phase", "label": "Single phase"}));
    assert_eq!(keys(&server.get("/api/dcim/").expect(200)).len(), 9);

    // The target of an impact is the whole circuit, with all of this (behaviours 16).
    let provider = circuit["provider"]["id"].as_u64().unwrap();
    let event = server.make(MAINTENANCE, maintenance(provider, "M-1"));
    let impact = json!({"maintenance": event, "content_type": "circuits.circuit", "object_id": circuit["id"], "impact": "OUTAGE"});
    assert_eq!(server.post(IMPACT, &impact).expect(201)["target"], circuit);
}

fn maintenance(provider: u64, name: &str) -> Value {
    json!({"name": name, "summary": "fibre splice", "provider": provider, "status": "CONFIRMED",
           "start": "2026-12-01T02:00:00Z", "end": "2026-12-01T06:00:00Z"})
}

#[test]
fn values_that_are_wrong_are_named() {
    let server = Server::memory();
    let site = server.make(SITES, named("Riga 1"));
    let other = server.make(SITES, named("Riga 2"));
    let hall = server.make(LOCATIONS, with(named("Hall 1"), json!({"site": site})));
    let bad = |path: &str, body: Value, field: &str, message: &str| {
        server.error("POST", path, body, json!({field: [message]}));
    };
    let missing = "Related object not found using the provided numeric ID: 999";
    bad(SITES, with(named("A"), json!({"status": "no"})), "status", "\"no\" is not a valid choice.");
    bad(SITES, with(named("A"), json!({"latitude": 91})), "latitude", "Ensure this value is less than or equal to 90.");
    bad(
        SITES,
        with(named("A"), json!({"description": "x".repeat(201)})),
        "description",
        "Ensure this field has no more than 200 characters.",
    );
    bad(SITES, with(named("A"), json!({"region": 999})), "region", missing);
    bad(
        SITES,
        with(named("A"), json!({"region": {"slug": "x"}})),
        "region",
        "Related object not found using the provided attributes: {'slug': 'x'}",
    );
    bad(
        SITES,
        with(named("A"), json!({"region": "x"})),
        "region",
        "Related objects must be referenced by numeric ID or by dictionary of attributes. Received an unrecognized value: x",
    );
    bad(
        SITES,
        with(named("A"), json!({"slug": "a b"})),
        "slug",
        "Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens.",
    );
    bad(SITES, json!({"name": null, "slug": "a"}), "name", "This field may not be null.");
    bad(SITES, json!({"name": "Riga 1", "slug": "a"}), "name", "Site with this name already exists.");
    bad(SITES, json!({"name": "A", "slug": "riga-1"}), "slug", "Site with this slug already exists.");
    bad(DEVICES, json!({"name": "d"}), "site", "This field is required.");
    bad(DEVICES, json!({"name": "d", "site": 999}), "site", missing);
    bad(
        DEVICES,
        json!({"name": "d", "site": other, "location": hall}),
        "location",
        "Location Hall 1 does not belong to the site.",
    );
    bad(
        DEVICES,
        json!({"name": "d", "site": site, "role": "router"}),
        "role",
        "Related objects must be referenced by numeric ID or by dictionary of attributes, not \"router\".",
    );
    bad(DEVICES, json!({"name": "d", "site": site, "vc_position": "x"}), "vc_position", "A valid integer is required.");
    bad(
        PREFIXES,
        json!({"prefix": "192.0.2.1/24"}),
        "prefix",
        "192.0.2.1/24 is not a valid prefix. Did you mean the network that it lies in?",
    );
    bad(ADDRESSES, json!({"address": "192.0.2.300/24"}), "address", "Invalid IP address format: 192.0.2.300/24");
    bad(
        ADDRESSES,
        json!({"address": "192.0.2.3/24", "assigned_object_id": 3}),
        "assigned_object_type",
        "This field is required.",
    );
    bad(
        ADDRESSES,
        json!({"address": "192.0.2.3/24", "assigned_object_type": "dcim.interface"}),
        "assigned_object_id",
        "This field is required.",
    );
    bad(
        ADDRESSES,
        json!({"address": "192.0.2.3/24", "assigned_object_type": "dcim.interface", "assigned_object_id": 999}),
        "assigned_object_id",
        missing,
    );
    bad(
        ADDRESSES,
        json!({"address": "192.0.2.3/24", "assigned_object_type": "nonsense", "assigned_object_id": 1}),
        "assigned_object_type",
        "Invalid content type: nonsense",
    );
    bad(
        SITES,
        with(named("A"), json!({"tags": [{"slug": "x"}]})),
        "tags",
        "Related object not found using the provided attributes: {'slug': 'x'}",
    );
    assert_eq!(server.ids(SITES), [site, other]);

    // Names are unique where NetBox has them so, and no further.
    let device = server.make(DEVICES, json!({"name": "core1", "site": site}));
    bad(DEVICES, json!({"name": "CORE1", "site": site}), "__all__", "Device name must be unique per site.");
    server.make(DEVICES, json!({"name": "core1", "site": other}));
    server.make(DEVICES, json!({"site": site}));
    server.make(DEVICES, json!({"site": site}));
    server.make(INTERFACES, json!({"device": device, "name": "xe-0"}));
    bad(
        INTERFACES,
        json!({"device": device, "name": "xe-0"}),
        "__all__",
        "The fields device, name must make a unique set.",
    );
    let europe = server.make(REGIONS, named("Europe"));
    let asia = server.make(REGIONS, named("Asia"));
    let north = server.make(REGIONS, with(named("North"), json!({"parent": europe})));
    server.make(REGIONS, with(named("North"), json!({"parent": asia})));
    bad(
        REGIONS,
        json!({"name": "North", "slug": "n", "parent": europe}),
        "__all__",
        "The fields parent, name must make a unique set.",
    );
    bad(
        REGIONS,
        json!({"name": "N", "slug": "north", "parent": europe}),
        "__all__",
        "The fields parent, slug must make a unique set.",
    );
    // A name that is given up is free.
    server.patch(&format!("{SITES}{site}/"), &json!({"name": "Riga One"})).expect(200);
    server.patch(&format!("{SITES}{other}/"), &json!({"name": "Riga 1"})).expect(200);
    // Nothing lies above itself.
    server.error(
        "PATCH",
        &format!("{REGIONS}{europe}/"),
        json!({"parent": europe}),
        json!({"parent": ["Cannot assign self or child region as parent."]}),
    );
    let far = server.make(REGIONS, with(named("Far"), json!({"parent": north})));
    server.error(
        "PATCH",
        &format!("{REGIONS}{europe}/"),
        json!({"parent": far}),
        json!({"parent": ["Cannot assign self or child region as parent."]}),
    );
    // A slug that several have names none of them.
    let slug = json!({"parent": {"slug": "north"}});
    server.error(
        "PATCH",
        &format!("{REGIONS}{asia}/"),
        slug,
        json!({"parent": ["Multiple objects match the provided attributes: {'slug': 'north'}"]}),
    );
    server.patch(&format!("{REGIONS}{far}/"), &json!({"parent": {"name": "North", "parent": asia}})).expect(200);
}

#[test]
fn references_are_named_in_several_ways() {
    let server = Server::memory();
    let site = server.make(SITES, named("Riga 1"));
    let device = server.make(DEVICES, json!({"name": "core1", "site": {"slug": "riga-1"}}));
    let check = |reference: Value| {
        let changed = server.patch(&format!("{DEVICES}{device}/"), &json!({"site": reference})).expect(200);
        assert_eq!(changed["site"]["id"], site, "{reference}");
    };
    check(json!(site));
    check(json!(site.to_string()));
    check(json!({"name": "Riga 1"}));
    check(json!({"id": site}));
    check(json!({"name": "Riga 1", "slug": "riga-1"}));
    let interface = server.make(INTERFACES, json!({"device": {"name": "core1"}, "name": "xe-0"}));
    let nested = server
        .make(INTERFACES, json!({"device": {"name": "core1", "site": site}, "name": "xe-1", "lag": {"name": "xe-0"}}));
    assert_eq!(server.get(&format!("{INTERFACES}{nested}/")).expect(200)["lag"]["id"], interface);
    let cleared = server.patch(&format!("{INTERFACES}{nested}/"), &json!({"lag": null})).expect(200);
    assert_eq!(cleared["lag"], Value::Null);
    // A type that Noticeboard does not keep is taken as it comes; a number names a type as well.
    let address = json!({"address": "192.0.2.9/32", "assigned_object_type": "ipam.fhrpgroup", "assigned_object_id": 4});
    let made = server.post(ADDRESSES, &address).expect(201);
    assert_eq!(
        (&made["assigned_object_type"], &made["assigned_object_id"], &made["assigned_object"]),
        (&json!("ipam.fhrpgroup"), &json!(4), &Value::Null)
    );
    let moved = json!({"assigned_object_type": 21, "assigned_object_id": interface});
    let moved = server.patch(&format!("{ADDRESSES}{}/", made["id"]), &moved).expect(200);
    assert_eq!(
        (&moved["assigned_object_type"], &moved["assigned_object"]["id"]),
        (&json!("dcim.interface"), &json!(interface))
    );
}

#[test]
fn a_circuit_shows_what_has_become_of_its_neighbours() {
    let server = Server::memory();
    let provider = server.provider("Zayo", "zayo");
    let kind = server.make(TYPES, named("Fibre"));
    let (first, second) = (server.make(SITES, named("Riga 1")), server.make(SITES, named("Riga 2")));
    let circuit =
        |cid: &str| server.make(CIRCUITS, json!({"cid": cid, "provider": provider, "type": {"slug": "fibre"}}));
    let (one, two) = (circuit("IC-1"), circuit("IC-2"));
    let end = |circuit: u64, side: &str, site: u64| {
        let body =
            json!({"circuit": circuit, "term_side": side, "termination_type": "dcim.site", "termination_id": site});
        server.make(TERMINATIONS, body)
    };
    let get = |circuit: u64| server.get(&format!("{CIRCUITS}{circuit}/"));
    let ends = |circuit: u64| {
        let found = get(circuit).expect(200);
        ["termination_a", "termination_z"].map(|side| found[side]["termination"]["display"].as_str().map(str::to_owned))
    };
    let version = get(one).header("etag").split('.').next().unwrap().to_owned();
    let (a, z) = (end(one, "A", first), end(one, "Z", second));
    let some = |name: &str| Some(name.to_owned());
    assert_eq!(ends(one), [some("Riga 1"), some("Riga 2")]);
    // That is bookkeeping: the circuit's own version stays, its validator changes.
    assert_eq!(get(one).header("etag").split('.').next().unwrap(), version);
    // A site that is renamed is renamed there too, and so is a type.
    server.patch(&format!("{SITES}{first}/"), &json!({"name": "Riga One"})).expect(200);
    assert_eq!(ends(one), [some("Riga One"), some("Riga 2")]);
    server.patch(&format!("{TYPES}{kind}/"), &json!({"name": "Dark fibre"})).expect(200);
    for circuit in [one, two] {
        assert_eq!(get(circuit).expect(200)["type"]["name"], "Dark fibre");
    }
    // A circuit that is renamed renames its terminations.
    server.patch(&format!("{CIRCUITS}{one}/"), &json!({"cid": "IC-9"})).expect(200);
    for (id, name) in [(a, "IC-9: Termination A"), (z, "IC-9: Termination Z")] {
        assert_eq!(server.get(&format!("{TERMINATIONS}{id}/")).expect(200)["display"], name);
    }
    // A side that is taken is refused; one that is left is free; a termination that moves is shown where it is.
    let taken = json!({"circuit": one, "term_side": "Z"});
    server.error(
        "POST",
        TERMINATIONS,
        taken.clone(),
        json!({"__all__": ["The fields circuit, term_side must make a unique set."]}),
    );
    server.patch(&format!("{TERMINATIONS}{z}/"), &json!({"circuit": two})).expect(200);
    assert_eq!((ends(one), ends(two)), ([some("Riga One"), None], [None, some("Riga 2")]));
    server.patch(&format!("{TERMINATIONS}{z}/"), &json!({"term_side": "A"})).expect(200);
    assert_eq!(ends(two), [some("Riga 2"), None]);
    server.patch(&format!("{TERMINATIONS}{z}/"), &json!({"termination_id": first})).expect(200);
    assert_eq!(ends(two), [some("Riga One"), None]);
    let refused = server.delete(&format!("{CIRCUITS}{two}/")).expect(409);
    assert_eq!(
        refused["detail"],
        format!("Unable to delete object. 1 dependent object was found: IC-2: Termination A ({z})")
    );
    server.delete(&format!("{TERMINATIONS}{z}/")).expect(204);
    assert_eq!(ends(two), [None, None]);
    server.delete(&format!("{CIRCUITS}{two}/")).expect(204);
    // Both sides of one circuit, and of several, in one request.
    let many: Vec<u64> = (0..40).map(|n| circuit(&format!("B-{n}"))).collect();
    let both = many.iter().flat_map(|circuit| {
        [("A", first), ("Z", second)].map(|(side, site)| {
            json!({"circuit": circuit, "term_side": side, "termination_type": "dcim.site", "termination_id": site})
        })
    });
    server.post(TERMINATIONS, &Value::Array(both.collect())).expect(201);
    for circuit in many {
        assert_eq!(ends(circuit), [some("Riga One"), some("Riga 2")]);
    }
}

#[test]
fn what_others_need_is_not_deleted() {
    let server = Server::start(Settings {
        allowed_targets: AllowedTargets::parse("dcim.site,circuits.circuit").unwrap(),
        ..Settings::default()
    });
    let provider = server.provider("Zayo", "zayo");
    let site = server.make(SITES, named("Riga 1"));
    let devices: Vec<u64> =
        (0..12).map(|n| server.make(DEVICES, json!({"name": format!("d{n:02}"), "site": site}))).collect();
    let one = format!("{SITES}{site}/");
    let refused = server.delete(&one).expect(409)["detail"].as_str().unwrap().to_owned();
    assert!(refused.starts_with("Unable to delete object. 12 dependent objects were found: "), "{refused}");
    assert!(refused.ends_with(", …") && refused.matches("d0").count() >= 8, "{refused}");
    let body: Vec<Value> = devices.iter().map(|id| json!({"id": id})).collect();
    assert_eq!(
        server
            .send("DELETE", DEVICES, &[("content-type", "application/json")], Value::Array(body).to_string().as_bytes())
            .status,
        204
    );
    let event = server.make(MAINTENANCE, maintenance(provider, "M-1"));
    let impact = server.make(
        IMPACT,
        json!({"maintenance": event, "content_type": "dcim.site", "object_id": site, "impact": "OUTAGE"}),
    );
    let refused = server.delete(&one).expect(409);
    assert_eq!(refused["detail"], format!("Unable to delete object. 1 dependent object was found: M-1 ({impact})"));
    assert_eq!(server.delete(&format!("{PROVIDERS}{provider}/")).status, 409);
    server.delete(&format!("{IMPACT}{impact}/")).expect(204);
    server.delete(&one).expect(204);
}

#[test]
fn several_are_written_together_or_not_at_all() {
    let server = Server::memory();
    let site = server.make(SITES, named("Riga 1"));
    let send = |method: &str, body: &Value| -> Answer {
        server.send(method, DEVICES, &[("content-type", "application/json")], body.to_string().as_bytes())
    };
    let device = |n: usize| json!({"name": format!("d{n}"), "site": site});
    // More than one transaction holds.
    let many = Value::Array((0..250).map(device).collect());
    let made = send("POST", &many).expect(201);
    let ids: Vec<u64> = made.as_array().unwrap().iter().map(|made| made["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), 250);
    assert_eq!(made[249]["name"], "d249");
    // One that is wrong, by itself or beside another, and nothing is done.
    let wrong = json!([device(300), {"name": "d301"}, device(7), device(302), device(302)]);
    let unique = json!({"__all__": ["Device name must be unique per site."]});
    assert_eq!(
        send("POST", &json!([device(300), {"name": "d301"}])).expect(400),
        json!([{}, {"site": ["This field is required."]}])
    );
    assert_eq!(send("POST", &json!([wrong[0], wrong[2]])).expect(400), json!([{}, unique]));
    assert_eq!(send("POST", &json!([wrong[3], wrong[4]])).expect(400), json!([{}, unique]));
    assert_eq!(server.ids(DEVICES).len(), 250);
    // Changes; what does not exist is left out, what is the same stays as it is.
    let changes = json!([{"id": ids[0], "serial": "S"}, {"id": 999, "serial": "S"}, {"id": ids[1], "name": "d1"}]);
    let changed = send("PATCH", &changes).expect(200);
    let shown: Vec<(u64, &str)> = changed
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["id"].as_u64().unwrap(), c["serial"].as_str().unwrap()))
        .collect();
    assert_eq!(shown, [(ids[0], "S"), (ids[1], "")]);
    assert_eq!(
        send("PATCH", &json!([{"id": ids[0], "serial": "T"}, {"id": ids[1], "name": "d2"}])).expect(400),
        unique
    );
    assert_eq!(server.get(&format!("{DEVICES}{}/", ids[0])).expect(200)["serial"], "S");
    // More than a thousand, and bodies of other shapes.
    assert_eq!(send("POST", &Value::Array((0..1001).map(device).collect())).status, 413);
    assert_eq!(send("PATCH", &json!({"id": 1})).status, 400);
    let all: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
    assert_eq!(send("DELETE", &Value::Array(all)).status, 204);
    assert_eq!(server.ids(DEVICES), Vec::<u64>::new());
    // A region and what lies in it go together.
    let above = server.make(REGIONS, named("Europe"));
    let below = server.make(REGIONS, with(named("North"), json!({"parent": above})));
    let both = json!([{"id": above}, {"id": below}]).to_string();
    assert_eq!(server.send("DELETE", REGIONS, &[("content-type", "application/json")], both.as_bytes()).status, 204);
    assert_eq!(server.ids(REGIONS), Vec::<u64>::new());
}

#[test]
fn lists_find_what_they_name() {
    let server = Server::memory();
    let (zayo, lumen) = (server.provider("Zayo", "zayo"), server.provider("Lumen", "lumen"));
    let kind = server.make(TYPES, named("Fibre"));
    let tag = server.make("/api/extras/tags/", named("Core"));
    let circuit = |cid: &str, provider: u64, more: Value| {
        server.make(CIRCUITS, with(json!({"cid": cid, "provider": provider}), more))
    };
    let one = circuit(
        "IC-1",
        zayo,
        json!({"commit_rate": 1000, "install_date": "2026-01-01", "custom_fields": {"owner": "noc"}}),
    );
    let two = circuit("IC-2", zayo, json!({"status": "planned", "type": kind, "tags": [tag]}));
    let three = circuit("IC-1", lumen, json!({"description": "to Tallinn"}));
    let check = |query: &str, expected: &[u64]| {
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(server.ids(&format!("{CIRCUITS}?{query}")), expected, "{query}");
    };
    check("", &[one, two, three]);
    check("cid=IC-1", &[one, three]);
    check("cid=ic-1", &[]);
    check("cid__ie=ic-1", &[one, three]);
    check("cid__ic=c-2", &[two]);
    check("cid__n=IC-1", &[two]);
    check("cid__isw=ic&cid__iew=2", &[two]);
    check(&format!("provider_id={zayo}"), &[one, two]);
    check(&format!("provider_id={zayo}&cid=IC-1"), &[one]);
    check(&format!("provider_id__n={zayo}"), &[three]);
    check(&format!("provider_id={zayo}&provider_id={lumen}"), &[one, two, three]);
    check("provider=lumen", &[three]);
    check("provider__n=lumen", &[one, two]);
    check("type=fibre", &[two]);
    check(&format!("type_id={kind}"), &[two]);
    check("status=planned", &[two]);
    check("status=planned&status=active", &[one, two, three]);
    check("tag=core", &[two]);
    check(&format!("tag_id={tag}"), &[two]);
    check("commit_rate__gte=1000", &[one]);
    check("commit_rate__empty=true", &[two, three]);
    check("install_date__lt=2026-02-01", &[one]);
    check("description__ic=tallinn", &[three]);
    check("q=TALLINN", &[three]);
    check("cf_owner=noc", &[one]);
    check(&format!("id={one}&id={three}"), &[one, three]);
    check("created__gt=2099-01-01", &[]);
    let made = server.post(CIRCUITS, &json!({"cid": "IC-9", "provider": zayo}));
    let (request, made) = (made.header("x-request-id").to_owned(), made.expect(201)["id"].as_u64().unwrap());
    eventually("the record of a change", || {
        (server.ids(&format!("{CIRCUITS}?created_by_request={request}")) == [made]).then_some(())
    });
    check(&format!("updated_by_request={request}"), &[]);
    server.delete(&format!("{CIRCUITS}{made}/")).expect(204);
    check("nonsense=1", &[one, two, three]);
    let refused = |path: &str, query: &str, expected: Value| {
        assert_eq!(server.get(&format!("{path}?{query}")).expect(400), expected, "{query}");
    };
    let choice = |value: &str| json!([format!("Select a valid choice. {value} is not one of the available choices.")]);
    refused(CIRCUITS, "provider=nobody", json!({"provider": choice("nobody")}));
    refused(CIRCUITS, "provider_id=999", json!({"provider_id": choice("999")}));
    refused(CIRCUITS, "type_id=999", json!({"type_id": choice("999")}));
    refused(CIRCUITS, "commit_rate__gte=x", json!({"commit_rate__gte": ["Enter a number."]}));
    refused(DEVICES, "site_id=999", json!({"site_id": choice("999")}));
    refused(SITES, "region=nowhere", json!({"region": choice("nowhere")}));
    // Order, pages and shapes.
    let names = |query: &str| -> Vec<String> {
        let page = server.get(&format!("{CIRCUITS}?{query}")).expect(200);
        page["results"].as_array().unwrap().iter().map(|found| found["cid"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(""), ["IC-1", "IC-1", "IC-2"]);
    assert_eq!(names("ordering=-cid"), ["IC-2", "IC-1", "IC-1"]);
    assert_eq!(names("limit=1&offset=2"), ["IC-2"]);
    let page = server.get(&format!("{CIRCUITS}?limit=2&cid__ic=IC")).expect(200);
    assert_eq!((&page["count"], page["next"].is_string()), (&json!(3), true));
    let cursor = server.get(&format!("{CIRCUITS}?limit=2&start=0")).expect(200);
    assert_eq!((&cursor["count"], cursor["results"].as_array().unwrap().len()), (&Value::Null, 2));
    assert_eq!(server.ids(&format!("{CIRCUITS}?start=0")), server.ids(CIRCUITS));
    let shape = &server.get(&format!("{CIRCUITS}?fields=cid,status")).expect(200)["results"][0];
    assert_eq!(keys(shape), ["cid", "status"]);
    assert_eq!(
        keys(&server.get(&format!("{CIRCUITS}?brief=1")).expect(200)["results"][0]),
        ["id", "url", "display", "cid", "provider", "description"]
    );
    // Names that begin alike are other names.
    server.make(SITES, named("Riga"));
    server.make(SITES, json!({"name": "Riga#1", "slug": "r1"}));
    assert_eq!(server.ids(&format!("{SITES}?name=Riga")).len(), 1);
    assert_eq!(server.ids(&format!("{SITES}?name={}", "x".repeat(3000))).len(), 0);
}

#[test]
fn what_is_in_a_place_is_found_there() {
    let every = AllowedTargets::parse(
        "circuits.circuit,dcim.device,dcim.powerfeed,dcim.site,dcim.rack,dcim.interface,ipam.ipaddress,ipam.prefix,\
         virtualization.virtualmachine,virtualization.vminterface",
    );
    let server = Server::start(Settings { allowed_targets: every.unwrap(), ..Settings::default() });
    let provider = server.provider("Zayo", "zayo");
    let europe = server.make(REGIONS, named("Europe"));
    let latvia = server.make(REGIONS, with(named("Latvia"), json!({"parent": europe})));
    let group = server.make(GROUPS, named("Core"));
    let below = server.make(GROUPS, with(named("Edge"), json!({"parent": group})));
    let riga = server.make(SITES, with(named("Riga"), json!({"region": latvia, "group": below})));
    let oslo = server.make(SITES, named("Oslo"));
    let hall = server.make(LOCATIONS, with(named("Hall"), json!({"site": riga})));
    let cage = server.make(LOCATIONS, with(named("Cage"), json!({"site": riga, "parent": hall})));
    let end = |circuit: u64, side: &str, kind: &str, id: u64| {
        server.make(
            TERMINATIONS,
            json!({"circuit": circuit, "term_side": side, "termination_type": kind, "termination_id": id}),
        )
    };
    let circuit = server.circuit(provider, "IC-1");
    let a = end(circuit, "A", "dcim.site", riga);
    end(circuit, "Z", "dcim.site", oslo);
    let caged = server.circuit(provider, "IC-2");
    end(caged, "A", "dcim.location", cage);
    let nowhere = server.circuit(provider, "IC-3");
    let rack = server.make(RACKS, json!({"name": "R1", "site": riga, "location": cage}));
    let device = server.make(DEVICES, json!({"name": "core1", "site": riga, "location": hall}));
    let interface = server.make(INTERFACES, json!({"device": device, "name": "xe-0"}));
    let address = server.make(
        ADDRESSES,
        json!({"address": "192.0.2.1/24", "assigned_object_type": "dcim.interface", "assigned_object_id": interface}),
    );
    let prefix =
        server.make(PREFIXES, json!({"prefix": "192.0.2.0/24", "scope_type": "dcim.region", "scope_id": latvia}));
    let panel = server.make(PANELS, json!({"name": "P1", "site": riga, "location": hall}));
    let feed = server.make(FEEDS, json!({"name": "F1", "power_panel": panel}));
    let machine = server.make(MACHINES, json!({"name": "vm1", "site": oslo}));
    let eth = server.make(VM_INTERFACES, json!({"virtual_machine": machine, "name": "eth0"}));
    let targets = [
        ("circuits.circuit", circuit),
        ("circuits.circuit", caged),
        ("circuits.circuit", nowhere),
        ("dcim.site", riga),
        ("dcim.rack", rack),
        ("dcim.device", device),
        ("dcim.interface", interface),
        ("ipam.ipaddress", address),
        ("ipam.prefix", prefix),
        ("dcim.powerfeed", feed),
        ("virtualization.virtualmachine", machine),
        ("virtualization.vminterface", eth),
    ];
    // One event for each target; and its one impact.
    let events: Vec<(u64, u64, u64)> = targets
        .iter()
        .map(|(kind, target)| {
            let event = server.make(MAINTENANCE, maintenance(provider, &format!("M-{target}")));
            let body = json!({"maintenance": event, "content_type": kind, "object_id": target, "impact": "OUTAGE"});
            (*target, event, server.make(IMPACT, body))
        })
        .collect();
    let check = |query: &str, expected: &[u64]| {
        let found = |pick: fn(&(u64, u64, u64)) -> u64| {
            let mut ids: Vec<u64> = events.iter().filter(|event| expected.contains(&event.0)).map(pick).collect();
            ids.sort_unstable();
            ids
        };
        assert_eq!(server.ids(&format!("{MAINTENANCE}?{query}")), found(|event| event.1), "{query}");
        assert_eq!(server.ids(&format!("{IMPACT}?{query}")), found(|event| event.2), "{query}");
        assert_eq!(server.ids(&format!("/api/plugins/notices/outage/?{query}")), Vec::<u64>::new(), "{query}");
    };
    let in_riga = [circuit, caged, riga, rack, device, interface, address, feed];
    let in_latvia = [circuit, caged, riga, rack, device, interface, address, feed, prefix];
    let in_hall = [caged, rack, device, interface, address, feed];
    check(&format!("site_id={riga}"), &in_riga);
    check("site=riga", &in_riga);
    check(&format!("site_id={oslo}"), &[circuit, machine, eth]);
    let both: Vec<u64> = in_riga.into_iter().chain([machine, eth]).collect();
    check(&format!("site_id={riga}&site_id={oslo}"), &both);
    check(&format!("site_id={riga}&site=oslo"), &[circuit]);
    check(&format!("region_id={europe}"), &in_latvia);
    check("region=latvia", &in_latvia);
    check(&format!("site_group_id={group}"), &in_riga);
    check("site_group=edge", &in_riga);
    check(&format!("location_id={hall}"), &in_hall);
    check("location=cage", &[caged, rack]);
    check(&format!("region_id={europe}&location_id={cage}"), &[caged, rack]);
    check(&format!("site_id__n={riga}"), &[nowhere, prefix, machine, eth]);
    assert_eq!(server.ids(&format!("{MAINTENANCE}?site_id={riga}&status=COMPLETED")), Vec::<u64>::new());
    assert_eq!(server.ids(&format!("{IMPACT}?site_id={riga}&impact=DEGRADED")), Vec::<u64>::new());
    let unknown = json!({"site_id": ["Select a valid choice. 999 is not one of the available choices."]});
    for path in [MAINTENANCE, IMPACT] {
        assert_eq!(server.get(&format!("{path}?site_id=999")).expect(400), unknown);
        assert_eq!(server.get(&format!("{path}?region=nowhere")).status, 400);
    }
    // The inventory's own lists know places as well.
    let list = |path: &str, query: &str, expected: &[u64]| {
        assert_eq!(server.ids(&format!("{path}?{query}")), expected, "{path} {query}");
    };
    list(SITES, &format!("region_id={europe}"), &[riga]);
    list(SITES, "group=core", &[riga]);
    list(SITES, &format!("group_id={below}"), &[riga]);
    list(DEVICES, &format!("site_id={riga}"), &[device]);
    list(DEVICES, "region=europe", &[device]);
    list(DEVICES, &format!("location_id={cage}"), &[]);
    list(CIRCUITS, &format!("site_id={riga}"), &[circuit, caged]);
    list(FEEDS, "site=riga", &[feed]);
    // A provider is where its circuits end.
    let elsewhere = server.provider("Lumen", "lumen");
    end(server.circuit(elsewhere, "IC-9"), "A", "dcim.site", oslo);
    list(PROVIDERS, &format!("site_id={riga}"), &[provider]);
    list(PROVIDERS, "site=oslo", &[provider, elsewhere]);
    list(PROVIDERS, &format!("site_id={riga}&site=oslo"), &[provider]);
    list(PROVIDERS, "region=europe", &[provider]);
    list(PROVIDERS, &format!("site_group_id={group}"), &[provider]);
    list(PROVIDERS, "location=cage", &[provider]);
    list(PROVIDERS, &format!("site_id__n={riga}"), &[elsewhere]);
    // What is in no place takes no such filter.
    list(TYPES, "site_id=999", &[]);
    list(REGIONS, "site_id=999", &[europe, latvia]);
    list(INTERFACES, &format!("device_id={device}"), &[interface]);
    list(INTERFACES, "device=core1", &[interface]);
    list(TERMINATIONS, &format!("circuit_id={circuit}&term_side=A"), &[a]);

    // Things move, and are found where they are now.
    server.patch(&format!("{DEVICES}{device}/"), &json!({"site": oslo, "location": null})).expect(200);
    server.patch(&format!("{PANELS}{panel}/"), &json!({"site": oslo, "location": null})).expect(200);
    server.patch(&format!("{TERMINATIONS}{a}/"), &json!({"termination_id": oslo})).expect(200);
    check(&format!("site_id={riga}"), &[caged, riga, rack]);
    check(&format!("site_id={oslo}"), &[circuit, machine, eth, device, interface, address, feed]);
    server.patch(&format!("{REGIONS}{latvia}/"), &json!({"parent": null})).expect(200);
    check(&format!("region_id={europe}"), &[]);
}

#[test]
fn a_choice_that_nobody_has_is_refused() {
    let server = Server::memory();
    server.make(SITES, with(named("Riga"), json!({"status": "planned"})));
    for query in ["status=nope", "status__n=nope", "status=planned&status=nope"] {
        let errors = server.get(&format!("{SITES}?{query}")).expect(400);
        let field = query.split('=').next().unwrap().split("__").next().unwrap();
        let message = "Select a valid choice. nope is not one of the available choices.";
        assert_eq!(errors, json!({ field: [message] }), "{query}");
    }
    for (query, count) in [("status=planned", 1), ("status=active", 0), ("status__ic=nope", 0), ("status=", 1)] {
        assert_eq!(server.ids(&format!("{SITES}?{query}")).len(), count, "{query}");
    }
    // What NetBox was taught beside its own choices came with an import.
    let row = json!({"object_type": "dcim.site", "id": 9, "name": "Oslo", "slug": "oslo", "status": "mothballed"});
    server.post("/api/plugins/notices/import/", &json!([row])).expect(200);
    assert_eq!(server.ids(&format!("{SITES}?status=mothballed")), [9]);
}

#[test]
fn what_is_wrong_between_objects_is_named() {
    let server = Server::memory();
    let (riga, oslo) = (server.make(SITES, named("Riga")), server.make(SITES, named("Oslo")));
    let hall = server.make(LOCATIONS, with(named("Hall"), json!({"site": riga})));
    let wrong = json!({"parent": ["Location Hall does not belong to the site."]});
    server.error("POST", LOCATIONS, with(named("Cage"), json!({"site": oslo, "parent": hall})), wrong.clone());
    let cage = server.make(LOCATIONS, with(named("Cage"), json!({"site": riga, "parent": hall})));
    server.error("PATCH", &format!("{LOCATIONS}{cage}/"), json!({"site": oslo}), wrong);
    // Of two elements with one slug the second is told so, and only so.
    let taken = json!([{}, {"slug": ["Site with this slug already exists."]}]);
    server.error("POST", SITES, json!([{"name": "A", "slug": "same"}, {"name": "B", "slug": "same"}]), taken);
    server.error(
        "POST",
        SITES,
        json!({"name": "A", "slug": "riga"}),
        json!({"slug": ["Site with this slug already exists."]}),
    );
    // Everything at once, of all elements.
    server.error(
        "POST",
        SITES,
        json!([{"name": "", "slug": "a b", "region": 99, "status": "nope"}, {"name": "B", "slug": "riga"}, 7]),
        json!([
            {
                "name": ["This field may not be blank."],
                "slug": [
                    "Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens.",
                ],
                "status": ["\"nope\" is not a valid choice."],
                "region": ["Related object not found using the provided numeric ID: 99"],
            },
            {"slug": ["Site with this slug already exists."]},
            {"non_field_errors": ["Invalid data. Expected a dictionary, but got int."]},
        ]),
    );
}
