//! The MIME structure of a mail: its headers, its texts, its calendars, and the mails that it forwards.
//!
//! mail-parser reads the headers and decodes the parts. The walk over the parts is this module's own: it keeps its
//! place on the heap, so that no nesting can exhaust the stack, and stops at a named limit.

use std::borrow::Cow;
use std::sync::LazyLock;

use chrono::DateTime;
use mail_parser::{Address, Header, HeaderName, HeaderValue, MessageParser};
use memchr::memmem;
use noticeboard_domain::time::Time;

use crate::html::Document;
use crate::limits::{
    MAX_BODY_TEXT_BYTES, MAX_HEADER_BYTES, MAX_ID_BYTES, MAX_MAIL_BYTES, MAX_PART_DEPTH, MAX_PARTS, MAX_SHEET_BYTES,
    MAX_SUBJECT_BYTES, MAX_TEXT_BYTES,
};
use crate::part::{Part, SheetKind, Unread, decode_charset, starts_calendar, unflowed};
pub(crate) use crate::sheets::Sheet;
use crate::{Mail, Reason, quotes, sheets};

/// A mail, or one that is attached to it.
#[derive(Debug, Default)]
pub(crate) struct Message {
    pub(crate) message_id: Option<String>,
    pub(crate) from: Option<String>,
    /// `X-Original-Sender` or `X-Original-From`: who wrote it, by the word of a mailing list that puts itself into `From`.
    pub(crate) original_sender: Option<String>,
    /// `Reply-To`, which is all that some lists keep of who wrote it.
    pub(crate) reply_to: Option<String>,
    pub(crate) subject: String,
    pub(crate) date: Option<Time>,
    pub(crate) html: Vec<Document>,
    pub(crate) plain: Vec<Document>,
    /// Every iCalendar part, under whatever type it came.
    pub(crate) calendars: Vec<CalendarPart>,
    /// Every attached table.
    pub(crate) sheets: Vec<Sheet>,
    /// The mails that it quotes or forwards in its text, the newest first, and the texts that are attached to it.
    pub(crate) quoted: Vec<Message>,
    /// A part that may hold what the mail says, and that is not read.
    pub(crate) unread: Option<Unread>,
    plain_text: Option<String>,
    /// The first HTML as text.
    body_text: Option<String>,
}

/// A calendar as it came.
#[derive(Debug)]
pub(crate) struct CalendarPart {
    /// In small letters; blank where it has none.
    pub(crate) file_name: String,
    pub(crate) text: String,
}

/// The headers that are read; the others are stepped over.
static HEADERS: LazyLock<MessageParser> = LazyLock::new(|| {
    MessageParser::new()
        .with_mime_headers()
        .header_date(HeaderName::Date)
        .header_address(HeaderName::From)
        .header_address(HeaderName::Other(X_ORIGINAL_SENDER.into()))
        .header_address(HeaderName::Other(X_ORIGINAL_FROM.into()))
        .header_address(HeaderName::ReplyTo)
        .header_id(HeaderName::MessageId)
        .header_text(HeaderName::Subject)
        .default_header_ignore()
});

const X_ORIGINAL_SENDER: &str = "X-Original-Sender";
const X_ORIGINAL_FROM: &str = "X-Original-From";

/// The mail, then the mails attached to it, in order. Never empty.
pub(crate) fn parse(raw: &[u8]) -> Result<Vec<Message>, Reason> {
    if raw.len() > MAX_MAIL_BYTES.value {
        return Err(Reason::TooLarge { what: "mail", limit: MAX_MAIL_BYTES });
    }
    let raw = without_mbox_line(raw.trim_ascii_start());
    if raw.is_empty() {
        return Err(Reason::Empty);
    }
    if starts_calendar(raw) {
        return Ok(vec![bare_calendar(raw)?]);
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

/// A calendar that was taken out of its mail.
fn bare_calendar(raw: &[u8]) -> Result<Message, Reason> {
    if raw.len() > MAX_TEXT_BYTES.value {
        return Err(Reason::TooLarge { what: "calendar", limit: MAX_TEXT_BYTES });
    }
    let calendar = CalendarPart { file_name: String::new(), text: decode_charset(raw, None) };
    Ok(Message { calendars: vec![calendar], ..Message::default() })
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
        let mut original_from = None;
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
                (HeaderName::Other(name), HeaderValue::Address(address))
                    if name.eq_ignore_ascii_case(X_ORIGINAL_FROM) =>
                {
                    original_from = only_address(address);
                }
                (HeaderName::ReplyTo, HeaderValue::Address(address)) => self.reply_to = only_address(address),
                _ => {}
            }
        }
        self.original_sender = self.original_sender.take().or(original_from);
    }

    /// Every body that a format may be read from, the one that holds more of the structure first, with its name.
    pub(crate) fn bodies(&self) -> impl Iterator<Item = (String, &Document)> {
        let html = self.html.iter().enumerate().map(|(i, body)| (format!("HTML part {}", i + 1), body));
        html.chain(self.plain.iter().enumerate().map(|(i, body)| (format!("text part {}", i + 1), body)))
    }

    /// Takes an attached text, as a mail of the same sender.
    fn attach(&mut self, body: Document, is_html: bool) {
        let (html, plain) = if is_html { (vec![body], Vec::new()) } else { (Vec::new(), vec![body]) };
        self.quoted.push(Message {
            from: self.from.clone(),
            original_sender: self.original_sender.clone(),
            reply_to: self.reply_to.clone(),
            subject: self.subject.clone(),
            date: self.date,
            html,
            plain,
            ..Message::default()
        });
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
        let is_message = part.main_type == "message" && matches!(part.subtype.as_str(), "rfc822" | "global");
        if is_message || (part.main_type == "application" && part.file_name.ends_with(".eml")) {
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
        let is_text = matches!(part.main_type.as_str(), "text" | "multipart");
        let is_attached = is_text && part.is_attachment && matches!(part.subtype.as_str(), "plain" | "html");
        let is_body = is_text && !part.is_attachment;
        if is_calendar || is_body || is_attached {
            let text = self.text(&part)?;
            if let Some(message) = self.messages.get_mut(of) {
                if is_calendar {
                    message.calendars.push(CalendarPart { file_name: part.file_name, text });
                } else if is_attached {
                    let is_html = part.subtype == "html";
                    let body = if is_html { Document::from_html(&text) } else { Document::from_text(&text) };
                    message.attach(within_limits(body)?, is_html);
                } else if part.subtype == "html" {
                    message.html.push(within_limits(Document::from_html(&text))?);
                } else if !text.trim().is_empty() {
                    let text = if part.is_flowed { unflowed(&text, part.deletes_space) } else { text };
                    message.plain.push(within_limits(Document::from_text(&text))?);
                    message.plain_text.get_or_insert(text);
                }
            }
        } else if let Some(message) = self.messages.get_mut(of) {
            message.unread = message.unread.max(part.unread());
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
