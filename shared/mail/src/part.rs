//! One MIME part: what its headers say of it, and its content decoded.

use std::borrow::Cow;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::quoted_printable::quoted_printable_decode_char;
use mail_parser::{ContentType, Header, HeaderName, HeaderValue};

/// A part's own headers and its body, still encoded.
pub(crate) struct Part<'a> {
    pub(crate) main_type: String,
    pub(crate) subtype: String,
    pub(crate) boundary: Option<String>,
    pub(crate) charset: Option<String>,
    pub(crate) file_name: String,
    pub(crate) is_attachment: bool,
    /// Whether a blank at the end of a line joins it to the next one (RFC 3676).
    pub(crate) is_flowed: bool,
    /// Whether that blank is not part of the text (RFC 3676 4.1).
    pub(crate) deletes_space: bool,
    encoding: String,
    pub(crate) body: &'a [u8],
}

impl<'a> Part<'a> {
    pub(crate) fn new(headers: &[Header<'_>], body: &'a [u8]) -> Self {
        let find = |name: HeaderName<'_>| headers.iter().find(|header| header.name == name).map(|header| &header.value);
        let content_type = find(HeaderName::ContentType).and_then(HeaderValue::as_content_type);
        let disposition = find(HeaderName::ContentDisposition).and_then(HeaderValue::as_content_type);
        let attribute = |of: Option<&ContentType<'_>>, name| of.and_then(|of| of.attribute(name)).map(str::to_owned);
        Self {
            // RFC 2045 5.2: a part without a type is plain text.
            main_type: content_type.map_or("text", |t| t.ctype()).to_ascii_lowercase(),
            subtype: content_type.and_then(|t| t.subtype()).unwrap_or("plain").to_ascii_lowercase(),
            boundary: attribute(content_type, "boundary").filter(|boundary| !boundary.is_empty()),
            charset: attribute(content_type, "charset"),
            file_name: attribute(disposition, "filename")
                .or_else(|| attribute(content_type, "name"))
                .unwrap_or_default()
                .to_ascii_lowercase(),
            is_attachment: disposition.is_some_and(|t| t.ctype().eq_ignore_ascii_case("attachment")),
            is_flowed: attribute(content_type, "format").is_some_and(|format| format.eq_ignore_ascii_case("flowed")),
            deletes_space: attribute(content_type, "delsp").is_some_and(|delsp| delsp.eq_ignore_ascii_case("yes")),
            encoding: find(HeaderName::ContentTransferEncoding)
                .and_then(HeaderValue::as_text)
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase(),
            body,
        }
    }

    /// Whether it is iCalendar, by its type, its file's name or, where these leave it open, its first bytes.
    pub(crate) fn is_calendar(&self) -> bool {
        match self.main_type.as_str() {
            "text" if self.subtype == "html" => false,
            "image" | "audio" | "video" | "multipart" => false,
            _ => {
                self.subtype.ends_with("calendar")
                    || matches!(self.subtype.as_str(), "ics" | "x-ics" | "ical")
                    || [".ics", ".ical", ".vcs"].iter().any(|end| self.file_name.ends_with(end))
                    || starts_calendar(&self.decode(self.body.get(..SNIFFED_BYTES).unwrap_or(self.body)))
            }
        }
    }

    /// The kind of table that it is, by its file's name or its type.
    pub(crate) fn sheet_kind(&self) -> Option<SheetKind> {
        let is_named = |end: &str| self.file_name.ends_with(end);
        if is_named(".xlsx") || self.subtype == "vnd.openxmlformats-officedocument.spreadsheetml.sheet" {
            Some(SheetKind::Workbook)
        } else if is_named(".csv") || is_named(".tsv") || matches!(self.subtype.as_str(), "csv" | "x-csv") {
            Some(SheetKind::Values)
        } else {
            None
        }
    }

    /// The kind of part that it is, where it may hold what the mail says and is not read.
    pub(crate) fn unread(&self) -> Option<Unread> {
        let is_named = |end: &str| self.file_name.ends_with(end);
        match self.subtype.as_str() {
            "ms-tnef" | "vnd.ms-tnef" => Some(Unread::Tnef),
            _ if is_named("winmail.dat") => Some(Unread::Tnef),
            "pkcs7-mime" | "x-pkcs7-mime" => Some(Unread::Smime),
            "pgp-encrypted" => Some(Unread::OpenPgp),
            "vnd.ms-outlook" => Some(Unread::Msg),
            _ if is_named(".msg") => Some(Unread::Msg),
            "pdf" => Some(Unread::Pdf),
            _ if is_named(".pdf") => Some(Unread::Pdf),
            _ if is_named(".doc") || is_named(".docx") => Some(Unread::Word),
            _ if is_named(".zip") => Some(Unread::Archive),
            _ if self.main_type == "image" => Some(Unread::Image),
            _ => None,
        }
    }

    pub(crate) fn decoded(&self) -> Cow<'a, [u8]> {
        self.decode(self.body)
    }

    fn decode<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        match self.encoding.as_str() {
            "base64" => Cow::Owned(lenient_base64(bytes)),
            "quoted-printable" => Cow::Owned(lenient_quoted_printable(bytes)),
            _ => Cow::Borrowed(bytes),
        }
    }
}

/// A part that is not read, the likelier to hold what the mail says the further down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unread {
    Image,
    Archive,
    Word,
    Pdf,
    Msg,
    OpenPgp,
    Smime,
    Tnef,
}

impl Unread {
    /// Its name for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Image => "an image",
            Self::Archive => "an archive (.zip)",
            Self::Word => "a Word document",
            Self::Pdf => "a PDF",
            Self::Msg => "an Outlook message (.msg)",
            Self::OpenPgp => "an encrypted part (OpenPGP)",
            Self::Smime => "an encrypted or wrapped part (S/MIME)",
            Self::Tnef => "an Outlook envelope (TNEF, winmail.dat)",
        }
    }
}

/// An attached table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SheetKind {
    Values,
    Workbook,
}

/// Text whose lines were broken for sending, with those lines joined again (RFC 3676 4.1, 4.3).
pub(crate) fn unflowed(text: &str, deletes_space: bool) -> String {
    let mut joined = String::with_capacity(text.len());
    for line in text.lines() {
        // A leading blank was put there to keep the line from being taken for something else.
        let line = line.strip_prefix(' ').unwrap_or(line);
        let is_soft = line.ends_with(' ') && line != "-- ";
        joined.push_str(if is_soft && deletes_space { line.get(..line.len() - 1).unwrap_or(line) } else { line });
        if !is_soft {
            joined.push('\n');
        }
    }
    joined
}

/// How much of a part of unknown type is looked at to see whether it is a calendar.
const SNIFFED_BYTES: usize = 256;

/// Whether it is a calendar by its first bytes, in UTF-16 as well.
pub(crate) fn starts_calendar(bytes: &[u8]) -> bool {
    let start = decode_charset(bytes.get(..SNIFFED_BYTES).unwrap_or(bytes), None);
    let start = start.trim_start().as_bytes();
    start.get(..15).is_some_and(|start| start.eq_ignore_ascii_case(b"BEGIN:VCALENDAR"))
}

/// Base64 as it arrives: what does not belong to the alphabet is stepped over (RFC 2045 6.8).
pub(crate) fn lenient_base64(bytes: &[u8]) -> Vec<u8> {
    base64_decode(bytes).unwrap_or_else(|| {
        let alphabet = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
        let clean: Vec<u8> = bytes.iter().copied().filter(alphabet).collect();
        base64_decode(&clean).unwrap_or_default()
    })
}

/// Quoted-printable as it arrives: a `=` that begins no escape stands for itself (RFC 2045 6.7, note 2). mail-parser
/// gives up on such a part, and with it on what a gateway pasted together.
fn lenient_quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = memchr::memchr(b'=', rest) {
        let (before, escape) = rest.split_at(at);
        decoded.extend_from_slice(before);
        let line_end =
            escape.iter().skip(1).position(|c| !matches!(c, b' ' | b'\t' | b'\r')).map_or(escape.len(), |n| n + 1);
        let taken = match escape {
            [_, high, low, ..] if let Some(byte) = quoted_printable_decode_char(*high, *low) => {
                decoded.push(byte);
                3
            }
            // A soft line break, with the blanks that some relay put before it.
            _ if matches!(escape.get(line_end), Some(b'\n') | None) => (line_end + 1).min(escape.len()),
            _ => {
                decoded.push(b'=');
                1
            }
        };
        rest = escape.get(taken..).unwrap_or_default();
    }
    decoded.extend_from_slice(rest);
    decoded
}

/// Text in the charset that it claims, or in the one that it evidently has.
pub(crate) fn decode_charset(bytes: &[u8], charset: Option<&str>) -> String {
    let decode = |charset: &str, bytes: &[u8]| charset_decoder(charset.as_bytes()).map(|decoder| decoder(bytes));
    let charset = charset.map(|charset| charset.trim().to_ascii_lowercase());
    let utf16 = match bytes {
        [0xFF, 0xFE, rest @ ..] => decode("utf-16le", rest),
        [0xFE, 0xFF, rest @ ..] => decode("utf-16be", rest),
        // Without a mark, but with nothing in the upper half of its first characters.
        [_, 0, _, 0, ..] => decode("utf-16le", bytes),
        [0, _, 0, _, ..] => decode("utf-16be", bytes),
        _ => None,
    };
    let claimed = || match charset.as_deref() {
        // Much mail that claims these is UTF-8 or Windows-1252.
        None | Some("us-ascii" | "ascii" | "utf-8" | "utf8" | "unknown-8bit" | "binary") => None,
        Some(other) => decode(other, bytes),
    };
    let text = utf16.or_else(claimed).unwrap_or_else(|| match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) if charset.as_deref().is_some_and(|charset| charset.starts_with("utf")) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
        Err(_) => decode("windows-1252", bytes).unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned()),
    });
    match text.strip_prefix('\u{FEFF}') {
        Some(rest) => rest.replace('\0', ""),
        None if text.contains('\0') => text.replace('\0', ""),
        None => text,
    }
}
