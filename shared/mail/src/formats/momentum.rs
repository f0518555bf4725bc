//! Momentum: labelled lines; the ticket is the number between bars in the subject.

use super::registry::{CodeFormat, Reads};
use crate::draft::{Draft, Trouble};
use crate::toolkit::circuits::{Circuits, outage};
use crate::toolkit::found::{At, Found};
use crate::toolkit::windows::Rules;
use crate::view::{View, confirmed};

pub(super) const FORMAT: CodeFormat = CodeFormat {
    name: "momentum",
    providers: &["momentum"],
    names: &["momentum"],
    marks: &[&["maintenance start"], &["circuit id(s) impacted", "circuit ids impacted"]],
    reads: Reads::Bodies,
    read,
};

const STARTS: [&str; 1] = ["Maintenance start…"];

fn read<'a>(view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
    let is_number = |field: &&str| field.len() >= 4 && field.bytes().all(|c| c.is_ascii_digit());
    let number = view.message.subject.split('|').map(str::trim).find(is_number);
    let id =
        number.map(|number| Found::new(number, At::Subject)).or_else(|| view.value(&["Ticket", "Case Number", "Case"]));
    let mut circuits = Circuits::default();
    for list in view.lists(&["Circuit ID(s) impacted", "Circuit IDs impacted", "Circuit ID impacted"]) {
        circuits.add_list(&list, &outage());
    }
    let status = view.status_or_outright([view.subject()], view.lines_above(&STARTS)).unwrap_or_else(confirmed);
    Ok(vec![Draft {
        account: view.value(&["Account"]),
        windows: view.windows(&STARTS, &["Maintenance finish…", "Maintenance end…"], &Rules::MONTH_FIRST_UTC)?,
        circuits,
        summary: view.value(&["Reason for Maintenance"]).unwrap_or_else(|| view.subject()),
        ..view.draft(id.ok_or("its subject has no ticket")?, status)
    }])
}
