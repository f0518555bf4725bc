//! AWS Direct Connect: one sentence with the window, and a list of connections.
//!
//! Its mails carry no id. Account, place and start of the work make one; a mail that calls the work off repeats them.

use noticeboard_domain::notice::NoticeState;
use noticeboard_domain::status::MaintenanceStatus;

use super::registry::{CodeFormat, Reads};
use crate::draft::{Draft, Trouble};
use crate::toolkit::circuits::{Circuits, outage};
use crate::toolkit::found::Said;
use crate::toolkit::windows::{Rules, Window};
use crate::view::{View, confirmed};

pub(super) const FORMAT: CodeFormat = CodeFormat {
    name: "aws",
    providers: &["aws"],
    names: &["aws", "amazon web services"],
    marks: &[&["direct connect"], &["maintenance"], &[" from ", " between ", "start time"]],
    reads: Reads::Bodies,
    read,
};

fn read<'a>(view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
    let window = window(view)?;
    let account = view.in_subject(&["Account: {}]", "Account ID: {}]", "Account: {}", "Account ID: {}"]);
    let account = account.or_else(|| view.value(&["Account ID", "Account"]));
    let place = view.sentence(&["endpoint in {...} from ", "endpoint in {...}, from", "in {...} from "]);
    let place = place.and_then(|holes| holes.into_iter().next());
    let start = window.times.start.format("%Y-%m-%dT%H:%MZ").to_string();
    let parts = [account.as_ref(), place.as_ref()].into_iter().flatten().map(|part| part.text.to_string());
    let id = window.start.with(parts.chain([start]).collect::<Vec<_>>().join(" "));
    Ok(vec![Draft { account, windows: vec![window], circuits: circuits(view), ..view.draft(id, status(view)) }])
}

fn window<'a>(view: &'a View<'a>) -> Result<Window<'a>, String> {
    const RULES: Rules<'static> = Rules::DAY_FIRST_UTC;
    for template in
        ["from {...} to {...} has ", "from {...} to {...} for ", "from {...} to {...}.", "between {...} and {...}."]
    {
        if let Some([from, to, ..]) = view.sentence(&[template]).as_deref()
            && let Ok(window) = Window::of_fields(from.clone(), to.clone(), &RULES, view.sent)
        {
            return Ok(window);
        }
    }
    let (start, end) = (["Start time", "Start Time (UTC)", "Start"], ["End time", "End Time (UTC)", "End"]);
    let windows = view.windows(&start, &end, &RULES).map_err(|_| "it has no window \"from … to …\"")?;
    windows.into_iter().next().ok_or_else(|| "it has no window".into())
}

/// Connections are words such as `dxcon-abc123`, alone on their line or in a list.
fn circuits<'a>(view: &View<'a>) -> Circuits<'a> {
    let mut circuits = Circuits::default();
    for line in view.lines_from(0) {
        let words: Vec<&str> = line
            .text
            .split([' ', ',', ';', '\n'])
            .map(|word| word.trim_matches(['-', '*', '•', '(', ')', '.']))
            .collect();
        let is_alone = words.iter().filter(|word| !word.is_empty()).count() == 1;
        for word in words {
            let is_connection = ["dxcon-", "dxvif-", "dxlag-"].iter().any(|start| word.starts_with(start));
            if is_connection || (is_alone && is_id(word)) {
                circuits.add(line.with(word.to_owned()), outage());
            }
        }
    }
    circuits
}

/// Letters, a dash, and letters with digits: `aaaaa-00000001`.
fn is_id(word: &str) -> bool {
    word.split_once('-').is_some_and(|(kind, number)| {
        !kind.is_empty()
            && kind.bytes().all(|c| c.is_ascii_lowercase())
            && number.len() >= 6
            && number.bytes().all(|c| c.is_ascii_alphanumeric())
            && number.bytes().any(|c| c.is_ascii_digit())
    })
}

/// What a sentence says of the work, the first that says anything.
const STATUSES: [(&str, MaintenanceStatus); 9] = [
    ("has been cancelled", MaintenanceStatus::Cancelled),
    ("has been canceled", MaintenanceStatus::Cancelled),
    ("was cancelled", MaintenanceStatus::Cancelled),
    ("is cancelled", MaintenanceStatus::Cancelled),
    ("has been rescheduled", MaintenanceStatus::Rescheduled),
    ("has been postponed", MaintenanceStatus::Rescheduled),
    ("has been extended", MaintenanceStatus::Rescheduled),
    ("has been completed", MaintenanceStatus::Completed),
    ("is now complete", MaintenanceStatus::Completed),
];

fn status<'a>(view: &View<'a>) -> Said<'a, NoticeState> {
    view.status_by(view.sayings(), &STATUSES).unwrap_or_else(confirmed)
}
