//! The MIME structure of a mail: its headers, its texts, its calendars, and the mails that it forwards.
//!
//! mail-parser reads the headers and decodes the parts. The walk over the parts is this module's own: it keeps its
//! place on the heap, so that no nesting can exhaust the stack, and stops at a named limit.

use std::borrow::Cow;
use std::sync::LazyLock;

use chrono::DateTime;
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::quoted_printable::quoted_printable_decode_char;
use mail_parser::{Address, ContentType, Header, HeaderName, HeaderValue, MessageParser};
use memchr::memmem;
use noticeboard_domain::time::Time;

use crate::html::Document;
use crate::limits::{
    MAX_BODY_TEXT_BYTES, MAX_HEADER_BYTES, MAX_ID_BYTES, MAX_MAIL_BYTES, MAX_PART_DEPTH, MAX_PARTS, MAX_SHEET_BYTES,
    MAX_SUBJECT_BYTES, MAX_TEXT_BYTES,
};
pub(crate) use crate::sheets::Sheet;
use crate::{Mail, Reason, quotes, sheets};

/// A mail, or one that is attached to it.
#[derive(Debug, Default)]
pub(crate) struct Message {
    pub(crate) message_id: Option<String>,
    pub(crate) from: Option<String>,
    /// `X-Original-Sender`: who wrote it, by the word of a mailing list that puts itself into `From`.
    pub(crate) original_sender: Option<String>,
    pub(crate) subject: String,
    pub(crate) date: Option<Time>,
    pub(crate) html: Vec<Document>,
    pub(crate) plain: Vec<Document>,
    /// Every iCalendar part, under whatever type it came.
    pub(crate) calendars: Vec<String>,
    /// Every attached table.
    pub(crate) sheets: Vec<Sheet>,
    /// The mails that it quotes or forwards in its text, the newest first.
    pub(crate) quoted: Vec<Message>,
    plain_text: Option<String>,
    /// The first HTML as text.
    body_text: Option<String>,
}

/// The headers that are read; the others are stepped over.
static HEADERS: LazyLock<MessageParser> = LazyLock::new(|| {
    MessageParser::new()
        .with_mime_headers()
        .header_date(HeaderName::Date)
        .header_address(HeaderName::From)
        .header_address(HeaderName::Other(X_ORIGINAL_SENDER.into()))
        .header_id(HeaderName::MessageId)
        .header_text(HeaderName::Subject)
        .default_header_ignore()
});

const X_ORIGINAL_SENDER: &str = "X-Original-Sender";

/// The mail, then the mails attached to it, in order. Never empty.
pub(crate) fn parse(raw: &[u8]) -> Result<Vec<Message>, Reason> {
    if raw.len() > MAX_MAIL_BYTES.value {
        return Err(Reason::TooLarge { what: "mail", limit: MAX_MAIL_BYTES });
    }
    let raw = without_mbox_line(raw.trim_ascii_start());
    if raw.is_empty() {
        return Err(Reason::Empty);
    }
    let mut walk = Walk::default();
    let mut parts = 1;
    // Parts still to be read, the next one last.
    let mut waiting = vec![Entity { bytes: Cow::Borrowed(raw), of: None, depth: 0 }];
    while let Some(entity) = waiting.pop() {
        let children = match entity.bytes {
            Cow::Borrowed(bytes) => walk.visit(bytes, entity.of, entity.depth)?,
            Cow::Owned(bytes) => {
                let children = walk.visit(&bytes, entity.of, entity.depth)?;
                children.into_iter().map(Entity::into_owned).collect()
            }
        };
        parts += children.len();
        if parts > MAX_PARTS.value {
            return Err(Reason::TooMany { what: "parts", limit: MAX_PARTS });
        }
        if entity.depth >= MAX_PART_DEPTH.value && !children.is_empty() {
            return Err(Reason::TooDeep { what: "parts", limit: MAX_PART_DEPTH });
        }
        waiting.extend(children.into_iter().rev());
    }
    for message in &mut walk.messages {
        if message.plain_text.is_none() {
            message.body_text = message.html.first().map(Document::text);
        }
        quotes::take_out(message);
    }
    Ok(walk.messages)
}

/// What the headers alone tell of a mail that is refused.
pub(crate) fn envelope(raw: &[u8]) -> Mail {
    let start = raw.get(..MAX_HEADER_BYTES.value).unwrap_or(raw);
    let start = without_mbox_line(start.trim_ascii_start());
    let (head, _) = split_head(start).unwrap_or((Cow::Borrowed(start), &[]));
    let mut message = Message::default();
    if let Some(parsed) = HEADERS.parse_headers(&head) {
        message.take_headers(parsed.headers());
    }
    mail(&[message])
}

/// The mail as its caller sees it.
pub(crate) fn mail(messages: &[Message]) -> Mail {
    let Some(outer) = messages.first() else { return Mail::default() };
    Mail {
        message_id: outer.message_id.clone(),
        from: outer.from.clone(),
        subject: outer.subject.clone(),
        date: outer.date,
        body_text: messages.iter().find_map(Message::text).unwrap_or_default(),
    }
}

impl Message {
    fn take_headers(&mut self, headers: &[Header<'_>]) {
        let mut senders = 0;
        for header in headers {
            match (&header.name, &header.value) {
                (HeaderName::MessageId, value) => {
                    self.message_id = self.message_id.take().or_else(|| value.as_text().and_then(id));
                }
                (HeaderName::Subject, HeaderValue::Text(text)) if self.subject.is_empty() => {
                    self.subject = clipped(&text.replace('\0', ""), MAX_SUBJECT_BYTES);
                }
                (HeaderName::Date, HeaderValue::DateTime(date)) if self.date.is_none() && date.is_valid() => {
                    self.date = DateTime::from_timestamp(date.to_timestamp(), 0);
                }
                (HeaderName::From, value) => {
                    senders += 1;
                    self.from = if senders == 1 { value.as_address().and_then(only_address) } else { None };
                }
                (HeaderName::Other(name), HeaderValue::Address(address))
                    if name.eq_ignore_ascii_case(X_ORIGINAL_SENDER) =>
                {
                    self.original_sender = only_address(address);
                }
                _ => {}
            }
        }
    }

    /// Every body that a format may be read from, the one that holds more of the structure first, with its name.
    pub(crate) fn bodies(&self) -> impl Iterator<Item = (String, &Document)> {
        let html = self.html.iter().enumerate().map(|(i, body)| (format!("HTML part {}", i + 1), body));
        html.chain(self.plain.iter().enumerate().map(|(i, body)| (format!("text part {}", i + 1), body)))
    }

    fn text(&self) -> Option<String> {
        let text = match &self.plain_text {
            Some(text) => text.trim().to_owned(),
            None => self.body_text.clone()?,
        };
        (!text.is_empty()).then(|| clipped(&text, MAX_BODY_TEXT_BYTES))
    }
}

/// A part that waits to be read.
struct Entity<'a> {
    bytes: Cow<'a, [u8]>,
    /// The message that it is a part of; none where it is a message itself.
    of: Option<usize>,
    depth: usize,
}

impl Entity<'_> {
    /// For a part of something that was decoded on the way and lives no longer than its own visit.
    fn into_owned<'b>(self) -> Entity<'b> {
        Entity { bytes: Cow::Owned(self.bytes.into_owned()), of: self.of, depth: self.depth }
    }
}

/// What the walk over the parts has found.
#[derive(Default)]
struct Walk {
    messages: Vec<Message>,
    /// Bytes of text so far.
    text_bytes: usize,
}

impl Walk {
    /// Reads one part into its message and returns the parts inside it.
    fn visit<'a>(&mut self, bytes: &'a [u8], of: Option<usize>, depth: usize) -> Result<Vec<Entity<'a>>, Reason> {
        let (head, body) = split_head(bytes)?;
        let parsed = HEADERS.parse_headers(&head);
        let headers = parsed.as_ref().map(|message| message.headers()).unwrap_or_default();
        let of = of.unwrap_or_else(|| {
            let mut message = Message::default();
            message.take_headers(headers);
            self.messages.push(message);
            self.messages.len() - 1
        });
        let part = Part::new(headers, body);
        if part.main_type == "multipart"
            && let Some(boundary) = &part.boundary
        {
            let pieces = split_multipart(body, boundary)?;
            if !pieces.is_empty() {
                let entity = |piece| Entity { bytes: Cow::Borrowed(piece), of: Some(of), depth: depth + 1 };
                return Ok(pieces.into_iter().map(entity).collect());
            }
        }
        if part.main_type == "message" && matches!(part.subtype.as_str(), "rfc822" | "global") {
            return Ok(vec![Entity { bytes: part.decoded(), of: None, depth: depth + 1 }]);
        }
        let is_calendar = part.is_calendar();
        if !is_calendar && let Some(kind) = part.sheet_kind() {
            let sheets = self.sheets(&part, kind)?;
            if let Some(message) = self.messages.get_mut(of) {
                message.sheets.extend(sheets);
            }
            return Ok(Vec::new());
        }
        let is_body = matches!(part.main_type.as_str(), "text" | "multipart") && !part.is_attachment;
        if is_calendar || is_body {
            let text = self.text(&part)?;
            if let Some(message) = self.messages.get_mut(of) {
                if is_calendar {
                    message.calendars.push(text);
                } else if part.subtype == "html" {
                    message.html.push(within_limits(Document::from_html(&text))?);
                } else if !text.trim().is_empty() {
                    let text = if part.is_flowed { unflowed(&text, part.deletes_space) } else { text };
                    message.plain.push(within_limits(Document::from_text(&text))?);
                    message.plain_text.get_or_insert(text);
                }
            }
        }
        Ok(Vec::new())
    }

    /// The tables of an attachment.
    fn sheets(&mut self, part: &Part<'_>, kind: SheetKind) -> Result<Vec<Sheet>, Reason> {
        match kind {
            SheetKind::Values => Ok(vec![sheets::from_csv(&part.file_name, &self.text(part)?)?]),
            SheetKind::Workbook if part.body.len() > 2 * MAX_SHEET_BYTES.value => {
                Err(Reason::TooLarge { what: "workbook", limit: MAX_SHEET_BYTES })
            }
            SheetKind::Workbook => sheets::from_xlsx(&part.file_name, &part.decoded()),
        }
    }

    /// The part as text, where the limit allows it.
    fn text(&mut self, part: &Part<'_>) -> Result<String, Reason> {
        let too_large = Reason::TooLarge { what: "text", limit: MAX_TEXT_BYTES };
        // No encoding is more than three times as long as what it encodes, soft line breaks aside.
        if part.body.len() > 4 * MAX_TEXT_BYTES.value {
            return Err(too_large);
        }
        let text = decode_charset(&part.decoded(), part.charset.as_deref());
        self.text_bytes += text.len();
        if self.text_bytes > MAX_TEXT_BYTES.value { Err(too_large) } else { Ok(text) }
    }
}

/// The document, where it was read whole.
fn within_limits(document: Document) -> Result<Document, Reason> {
    match document.exceeded {
        Some((what, limit)) => Err(Reason::TooMany { what, limit }),
        None => Ok(document),
    }
}

/// A part's own headers and its body, still encoded.
struct Part<'a> {
    main_type: String,
    subtype: String,
    boundary: Option<String>,
    charset: Option<String>,
    file_name: String,
    is_attachment: bool,
    /// Whether a blank at the end of a line joins it to the next one (RFC 3676).
    is_flowed: bool,
    /// Whether that blank is not part of the text (RFC 3676 4.1).
    deletes_space: bool,
    encoding: String,
    body: &'a [u8],
}

impl<'a> Part<'a> {
    fn new(headers: &[Header<'_>], body: &'a [u8]) -> Self {
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
    fn is_calendar(&self) -> bool {
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
    fn sheet_kind(&self) -> Option<SheetKind> {
        let is_named = |end: &str| self.file_name.ends_with(end);
        if is_named(".xlsx") || self.subtype == "vnd.openxmlformats-officedocument.spreadsheetml.sheet" {
            Some(SheetKind::Workbook)
        } else if is_named(".csv") || is_named(".tsv") || matches!(self.subtype.as_str(), "csv" | "x-csv") {
            Some(SheetKind::Values)
        } else {
            None
        }
    }

    fn decoded(&self) -> Cow<'a, [u8]> {
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

/// An attached table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SheetKind {
    Values,
    Workbook,
}

/// Text whose lines were broken for sending, with those lines joined again (RFC 3676 4.1, 4.3).
fn unflowed(text: &str, deletes_space: bool) -> String {
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

fn starts_calendar(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    bytes.get(..15).is_some_and(|start| start.eq_ignore_ascii_case(b"BEGIN:VCALENDAR"))
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
fn decode_charset(bytes: &[u8], charset: Option<&str>) -> String {
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

/// mbox files put a `From ` line, without a colon, before the first header.
fn without_mbox_line(raw: &[u8]) -> &[u8] {
    if raw.starts_with(b"From ") || raw.starts_with(b">From ") {
        memchr::memchr(b'\n', raw).and_then(|end| raw.get(end + 1..)).unwrap_or_default()
    } else {
        raw
    }
}

/// The header block, ended by its blank line, and the body behind it.
fn split_head(bytes: &[u8]) -> Result<(Cow<'_, [u8]>, &[u8]), Reason> {
    let searched = bytes.get(..MAX_HEADER_BYTES.value).unwrap_or(bytes);
    if searched.starts_with(b"\n") || searched.starts_with(b"\r\n") {
        return Ok((Cow::Borrowed(b""), bytes));
    }
    for newline in memchr::memchr_iter(b'\n', searched) {
        let rest = bytes.get(newline + 1..).unwrap_or_default();
        let blank = if rest.starts_with(b"\n") {
            1
        } else if rest.starts_with(b"\r\n") {
            2
        } else {
            continue;
        };
        let (head, body) = bytes.split_at(newline + 1 + blank);
        return Ok((Cow::Borrowed(head), body));
    }
    if bytes.len() > searched.len() {
        return Err(Reason::TooLarge { what: "header", limit: MAX_HEADER_BYTES });
    }
    Ok((Cow::Owned([bytes, b"\n\n"].concat()), &[]))
}

/// The parts between the lines `--boundary`, up to `--boundary--` or the end (RFC 2046 5.1.1).
fn split_multipart<'a>(body: &'a [u8], boundary: &str) -> Result<Vec<&'a [u8]>, Reason> {
    let delimiter = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut start = None;
    for at in memmem::find_iter(body, delimiter.as_bytes()) {
        let before = body.get(..at).unwrap_or_default();
        let after = body.get(at + delimiter.len()..).unwrap_or_default();
        let closing = after.starts_with(b"--");
        let after = if closing { after.get(2..).unwrap_or_default() } else { after };
        // A longer boundary may begin with this one: nothing but blanks may follow on the line.
        let line_end = memchr::memchr(b'\n', after.get(..MAX_ID_BYTES).unwrap_or(after));
        let (line, next) = match line_end {
            Some(end) => (after.get(..end).unwrap_or_default(), body.len() - after.len() + end + 1),
            None => (after, body.len()),
        };
        let whole_line = (before.is_empty() || before.ends_with(b"\n")) && line.iter().all(u8::is_ascii_whitespace);
        if !whole_line {
            continue;
        }
        if let Some(start) = start.take() {
            parts.push(body.get(start..at).map(without_last_newline).unwrap_or_default());
            if parts.len() > MAX_PARTS.value {
                return Err(Reason::TooMany { what: "parts", limit: MAX_PARTS });
            }
        }
        if closing {
            return Ok(parts);
        }
        start = Some(next);
    }
    if let Some(rest) = start.and_then(|start| body.get(start..)) {
        parts.push(rest);
    }
    Ok(parts)
}

fn without_last_newline(part: &[u8]) -> &[u8] {
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    part.strip_suffix(b"\r").unwrap_or(part)
}

fn id(text: &str) -> Option<String> {
    let id = text.trim().trim_start_matches('<').trim_end_matches('>').trim();
    (!id.is_empty() && id.len() <= MAX_ID_BYTES && !id.contains(char::is_control)).then(|| id.to_owned())
}

fn only_address(address: &Address<'_>) -> Option<String> {
    let mut addresses = address.iter().filter_map(|address| address.address());
    let (first, second) = (addresses.next()?, addresses.next());
    let address = first.trim().to_ascii_lowercase();
    let plausible = address.len() <= MAX_ID_BYTES
        && address.matches('@').count() == 1
        && !address.starts_with('@')
        && !address.ends_with('@')
        && !address.contains(|c: char| c.is_whitespace() || c.is_control());
    (second.is_none() && plausible).then_some(address)
}

/// The text, cut at a character's boundary and marked where it is longer than `max` bytes.
fn clipped(text: &str, max: usize) -> String {
    const MARK: char = '…';
    if text.len() <= max {
        return text.to_owned();
    }
    let mut end = max.saturating_sub(MARK.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut clipped = text.get(..end).unwrap_or_default().to_owned();
    clipped.push(MARK);
    clipped
}
