//! Crown Castle: labels, one row of times for each zone, and a table of circuits.

use noticeboard_domain::notice::NoticeState;
use noticeboard_domain::status::ImpactLevel;

use super::registry::{CodeFormat, Reads};
use crate::draft::{Draft, Trouble};
use crate::toolkit::circuits::Circuits;
use crate::toolkit::found::{Found, Said};
use crate::toolkit::tables::Row;
use crate::toolkit::text::plain;
use crate::toolkit::windows::{DateOrder, Rules, Window};
use crate::toolkit::zones::named;
use crate::view::{View, no_change};

pub(super) const FORMAT: CodeFormat = CodeFormat {
    name: "crowncastle",
    providers: &["crowncastle"],
    names: &["crown castle", "crowncastle"],
    marks: &[&["ticket number", "ticket #", "ticket no"], &["time zone", "timezone"]],
    reads: Reads::Bodies,
    read,
};

/// How many lines at the head of the mail may be its title.
const TITLE_LINES: usize = 12;
/// Longer than every title.
const MAX_TITLE_BYTES: usize = 80;

fn read<'a>(view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
    let id = view.need(&["Ticket Number", "Ticket #", "Ticket No", "Crown Castle Ticket Number"])?;
    Ok(vec![Draft {
        account: view.sentence(&["Dear {...},"]).and_then(|holes| holes.into_iter().next()),
        windows: windows(view)?,
        circuits: circuits(view),
        summary: view
            .value(&["Maintenance Description", "Description", "Location of Work"])
            .unwrap_or_else(|| view.subject()),
        ..view.draft(id, status(view))
    }])
}

/// The rows in GMT, or in the first zone that there is. A row is date, time, date, time and zone; several nights are
/// several rows of each zone.
fn windows<'a>(view: &View<'a>) -> Result<Vec<Window<'a>>, String> {
    let rows = view.rows(&["Time Zone", "Timezone"]);
    let zoned = |row: &Row<'a>| {
        let zone = row.cells().filter(|cell| !cell.is_blank()).last()?;
        Some((named(&zone.text)?, zone.text.to_string()))
    };
    let rows: Vec<_> = rows.into_iter().filter_map(|row| Some((zoned(&row)?, row))).collect();
    let is_gmt = |name: &str| ["GMT", "UTC"].iter().any(|gmt| name.eq_ignore_ascii_case(gmt));
    let wanted = rows.iter().find(|((_, name), _)| is_gmt(name)).or_else(|| rows.first());
    let wanted = wanted.map(|((_, name), _)| name.clone()).ok_or("it has no row of times with a zone")?;
    let mut windows = Vec::new();
    for ((zone, _), row) in rows.iter().filter(|((_, name), _)| *name == wanted) {
        let cells: Vec<Found<'a>> = row.cells().filter(|cell| !cell.is_blank()).collect();
        let rules = Rules { order: DateOrder::MonthFirst, zone: Some(*zone), meanings: &[] };
        let (from, to) = match cells.as_slice() {
            [day, time, end_day, end_time, _] => {
                let join = |a: &Found<'a>, b: &Found<'a>| a.with(format!("{} {}", a.text, b.text));
                (join(day, time), join(end_day, end_time))
            }
            [start, end, _] => (start.clone(), end.clone()),
            _ => return Err("its row of times has not a start and an end".into()),
        };
        windows.push(Window::of_fields(from, to, &rules, view.sent)?);
    }
    Ok(windows)
}

fn circuits<'a>(view: &View<'a>) -> Circuits<'a> {
    const IDS: [&str; 5] = ["Circuit ID…", "…Circuit ID", "Circuit…", "…Circuit", "…Service ID"];
    const IMPACTS: [&str; 4] = ["Expected Impact…", "Expected Customer Impact…", "Impact…", "…Impact"];
    let general = view.value(&["Expected Customer Impact", "Expected Impact"]);
    let level = |text: Option<Found<'a>>| {
        // Anything but "None" is an outage.
        let is_none = |text: &Found<'a>| text.text.trim().eq_ignore_ascii_case("none");
        match text.or_else(|| general.clone()) {
            Some(text) if is_none(&text) => (ImpactLevel::NoImpact, text),
            Some(text) => match view.impact(Some(text.clone())) {
                (ImpactLevel::NoImpact, from) => (ImpactLevel::NoImpact, from),
                _ => (ImpactLevel::Outage, text),
            },
            None => crate::toolkit::circuits::outage(),
        }
    };
    let mut circuits = Circuits::default();
    for row in view.rows(&IDS) {
        if let Some(id) = row.get(&IDS) {
            circuits.add(id, level(row.get(&IMPACTS)));
        }
    }
    circuits
}

fn status<'a>(view: &View<'a>) -> Said<'a, NoticeState> {
    let said = ["this notice is being sent", "event status", "has been completed"];
    let said = said.iter().filter_map(|phrase| view.line_with(&[phrase]));
    // `Maintenance Notification - Rescheduled Event`.
    let is_title = |line: &Found<'a>| {
        let words = plain(&line.text);
        words.len() < MAX_TITLE_BYTES && words.contains("notification")
    };
    let title = view.head(TITLE_LINES).find(is_title);
    view.status([view.subject()].into_iter().chain(title).chain(said)).unwrap_or_else(no_change)
}
