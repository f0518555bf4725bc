//! Mail that could not be read or believed, kept whole for a person to decide.

use serde::{Deserialize, Serialize};

use crate::change::Revision;
use crate::ids::{EventId, ReviewId};
use crate::time::Time;

/// Why a mail waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewReason {
    /// No format understands it, or one does but misses something that it needs.
    Unreadable,
    /// The mail system says that the sender is not who it claims to be, or names spam or a virus.
    Distrusted,
    /// It was read, and what it says breaks a rule of the house.
    Refused,
}

impl ReviewReason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Unreadable, Self::Distrusted, Self::Refused];

    /// The reason on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Distrusted => "distrusted",
            Self::Refused => "refused",
        }
    }
}

/// What a person may decide about a mail that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// What it says is to count: it was applied.
    Approved,
    /// It is not to count.
    Denied,
}

impl Verdict {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Approved, Self::Denied];

    /// The verdict on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Denied => "denied",
        }
    }
}

/// What a person has decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What.
    pub verdict: Verdict,
    /// When.
    pub at: Time,
    /// Who: a user's name.
    pub by: String,
    /// The events that the approved mail made or changed.
    pub events: Vec<EventId>,
}

/// A mail that waits for a person, or did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReviewItem {
    /// Its id.
    pub id: ReviewId,
    /// Why it waits.
    pub reason: ReviewReason,
    /// The same for people: which format came nearest, what is missing.
    pub explanation: String,
    /// The subject, empty when there is none.
    pub subject: String,
    /// The sender's address as the mail claims it, empty when there is none.
    pub email_from: String,
    /// When the mail was received.
    pub email_received: Time,
    /// The mail's `Message-ID`, if it has one.
    pub message_id: Option<String>,
    /// The whole message in the bucket.
    pub raw: String,
    /// Size of the whole message in bytes.
    pub size: u64,
    /// What became of it; none as long as it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// Bookkeeping.
    pub revision: Revision,
}
