//! Mail that could not be read or believed, kept whole for a person to decide.

use serde::{Deserialize, Serialize};

use crate::change::Revision;
use crate::ids::ReviewId;
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

/// A mail that waits for a person.
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
    /// Bookkeeping.
    pub revision: Revision,
}
