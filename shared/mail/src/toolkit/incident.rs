//! Unplanned outages: what tells them from planned work, and where they stand.

use noticeboard_domain::status::OutageStatus;

use super::text::{has_phrase, plain};

/// What a mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Work that somebody decided on.
    Maintenance,
    /// A fault.
    Outage,
}

/// Words of a fault that no planned work is called by.
static CERTAIN: &[&str] = &[
    "unplanned",
    "unscheduled",
    "disturbance",
    "incident",
    "fault",
    "fibre cut",
    "fiber cut",
    "cable cut",
    "trouble ticket",
    "failure",
    "network event",
    "service affecting event",
    "major outage",
];

/// Words of planned work.
static PLANNED: &[&str] = &[
    "maintenance",
    "planned",
    "scheduled",
    "planned work",
    "planned works",
    "change notification",
    "works notification",
    "reschedule",
    "rescheduled",
    "upgrade",
    "migration",
    "service advisory",
];

/// Words of a fault that planned work is called by as well.
static OPEN: &[&str] = &["outage", "service interruption", "degradation", "disruption", "service down", "link down"];

/// What the words of a subject or a heading are about; none where they do not say.
pub(crate) fn kind(text: &str) -> Option<Kind> {
    let words = plain(text);
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| has_phrase(&words, phrase));
    if says(CERTAIN) {
        Some(Kind::Outage)
    } else if says(PLANNED) {
        Some(Kind::Maintenance)
    } else if says(OPEN) {
        Some(Kind::Outage)
    } else {
        None
    }
}

/// Whether a subject tells of a fault and of nothing else: `Emergency maintenance after a fibre cut` does not.
pub(crate) fn is_fault(subject: &str) -> bool {
    let words = plain(subject);
    kind(subject) == Some(Kind::Outage) && !PLANNED.iter().any(|phrase| has_phrase(&words, phrase))
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
        ],
    ),
    (OutageStatus::Monitoring, &["monitoring", "under observation", "temporary fix", "being monitored"]),
    (
        OutageStatus::Identified,
        &[
            "identified",
            "root cause",
            "has been located",
            "located the fault",
            "splicing",
            "repair in progress",
            "technicians on site",
            "dispatched",
            "repairing",
            "under repair",
        ],
    ),
    (
        OutageStatus::Investigating,
        &["investigating", "under investigation", "being investigated", "investigation", "troubleshooting"],
    ),
    (OutageStatus::Reported, &["opened", "new", "reported", "open", "initial", "detected", "we have lost"]),
];

/// Phrases that speak of what has not happened yet.
const NOT_YET: [&str; 9] = [
    "not resolved",
    "not been resolved",
    "not yet resolved",
    "not restored",
    "not been restored",
    "unresolved",
    "will be restored",
    "until resolved",
    "to be restored",
];

/// Where an outage stands, by the words that tell it.
pub(crate) fn status(text: &str) -> Option<OutageStatus> {
    let words = plain(text);
    let words = NOT_YET.iter().fold(words, |words, phrase| words.replace(phrase, ""));
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
            ("Unplanned maintenance", Some(Kind::Outage)),
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
            ("Ticket opened", Some(OutageStatus::Reported)),
            ("Hello", None),
        ] {
            assert_eq!(status(text), expected, "{text}");
        }
    }
}
