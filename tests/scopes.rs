//! Every route of the API, called by everyone there is: without a token, and with one of each scope.
//!
//! [`ROUTES`] is the one table of routes: a new route is a line there. It is compared with what each path says that it
//! takes, with what the API's own addresses name, and with the published document.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use noticeboard_tests::{Client, Server, eventually};
use serde_json::{Value, json};

use Access::{Administrator, Feed, Public, Usual};

/// Who may use a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// `read` for what only reads, `write` for the rest.
    Usual,
    /// Every token.
    Feed,
    /// `admin` alone.
    Administrator,
    /// Everyone, also without a token.
    Public,
}

/// Paths, their methods and who may use them. `HEAD` goes with `GET`, `OPTIONS` with everything. Nothing has the id 1.
const ROUTES: &[(&str, &str, Access)] = &[
    ("/api/", "GET", Usual),
    ("/api/status/", "GET", Usual),
    ("/api/schema/", "GET", Public),
    ("/api/docs/", "GET", Public),
    ("/api/core/", "GET", Usual),
    ("/api/core/jobs/", "GET", Usual),
    ("/api/core/jobs/1/", "GET", Usual),
    ("/api/core/object-changes/", "GET", Usual),
    ("/api/core/object-changes/1/", "GET", Usual),
    ("/api/core/object-types/", "GET", Usual),
    ("/api/core/object-types/1/", "GET", Usual),
    ("/api/extras/", "GET", Usual),
    ("/api/extras/object-types/", "GET", Usual),
    ("/api/extras/object-types/1/", "GET", Usual),
    ("/api/extras/content-types/", "GET", Usual),
    ("/api/extras/content-types/1/", "GET", Usual),
    ("/api/extras/tags/", "GET POST PUT PATCH DELETE", Usual),
    ("/api/extras/tags/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/extras/journal-entries/", "GET POST", Usual),
    ("/api/extras/journal-entries/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/users/", "GET", Usual),
    ("/api/users/tokens/", "GET POST", Administrator),
    ("/api/users/tokens/1/", "GET PATCH DELETE", Administrator),
    ("/api/circuits/", "GET", Usual),
    ("/api/dcim/", "GET", Usual),
    ("/api/ipam/", "GET", Usual),
    ("/api/virtualization/", "GET", Usual),
    ("/api/circuits/providers/", "GET POST PUT PATCH DELETE", Usual),
    ("/api/circuits/providers/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/circuits/circuit-types/", "GET POST PUT PATCH DELETE", Usual),
    ("/api/circuits/circuit-types/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/circuits/circuits/", "GET POST PUT PATCH DELETE", Usual),
    ("/api/circuits/circuits/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/circuits/circuit-terminations/", "GET POST PUT PATCH DELETE", Usual),
    ("/api/circuits/circuit-terminations/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/dcim/regions/", "GET POST PUT PATCH DELETE", Usual),
    ("/api/dcim/regions/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/dcim/site-groups/", "GET POST PUT PATCH DELETE", Usual),
    ("/api/dcim/site-groups/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/dcim/sites/", "GET POST PUT PATCH DELETE", Usual),
    ("/api/dcim/sites/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/dcim/locations/", "GET POST PUT PATCH DELETE", Usual),
    ("/api/dcim/locations/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/dcim/racks/", "GET POST PUT PATCH DELETE", Usual),
    ("/api/dcim/racks/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/dcim/devices/", "GET POST PUT PATCH DELETE", Usual),
    ("/api/dcim/devices/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/dcim/interfaces/", "GET POST PUT PATCH DELETE", Usual),
    ("/api/dcim/interfaces/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/dcim/power-panels/", "GET POST PUT PATCH DELETE", Usual),
    ("/api/dcim/power-panels/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/dcim/power-feeds/", "GET POST PUT PATCH DELETE", Usual),
    ("/api/dcim/power-feeds/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/ipam/ip-addresses/", "GET POST PUT PATCH DELETE", Usual),
    ("/api/ipam/ip-addresses/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/ipam/prefixes/", "GET POST PUT PATCH DELETE", Usual),
    ("/api/ipam/prefixes/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/virtualization/virtual-machines/", "GET POST PUT PATCH DELETE", Usual),
    ("/api/virtualization/virtual-machines/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/virtualization/interfaces/", "GET POST PUT PATCH DELETE", Usual),
    ("/api/virtualization/interfaces/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/plugins/", "GET", Usual),
    ("/api/plugins/maintenance/", "GET", Usual),
    ("/api/plugins/maintenance/circuitmaintenance/", "GET POST", Usual),
    ("/api/plugins/maintenance/circuitmaintenance/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/plugins/maintenance/circuitmaintenanceimpact/", "GET POST", Usual),
    ("/api/plugins/maintenance/circuitmaintenanceimpact/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/plugins/maintenance/circuitmaintenancenotifications/", "GET POST", Usual),
    ("/api/plugins/maintenance/circuitmaintenancenotifications/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/plugins/notices/", "GET", Usual),
    ("/api/plugins/notices/maintenance/", "GET POST PUT PATCH DELETE", Usual),
    ("/api/plugins/notices/maintenance/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/plugins/notices/maintenance/1/timeline/", "GET", Usual),
    ("/api/plugins/notices/maintenance/1/acknowledge/", "POST", Usual),
    ("/api/plugins/notices/maintenance/1/mark-in-progress/", "POST", Usual),
    ("/api/plugins/notices/maintenance/1/mark-completed/", "POST", Usual),
    ("/api/plugins/notices/maintenance/1/cancel/", "POST", Usual),
    ("/api/plugins/notices/maintenance/1/reschedule/", "POST", Usual),
    ("/api/plugins/notices/outage/", "GET POST PUT PATCH DELETE", Usual),
    ("/api/plugins/notices/outage/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/plugins/notices/outage/1/timeline/", "GET", Usual),
    ("/api/plugins/notices/outage/1/acknowledge/", "POST", Usual),
    ("/api/plugins/notices/impact/", "GET POST PUT PATCH DELETE", Usual),
    ("/api/plugins/notices/impact/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/plugins/notices/eventnotification/", "GET POST PUT PATCH DELETE", Usual),
    ("/api/plugins/notices/eventnotification/1/", "GET PUT PATCH DELETE", Usual),
    ("/api/plugins/notices/inbound-mail/", "POST", Usual),
    ("/api/plugins/notices/import/", "POST", Administrator),
    ("/api/plugins/notices/review/", "GET", Usual),
    ("/api/plugins/notices/review/1/", "GET", Usual),
    ("/api/plugins/notices/review/1/approve/", "POST", Usual),
    ("/api/plugins/notices/review/1/deny/", "POST", Usual),
    ("/api/plugins/notices/review/1/raw/", "GET", Usual),
    ("/api/plugins/notices/ical/", "GET", Feed),
    ("/api/plugins/notices/maintenance/1/ical/", "GET", Feed),
    ("/api/plugins/notices/outage/1/ical/", "GET", Feed),
    ("/plugins/notices/ical/maintenances.ics", "GET", Feed),
];

/// The same for what only the program on one machine has, and the published document has not.
const LOCAL_ROUTES: &[(&str, &str, Access)] = &[
    ("/api/plugins/notices/dead-letters/", "GET", Administrator),
    ("/api/plugins/notices/dead-letters/1/", "GET DELETE", Administrator),
    ("/api/plugins/notices/dead-letters/1/replay/", "POST", Administrator),
    ("/api/plugins/notices/dead-letters/replay/", "POST", Administrator),
    ("/api/plugins/notices/dead-letters/discard/", "POST", Administrator),
];

/// All that there is to call.
fn calls() -> impl Iterator<Item = (&'static str, &'static str, Access)> {
    calls_of(ROUTES).chain(calls_of(LOCAL_ROUTES))
}

/// A table with a line for each method.
fn calls_of(
    routes: &'static [(&'static str, &'static str, Access)],
) -> impl Iterator<Item = (&'static str, &'static str, Access)> {
    routes.iter().flat_map(|(path, methods, access)| {
        let head = methods.contains("GET").then_some("HEAD");
        methods.split(' ').chain(head).chain(["OPTIONS"]).map(|method| (method, *path, *access))
    })
}

/// From least to most, as the scopes are.
const SCOPES: [&str; 4] = ["feed", "read", "write", "admin"];

/// The least scope that a call takes.
fn needed(method: &str, access: Access) -> &'static str {
    match access {
        // What a path takes is told to everyone who may read.
        _ if method == "OPTIONS" => "read",
        Feed | Public => "feed",
        Usual if ["GET", "HEAD"].contains(&method) => "read",
        Usual => "write",
        Administrator => "admin",
    }
}

fn client(server: &Server, scope: &str) -> Client {
    let made = server.post("/api/users/tokens/", &json!({"user": scope, "scope": scope})).expect(201);
    server.with_token(made["token"].as_str())
}

#[test]
fn each_scope_may_do_what_it_says() {
    let server = Server::memory();
    let clients = SCOPES.map(|scope| (scope, client(&server, scope)));
    let nobody = server.with_token(None);
    let rank = |scope: &str| SCOPES.iter().position(|known| *known == scope).unwrap();
    let denied = |detail: &str, method: &str, access| match access {
        Feed if method != "OPTIONS" => {
            if detail == NO_CREDENTIALS { "Authentication required" } else { "Permission denied" }.to_owned()
        }
        Feed | Usual | Administrator | Public => json!({ "detail": detail }).to_string(),
    };
    for (method, path, access) in calls() {
        let check = |who: &str, client: &Client, refusal: Option<&str>| {
            let body: &[u8] = if ["GET", "HEAD"].contains(&method) { b"" } else { b"{}" };
            let answer = client.send(method, path, &[], body);
            let label = format!("{who}: {method} {path}");
            match refusal {
                Some(detail) => {
                    assert_eq!(answer.status, 403, "{label}");
                    let body = if method == "HEAD" { String::new() } else { denied(detail, method, access) };
                    assert_eq!(answer.text, body, "{label}");
                }
                None => assert!(![401, 403, 405].contains(&answer.status), "{label}: {answer:?}"),
            }
            assert!(answer.status < 500, "{label}: {answer:?}");
        };
        let open = access == Public && method != "OPTIONS";
        check("nobody", &nobody, (!open).then_some(NO_CREDENTIALS));
        for (scope, client) in &clients {
            check(scope, client, (rank(scope) < rank(needed(method, access))).then_some(NO_PERMISSION));
        }
    }
}

const NO_CREDENTIALS: &str = "Authentication credentials were not provided.";
const NO_PERMISSION: &str = "You do not have permission to perform this action.";

#[test]
fn the_table_has_every_method() {
    let server = Server::memory();
    let mut listed: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (method, path, _) in calls() {
        assert!(listed.entry(path).or_default().insert(method.to_owned()), "{method} {path} is there twice");
    }
    for (path, methods) in &listed {
        // A method that there is none of is told which there are.
        let answer = server.send("BREW", path, &[], b"");
        assert_eq!(answer.status, 405, "{path}");
        let allowed: BTreeSet<String> = answer.header("allow").split(',').map(str::to_owned).collect();
        assert_eq!(&allowed, methods, "what {path} takes, and what the table says");
    }
    // Whatever the API's own addresses name, from the root down.
    let mut roots = vec!["/api/".to_owned()];
    while let Some(root) = roots.pop() {
        let found = server.get(&root).expect(200);
        // A list, the status and what takes no `GET` name no addresses.
        let urls: Option<Vec<&str>> = found.as_object().unwrap().values().map(Value::as_str).collect();
        for url in urls.unwrap_or_default() {
            let path = url.strip_prefix(&server.url).unwrap();
            let methods = listed.get(path).unwrap_or_else(|| panic!("{path} is not in the table"));
            roots.extend(methods.contains("GET").then(|| path.to_owned()));
        }
    }
}

#[test]
fn the_table_is_what_the_document_says() {
    let document = Server::memory().get("/api/schema/").expect(200);
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let public = operation["security"].as_array().is_some_and(Vec::is_empty);
            described.insert((method.to_uppercase(), path.replace("{id}", "1"), public));
        }
    }
    // The document says of these two once what they do on every path.
    let listed = calls_of(ROUTES).filter(|(method, ..)| !["HEAD", "OPTIONS"].contains(method));
    let listed = listed.map(|(method, path, access)| (method.to_owned(), path.to_owned(), access == Public));
    let listed: BTreeSet<_> = listed.collect();
    let only = |these: &BTreeSet<_>, those: &BTreeSet<_>| these.difference(those).cloned().collect::<Vec<_>>();
    let missing: Vec<(String, String, bool)> = only(&listed, &described);
    assert!(missing.is_empty(), "not in the document (shared/http/src/openapi/resources.rs): {missing:?}");
    let unlisted: Vec<(String, String, bool)> = only(&described, &listed);
    assert!(unlisted.is_empty(), "in the document, and not in the table: {unlisted:?}");
}

#[test]
fn changes_are_recorded_under_the_tokens_user() {
    let server = Server::memory();
    let writer = client(&server, "write");
    let provider = writer.provider("Zayo", "zayo");
    let path = format!("/api/core/object-changes/?changed_object_type=circuits.provider&changed_object_id={provider}");
    let change = eventually("the change", || server.get(&path).expect(200)["results"].get(0).cloned());
    assert_eq!(change["user_name"], "write");
}
