//! Lumen, and Cirion and Colt, which send its form on: a number, updates, a table for each window and one of circuits.
//!
//! Cirion's words were built from facts about its mails, without a sample.

use noticeboard_domain::notice::NoticeState;
use noticeboard_domain::status::MaintenanceStatus;

use super::registry::{CodeFormat, Reads};
use crate::draft::{Draft, Trouble};
use crate::toolkit::circuits::Circuits;
use crate::toolkit::found::{Found, Said};
use crate::toolkit::labels;
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

/// The words of the status column and of the newest update.
const STATUSES: [(&str, MaintenanceStatus); 16] = [
    ("not completed", MaintenanceStatus::Cancelled),
    ("cancelled", MaintenanceStatus::Cancelled),
    ("canceled", MaintenanceStatus::Cancelled),
    ("alternate night", MaintenanceStatus::Rescheduled),
    ("postponed", MaintenanceStatus::Rescheduled),
    ("rescheduled", MaintenanceStatus::Rescheduled),
    ("completed", MaintenanceStatus::Completed),
    ("has ended", MaintenanceStatus::Completed),
    ("closed", MaintenanceStatus::Completed),
    ("has begun", MaintenanceStatus::InProcess),
    ("implement", MaintenanceStatus::InProcess),
    ("in progress", MaintenanceStatus::InProcess),
    ("updated", MaintenanceStatus::Rescheduled),
    ("is scheduled", MaintenanceStatus::Confirmed),
    ("scheduled", MaintenanceStatus::Confirmed),
    ("released", MaintenanceStatus::Confirmed),
];

fn read<'a>(view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
    let labelled = view.need(&["Scheduled Maintenance Window #", "Scheduled Maintenance #", "Maintenance #"]);
    let id = labelled.or_else(|missing| view.word_with(&["CHG"]).ok_or(missing))?;
    // Cirion's own name of a service is the other one.
    let is_cirion = [&view.sender, &view.hint].into_iter().flatten().any(|provider| provider.slug == "cirion");
    let ids = if is_cirion { ["Alt Circuit ID", "Circuit ID"] } else { ["Circuit ID", "Alt Circuit ID"] };
    let rows = view.rows(&["Circuit ID"]);
    let mut circuits = Circuits::default();
    for row in &rows {
        if let Some(id) = row.get(&ids) {
            circuits.add(id, view.impact(row.get(&["Impact Type", "Impact"])));
        }
    }
    let update = update(view);
    let status = status(view, rows.first().and_then(|row| row.get(&["Status"])), update.as_ref());
    let draft = view.draft(id, status);
    let stamp = update
        .and_then(|text| Some(Said { value: point(&text, &Rules::MONTH_FIRST_UTC, view.sent).ok()?, from: text }));
    Ok(vec![Draft {
        account: rows.first().and_then(|row| row.get(&["Customer Name"])),
        windows: windows(view)?,
        circuits,
        summary: view.value(&["Summary"]).unwrap_or(draft.summary),
        stamp: stamp.unwrap_or(draft.stamp),
        ..draft
    }])
}

/// The newest update, which stands first: `2021-05-20 07:00:21 GMT - The scheduled maintenance work has begun.`
fn update<'a>(view: &View<'a>) -> Option<Found<'a>> {
    let updates = labels::field(view.body, "Updates")?;
    let is_update = |line: &Found<'a>| line.text.starts_with(|c: char| c.is_ascii_digit());
    view.lines_from(updates.line).take(4).find(is_update)
}

/// A window in each table with the columns `Start` and `End`: its row in GMT, or else its first one. The line above
/// the table may call it the alternate night.
fn windows<'a>(view: &View<'a>) -> Result<Vec<Window<'a>>, String> {
    let mut windows = Vec::new();
    let rows: Vec<_> = view.rows(&["Start"]).into_iter().filter(|row| row.get(&["End"]).is_some()).collect();
    let mut tables: Vec<usize> = rows.iter().map(|row| row.line()).collect();
    tables.dedup();
    for table in tables {
        let own = || rows.iter().filter(|row| row.line() == table);
        let is_gmt = |text: &str| {
            let words = plain(text);
            ["gmt", "utc", "greenwich mean time"].iter().any(|name| has_phrase(&words, name))
        };
        let row = own().find(|row| row.get(&["Start"]).is_some_and(|text| is_gmt(&text.text))).or_else(|| own().next());
        if let Some(row) = row
            && let (Some(from), Some(to)) = (row.get(&["Start"]), row.get(&["End"]))
        {
            let above = view.lines_from(table.saturating_sub(2)).take(table.min(2));
            let backup = above.into_iter().any(|line| is_backup(&line.text) && line.text.len() < MAX_HEADING_BYTES);
            windows.push(Window::of_fields(from, to, &RULES, view.sent)?.backup(backup));
        }
    }
    if windows.is_empty() { Err("it has no table with \"Start\" and \"End\"".into()) } else { Ok(windows) }
}

/// Longest heading above a window's table: a sentence that speaks of an alternate night is none.
const MAX_HEADING_BYTES: usize = 60;

fn status<'a>(view: &View<'a>, column: Option<Found<'a>>, update: Option<&Found<'a>>) -> Said<'a, NoticeState> {
    let sentence = view.line_with(&["this maintenance is"]).filter(|line| line.text.len() < MAX_HEADING_BYTES);
    let said = column.into_iter().chain(update.cloned()).chain(sentence);
    let texts: Vec<Found<'a>> = said.chain([view.subject()]).collect();
    view.status_by(texts, &STATUSES).unwrap_or_else(confirmed)
}
