//! Tokens: made, shown once, changed and revoked, by API and by command line; accepted or not by form, switch, time and
//! network. Numbers in labels are rows of the peer's behaviours.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::IpAddr;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use noticeboard_app::Settings;
use noticeboard_domain::token::TokenText;
use noticeboard_http::{Api, Peer};
use noticeboard_tests::messages::Messages;
use noticeboard_tests::{Answer, Client, HandClock, Process, Server, TOKEN, program};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tower::ServiceExt;

const TOKENS: &str = "/api/users/tokens/";
const STATUS: &str = "/api/status/";
const MAINTENANCE: &str = "/api/plugins/notices/maintenance/";
const FEED: &str = "/api/plugins/notices/ical/";

/// `body` with the fields of `changes` put over its own.
fn with(mut body: Value, changes: Value) -> Value {
    let Value::Object(changes) = changes else { panic!("{changes} is no object") };
    body.as_object_mut().unwrap().extend(changes);
    body
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The text and the path of a new token.
#[track_caller]
fn make(server: &Client, body: Value) -> (String, String) {
    let made = server.post(TOKENS, &with(json!({"user": "noc", "scope": "read"}), body)).expect(201);
    let path = made["url"].as_str().unwrap().strip_prefix(&server.url).unwrap();
    (made["token"].as_str().unwrap().to_owned(), path.to_owned())
}

/// What a token is told: its status, and the reason where it is refused.
fn told(server: &Client, token: &str) -> (u16, String) {
    let answer = server.with_token(Some(token)).get(STATUS);
    let detail = answer.json()["detail"].as_str().unwrap_or_default().to_owned();
    (answer.status, detail)
}

fn accepted() -> (u16, String) {
    (200, String::new())
}

fn refused(detail: &str) -> (u16, String) {
    (403, detail.to_owned())
}

#[test]
fn credentials_are_asked_for() {
    let server = Server::memory();
    let nobody = server.with_token(None);
    let missing = "Authentication credentials were not provided.";
    assert_eq!(nobody.get(MAINTENANCE).expect(403), json!({ "detail": missing }), "L1");
    let (first, second) = (make(&server, json!({"version": 1})).0, make(&server, json!({})).0);
    let key = &second[..16];
    let other = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "x") + "x";
    for wrong in ["", "0123456789abcdef0123", &"a".repeat(40), &"-".repeat(40), &first[1..], &other(&first)[1..]] {
        let detail = if wrong.is_empty() { missing } else { "Invalid v1 token" };
        // A header has no room for the empty token.
        assert_eq!(told(&server, wrong), refused(detail), "L1: {wrong}");
    }
    let secret = "a".repeat(40);
    for wrong in ["nbt_", "nbt_AAAAAAAAAAAA.x", &format!("nbt_AAAAAAAAAAAA.{secret}"), &format!("{key}.{secret}"), key]
    {
        assert_eq!(told(&server, wrong), refused("Invalid v2 token"), "L1: {wrong}");
    }
    for token in [TOKEN, &first, &second] {
        for scheme in ["Token", "token", "Bearer", "BEARER", "bearer"] {
            let header = format!("{scheme} {token}");
            nobody.send("GET", STATUS, &[("authorization", &header)], b"").expect(200); // L2
        }
        for header in [token.to_owned(), format!("Basic {token}"), format!("Token {token}x"), "Token ".to_owned()] {
            nobody.send("GET", STATUS, &[("authorization", &header)], b"").expect(403);
        }
    }
}

#[test]
fn a_token_lives_and_dies() {
    let server = Server::memory();
    for (version, display) in [(1, "Token"), (2, "")] {
        let body = json!({
            "user": {"username": "noc"}, "scope": "write", "version": version, "description": "scripts",
            "expires": "2099-01-01T00:00:00Z", "allowed_ips": ["127.0.0.0/8", "2001:db8::/32", "192.0.2.7"],
        });
        let answer = server.post(TOKENS, &body);
        assert_eq!(answer.header("cache-control"), "no-store");
        let location = answer.header("location").to_owned();
        let etag = answer.header("etag").to_owned();
        let mut made = answer.expect(201);
        let text = made.as_object_mut().unwrap().remove("token").unwrap();
        let text = text.as_str().unwrap();
        let id = made["id"].as_u64().unwrap();
        assert_eq!(location, format!("{}{TOKENS}{id}/", server.url));
        assert!(etag.starts_with("\"1."), "{etag}");
        let secret = match version {
            1 => {
                assert_eq!(made["key"], Value::Null);
                text
            }
            _ => {
                let (key, secret) = text.split_once('.').unwrap();
                assert_eq!(key, format!("nbt_{}", made["key"].as_str().unwrap()));
                secret
            }
        };
        assert!(secret.len() == 40 && secret.bytes().all(|b| b.is_ascii_alphanumeric()), "{text}");
        let shown = if display.is_empty() { made["key"].clone() } else { json!(format!("{display} {id}")) };
        let expected = json!({
            "id": id, "url": location, "display": shown, "version": version, "key": made["key"],
            "user": {"display": "noc", "username": "noc"}, "description": "scripts", "created": made["created"],
            "expires": "2099-01-01T00:00:00Z", "last_used": null, "enabled": true, "write_enabled": true,
            "scope": "write", "allowed_ips": ["127.0.0.0/8", "2001:db8::/32", "192.0.2.7/32"],
        });
        assert_eq!((&made, keys(&made)), (&expected, keys(&expected)));

        let path = format!("{TOKENS}{id}/");
        let one = server.get(&path);
        let etag = one.header("etag").to_owned();
        assert!(!one.text.contains(secret), "a secret is shown once");
        assert_eq!(one.expect(200), made);
        assert_eq!(server.send("GET", &path, &[("if-none-match", &etag)], b"").status, 304);

        let change = json!({"description": "more scripts", "scope": "read", "expires": null, "allowed_ips": null});
        let match_old = [("if-match", etag.as_str())];
        let changed = server.send("PATCH", &path, &match_old, change.to_string().as_bytes()).expect(200);
        let news = json!({
            "description": "more scripts", "scope": "read", "write_enabled": false, "expires": null, "allowed_ips": [],
        });
        assert_eq!(changed, with(made, news));
        assert_eq!(server.get(&path).expect(200), changed);
        server.send("PATCH", &path, &match_old, b"{}").expect(412);
        server.send("DELETE", &path, &match_old, b"").expect(412);
        // All that was shown may be sent back, as clients do.
        assert_eq!(server.patch(&path, &changed).expect(200), changed);

        assert_eq!(told(&server, text), accepted());
        server.delete(&path).expect(204);
        assert_eq!(told(&server, text), refused(&format!("Invalid v{version} token")));
        for answer in [server.delete(&path), server.get(&path), server.patch(&path, &json!({}))] {
            assert_eq!(answer.expect(404), json!({"detail": "No Token matches the given query."}));
        }
    }
    for id in ["0", "x", "9007199254740992", &"x".repeat(3000)] {
        server.delete(&format!("{TOKENS}{id}/")).expect(404);
    }
}

#[test]
fn a_list_comes_in_pages_without_secrets() {
    let server = Server::memory();
    let secrets: Vec<String> =
        (0..5).map(|n| make(&server, json!({"user": format!("u{n}"), "version": n % 2 + 1})).0).collect();
    let page = server.get(&format!("{TOKENS}?limit=2&offset=2"));
    assert!(secrets.iter().all(|text| !page.text.contains(text.rsplit('.').next().unwrap())), "{page:?}");
    let page = page.expect(200);
    assert_eq!((&page["count"], page["results"].as_array().unwrap().len()), (&json!(5), 2), "{page}");
    assert!(page["next"].is_string() && page["previous"].is_string(), "{page}");
    let users: Vec<Value> = server.all(TOKENS).iter().map(|token| token["user"]["username"].clone()).collect();
    assert_eq!(users, ["u4", "u3", "u2", "u1", "u0"], "the newest first");
}

#[test]
fn a_wrong_field_is_named() {
    let server = Server::memory();
    let good = json!({"user": "noc", "scope": "read"});
    let (_, path) = make(&server, json!({}));
    let check = |method: &str, path: &str, body: Value, field: &str, part: &str| {
        let answer = server.send(method, path, &[], body.to_string().as_bytes());
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        let errors = answer.json();
        assert_eq!(keys(&errors), [field], "{body}: {errors}");
        assert!(errors[field][0].as_str().unwrap().contains(part), "{body}: {errors}");
    };
    let many: Vec<String> = (0..101).map(|n| format!("192.0.2.{n}")).collect();
    for (field, value, part) in [
        ("scope", json!("root"), "feed, read, write or admin"),
        ("scope", json!(5), "not a valid choice"),
        ("write_enabled", json!(true), "contradicts the scope 'read'"),
        ("write_enabled", json!("maybe"), "boolean"),
        ("write_enabled", Value::Null, "null"),
        ("enabled", json!([]), "boolean"),
        ("enabled", Value::Null, "null"),
        ("description", json!("x".repeat(201)), "200 characters"),
        ("description", json!("\0"), "Null"),
        ("description", json!({}), "string"),
        ("expires", json!("soon"), "Datetime"),
        ("expires", json!(5), "Datetime"),
        ("allowed_ips", json!("192.0.2.0/24"), "list"),
        ("allowed_ips", json!([5]), "CIDR"),
        ("allowed_ips", json!(["192.0.2.0/24", "somewhere"]), "\"somewhere\""),
        ("allowed_ips", json!(["192.0.2.1/24"]), "Did you mean 192.0.2.0/24?"),
        ("allowed_ips", json!(["2001:db8::1/32"]), "Did you mean 2001:db8::/32?"),
        ("allowed_ips", json!(many), "100"),
    ] {
        let mut changes = json!({ "scope": "read" });
        changes[field] = value;
        check("POST", TOKENS, with(good.clone(), changes.clone()), field, part);
        check("PATCH", &path, changes, field, part);
    }
    for (field, value, part) in [
        ("user", json!(""), "blank"),
        ("user", json!("x".repeat(151)), "150"),
        ("user", json!(["noc"]), "string"),
        ("user", Value::Null, "null"),
        ("version", json!(3), "1 or 2"),
        ("version", json!("two"), "1 or 2"),
        ("version", Value::Null, "null"),
    ] {
        check("POST", TOKENS, with(good.clone(), json!({ field: value })), field, part);
    }
    check("PATCH", &path, json!({"user": "other"}), "user", "cannot be changed");
    check("PATCH", &path, json!({"version": 1}), "version", "cannot be changed");
    assert_eq!(keys(&server.post(TOKENS, &json!({})).expect(400)), ["user", "scope"]);
    assert_eq!(server.all(TOKENS).len(), 1, "nothing was made");
}

#[test]
fn write_enabled_is_another_word_for_the_scope() {
    let server = Server::memory();
    for (writes, scope) in [(true, "write"), (false, "read")] {
        let made = server.post(TOKENS, &json!({"user": "noc", "write_enabled": writes})).expect(201);
        assert_eq!((&made["scope"], &made["write_enabled"]), (&json!(scope), &json!(writes)));
    }
    for (before, writes, after) in [
        ("feed", false, "feed"),
        ("feed", true, "write"),
        ("read", true, "write"),
        ("write", true, "write"),
        ("write", false, "read"),
        ("admin", true, "admin"),
        ("admin", false, "read"),
    ] {
        let (_, path) = make(&server, json!({ "scope": before }));
        let changed = server.patch(&path, &json!({ "write_enabled": writes })).expect(200);
        assert_eq!(changed["scope"], after, "{before} {writes}");
    }
}

#[test]
fn a_change_is_obeyed_at_once() {
    let server = Server::memory();
    let (token, path) = make(&server, json!({}));
    let client = server.with_token(Some(&token));
    let provider = |slug: &str| client.post("/api/circuits/providers/", &json!({"name": slug, "slug": slug})).status;
    let away = "Source IP 127.0.0.1 is not permitted to authenticate using this token.";
    for (change, expected, write) in [
        (json!({}), accepted(), 403),
        (json!({"scope": "write"}), accepted(), 201),
        (json!({"enabled": false}), refused("Token disabled"), 403), // 29
        (json!({"enabled": true, "expires": "2020-01-01"}), refused("Token expired"), 403), // 29
        (json!({"expires": "2099-01-01"}), accepted(), 201),
        (json!({"allowed_ips": ["10.0.0.0/8", "::/0"]}), refused(away), 403),
        (json!({"allowed_ips": ["10.0.0.0/8", "127.0.0.1"]}), accepted(), 201),
        (json!({"scope": "feed"}), refused("You do not have permission to perform this action."), 403),
    ] {
        server.patch(&path, &change).expect(200);
        assert_eq!(told(&server, &token), expected, "{change}");
        let slug = change.to_string().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        assert_eq!(provider(&slug), write, "{change}");
    }
}

#[test]
fn a_token_ends_when_its_time_is_over() {
    let clock = HandClock::default();
    let server = Server::with_clock(Settings::default(), clock.clock());
    let expires = "2026-12-01T00:00:30Z";
    let tokens = [1, 2].map(|version| make(&server, json!({"version": version, "expires": expires})).0);
    for (wait, expected) in
        [(0, accepted()), (29, accepted()), (1, refused("Token expired")), (9, refused("Token expired"))]
    {
        clock.advance(wait);
        // Less than a minute has passed: the token itself is not read again.
        for token in &tokens {
            assert_eq!(told(&server, token), expected);
        }
    }
}

#[test]
fn no_header_says_where_a_caller_is() {
    let server = Server::memory();
    let (token, _) = make(&server, json!({"allowed_ips": ["10.0.0.0/8"]}));
    let client = server.with_token(Some(&token));
    let spoofs = ["x-forwarded-for", "x-real-ip", "forwarded", "cf-connecting-ip", "true-client-ip", "x-client-ip"];
    for header in spoofs {
        let value = if header == "forwarded" { "for=10.0.0.1" } else { "10.0.0.1" };
        assert_eq!(client.send("GET", STATUS, &[(header, value)], b"").status, 403, "{header}");
    }
}

#[test]
fn the_feed_asks_the_same_of_a_token() {
    let server = Server::memory();
    let nobody = server.with_token(None);
    let here = json!({"scope": "feed", "allowed_ips": ["127.0.0.0/8"]});
    let cases = [
        (here.clone(), 200),
        (with(here.clone(), json!({"version": 1})), 200),
        (with(here.clone(), json!({"allowed_ips": ["192.0.2.0/24"]})), 403),
        (with(here.clone(), json!({"expires": "2020-01-01"})), 403),
        (with(here, json!({"enabled": false})), 403),
    ];
    for (body, status) in cases {
        let (token, _) = make(&server, body.clone());
        let check = |answer: Answer| {
            assert_eq!(answer.status, status, "{body}");
            assert!(status == 200 || answer.text == "Authentication required", "{answer:?}");
        };
        check(nobody.get(&format!("{FEED}?token={token}"))); // 28, 29
        check(server.with_token(Some(&token)).get(FEED));
    }
}

/// A token of some networks, and what callers at these addresses are told. What took the request in says the address:
/// so the routes are asked without a connection.
#[tokio::test]
async fn a_token_is_bound_to_its_networks() {
    let settings = Settings { admin_token: Some(TOKEN.into()), ..Settings::default() };
    let app = noticeboard_local::open(&noticeboard_local::Storage::Memory, settings).await.unwrap();
    let api = Arc::new(Api { app, base_url: None });
    let routes = noticeboard_platform::router(api.clone()).merge(noticeboard_ical_feed::router(api.clone()));
    let routes = &noticeboard_http::finish(api, routes);
    let send = |method: &str, path: String, token: String, body: Value, address: Option<&str>| {
        let mut request = Request::builder().method(method).uri(path).header("authorization", format!("Token {token}"));
        if let Some(address) = address {
            request = request.extension(Peer(address.parse::<IpAddr>().unwrap()));
        }
        let request = request.body(Body::from(body.to_string())).unwrap();
        async move {
            let answer = routes.clone().oneshot(request).await.unwrap();
            let status = answer.status().as_u16();
            let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
            (status, String::from_utf8(body.to_vec()).unwrap())
        }
    };
    let cases: &[(&[&str], &[&str], &[&str])] = &[
        (&[], &["192.0.2.1", "2001:db8::1"], &[]),
        (
            &["192.0.2.0/24"],
            &["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.9"],
            &["192.0.3.0", "2001:db8::1", "::192.0.2.1"],
        ),
        (&["::ffff:192.0.2.0/120"], &["192.0.2.9", "::ffff:192.0.2.9"], &["192.0.3.9", "::ffff:192.0.3.9"]),
        (&["2001:db8::/33"], &["2001:db8:7fff::1"], &["2001:db8:8000::1", "192.0.2.1", "::ffff:192.0.2.1"]),
        (&["10.0.0.0/8", "::1"], &["10.255.0.1", "::1"], &["11.0.0.1", "::2", "127.0.0.1"]),
        (&["0.0.0.0/0"], &["255.255.255.255", "::ffff:1.2.3.4"], &["::1"]),
        (&["::/0"], &["::1", "fe80::1"], &["127.0.0.1", "::ffff:127.0.0.1"]),
    ];
    for (networks, inside, outside) in cases {
        let body = json!({"user": "noc", "scope": "read", "allowed_ips": networks});
        let (status, made) = send("POST", TOKENS.into(), TOKEN.into(), body, None).await;
        assert_eq!(status, 201, "{made}");
        let made: Value = serde_json::from_str(&made).unwrap();
        let token = made["token"].as_str().unwrap().to_owned();
        for address in *inside {
            let label = format!("{address} in {networks:?}");
            assert_eq!(send("GET", STATUS.into(), token.clone(), json!({}), Some(address)).await.0, 200, "{label}");
            let feed = format!("{FEED}?token={token}");
            assert_eq!(send("GET", feed, token.clone(), json!({}), Some(address)).await.0, 200, "{label}");
        }
        for address in *outside {
            let shown = address.parse::<IpAddr>().unwrap().to_canonical();
            let detail = format!("Source IP {shown} is not permitted to authenticate using this token.");
            let expected = (403, json!({ "detail": detail }).to_string());
            assert_eq!(send("GET", STATUS.into(), token.clone(), json!({}), Some(address)).await, expected);
            let feed = format!("{FEED}?token={token}");
            assert_eq!(send("GET", feed, token.clone(), json!({}), Some(address)).await.0, 403, "{address}");
        }
        let (status, answer) = send("GET", STATUS.into(), token, json!({}), None).await;
        assert_eq!(status == 200, networks.is_empty(), "nobody knows from where: {answer}");
    }
    // The token of the settings is bound to none.
    assert_eq!(send("GET", STATUS.into(), TOKEN.into(), json!({}), None).await.0, 200);
}

/// Runs `noticeboard token`, and gives what it printed.
fn run(arguments: &[&str], data: Option<&Path>, url: &str) -> Output {
    let mut command = Command::new(program());
    command.arg("token").args(arguments).env("NOTICEBOARD_URL", url).env("NOTICEBOARD_TOKEN", TOKEN);
    if let Some(data) = data {
        command.arg("--data").arg(data);
    }
    command.output().unwrap()
}

#[test]
fn the_command_line_manages_tokens() {
    let folder = tempfile::tempdir().unwrap();
    // First in a folder that nobody serves, then by a server on the same folder.
    let check = |data: Option<&Path>, url: &str| -> [String; 2] {
        let print = |arguments: &[&str]| {
            let output = run(arguments, data, url);
            assert!(output.status.success(), "{arguments:?}: {output:?}");
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        let lines = || print(&["list"]).lines().map(str::to_owned).collect::<Vec<_>>();
        let before = lines();
        let first = print(&["create", "--user", "old", "--scope", "feed", "--form", "1"]);
        assert!(first.len() == 40 && first.bytes().all(|b| b.is_ascii_alphanumeric()), "{first}");
        let limits = ["--expires", "2099-01-01", "--allowed-ips", "127.0.0.1,2001:db8::/32"];
        let second = print(&[&["create", "--user", "noc", "--description", "scripts"][..], &limits[..]].concat());
        let mut listed = lines();
        assert_eq!(listed.len(), before.len() + 2);
        assert_eq!(listed.split_off(2), before, "the newest first");
        let columns: Vec<Vec<&str>> = listed.iter().map(|line| line.split('\t').collect()).collect();
        let (new, old) = (&columns[0], &columns[1]);
        assert!(second.starts_with(&format!("nbt_{}.", new[1])), "{new:?}");
        assert_eq!(new[2..7], ["noc", "read", "enabled", "2099-01-01T00:00:00Z", "127.0.0.1/32,2001:db8::/32"]);
        assert_eq!(new[8], "scripts");
        assert_eq!(old[1..7], ["-", "old", "feed", "enabled", "-", "anywhere"]);
        assert_eq!(print(&["show", new[0]]), listed[0]);
        let change = ["change", new[0], "--scope", "write", "--expires", "never", "--allowed-ips", "anywhere"];
        let changed = print(&[&change[..], &["--enabled", "false", "--description", ""][..]].concat());
        assert_eq!(changed.split('\t').collect::<Vec<_>>()[2..7], ["noc", "write", "disabled", "-", "anywhere"]);
        assert_eq!(print(&["change", new[0], "--enabled", "true"]).split('\t').nth(4), Some("enabled"));
        for (arguments, said) in [
            (vec!["show", "1"], "404"),
            (vec!["revoke", "1"], "404"),
            (vec!["change", new[0], "--allowed-ips", "10.0.0.1/8"], "Did you mean 10.0.0.0/8?"),
            (vec!["create", "--user", " "], "blank"),
            (vec!["create", "--user", "x", "--scope", "root"], "is not a scope"),
        ] {
            let output = run(&arguments, data, url);
            assert!(!output.status.success(), "{arguments:?}");
            let text = String::from_utf8(output.stderr).unwrap();
            assert!(text.contains(said), "{arguments:?}: {text}");
        }
        let revoked = print(&["create", "--user", "gone"]);
        let id = lines()[0].split('\t').next().unwrap().to_owned();
        assert_eq!(print(&["revoke", &id]), "");
        assert_eq!(lines().len(), before.len() + 2, "{revoked}");
        [first, second]
    };
    let mut tokens = check(Some(folder.path()), "").to_vec();
    let process = Process::start(folder.path(), &[]);
    tokens.extend(check(None, &process.url));
    for token in &tokens {
        let client = process.with_token(Some(token));
        assert_eq!(client.get(FEED).status, 200);
        assert_eq!(client.get(STATUS).status == 200, token.starts_with("nbt_"), "the others are for the feed");
    }
    let mut said = process.kill().join("\n").into_bytes();
    // No secret is in any file, nor was in what the program said.
    let mut folders = vec![folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { said.extend(std::fs::read(path).unwrap()) }
        }
    }
    let found = |text: &str| said.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(found("scripts"), "descriptions can be found, so secrets could");
    for token in &tokens {
        assert!(!found(token.rsplit('.').next().unwrap()), "a secret is in a file");
    }
}

#[test]
fn what_happens_to_a_token_is_told_without_what_it_is_known_by() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &[]);
    let messages = Messages::of(&process);
    for version in [1, 2] {
        let (text, path) = make(&process, json!({"version": version, "description": "for the crawler"}));
        process.with_token(Some(&text)).get(STATUS).expect(200);
        process.patch(&path, &json!({"enabled": false})).expect(200);
        // The same again is no change.
        process.patch(&path, &json!({"enabled": false})).expect(200);
        process.delete(&path).expect(204);
        let id = path.trim_start_matches(TOKENS).trim_end_matches('/');
        let subject = format!("users.token:{id}");
        let topic = "noticeboard.admin.user.change_token";
        // Another subject's message ends the wait for more of this one.
        let (_, next) = make(&process, json!({}));
        let next = next.trim_start_matches(TOKENS).trim_end_matches('/').to_owned();
        messages.wait(topic, &format!("users.token:{next}"));
        let told: Vec<Value> = messages.all().into_iter().filter(|message| message["subject"] == subject).collect();
        let actions: Vec<_> = told
            .iter()
            .map(|message| {
                assert_eq!((&message["type"], &message["data"]["data"]["username"]), (&json!(topic), &json!("noc")));
                let token = &message["data"]["data"]["token"];
                assert_eq!((&token["description"], &token["version"]), (&json!("for the crawler"), &json!(version)));
                (message["data"]["data"]["action"].as_str().unwrap(), token["enabled"].as_bool().unwrap())
            })
            .collect();
        assert_eq!(actions, [("create", true), ("update", false), ("delete", false)]);
        // Neither the text, nor a half of it, nor what is stored of it.
        let parts = text.split(['_', '.']).filter(|part| part.len() >= TokenText::KEY);
        let digests =
            parts.clone().map(|part| Sha256::digest(part).iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        let secrets: Vec<String> = parts.clone().map(str::to_owned).chain(digests).chain([text.clone()]).collect();
        let everything = json!(messages.all()).to_string();
        for secret in secrets {
            assert!(!everything.contains(&secret), "a message has {secret}");
        }
    }
}

#[test]
fn a_command_whose_output_nobody_reads_ends_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let mail = noticeboard_tests::root().join("samples/maintenance.eml");
    let (mail, providers) = (mail.to_str().unwrap(), "circuits.provider=providers.csv");
    std::fs::write(folder.path().join("providers.csv"), "id,name,slug,colour\n7,Zayo,zayo,red\n").unwrap();
    let commands: [&[&str]; 7] = [
        &["openapi"],
        &["parse", mail],
        &["ingest", "--data", data, mail],
        &["import", "--data", data, "--csv", providers],
        &["token", "--data", data, "create", "--user", "noc"],
        &["token", "--data", data, "list"],
        &["deadletters", "--data", data],
    ];
    for arguments in commands {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(program());
        command.args(arguments).current_dir(folder.path()).stdout(writer);
        let output = command.output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}: {output:?}");
    }
    // What was to be done is done.
    let listed = run(&["list"], Some(folder.path()), "");
    assert!(String::from_utf8_lossy(&listed.stdout).contains("\tnoc\t"), "{listed:?}");
}
