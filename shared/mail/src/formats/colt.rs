//! Colt: the change's number and window in the subject, once more in the text and in a calendar, and the circuits in a
//! file of values.
//!
//! Where subject and text disagree on the window, the text counts: the subject of such mails gives London's summer
//! time as GMT.

use noticeboard_domain::notice::NoticeState;
use noticeboard_domain::status::{ImpactLevel, MaintenanceStatus};

use super::maintnote;
use super::registry::{CodeFormat, Reads};
use crate::draft::{Draft, Trouble};
use crate::toolkit::circuits::Circuits;
use crate::toolkit::found::{Found, Said};
use crate::toolkit::impact;
use crate::toolkit::labels::is_list_of_ids;
use crate::toolkit::windows::{Rules, Window};
use crate::view::{View, confirmed};

pub(super) const FORMAT: CodeFormat =
    CodeFormat { name: "colt", providers: &["colt"], names: &["colt"], marks: &[&["crq"]], reads: Reads::Bodies, read };

const RULES: Rules<'static> = Rules::DAY_FIRST_UTC;

fn read<'a>(view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
    let id = view.word_with(&["CRQ"]).ok_or("it has no CRQ number")?;
    // Who forwards a notice repeats its subject; the window and all else stand in the notice itself.
    let is_named = |line: Found<'a>| line.text.contains(&*id.text);
    if !view.message.quoted.is_empty() && !view.lines_from(0).any(is_named) {
        return Err("it names no CRQ number in its text".into());
    }
    let in_text = view.windows(&["Start Date & Time", "Start Time"], &["End Date & Time", "End Time"], &RULES);
    let windows = in_text.or_else(|missing| {
        let in_subject = Window::of_field(view.subject(), &RULES, view.sent).map(|window| vec![window]);
        let in_calendar = || Some(maintnote::event_windows(view)).filter(|windows| !windows.is_empty());
        in_subject.ok().or_else(in_calendar).ok_or(missing)
    })?;
    let rows = view.sheet_rows(&["Circuit ID"]);
    let duration = view.value(&["Outage Duration", "Expected Outage Duration"]);
    let harmless = duration.filter(|text| impact::of_words(&text.text) == Some(ImpactLevel::NoImpact));
    let impact = view.impact(harmless);
    let mut circuits = Circuits::default();
    for row in &rows {
        if let Some(id) = row.get(&["Circuit ID"]) {
            circuits.add(id, impact.clone());
        }
    }
    // Without the file, a short list may stand in the text.
    if circuits.is_empty() {
        for list in view.lists(&["Circuit ID", "Circuit ID(s)", "Service ID", "Service ID(s)", "Service", "Service(s)"])
        {
            if is_list_of_ids(&list.text) {
                circuits.add_list(&list, &impact);
            }
        }
    }
    let state = status(view);
    let account = rows.first().and_then(|row| row.get(&["OCN"]));
    Ok(vec![Draft {
        account: account.map(|ocn| ocn.with(ocn.text.trim_start_matches("OCN:").trim().to_owned())),
        windows,
        circuits,
        // The alert that the work begins names only the reference of the notice before it.
        may_lack_circuits: state.value == NoticeState::Maintenance(Some(MaintenanceStatus::InProcess)),
        summary: view.value(&["Justification of the work"]).unwrap_or_else(|| view.subject()),
        ..view.draft(id, state)
    }])
}

/// The subject's last word, or its first ones.
fn status<'a>(view: &View<'a>) -> Said<'a, NoticeState> {
    let phrases = [
        ("cancellation", MaintenanceStatus::Cancelled),
        ("cancelled", MaintenanceStatus::Cancelled),
        ("completed", MaintenanceStatus::Completed),
        ("start", MaintenanceStatus::InProcess),
        ("started", MaintenanceStatus::InProcess),
        ("reschedule", MaintenanceStatus::Rescheduled),
        ("rescheduled", MaintenanceStatus::Rescheduled),
    ];
    view.status_by([view.subject()], &phrases).or_else(|| view.status([view.subject()])).unwrap_or_else(confirmed)
}
