//! The circuits of a notice, each once.

use std::collections::HashMap;

use noticeboard_domain::notice::{NoticeCircuit, normalised_circuit_id};
use noticeboard_domain::status::ImpactLevel;

/// Collects circuits in the mail's order. One that is listed twice, in whatever spelling, keeps its first spelling and
/// its worst level.
#[derive(Debug, Default)]
pub(crate) struct Circuits {
    circuits: Vec<NoticeCircuit>,
    places: HashMap<String, usize>,
}

impl Circuits {
    /// Adds a circuit; a blank id is none.
    pub(crate) fn add(&mut self, circuit_id: &str, impact: ImpactLevel) {
        let circuit_id = circuit_id.trim();
        if circuit_id.is_empty() {
            return;
        }
        let place = *self.places.entry(normalised_circuit_id(circuit_id)).or_insert(self.circuits.len());
        match self.circuits.get_mut(place) {
            Some(known) => known.impact = known.impact.max(impact),
            None => self.circuits.push(NoticeCircuit { circuit_id: circuit_id.to_owned(), impact }),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.circuits.is_empty()
    }

    pub(crate) fn into_vec(self) -> Vec<NoticeCircuit> {
        self.circuits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circuit_is_listed_once_with_its_worst_level() {
        let mut circuits = Circuits::default();
        circuits.add(" AB 1 ", ImpactLevel::NoImpact);
        circuits.add("CD", ImpactLevel::Degraded);
        circuits.add("ab1", ImpactLevel::Outage);
        circuits.add("CD", ImpactLevel::NoImpact);
        circuits.add("  ", ImpactLevel::Outage);
        let expected = [("AB 1", ImpactLevel::Outage), ("CD", ImpactLevel::Degraded)]
            .map(|(id, impact)| NoticeCircuit { circuit_id: id.into(), impact });
        assert_eq!(circuits.into_vec(), expected);
    }
}
