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
use crate::view::{View, confirmed, is_backup};

pub(super) const FORMAT: CodeFormat = CodeFormat {
    name: "gcx",
    providers: &["globalcloudxchange", "flag"],
    names: &["global cloud xchange", "globalcloudxchange", "gcxworld", "flag telecom", "flagtel", "flag |"],
    marks: &[&["primary start date", "service advisory", "service id"]],
    reads: Reads::Bodies,
    read,
};

const RULES: Rules<'static> = Rules::DAY_FIRST_UTC;
/// Shorter than every ticket.
const MIN_TICKET: usize = 5;

fn read<'a>(view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
    // FLAG's own name may stand before the ticket, and so do the words of an answer or a forwarding.
    let ticket = |part: &'a str| {
        let is_ticket = |word: &&str| word.len() >= MIN_TICKET && word.contains(|c: char| c.is_ascii_digit());
        part.rsplit([' ', ':', ']']).find(is_ticket)
    };
    let id = view.message.subject.split('|').take(2).find_map(ticket);
    let id = id.map(|id| Found::new(id, At::Subject)).or_else(|| view.value(&["Ticket Number", "Reference", "Ticket"]));
    let general = view.impact(view.value(&["Impact"]));
    let mut circuits = Circuits::default();
    for row in view.rows(&["Service ID", "Service ID…", "Circuit ID"]) {
        if let Some(id) = row.get(&["Service ID", "Service ID…", "Circuit ID"]) {
            // The column beside it says how hard it is hit, whatever that is called.
            let own = row.get(&["Impact", "Impact…"]).or_else(|| row.cells().nth(1).filter(|cell| !cell.is_blank()));
            let own = own.map(|text| view.impact(Some(text)));
            circuits.add(id, own.unwrap_or_else(|| general.clone()));
        }
    }
    // A table of one column is a list in plain text.
    if circuits.is_empty() {
        for list in view.lists(&["Service ID", "Circuit ID"]) {
            circuits.add_list(&list, &general);
        }
    }
    // The company that it became names itself before the ticket, and in its address.
    let first = view.message.subject.split('|').next().unwrap_or_default();
    let is_flag = first.trim_end().ends_with("FLAG") || (view.sender.is_none() && view.says("flagtel.com"));
    Ok(vec![Draft {
        provider: if is_flag { view.senders.by_name_or_new("flag") } else { None },
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
    // Start and end beside the window's name, whatever those columns are called.
    if windows.is_empty() {
        for row in view.rows(&["Window"]) {
            let cells: Vec<Found<'a>> = row.cells().collect();
            if let [name, from, to, ..] = cells.as_slice()
                && from.text.contains(|c: char| c.is_ascii_digit())
            {
                let window = Window::of_fields(from.clone(), to.clone(), &RULES, view.sent)?;
                windows.push(window.backup(is_backup(&name.text)));
            }
        }
    }
    if windows.is_empty() {
        windows.push(Window::of_field(view.subject(), &RULES, view.sent)?);
    }
    Ok(windows)
}

/// What the parts of the subject say. The one before the window is the title of the work, unless it is a single word:
/// an extension of a cable extends no window.
fn status<'a>(view: &View<'a>) -> Said<'a, NoticeState> {
    let parts: Vec<&'a str> = view.message.subject.split('|').map(str::trim).collect();
    let is_window = |part: &&'a str| Window::of_field(Found::new(part, At::Subject), &RULES, view.sent).is_ok();
    let title = parts.last().filter(|last| is_window(last)).and_then(|_| parts.len().checked_sub(2));
    let is_title = |place: usize, part: &str| Some(place) == title && part.contains(' ');
    let telling = parts.iter().enumerate().filter(|&(place, part)| !is_title(place, part));
    let telling = telling.map(|(_, part)| Found::new(part, At::Subject));
    view.status_or_outright(telling, view.lines_above(&["Impact", "Service ID"])).unwrap_or_else(confirmed)
}
