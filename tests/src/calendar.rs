//! A server with events for its calendar, on a clock that stands still, and a calendar read by RFC 5545 alone.

use std::ops::Deref;

use chrono::{DateTime, Duration, Utc};
use noticeboard_app::Settings;
use serde_json::{Value, json};

use crate::{Answer, Client, HandClock, Server};

/// The address that the peer serves.
pub const FEED: &str = "/plugins/notices/ical/maintenances.ics";
/// The address that its documentation names.
pub const DOCUMENTED: &str = "/api/plugins/notices/ical/";
pub const MAINTENANCE: &str = "/api/plugins/notices/maintenance/";
pub const OUTAGE: &str = "/api/plugins/notices/outage/";
pub const IMPACT: &str = "/api/plugins/notices/impact/";

/// A server with one provider.
pub struct World {
    server: Server,
    pub provider: u64,
    pub clock: HandClock,
    /// When it was made.
    pub now: DateTime<Utc>,
}

impl Deref for World {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.server
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    pub fn new() -> Self {
        let clock = HandClock::default();
        let server = Server::with_clock(Settings::default(), clock.clock());
        let provider = server.provider("Zayo", "zayo");
        let now = clock.clock().now();
        Self { server, provider, clock, now }
    }

    /// A time, in days counted from the world's beginning.
    pub fn days(&self, days: i64) -> String {
        (self.now + Duration::days(days)).to_rfc3339()
    }

    /// A maintenance from one day to another, counted from the world's beginning.
    #[track_caller]
    pub fn maintenance(&self, name: &str, from: i64, to: i64, changes: Value) -> u64 {
        let body = json!({
            "name": name, "summary": "splice", "status": "CONFIRMED", "provider": self.provider,
            "start": self.days(from), "end": self.days(to),
        });
        self.made(MAINTENANCE, body, changes)
    }

    /// An outage since a day, counted from the world's beginning.
    #[track_caller]
    pub fn outage(&self, name: &str, from: i64, changes: Value) -> u64 {
        let body = json!({
            "name": name, "summary": "cut", "status": "IDENTIFIED", "provider": self.provider,
            "start": self.days(from),
        });
        self.made(OUTAGE, body, changes)
    }

    #[track_caller]
    fn made(&self, path: &str, mut body: Value, changes: Value) -> u64 {
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        self.post(path, &body).expect(201)["id"].as_u64().unwrap()
    }

    /// An impact of a maintenance on an object of a type, such as `dcim.site`.
    #[track_caller]
    pub fn impact(&self, event: u64, kind: &str, object: u64, level: &Value) -> u64 {
        let body = json!({"maintenance": event, "content_type": kind, "object_id": object, "impact": level});
        self.post(IMPACT, &body).expect(201)["id"].as_u64().unwrap()
    }

    #[track_caller]
    pub fn feed(&self, path: &str) -> Answer {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer
    }

    /// The entries of a calendar are these events, by their start.
    #[track_caller]
    pub fn check(&self, path: &str, expected: &[&str]) {
        let calendar = Component::parse(&self.feed(path).text);
        assert_eq!(calendar.names(), expected, "{path}");
    }

    /// The calendar if it has changed since a copy with these validators.
    pub fn asked_again(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, headers, b"")
    }
}

/// A calendar's part.
#[derive(Debug, Default)]
pub struct Component {
    pub name: String,
    pub properties: Vec<(String, String)>,
    pub children: Vec<Component>,
}

impl Component {
    /// The calendar in a text, which must be as strict readers want it.
    #[track_caller]
    pub fn parse(text: &str) -> Self {
        assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']), "lines end with CRLF");
        let mut open = vec![Self::default()];
        let mut lines: Vec<String> = Vec::new();
        for line in text.trim_end_matches("\r\n").split("\r\n") {
            assert!(line.len() <= 75, "{} octets: {line}", line.len());
            match (line.strip_prefix(' '), lines.last_mut()) {
                (Some(more), Some(last)) => last.push_str(more),
                _ => lines.push(line.to_owned()),
            }
        }
        for line in lines {
            let at = value_at(&line);
            let (name, value) = (&line[..at], &line[at + 1..]);
            match name {
                "BEGIN" => open.push(Self { name: value.into(), ..Self::default() }),
                "END" => {
                    let done = open.pop().unwrap();
                    assert_eq!(done.name, value);
                    open.last_mut().unwrap().children.push(done);
                }
                _ => open.last_mut().unwrap().properties.push((name.into(), value.into())),
            }
        }
        let [root] = <[Self; 1]>::try_from(open).unwrap();
        let [calendar] = <[Self; 1]>::try_from(root.children).unwrap();
        assert_eq!(calendar.name, "VCALENDAR");
        assert!(calendar.children.iter().all(|child| child.name == "VEVENT"));
        calendar
    }

    /// The values of a property, as they stand.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.properties.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The value of a property that is there once.
    #[track_caller]
    pub fn raw(&self, name: &str) -> &str {
        let values = self.all(name);
        assert_eq!(values.len(), 1, "{name} in {self:?}");
        values[0]
    }

    /// The same as text.
    #[track_caller]
    pub fn one(&self, name: &str) -> String {
        let (mut text, mut characters) = (String::new(), self.raw(name).chars());
        while let Some(c) = characters.next() {
            assert!(!matches!(c, ',' | ';'), "{c} is not escaped in {name}");
            text.push(match c {
                '\\' => match characters.next().unwrap() {
                    'n' | 'N' => '\n',
                    escaped => escaped,
                },
                _ => c,
            });
        }
        text
    }

    /// The names of the events in a calendar.
    #[track_caller]
    pub fn names(&self) -> Vec<&str> {
        self.children.iter().map(|event| event.raw("SUMMARY").split_once(" - ").unwrap().0).collect()
    }

    /// The entry of an event.
    #[track_caller]
    pub fn entry(&self, name: &str) -> &Self {
        let at = self.names().iter().position(|found| *found == name);
        &self.children[at.unwrap_or_else(|| panic!("{name} is not in {self:?}"))]
    }
}

/// Where the name of a property ends, with its parameters.
fn value_at(line: &str) -> usize {
    let mut quoted = false;
    let end = |c: char| {
        quoted ^= c == '"';
        c == ':' && !quoted
    };
    line.find(end).unwrap()
}
