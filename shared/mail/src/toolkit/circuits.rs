//! The circuits of a notice.

use std::collections::HashMap;

use noticeboard_domain::notice::{NoticeCircuit, normalised_circuit_id};
use noticeboard_domain::status::ImpactLevel;

use super::found::Found;

/// A circuit, how hard it is hit, and what says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Circuit<'a> {
    pub(crate) id: Found<'a>,
    pub(crate) impact: ImpactLevel,
    pub(crate) impact_from: Found<'a>,
}

/// Circuits in the mail's order. One that the mail lists twice stays twice: it may be hit in two services.
#[derive(Debug, Clone, Default)]
pub(crate) struct Circuits<'a> {
    circuits: Vec<Circuit<'a>>,
}

/// An impact with what says so.
pub(crate) type Impact<'a> = (ImpactLevel, Found<'a>);

/// What stands before each entry of a list.
const POINTS: [char; 8] = [' ', '\t', '-', '*', '•', '·', '–', '>'];

/// Left open, an impact is an outage (MAINTNOTE 3.6.5).
pub(crate) fn outage<'a>() -> Impact<'a> {
    (ImpactLevel::Outage, Found::rule("an impact that is left open is an outage"))
}

impl<'a> Circuits<'a> {
    /// Adds a circuit; a blank id, or what stands for none, is none.
    pub(crate) fn add(&mut self, id: Found<'a>, (impact, impact_from): Impact<'a>) {
        let text = id.text.trim();
        if text.chars().any(char::is_alphanumeric) && !is_none(text) && !text.eq_ignore_ascii_case("none") {
            let id = if text.len() == id.text.len() { id } else { id.with(text.to_owned()) };
            self.circuits.push(Circuit { id, impact, impact_from });
        }
    }

    /// Adds the circuits of a list: one a line, or parted by commas or semicolons.
    pub(crate) fn add_list(&mut self, list: &Found<'a>, impact: &Impact<'a>) {
        for id in list.text.split([',', ';', '\n']) {
            let id = id.trim_start_matches(POINTS).trim_end();
            self.add(list.with(id.to_owned()), impact.clone());
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.circuits.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.circuits.len()
    }

    /// Every circuit once, in its first spelling and with its worst level.
    pub(crate) fn worst_of_each(self) -> Self {
        let mut places = HashMap::new();
        let mut circuits: Vec<Circuit<'a>> = Vec::new();
        for circuit in self.circuits {
            let place = *places.entry(normalised_circuit_id(&circuit.id.text)).or_insert(circuits.len());
            match circuits.get_mut(place) {
                Some(known) if known.impact < circuit.impact => {
                    (known.impact, known.impact_from) = (circuit.impact, circuit.impact_from);
                }
                Some(_) => {}
                None => circuits.push(circuit),
            }
        }
        Self { circuits }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Circuit<'a>> {
        self.circuits.iter()
    }

    /// As the notice has them.
    pub(crate) fn to_vec(&self) -> Vec<NoticeCircuit> {
        let circuit =
            |circuit: &Circuit<'_>| NoticeCircuit { circuit_id: circuit.id.text.to_string(), impact: circuit.impact };
        self.circuits.iter().map(circuit).collect()
    }
}

/// Whether the text says that there is nothing.
pub(super) fn is_none(text: &str) -> bool {
    ["n/a", "na", "nil", "tbd"].iter().any(|none| text.trim().eq_ignore_ascii_case(none))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toolkit::found::At;

    #[test]
    fn a_circuit_may_be_listed_twice_or_once_with_its_worst_level() {
        let mut circuits = Circuits::default();
        let rule = Found::rule("test");
        for (id, level) in [
            (" AB 1 ", ImpactLevel::NoImpact),
            ("CD", ImpactLevel::Degraded),
            ("ab1", ImpactLevel::Outage),
            ("N/A", ImpactLevel::Outage),
            ("-", ImpactLevel::Outage),
        ] {
            circuits.add(Found { text: id.into(), at: At::Subject }, (level, rule.clone()));
        }
        let listed = |circuits: &Circuits<'_>| {
            circuits.to_vec().into_iter().map(|c| (c.circuit_id, c.impact)).collect::<Vec<_>>()
        };
        assert_eq!(listed(&circuits).len(), 3);
        let expected = [("AB 1".to_owned(), ImpactLevel::Outage), ("CD".to_owned(), ImpactLevel::Degraded)];
        assert_eq!(listed(&circuits.worst_of_each()), expected);
    }
}
