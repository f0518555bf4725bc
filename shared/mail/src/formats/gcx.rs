//! Global Cloud Xchange and FLAG, which it became: everything in the subject between bars, a table of windows with a
//! backup for each, and a table of services.
//!
//! FLAG's form was built from facts about its mails, without a sample.

use noticeboard_domain::notice::NoticeState;

use super::registry::{CodeFormat, Reads};
use crate::draft::{Draft, Trouble};
use crate::toolkit::circuits::Circuits;
use crate::toolkit::found::{At, Found, Said};
use crate::toolkit::windows::{Rules, Window};
use crate::view::{View, confirmed};

pub(super) const FORMAT: CodeFormat = CodeFormat {
    name: "gcx",
    providers: &["globalcloudxchange", "flag"],
    names: &["global cloud xchange", "globalcloudxchange", "gcxworld", "flag telecom", "flagtel"],
    marks: &[&["primary start date", "service advisory", "service id"]],
    reads: Reads::Bodies,
    read,
};

const RULES: Rules<'static> = Rules::DAY_FIRST_UTC;

fn read<'a>(view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
    let first = view.message.subject.split('|').next().unwrap_or_default();
    // An answer or a forwarding puts its own words before the ticket.
    let id = first.rsplit([' ', ':', ']']).find(|word| word.contains(|c: char| c.is_ascii_digit()));
    let id = id.map(|id| Found::new(id, At::Subject)).or_else(|| view.value(&["Ticket Number", "Reference", "Ticket"]));
    let general = view.impact(view.value(&["Impact"]));
    let mut circuits = Circuits::default();
    for row in view.rows(&["Service ID", "Service ID…", "Circuit ID"]) {
        if let Some(id) = row.get(&["Service ID", "Service ID…", "Circuit ID"]) {
            let own = row.get(&["Impact", "Impact…"]).map(|text| view.impact(Some(text)));
            circuits.add(id, own.unwrap_or_else(|| general.clone()));
        }
    }
    Ok(vec![Draft {
        account: view.sentence(&["Dear {...},"]).and_then(|holes| holes.into_iter().next()),
        windows: windows(view)?,
        circuits,
        ..view.draft(id.ok_or("its subject has no ticket")?, status(view))
    }])
}

/// Every row of the table, the backup of each behind it; without a table, the window of the subject.
fn windows<'a>(view: &View<'a>) -> Result<Vec<Window<'a>>, String> {
    let mut windows = Vec::new();
    for row in view.rows(&["Primary Start Date…"]) {
        for (start, end, backup) in
            [("Primary Start Date…", "Primary End Date…", false), ("Backup Start Date…", "Backup End Date…", true)]
        {
            let (Some(from), Some(to)) = (row.get(&[start]), row.get(&[end])) else { continue };
            // `NA` where there is no backup.
            if from.text.contains(|c: char| c.is_ascii_digit()) {
                windows.push(Window::of_fields(from, to, &RULES, view.sent)?.backup(backup));
            }
        }
    }
    if windows.is_empty() {
        windows.push(Window::of_field(view.subject(), &RULES, view.sent)?);
    }
    Ok(windows)
}

fn status<'a>(view: &View<'a>) -> Said<'a, NoticeState> {
    view.status([view.subject()]).unwrap_or_else(confirmed)
}
