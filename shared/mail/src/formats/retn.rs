//! RETN: the ticket in the subject, a heading that says where the work stands, and below it a heading for each level of
//! impact with the services that it hits.
//!
//! Built from facts about these mails, without a sample. Days stand before months; no zone means UTC.

use noticeboard_domain::notice::NoticeState;
use noticeboard_domain::status::{ImpactLevel, MaintenanceStatus};

use super::registry::{CodeFormat, Reads};
use crate::draft::{Draft, Trouble};
use crate::toolkit::circuits::Circuits;
use crate::toolkit::found::{Found, Said};
use crate::toolkit::impact;
use crate::toolkit::text::{has_phrase, plain};
use crate::toolkit::windows::{Rules, Window};
use crate::view::{View, confirmed};

pub(super) const FORMAT: CodeFormat = CodeFormat {
    name: "retn",
    providers: &["retn"],
    names: &["retn"],
    marks: &[&["ticket"], &["start", "window", "schedule"]],
    reads: Reads::Bodies,
    read,
};

const RULES: Rules<'static> = Rules::DAY_FIRST_UTC;
/// How many lines at the head of the mail may say where the work stands.
const HEAD_LINES: usize = 6;

/// The headings at the head of the mail.
const STATUSES: [(&str, MaintenanceStatus); 10] = [
    ("cancelled", MaintenanceStatus::Cancelled),
    ("canceled", MaintenanceStatus::Cancelled),
    ("cancellation", MaintenanceStatus::Cancelled),
    ("ticket resolved", MaintenanceStatus::Completed),
    ("ticket closed", MaintenanceStatus::Completed),
    ("completed", MaintenanceStatus::Completed),
    ("rescheduling update", MaintenanceStatus::Rescheduled),
    ("rescheduled", MaintenanceStatus::Rescheduled),
    ("new update", MaintenanceStatus::InProcess),
    ("ticket opened", MaintenanceStatus::Confirmed),
];

/// What the headings above the services say beside the usual words.
const IMPACTS: [(&str, ImpactLevel); 7] = [
    ("complete loss", ImpactLevel::Outage),
    ("flaps", ImpactLevel::ReducedRedundancy),
    ("flap", ImpactLevel::ReducedRedundancy),
    ("rtt increasing", ImpactLevel::Degraded),
    ("rtt increase", ImpactLevel::Degraded),
    ("increased rtt", ImpactLevel::Degraded),
    ("without redundancy", ImpactLevel::ReducedRedundancy),
];

fn read<'a>(view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
    const SUBJECTS: [&str; 6] = ["Ticket#{}]", "Ticket# {}]", "Ticket#{}", "Ticket# {}", "Ticket {}", "[{}]"];
    let has_digit = |text: &str| text.contains(|c: char| c.is_ascii_digit());
    let id = view
        .in_subject_where(&SUBJECTS, has_digit)
        .or_else(|| view.value(&["Ticket#", "Ticket #", "Ticket", "Ticket number"]))
        .ok_or("its subject has no \"Ticket#\"")?;
    let mut circuits = listed(view);
    if circuits.is_empty() {
        circuits = labelled(view);
    }
    Ok(vec![Draft {
        account: view.in_subject(&["CID#{}"]),
        windows: windows(view)?,
        circuits,
        summary: view.value(&["Description", "Reason", "Work description"]).unwrap_or_else(|| view.subject()),
        ..view.draft(id, status(view))
    }])
}

fn windows<'a>(view: &View<'a>) -> Result<Vec<Window<'a>>, String> {
    const STARTS: [&str; 3] = ["Planned start time…", "Start…", "Date and time of start…"];
    const ENDS: [&str; 3] = ["Planned end time…", "End…", "Date and time of end…"];
    let lines = view.windows(&STARTS, &ENDS, &RULES);
    lines.or_else(|missing| {
        view.spans(&["Window…", "Maintenance window…", "Schedule…", "Time…"], &RULES).map_err(|_| missing)
    })
}

/// What stands below the last service.
const ENDS: [&str; 7] = ["description", "kind regards", "best regards", "regards", "thank you", "if you", "tel"];

/// `Services with complete loss of connectivity`, and below it a service on each line, up to the description.
fn listed<'a>(view: &View<'a>) -> Circuits<'a> {
    let mut circuits = Circuits::default();
    let mut level: Option<(ImpactLevel, Found<'a>)> = None;
    for line in view.lines_from(0) {
        let words = plain(&line.text);
        let says_services = has_phrase(&words, "services") || has_phrase(&words, "service");
        let said = IMPACTS.iter().find(|(phrase, _)| has_phrase(&words, phrase)).map(|(_, level)| *level);
        if let Some(said) = said.or_else(|| impact::of_words(&words)).filter(|_| says_services) {
            level = Some((said, line));
        } else if ENDS.iter().any(|end| words.starts_with(end)) || words.contains(": ") || words.ends_with(':') {
            level = None;
        } else if let Some(level) = &level
            && words.contains(|c: char| c.is_ascii_digit())
        {
            circuits.add(line, level.clone());
        }
    }
    circuits
}

/// The services behind a label or in a table.
fn labelled<'a>(view: &View<'a>) -> Circuits<'a> {
    const IDS: [&str; 8] = [
        "Service ID",
        "Affected services",
        "Affected service",
        "Services",
        "Service",
        "Circuit ID",
        "Circuits",
        "Circuit",
    ];
    let general = view.impact(view.value(&["Impact", "Expected impact", "Service impact"]));
    let mut circuits = Circuits::default();
    for row in view.rows(&IDS) {
        let own = row.get(&["Impact", "Expected impact"]).map(|text| view.impact(Some(text)));
        if let Some(id) = row.get(&IDS) {
            circuits.add(id, own.unwrap_or_else(|| general.clone()));
        }
    }
    if circuits.is_empty() {
        for field in view.fields(&IDS) {
            circuits.add_list(&field.value, &general);
        }
    }
    circuits
}

fn status<'a>(view: &View<'a>) -> Said<'a, NoticeState> {
    let texts: Vec<Found<'a>> = view.head(HEAD_LINES).chain([view.subject()]).collect();
    view.status_by(texts.clone(), &STATUSES).or_else(|| view.status(texts)).unwrap_or_else(confirmed)
}
