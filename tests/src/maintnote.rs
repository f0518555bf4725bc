//! Mails of a carrier that writes MAINTNOTE: what matters of each is set, the rest has values that do.

use std::fmt::Write;

use crate::Client;

/// Where the mails come from, unless they say otherwise.
pub const DOMAIN: &str = "carrier.example";
/// The slug of the provider that they speak for.
pub const SLUG: &str = "carrier-example";

/// One window of one maintenance.
#[derive(Debug, Clone)]
pub struct Notice {
    provider: String,
    ticket: String,
    sequence: i64,
    minute: u32,
    hours: (u32, u32),
    status: String,
    impact: String,
    circuits: Vec<String>,
}

impl Notice {
    pub fn new(ticket: &str) -> Self {
        Self {
            provider: DOMAIN.into(),
            ticket: ticket.into(),
            sequence: 1,
            minute: 0,
            hours: (22, 28),
            status: "CONFIRMED".into(),
            impact: "OUTAGE".into(),
            circuits: Vec::new(),
        }
    }

    #[must_use]
    pub fn provider(mut self, name: &str) -> Self {
        self.provider = name.into();
        self
    }

    #[must_use]
    pub fn sequence(mut self, sequence: i64) -> Self {
        self.sequence = sequence;
        self
    }

    /// When it was written, in minutes after an hour that all notices share.
    #[must_use]
    pub fn minute(mut self, minute: u32) -> Self {
        self.minute = minute;
        self
    }

    /// Its window, in hours of January 2030.
    #[must_use]
    pub fn hours(mut self, start: u32, end: u32) -> Self {
        self.hours = (start, end);
        self
    }

    #[must_use]
    pub fn status(mut self, status: &str) -> Self {
        self.status = status.into();
        self
    }

    #[must_use]
    pub fn impact(mut self, impact: &str) -> Self {
        self.impact = impact.into();
        self
    }

    #[must_use]
    pub fn circuits<T: AsRef<str>>(mut self, circuits: &[T]) -> Self {
        self.circuits = circuits.iter().map(|circuit| circuit.as_ref().to_owned()).collect();
        self
    }

    /// A mail with this notice alone.
    pub fn mail(&self) -> Mail {
        Mail::new(std::slice::from_ref(self))
    }

    fn calendar(&self) -> String {
        let Self { provider, ticket, sequence, minute, hours: (start, end), status, impact, circuits } = self;
        let mut objects = String::new();
        for circuit in circuits {
            write!(objects, "X-MAINTNOTE-OBJECT-ID:{circuit}\r\n").unwrap();
        }
        let (start, end) = (hour(*start).replace(['-', ':'], ""), hour(*end).replace(['-', ':'], ""));
        format!(
            "BEGIN:VEVENT\r\nUID:{ticket}-{start}@{DOMAIN}\r\nDTSTAMP:20291201T12{minute:02}00Z\r\nDTSTART:{start}\r\n\
             DTEND:{end}\r\nSEQUENCE:{sequence}\r\nSUMMARY:Work on {ticket}\r\nX-MAINTNOTE-PROVIDER:{provider}\r\n\
             X-MAINTNOTE-ACCOUNT:1\r\nX-MAINTNOTE-MAINTENANCE-ID:{ticket}\r\n{objects}X-MAINTNOTE-IMPACT:{impact}\r\n\
             X-MAINTNOTE-STATUS:{status}\r\nEND:VEVENT\r\n"
        )
    }
}

/// An hour of January 2030, as the API gives it.
pub fn hour(hour: u32) -> String {
    format!("2030-01-{:02}T{:02}:00:00Z", 1 + hour / 24, hour % 24)
}

/// A mail with one notice or more.
#[derive(Debug, Clone)]
pub struct Mail {
    pub message_id: String,
    pub from: String,
    pub notices: Vec<Notice>,
}

impl Mail {
    /// A mail of these notices. Its Message-ID is that of the first one's ticket, place and status.
    pub fn new(notices: &[Notice]) -> Self {
        let Notice { ticket, sequence, minute, status, .. } = &notices[0];
        let message_id = format!("{ticket}.{sequence}.{minute}.{status}@{DOMAIN}");
        Self { message_id, from: format!("noc@{DOMAIN}"), notices: notices.to_vec() }
    }

    pub fn raw(&self) -> Vec<u8> {
        let Self { message_id, from, notices } = self;
        let (ticket, events) = (&notices[0].ticket, notices.iter().map(Notice::calendar).collect::<String>());
        format!(
            "From: {from}\r\nTo: noc@operator.example\r\nMessage-ID: <{message_id}>\r\nSubject: Work on {ticket}\r\n\
             Date: Sat, 1 Dec 2029 12:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/calendar\r\n\r\n\
             BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n"
        )
        .into_bytes()
    }
}

impl Client {
    /// Makes the carrier and its circuits.
    pub fn carrier<T: AsRef<str>>(&self, circuits: &[T]) {
        let provider = self.provider("Carrier", SLUG);
        let circuits: Vec<&str> = circuits.iter().map(AsRef::as_ref).collect();
        std::thread::scope(|scope| {
            for part in circuits.chunks(circuits.len().div_ceil(4).max(1)) {
                scope.spawn(move || part.iter().map(|cid| self.circuit(provider, cid)).for_each(|_| ()));
            }
        });
    }
}
