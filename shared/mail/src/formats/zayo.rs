//! Zayo: HTML with bold labels, one window or several under headings, and a table of circuits.
//!
//! Read from mails of 2020 to 2021: announcements, and notices that a window starts, has closed or is cancelled. The
//! words for a rescheduled one are inferred from these.

use chrono::{Duration, NaiveTime};
use noticeboard_domain::notice::NoticeState;
use noticeboard_domain::status::MaintenanceStatus;
use noticeboard_domain::time::Time;

use super::registry::{CodeFormat, Reads};
use crate::draft::{Draft, Trouble};
use crate::html::Document;
use crate::toolkit::circuits::Circuits;
use crate::toolkit::found::{At, Found, Said};
use crate::toolkit::labels::{self, Field};
use crate::toolkit::moments::{self, Moment, span};
use crate::toolkit::status;
use crate::toolkit::text::{plain, strip_start};
use crate::toolkit::windows::{self, DateOrder, Rules, Window};
use crate::toolkit::zones::{Zone, named};
use crate::view::{View, is_backup, no_change};

pub(super) const FORMAT: CodeFormat = CodeFormat {
    name: "zayo",
    providers: &["zayo"],
    names: &["zayo"],
    marks: &[&["maintenance ticket #"]],
    reads: Reads::Bodies,
    read,
};

/// Zayo writes months by name, so that this only decides what cannot occur.
const DATE_ORDER: DateOrder = DateOrder::DayFirst;
/// How far the local window may be from the one in GMT, which counts. Zayo rounds 07:01 to 07:00 and may be wrong by
/// an hour of summer time; a larger difference is a slip in one of the two, and nobody can tell in which.
const MAX_DISAGREEMENT: Duration = Duration::hours(3);
/// How many lines above the ticket may say what the mail is about. More would reach into a quoted mail.
const PREAMBLE_LINES: usize = 10;

fn read<'a>(view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
    let tickets = labels::fields(view.body, "Maintenance Ticket #");
    let ticket = tickets.first().ok_or("it has no \"Maintenance Ticket #\"")?;
    let id = id(ticket).ok_or("its \"Maintenance Ticket #\" is blank")?;
    if tickets.iter().any(|other| self::id(other).is_none_or(|other| other.text != id.text)) {
        return Err("it holds more than one ticket".into());
    }
    // Below the notice, an answer or a reminder quotes the older ones, whose windows no longer stand.
    let end = tickets.get(1).map_or(view.body.lines.len(), |quoted| quoted.line);
    let windows = read_windows(view, end)?;
    let status = status(view, ticket);
    let circuits = circuits(view, end);
    let stamp = stamp(view);
    let account = view.value(&["Customer"]).or_else(|| subject_parts(view).1);
    let draft = |window: &Window<'a>| {
        let draft = view.draft(id.clone(), status_of_window(&status, window, &windows, stamp.value));
        Draft {
            account: account.clone(),
            windows: vec![window.clone()],
            circuits: circuits.clone(),
            summary: view.value(&["Reason for Maintenance"]).unwrap_or(draft.summary),
            stamp: stamp.clone(),
            ..draft
        }
    };
    Ok(windows.iter().map(draft).collect())
}

fn id<'a>(ticket: &Field<'a>) -> Option<Found<'a>> {
    let id = ticket.value.text.split_whitespace().next()?;
    Some(ticket.value.with(id.to_owned()))
}

/// When the notice was written. `Date Notice Sent` has no time of day, and midnight would make a notice look older
/// than one that was sent the evening before; so the mail's own date counts where the two agree. Where they do not,
/// the mail was sent on later by somebody else.
fn stamp<'a>(view: &View<'a>) -> Said<'a, Time> {
    let by_header = || Said { value: view.sent, from: Found::rule_at(At::Header("Date")) };
    let Some(text) = view.value(&["Date Notice Sent"]) else { return by_header() };
    let date = moments::date(&text.text).and_then(|(date, _)| windows::day_of(date, DATE_ORDER, view.sent));
    let Some(date) = date else { return by_header() };
    let midnight = date.and_time(NaiveTime::MIN).and_utc();
    // The day is one somewhere on Earth: it begins 14 hours before it does in UTC and ends 12 hours after.
    let agrees = (-14..24 + 12).contains(&(view.sent - midnight).num_hours());
    if agrees { by_header() } else { Said { value: midnight, from: text } }
}

/// The parts of `END OF WINDOW NOTIFICATION***Customer***ZAYO TTN-1 Planned***`: what it announces, and the customer,
/// whose name must not be read as an announcement.
fn subject_parts<'a>(view: &View<'a>) -> (Found<'a>, Option<Found<'a>>) {
    let parts: Vec<&str> = view.message.subject.split("***").collect();
    match parts.as_slice() {
        [before, customer, after @ ..] if !after.is_empty() => {
            let announced = [&[*before], after].concat().join(" ");
            let customer = Found::new(customer, At::Subject);
            (view.subject().with(announced), Some(customer).filter(|customer| !customer.is_blank()))
        }
        _ => (view.subject(), None),
    }
}

/// What the subject, the lines above the ticket and the urgency say, and nothing below: the reason for the work may
/// well speak of other work that was cancelled. The most telling word of all of them counts, wherever it stands.
fn status<'a>(view: &View<'a>, ticket: &Field<'a>) -> Said<'a, NoticeState> {
    let (subject, _) = subject_parts(view);
    let preamble = view.lines_from(ticket.line.saturating_sub(PREAMBLE_LINES)).take(PREAMBLE_LINES.min(ticket.line));
    let texts: Vec<Found<'a>> = std::iter::once(subject).chain(view.value(&["Urgency"])).chain(preamble).collect();
    let whole: Vec<&str> = texts.iter().map(|text| &*text.text).collect();
    let Some(status) = status::of_words(&whole.join("\n")) else { return no_change() };
    let says = |text: &&Found<'a>| status::of_words(&text.text) == Some(status);
    let from = texts.iter().find(says).cloned().unwrap_or_else(|| view.subject());
    Said { value: NoticeState::Maintenance(Some(status)), from }
}

/// A mail at the end of one of several nights closes that night's window and those before it; the nights to come
/// still stand.
fn status_of_window<'a>(
    state: &Said<'a, NoticeState>,
    window: &Window<'a>,
    windows: &[Window<'a>],
    stamp: Time,
) -> Said<'a, NoticeState> {
    let is_under_way = windows.iter().any(|other| other.times.start <= stamp);
    let is_unfinished = windows.iter().any(|other| !other.backup && other.times.start > stamp);
    let is_completed = state.value == NoticeState::Maintenance(Some(MaintenanceStatus::Completed));
    if is_completed && is_under_way && is_unfinished && window.times.start > stamp {
        Said {
            value: NoticeState::Maintenance(Some(MaintenanceStatus::Confirmed)),
            from: Found::rule("the end of one night does not end the nights to come"),
        }
    } else {
        state.clone()
    }
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
    span: (Moment<'a>, Moment<'a>),
    zone_name: &'a str,
    zone: Option<Zone>,
    found: Found<'a>,
}

fn read_windows<'a>(view: &View<'a>, end: usize) -> Result<Vec<Window<'a>>, String> {
    let mut sections = sections(view.body, end)?;
    // A mail may hold itself once more as plain text; the one with bold headings is the mail.
    if sections.iter().any(|section| section.is_bold) {
        sections.retain(|section| section.is_bold);
    }
    let mut windows: Vec<Window<'a>> = Vec::new();
    for section in sections.iter().filter(|section| section.kind != Kind::Superseded) {
        for window in section_windows(section, view.sent)? {
            let is_same = |other: &Window<'_>| other.times == window.times && other.backup == window.backup;
            if !windows.iter().any(is_same) {
                windows.push(window);
            }
        }
    }
    if windows.is_empty() { Err("it has no window under an \"Activity Date\"".into()) } else { Ok(windows) }
}

fn sections(body: &Document, end: usize) -> Result<Vec<Section<'_>>, String> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    let (mut is_open, mut above) = (false, "");
    for (number, line) in body.lines.iter().enumerate().take(end) {
        let at = At::Line { line: number, cell: line.cell };
        let text = line.text.trim_matches(['*', ' ']);
        if let Some((kind, rest)) = heading(text) {
            sections.push(Section { heading: text, kind, is_bold: line.starts_bold(), lines: Vec::new() });
            is_open = true;
            // `Maintenance Window: 00:01 - 05:00 Eastern` holds for the dates that follow, and says less than they do.
            if (kind != Kind::Windows || dated_span(rest).is_some())
                && let Some(section) = sections.last_mut()
            {
                section.lines.extend(window_line(rest, at)?);
            }
        } else if is_open && let Some(section) = sections.last_mut() {
            match window_line(text, at)? {
                Some(window) => section.lines.push(window),
                None => is_open = false,
            }
        } else if !sections.is_empty() && dated_span(text).is_some() {
            // Whether it stands, or stood, or is a backup, only its heading can say.
            return Err(format!("it has a window under a heading that is not known ({above})"));
        }
        above = text;
    }
    Ok(sections)
}

/// The kind of a heading, and what follows it on its line: nothing, or a window.
fn heading(text: &str) -> Option<(Kind, &str)> {
    const NAMES: [(&str, Kind); 6] = [
        ("Activity Date", Kind::Activity),
        ("Activity Dates", Kind::Activity),
        ("Maintenance Window", Kind::Windows),
        ("Maintenance Date", Kind::Windows),
        ("Maintenance Dates", Kind::Windows),
        // Behind another word only: `Backup Date`.
        ("Date", Kind::Activity),
    ];
    let mut rest = text;
    let mut kind = None;
    loop {
        for (name, named) in NAMES {
            if let Some(after) = strip_start(rest, name) {
                let after = after.trim_start_matches(['*', ' ']);
                let after = after.strip_prefix(':').unwrap_or(after).trim_start_matches(['*', ' ']);
                let is_whole = after.is_empty() || after.starts_with(|c: char| c.is_ascii_digit());
                if is_whole && (name != "Date" || rest.len() < text.len()) {
                    return Some((kind.unwrap_or(named), after));
                }
            }
        }
        // `1st`, `Backup`, `New`: what may stand before the name.
        let (word, after) = rest.split_once(' ')?;
        match plain(word).as_str() {
            word if is_backup(word) => kind = Some(Kind::Backup),
            "original" | "previous" | "old" | "former" | "cancelled" | "canceled" => kind = Some(Kind::Superseded),
            "new" | "revised" | "updated" | "rescheduled" | "primary" | "first" | "second" | "third" => {}
            ordinal if ordinal.len() <= 4 && ordinal.starts_with(|c: char| c.is_ascii_digit()) => {}
            _ => return None,
        }
        rest = after;
    }
}

/// A window with dates and times at the start of the text, and what follows it.
fn dated_span(text: &str) -> Option<(Moment<'_>, Moment<'_>, &str)> {
    span(text).filter(|(from, to, _)| from.date.is_some() && from.clock.is_some() && to.clock.is_some())
}

/// The window of a line; none where it holds none, an error where it seems to hold one that cannot be read.
fn window_line(text: &str, at: At) -> Result<Option<Line<'_>>, String> {
    if let Some((from, to, rest)) = dated_span(text) {
        // The zone in parentheses behind it, known or not.
        let written = text.rsplit_once('(').map_or(rest, |(_, name)| name);
        let zone_name = written.split(')').next().unwrap_or_default().trim();
        let zone = named(zone_name).or_else(|| to.zone.or(from.zone)?.zone(&[]));
        return Ok(Some(Line { span: (from, to), zone_name, zone, found: Found::new(text, at) }));
    }
    let clocks = text
        .as_bytes()
        .windows(4)
        .filter(|w| matches!(w, [a, b':', c, d] if [a, c, d].iter().all(|x| x.is_ascii_digit())));
    if moments::date(text).is_some() || clocks.count() > 1 {
        let shown: String = text.chars().take(80).collect();
        return Err(format!("it has a window that cannot be read ({shown})"));
    }
    Ok(None)
}

/// The windows of a section. Those in GMT count, and those in local time must agree with them; where there is none in
/// GMT, the local ones count.
fn section_windows<'a>(section: &Section<'a>, sent: Time) -> Result<Vec<Window<'a>>, String> {
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
        return local.iter().map(|line| window(line, backup, sent)).collect();
    }
    if local.len() > gmt.len() {
        return Err(format!("a window under \"{heading}\" is given in local time only"));
    }
    let mut windows: Vec<Window<'a>> = gmt.iter().map(|line| window(line, backup, sent)).collect::<Result<_, _>>()?;
    for line in local.into_iter().filter(|line| line.zone.is_some()) {
        // One that cannot be is the slip.
        let Ok(Window { times: own, .. }) = window(line, backup, sent) else { continue };
        let is_close = |a: Time, b: Time| (a - b).abs() <= MAX_DISAGREEMENT;
        let same = |gmt: &&mut Window<'a>| is_close(gmt.times.start, own.start) && is_close(gmt.times.end, own.end);
        match windows.iter_mut().find(same) {
            Some(gmt) => gmt.times.zone = own.zone,
            None => return Err(format!("the windows in {} and in GMT under \"{heading}\" disagree", line.zone_name)),
        }
    }
    Ok(windows)
}

fn window<'a>(line: &Line<'a>, backup: bool, sent: Time) -> Result<Window<'a>, String> {
    let zone = line.zone.ok_or_else(|| format!("it has a window in an unknown zone ({})", line.zone_name))?;
    let rules = Rules { order: DATE_ORDER, zone: Some(zone), meanings: &[] };
    let (from, to) = line.span;
    let in_zone = |moment: Moment<'a>| Moment { zone: None, ..moment };
    let times = windows::resolve(&in_zone(from), &in_zone(to), &rules, sent)?;
    Ok(Window { times, has_end: true, backup, start: line.found.clone(), end: line.found.clone(), id: None })
}

/// The circuits of the table; in plain text, where the table is gone, the lines that begin with an id.
fn circuits<'a>(view: &View<'a>, end: usize) -> Circuits<'a> {
    let general = view.impact(view.value(&["Expected Impact"]));
    let level = |text: Option<Found<'a>>| text.map_or_else(|| general.clone(), |text| view.impact(Some(text)));
    let mut circuits = Circuits::default();
    for row in view.rows(&["Circuit Id"]).into_iter().filter(|row| row.line() < end) {
        if let Some(id) = row.get(&["Circuit Id"]) {
            circuits.add(id, level(row.get(&["Expected Impact"])));
        }
    }
    if circuits.is_empty()
        && let Some(affected) = labels::field(view.body, "Circuit(s) Affected")
    {
        let first = affected.line + 1;
        let lines: Vec<Found<'a>> = view.lines_from(first).take(end.saturating_sub(first)).collect();
        for (i, line) in lines.iter().enumerate() {
            if let Some((id, rest)) = circuit_at_start(&line.text) {
                let own = Some(line.with(rest.trim().to_owned())).filter(|rest| !rest.is_blank());
                let impact = own.or_else(|| lines.get(i + 1).cloned());
                circuits.add(line.with(id.to_owned()), level(impact));
            }
        }
    }
    circuits
}

/// An id such as `/OGYX/123456/ /ZYO /` at the start of a line, and what follows it.
fn circuit_at_start(text: &str) -> Option<(&str, &str)> {
    const SLASHES: usize = 5;
    let text = text.trim_start();
    let (last, _) = text.match_indices('/').nth(SLASHES - 1)?;
    (text.starts_with('/') && !text.starts_with("//")).then(|| text.split_at(last + 1))
}
