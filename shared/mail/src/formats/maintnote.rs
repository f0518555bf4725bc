//! MAINTNOTE, the common format of NANOG's best current practice: an iCalendar event with `X-MAINTNOTE-` properties.
//!
//! Sections are those of the draft 0.1 of that practice, read with RFC 5545. Those who write in it leave out and
//! misspell much of what it asks for; the rule for each such case stands beside the code.

use std::borrow::Cow;
use std::collections::HashMap;

use noticeboard_domain::notice::{NoticeProvider, NoticeState};
use noticeboard_domain::status::{ImpactLevel, MaintenanceStatus};

use super::registry::{CodeFormat, Reads};
use crate::Reason;
use crate::draft::{Draft, Trouble};
use crate::ical::time::{point, window};
use crate::ical::{self, Calendar, Event, Properties, Property};
use crate::limits::MAX_TEXT_BYTES;
use crate::part::lenient_base64;
use crate::toolkit::circuits::{self, Circuits};
use crate::toolkit::found::{At, Found, Said};
use crate::toolkit::status;
use crate::toolkit::windows::{Times, Window};
use crate::view::{View, is_backup_window};

const PREFIX: &str = "X-MAINTNOTE-";

pub(super) const FORMAT: CodeFormat = CodeFormat {
    name: "maintnote",
    providers: &["arelion", "eunetworks", "ntt", "packetfabric", "pccw", "gtt", "telstra"],
    names: &[],
    marks: &[],
    reads: Reads::Message,
    read,
};

/// Every event with a MAINTNOTE property is a notice, and all of them must be whole.
fn read<'a>(view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
    if view.message.calendars.is_empty() {
        return Err(Trouble::Foreign(String::new()));
    }
    let mut drafts = Vec::new();
    let mut number = 0;
    for part in &view.message.calendars {
        let calendars = parse(&part.text).map_err(Trouble::Refused)?;
        for (calendar, event) in calendars.iter().flat_map(|c| c.events.iter().map(move |event| (c, event))) {
            number += 1;
            if event.properties.iter().any(|property| property.name.starts_with(PREFIX)) {
                let event = Numbered { event, number, file_name: &part.file_name };
                drafts.push(draft(view, calendar, event).map_err(|missing| format!("VEVENT {number} {missing}"))?);
            }
        }
    }
    without_superseded(&mut drafts);
    if drafts.is_empty() {
        return Err(Trouble::Foreign("its calendar has no event with X-MAINTNOTE properties".into()));
    }
    Ok(drafts)
}

/// Drops what the same mail says of an event once more with a higher sequence (RFC 5545 3.8.7.4).
fn without_superseded(drafts: &mut Vec<Draft<'_>>) {
    let mut newest = HashMap::new();
    // Some write the same UID into all their events.
    let key = |draft: &Draft<'_>| Some((draft.uid.as_ref()?.text.to_string(), draft.id.text.to_string()));
    for draft in &*drafts {
        if let Some(key) = key(draft) {
            let sequence = newest.entry(key).or_insert(draft.sequence);
            *sequence = draft.sequence.max(*sequence);
        }
    }
    drafts.retain(|draft| key(draft).is_none_or(|key| newest.get(&key) == Some(&draft.sequence)));
}

/// An event with its place in the mail, from 1.
#[derive(Clone, Copy)]
struct Numbered<'e> {
    event: &'e Event,
    number: usize,
    /// The name of the file that it came in.
    file_name: &'e str,
}

impl Numbered<'_> {
    /// The text of a property, without the blanks around it; a blank one is none.
    fn text<'a>(self, name: &'static str) -> Option<Found<'a>> {
        self.found(self.event.get(name)?, name).filter(|found| !found.is_blank())
    }

    fn found<'a>(self, property: &Property, name: &'static str) -> Option<Found<'a>> {
        let at = At::Calendar { event: self.number, name };
        Some(Found { text: Cow::Owned(property.text().trim().to_owned()), at })
    }

    fn at<'a>(self, name: &'static str) -> Found<'a> {
        let text = self.event.get(name).map(|property| property.value.clone()).unwrap_or_default();
        Found { text: Cow::Owned(text), at: At::Calendar { event: self.number, name } }
    }
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

fn draft<'a>(view: &'a View<'a>, calendar: &Calendar, numbered: Numbered<'_>) -> Result<Draft<'a>, String> {
    let event = numbered.event;
    if !event.is_closed {
        return Err("has no END:VEVENT, so that the mail may be cut off".into());
    }
    let id = maintenance_id(numbered).ok_or("has no X-MAINTNOTE-MAINTENANCE-ID")?;
    let named = numbered.text("X-MAINTNOTE-PROVIDER");
    let provider = provider(view, named.as_ref()).ok_or("has no X-MAINTNOTE-PROVIDER")?;
    let window = event_window(calendar, numbered)?;
    // The mail's own date orders notices as well as an unreadable one does not.
    let stamp = event
        .get("DTSTAMP")
        .and_then(|stamp| Some(Said { value: point(calendar, stamp).ok()?, from: numbered.at("DTSTAMP") }));
    let (status, status_from) = status(calendar, numbered);
    let state = Said { value: NoticeState::Maintenance(status), from: status_from };
    let base = view.draft(id, state);
    Ok(Draft {
        provider: Some(provider),
        announced_by: named,
        account: numbered.text("X-MAINTNOTE-ACCOUNT"),
        windows: vec![window],
        circuits: circuits(numbered),
        may_lack_circuits: true,
        summary: Found {
            text: Cow::Owned(event.get("SUMMARY").map(Property::text).unwrap_or_default()),
            at: At::Calendar { event: numbered.number, name: "SUMMARY" },
        },
        stamp: stamp.unwrap_or(base.stamp),
        sequence: event.get("SEQUENCE").and_then(|sequence| sequence.value.trim().parse().ok()),
        uid: numbered.text("UID"),
        ..base
    })
}

/// The windows of every event in the calendars that came with the mail, whatever else these say. Those that cannot be
/// read are left out.
pub(super) fn event_windows<'a>(view: &View<'a>) -> Vec<Window<'a>> {
    let mut windows = Vec::new();
    for part in view.calendars {
        for calendar in parse(&part.text).into_iter().flatten() {
            for (place, event) in calendar.events.iter().enumerate() {
                let event = Numbered { event, number: place + 1, file_name: &part.file_name };
                windows.extend(event_window(&calendar, event));
            }
        }
    }
    windows
}

fn event_window<'a>(calendar: &Calendar, numbered: Numbered<'_>) -> Result<Window<'a>, String> {
    let times = window(calendar, numbered.event)?;
    let end = if numbered.event.get("DTEND").is_some() { "DTEND" } else { "DURATION" };
    Ok(Window {
        times: Times { start: times.start, end: times.end, zone: times.zone },
        has_end: true,
        // Of EXA's two files, `…_backup_window.ics` is the second.
        backup: is_backup_window(&numbered.file_name.replace(['_', '-'], " "))
            || numbered.text("SUMMARY").is_some_and(|summary| is_backup_window(&summary.text)),
        start: numbered.at("DTSTART"),
        end: numbered.at(end),
        id: None,
    })
}

/// The id that is marked as the primary one, else the first; others are ids at third parties (sections 3.3.1.1, 3.6.3).
fn maintenance_id<'a>(numbered: Numbered<'_>) -> Option<Found<'a>> {
    const NAME: &str = "X-MAINTNOTE-MAINTENANCE-ID";
    let ids = || numbered.event.properties.iter().filter(|property| property.name == NAME);
    let is_primary = |property: &&Property| {
        ["X-MAINTNOTE-PRECEDENCE", "PRECEDENCE"]
            .iter()
            .any(|name| property.parameter(name).is_some_and(|value| value.eq_ignore_ascii_case("PRIMARY")))
    };
    let mut in_order = ids().filter(is_primary).chain(ids()).filter_map(|property| numbered.found(property, NAME));
    in_order.find(|id| !id.is_blank())
}

/// A known sender speaks for itself, whatever name it goes by in the calendar; else the calendar's word counts, and
/// only where it is silent the caller's.
fn provider(view: &View<'_>, named: Option<&Found<'_>>) -> Option<NoticeProvider> {
    let by_name = || named.and_then(|name| view.senders.by_name_or_new(&name.text));
    view.sender.clone().or_else(by_name).or_else(|| view.hint.clone())
}

/// Section 3.6.6, with the American spelling, other separators and any case. An extension is what its words say, as
/// `POSTPONED` does, or an unknown status; none at all is read from what iCalendar has for cancelling (RFC 5545
/// 3.8.1.11, RFC 5546 1.4).
fn status<'a>(calendar: &Calendar, numbered: Numbered<'_>) -> (Option<MaintenanceStatus>, Found<'a>) {
    let event = numbered.event;
    let Some(said) = numbered.text("X-MAINTNOTE-STATUS") else {
        let says = |property: Option<&Property>, word| property.is_some_and(|p| keyword(&p.value) == word);
        let is_cancelled = says(event.get("STATUS"), "CANCELLED")
            || says(event.get("STATUS"), "CANCELED")
            || says(calendar.get("METHOD"), "CANCEL");
        return if is_cancelled {
            (Some(MaintenanceStatus::Cancelled), numbered.at("STATUS"))
        } else {
            (None, Found::rule("the calendar says nothing of where the work stands"))
        };
    };
    let value = match keyword(&said.text).as_str() {
        "TENTATIVE" => Some(MaintenanceStatus::Tentative),
        "CONFIRMED" => Some(MaintenanceStatus::Confirmed),
        "CANCELLED" | "CANCELED" => Some(MaintenanceStatus::Cancelled),
        "IN-PROCESS" | "IN-PROGRESS" => Some(MaintenanceStatus::InProcess),
        "COMPLETED" | "COMPLETE" => Some(MaintenanceStatus::Completed),
        "RE-SCHEDULED" | "RESCHEDULED" => Some(MaintenanceStatus::Rescheduled),
        "NO-CHANGE" => None,
        _ => Some(status::of_words(&said.text).unwrap_or(MaintenanceStatus::Unknown)),
    };
    (value, said)
}

/// The objects, each with its own impact (a parameter that NTT added) or else the event's. An unknown impact, or none,
/// is an outage (section 3.6.5).
fn circuits<'a>(numbered: Numbered<'_>) -> Circuits<'a> {
    const NAME: &str = "X-MAINTNOTE-OBJECT-ID";
    let general = match numbered.text("X-MAINTNOTE-IMPACT") {
        Some(text) => (impact(&text.text), text),
        None => circuits::outage(),
    };
    let mut circuits = Circuits::default();
    for object in numbered.event.properties.iter().filter(|property| property.name == NAME) {
        let own = object.parameter("X-MAINTNOTE-OBJECT-IMPACT").or_else(|| object.parameter("X-MAINTNOTE-IMPACT"));
        let Some(id) = numbered.found(object, NAME) else { continue };
        let impact = own.map_or_else(|| general.clone(), |own| (impact(own), id.with(own.to_owned())));
        circuits.add(id, impact);
    }
    circuits.worst_of_each()
}

fn impact(text: &str) -> ImpactLevel {
    ImpactLevel::parse(&keyword(text)).unwrap_or(ImpactLevel::Outage)
}

/// A keyword in its standard spelling: in capitals, with `-` between words.
fn keyword(text: &str) -> String {
    text.trim().to_ascii_uppercase().replace(['_', ' '], "-")
}
