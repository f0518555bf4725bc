//! What must hold of the changelog, whatever happened.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use serde_json::Value;

use crate::{Client, eventually};

/// The types whose objects all have changes, with their lists.
pub const TYPES: [(&str, &str); 8] = [
    ("notices.maintenance", "/api/plugins/notices/maintenance/"),
    ("notices.outage", "/api/plugins/notices/outage/"),
    ("notices.impact", "/api/plugins/notices/impact/"),
    ("notices.eventnotification", "/api/plugins/notices/eventnotification/"),
    ("circuits.provider", "/api/circuits/providers/"),
    ("circuits.circuit", "/api/circuits/circuits/"),
    ("extras.tag", "/api/extras/tags/"),
    ("extras.journalentry", "/api/extras/journal-entries/"),
];

/// An object: its type and id.
pub type Object = (String, u64);

/// The changes of each object, oldest first.
pub type Changelog = BTreeMap<Object, Vec<Value>>;

/// The object that a change is of.
fn object(change: &Value) -> Object {
    (change["changed_object_type"].as_str().unwrap().to_owned(), change["changed_object_id"].as_u64().unwrap())
}

/// Every object that there is.
pub fn objects(client: &Client) -> HashSet<Object> {
    let list = |(kind, path): &(&str, &str)| {
        let ids = client.all(path).into_iter().map(|object| object["id"].as_u64().unwrap());
        ids.map(|id| ((*kind).to_owned(), id)).collect::<Vec<_>>()
    };
    TYPES.iter().flat_map(list).collect()
}

fn read(client: &Client) -> Changelog {
    let (mut changelog, mut seen) = (Changelog::new(), HashSet::new());
    for change in client.all("/api/core/object-changes/").into_iter().rev() {
        // A list that grows while it is read page by page shows the same change again.
        if seen.insert((object(&change), change["id"].as_u64())) {
            changelog.entry(object(&change)).or_default().push(change);
        }
    }
    changelog
}

/// Waits until the changelog has nothing more to tell for a while: reading all of it again and again would slow it down.
fn rest(client: &Client) {
    let newest = || client.get("/api/core/object-changes/?limit=1").expect(200)["results"][0]["id"].as_u64();
    let (mut last, mut same) = (None, 0);
    while same < 10 {
        std::thread::sleep(Duration::from_millis(20));
        let now = newest();
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
}

/// The changelog, once it has caught up: every object that there is has its creation on record, in its present state,
/// and every other one its deletion. Each version is there once.
#[track_caller]
pub fn settled(client: &Client) -> Changelog {
    let changelog = eventually("a changelog that tells of every object", || {
        rest(client);
        let objects = objects(client);
        let changelog = read(client);
        let is_gone = |changes: &[Value]| changes.iter().any(|change| change["action"]["value"] == "delete");
        let is_told = objects.iter().all(|object| changelog.contains_key(object));
        let is_true = changelog.iter().all(|(object, changes)| objects.contains(object) != is_gone(changes));
        (is_told && is_true).then_some(changelog)
    });
    for (object, changes) in &changelog {
        let versions: Vec<_> = changes.iter().map(|change| change["version"].as_u64().unwrap()).collect();
        let expected: Vec<_> = (1..=versions.len() as u64).collect();
        assert_eq!(versions, expected, "versions of {object:?}: {changes:?}");
        let creations = changes.iter().filter(|change| change["action"]["value"] == "create").count();
        assert_eq!((creations, &changes[0]["action"]["value"]), (1, &Value::from("create")), "{object:?}");
    }
    changelog
}
