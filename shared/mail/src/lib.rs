//! The bytes of a provider's mail in, the notices that it announces out, or the reason why not.
//!
//! **For**: MIME, iCalendar, HTML and text as providers really send them, and the formats that providers write in.
//!
//! **Must not know**: the time of day, the environment, files, the network, the inventory, whether a sender may be
//! believed, and what becomes of a notice. The same bytes and [`Context`] always give the same [`Reading`].
//!
//! A mail is understood whole or not at all: a notice that lacks a window is worse than a mail put before a person.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod formats;
mod html;
mod ical;
pub mod json;
pub mod limits;
mod mime;
mod reason;
pub mod senders;
mod toolkit;

use noticeboard_domain::notice::Notice;
use noticeboard_domain::time::Time;

pub use limits::Limit;
pub use reason::Reason;

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

/// What a mail announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// One notice for each window that it announces; never empty.
    Notices {
        /// The format's name: `maintnote`, `zayo`.
        format: &'static str,
        /// Whether [`Mail::from`] is an address that the provider of all these notices is known to write from. It
        /// says nothing about whether that header is genuine. A forwarded mail and an `X-Original-Sender` name a
        /// provider, but anyone can write them, so they never make this true.
        provider_known_by_sender: bool,
        /// The notices, in the mail's order.
        notices: Vec<Notice>,
    },
    /// Nothing that could be applied.
    NotUnderstood(Reason),
}

/// Reads one mail. Never panics, and takes time linear in the mail's size.
pub fn read(raw: &[u8], context: &Context<'_>) -> Reading {
    match mime::parse(raw) {
        Ok(messages) => {
            let mail = mime::mail(&messages);
            let outcome = formats::read(&messages, context);
            Reading { mail, outcome }
        }
        Err(reason) => Reading { mail: mime::envelope(raw), outcome: Outcome::NotUnderstood(reason) },
    }
}
