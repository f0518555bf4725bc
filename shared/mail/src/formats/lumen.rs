//! Lumen, and Cirion and Colt, which send its form on: a number, updates, a table for each window and one of circuits.
//!
//! Cirion's words were built from facts about its mails, without a sample.

use chrono::Duration;
use noticeboard_domain::notice::NoticeState;
use noticeboard_domain::status::MaintenanceStatus;
use noticeboard_domain::time::Time;

use super::registry::{CodeFormat, Reads};
use crate::draft::{Draft, Trouble};
use crate::toolkit::circuits::Circuits;
use crate::toolkit::found::{At, Found, Said};
use crate::toolkit::labels;
use crate::toolkit::tables::Row;
use crate::toolkit::text::{has_phrase, plain};
use crate::toolkit::windows::{DateOrder, Rules, Window, point};
use crate::view::{View, confirmed, is_backup};

pub(super) const FORMAT: CodeFormat = CodeFormat {
    name: "lumen",
    providers: &["lumen", "cirion", "colt"],
    names: &["lumen", "cirion", "centurylink"],
    marks: &[
        &["scheduled maintenance #", "scheduled maintenance window #", "maintenance #", "this maintenance is"],
        &["circuit id"],
    ],
    reads: Reads::Bodies,
    read,
};

const RULES: Rules<'static> = Rules { order: DateOrder::MonthFirst, zone: None, meanings: &[] };

/// The form's own words in the status column and in the newest update; what else they say, they say as everybody does.
const STATUSES: [(&str, MaintenanceStatus); 9] = [
    ("not completed", MaintenanceStatus::Cancelled),
    ("alternate night", MaintenanceStatus::Rescheduled),
    ("closed", MaintenanceStatus::Completed),
    ("implement", MaintenanceStatus::InProcess),
    ("updated", MaintenanceStatus::Rescheduled),
    ("has changed", MaintenanceStatus::Rescheduled),
    ("been changed", MaintenanceStatus::Rescheduled),
    ("is scheduled", MaintenanceStatus::Confirmed),
    ("released", MaintenanceStatus::Confirmed),
];

/// The labels of the number.
const IDS: [&str; 5] = [
    "Scheduled Maintenance Window #",
    "Scheduled Maintenance #",
    "Emergency Maintenance Window #",
    "Emergency Maintenance #",
    "Maintenance #",
];

/// The columns of a window.
const START: [&str; 2] = ["Start", "Start…"];
const END: [&str; 2] = ["End", "End…"];

/// A window with the services that are listed below it.
struct Night<'a> {
    window: Window<'a>,
    rows: Vec<Row<'a>>,
}

fn read<'a>(view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
    let labelled = view.need(&IDS);
    let id = labelled.or_else(|missing| view.word_with(&["CHG"]).ok_or(missing))?;
    // Cirion's own name of a service is the other one.
    let is_cirion = match view.sender.as_ref().or(view.hint.as_ref()) {
        Some(provider) => provider.slug == "cirion",
        None => view.says("cirion") && !view.says("lumen"),
    };
    let provider = if is_cirion { view.senders.by_name_or_new("cirion") } else { None };
    let ids = if is_cirion { ["Alt Circuit ID", "Circuit ID"] } else { ["Circuit ID", "Alt Circuit ID"] };
    let update = update(view);
    let stamp = update.as_ref().and_then(|text| {
        Some(Said { value: point(text, &Rules::MONTH_FIRST_UTC, view.sent).ok()?, from: text.clone() })
    });
    let draft = |night: Night<'a>| {
        let status = status(view, &night, update.as_ref(), stamp.as_ref().map(|stamp| stamp.value));
        let draft = view.draft(id.clone(), status);
        let mut circuits = Circuits::default();
        for row in &night.rows {
            if let Some(id) = row.get(&ids) {
                circuits.add(id, view.impact(row.get(&["Impact Type", "Impact"])));
            }
        }
        Draft {
            provider: provider.clone(),
            account: night.rows.first().and_then(|row| row.get(&["Customer Name"])),
            windows: vec![night.window],
            circuits,
            summary: view.value(&["Summary"]).unwrap_or(draft.summary),
            stamp: stamp.clone().unwrap_or(draft.stamp),
            ..draft
        }
    };
    Ok(nights(view)?.into_iter().map(draft).collect())
}

/// The newest update, which stands first: `2021-05-20 07:00:21 GMT - The scheduled maintenance work has begun.`
fn update<'a>(view: &View<'a>) -> Option<Found<'a>> {
    let updates = labels::field(view.body, "Updates")?;
    let is_update = |line: &Found<'a>| line.text.starts_with(|c: char| c.is_ascii_digit());
    view.lines_from(updates.line).take(4).find(is_update)
}

/// A window in each table with the columns `Start` and `End`, with the services up to the next one. One that has none
/// of its own, such as an alternate night, has those of the window before, or else all that the mail names. A window
/// that stands there again with other services is one with both.
fn nights<'a>(view: &View<'a>) -> Result<Vec<Night<'a>>, String> {
    let windows = windows(view)?;
    let services = view.rows(&["Circuit ID"]);
    let mut nights: Vec<Night<'a>> = Vec::new();
    for (place, (line, window)) in windows.iter().enumerate() {
        let next = windows.get(place + 1).map_or(usize::MAX, |(next, _)| *next);
        let own: Vec<Row<'a>> = services.iter().filter(|row| (*line..next).contains(&row.line())).copied().collect();
        let same = |night: &&mut Night<'a>| night.window.times == window.times;
        match nights.iter_mut().find(same) {
            Some(known) => known.rows.extend(own),
            None => nights.push(Night { window: window.clone(), rows: own }),
        }
    }
    for place in 0..nights.len() {
        let (before, rest) = nights.split_at_mut(place);
        if let Some(night) = rest.first_mut().filter(|night| night.rows.is_empty()) {
            night.rows = before.last().map_or_else(|| services.clone(), |before| before.rows.clone());
        }
    }
    Ok(nights)
}

/// The window of each table with the columns `Start` and `End`, with the table's line: its row in GMT, or else its
/// first one. The line above the table may call it the alternate night.
fn windows<'a>(view: &View<'a>) -> Result<Vec<(usize, Window<'a>)>, String> {
    let mut windows = Vec::new();
    let rows: Vec<_> = view.rows(&START).into_iter().filter(|row| row.get(&END).is_some()).collect();
    let mut tables: Vec<usize> = rows.iter().map(Row::line).collect();
    tables.dedup();
    for table in tables {
        let own = || rows.iter().filter(|row| row.line() == table);
        let is_gmt = |text: &str| {
            let words = plain(text);
            ["gmt", "utc", "greenwich mean time"].iter().any(|name| has_phrase(&words, name))
        };
        let row = own().find(|row| row.get(&START).is_some_and(|text| is_gmt(&text.text))).or_else(|| own().next());
        if let Some(row) = row
            && let (Some(from), Some(to)) = (row.get(&START), row.get(&END))
        {
            let above = view.lines_from(table.saturating_sub(2)).take(table.min(2));
            let is_heading = |line: &Found<'_>| line.text.len() < MAX_HEADING_BYTES && !is_in_row(line);
            let backup = above.into_iter().any(|line| is_backup(&line.text) && is_heading(&line));
            windows.push((table, Window::of_fields(from, to, &RULES, view.sent)?.backup(backup)));
        }
    }
    if windows.is_empty() { Err("it has no table with \"Start\" and \"End\"".into()) } else { Ok(windows) }
}

/// Whether the text stands in a row behind its first cell, as what became of a service does.
fn is_in_row(text: &Found<'_>) -> bool {
    matches!(text.at, At::Line { cell: Some(cell), .. } if cell.column > 0)
}

/// Longest heading above a window's table: a sentence that speaks of an alternate night is none.
const MAX_HEADING_BYTES: usize = 60;

/// What the services of a window say, else the newest update, else what stands elsewhere.
fn status<'a>(
    view: &View<'a>,
    night: &Night<'a>,
    update: Option<&Found<'a>>,
    updated: Option<Time>,
) -> Said<'a, NoticeState> {
    let of = |text: Found<'a>| view.status_by([text.clone()], &STATUSES).or_else(|| view.status([text]));
    let is = |said: &Said<'a, NoticeState>, status| said.value == NoticeState::Maintenance(Some(status));
    // Where some services say nothing, the others do not speak for all. Where some are not done, the work is not.
    let rows: Option<Vec<_>> = night.rows.iter().map(|row| of(row.get(&["Status"])?)).collect();
    let column = rows.and_then(|rows| rows.into_iter().min_by_key(|said| is(said, MaintenanceStatus::Completed)));
    // What has begun or ended is not the window that comes later.
    let is_later = updated.is_some_and(|updated| night.window.times.start > updated + MAX_EARLY_START);
    let update = update.cloned().and_then(of).filter(|said| {
        !(is_later && (is(said, MaintenanceStatus::InProcess) || is(said, MaintenanceStatus::Completed)))
    });
    let sentence = view.line_with(&["this maintenance is"]).filter(|line| line.text.len() < MAX_HEADING_BYTES);
    let elsewhere = || sentence.and_then(of).or_else(|| of(view.subject())).unwrap_or_else(confirmed);
    column.or(update).unwrap_or_else(elsewhere)
}

/// How long before a window its work may begin.
const MAX_EARLY_START: Duration = Duration::hours(1);
