//! Sparkle: a table of labels with a start and an end for each day and for a backup, one ticket for each of them.

use super::registry::{CodeFormat, Reads};
use crate::draft::{Draft, Trouble};
use crate::toolkit::circuits::{Circuits, outage};
use crate::toolkit::found::Found;
use crate::toolkit::labels;
use crate::toolkit::windows::Rules;
use crate::view::{View, confirmed, missing};

pub(super) const FORMAT: CodeFormat = CodeFormat {
    name: "sparkle",
    providers: &["sparkle"],
    names: &["sparkle"],
    marks: &[&["sparkle ticket number", "sparkle tt"]],
    reads: Reads::Bodies,
    read,
};

const TICKETS: [&str; 4] =
    ["Sparkle Ticket Number", "Sparkle Ticket Numbers", "Sparkle Ticket Number(s)", "Sparkle TT Number"];
/// How many lines above the table may say where the work stands.
const HEAD_LINES: usize = 6;

fn read<'a>(view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
    let in_subject = || view.in_subject(&["Sparkle TT# {...}", "Sparkle TT#{...}", "Sparkle TT {...}"]);
    let list = view.value(&TICKETS).or_else(in_subject).ok_or_else(|| missing(&TICKETS))?;
    let words = list.text.split(|c: char| c.is_whitespace() || "/,;&".contains(c));
    let ids = words.filter(|word| word.contains(|c: char| c.is_ascii_digit()));
    let ids: Vec<Found<'a>> = ids.map(|id| list.with(id.to_owned())).collect();
    let first = ids.first().cloned().ok_or("it has no ticket")?;
    let mut windows =
        view.windows(&["Start Date/Time…", "Start Date…"], &["End Date/Time…", "End Date…"], &Rules::MONTH_FIRST_UTC)?;
    if ids.len() == windows.len() {
        for (window, id) in windows.iter_mut().zip(&ids) {
            window.id = Some(id.clone());
        }
    } else if ids.len() > 1 {
        return Err("it has not as many tickets as windows".into());
    }
    // The subject, and the sentence above the table.
    let titles = view.head_above(&["Type of Maintenance", "Sparkle Ticket…", "Start Date…"], HEAD_LINES);
    let titles = titles.chain([view.subject()]);
    let status = view.status(titles).unwrap_or_else(confirmed);
    Ok(vec![Draft {
        windows,
        circuits: circuits(view),
        summary: view.value(&["Description of Work"]).unwrap_or_else(|| view.subject()),
        ..view.draft(first, status)
    }])
}

/// The value, or the table in its place.
fn circuits<'a>(view: &View<'a>) -> Circuits<'a> {
    let mut circuits = Circuits::default();
    const LABELS: [&str; 3] = [
        "Circuits Involved in the Activity",
        "Circuit(s) Involved in the Activity",
        "Circuit Involved in the Activity",
    ];
    let field = LABELS.iter().find_map(|label| labels::field(view.body, label));
    let Some(field) = field else { return circuits };
    circuits.add_list(&field.value, &outage());
    for line in labels::list_below(view.body, &field) {
        circuits.add_list(&line, &outage());
    }
    circuits
}
