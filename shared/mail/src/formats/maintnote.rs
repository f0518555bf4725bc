//! MAINTNOTE, the common format of NANOG's best current practice: an iCalendar event with `X-MAINTNOTE-` properties.
//!
//! Sections are those of the draft 0.1 of that practice, read with RFC 5545. Those who write in it leave out and
//! misspell much of what it asks for; the rule for each such case stands beside the code.

use noticeboard_domain::notice::{Notice, NoticeProvider, NoticeState};
use noticeboard_domain::status::{ImpactLevel, MaintenanceStatus};

use super::{Source, Verdict};
use crate::ical::time::{point, window};
use crate::ical::{self, Calendar, Event, Properties, Property};
use crate::limits::MAX_TEXT_BYTES;
use crate::mime::lenient_base64;
use crate::toolkit::circuits::Circuits;
use crate::{Reason, senders};

const PREFIX: &str = "X-MAINTNOTE-";

/// Every event with a MAINTNOTE property is a notice, and all of them must be whole.
pub(super) fn read(source: &Source<'_>) -> Verdict {
    if source.message.calendars.is_empty() {
        return Verdict::foreign(0, "it has no calendar");
    }
    let mut notices = Vec::new();
    let mut number = 0;
    for text in &source.message.calendars {
        let calendars = match parse(text) {
            Ok(calendars) => calendars,
            Err(reason) => return Verdict::Refused(reason),
        };
        for (calendar, event) in calendars.iter().flat_map(|c| c.events.iter().map(move |event| (c, event))) {
            number += 1;
            if !event.properties.iter().any(|property| property.name.starts_with(PREFIX)) {
                continue;
            }
            match notice(source, calendar, event) {
                Ok(notice) => notices.push(notice),
                Err(missing) => return Verdict::Incomplete(format!("VEVENT {number} {missing}")),
            }
        }
    }
    if notices.is_empty() {
        return Verdict::foreign(1, "its calendar has no event with X-MAINTNOTE properties");
    }
    Verdict::Notices(notices)
}

/// The calendars in a part. Some gateways encode the part's content once more than its header says.
fn parse(text: &str) -> Result<Vec<Calendar>, Reason> {
    if text.contains(':') {
        return ical::parse(text);
    }
    let decoded = lenient_base64(text.as_bytes());
    if decoded.len() > MAX_TEXT_BYTES.value {
        return Err(Reason::TooLarge { what: "calendar", limit: MAX_TEXT_BYTES });
    }
    ical::parse(&String::from_utf8_lossy(&decoded).replace('\0', ""))
}

fn notice(source: &Source<'_>, calendar: &Calendar, event: &Event) -> Result<Notice, String> {
    if !event.is_closed {
        return Err("has no END:VEVENT, so that the mail may be cut off".into());
    }
    let maintenance_id = maintenance_id(event).ok_or("has no X-MAINTNOTE-MAINTENANCE-ID")?;
    let (provider, announced_by) = provider(source, event).ok_or("has no X-MAINTNOTE-PROVIDER")?;
    let window = window(calendar, event)?;
    let stamp = match event.get("DTSTAMP") {
        Some(stamp) => point(calendar, stamp)?,
        None => source.sent,
    };
    Ok(Notice {
        provider,
        announced_by,
        maintenance_id,
        account: text(event, "X-MAINTNOTE-ACCOUNT").unwrap_or_default(),
        state: NoticeState::Maintenance(status(calendar, event)),
        start: window.start,
        end: Some(window.end),
        zone: window.zone.named_other_than_utc(),
        stamp,
        sequence: event.get("SEQUENCE").and_then(|sequence| sequence.value.trim().parse().ok()),
        uid: text(event, "UID"),
        summary: event.get("SUMMARY").map(Property::text).unwrap_or_default(),
        backup: false,
        circuits: circuits(event),
    })
}

/// The text of a property, without the blanks around it; a blank one is none.
fn text(event: &Event, name: &str) -> Option<String> {
    let text = event.get(name)?.text();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The id that is marked as the primary one, else the first; others are ids at third parties (sections 3.3.1.1, 3.6.3).
fn maintenance_id(event: &Event) -> Option<String> {
    let ids = || event.properties.iter().filter(|property| property.name == "X-MAINTNOTE-MAINTENANCE-ID");
    let is_primary = |property: &&Property| {
        ["X-MAINTNOTE-PRECEDENCE", "PRECEDENCE"]
            .iter()
            .any(|name| property.parameter(name).is_some_and(|value| value.eq_ignore_ascii_case("PRIMARY")))
    };
    let mut in_order = ids().filter(is_primary).chain(ids()).map(|property| property.text().trim().to_owned());
    in_order.find(|id| !id.is_empty())
}

/// A known sender speaks for itself, whatever name it goes by in the calendar; else the calendar's word counts, and
/// only where it is silent the caller's.
fn provider(source: &Source<'_>, event: &Event) -> Option<(NoticeProvider, String)> {
    let named = text(event, "X-MAINTNOTE-PROVIDER");
    let by_name = || named.as_deref().and_then(senders::by_name_or_new);
    let provider = source.sender.clone().or_else(by_name).or_else(|| source.hint.clone())?;
    let announced_by = named.unwrap_or_else(|| provider.slug.clone());
    Some((provider, announced_by))
}

/// Section 3.6.6, with the American spelling, other separators and any case. An extension is an unknown status; none
/// at all is read from what iCalendar has for cancelling (RFC 5545 3.8.1.11, RFC 5546 1.4).
fn status(calendar: &Calendar, event: &Event) -> Option<MaintenanceStatus> {
    let Some(status) = text(event, "X-MAINTNOTE-STATUS") else {
        let says = |property: Option<&Property>, word| property.is_some_and(|p| keyword(&p.value) == word);
        let is_cancelled = says(event.get("STATUS"), "CANCELLED")
            || says(event.get("STATUS"), "CANCELED")
            || says(calendar.get("METHOD"), "CANCEL");
        return is_cancelled.then_some(MaintenanceStatus::Cancelled);
    };
    match keyword(&status).as_str() {
        "TENTATIVE" => Some(MaintenanceStatus::Tentative),
        "CONFIRMED" => Some(MaintenanceStatus::Confirmed),
        "CANCELLED" | "CANCELED" => Some(MaintenanceStatus::Cancelled),
        "IN-PROCESS" | "IN-PROGRESS" => Some(MaintenanceStatus::InProcess),
        "COMPLETED" | "COMPLETE" => Some(MaintenanceStatus::Completed),
        "RE-SCHEDULED" | "RESCHEDULED" => Some(MaintenanceStatus::Rescheduled),
        "NO-CHANGE" => None,
        _ => Some(MaintenanceStatus::Unknown),
    }
}

/// The objects, each with its own impact (a parameter that NTT added) or else the event's. An unknown impact, or none,
/// is an outage (section 3.6.5).
fn circuits(event: &Event) -> Vec<noticeboard_domain::notice::NoticeCircuit> {
    let general = event.get("X-MAINTNOTE-IMPACT").map_or(ImpactLevel::Outage, |property| impact(&property.value));
    let mut circuits = Circuits::default();
    for object in event.properties.iter().filter(|property| property.name == "X-MAINTNOTE-OBJECT-ID") {
        let own = object.parameter("X-MAINTNOTE-OBJECT-IMPACT").or_else(|| object.parameter("X-MAINTNOTE-IMPACT"));
        circuits.add(&object.text(), own.map_or(general, impact));
    }
    circuits.into_vec()
}

fn impact(text: &str) -> ImpactLevel {
    ImpactLevel::parse(&keyword(text)).unwrap_or(ImpactLevel::Outage)
}

/// A keyword in its standard spelling: in capitals, with `-` between words.
fn keyword(text: &str) -> String {
    text.trim().to_ascii_uppercase().replace(['_', ' '], "-")
}
