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

/// What stands between two ids of a list in one line, beside commas.
const BETWEEN_IDS: [&str; 4] = ["and", "&", "/", "|"];

/// Left open, an impact is an outage (MAINTNOTE 3.6.5).
pub(crate) fn outage<'a>() -> Impact<'a> {
    (ImpactLevel::Outage, Found::rule("an impact that is left open is an outage"))
}

impl<'a> Circuits<'a> {
    /// Adds a circuit; a blank id, or what stands for none, is none.
    pub(crate) fn add(&mut self, id: Found<'a>, (impact, impact_from): Impact<'a>) {
        let text = without_bullet(id.text.trim());
        if text.chars().any(char::is_alphanumeric) && !is_none(text) && !text.eq_ignore_ascii_case("none") {
            let id = if text.len() == id.text.len() { id } else { id.with(text.to_owned()) };
            self.circuits.push(Circuit { id, impact, impact_from });
        }
    }

    /// Adds the circuits of a list: one a line, or parted by commas or semicolons, or by a word or a sign between ids
    /// that are single words.
    pub(crate) fn add_list(&mut self, list: &Found<'a>, impact: &Impact<'a>) {
        for part in list.text.split([',', ';', '\n']) {
            let words: Vec<&str> = part.split_whitespace().collect();
            let is_id = |word: &&str| word.contains(|c: char| c.is_ascii_digit());
            let is_between = |word: &&str| BETWEEN_IDS.iter().any(|between| word.eq_ignore_ascii_case(between));
            let is_list = words.len() > 1
                && words.iter().enumerate().all(|(i, word)| if i % 2 == 0 { is_id(word) } else { is_between(word) });
            if is_list {
                for id in words.into_iter().step_by(2) {
                    self.add(list.with(id.to_owned()), impact.clone());
                }
            } else {
                self.add(list.with(part.trim().to_owned()), impact.clone());
            }
        }
    }

    /// The same with this at the start of each id that has it not.
    pub(crate) fn with_prefix(mut self, prefix: &str) -> Self {
        for circuit in &mut self.circuits {
            let id = &circuit.id.text;
            if !id.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)) {
                circuit.id.text = format!("{prefix}{id}").into();
            }
        }
        self
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

/// The text without the point of the list that it stands in.
fn without_bullet(text: &str) -> &str {
    let rest = text.strip_prefix(['*', '•', '·', '-', '–']);
    rest.filter(|rest| rest.starts_with(char::is_whitespace)).map_or(text, str::trim_start)
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
            ("* -3", ImpactLevel::Outage),
        ] {
            circuits.add(Found { text: id.into(), at: At::Subject }, (level, rule.clone()));
        }
        let listed = |circuits: &Circuits<'_>| {
            circuits.to_vec().into_iter().map(|c| (c.circuit_id, c.impact)).collect::<Vec<_>>()
        };
        assert_eq!(listed(&circuits).len(), 4);
        let mut lists = Circuits::default();
        for list in ["A-1 / B-2 and C-3", "/AB/1/   /ZYO /", "D 4;E5"] {
            lists.add_list(&Found::new(list, At::Subject), &(ImpactLevel::Outage, rule.clone()));
        }
        let ids: Vec<String> = listed(&lists).into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, ["A-1", "B-2", "C-3", "/AB/1/   /ZYO /", "D 4", "E5"]);
        let expected = [
            ("AB 1".to_owned(), ImpactLevel::Outage),
            ("CD".to_owned(), ImpactLevel::Degraded),
            ("-3".to_owned(), ImpactLevel::Outage),
        ];
        assert_eq!(listed(&circuits.worst_of_each()), expected);
    }
}
