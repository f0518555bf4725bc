//! What a format finds in a mail, with where it found it.

use std::borrow::Cow;

use crate::html::CellAt;

/// Where something stands in a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// In the subject.
    Subject,
    /// In another header.
    Header(&'static str),
    /// In a line of a body, or in a cell of it.
    Line { line: usize, cell: Option<CellAt> },
    /// In a cell of the attachment of that number.
    Sheet { sheet: usize, cell: CellAt },
    /// In a calendar's event, under that name.
    Calendar { event: usize, name: &'static str },
    /// Nowhere: this rule of the format says it.
    Rule(&'static str),
}

/// A text of a mail, without the blanks around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) at: At,
}

impl<'a> Found<'a> {
    pub(crate) fn new(text: &'a str, at: At) -> Self {
        Self { text: Cow::Borrowed(text.trim()), at }
    }

    /// What no text says, but this rule of the format.
    pub(crate) fn rule(rule: &'static str) -> Self {
        Self { text: Cow::Borrowed(""), at: At::Rule(rule) }
    }

    /// What a header says that is not kept as text.
    pub(crate) fn rule_at(at: At) -> Self {
        Self { text: Cow::Borrowed(""), at }
    }

    /// Another text that was found at the same place.
    pub(crate) fn with(&self, text: impl Into<Cow<'a, str>>) -> Self {
        Self { text: text.into(), at: self.at }
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// A value that was read from a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said<'a, T> {
    pub(crate) value: T,
    pub(crate) from: Found<'a>,
}
