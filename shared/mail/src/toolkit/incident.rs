//! Unplanned outages: what tells them from planned work, and where they stand.

use noticeboard_domain::status::OutageStatus;

use super::text::{has_phrase, phrase_at, plain};

/// What a mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Work that somebody decided on.
    Maintenance,
    /// A fault.
    Outage,
}

/// What work is that had to be done at once, with one of [`WORK`].
static URGENT: &[&str] = &["unplanned", "unscheduled", "emergency", "urgent"];

/// Words of work, of whatever kind.
static WORK: &[&str] = &["maintenance", "work", "works"];

/// Words of a fault, whatever else is said.
#[rustfmt::skip]
static CERTAIN: &[&str] = &[
    "unplanned", "unscheduled", "disturbance", "incident", "trouble ticket", "fault ticket", "fault notification",
    "outage notification: opened", "network event", "service affecting event", "major outage",
    "störung", "störungsmeldung", "incidencia", "incidente", "panne", "avaria",
];

/// Words of planned work.
#[rustfmt::skip]
static PLANNED: &[&str] = &[
    "maintenance", "planned", "scheduled", "planned work", "planned works", "change notification",
    "works notification", "work notification", "work order", "change request", "network activity", "reschedule",
    "rescheduled", "upgrade", "migration", "service advisory", "wartung", "wartungsarbeiten", "wartungsankündigung",
    "wartungsfenster", "geplante arbeiten", "travaux", "mantenimiento", "trabajos programados", "trabajo programado",
    "ventana de mantenimiento", "manutenção", "manutenções", "janela de manutenção",
];

/// Words of a fault that planned work is called by as well, or that are the reason for it.
#[rustfmt::skip]
static OPEN: &[&str] = &[
    "outage", "service interruption", "degradation", "disruption", "service down", "link down", "fault", "failure",
    "fibre cut", "fiber cut", "cable cut", "packet loss", "coupure", "interruption de service", "corte de servicio",
    "interrupción", "interrupção",
];

/// What the words of a subject or a heading are about; none where they do not say.
pub(crate) fn kind(text: &str) -> Option<Kind> {
    let words = plain(text);
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| has_phrase(&words, phrase));
    if says(URGENT) && says(WORK) {
        Some(Kind::Maintenance)
    } else if says(CERTAIN) {
        Some(Kind::Outage)
    } else if says(PLANNED) {
        Some(Kind::Maintenance)
    } else if says(OPEN) {
        Some(Kind::Outage)
    } else {
        None
    }
}

/// Whether a subject leaves no doubt that it is about a fault.
pub(crate) fn is_fault(subject: &str) -> bool {
    let words = plain(subject);
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| has_phrase(&words, phrase));
    says(CERTAIN) && !says(PLANNED) && !says(WORK)
}

/// Phrases, the last stage first.
static STATUSES: &[(OutageStatus, &[&str])] = &[
    (
        OutageStatus::Resolved,
        &[
            "resolved",
            "has been restored",
            "have been restored",
            "restored",
            "closed",
            "repaired",
            "cleared",
            "service is back",
            "services are back",
            "back to normal",
            "solved",
            "all clear",
            "false alarm",
            "fully recovered",
            "behoben",
            "rétabli",
            "résolu",
            "resuelto",
            "restablecido",
            "solucionado",
            "resolvido",
            "restabelecido",
            "normalizado",
        ],
    ),
    (OutageStatus::Monitoring, &["monitoring", "under observation", "temporary fix", "being monitored", "workaround"]),
    (
        OutageStatus::Identified,
        &[
            "identified",
            "root cause",
            "has been located",
            "located the fault",
            "splicing",
            "repair in progress",
            "splicing crew",
            "on site",
            "onsite",
            "en route",
            "dispatched",
            "repairing",
            "repair is ongoing",
            "repairs are ongoing",
            "under repair",
        ],
    ),
    (
        OutageStatus::Investigating,
        &[
            "investigate",
            "investigating",
            "under investigation",
            "being investigated",
            "investigation",
            "looking into",
            "troubleshooting",
            "in progress",
            "in bearbeitung",
            "en cours d'analyse",
            "en investigación",
            "em investigação",
        ],
    ),
    (OutageStatus::Reported, &["opened", "new", "reported", "open", "initial", "detected", "we have lost"]),
];

/// Phrases that speak of what has not happened yet.
#[rustfmt::skip]
const NOT_YET: [&str; 22] = [
    "not resolved", "not been resolved", "not yet resolved", "not yet been resolved", "not restored",
    "not been restored", "not yet restored", "not yet been restored", "unresolved", "will be restored",
    "will be resolved", "will be repaired", "will be closed", "to be restored", "to be resolved", "to be repaired",
    "be restored by", "be resolved by", "expected to be", "root cause: unknown", "root cause: tbd",
    "root cause is unknown",
];

/// Phrases of a repair that goes on, some of which hold a word of its end.
#[rustfmt::skip]
const UNDERWAY: [&str; 13] = [
    "partially restored", "partially resolved", "partially recovered", "partly restored", "restored partially",
    "being restored", "being resolved", "being repaired", "some services have been restored",
    "some of the services have been restored", "most services have been restored",
    "some services are restored", "most services are restored",
];

/// Words before what is still to come: `once it is resolved`.
const LATER: [&str; 7] = ["once", "when", "until", "as soon as", "after", "if", "before"];

/// The text in the form of [`plain`], without the clauses that speak of what is still to come.
fn happened(text: &str) -> String {
    let clauses = text.split(['\n', ';', ',']).flat_map(|line| line.split(". ")).map(|clause| {
        let words = plain(clause);
        let later = LATER.iter().filter_map(|word| phrase_at(&words, word)).min();
        later.map_or(words.clone(), |at| words.get(..at).unwrap_or_default().to_owned())
    });
    let words = clauses.collect::<Vec<_>>().join(" ");
    let words = NOT_YET.iter().fold(words, |words, phrase| words.replace(phrase, ""));
    UNDERWAY.iter().fold(words, |words, phrase| words.replace(phrase, "repair in progress"))
}

/// Where an outage stands, by the words that tell it.
pub(crate) fn status(text: &str) -> Option<OutageStatus> {
    let words = happened(text);
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| has_phrase(&words, phrase));
    STATUSES.iter().find(|(_, phrases)| says(phrases)).map(|&(status, _)| status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_from_planned_work() {
        for (text, expected) in [
            ("Disturbance Information - Ticket 123", Some(Kind::Outage)),
            ("UNSCHEDULED Network Maintenance", Some(Kind::Maintenance)),
            ("Unplanned outage", Some(Kind::Outage)),
            ("Emergency works: repair of a fibre fault", Some(Kind::Maintenance)),
            ("Fault in Oslo", Some(Kind::Outage)),
            ("Planned Outage Notification", Some(Kind::Maintenance)),
            ("Emergency Maintenance", Some(Kind::Maintenance)),
            ("Outage in Oslo", Some(Kind::Outage)),
            ("Invoice", None),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
        assert!(is_fault("Network Incident in Oslo"));
        assert!(!is_fault("Emergency maintenance after a fibre cut"));
    }

    #[test]
    fn words_tell_where_an_outage_stands() {
        for (text, expected) in [
            ("Service has been restored at 10:00", Some(OutageStatus::Resolved)),
            ("The fault has not been resolved; root cause: fibre cut", Some(OutageStatus::Identified)),
            ("We are investigating", Some(OutageStatus::Investigating)),
            ("Services are partially restored", Some(OutageStatus::Identified)),
            ("We will tell you once it is resolved", None),
            ("Services will be restored by 10:00", None),
            ("Ticket opened", Some(OutageStatus::Reported)),
            ("Hello", None),
        ] {
            assert_eq!(status(text), expected, "{text}");
        }
    }
}
