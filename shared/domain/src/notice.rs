//! What a provider's mail announces, freed from the mail's format.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::status::{ImpactLevel, MaintenanceStatus, OutageStatus};
use crate::time::Time;

/// One window of one maintenance, or one outage, as one mail announces it. A mail holds one or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Whose network it concerns.
    pub provider: NoticeProvider,
    /// The provider as the notice itself names it (`X-MAINTNOTE-PROVIDER`), else its slug.
    pub announced_by: String,
    /// The provider's id of the event: `PWIC111111.1`, `TTN-0003456789`. Never empty.
    pub maintenance_id: String,
    /// The operator's account with the provider; empty when the notice names none.
    pub account: String,
    /// What kind of event it is and where that stands.
    pub state: NoticeState,
    /// Start of the window.
    pub start: Time,
    /// End of the window, never before its start; an outage may have none yet.
    pub end: Option<Time>,
    /// The zone in which the notice gave its times, where it named one other than UTC.
    pub zone: Option<Tz>,
    /// When the provider wrote the notice, by its own word (`DTSTAMP`), else by the mail's `Date`.
    pub stamp: Time,
    /// The notice's place in its thread (`SEQUENCE`), where the format has one.
    pub sequence: Option<i64>,
    /// The thread (`UID`), where the format has one.
    pub uid: Option<String>,
    /// One line that says what it is.
    pub summary: String,
    /// Whether the mail calls this window a backup, used only if the primary one fails.
    pub backup: bool,
    /// The circuits hit, as the mail lists them: one that it lists twice stays twice, and the worst of its levels counts.
    pub circuits: Vec<NoticeCircuit>,
}

/// The provider that a notice speaks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NoticeProvider {
    /// Its slug in the inventory: lower-case letters, digits and `-`.
    pub slug: String,
    /// Its name for people.
    pub name: String,
}

/// Kind and status of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeState {
    /// Planned work. No status means that the notice says nothing about it (CMP's NO-CHANGE).
    Maintenance(Option<MaintenanceStatus>),
    /// An unplanned outage.
    Outage {
        /// Where it stands.
        status: OutageStatus,
        /// The provider's estimate of the repair.
        estimated_time_to_repair: Option<Time>,
    },
}

/// A circuit that a notice names, in the provider's own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeCircuit {
    /// The provider's circuit id, as written.
    pub circuit_id: String,
    /// How hard it is hit.
    pub impact: ImpactLevel,
}

/// The order of the notices of one thread: which of two speaks last.
///
/// By `SEQUENCE` where both have one and they differ (MAINTNOTE section 3: act only if it is greater), else by the
/// time at which the provider wrote them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeOrder {
    /// `SEQUENCE`, where the format has one.
    pub sequence: Option<i64>,
    /// When the provider wrote the notice.
    pub stamp: Time,
}

impl NoticeOrder {
    /// Whether a notice at this place must not change an event that `other` has already spoken of.
    pub fn is_older_than(self, other: Self) -> bool {
        match (self.sequence, other.sequence) {
            (Some(mine), Some(theirs)) if mine != theirs => mine < theirs,
            _ => self.stamp < other.stamp,
        }
    }
}

impl Notice {
    /// The notice's place in its thread.
    pub fn order(&self) -> NoticeOrder {
        NoticeOrder { sequence: self.sequence, stamp: self.stamp }
    }

    /// The status as `noticeboard parse` prints it.
    pub fn status_text(&self) -> &'static str {
        match self.state {
            NoticeState::Maintenance(Some(status)) => status.as_str(),
            NoticeState::Maintenance(None) => "NO-CHANGE",
            NoticeState::Outage { status, .. } => status.as_str(),
        }
    }
}

/// A circuit id as it is compared: without blanks and in capitals, for providers write one id in several ways.
pub fn normalised_circuit_id(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_uppercase).collect()
}

/// A slug made of any name: lower-case ASCII letters and digits, with single `-` between runs of them.
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    slug.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[track_caller]
    fn check_older(mine: (Option<i64>, i64), theirs: (Option<i64>, i64), expected: bool) {
        let order = |(sequence, s)| NoticeOrder {
            sequence,
            stamp: chrono::Utc.timestamp_opt(s, 0).single().unwrap_or_default(),
        };
        assert_eq!(order(mine).is_older_than(order(theirs)), expected);
    }

    #[test]
    fn notices_are_ordered_by_sequence_and_else_by_stamp() {
        check_older((Some(1), 200), (Some(2), 100), true);
        check_older((Some(2), 100), (Some(1), 200), false);
        check_older((Some(1), 100), (Some(1), 200), true);
        check_older((None, 100), (Some(7), 200), true);
        check_older((None, 200), (Some(7), 100), false);
        check_older((None, 100), (None, 100), false);
    }

    #[test]
    fn a_circuit_id_is_compared_without_blanks_and_case() {
        assert_eq!(normalised_circuit_id("/ogyx/123456/   /ZYO /"), "/OGYX/123456//ZYO/");
    }

    #[test]
    fn a_slug_is_made_of_letters_digits_and_single_dashes() {
        for (name, expected) in
            [("NTT Communications (AS2914)", "ntt-communications-as2914"), ("  Zayo", "zayo"), ("é", "")]
        {
            assert_eq!(slug(name), expected);
        }
    }
}
