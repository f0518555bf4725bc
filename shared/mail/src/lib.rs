//! The bytes of a provider's mail in, the notices that it announces out, or the reason why not.
//!
//! **For**: MIME, iCalendar, HTML and text as providers really send them, and the formats that providers write in.
//!
//! **Must not know**: the time of day, the environment, files, the network, the inventory, whether a sender may be
//! believed, and what becomes of a notice. The same bytes and [`Context`] always give the same [`Reading`].
//!
//! A mail is understood whole or not at all: a notice that lacks a window is worse than a mail put before a person.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod draft;
pub mod explain;
mod formats;
mod html;
mod ical;
pub mod json;
pub mod limits;
mod mime;
mod origins;
mod part;
mod quotes;
mod reason;
pub mod senders;
mod sheets;
mod thread;
mod toolkit;
mod view;

use std::sync::LazyLock;

use noticeboard_domain::notice::Notice;
use noticeboard_domain::time::Time;

pub use formats::{Formats, KNOWN_FORMAT, SENDERS_FILE};
pub use limits::Limit;
pub use origins::Origin;
pub use reason::Reason;
pub use thread::{Thread, read_thread};

/// What the mail itself does not say.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// When the mail arrived; stands in for a missing `Date`.
    pub received: Time,
    /// The provider by the caller's word, where it gave one: a slug, a name or a domain.
    pub hint: Option<&'a str>,
}

/// A mail, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The mail's own headers and text.
    pub mail: Mail,
    /// What it announces, or why that is not known.
    pub outcome: Outcome,
}

/// What every mail has, understood or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mail {
    /// `Message-ID` without its brackets.
    pub message_id: Option<String>,
    /// The one address in the one `From` header, in lower case. A mail with several has none: which of them a
    /// signature vouches for cannot be told.
    pub from: Option<String>,
    /// `Subject`, decoded; at most [`limits::MAX_SUBJECT_BYTES`].
    pub subject: String,
    /// `Date`.
    pub date: Option<Time>,
    /// The text for people: the plain text, else the HTML as text; at most [`limits::MAX_BODY_TEXT_BYTES`].
    pub body_text: String,
}

impl Reading {
    /// The notices; none where the mail is not understood.
    pub fn notices(&self) -> &[Notice] {
        match &self.outcome {
            Outcome::Notices { notices, .. } => notices,
            Outcome::NotUnderstood(_) => &[],
        }
    }

    /// Why the mail is not understood; none where it is.
    pub fn reason(&self) -> Option<&Reason> {
        match &self.outcome {
            Outcome::Notices { .. } => None,
            Outcome::NotUnderstood(reason) => Some(reason),
        }
    }
}

/// What a mail announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// One notice for each window that it announces; never empty.
    Notices {
        /// The format's name: `maintnote`, `zayo`.
        format: String,
        /// Whether [`Mail::from`] is an address that the provider of all these notices is known to write from. It
        /// says nothing about whether that header is genuine. A forwarded mail and an `X-Original-Sender` name a
        /// provider, but anyone can write them, so they never make this true.
        provider_known_by_sender: bool,
        /// How sure the reading is, in percent: [`KNOWN_FORMAT`], or less where no format knows the mail and only its
        /// words were read.
        confidence: u8,
        /// The notices, in the mail's order.
        notices: Vec<Notice>,
        /// Where the fields of each notice came from; as many as there are notices.
        origins: Vec<Vec<Origin>>,
    },
    /// Nothing that could be applied.
    NotUnderstood(Reason),
}

/// Reads one mail by the formats that are built in. Never panics, and takes time linear in the mail's size.
pub fn read(raw: &[u8], context: &Context<'_>) -> Reading {
    read_with(raw, context, &BUILT_IN)
}

/// The formats that are built in.
static BUILT_IN: LazyLock<Formats> = LazyLock::new(Formats::new);

/// Reads one mail, also by formats and senders that users added.
pub fn read_with(raw: &[u8], context: &Context<'_>, formats: &Formats) -> Reading {
    match mime::parse(raw) {
        Ok(messages) => {
            let mail = mime::mail(&messages);
            let outcome = formats::read(&messages, context, formats);
            Reading { mail, outcome }
        }
        Err(reason) => Reading { mail: mime::envelope(raw), outcome: Outcome::NotUnderstood(reason) },
    }
}
