//! Google's peering team: labelled lines, and a pair of addresses for each session, which is the circuit.

use chrono::Duration;
use noticeboard_domain::notice::NoticeState;

use super::registry::{CodeFormat, Reads};
use crate::draft::{Draft, Trouble};
use crate::toolkit::circuits::{Circuits, outage};
use crate::toolkit::found::{Found, Said};
use crate::toolkit::windows::{Rules, Times, Window, point};
use crate::toolkit::zones::Zone;
use crate::view::{View, confirmed};

pub(super) const FORMAT: CodeFormat = CodeFormat {
    name: "google",
    providers: &["google"],
    names: &["google network maintenance", "google planned network", "google noc", "peering with google"],
    marks: &[&["google neighbor address"], &["start time"]],
    reads: Reads::Bodies,
    read,
};

const RULES: Rules<'static> = Rules::DAY_FIRST_UTC;
/// A mail without an end says that the work begins; nobody has seen one that took longer.
const USUAL_LENGTH: Duration = Duration::hours(1);

fn read<'a>(view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
    let in_body = || view.sentence(&["Reference {}"]).and_then(|holes| holes.into_iter().next());
    let id = view.in_subject(&["Reference {}"]).or_else(in_body).ok_or("it has no \"Reference\"")?;
    let mut circuits = Circuits::default();
    for pair in view.sentences("Google Neighbor Address(es): {} Peer Neighbor Address(es): {}") {
        if let [google, peer] = pair.as_slice() {
            circuits.add(google.with(format!("{}-{}", google.text, peer.text)), outage());
        }
    }
    Ok(vec![Draft {
        account: view.sentence(&["Peer ASN: {}"]).and_then(|holes| holes.into_iter().next()),
        windows: vec![window(view)?],
        circuits,
        ..view.draft(id, status(view))
    }])
}

fn window<'a>(view: &View<'a>) -> Result<Window<'a>, String> {
    let from = view.need(&["Start Time"])?;
    match view.value(&["End Time"]) {
        Some(to) => Window::of_fields(from, to, &RULES, view.sent),
        None => {
            let start = point(&from, &RULES, view.sent)?;
            let times = Times { start, end: start + USUAL_LENGTH, zone: Zone::UTC };
            let end = Found::rule("without an end, the work takes an hour");
            Ok(Window { times, has_end: true, backup: false, start: from, end, id: None })
        }
    }
}

/// `[Scheduled]`, `[Completed]` before the subject, or a sentence above the details.
fn status<'a>(view: &View<'a>) -> Said<'a, NoticeState> {
    view.status_or_outright([view.subject()], view.lines_above(&["Start Time"])).unwrap_or_else(confirmed)
}
