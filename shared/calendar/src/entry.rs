//! One event as an entry of a calendar.

use noticeboard_domain::event::EventKind;
use noticeboard_domain::status::{ImpactLevel, MaintenanceStatus, OutageStatus, Status};
use noticeboard_domain::time::{Time, in_zone};

use crate::Look;
use crate::writer::{Writer, quoted};

/// Objects that an entry names to people; further ones are counted. Programs are told all.
const MAX_SHOWN: usize = 200;

/// What is known of an event's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// When it ends or ended.
    Known,
    /// It goes on; its end is an estimate.
    Estimated,
    /// It goes on, nobody says how long; its end is now.
    Open,
}

/// One event, as a calendar shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The event's id.
    pub id: u64,
    /// The provider's id of the event.
    pub name: String,
    /// One line that says what it is.
    pub summary: String,
    /// Where it stands; also says which kind of event it is.
    pub status: Status,
    /// The provider's name.
    pub provider: String,
    /// Where the provider can be looked at.
    pub provider_url: String,
    /// Start.
    pub start: Time,
    /// Until when it is shown.
    pub end: Time,
    /// What that end is.
    pub end_is: End,
    /// The operator's own ticket; empty when there is none.
    pub internal_ticket: String,
    /// Free notes; empty when there are none.
    pub comments: String,
    /// The objects that are hit, with the level of each.
    pub impacts: Vec<(String, Option<ImpactLevel>)>,
    /// Where the event can be looked at.
    pub url: String,
    /// When it was made.
    pub created: Time,
    /// When it, or what it is shown with, was last changed.
    pub last_updated: Time,
    /// How often it was changed.
    pub sequence: u64,
}

/// The status that a calendar knows for an event's (behaviours 25). Outages are facts once somebody looks into them.
pub fn calendar_status(status: Status) -> &'static str {
    match status {
        Status::Maintenance(status) => match status {
            MaintenanceStatus::Tentative | MaintenanceStatus::Unknown => "TENTATIVE",
            MaintenanceStatus::Confirmed | MaintenanceStatus::InProcess | MaintenanceStatus::Completed => "CONFIRMED",
            MaintenanceStatus::Cancelled | MaintenanceStatus::Rescheduled => "CANCELLED",
        },
        Status::Outage(status) => match status {
            OutageStatus::Reported => "TENTATIVE",
            OutageStatus::Investigating
            | OutageStatus::Identified
            | OutageStatus::Monitoring
            | OutageStatus::Resolved => "CONFIRMED",
        },
    }
}

impl Entry {
    fn kind(&self) -> EventKind {
        match self.status {
            Status::Maintenance(_) => EventKind::Maintenance,
            Status::Outage(_) => EventKind::Outage,
        }
    }

    pub(crate) fn write(&self, calendar: &mut Writer, look: &Look) {
        calendar.line("BEGIN", "VEVENT");
        calendar.line("UID", &format!("{}-{}@noticeboard", self.kind().as_str(), self.id));
        // A property of the feed's own moment would make every copy of it differ: the last change stamps the entry
        // (RFC 5545 section 3.8.7.2, without METHOD).
        calendar.time("DTSTAMP", self.last_updated);
        calendar.time("DTSTART", self.start);
        // An end must be later than the start (section 3.8.2.2); readers of MAINTNOTE want to be told even so.
        if self.end.timestamp() > self.start.timestamp() {
            calendar.time("DTEND", self.end);
        } else {
            calendar.line("DURATION", "PT0S");
        }
        let summary = format!("{} - {}", self.name, self.summary);
        calendar.text("SUMMARY", &summary);
        calendar.line("STATUS", calendar_status(self.status));
        calendar.text("LOCATION", &self.provider);
        calendar.line(&format!("ORGANIZER;CN={}", quoted(&self.provider)), &self.provider_url);
        calendar.text("CATEGORIES", self.status.as_str());
        // Other people's work makes nobody busy.
        calendar.line("TRANSP", "TRANSPARENT");
        calendar.line("URL", &self.url);
        calendar.text("DESCRIPTION", &self.description(look));
        calendar.time("CREATED", self.created);
        calendar.time("LAST-MODIFIED", self.last_updated);
        calendar.line("SEQUENCE", &self.sequence.to_string());
        if let Status::Maintenance(status) = self.status {
            self.maintnote(calendar, status);
        }
        if let Some(minutes) = look.alarm.filter(|_| calendar_status(self.status) != "CANCELLED") {
            calendar.line("BEGIN", "VALARM");
            calendar.line("ACTION", "DISPLAY");
            calendar.line("TRIGGER", &format!("-PT{minutes}M"));
            calendar.text("DESCRIPTION", &summary);
            calendar.line("END", "VALARM");
        }
        calendar.line("END", "VEVENT");
    }

    /// What the common format has for a maintenance (draft 0.1, section 3.6); it has nothing for outages.
    fn maintnote(&self, calendar: &mut Writer, status: MaintenanceStatus) {
        calendar.text("X-MAINTNOTE-PROVIDER", &self.provider);
        // Whose account at the provider is hit is not on record; readers insist on the property.
        calendar.text("X-MAINTNOTE-ACCOUNT", "unknown");
        calendar.text("X-MAINTNOTE-MAINTENANCE-ID", &self.name);
        for (object, level) in &self.impacts {
            match level {
                Some(level) => {
                    let name = format!("X-MAINTNOTE-OBJECT-ID;X-MAINTNOTE-OBJECT-IMPACT={}", level.as_str());
                    calendar.text(&name, object);
                }
                None => calendar.text("X-MAINTNOTE-OBJECT-ID", object),
            }
        }
        if let Some(worst) = self.impacts.iter().filter_map(|(_, level)| *level).max() {
            calendar.line("X-MAINTNOTE-IMPACT", worst.as_str());
        }
        let status = match status {
            MaintenanceStatus::Unknown => MaintenanceStatus::Tentative,
            MaintenanceStatus::Tentative
            | MaintenanceStatus::Confirmed
            | MaintenanceStatus::Cancelled
            | MaintenanceStatus::InProcess
            | MaintenanceStatus::Completed
            | MaintenanceStatus::Rescheduled => status,
        };
        calendar.line("X-MAINTNOTE-STATUS", status.as_str());
    }

    fn description(&self, look: &Look) -> String {
        let mut text = format!("Provider: {}\nStatus: {}", self.provider, self.status.label());
        let mut line = |line: &str| {
            text.push('\n');
            text.push_str(line);
        };
        if !self.internal_ticket.is_empty() {
            line(&format!("Internal Ticket: {}", self.internal_ticket));
        }
        let told = |time| in_zone(time, look.zone);
        if look.zone.is_some() {
            line(&format!("Start: {}", told(self.start)));
        }
        match self.end_is {
            End::Known if look.zone.is_some() => line(&format!("End: {}", told(self.end))),
            End::Known => {}
            End::Estimated => line(&format!("End: not known yet, estimated for {}", told(self.end))),
            End::Open => line(&format!("End: not known yet, still going on at {}", told(self.end))),
        }
        if !self.impacts.is_empty() {
            line("");
            line("Affected Objects:");
            for (target, level) in self.impacts.iter().take(MAX_SHOWN) {
                line(&format!("- {target} ({})", level.map_or("UNKNOWN", ImpactLevel::as_str)));
            }
            if self.impacts.len() > MAX_SHOWN {
                line(&format!("and {} more", self.impacts.len() - MAX_SHOWN));
            }
        }
        if !self.comments.is_empty() {
            line("");
            line("Comments:");
            line(&self.comments);
        }
        text
    }
}
