//! `noticeboard import` as the real program: from a NetBox (another Noticeboard, which speaks the same API), from CSV, into
//! a server and into a data folder; and the endpoint that it goes through.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Command;

use noticeboard_tests::{Client, Process, Server, TOKEN, eventually, program};
use serde_json::{Value, json};

const IMPORT: &str = "/api/plugins/notices/import/";
const PROVIDERS: &str = "/api/circuits/providers/";
const CIRCUITS: &str = "/api/circuits/circuits/";
const TERMINATIONS: &str = "/api/circuits/circuit-terminations/";
const SITES: &str = "/api/dcim/sites/";
const REGIONS: &str = "/api/dcim/regions/";
const DEVICES: &str = "/api/dcim/devices/";
const INTERFACES: &str = "/api/dcim/interfaces/";
const MACHINES: &str = "/api/virtualization/virtual-machines/";
const CHANGES: &str = "/api/core/object-changes/";

/// Every list that is brought in.
const LISTS: [&str; 17] = [
    PROVIDERS,
    "/api/circuits/circuit-types/",
    CIRCUITS,
    "/api/circuits/circuit-terminations/",
    REGIONS,
    "/api/dcim/site-groups/",
    SITES,
    "/api/dcim/locations/",
    "/api/dcim/racks/",
    DEVICES,
    INTERFACES,
    "/api/dcim/power-panels/",
    "/api/dcim/power-feeds/",
    "/api/ipam/ip-addresses/",
    "/api/ipam/prefixes/",
    "/api/virtualization/virtual-machines/",
    "/api/virtualization/interfaces/",
];

/// A run of the program: its exit code and all that it printed.
#[derive(Debug)]
struct Run {
    code: i32,
    out: String,
    errors: String,
}

impl Run {
    /// The run, which has this exit code and printed these lines.
    #[track_caller]
    fn expect(self, code: i32, lines: &[&str]) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        for line in lines {
            assert!(self.out.lines().chain(self.errors.lines()).any(|found| found.contains(line)), "{line}: {self:#?}");
        }
        self
    }
}

fn run(url: Option<&str>, arguments: &[&str]) -> Run {
    let mut command = Command::new(program());
    command.arg("import").args(arguments).env_remove("NOTICEBOARD_URL").env("NOTICEBOARD_TOKEN", TOKEN);
    if let Some(url) = url {
        command.env("NOTICEBOARD_URL", url);
    }
    let done = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { code: done.status.code().unwrap(), out: text(done.stdout), errors: text(done.stderr) }
}

fn from_netbox(source: &Server, target: &Server, more: &[&str]) -> Run {
    let arguments = [&["--netbox", source.url.as_str(), "--token", TOKEN], more].concat();
    run(Some(&target.url), &arguments)
}

#[track_caller]
fn bring_in(client: &Client, rows: &Value) -> Vec<Value> {
    client.post(IMPORT, rows).expect(200).as_array().unwrap().clone()
}

/// What the answers say.
fn results(told: &[Value]) -> Vec<&str> {
    told.iter().map(|told| told["result"].as_str().unwrap()).collect()
}

/// An inventory with the small ids that NetBox has.
fn netbox() -> Server {
    let server = Server::memory();
    let tag = json!([{"id": 5, "name": "Core net", "slug": "core-net", "color": "00ff00"}]);
    let rows = json!([
        {"object_type": "circuits.provider", "id": 1, "name": "Zayo", "slug": "zayo", "comments": "NOC: 24/7"},
        {"object_type": "circuits.provider", "id": 2, "name": "Lumen", "slug": "lumen", "tags": tag},
        {"object_type": "circuits.circuittype", "id": 1, "name": "Fibre", "slug": "fibre"},
        {"object_type": "circuits.circuit", "id": 42, "cid": "IC-1", "provider": 1, "type": 1,
         "status": {"value": "mothballed", "label": "Mothballed"}, "custom_fields": {"owner": "noc"}},
        {"object_type": "circuits.circuit", "id": 43, "cid": "IC-2", "provider": 2},
        {"object_type": "dcim.region", "id": 8, "name": "Europe", "slug": "europe"},
        {"object_type": "dcim.region", "id": 3, "name": "Latvia", "slug": "latvia", "parent": null},
        {"object_type": "dcim.sitegroup", "id": 1, "name": "Core", "slug": "core"},
        {"object_type": "dcim.site", "id": 1, "name": "Riga", "slug": "riga", "region": 3, "group": 1,
         "latitude": 56.95, "tenant": {"id": 9, "name": "ACME"}},
        {"object_type": "dcim.site", "id": 2, "name": "Oslo", "slug": "oslo"},
        {"object_type": "dcim.location", "id": 1, "name": "Hall", "slug": "hall", "site": 1},
        {"object_type": "circuits.circuittermination", "id": 1, "circuit": 42, "term_side": "A",
         "termination_type": "dcim.site", "termination_id": 1},
        {"object_type": "circuits.circuittermination", "id": 2, "circuit": 42, "term_side": "Z",
         "termination_type": "circuits.providernetwork", "termination_id": 7},
        {"object_type": "dcim.rack", "id": 1, "name": "R1", "site": 1, "location": 1, "width": {"value": 19, "label": "19 inches"}},
        {"object_type": "dcim.device", "id": 7, "name": "core1", "site": 1, "location": 1, "rack": 1},
        {"object_type": "dcim.interface", "id": 1, "device": 7, "name": "ae0", "type": {"value": "lag", "label": "LAG"}},
        {"object_type": "dcim.powerpanel", "id": 1, "name": "P1", "site": 1},
        {"object_type": "dcim.powerfeed", "id": 1, "name": "F1", "power_panel": 1, "rack": 1},
        {"object_type": "ipam.prefix", "id": 1, "prefix": "192.0.2.0/24", "scope_type": "dcim.site", "scope_id": 1},
        {"object_type": "virtualization.virtualmachine", "id": 1, "name": "vm1", "site": 2},
        {"object_type": "virtualization.vminterface", "id": 1, "name": "eth0", "virtual_machine": 1},
        {"object_type": "ipam.ipaddress", "id": 1, "address": "192.0.2.1/24", "assigned_object_type": "dcim.interface", "assigned_object_id": 1}
    ]);
    let told = bring_in(&server, &rows);
    assert!(told.iter().all(|told| told["result"] == "created"), "{told:?}");
    // What these point at has a later place in its list.
    server.patch(&format!("{REGIONS}3/"), &json!({"parent": 8})).expect(200);
    let member = json!([{"object_type": "dcim.interface", "id": 2, "device": 7, "name": "xe-0", "lag": 1}]);
    assert_eq!(results(&bring_in(&server, &member)), ["created"]);
    server
}

/// A list without what differs from server to server.
fn comparable(client: &Client, path: &str) -> Vec<Value> {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for name in ["url", "display_url", "created", "last_updated"] {
                    fields.remove(name);
                }
                if fields.contains_key("color") {
                    fields.remove("id");
                }
                fields.values_mut().for_each(strip);
            }
            Value::Array(values) => values.iter_mut().for_each(strip),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut found = client.all(path);
    found.iter_mut().for_each(strip);
    found
}

/// The versions of everything, by the first part of its validator.
fn versions(client: &Client) -> Vec<String> {
    let mut versions = Vec::new();
    for path in LISTS {
        for found in client.all(path) {
            let one = client.get(&format!("{path}{}/", found["id"]));
            versions.push(format!("{path}{} {}", found["id"], one.header("etag").split('.').next().unwrap()));
        }
    }
    versions
}

#[test]
fn a_netbox_is_brought_in_with_its_ids_again_and_again() {
    let (source, target) = (netbox(), Server::memory());
    from_netbox(&source, &target, &[]).expect(
        0,
        &[
            "dcim.site: 2 read, 2 created, 0 updated, 0 unchanged, 0 kept, 0 deleted, 0 refused",
            "dcim.region: 2 read, 2 created,",
            "all: 23 read, 23 created, 0 updated,",
        ],
    );
    for path in LISTS {
        assert_eq!(comparable(&target, path), comparable(&source, path), "{path}");
        assert!(!comparable(&target, path).is_empty(), "{path}");
    }
    assert_eq!(target.get(&format!("{CIRCUITS}42/")).expect(200)["status"]["label"], "Mothballed");
    assert_eq!(target.get(&format!("{CIRCUITS}42/")).expect(200)["termination_a"]["termination"]["name"], "Riga");
    // The same again is nothing.
    let before = versions(&target);
    from_netbox(&source, &target, &[]).expect(0, &["all: 23 read, 0 created, 0 updated, 23 unchanged, 0 kept"]);
    assert_eq!(versions(&target), before);
    // What has changed there changes here; what is gone there stays.
    source.patch(&format!("{SITES}1/"), &json!({"name": "Riga One", "tags": []})).expect(200);
    source.patch(&format!("{DEVICES}7/"), &json!({"serial": "S1"})).expect(200);
    source.delete(&format!("{INTERFACES}2/")).expect(204);
    from_netbox(&source, &target, &[]).expect(0, &["all: 22 read, 0 created, 2 updated, 20 unchanged"]);
    assert_eq!(target.get(&format!("{DEVICES}7/")).expect(200)["site"]["name"], "Riga One");
    assert_eq!(target.get(&format!("{INTERFACES}2/")).status, 200);
    assert_eq!(versions(&target).iter().filter(|version| !before.contains(version)).count(), 2);
}

#[test]
fn what_is_gone_is_deleted_only_when_that_is_asked_for() {
    let (source, target) = (netbox(), Server::memory());
    from_netbox(&source, &target, &[]).expect(0, &[]);
    let made_here = target.provider("Ours", "ours");
    hit(&target, 43);
    for (path, ids) in [
        (INTERFACES, &[2][..]),
        ("/api/ipam/ip-addresses/", &[1]),
        (INTERFACES, &[1]),
        (DEVICES, &[7]),
        (CIRCUITS, &[43]),
        (REGIONS, &[]),
    ] {
        for id in ids {
            source.delete(&format!("{path}{id}/")).expect(204);
        }
    }
    from_netbox(&source, &target, &["--prune"]).expect(
        1,
        &[
            "dcim.interface: 2 deleted, 0 still needed",
            "dcim.device: 1 deleted",
            "circuits.circuit: 0 deleted, 1 still needed",
            "refused circuits.circuit 43: Unable to delete object. 1 dependent object was found: M-1",
        ],
    );
    assert_eq!(target.all(DEVICES), Vec::<Value>::new());
    assert_eq!(target.get(&format!("{CIRCUITS}43/")).status, 200);
    assert_eq!(target.get(&format!("{PROVIDERS}{made_here}/")).status, 200, "what was made here stays");
}

#[test]
fn what_was_made_here_first_is_kept_and_pointed_at() {
    let (source, target) = (netbox(), Server::memory());
    let ours = target.provider("Zayo", "zayo-group");
    let circuit = target.circuit(ours, "ic - 1");
    let kept = [
        format!("kept circuits.provider {ours}: it has the name or slug of 1"),
        format!("kept circuits.circuit {circuit}: it has the name or slug of 42"),
    ];
    for line in [
        "all: 23 read, 21 created, 0 updated, 0 unchanged, 2 kept",
        "all: 23 read, 0 created, 0 updated, 21 unchanged, 2 kept",
    ] {
        from_netbox(&source, &target, &["--prune"]).expect(0, &[&kept[0], &kept[1], line]);
    }
    let found = target.get(&format!("{CIRCUITS}{circuit}/")).expect(200);
    assert_eq!((&found["cid"], &found["provider"]["id"]), (&json!("ic - 1"), &json!(ours)), "ours is as it was");
    assert_eq!(found["termination_a"]["termination"]["name"], "Riga", "and pointed at");
    assert_eq!(target.get(&format!("{PROVIDERS}1/")).status, 404);
    assert_eq!(target.get(&format!("{CIRCUITS}42/")).status, 404);
    assert_eq!(target.get(&format!("{CIRCUITS}43/")).expect(200)["provider"]["id"], 2);
}

#[test]
fn what_cannot_be_read_is_said() {
    let (source, target) = (netbox(), Server::memory());
    let nothing = format!("{}/nothing-here", source.url);
    run(Some(&target.url), &["--netbox", &nothing, "--token", TOKEN])
        .expect(0, &["dcim.site: not there, skipped", "all: 0 read"]);
    run(Some(&target.url), &["--netbox", &source.url, "--token", "wrong"]).expect(1, &["403"]);
    run(Some("http://127.0.0.1:1"), &["--netbox", &source.url, "--token", TOKEN]).expect(1, &["127.0.0.1:1"]);
    run(None, &["--netbox", &source.url, "--token", TOKEN]).expect(1, &["--data DIR, or NOTICEBOARD_URL"]);
    run(Some(&target.url), &["--csv", "dcim.site=/nowhere.csv"]).expect(1, &["cannot read /nowhere.csv"]);
    run(Some(&target.url), &["--csv", "dcim.cable=x.csv"]).expect(2, &["dcim.cable is not a type of the inventory"]);
    run(Some(&target.url), &[]).expect(2, &["--netbox"]);
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    std::fs::write(folder.join(name), text).unwrap();
    folder.join(name).display().to_string()
}

#[test]
fn csv_files_are_brought_in() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::memory();
    let file = |kind: &str, name: &str, text: &str| format!("{kind}={}", write(folder.path(), name, text));
    // Below comes before above; a field in quotes; a column that is not kept; a label for a value.
    let regions = file("dcim.region", "regions.csv", "id,name,slug,parent\n3,Latvia,latvia,europe\n8,Europe,europe,\n");
    let sites = file(
        "dcim.site",
        "sites.csv",
        "ID,Name,Slug,Status,Region,Time Zone,Comments,cf_owner,Tags,Colour\r\n\
         1,\"Riga, Hall\",riga,Active,latvia,Europe/Riga,\"two\nlines\",noc,\"Core net,Edge\",red\r\n\
         2,Oslo,oslo,planned,,,,,,\r\n",
    );
    let providers = file("circuits.provider", "providers.csv", "name,slug\nZayo,zayo\n");
    let circuits = file(
        "circuits.circuit",
        "circuits.csv",
        "id,cid,provider,commit_rate,install_date\n42,IC-1,Zayo,1000,2026-01-01\n43,IC-2,zayo,,\n",
    );
    let ends = file(
        "circuits.circuittermination",
        "ends.csv",
        "circuit,term_side,termination_type,termination_id\nIC-1,A,dcim.site,1\nIC-1,Z,dcim.site,2\n",
    );
    let devices =
        file("dcim.device", "devices.csv", "id,name,site,tenant\n7,core1,Oslo,ACME\n8,core2,2,\n9,core3,site-x,\n");
    let interfaces = file(
        "dcim.interface",
        "interfaces.csv",
        "device,name,type,enabled,lag\ncore1,xe-0,1000base-t,false,ae0\ncore1,ae0,lag,true,\n",
    );
    let all: Vec<&str> = [&interfaces, &devices, &ends, &circuits, &providers, &sites, &regions]
        .into_iter()
        .flat_map(|file| ["--csv", file.as_str()])
        .collect();
    run(Some(&server.url), &all).expect(
        1,
        &[
            "the column colour is not kept",
            "dcim.region: 2 read, 2 created",
            "dcim.interface: 2 read, 2 created",
            "dcim.device: 3 read, 2 created, 0 updated, 0 unchanged, 0 kept, 0 deleted, 1 refused",
            "refused dcim.device in record 3 of",
            "site: there is no dcim.site of this name, slug or id: site-x",
        ],
    );
    let site = server.get(&format!("{SITES}1/")).expect(200);
    assert_eq!(
        (&site["name"], &site["comments"], &site["region"]["id"]),
        (&json!("Riga, Hall"), &json!("two\nlines"), &json!(3))
    );
    assert_eq!((&site["time_zone"], &site["custom_fields"]), (&json!("Europe/Riga"), &json!({"owner": "noc"})));
    assert_eq!((&site["tags"][0]["name"], &site["tags"][1]["slug"]), (&json!("Core net"), &json!("edge")));
    assert_eq!(server.get(&format!("{REGIONS}3/")).expect(200)["parent"]["id"], 8);
    let circuit = server.get(&format!("{CIRCUITS}42/")).expect(200);
    assert_eq!((&circuit["provider"]["name"], &circuit["commit_rate"]), (&json!("Zayo"), &json!(1000)));
    assert_eq!(
        (&circuit["termination_a"]["termination_id"], &circuit["termination_z"]["termination_id"]),
        (&json!(1), &json!(2))
    );
    let device = server.get(&format!("{DEVICES}7/")).expect(200);
    assert_eq!((&device["site"]["id"], &device["tenant"]["name"]), (&json!(2), &json!("ACME")));
    let interfaces = server.all(INTERFACES);
    assert_eq!(
        (&interfaces[1]["name"], &interfaces[1]["enabled"], &interfaces[1]["lag"]["display"]),
        (&json!("xe-0"), &json!(false), &json!("ae0"))
    );
    // Without ids, things are told by their names; what is the same is left alone.
    let again: Vec<&str> = all[..2].iter().chain(&all[4..]).copied().collect();
    run(Some(&server.url), &again).expect(0, &["all: 11 read, 0 created, 0 updated, 11 unchanged"]);
    let providers = file("circuits.provider", "providers.csv", "name,slug,description\nZayo,zayo,carrier\n");
    run(Some(&server.url), &["--csv", &providers, "--prune"]).expect(
        0,
        &[
            "circuits.provider: 1 read, 0 created, 1 updated",
            "circuits.provider: not pruned, because not every object has an id",
        ],
    );
    let circuits = file("circuits.circuit", "circuits.csv", "id,cid,provider\n42,IC-1,Zayo\n");
    run(Some(&server.url), &["--csv", &circuits, "--prune"])
        .expect(0, &["circuits.circuit: 1 deleted, 0 still needed"]);
    assert_eq!(server.all(CIRCUITS).len(), 1);
}

#[test]
fn csv_files_point_at_what_was_there_and_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::memory();
    let ours = server.provider("Zayo Group", "zayo");
    let file = |kind: &str, name: &str, text: &str| format!("{kind}={}", write(folder.path(), name, text));
    let providers = file("circuits.provider", "providers.csv", "id,name,slug\n7,Zayo Inc,zayo\n");
    let circuits = file(
        "circuits.circuit",
        "circuits.csv",
        "id,cid,provider\n41,IC-1,7\n42,IC-2,Zayo Inc\n43,IC-3,zayo\n44,IC-4,Zayo Group\n",
    );
    let sites = file(
        "dcim.site",
        "sites.csv",
        "id,name,slug,status\n1,Riga,riga,Active\n2,Oslo,oslo,nonsense\n3,Bergen,bergen,active,more\n4,Turku,turku,,,\n",
    );
    run(Some(&server.url), &["--csv", &providers, "--csv", &circuits, "--csv", &sites]).expect(
        1,
        &[
            &format!("kept circuits.provider {ours}: it has the name or slug of 7"),
            "circuits.circuit: 4 read, 4 created",
            "dcim.site: 4 read, 2 created, 0 updated, 0 unchanged, 0 kept, 0 deleted, 2 refused",
            "record 2 of",
            "status: \"nonsense\" is not a valid choice.",
            "record 3 of",
            "it has 5 cells, and the header 4",
        ],
    );
    let of_circuit = |id: u64| server.get(&format!("{CIRCUITS}{id}/")).expect(200)["provider"]["id"].clone();
    assert_eq!([41, 42, 43, 44].map(of_circuit), [json!(ours), json!(ours), json!(ours), json!(ours)]);
    assert_eq!(server.get(&format!("{SITES}4/")).expect(200)["status"]["value"], "active");
}

#[test]
fn a_data_folder_is_filled_while_nothing_serves_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let sites = format!("dcim.site={}", write(folder.path(), "sites.csv", "id,name,slug\n1,Riga,riga\n"));
    for line in ["all: 1 read, 1 created", "all: 1 read, 0 created, 0 updated, 1 unchanged"] {
        run(None, &["--data", data.to_str().unwrap(), "--csv", &sites]).expect(0, &[line]);
    }
    let server = Process::start(&data, &[]);
    assert_eq!(server.get(&format!("{SITES}1/")).expect(200)["name"], "Riga");
}

#[test]
fn the_endpoint_says_what_became_of_each() {
    let server = Server::memory();
    let site =
        |id: u64, name: &str| json!({"object_type": "dcim.site", "id": id, "name": name, "slug": name.to_lowercase()});
    let check = |rows: Value, expected: Value| assert_eq!(json!(bring_in(&server, &rows)), expected, "{rows}");
    let told = |id: u64, result: &str| json!({"object_type": "dcim.site", "id": id, "result": result});
    check(json!([site(1, "Riga"), site(2, "Oslo")]), json!([told(1, "created"), told(2, "created")]));
    check(json!([site(1, "Riga"), site(2, "Bergen")]), json!([told(1, "unchanged"), told(2, "updated")]));
    let mut kept = told(3, "kept");
    kept["kept"] = json!(1);
    let mut refused = told(2, "refused");
    refused["errors"] =
        json!({"name": ["Site with this name already exists."], "slug": ["Site with this slug already exists."]});
    let mut taken = refused.clone();
    taken["kept"] = json!(1);
    check(json!([site(3, "Riga"), site(2, "Riga")]), json!([kept, taken]));
    let mut wrong = told(4, "refused");
    wrong["errors"] = json!({"slug": ["This field is required."]});
    check(
        json!([{"object_type": "dcim.site", "id": 4, "name": "x"}, site(5, "Five")]),
        json!([wrong, told(5, "created")]),
    );
    let mut twice = told(7, "refused");
    twice["errors"] = refused["errors"].clone();
    check(json!([site(6, "Six"), site(7, "Six")]), json!([told(6, "created"), twice]));
    // More of them than one transaction holds; the changes are on record under the importer's name.
    let many: Vec<Value> = (100..400).map(|n| site(n, &format!("Site-{n}"))).collect();
    assert!(bring_in(&server, &Value::Array(many.clone())).iter().all(|told| told["result"] == "created"));
    assert!(bring_in(&server, &Value::Array(many)).iter().all(|told| told["result"] == "unchanged"));
    // Not a list, too many, not of the inventory, not an administrator.
    assert_eq!(server.post(IMPORT, &site(1, "Riga")).status, 400);
    let too_many: Vec<Value> = (0..1001).map(|n| site(n + 1, "x")).collect();
    assert_eq!(server.post(IMPORT, &Value::Array(too_many)).status, 413);
    let refused =
        |row: Value, expected: Value| assert_eq!(server.post(IMPORT, &json!([row])).expect(400), json!([expected]));
    refused(json!({"id": 1}), json!({"object_type": ["This field is required."]}));
    refused(
        json!({"object_type": "dcim.site", "id": 1, "replaces": [0]}),
        json!({"replaces": ["A list of ids is required."]}),
    );
    refused(
        json!({"object_type": "dcim.cable", "id": 1}),
        json!({"object_type": ["Unknown content type \"dcim.cable\"."]}),
    );
    refused(
        json!({"object_type": "notices.outage"}),
        json!({"object_type": ["notices.outage is not part of the inventory."]}),
    );
    let writer = server.post("/api/users/tokens/", &json!({"user": "w", "scope": "write"})).expect(201);
    assert_eq!(server.with_token(writer["token"].as_str()).post(IMPORT, &json!([])).status, 403);
}

fn site(id: u64, name: &str) -> Value {
    let slug = name.to_lowercase().replace(' ', "-");
    json!({"object_type": "dcim.site", "id": id, "name": name, "slug": slug})
}

fn end(id: u64, circuit: u64, side: &str, site: u64) -> Value {
    json!({"object_type": "circuits.circuittermination", "id": id, "circuit": circuit, "term_side": side,
           "termination_type": "dcim.site", "termination_id": site})
}

/// Makes an event with an impact on a circuit.
fn hit(client: &Client, circuit: u64) {
    let event = json!({"name": "M-1", "summary": "s", "provider": 2, "status": "CONFIRMED",
                       "start": "2026-12-01T02:00:00Z", "end": "2026-12-01T06:00:00Z"});
    let event = client.post("/api/plugins/notices/maintenance/", &event).expect(201)["id"].clone();
    let impact =
        json!({"maintenance": event, "content_type": "circuits.circuit", "object_id": circuit, "impact": "OUTAGE"});
    client.post("/api/plugins/notices/impact/", &impact).expect(201);
}

#[test]
fn what_was_deleted_and_made_anew_there_is_replaced_when_that_is_asked_for() {
    let (source, target) = (netbox(), Server::memory());
    from_netbox(&source, &target, &[]).expect(0, &[]);
    hit(&target, 43);
    // Circuits and a site of the same names with other ids; what was at the site is at the new one.
    for one in
        [format!("{TERMINATIONS}1/"), format!("{TERMINATIONS}2/"), format!("{CIRCUITS}42/"), format!("{CIRCUITS}43/")]
    {
        source.delete(&one).expect(204);
    }
    source.patch(&format!("{SITES}2/"), &json!({"name": "Oslo old", "slug": "oslo-old"})).expect(200);
    let anew = json!([
        {"object_type": "circuits.circuit", "id": 1043, "cid": "IC-1", "provider": 1, "type": 1},
        {"object_type": "circuits.circuit", "id": 1044, "cid": "IC-2", "provider": 2},
        site(9, "Oslo"),
        end(7, 1043, "A", 9),
    ]);
    assert_eq!(results(&bring_in(&source, &anew)), ["created"; 4]);
    source.patch(&format!("{MACHINES}1/"), &json!({"site": 9})).expect(200);
    source.delete(&format!("{SITES}2/")).expect(204);

    from_netbox(&source, &target, &[]).expect(
        0,
        &[
            "kept circuits.circuit 42: it has the name or slug of 1043, and is gone there; --prune replaces it by 1043",
            "kept dcim.site 2: it has the name or slug of 9, and is gone there; --prune replaces it by 9",
            "kept circuits.circuittermination 1: it has the name or slug of 7, and is gone there",
        ],
    );
    assert_eq!(target.get(&format!("{CIRCUITS}1043/")).status, 404);
    for line in [
        "all: 22 read, 3 created, 1 updated, 17 unchanged, 0 kept, 4 deleted, 1 refused",
        "all: 22 read, 0 created, 0 updated, 21 unchanged, 0 kept, 0 deleted, 1 refused",
    ] {
        from_netbox(&source, &target, &["--prune"]).expect(
            1,
            &[
                line,
                "refused circuits.circuit 1044: {\"__all__\":[\"Circuit 43 cannot be replaced: Unable to delete object. 1 \
                 dependent object was found: M-1",
                "kept circuits.circuit 43: until it can be replaced, it stands for 1044",
            ],
        );
        let circuit = target.get(&format!("{CIRCUITS}1043/")).expect(200);
        assert_eq!((&circuit["cid"], &circuit["termination_a"]["id"]), (&json!("IC-1"), &json!(7)));
        assert_eq!((&circuit["termination_a"]["termination_id"], &circuit["termination_z"]), (&json!(9), &Value::Null));
        assert_eq!(target.get(&format!("{SITES}9/")).expect(200)["name"], "Oslo");
        assert_eq!(target.get(&format!("{MACHINES}1/")).expect(200)["site"]["id"], 9);
        assert_eq!(target.get(&format!("{CIRCUITS}43/")).expect(200)["cid"], "IC-2", "an event needs it");
        for gone in
            [format!("{CIRCUITS}42/"), format!("{CIRCUITS}1044/"), format!("{SITES}2/"), format!("{TERMINATIONS}1/")]
        {
            assert_eq!(target.get(&gone).status, 404, "{gone}");
        }
    }
}

#[test]
fn what_was_renamed_there_to_the_name_of_one_that_is_gone_gets_it() {
    let (source, target) = (netbox(), Server::memory());
    from_netbox(&source, &target, &[]).expect(0, &[]);
    source.patch(&format!("{MACHINES}1/"), &json!({"site": 1})).expect(200);
    source.delete(&format!("{SITES}2/")).expect(204);
    source.patch(&format!("{SITES}1/"), &json!({"name": "Oslo", "slug": "oslo"})).expect(200);
    from_netbox(&source, &target, &[]).expect(
        1,
        &["Site with this name already exists.\"],", "(which 2, gone there, still has here; --prune deletes it)"],
    );
    from_netbox(&source, &target, &["--prune"])
        .expect(0, &["replaced dcim.site 2: it is gone there", "dcim.site: 1 deleted"]);
    assert_eq!(target.all(SITES).len(), 1);
    assert_eq!(target.get(&format!("{SITES}1/")).expect(200)["name"], "Oslo");
}

#[test]
fn names_that_were_traded_there_are_traded_here() {
    let server = Server::memory();
    let names = |path: &str, field: &str| -> Vec<Value> {
        let mut all = server.all(path);
        all.sort_by_key(|found| found["id"].as_u64());
        all.into_iter().map(|mut found| found[field].take()).collect()
    };
    let circle = |count: u64, by: u64| -> Value {
        (1..=count).map(|id| site(id, &format!("Site {}", (id + by) % count))).collect()
    };
    // Two, three, and more than one transaction holds; the other way round; and each again, which is nothing.
    for (count, by) in [(2, 0), (2, 1), (3, 1), (3, 2), (60, 2), (60, 3), (60, 59)] {
        for result in ["", "unchanged"] {
            let rows = circle(count, by);
            let told = bring_in(&server, &rows);
            let expected: Vec<&Value> = rows.as_array().unwrap().iter().map(|row| &row["name"]).collect();
            assert_eq!(names(SITES, "name")[..expected.len()].iter().collect::<Vec<_>>(), expected, "{told:?}");
            assert!(told.iter().all(|told| told["result"] != "refused"), "{told:?}");
            assert!(result.is_empty() || results(&told).iter().all(|told| *told == result), "{told:?}");
        }
    }
    // A name moves on, slug and name in circles of their own, and one that waits for the circle.
    let rows = json!([site(70, "New"), site(71, "A"), site(72, "B"), site(73, "C")]);
    assert_eq!(results(&bring_in(&server, &rows)), ["created"; 4]);
    let mut rows = json!([site(74, "New"), site(70, "A"), site(71, "B"), site(72, "A"), site(73, "Old")]);
    rows[1]["slug"] = json!("b");
    rows[2]["slug"] = json!("a");
    rows[3] = json!({"object_type": "dcim.site", "id": 72, "name": "C", "slug": "c"});
    assert_eq!(results(&bring_in(&server, &rows)), ["created", "updated", "updated", "updated", "updated"]);
    assert_eq!(names(SITES, "name")[60..], ["A", "B", "C", "Old", "New"]);
    // Who counts on one that is refused is refused too.
    let rows = json!([site(70, "B"), site(71, "Site 1"), site(72, "A")]);
    assert_eq!(results(&bring_in(&server, &rows)), ["refused"; 3]);

    // The two ends of a circuit, as NetBox's own button swaps them; what shows them follows.
    let provider = server.provider("Zayo", "zayo");
    let circuit = server.circuit(provider, "IC-1");
    assert_eq!(results(&bring_in(&server, &json!([end(1, circuit, "A", 1), end(2, circuit, "Z", 2)]))), ["created"; 2]);
    assert_eq!(results(&bring_in(&server, &json!([end(1, circuit, "Z", 1), end(2, circuit, "A", 2)]))), ["updated"; 2]);
    let found = server.get(&format!("{CIRCUITS}{circuit}/")).expect(200);
    assert_eq!((&found["termination_a"]["id"], &found["termination_z"]["id"]), (&json!(2), &json!(1)));
    assert_eq!(names(TERMINATIONS, "display"), ["IC-1: Termination Z", "IC-1: Termination A"]);
}

#[test]
fn an_object_that_comes_back_goes_on_from_its_last_version() {
    let server = Server::memory();
    let version = || server.get(&format!("{SITES}901/")).header("etag").split('.').next().unwrap().to_owned();
    bring_in(&server, &json!([site(901, "Riga")]));
    assert_eq!(version(), "\"1");
    server.delete(&format!("{SITES}901/")).expect(204);
    let again = server.post(IMPORT, &json!([site(901, "Riga")]));
    assert_eq!((version().as_str(), &again.json()[0]["result"]), ("\"3", &json!("created")));
    server.delete(&format!("{SITES}901/")).expect(204);
    bring_in(&server, &json!([site(901, "Riga")]));
    assert_eq!(version(), "\"5");
    let changes = eventually("five changes", || {
        let changes = server.all(&format!("{CHANGES}?changed_object_type=dcim.site"));
        (changes.len() == 5).then_some(changes)
    });
    let mut actions: Vec<&str> = changes.iter().map(|change| change["action"]["value"].as_str().unwrap()).collect();
    actions.sort_unstable();
    assert_eq!(actions, ["create", "create", "create", "delete", "delete"]);
    for change in changes.iter().filter(|change| change["action"]["value"] == "create") {
        assert_eq!((&change["change_context"], &change["prechange_data"]), (&json!("Job"), &Value::Null));
        assert_eq!(change["change_context_detail"], format!("API POST {IMPORT}"));
    }
    let request = again.header("x-request-id");
    for (field, count) in [("created_by_request", 1), ("updated_by_request", 0), ("modified_by_request", 1)] {
        assert_eq!(server.all(&format!("{SITES}?{field}={request}")).len(), count, "{field}");
    }
}

#[test]
fn no_address_elsewhere_is_given_back() {
    let server = Server::memory();
    let role = json!({"id": 3, "url": "http://192.0.2.1/api/dcim/device-roles/3/", "display_url": "http://192.0.2.1/x/",
                      "name": "Router", "parent": {"id": 1, "url": "http://192.0.2.1/api/dcim/device-roles/1/"}});
    let kept = json!({"id": 3, "name": "Router", "parent": {"id": 1}});
    bring_in(&server, &json!([site(1, "Riga")]));
    let device = json!({"object_type": "dcim.device", "id": 7, "name": "core1", "site": 1, "role": role});
    assert_eq!(results(&bring_in(&server, &json!([device]))), ["created"]);
    assert_eq!(results(&bring_in(&server, &json!([device]))), ["unchanged"]);
    let made = server.post(DEVICES, &json!({"name": "core2", "site": 1, "role": role})).expect(201);
    assert_eq!(made["role"], kept);
    assert_eq!(server.get(&format!("{DEVICES}7/")).expect(200)["role"], kept);
    let changed = server.patch(&format!("{DEVICES}7/"), &json!({"cluster": role})).expect(200);
    assert_eq!(changed["cluster"], kept);
}
