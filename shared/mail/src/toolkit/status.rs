//! Where a maintenance stands, by the words that announce it.

use noticeboard_domain::status::MaintenanceStatus;

use super::text::{has_phrase, plain};

/// Phrases, the most telling first: a mail that says "cancelled, to be rescheduled" cancels.
#[rustfmt::skip]
static PHRASES: &[(MaintenanceStatus, &[&str])] = &[
    (MaintenanceStatus::Cancelled, &[
        "cancellation", "cancelled", "canceled", "cancel", "withdrawn", "did not proceed", "called off",
    ]),
    (MaintenanceStatus::Completed, &[
        "completed", "completion", "complete", "concluded", "has closed", "end of window", "end of maintenance",
        "maintenance end", "window closed", "has ended", "is now over", "has finished",
    ]),
    (MaintenanceStatus::Rescheduled, &[
        "rescheduled", "re-scheduled", "reschedule", "rescheduling", "postponed", "postponement", "new date",
        "change of schedule", "schedule change",
    ]),
    (MaintenanceStatus::InProcess, &[
        "in progress", "in-progress", "in process", "commencing momentarily", "commencing shortly",
        "has started", "has begun", "work has begun", "has commenced", "is underway", "is now starting", "is starting", "start maintenance", "start of maintenance", "start of window",
        "maintenance start", "event starting", "event started", "event start", "will be starting", "work has started",
    ]),
    (MaintenanceStatus::Tentative, &["tentative", "tentatively"]),
    (MaintenanceStatus::Confirmed, &[
        "will be performing", "will perform", "official notification", "reminder", "planned", "emergency", "scheduled",
        "demand", "courtesy", "urgent", "new maintenance", "maintenance notification", "will take place",
        "will commence",
    ]),
];

/// What a text that announces a maintenance says of where it stands. It must hold only such text: "cancelled" in the
/// reason for the work says nothing about the work.
pub(crate) fn of_words(text: &str) -> Option<MaintenanceStatus> {
    let text = plain(text);
    let affirmed = without_negations(&text);
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| has_phrase(&affirmed, phrase));
    let status = PHRASES.iter().find(|(_, phrases)| says(phrases)).map(|&(status, _)| status);
    // What was not completed was announced before, but that does not make this an announcement.
    let is_announcement = matches!(status, Some(MaintenanceStatus::Confirmed | MaintenanceStatus::Tentative));
    status.filter(|_| !is_announcement || affirmed == text)
}

/// How telling a status is: what ends or changes the work goes before what announces it.
pub(crate) fn rank(status: MaintenanceStatus) -> usize {
    PHRASES.iter().position(|&(known, _)| known == status).unwrap_or(PHRASES.len())
}

/// The text without "not completed" and the like, which say the opposite of their last word.
fn without_negations(plain: &str) -> String {
    ["not been completed", "not completed", "not been cancelled", "not cancelled", "not been canceled", "not canceled"]
        .iter()
        .fold(plain.to_owned(), |text, negation| text.replace(negation, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<MaintenanceStatus>) {
        assert_eq!(of_words(text), expected, "{text}");
    }

    #[test]
    fn words_tell_where_a_maintenance_stands() {
        use MaintenanceStatus::{Cancelled, Completed, Confirmed, InProcess, Rescheduled};
        check("** Please note Cancellation of Maintenance Notification **", Some(Cancelled));
        check("has been cancelled and will be rescheduled", Some(Cancelled));
        check("END OF WINDOW NOTIFICATION***Acme***", Some(Completed));
        check("the scheduled maintenance window has closed for this event", Some(Completed));
        check("Maintenance was not completed and is rescheduled", Some(Rescheduled));
        check("RESCHEDULE NOTIFICATION***Acme***Planned", Some(Rescheduled));
        check("the below scheduled maintenance activity will be commencing momentarily", Some(InProcess));
        check("***Acme***Planned MAINTENANCE NOTIFICATION***", Some(Confirmed));
        check("The scheduled maintenance has not been completed", None);
        check("Unplanned work", None);
        check("", None);
    }
}
