//! The mails that a mail forwards or quotes in its own text.
//!
//! Each becomes a message of its own, so that a forwarded notice is read like the notice itself, and so that what a
//! provider writes now is never mixed with what it wrote before.

use std::ops::Range;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use noticeboard_domain::time::Time;

use crate::html::{Document, Line};
use crate::mime::Message;
use crate::toolkit::moments::moment;
use crate::toolkit::text::strip_start;
use crate::toolkit::windows::{DateOrder, day_of};
use crate::toolkit::zones::{Edge, Zone};

/// Mails in one another; deeper ones are older still.
const MAX_QUOTED: usize = 20;

/// A header in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    From,
    Subject,
    Date,
    Other,
}

/// The names that mail programs write, in the languages that forwarded mail is seen in.
#[rustfmt::skip]
const NAMES: [(&str, Name); 45] = [
    ("From", Name::From), ("Von", Name::From), ("De", Name::From), ("Da", Name::From), ("Van", Name::From),
    ("Subject", Name::Subject), ("Betreff", Name::Subject), ("Objet", Name::Subject), ("Sujet", Name::Subject),
    ("Asunto", Name::Subject), ("Assunto", Name::Subject), ("Oggetto", Name::Subject), ("Onderwerp", Name::Subject),
    ("Date", Name::Date), ("Sent", Name::Date), ("Datum", Name::Date), ("Gesendet", Name::Date), ("Envoyé", Name::Date),
    ("Fecha", Name::Date), ("Enviado el", Name::Date), ("Enviado", Name::Date), ("Data", Name::Date),
    ("Enviada em", Name::Date), ("Inviato", Name::Date), ("Verzonden", Name::Date),
    ("To", Name::Other), ("Cc", Name::Other), ("An", Name::Other), ("À", Name::Other), ("Pour", Name::Other),
    ("Para", Name::Other), ("Aan", Name::Other), ("Kopie", Name::Other), ("Copie", Name::Other),
    ("Reply-To", Name::Other),
    ("发件人", Name::From), ("寄件者", Name::From), ("差出人", Name::From), ("主题", Name::Subject), ("主旨", Name::Subject),
    ("件名", Name::Subject), ("收件人", Name::Other), ("宛先", Name::Other), ("发送时间", Name::Date),
    ("送信日時", Name::Date),
];

/// How the line begins that says who wrote what follows, and what else it says: `On Monday, NOC <noc@carrier.example>
/// wrote:`, `Am Montag schrieb NOC <noc@carrier.example>:`.
const WROTE: [(&str, &str); 7] = [
    ("On ", "wrote"),
    ("Am ", "schrieb"),
    ("Le ", "a écrit"),
    ("El ", "escribió"),
    ("Em ", "escreveu"),
    ("Il ", "ha scritto"),
    ("Op ", "schreef"),
];

/// A mail inside a body.
#[derive(Debug, Default)]
struct Quote {
    /// Its lines, without its headers.
    lines: Range<usize>,
    from: Option<String>,
    subject: String,
    date: Option<Time>,
}

/// Moves every quoted mail out of the message's bodies into messages of their own.
pub(crate) fn take_out(message: &mut Message) {
    let date = message.date;
    let mut quoted: Vec<Message> = Vec::new();
    let mut cut = |body: &mut Document, is_html: bool| {
        let (own, quotes) = split(body, date);
        if quotes.is_empty() {
            return;
        }
        for (place, quote) in quotes.into_iter().enumerate() {
            if quoted.len() <= place {
                quoted.push(Message::default());
            }
            let Some(message) = quoted.get_mut(place) else { continue };
            message.from = message.from.take().or(quote.from);
            message.date = message.date.or(quote.date);
            // Plain text cuts a long subject.
            if quote.subject.len() > message.subject.len() {
                message.subject = quote.subject;
            }
            let part = body.part(quote.lines);
            if is_html { message.html.push(part) } else { message.plain.push(part) }
        }
        *body = body.part(own);
    };
    message.html.iter_mut().for_each(|body| cut(body, true));
    message.plain.iter_mut().for_each(|body| cut(body, false));
    // A heading without a subject is that of an answer, which keeps the subject.
    for quote in quoted.iter_mut().filter(|quote| quote.subject.is_empty()) {
        quote.subject.clone_from(&message.subject);
    }
    message.quoted.splice(0..0, quoted);
}

/// The lines of the mail itself, and the mails in it.
fn split(body: &Document, date: Option<Time>) -> (Range<usize>, Vec<Quote>) {
    let lines = &body.lines;
    let mut quotes: Vec<Quote> = Vec::new();
    let mut own_end = lines.len();
    let mut at = 0;
    while at < lines.len() && quotes.len() < MAX_QUOTED {
        let Some((start, quote)) = heading(lines, at, date) else {
            at += 1;
            continue;
        };
        match quotes.last_mut() {
            Some(last) => last.lines.end = start,
            None => own_end = start,
        }
        at = quote.lines.start.max(at + 1);
        quotes.push(Quote { lines: at..lines.len(), ..quote });
    }
    (0..own_end, quotes)
}

/// The heading of a quoted mail that begins at that line: where it starts, and what it says. Its lines begin behind it.
fn heading(lines: &[Line], at: usize, date: Option<Time>) -> Option<(usize, Quote)> {
    let text = without_marks(lines.get(at)?);
    // Such a line may be cut in two, and stand between dashes.
    let start = text.trim_start_matches(['-', ' ']);
    if let Some((_, wrote)) = WROTE.iter().find(|(word, _)| start.starts_with(word)) {
        let next = lines.get(at + 1).map_or("", without_marks);
        let says_it = |line: &str| line.ends_with([':', '-']) && line.contains(wrote);
        let (whole, length) = if says_it(text) {
            (text.to_owned(), 1)
        } else if text.len() + next.len() < MAX_WROTE_BYTES && says_it(&format!("{text} {next}")) {
            (format!("{text} {next}"), 2)
        } else {
            return None;
        };
        let from = address(&whole)?;
        let quote = Quote { lines: at + length..lines.len(), from: Some(from), ..Quote::default() };
        return Some((at, quote));
    }
    let is_marker = is_marker(text);
    let first = if is_marker { at + 1 } else { at };
    if !is_marker && !matches!(header(text), Some((Name::From | Name::Date | Name::Subject, _))) {
        return None;
    }
    let mut quote = Quote::default();
    let (mut known, mut has_from, mut end) = (0, false, first);
    let mut last: Option<Name> = None;
    for (i, line) in lines.iter().enumerate().skip(first).take(MAX_HEADING_LINES) {
        let text = without_marks(line);
        match header(text) {
            Some((name, value)) => {
                known += 1;
                match name {
                    Name::From => {
                        has_from = true;
                        quote.from = address(value);
                    }
                    Name::Subject => quote.subject = value.to_owned(),
                    Name::Date => quote.date = date_of(value, date),
                    Name::Other => {}
                }
                last = Some(name);
                end = i + 1;
            }
            // A long header goes on, where another one follows it.
            None if known > 0
                && !line.is_apart
                && lines.iter().skip(i + 1).take(2).any(|l| header(without_marks(l)).is_some()) =>
            {
                if last == Some(Name::Subject) {
                    quote.subject = format!("{} {text}", quote.subject);
                }
                end = i + 1;
            }
            None => break,
        }
    }
    let is_heading = has_from && (known >= 3 || (is_marker && known >= 1));
    quote.lines = end..lines.len();
    is_heading.then_some((at, quote))
}

/// Longest line that says who wrote what follows, in bytes.
const MAX_WROTE_BYTES: usize = 300;
/// Longest heading of a quoted mail.
const MAX_HEADING_LINES: usize = 12;

fn without_marks(line: &Line) -> &str {
    line.text.trim_start_matches(['*', ' ']).trim_end()
}

/// What stands above the headers of a forwarded mail.
#[rustfmt::skip]
const MARKERS: [&str; 19] = [
    "forwarded message", "original message", "begin forwarded message", "original-nachricht", "ursprüngliche nachricht",
    "weitergeleitete nachricht", "anfang der weitergeleiteten nachricht", "message transféré", "message d'origine",
    "début du message réexpédié", "mensaje original", "mensaje reenviado", "inicio del mensaje reenviado",
    "mensagem original", "mensagem encaminhada", "messaggio originale", "messaggio inoltrato",
    "oorspronkelijk bericht", "doorgestuurd bericht",
];

/// `---------- Forwarded message ---------`, `-----Original Message-----`, `Begin forwarded message:`.
fn is_marker(text: &str) -> bool {
    let text = text.trim_matches(['-', '_', ' ', ':', '\u{a0}']);
    MARKERS.iter().any(|marker| strip_start(text, marker).is_some_and(|rest| rest.trim().is_empty()))
}

/// The header that the line begins with.
fn header(text: &str) -> Option<(Name, &str)> {
    // No name is longer.
    const MAX_NAME_CHARS: usize = 14;
    if !text.chars().take(MAX_NAME_CHARS).any(|c| matches!(c, ':' | '：')) {
        return None;
    }
    NAMES.iter().find_map(|&(name, kind)| {
        let head = text.get(..name.len())?;
        let rest = text.get(name.len()..)?.trim_start_matches(['*', ' ']);
        let value = rest.strip_prefix([':', '：']).filter(|_| head.eq_ignore_ascii_case(name))?;
        // The asterisk of a bold `*Subject:*` is the name's; those of `***Customer***` are the value's.
        Some((kind, value.strip_prefix('*').filter(|value| value.starts_with(' ')).unwrap_or(value).trim()))
    })
}

/// The address in a text such as `NOC <noc@carrier.example>` or `noc@carrier.example [mailto:…]`.
fn address(text: &str) -> Option<String> {
    let ends =
        |c: char| c.is_whitespace() || matches!(c, '*' | '<' | '>' | '[' | ']' | '(' | ')' | '"' | ',' | ';' | ':');
    let found = text
        .split(ends)
        .rfind(|word| word.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.')));
    found.map(|address| address.trim_end_matches('.').to_ascii_lowercase())
}

/// The date of a heading. It rarely says in which zone, so that it is taken for UTC; a mail cannot be younger than the
/// one that quotes it.
fn date_of(text: &str, quoting: Option<Time>) -> Option<Time> {
    let (moment, _) = moment(text.trim_start_matches(['*', ' ']))?;
    let sent = quoting.unwrap_or_default();
    // Of the two that `05/12/2026` may be, the mail was quoted soon after the later one.
    let days = [DateOrder::MonthFirst, DateOrder::DayFirst].map(|order| day_of(moment.date?, order, sent));
    let is_before = |day: &NaiveDate| quoting.is_none_or(|quoting| *day <= quoting.date_naive());
    let days = days.into_iter().flatten();
    let day = days.clone().filter(is_before).max().or_else(|| days.min())?;
    let time = moment.clock.map_or(NaiveTime::MIN, |clock| clock.time);
    let zone = moment.zone.and_then(|zone| zone.zone(&[])).unwrap_or(Zone::UTC);
    let date = zone.utc(NaiveDateTime::new(day, time), Edge::Start)?;
    Some(quoting.map_or(date, |quoting| date.min(quoting)))
}
