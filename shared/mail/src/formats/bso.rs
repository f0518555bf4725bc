//! BSO: one table of labels with a block for each window, and below each block the circuits with their impact.

use noticeboard_domain::notice::NoticeState;
use noticeboard_domain::status::{ImpactLevel, MaintenanceStatus};

use super::registry::{CodeFormat, Reads};
use crate::draft::{Draft, Trouble};
use crate::html::CellAt;
use crate::toolkit::circuits::{Circuits, Impact, outage};
use crate::toolkit::found::{At, Found, Said};
use crate::toolkit::windows::{Rules, Window};
use crate::view::{View, confirmed};

pub(super) const FORMAT: CodeFormat = CodeFormat {
    name: "bso",
    providers: &["bso"],
    names: &["bso"],
    marks: &[&["timeslot start"], &["maintenance id", "maintenance reference"]],
    reads: Reads::Bodies,
    read,
};

/// BSO's words, the worst first. "At risk" is work beside the circuit that is not meant to touch it.
const IMPACTS: [(&str, ImpactLevel); 6] = [
    ("hard down", ImpactLevel::Outage),
    ("switch hit", ImpactLevel::ReducedRedundancy),
    ("switch hits", ImpactLevel::ReducedRedundancy),
    ("loss of protection", ImpactLevel::ReducedRedundancy),
    ("higher latency", ImpactLevel::Degraded),
    ("at risk", ImpactLevel::NoImpact),
];

/// `Timeslot start time`, `Timeslot start date`.
const STARTS: [&str; 1] = ["Timeslot start…"];

/// The title's last word.
const STATUSES: [(&str, MaintenanceStatus); 8] = [
    ("canceled", MaintenanceStatus::Cancelled),
    ("cancelled", MaintenanceStatus::Cancelled),
    ("cancellation", MaintenanceStatus::Cancelled),
    ("update", MaintenanceStatus::Rescheduled),
    ("rescheduled", MaintenanceStatus::Rescheduled),
    ("end", MaintenanceStatus::Completed),
    ("completed", MaintenanceStatus::Completed),
    ("start", MaintenanceStatus::InProcess),
];

fn read<'a>(view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
    let id = view.need(&["Maintenance ID", "Maintenance Reference"])?;
    let windows = view.windows(&STARTS, &["Timeslot end…"], &Rules::MONTH_FIRST_UTC)?;
    let blocks = view.fields(&STARTS);
    let state = status(view);
    let draft = |(number, window): (usize, Window<'a>)| {
        let from = blocks.get(number).map_or(0, |block| block.line);
        let to = blocks.get(number + 1).map_or(view.body.lines.len(), |next| next.line);
        Draft {
            windows: vec![window],
            circuits: circuits(view, from, to),
            summary: view.value(&["Maintenance Reason"]).unwrap_or_else(|| view.subject()),
            ..view.draft(id.clone(), state.clone())
        }
    };
    Ok(windows.into_iter().enumerate().map(draft).collect())
}

/// The title stands above the salutation, `Maintenance Reminder_`, `Emergency Maintenance_`; the subject may say as much.
fn status<'a>(view: &View<'a>) -> Said<'a, NoticeState> {
    const TITLE_LINES: usize = 8;
    let is_title = |line: &Found<'a>| {
        line.text.len() < 60 && (line.text.to_lowercase().starts_with("maintenance") || line.text.ends_with('_'))
    };
    let title = view.head(TITLE_LINES).filter(is_title).map(|title| title.with(title.text.replace('_', " ")));
    let texts: Vec<Found<'a>> = title.chain([view.subject()]).collect();
    view.status_by(texts.clone(), &STATUSES).or_else(|| view.status(texts)).unwrap_or_else(confirmed)
}

/// The rows below `Expected impact level` of this block: an id and its impact. Where there are none, the circuits are
/// those of the service id.
fn circuits<'a>(view: &View<'a>, from: usize, to: usize) -> Circuits<'a> {
    let mut circuits = Circuits::default();
    let lines = view.body.lines.get(from..to).unwrap_or_default();
    let is_heading = |text: &str| ["expected impact level", "impact level"].iter().any(|start| text.starts_with(start));
    let heading = lines.iter().position(|line| is_heading(&line.text.to_lowercase()));
    // In plain text, a heading without a value is no row of the table that follows.
    let first_row = heading.and_then(|heading| {
        let at = |line: usize| lines.get(line).and_then(|line| line.cell);
        at(heading).map(|at| CellAt { row: at.row + 1, ..at }).or_else(|| at(heading + 1))
    });
    if let Some(at) = first_row
        && let Some(table) = view.body.tables.get(at.table)
    {
        for (row, cells) in table.rows.iter().enumerate().skip(at.row) {
            let mut texts = cells.iter().enumerate().filter(|(_, cell)| !cell.text.trim().is_empty());
            let found = |column: usize, text: &'a str| {
                Found::new(text, At::Line { line: from, cell: Some(CellAt { row, column, ..at }) })
            };
            match (texts.next(), texts.next()) {
                (Some((_, id)), _) if id.text.to_lowercase().starts_with("timeslot") => break,
                (Some((i, id)), Some((j, impact))) => {
                    circuits.add(found(i, &id.text), impact_of(view, found(j, &impact.text)));
                }
                (Some(_), None) | (None, _) => {}
            }
        }
    }
    if circuits.is_empty()
        && let Some(heading) = heading
    {
        circuits = lines_of_circuits(view, from + heading + 1, to);
    }
    if circuits.is_empty() {
        let impact =
            view.value(&["Expected impact level", "Impact level"]).map_or_else(outage, |text| impact_of(view, text));
        for list in view.lists(&["Service ID (SID)", "Service ID", "SID"]) {
            for id in list.text.split([' ', ',', '\n', ';']) {
                circuits.add(list.with(id.to_owned()), impact.clone());
            }
        }
    }
    circuits
}

/// In plain text the table is gone: a line with an id, and the next one with its impact.
fn lines_of_circuits<'a>(view: &View<'a>, from: usize, to: usize) -> Circuits<'a> {
    let mut circuits = Circuits::default();
    let mut lines = view.lines_from(from).take(to.saturating_sub(from));
    while let (Some(id), Some(text)) = (lines.next(), lines.next()) {
        let (level, said) = impact_of(view, text);
        if matches!(said.at, At::Rule(_)) || id.text.contains(' ') {
            break;
        }
        circuits.add(id, (level, said));
    }
    circuits
}

/// By BSO's words, or else by the usual ones.
fn impact_of<'a>(view: &View<'a>, text: Found<'a>) -> Impact<'a> {
    match view.impact_by(Some(text.clone()), &IMPACTS) {
        (_, Found { at: At::Rule(_), .. }) => view.impact(Some(text)),
        said => said,
    }
}
