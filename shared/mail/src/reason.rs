//! Why a mail is not understood, in a sentence for the person who will read it instead.

use crate::limits::Limit;

/// Why a mail gives no notices.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Nothing but blanks.
    #[error("The mail is empty.")]
    Empty,
    /// Something has too many bytes.
    #[error("The {what} is larger than {} bytes ({}).", limit.value, limit.name)]
    TooLarge {
        /// What of the mail.
        what: &'static str,
        /// The limit that it exceeds.
        limit: Limit,
    },
    /// Something occurs too often.
    #[error("The mail has more than {} {what} ({}).", limit.value, limit.name)]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The limit that it exceeds.
        limit: Limit,
    },
    /// Something is nested too deep.
    #[error("The {what} are nested deeper than {} levels ({}).", limit.value, limit.name)]
    TooDeep {
        /// What is nested.
        what: &'static str,
        /// The limit that it exceeds.
        limit: Limit,
    },
    /// No known format recognises the mail.
    #[error("No known format reads this mail{}{}{}.", of(provider), nearest(format, missing), unread_part(unread))]
    NoFormat {
        /// The name of the provider that sent it, where the sender is known.
        provider: Option<String>,
        /// The format that came nearest, where the mail shows any sign of one.
        format: Option<String>,
        /// What that format missed.
        missing: String,
        /// A part that may hold what the mail says and that is not read: `a PDF`.
        unread: Option<&'static str>,
    },
    /// A format recognises the mail, but cannot read all of it.
    #[error("This is a {format} mail, but {missing}.")]
    Incomplete {
        /// The format.
        format: String,
        /// What is missing or cannot be read, as a clause: `VEVENT 2 has no DTSTART`.
        missing: String,
    },
}

fn of(provider: &Option<String>) -> String {
    provider.as_ref().map(|provider| format!(" of {provider}")).unwrap_or_default()
}

fn nearest(format: &Option<String>, missing: &str) -> String {
    match format {
        Some(format) => format!("; {format} comes nearest, but {missing}"),
        None if missing.is_empty() => String::new(),
        None => format!("; by its words alone, {missing}"),
    }
}

fn unread_part(part: &Option<&'static str>) -> String {
    part.map(|part| format!("; {part} in it is not read")).unwrap_or_default()
}
