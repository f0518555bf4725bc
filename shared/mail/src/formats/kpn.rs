//! KPN: all that counts is in an attached sheet, with one row for each circuit and names of columns in Dutch and
//! English.
//!
//! Built from facts about these mails. Neither mail nor sheet names a zone; the times are taken for UTC, as others do
//! who read them.

use std::collections::HashMap;

use noticeboard_domain::notice::NoticeState;
use noticeboard_domain::status::{ImpactLevel, MaintenanceStatus};

use super::registry::{CodeFormat, Reads};
use crate::draft::{Draft, Missing, Trouble};
use crate::toolkit::circuits::{Impact, outage};
use crate::toolkit::found::{Found, Said};
use crate::toolkit::tables::Row;
use crate::toolkit::windows::{Rules, Window};
use crate::view::{View, confirmed, missing};

pub(super) const FORMAT: CodeFormat = CodeFormat {
    name: "kpn",
    providers: &["kpn"],
    names: &["werkzaamheden kpn", "kpn gepland werk", "gwc-noreply@kpn.com"],
    marks: &[&["werkzaamheden", "gepland werk", "planned work", "planned maintenance", "maintenance notification"]],
    reads: Reads::Message,
    read,
};

const ID: [&str; 2] = ["Astrid…", "IDA…"];
const CIRCUIT: [&str; 2] = ["V/G/A-nummer…", "V/G/A number…"];
const ACCOUNT: [&str; 2] = ["Bedrijfsnaam…", "Company A-location…"];
const DOWNTIME: [&str; 2] = ["Onderbrekingsduur…", "Downtime…"];
const STATUS: [&str; 2] = ["Aankondiging…", "Announcement…"];

/// What the column of the status and the subject say.
const STATUSES: [(&str, MaintenanceStatus); 11] = [
    ("annulering", MaintenanceStatus::Cancelled),
    ("geannuleerd", MaintenanceStatus::Cancelled),
    ("cancellation", MaintenanceStatus::Cancelled),
    ("afsluiting", MaintenanceStatus::Completed),
    ("afgesloten", MaintenanceStatus::Completed),
    ("closure", MaintenanceStatus::Completed),
    ("wijziging", MaintenanceStatus::Rescheduled),
    ("gewijzigd", MaintenanceStatus::Rescheduled),
    ("change", MaintenanceStatus::Rescheduled),
    ("aankondiging", MaintenanceStatus::Confirmed),
    ("announcement", MaintenanceStatus::Confirmed),
];

/// A draft for each work, window and status that the rows name.
fn read<'a>(view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
    let mut drafts: Vec<Draft<'a>> = Vec::new();
    let mut places = HashMap::new();
    for row in view.sheet_rows(&ID) {
        let Some(circuit) = row.get(&CIRCUIT) else { continue };
        let id = row.get(&ID).ok_or("it has a circuit without a number of the work")?;
        let start = moment(&row, ["Startdatum…", "Start date…"], ["Starttijd…", "Start time…"])?;
        let end = moment(&row, ["Einddatum…", "End date…"], ["Eindtijd…", "End time…"])?;
        let said = row.get(&STATUS);
        let status_text = said.as_ref().map(|said| said.text.clone());
        let place = match places.get(&(id.text.clone(), start.text.clone(), end.text.clone(), status_text.clone())) {
            Some(&place) => place,
            None => {
                places.insert((id.text.clone(), start.text.clone(), end.text.clone(), status_text), drafts.len());
                drafts.push(Draft {
                    account: row.get(&ACCOUNT),
                    windows: vec![Window::of_fields(start, end, &Rules::DAY_FIRST_UTC, view.sent)?],
                    ..view.draft(id, status(view, said))
                });
                drafts.len() - 1
            }
        };
        if let Some(draft) = drafts.get_mut(place) {
            draft.circuits.add(circuit, impact(row.get(&DOWNTIME)));
        }
    }
    if drafts.is_empty() {
        Err("it has no attached sheet with \"Astrid/IDA\" and \"V/G/A number\"".into())
    } else {
        Ok(drafts)
    }
}

/// Date and time, which stand in two columns.
fn moment<'a>(row: &Row<'a>, date: [&str; 2], time: [&str; 2]) -> Result<Found<'a>, Missing> {
    let day = row.get(&date).ok_or_else(|| missing(&date))?;
    let clock = row.get(&time).ok_or_else(|| missing(&time))?;
    Ok(day.with(format!("{} {}", day.text, clock.text)))
}

fn status<'a>(view: &View<'a>, said: Option<Found<'a>>) -> Said<'a, NoticeState> {
    view.status_by(said.into_iter().chain([view.subject()]), &STATUSES).unwrap_or_else(confirmed)
}

/// How long the circuit is down, in minutes.
fn impact(downtime: Option<Found<'_>>) -> Impact<'_> {
    match downtime {
        Some(minutes) if minutes.text.trim().parse() == Ok(0) => (ImpactLevel::NoImpact, minutes),
        Some(minutes) if minutes.text.trim().parse::<u32>().is_ok() => (ImpactLevel::Outage, minutes),
        Some(_) | None => outage(),
    }
}
