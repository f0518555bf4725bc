//! Where a maintenance stands, by the words that announce it.

use noticeboard_domain::status::MaintenanceStatus;

use super::text::{has_phrase, plain};

/// Phrases, the most telling first: a mail that says "cancelled, to be rescheduled" cancels.
#[rustfmt::skip]
static PHRASES: &[(MaintenanceStatus, &[&str])] = &[
    (MaintenanceStatus::Cancelled, &[
        "cancellation", "cancelled", "canceled", "cancel", "withdrawn", "did not proceed", "called off", "aborted",
        "will not proceed", "will not be proceeding", "will not take place", "will no longer take place",
        "cancelado", "cancelada", "cancelación", "cancelamento",
        "annulé", "annulée", "annulés", "annulation", "abgesagt", "absage",
    ]),
    (MaintenanceStatus::Completed, &[
        "completed", "completion", "complete", "concluded", "has closed", "end of window", "end of maintenance",
        "maintenance end", "window closed", "has ended", "is now over", "has finished", "been finished",
        "maintenance finished", "work finished", "works finished", "have finished", "been closed", "been finalized",
        "been finalised", "successfully carried out", "carried out successfully",
        "finalizado", "finalizada", "concluido", "concluida", "concluído", "concluída",
        "terminé", "terminée", "terminés", "abgeschlossen", "beendet",
    ]),
    (MaintenanceStatus::Rescheduled, &[
        "rescheduled", "re-scheduled", "reschedule", "rescheduling", "postponed", "postponement", "new date", "new dates",
        "change of schedule", "schedule change", "date change", "time change", "deferred", "extended", "extension",
        "delayed", "been moved to", "brought forward", "been amended", "been revised", "been changed", "has changed the",
        "maintenance has changed", "window has changed", "schedule has changed", "times have changed", "dates have changed",
        "reprogramado", "reprogramada", "reprogramación", "reagendado", "reagendada", "postergado", "postergada",
        "reprogramação", "reporté", "reportée", "reportés", "verschoben", "verschiebung",
    ]),
    (MaintenanceStatus::InProcess, &[
        "in progress", "in-progress", "in process", "ongoing", "underway", "under way", "commencing momentarily", "commencing shortly",
        "has started", "has begun", "work has begun", "has commenced", "is underway", "is now starting", "is starting", "start maintenance", "start of maintenance", "start of window",
        "maintenance start", "event starting", "event started", "event start", "will be starting", "work has started",
        "started", "commenced",
    ]),
    (MaintenanceStatus::Tentative, &["tentative", "tentatively"]),
    (MaintenanceStatus::Confirmed, &[
        "will be performing", "will perform", "official notification", "reminder", "planned", "emergency", "scheduled",
        "demand", "courtesy", "urgent", "new maintenance", "maintenance notification", "will take place",
        "will commence", "programado", "programada", "programados", "programadas",
    ]),
];

/// What holds one of these words and says nothing of where the work stands: what is still to come, what may come, and
/// labels of times.
#[rustfmt::skip]
static EMPTY: &[&str] = &[
    "upon completion", "on completion", "after completion", "once completed", "when completed", "until completed",
    "until completion", "upon complete", "once complete", "will be completed", "to be completed", "be completed by",
    "must be completed", "should be completed", "can be completed", "may be completed",
    "expected to complete", "to complete", "complete loss", "complete outage", "complete interruption", "complete service",
    "complete disruption", "complete list", "complete details", "complete the", "complete this", "complete our",
    "may be cancelled", "may be canceled", "may be rescheduled", "may be re-scheduled", "may be postponed",
    "may be extended", "might be cancelled", "might be rescheduled", "might be postponed", "to cancel", "if cancelled",
    "in case of cancellation", "to reschedule",
    "extended outage", "extended period", "extended loss", "extended downtime", "extended interruption", "extended time",
    "will be started", "to be started", "not started", "not yet started", "be delayed", "has not commenced",
    "maintenance start:", "maintenance start date", "maintenance start time", "maintenance start (",
    "maintenance end:", "maintenance end date", "maintenance end time", "maintenance end (",
    "event start:", "event start date", "event start time", "event start (",
    "start of maintenance:", "end of maintenance:", "start of window:", "end of window:",
    "completion time", "completion date", "a completion",
];

/// What a text that announces a maintenance says of where it stands. It must hold only such text: "cancelled" in the
/// reason for the work says nothing about the work.
pub(crate) fn of_words(text: &str) -> Option<MaintenanceStatus> {
    let text = without(EMPTY, unconditional(text));
    let affirmed = without(NEGATIONS, text.clone());
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| has_phrase(&affirmed, phrase));
    let status = PHRASES.iter().find(|(_, phrases)| says(phrases)).map(|&(status, _)| status);
    // What was not completed was announced before, but that does not make this an announcement.
    let is_announcement = matches!(status, Some(MaintenanceStatus::Confirmed | MaintenanceStatus::Tentative));
    status.filter(|_| !is_announcement || affirmed == text)
}

/// Whether the text, as [`unconditional`] has it, says the phrase of what is: `will be completed` does not say
/// `completed`. A phrase that is about what is to come is looked for as it is.
pub(crate) fn says(text: &str, phrase: &str) -> bool {
    let is_empty = || EMPTY.iter().any(|empty| phrase.contains(empty));
    has_phrase(text, phrase) && (is_empty() || has_phrase(&without(EMPTY, text.to_owned()), phrase))
}

/// What sentences say outright of the work, in texts that describe it as well: an extension of a cable and a repair
/// that was cancelled are not meant.
#[rustfmt::skip]
pub(crate) const OUTRIGHT: [(&str, MaintenanceStatus); 22] = [
    ("has been cancelled", MaintenanceStatus::Cancelled), ("have been cancelled", MaintenanceStatus::Cancelled),
    ("is cancelled", MaintenanceStatus::Cancelled), ("has been canceled", MaintenanceStatus::Cancelled),
    ("is canceled", MaintenanceStatus::Cancelled), ("will not take place", MaintenanceStatus::Cancelled),
    ("has been completed", MaintenanceStatus::Completed), ("have been completed", MaintenanceStatus::Completed),
    ("is completed", MaintenanceStatus::Completed), ("has concluded", MaintenanceStatus::Completed),
    ("has ended", MaintenanceStatus::Completed),
    ("has been rescheduled", MaintenanceStatus::Rescheduled), ("have been rescheduled", MaintenanceStatus::Rescheduled),
    ("is rescheduled", MaintenanceStatus::Rescheduled), ("has been postponed", MaintenanceStatus::Rescheduled),
    ("is postponed", MaintenanceStatus::Rescheduled), ("has been extended", MaintenanceStatus::Rescheduled),
    ("is extended", MaintenanceStatus::Rescheduled), ("has been moved", MaintenanceStatus::Rescheduled),
    ("has started", MaintenanceStatus::InProcess), ("has begun", MaintenanceStatus::InProcess),
    ("has commenced", MaintenanceStatus::InProcess),
];

/// How telling a status is: what ends or changes the work goes before what announces it.
pub(crate) fn rank(status: MaintenanceStatus) -> usize {
    PHRASES.iter().position(|&(known, _)| known == status).unwrap_or(PHRASES.len())
}

/// The text in the form of [`plain`], without its sentences that say what would be if, `If the work is cancelled, we …`,
/// and without its clauses that say what comes before or after something else: `… once it has been completed`.
pub(crate) fn unconditional(text: &str) -> String {
    let text = text.get(..text.floor_char_boundary(MAX_SAYING_BYTES)).unwrap_or(text);
    let is_condition = |plain: &str| CONDITIONS.iter().any(|phrase| has_phrase(plain, phrase));
    let whole = plain(text);
    // Most texts are one sentence without a condition.
    if !is_condition(&whole) && !whole.split(' ').any(begins_time_clause) {
        return whole;
    }
    let sentences = text.split(['\n', ';']).flat_map(|line| line.split(". ")).map(plain);
    let certain = sentences.filter(|sentence| !is_condition(sentence)).map(|sentence| without_time_clauses(&sentence));
    certain.collect::<Vec<_>>().join(" ")
}

/// A sentence without the clauses that tell the time by something else, each up to its comma or the sentence's end.
fn without_time_clauses(sentence: &str) -> String {
    let mut is_inside = false;
    let outside = sentence.split(' ').filter(|word| {
        is_inside |= begins_time_clause(word);
        let is_outside = !is_inside;
        is_inside &= !word.ends_with(',');
        is_outside
    });
    outside.collect::<Vec<_>>().join(" ")
}

/// `as soon as` begins with its second word.
fn begins_time_clause(word: &str) -> bool {
    matches!(word.trim_start_matches('('), "once" | "when" | "soon" | "after" | "until")
}

/// What follows in a longer text says other things; in bytes.
const MAX_SAYING_BYTES: usize = 4_096;
/// Words of sentences that say what would be.
const CONDITIONS: [&str; 6] = ["if", "in case", "in the event", "unless", "should the", "should this"];

/// What says the opposite of its last word.
#[rustfmt::skip]
static NEGATIONS: &[&str] = &[
    "not been completed", "not completed", "not be completed", "not yet completed", "not yet been completed",
    "not successfully completed", "unable to be completed", "not been cancelled", "not cancelled", "not been canceled",
    "not canceled",
];

/// The text without these phrases.
fn without(phrases: &[&str], text: String) -> String {
    phrases.iter().fold(text, |text, phrase| if text.contains(phrase) { text.replace(phrase, "") } else { text })
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
        check("Maintenance could not be completed", None);
        check("You are told upon completion of this planned work", Some(Confirmed));
        check("Planned work: a complete loss of service is expected", Some(Confirmed));
        check("This emergency work must be completed soon", Some(Confirmed));
        check("The planned work is moved; see the new dates below", Some(Rescheduled));
        check("Maintenance Start: 22:00, Maintenance End: 23:00", None);
        check("The window has been extended until 06:00", Some(Rescheduled));
        check("The start of the planned work is delayed", Some(Rescheduled));
        check("Planned work. If it is cancelled or completed early, you will hear of it. Thanks", Some(Confirmed));
        check("This work is cancelled. If you have questions, call us", Some(Cancelled));
        check("Planned work is under way", Some(InProcess));
        check("The maintenance window has changed", Some(Rescheduled));
        check("Planned work. We will tell you when it is completed.", Some(Confirmed));
        check("Planned work. We will write once it has been completed.", Some(Confirmed));
        check("This maintenance has been closed", Some(Completed));
        check("The planned work will not take place", Some(Cancelled));
        check("We will tell you once the planned work has been completed, or when it is cancelled.", None);
        check("After two attempts, the work was cancelled until further notice", Some(Cancelled));
        check("Planned work. A completion notice will follow", Some(Confirmed));
        check("CANCELADO: mantenimiento programado", Some(Cancelled));
        check("", None);
        assert!(says("the work was completed", "completed"));
        assert!(!says("the work will be completed", "completed"));
        assert!(says("the work will be completed", "will be completed"));
    }
}
