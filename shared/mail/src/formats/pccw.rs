//! PCCW Global's notice that work is over, which comes without a calendar: labels, days before months.
//!
//! Built from facts about these mails, without a sample. What PCCW announces comes as MAINTNOTE.

use super::generic::windows;
use super::registry::{CodeFormat, Reads};
use crate::draft::{Draft, Trouble};
use crate::toolkit::circuits::{Circuits, outage};
use crate::toolkit::found::{At, Found};
use crate::toolkit::windows::Rules;
use crate::view::{View, confirmed};

pub(super) const FORMAT: CodeFormat = CodeFormat {
    name: "pccw",
    providers: &["pccw"],
    names: &["pccw", "console connect"],
    marks: &[&["outage notification", "maintenance notification"]],
    reads: Reads::Bodies,
    read,
};

fn read<'a>(view: &'a View<'a>) -> Result<Vec<Draft<'a>>, Trouble> {
    let last = view.message.subject.rsplit(['-', ' ']).next().unwrap_or_default().trim();
    let in_subject = Some(Found::new(last, At::Subject)).filter(|id| id.text.contains(|c: char| c.is_ascii_digit()));
    let id = in_subject
        .or_else(|| view.value(&["PCCW Global Ref", "Reference", "Ticket Number", "Incident Number", "Reference No."]));
    let (windows, _) = windows(view, &Rules::DAY_FIRST_UTC)?;
    let mut circuits = Circuits::default();
    if let Some(list) =
        view.value(&["Circuit ID", "Circuit", "Circuits", "Service ID", "Affected Circuits", "Services"])
    {
        circuits.add_list(&list, &outage());
    }
    Ok(vec![Draft {
        windows,
        circuits,
        ..view.draft(id.ok_or("its subject has no reference")?, view.status([view.subject()]).unwrap_or_else(confirmed))
    }])
}
