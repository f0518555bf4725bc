//! Zayo: HTML with bold labels, one window or several under headings, and a table of circuits.
//!
//! Read from mails of 2020 to 2021: announcements, and notices that a window starts, has closed or is cancelled. The
//! words for a rescheduled one are inferred from these.

use chrono::{Duration, NaiveTime};
use noticeboard_domain::notice::{Notice, NoticeCircuit, NoticeProvider, NoticeState};
use noticeboard_domain::status::{ImpactLevel, MaintenanceStatus};
use noticeboard_domain::time::Time;

use super::{Source, Verdict};
use crate::html::Document;
use crate::toolkit::circuits::Circuits;
use crate::toolkit::labels::{self, Field};
use crate::toolkit::text::{has_phrase, plain, strip_start};
use crate::toolkit::windows::{self, DateOrder, span};
use crate::toolkit::zones::{Edge, Zone, named};
use crate::toolkit::{impact, status, tables};

const SLUG: &str = "zayo";
/// Zayo writes months by name, so that this only decides what cannot occur.
const DATE_ORDER: DateOrder = DateOrder::DayFirst;
/// How far the local window may be from the one in GMT, which counts. Zayo rounds 07:01 to 07:00 and may be wrong by
/// an hour of summer time; a larger difference is a slip in one of the two, and nobody can tell in which.
const MAX_DISAGREEMENT: Duration = Duration::hours(3);
/// How many lines above the ticket may say what the mail is about. More would reach into a quoted mail.
const PREAMBLE_LINES: usize = 10;

/// The first body that is in the format decides.
pub(super) fn read(source: &Source<'_>) -> Verdict {
    let mut nearest = (0, "it has no text");
    for body in source.message.bodies() {
        match read_body(source, body) {
            Verdict::Foreign { signs, missing } => {
                if signs >= nearest.0 {
                    nearest = (signs, missing);
                }
            }
            verdict @ (Verdict::Notices(_) | Verdict::Incomplete(_) | Verdict::Refused(_)) => return verdict,
        }
    }
    Verdict::foreign(nearest.0, nearest.1)
}

fn read_body(source: &Source<'_>, body: &Document) -> Verdict {
    let is_from_zayo = source.sender.as_ref().is_some_and(|provider| provider.slug == SLUG);
    let names_zayo = |text: &str| has_phrase(&plain(text), SLUG);
    let has_name =
        is_from_zayo || names_zayo(&source.message.subject) || body.lines.iter().any(|line| names_zayo(&line.text));
    let tickets = labels::fields(body, "Maintenance Ticket #");
    let ticket = match (has_name, tickets.first()) {
        (true, Some(ticket)) => *ticket,
        (true, None) => return Verdict::foreign(1, "it has no \"Maintenance Ticket #\""),
        (false, Some(_)) => return Verdict::foreign(1, "it does not name Zayo"),
        (false, None) => return Verdict::foreign(0, "it has no \"Maintenance Ticket #\""),
    };
    // Below the notice, an answer or a reminder quotes the older ones, whose windows no longer stand.
    let newest = tickets.get(1).map(|quoted| body.before(quoted.line));
    if tickets.iter().any(|other| id(*other) != id(ticket)) {
        return Verdict::Incomplete("it holds more than one ticket".into());
    }
    match notices(source, newest.as_ref().unwrap_or(body), ticket) {
        Ok(notices) => Verdict::Notices(notices),
        Err(missing) => Verdict::Incomplete(missing),
    }
}

fn id(ticket: Field<'_>) -> Option<&str> {
    ticket.value.split_whitespace().next()
}

fn notices(source: &Source<'_>, body: &Document, ticket: Field<'_>) -> Result<Vec<Notice>, String> {
    let maintenance_id = id(ticket).ok_or("its \"Maintenance Ticket #\" is blank")?;
    let windows = read_windows(body)?;
    let status = status(source, body, ticket);
    let circuits = circuits(body);
    // A mail that ends or calls off the work may leave out what it concerned (as euNetworks' do); none other may.
    let is_over = matches!(status, Some(MaintenanceStatus::Cancelled | MaintenanceStatus::Completed));
    if circuits.is_empty() && !is_over {
        return Err("it names no circuit".into());
    }
    let stamp = stamp(source.sent, labels::value(body, "Date Notice Sent"));
    let account = labels::value(body, "Customer").or_else(|| subject_parts(source).1).unwrap_or_default();
    let summary = labels::value(body, "Reason for Maintenance").unwrap_or(&source.message.subject);
    let notice = |window: &Window| Notice {
        provider: NoticeProvider { slug: SLUG.into(), name: "Zayo".into() },
        announced_by: SLUG.into(),
        maintenance_id: maintenance_id.to_owned(),
        account: account.to_owned(),
        state: NoticeState::Maintenance(status_of_window(status, window, &windows, stamp)),
        start: window.start,
        end: Some(window.end),
        zone: window.zone.and_then(Zone::named_other_than_utc),
        stamp,
        sequence: None,
        uid: None,
        summary: summary.to_owned(),
        backup: window.backup,
        circuits: circuits.clone(),
    };
    Ok(windows.iter().map(notice).collect())
}

/// When the notice was written. `Date Notice Sent` has no time of day, and midnight would make a notice look older
/// than one that was sent the evening before; so the mail's own date counts where the two agree. Where they do not,
/// the mail was sent on later by somebody else.
fn stamp(sent: Time, notice_sent: Option<&str>) -> Time {
    let Some((date, _)) = notice_sent.and_then(|text| windows::date(text, DATE_ORDER)) else { return sent };
    let midnight = date.and_time(NaiveTime::MIN).and_utc();
    // The day is one somewhere on Earth: it begins 14 hours before it does in UTC and ends 12 hours after.
    let agrees = (-14..24 + 12).contains(&(sent - midnight).num_hours());
    if agrees { sent } else { midnight }
}

/// The parts of `END OF WINDOW NOTIFICATION***Customer***ZAYO TTN-1 Planned***`: what it announces, and the customer,
/// whose name must not be read as an announcement.
fn subject_parts<'a>(source: &Source<'a>) -> (String, Option<&'a str>) {
    let parts: Vec<&str> = source.message.subject.split("***").collect();
    match parts.as_slice() {
        [before, customer, after @ ..] if !after.is_empty() => {
            let announced = [&[*before], after].concat().join(" ");
            (announced, Some(customer.trim()).filter(|customer| !customer.is_empty()))
        }
        _ => (source.message.subject.clone(), None),
    }
}

/// What the subject, the lines above the ticket and the urgency say, and nothing below: the reason for the work may
/// well speak of other work that was cancelled.
fn status(source: &Source<'_>, body: &Document, ticket: Field<'_>) -> Option<MaintenanceStatus> {
    let preamble = body.lines.get(ticket.line.saturating_sub(PREAMBLE_LINES)..ticket.line).unwrap_or_default();
    let (subject, _) = subject_parts(source);
    let urgency = labels::value(body, "Urgency").unwrap_or_default();
    let said: Vec<&str> =
        [subject.as_str(), urgency].into_iter().chain(preamble.iter().map(|l| l.text.as_str())).collect();
    status::of_words(&said.join("\n"))
}

/// A mail at the end of one of several nights closes that night's window and those before it; the nights to come
/// still stand.
fn status_of_window(
    status: Option<MaintenanceStatus>,
    window: &Window,
    windows: &[Window],
    stamp: Time,
) -> Option<MaintenanceStatus> {
    let is_under_way = windows.iter().any(|other| other.start <= stamp);
    let is_unfinished = windows.iter().any(|other| !other.backup && other.start > stamp);
    match status {
        Some(MaintenanceStatus::Completed) if is_under_way && is_unfinished && window.start > stamp => {
            Some(MaintenanceStatus::Confirmed)
        }
        status => status,
    }
}

/// A window of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    start: Time,
    end: Time,
    /// The zone of the local times beside it.
    zone: Option<Zone>,
    backup: bool,
}

/// What stands under a heading such as `1st Activity Date`.
#[derive(Debug)]
struct Section<'a> {
    heading: &'a str,
    kind: Kind,
    is_bold: bool,
    lines: Vec<Line<'a>>,
}

/// What a heading announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The headings that follow, and perhaps windows of its own.
    Windows,
    /// A window.
    Activity,
    /// A window that is used only if those before it fail.
    Backup,
    /// A window that no longer stands.
    Superseded,
}

/// A window's line: `24-Oct-2021 04:01 to 24-Oct-2021 09:00 ( GMT )`.
#[derive(Debug)]
struct Line<'a> {
    span: windows::Span<'a>,
    zone_name: &'a str,
    zone: Option<Zone>,
}

fn read_windows(body: &Document) -> Result<Vec<Window>, String> {
    let mut sections = sections(body)?;
    // A mail may hold itself once more as plain text; the one with bold headings is the mail.
    if sections.iter().any(|section| section.is_bold) {
        sections.retain(|section| section.is_bold);
    }
    let mut windows = Vec::new();
    for section in sections.iter().filter(|section| section.kind != Kind::Superseded) {
        for window in section_windows(section)? {
            if !windows.contains(&window) {
                windows.push(window);
            }
        }
    }
    if windows.is_empty() { Err("it has no window under an \"Activity Date\"".into()) } else { Ok(windows) }
}

fn sections(body: &Document) -> Result<Vec<Section<'_>>, String> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    let mut is_open = false;
    for line in &body.lines {
        let text = line.text.trim_matches(['*', ' ']);
        if let Some((kind, rest)) = heading(text) {
            sections.push(Section { heading: text, kind, is_bold: line.starts_bold(), lines: Vec::new() });
            is_open = true;
            // `Maintenance Window: 00:01 - 05:00 Eastern` holds for the dates that follow, and says less than they do.
            if (kind != Kind::Windows || span(rest, DATE_ORDER).is_some())
                && let Some(section) = sections.last_mut()
            {
                section.lines.extend(window_line(rest)?);
            }
        } else if is_open && let Some(section) = sections.last_mut() {
            match window_line(text)? {
                Some(window) => section.lines.push(window),
                None => is_open = false,
            }
        }
    }
    Ok(sections)
}

/// The kind of a heading, and what follows it on its line: nothing, or a window.
fn heading(text: &str) -> Option<(Kind, &str)> {
    const NAMES: [(&str, Kind); 6] = [
        ("Activity Date", Kind::Activity),
        ("Activity Dates", Kind::Activity),
        ("Backup Date", Kind::Backup),
        ("Alternate Date", Kind::Backup),
        ("Maintenance Window", Kind::Windows),
        ("Maintenance Date", Kind::Windows),
    ];
    let mut rest = text;
    let mut kind = None;
    loop {
        for (name, named) in NAMES {
            if let Some(after) = strip_start(rest, name) {
                let after = after.trim_start_matches(['*', ' ']);
                let after = after.strip_prefix(':').unwrap_or(after).trim_start_matches(['*', ' ']);
                let is_whole = after.is_empty() || after.starts_with(|c: char| c.is_ascii_digit());
                return is_whole.then_some((kind.unwrap_or(named), after));
            }
        }
        // `1st`, `Backup`, `New`: what may stand before the name.
        let (word, after) = rest.split_once(' ')?;
        match plain(word).as_str() {
            "backup" | "alternate" => kind = Some(Kind::Backup),
            "original" | "previous" | "old" | "former" | "cancelled" | "canceled" => kind = Some(Kind::Superseded),
            "new" | "revised" | "updated" | "rescheduled" | "primary" | "first" | "second" | "third" => {}
            ordinal if ordinal.len() <= 4 && ordinal.starts_with(|c: char| c.is_ascii_digit()) => {}
            _ => return None,
        }
        rest = after;
    }
}

/// The window of a line; none where it holds none, an error where it seems to hold one that cannot be read.
fn window_line(text: &str) -> Result<Option<Line<'_>>, String> {
    if let Some(span) = span(text, DATE_ORDER) {
        let zone_name = span.rest.trim().trim_start_matches(['(', ' ']);
        let zone_name = zone_name.split(')').next().unwrap_or_default().trim();
        return Ok(Some(Line { span, zone_name, zone: named(zone_name) }));
    }
    let clocks = text
        .as_bytes()
        .windows(4)
        .filter(|w| matches!(w, [a, b':', c, d] if [a, c, d].iter().all(|x| x.is_ascii_digit())));
    if windows::date(text, DATE_ORDER).is_some() || clocks.count() > 1 {
        let shown: String = text.chars().take(80).collect();
        return Err(format!("it has a window that cannot be read ({shown})"));
    }
    Ok(None)
}

/// The windows of a section. Those in GMT count, and those in local time must agree with them; where there is none in
/// GMT, the local ones count.
fn section_windows(section: &Section<'_>) -> Result<Vec<Window>, String> {
    let is_gmt = |line: &&Line<'_>| line.zone.is_some_and(|zone| zone.named_other_than_utc().is_none());
    let (gmt, local): (Vec<_>, Vec<_>) = section.lines.iter().partition(is_gmt);
    let heading = section.heading;
    if section.lines.is_empty() {
        return if section.kind == Kind::Windows {
            Ok(Vec::new())
        } else {
            Err(format!("it has no window under \"{heading}\""))
        };
    }
    let backup = section.kind == Kind::Backup;
    if gmt.is_empty() {
        return local.iter().map(|line| window(line, backup)).collect();
    }
    if local.len() > gmt.len() {
        return Err(format!("a window under \"{heading}\" is given in local time only"));
    }
    let mut windows: Vec<Window> = gmt.iter().map(|line| window(line, backup)).collect::<Result<_, _>>()?;
    for line in local.into_iter().filter(|line| line.zone.is_some()) {
        let own = window(line, backup)?;
        let is_close = |a: Time, b: Time| (a - b).abs() <= MAX_DISAGREEMENT;
        let same = windows.iter_mut().find(|gmt| is_close(gmt.start, own.start) && is_close(gmt.end, own.end));
        match same {
            Some(gmt) => gmt.zone = own.zone,
            None => return Err(format!("the windows in {} and in GMT under \"{heading}\" disagree", line.zone_name)),
        }
    }
    Ok(windows)
}

fn window(line: &Line<'_>, backup: bool) -> Result<Window, String> {
    let zone = line.zone.ok_or_else(|| format!("it has a window in an unknown zone ({})", line.zone_name))?;
    let start = zone.utc(line.span.start, Edge::Start);
    let end = zone.utc(line.span.end, Edge::End);
    match (start, end) {
        (Some(start), Some(end)) if start <= end => Ok(Window { start, end, zone: Some(zone), backup }),
        _ => Err("it has a window that ends before it starts".into()),
    }
}

/// The circuits of the table; in plain text, where the table is gone, the lines that begin with an id.
fn circuits(body: &Document) -> Vec<NoticeCircuit> {
    let general = labels::value(body, "Expected Impact").and_then(impact::of_words).unwrap_or(ImpactLevel::Outage);
    let level = |text: &str| match text.trim() {
        "" => general,
        text => impact::of_words(text).unwrap_or(ImpactLevel::Outage),
    };
    let mut circuits = Circuits::default();
    for grid in tables::with_column(body, "Circuit Id") {
        let Some(ids) = grid.column("Circuit Id") else { continue };
        let impacts = grid.column("Expected Impact");
        for (row, id) in grid.texts(ids).enumerate() {
            let impact = impacts.and_then(|column| grid.texts(column).nth(row)).unwrap_or_default();
            circuits.add(id, level(impact));
        }
    }
    if circuits.is_empty()
        && let Some(affected) = labels::field(body, "Circuit(s) Affected")
    {
        let lines = body.lines.get(affected.line + 1..).unwrap_or_default();
        for (i, line) in lines.iter().enumerate() {
            if let Some((id, rest)) = circuit_at_start(&line.text) {
                let next = || lines.get(i + 1).map_or("", |line| line.text.as_str());
                circuits.add(id, level(if rest.trim().is_empty() { next() } else { rest }));
            }
        }
    }
    circuits.into_vec()
}

/// An id such as `/OGYX/123456/ /ZYO /` at the start of a line, and what follows it.
fn circuit_at_start(text: &str) -> Option<(&str, &str)> {
    const SLASHES: usize = 5;
    let text = text.trim_start();
    let (last, _) = text.match_indices('/').nth(SLASHES - 1)?;
    (text.starts_with('/') && !text.starts_with("//")).then(|| text.split_at(last + 1))
}
