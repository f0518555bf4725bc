//! What the tests of the brokers share: a message, brokers made from their settings, and a Redis server.

// Each test program uses a part of this.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use noticeboard_publish::{Broker, BrokerSettings, CloudEvent};
use serde_json::json;

/// The topic of [`event`].
pub(crate) const TOPIC: &str = "noticeboard.update.notices.outage";
/// 24 bytes that sign webhooks.
pub(crate) const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";

/// A message of this version with so much text in it.
pub(crate) fn event(version: u32, comments: &str) -> CloudEvent {
    let event = json!({
        "specversion": "1.0",
        "id": format!("notices.outage:7:{version}"),
        "source": "/noticeboard",
        "type": TOPIC,
        "subject": "notices.outage:7",
        "time": "2026-12-01T10:00:00.250000Z",
        "datacontenttype": "application/json",
        "partitionkey": "event:7",
        "sequence": format!("{version:010}"),
        "dataref": "/api/core/object-changes/9/",
        "data": {"prechange": null, "postchange": {"name": "O-1", "comments": comments}},
    });
    serde_json::from_value(event).unwrap()
}

/// The broker of these settings, at a time.
pub(crate) fn broker_at(settings: &serde_json::Value, now: DateTime<Utc>) -> Broker {
    let text = json!({"test": settings}).to_string();
    let [settings] = BrokerSettings::read(&text, &|_| None).unwrap().try_into().unwrap();
    Broker::new(settings, || panic!("no SNS here"), move || now).unwrap()
}

/// The broker of these settings.
pub(crate) fn broker(settings: &serde_json::Value) -> Broker {
    broker_at(settings, DateTime::UNIX_EPOCH)
}

/// Sends a message that must be refused, and gives the reason. `secret` must not be in it, nor in the broker as the log
/// would show it.
#[track_caller]
pub(crate) fn refused(sent: Result<(), noticeboard_publish::SendError>, broker: &Broker, secret: &str) -> String {
    let error = sent.unwrap_err();
    let shown = format!("{error} {error:?} {broker:?}");
    assert!(!shown.contains(secret), "{shown}");
    assert!(!error.detail.contains('\n'), "{error}");
    error.detail
}

/// A port that was free just now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Whether `redis-server` is installed; where it is not, says so.
pub(crate) fn has_redis() -> bool {
    let version = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status();
    if version.is_err() {
        // Past the harness, which shows nothing of a test that passes.
        std::io::stderr().write_all(b"skipped: redis-server is not installed\n").unwrap();
    }
    version.is_ok()
}

/// A Redis server of the test's own, in a folder of its own.
#[derive(Debug)]
pub(crate) struct RedisServer {
    process: Child,
    folder: tempfile::TempDir,
    pub(crate) port: u16,
}

impl RedisServer {
    /// How long the server may take to start.
    const START: Duration = Duration::from_secs(20);

    /// A server on a free port that listens when this returns.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_at(free_port(), &["--port"], arguments)
    }

    /// A server on this port, given to it by `port_option`.
    pub(crate) fn start_at(port: u16, port_option: &[&str], arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"])
            .arg(folder.path())
            .args(arguments)
            .args(port_option)
            .arg(port.to_string())
            .stdout(Stdio::null())
            .spawn();
        let mut server = Self { process: process.unwrap(), folder, port };
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert_eq!(server.process.try_wait().unwrap(), None, "redis-server ended");
            assert!(start.elapsed() < Self::START, "redis-server does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        server
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
