//! How much of anything a mail may hold. What exceeds a limit is refused with the limit's name, never cut silently.

/// A limit, with the name that a refusal cites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// The constant's name.
    pub name: &'static str,
    /// The largest allowed value.
    pub value: usize,
}

macro_rules! limits {
    ($($(#[$doc:meta])* $name:ident = $value:expr;)*) => {
        $($(#[$doc])* pub const $name: Limit = Limit { name: stringify!($name), value: $value };)*
    };
}

limits! {
    /// The whole mail. SES accepts up to 40 MB.
    MAX_MAIL_BYTES = 40 * 1024 * 1024;
    /// One header block.
    MAX_HEADER_BYTES = 1024 * 1024;
    /// MIME parts, those of forwarded mails included.
    MAX_PARTS = 1_000;
    /// MIME parts inside one another.
    MAX_PART_DEPTH = 32;
    /// All texts, HTML and calendars together, decoded.
    MAX_TEXT_BYTES = 4 * 1024 * 1024;
    /// Lines of one text or HTML part. A format looks for its labels in every line.
    MAX_LINES = 30_000;
    /// Cells of the tables of one HTML part, blank ones included.
    MAX_CELLS = 200_000;
    /// An attached workbook or file of values, unpacked.
    MAX_SHEET_BYTES = 8 * 1024 * 1024;
    /// Files in a workbook, which is an archive.
    MAX_SHEET_FILES = 200;
    /// Cells with something in them in one attached file.
    MAX_SHEET_CELLS = 50_000;
    /// iCalendar components inside one another; MAINTNOTE needs three.
    MAX_CALENDAR_DEPTH = 16;
    /// A file of a user's formats or senders.
    MAX_FORMAT_BYTES = 64 * 1024;
    /// Notices in one mail.
    MAX_NOTICES = 500;
    /// Circuits in one notice.
    MAX_CIRCUITS = 5_000;
}

/// Longest [`crate::Mail::body_text`], in bytes; longer text is cut there and marked with `…`.
pub const MAX_BODY_TEXT_BYTES: usize = noticeboard_domain::fields::MAX_TEXT_BYTES;
/// Longest [`crate::Mail::subject`], in bytes; a longer one is cut there and marked with `…`.
pub const MAX_SUBJECT_BYTES: usize = 1_000;
/// Longest `Message-ID` and address, in bytes: a longer one is as good as none (RFC 5322 2.1.1 allows 998 on a line).
pub const MAX_ID_BYTES: usize = 998;
/// Tables inside one another; the lines of deeper ones are still read, as lines.
pub(crate) const MAX_TABLE_DEPTH: usize = 64;
