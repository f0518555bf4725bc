//! GTT and EXA, which it became: a heading with the ticket and where the work stands, a table of labels, and one of
//! services.

use noticeboard_domain::notice::NoticeState;
use noticeboard_domain::status::MaintenanceStatus;

use super::maintnote::event_windows;
use super::registry::{CodeFormat, Reads};
use crate::KNOWN_FORMAT;
use crate::draft::{Draft, Trouble, WITHOUT_WINDOW};
use crate::toolkit::circuits::{Circuits, outage};
use crate::toolkit::found::{Found, Said};
use crate::toolkit::tables::Row;
use crate::toolkit::windows::{Rules, Window, last_moment};
use crate::view::{View, confirmed};

pub(super) const FORMAT: CodeFormat = CodeFormat {
    name: "gtt",
    providers: &["gtt"],
    names: &[
        "gtt network operations",
        "exa network operations",
        "infraco.cm@",
        "gtt planned",
        "exa planned",
        "gtt emergency",
        "exa emergency",
    ],
    marks: &[&["planned work notification", "emergency work notification", "work notification:"]],
    reads: Reads::Bodies,
    read,
};

const RULES: Rules<'static> = Rules::DAY_FIRST_UTC;

/// The columns of a service's names, the best first.
const SERVICES: [&str; 6] = ["SLID/CCSD", "SLID / CCSD", "SLID", "CCSD", "Service ID", "Services Affected"];

/// The services of these rows. Several words are what a narrow page has broken off another column.
fn circuits<'a>(rows: &[Row<'a>]) -> Circuits<'a> {
    let mut circuits = Circuits::default();
    for id in rows.iter().filter_map(|row| row.get(&SERVICES)).filter(|id| !id.text.trim().contains(' ')) {
        circuits.add(id, outage());
    }
    circuits
}

/// What the heading says behind the ticket.
const STATUSES: [(&str, MaintenanceStatus); 9] = [
    ("cancelled", MaintenanceStatus::Cancelled),
    ("canceled", MaintenanceStatus::Cancelled),
    ("cancellation", MaintenanceStatus::Cancelled),
    ("completed", MaintenanceStatus::Completed),
    ("rescheduled", MaintenanceStatus::Rescheduled),
    ("reschedule", MaintenanceStatus::Rescheduled),
    ("update", MaintenanceStatus::Rescheduled),
    ("started", MaintenanceStatus::InProcess),
    ("in progress", MaintenanceStatus::InProcess),
];

fn read<'a>(view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
    let heading =
        view.sentence(&["Work Notification: {} - {...}\n", "Work Notification: {} – {...}\n", "Work Notification: {}"]);
    let mut holes = heading.ok_or("its heading has no ticket")?.into_iter();
    let (id, word) = (holes.next().ok_or("its heading has no ticket")?, holes.next());
    let rows = view.rows(&SERVICES);
    let state = status(view, word);
    let is_cancelled = state.value == NoticeState::Maintenance(Some(MaintenanceStatus::Cancelled));
    let (mut windows, confidence) = match windows(view) {
        Ok(windows) => (windows, KNOWN_FORMAT),
        Err(_) if is_cancelled => (vec![Window::unnamed(view.sent)], WITHOUT_WINDOW),
        Err(missing) => return Err(missing.into()),
    };
    // The text names the first window; a second may come as a calendar.
    windows.extend(event_windows(view).into_iter().filter(|window| window.backup));
    Ok(vec![Draft {
        confidence,
        windows,
        circuits: circuits(&rows),
        summary: view.value(&["Planned work Reason"]).unwrap_or_else(|| view.subject()),
        ..view.draft(id, state)
    }])
}

fn windows<'a>(view: &'a View<'a>) -> Result<Vec<Window<'a>>, String> {
    const STARTS: [&str; 4] = ["Start", "Start Time", "Start Date", "Start Date & Time"];
    const ENDS: [&str; 4] = ["End", "End Time", "End Date", "End Date & Time"];
    // Plain text keeps an old time before the new one, where HTML strikes it out.
    view.windows_by(&STARTS, &ENDS, &RULES, last_moment).or_else(|missing| {
        // A mail that calls the work off may keep only its sentence.
        let holes = view.sentence(&["between {...} and {...}.", "between {...} - {...}. ", "from {...} to {...}."]);
        match holes.as_deref() {
            Some([from, to, ..]) => Window::of_fields(from.clone(), to.clone(), &RULES, view.sent).map(|w| vec![w]),
            _ => Err(missing),
        }
    })
}

fn status<'a>(view: &View<'a>, word: Option<Found<'a>>) -> Said<'a, NoticeState> {
    let texts: Vec<Found<'a>> = word.into_iter().chain([view.subject()]).collect();
    view.status_by(texts.clone(), &STATUSES).or_else(|| view.status(texts)).unwrap_or_else(confirmed)
}
