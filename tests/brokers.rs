//! `NOTICEBOARD_BROKERS` as whoever runs the program meets it: bad settings are one clear line, and a broker that
//! cannot be reached holds up neither the program nor the others.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::{TcpListener, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

use noticeboard_tests::{Process, eventually, program};
use serde_json::{Value, json};

#[track_caller]
fn check_refused(settings: &str, expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data"];
    let mut command = Command::new(program());
    let command = command.args(serve).arg(folder.path()).env("NOTICEBOARD_BROKERS", settings);
    let ended = command.output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success(), "{settings}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("NOTICEBOARD_BROKERS: ") && said.contains(expected), "{said}");
}

#[test]
fn bad_settings_are_one_clear_line() {
    check_refused("log", "not a JSON object of brokers");
    check_refused(r#"{"noc": {"type": "pigeon"}}"#, "noc: type 'pigeon' is not a kind of broker; use one of ");
    let glob = r#"{"noc": {"type": "log", "topics": {"include": ["noticeboard.["]}}}"#;
    check_refused(glob, "noc: topics.include: 'noticeboard.[' is not a glob");
    check_refused(r#"{"noc": {"type": "redis"}}"#, "noc: missing field `url`");
    let inside = r#"{"noc": {"type": "webhook", "url": "https://10.0.0.1/", "secrets": ["env:NOBODY"]}}"#;
    check_refused(inside, "noc: url: 10.0.0.1 is a private address: set \"allow_private\" to send there");
    check_refused("@/no/such/file.json", "cannot read /no/such/file.json");
}

/// A port of this machine at which nobody listens.
fn nobody() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_broker_that_cannot_be_reached_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let syslog = UdpSocket::bind("127.0.0.1:0").unwrap();
    syslog.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let settings = json!({
        "log": {"type": "log", "topics": {"include": ["noticeboard.*.circuits.*"]}},
        "redis": {"type": "redis", "url": format!("redis://:hidden@127.0.0.1:{}/0", nobody())},
        "syslog": {
            "type": "syslog",
            "url": format!("udp://{}", syslog.local_addr().unwrap()),
            "payload": "bare",
            "topics": {"exclude": ["noticeboard.delete.*"]},
        },
        "webhook": {
            "type": "webhook",
            "url": format!("https://127.0.0.1:{}/", nobody()),
            "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
            "allow_private": true,
        },
    });
    let process = Process::with_settings(folder.path(), &[], &[("NOTICEBOARD_BROKERS", &settings.to_string())]);
    let begin = Instant::now();
    let provider = process.provider("Zayo", "zayo");
    process.delete(&format!("/api/circuits/providers/{provider}/")).expect(204);
    assert!(begin.elapsed() < Duration::from_secs(2), "writes wait for a broker: {:?}", begin.elapsed());

    let mut buffer = [0; 65536];
    let length = syslog.recv(&mut buffer).unwrap();
    let message = String::from_utf8(buffer[..length].to_vec()).unwrap();
    let payload: Value = serde_json::from_str(&message[message.find("{\"context\"").expect(&message)..]).unwrap();
    assert_eq!(payload["postchange"]["slug"], "zayo");

    let (mut told, mut failed) = (Vec::new(), Vec::new());
    let end = Instant::now() + Duration::from_secs(20);
    while told.len() < 2 || !failed.iter().any(|line: &String| line.contains("redis")) {
        assert!(Instant::now() < end, "{told:?} {failed:?}");
        let Ok(line) = process.errors.recv_timeout(Duration::from_millis(100)) else { continue };
        match serde_json::from_str::<Value>(&line) {
            Ok(message) if message["specversion"] == "1.0" => {
                told.push(message["type"].as_str().unwrap().to_owned());
            }
            _ => failed.push(line),
        }
    }
    assert_eq!(told, ["noticeboard.create.circuits.provider", "noticeboard.delete.circuits.provider"]);
    assert!(!failed.iter().any(|line| line.contains("hidden") || line.contains("whsec")), "a secret in the log");
    eventually("an answer", || (process.get("/api/status/").status == 200).then_some(()));
}
