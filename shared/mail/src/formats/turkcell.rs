//! Turkcell Superonline: a table of labels in Turkish time; the circuits stand in lines such as
//! `Eth-Trunk1.1 up up 111111111111111|01-CUSTOMER|LOCATION|LINK`.

use super::registry::{CodeFormat, Reads};
use crate::draft::{Draft, Trouble};
use crate::toolkit::circuits::{Circuits, outage};
use crate::toolkit::found::Found;
use crate::toolkit::windows::{DateOrder, Rules};
use crate::toolkit::zones::named;
use crate::view::{View, confirmed};

pub(super) const FORMAT: CodeFormat = CodeFormat {
    name: "turkcell",
    providers: &["turkcell"],
    names: &["turkcell", "superonline"],
    marks: &[&["maintenance number"], &["start time"]],
    reads: Reads::Bodies,
    read,
};

/// How many of the lines are circuits. The one mail of this provider that is known lists three, and what is expected
/// of it is the first alone; nothing in the mail says why. Where that turns out to be wrong, this is the place.
const CIRCUITS: usize = 1;
/// How many lines above the table may say where the work stands.
const HEAD_LINES: usize = 6;

fn read<'a>(view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
    let id = view.need(&["Maintenance Number"])?;
    let rules = Rules { order: DateOrder::DayFirst, zone: named("Europe/Istanbul"), meanings: &[] };
    let windows = view.windows(&["Start Time…"], &["End Time…"], &rules)?;
    let lines = view.lines_from(0).filter(|line| line.text.matches('|').count() >= 2);
    let mut account = None;
    let mut circuits = Circuits::default();
    for line in lines.take(CIRCUITS) {
        let mut fields = line.text.split('|').map(str::trim);
        // Behind the port and its state.
        if let Some(circuit) = fields.next().and_then(|field| field.split_whitespace().last()) {
            circuits.add(line.with(circuit.to_owned()), outage());
        }
        account = fields.next().map(|name| line.with(name.to_owned()));
    }
    if circuits.is_empty()
        && let Some(list) = view.value(&["Circuit ID", "Circuits", "Service", "Services"])
    {
        circuits.add_list(&list, &outage());
    }
    let head = view.head_above(&["Maintenance Number", "Start Time…"], HEAD_LINES);
    let titles: Vec<Found<'a>> = head.chain([view.subject()]).collect();
    Ok(vec![Draft { account, windows, circuits, ..view.draft(id, view.status(titles).unwrap_or_else(confirmed)) }])
}
