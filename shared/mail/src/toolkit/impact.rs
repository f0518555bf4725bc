//! How hard a circuit is hit, by the words that say so.

use noticeboard_domain::status::ImpactLevel;

use super::text::{has_phrase, plain};

/// Phrases for no impact, some of which contain the name of one.
#[rustfmt::skip]
static HARMLESS: &[&str] = &[
    "no expected impact", "no impact", "no-impact", "non-impacting", "not impacted", "no outage", "no downtime",
    "no service impact", "no customer impact", "non service affecting", "non-service affecting", "not service affecting",
    "no interruption", "no service interruption", "no disruption", "no service affecting", "not affect your service",
    "sin impacto", "sin afectación", "sem impacto", "sem afetação", "sans impact", "aucun impact", "aucune interruption",
    "keine auswirkung", "keine auswirkungen", "keine unterbrechung",
];

/// Phrases for the other levels, the worst first.
#[rustfmt::skip]
static PHRASES: &[(ImpactLevel, &[&str])] = &[
    (ImpactLevel::Outage, &["hard down", "outage", "down", "loss of service", "loss of connectivity", "interruption", "interruptions",
        "service interruption", "service interruptions", "service disruption", "downtime", "unavailable", "disconnected", "coupure",
        "corte", "indisponibilidad", "indisponibilidade", "interrupción", "interrupção", "unterbrechung", "ausfall"]),
    (ImpactLevel::Degraded, &["degraded", "degradation", "errors", "packet loss", "latency", "reduced capacity",
        "dégradation", "degradación", "degradação"]),
    (ImpactLevel::ReducedRedundancy, &[
        "reduced redundancy", "reduced-redundancy", "loss of redundancy", "loss of protection", "loss of diversity",
        "unprotected", "at risk", "at-risk", "loss of resiliency", "resiliency loss", "lose redundancy",
        "reduced resilience", "re-routed", "rerouted", "perte de redondance", "pérdida de redundancia",
        "perda de redundância", "redundanzverlust",
    ]),
];

/// What follows in a longer text says other things; in bytes.
const MAX_SAYING_BYTES: usize = 4_096;

/// What the words say, where they say anything that is known; the worst of what they say. Left open, an impact is an
/// outage (MAINTNOTE 3.6.5).
pub(crate) fn of_words(text: &str) -> Option<ImpactLevel> {
    let text = plain(text.get(..text.floor_char_boundary(MAX_SAYING_BYTES)).unwrap_or(text));
    let is_harmless = HARMLESS.iter().any(|phrase| has_phrase(&text, phrase));
    let rest = HARMLESS.iter().fold(text, |text, phrase| text.replace(phrase, ""));
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| has_phrase(&rest, phrase));
    let level = PHRASES.iter().find(|(_, phrases)| says(phrases)).map(|&(level, _)| level);
    level.or(is_harmless.then_some(ImpactLevel::NoImpact))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_tell_how_hard_a_circuit_is_hit() {
        for (text, expected) in [
            ("Hard Down - up to 2 hours", Some(ImpactLevel::Outage)),
            ("No Expected Impact", Some(ImpactLevel::NoImpact)),
            ("NO  impact is Expected", Some(ImpactLevel::NoImpact)),
            ("No impact to others, hard down for you", Some(ImpactLevel::Outage)),
            ("Loss of Redundancy", Some(ImpactLevel::ReducedRedundancy)),
            ("At Risk", Some(ImpactLevel::ReducedRedundancy)),
            ("Degraded - possible outage", Some(ImpactLevel::Outage)),
            ("Degradation", Some(ImpactLevel::Degraded)),
            ("Keine Auswirkungen", Some(ImpactLevel::NoImpact)),
            ("Pérdida de redundancia", Some(ImpactLevel::ReducedRedundancy)),
            ("Switch Hit", None),
            ("", None),
        ] {
            assert_eq!(of_words(text), expected, "{text}");
        }
    }
}
