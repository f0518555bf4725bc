//! What a format reads: one body of a message, with the message's headers and attachments, asked for fields.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashSet;

use noticeboard_domain::notice::{NoticeProvider, NoticeState};
use noticeboard_domain::status::{ImpactLevel, MaintenanceStatus};
use noticeboard_domain::time::Time;

use crate::KNOWN_FORMAT;
use crate::draft::{Draft, Missing};
use crate::html::{Document, MAX_WRAPPED_LINES};
use crate::mime::{CalendarPart, Message, Sheet};
use crate::senders::Senders;
use crate::toolkit::circuits::{self, Circuits, Impact};
use crate::toolkit::found::{At, Found, Said};
use crate::toolkit::labels::{self, Field};
use crate::toolkit::tables::{self, Grid, Row};
use crate::toolkit::text::{has_phrase, plain};
use crate::toolkit::windows::{Rules, Window, holds_window, starts_window, zone_of_label};
use crate::toolkit::zones::{Zone, ZoneName};
use crate::toolkit::{impact, status, templates};

/// One body of a message with all that belongs to it.
pub(crate) struct View<'a> {
    pub(crate) message: &'a Message,
    pub(crate) body: &'a Document,
    /// The body's name for people: `HTML part 1`.
    pub(crate) name: String,
    /// Spreadsheets and files of comma-separated values that came with it.
    pub(crate) sheets: &'a [Sheet],
    /// Calendars that came with it.
    pub(crate) calendars: &'a [CalendarPart],
    /// When the mail was sent, else when it arrived.
    pub(crate) sent: Time,
    /// The provider by its sender.
    pub(crate) sender: Option<NoticeProvider>,
    /// The provider by the caller's word.
    pub(crate) hint: Option<NoticeProvider>,
    pub(crate) senders: &'a Senders,
    /// The body's lines as one text, for sentences that line ends cut.
    pub(crate) flow: OnceCell<String>,
}

impl<'a> View<'a> {
    /// The value behind the first of these labels that has one.
    pub(crate) fn value(&self, names: &[&str]) -> Option<Found<'a>> {
        names.iter().find_map(|name| labels::value(self.body, name))
    }

    /// The value that the format cannot do without.
    pub(crate) fn need(&self, names: &[&str]) -> Result<Found<'a>, Missing> {
        self.value(names).ok_or_else(|| missing(names))
    }

    /// Every field of the first of these labels that has one with a value.
    pub(crate) fn fields(&self, names: &[&str]) -> Vec<Field<'a>> {
        let mut found = names.iter().map(|name| {
            let mut fields = labels::fields(self.body, name);
            fields.retain(|field| !field.value.is_blank());
            fields
        });
        found.find(|fields| !fields.is_empty()).unwrap_or_default()
    }

    /// The lists of circuits behind these labels, with the lines below that go on with them.
    pub(crate) fn lists(&self, names: &[&str]) -> Vec<Found<'a>> {
        self.fields(names).into_iter().flat_map(|field| self.list(field)).collect()
    }

    /// The list in this field, with the lines below that go on with it.
    pub(crate) fn list(&self, field: Field<'a>) -> impl Iterator<Item = Found<'a>> + use<'a> {
        let below = labels::list_below(self.body, &field);
        std::iter::once(field.value).chain(below)
    }

    /// The whole subject.
    pub(crate) fn subject(&self) -> Found<'a> {
        Found::new(&self.message.subject, At::Subject)
    }

    /// What stands in the first hole of the first of these templates that fits the subject.
    pub(crate) fn in_subject(&self, templates: &[&str]) -> Option<Found<'a>> {
        self.in_subject_where(templates, |_| true)
    }

    /// What stands in the first hole of the first of these templates that fits the subject there and holds such a text:
    /// `[{}]` with a digit steps over the name of a mailing list.
    pub(crate) fn in_subject_where(&self, templates: &[&str], is_it: impl Fn(&str) -> bool) -> Option<Found<'a>> {
        let subject = &self.message.subject;
        templates.iter().find_map(|template| {
            let mut at = 0;
            loop {
                let (start, holes) = templates::find(subject.get(at..)?, template)?;
                if let Some(text) = holes.into_iter().next().filter(|text| is_it(text)) {
                    return Some(Found::new(text, At::Subject));
                }
                at += start + subject.get(at + start..)?.chars().next()?.len_utf8();
            }
        })
    }

    /// What stands in the holes of the first of these templates that fits the subject.
    pub(crate) fn holes_in_subject(&self, templates: &[&str]) -> Option<Vec<Found<'a>>> {
        let subject = &self.message.subject;
        let (_, holes) = templates.iter().find_map(|template| templates::find(subject, template))?;
        Some(holes.into_iter().map(|text| Found::new(text, At::Subject)).collect())
    }

    /// The first word of the subject, or else of the body, that begins so and holds a digit.
    pub(crate) fn word_with(&'a self, starts: &[&str]) -> Option<Found<'a>> {
        let is_it = |word: &&str| {
            starts.iter().any(|start| word.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start)))
                && word.contains(|c: char| c.is_ascii_digit())
        };
        let ends = |c: char| c.is_whitespace() || "()[]{},;:|*\"'<>".contains(c);
        if starts.is_empty() {
            return None;
        }
        if let Some(word) = self.message.subject.split(ends).find(is_it) {
            return Some(Found::new(word, At::Subject));
        }
        let lines = self.body.lines.iter().enumerate();
        lines.into_iter().find_map(|(line, found)| {
            let word = found.text.split(ends).find(is_it)?;
            Some(Found::new(word.trim_end_matches('.'), At::Line { line, cell: found.cell }))
        })
    }

    /// The body's lines as one text.
    pub(crate) fn flow(&'a self) -> &'a str {
        self.flow.get_or_init(|| self.body.text())
    }

    /// What stands in the holes of the first of these templates that occurs in the body, also across line ends.
    pub(crate) fn sentence(&'a self, templates: &[&str]) -> Option<Vec<Found<'a>>> {
        let flow = self.flow();
        let (start, holes) = templates.iter().find_map(|template| templates::find(flow, template))?;
        let line = flow.get(..start).unwrap_or_default().matches('\n').count();
        Some(holes.into_iter().map(|hole| Found::new(hole, At::Line { line, cell: None })).collect())
    }

    /// What stands in the holes wherever the template occurs in the body.
    pub(crate) fn sentences(&'a self, template: &str) -> Vec<Vec<Found<'a>>> {
        let flow = self.flow();
        let (mut found, mut at, mut line) = (Vec::new(), 0, 0);
        while let Some((start, holes)) = templates::find(flow.get(at..).unwrap_or_default(), template) {
            line += flow.get(at..at + start).unwrap_or_default().matches('\n').count();
            // Past the last hole: holes are parts of the text that they were found in.
            let end = holes.last().map_or(0, |hole| hole.as_ptr() as usize + hole.len() - flow.as_ptr() as usize);
            found.push(holes.into_iter().map(|hole| Found::new(hole, At::Line { line, cell: None })).collect());
            let from = at + start;
            at = end.max(from + 1);
            while !flow.is_char_boundary(at) {
                at += 1;
            }
            line += flow.get(from..at).unwrap_or_default().matches('\n').count();
        }
        found
    }

    /// Whether the subject or the body holds this phrase, which must be in small letters.
    pub(crate) fn says(&self, phrase: &str) -> bool {
        has_phrase(&plain(&self.message.subject), phrase) || self.line_with(&[phrase]).is_some()
    }

    /// The first line, with those that go on with it, that holds any of these phrases, which must be in small letters.
    pub(crate) fn line_with(&self, phrases: &[&str]) -> Option<Found<'a>> {
        self.sayings().find(|line| {
            let plain = plain(&line.text);
            phrases.iter().any(|phrase| has_phrase(&plain, phrase))
        })
    }

    /// The first lines of the body, each with those that go on with it.
    pub(crate) fn head(&self, count: usize) -> impl Iterator<Item = Found<'a>> + use<'a> {
        self.sayings().take(count)
    }

    /// Every line of the body together with those that go on with it, so that what it says is not cut at the width of a page.
    pub(crate) fn sayings(&self) -> impl Iterator<Item = Found<'a>> + use<'a> {
        let body = self.body;
        // A long paragraph is said in stretches.
        let mut joined = 0;
        let lines = body.lines.iter().enumerate().filter(move |(line, _)| {
            joined = if body.goes_on(*line) && joined < MAX_WRAPPED_LINES { joined + 1 } else { 0 };
            joined == 0
        });
        lines.map(|(line, found)| Found { text: body.unwrapped(line), at: At::Line { line, cell: found.cell } })
    }

    /// A field's value with the lines that go on with it.
    pub(crate) fn whole(&self, value: &Found<'a>) -> Found<'a> {
        if let At::Line { line, cell: None } = value.at
            && let Cow::Owned(text) = self.body.unwrapped(line)
            && let Some(own) = self.body.lines.get(line)
        {
            // The value ends its line.
            let start = own.text.len().saturating_sub(value.text.len());
            return value.with(text.get(start..).unwrap_or_default().to_owned());
        }
        value.clone()
    }

    /// The first lines of the body, up to the first field of one of these labels: what is cancelled below may be another
    /// cable.
    pub(crate) fn head_above(&self, labels: &[&str], count: usize) -> impl Iterator<Item = Found<'a>> + use<'a> {
        self.sayings_above(self.first_of(labels)).take(count)
    }

    /// The lines of the body above the first field of one of these labels; none where there is no such field.
    pub(crate) fn lines_above(&self, labels: &[&str]) -> impl Iterator<Item = Found<'a>> + use<'a> {
        self.sayings_above(self.first_of(labels).or(Some(0)))
    }

    /// The line of the first field of one of these labels.
    fn first_of(&self, labels: &[&str]) -> Option<usize> {
        labels.iter().filter_map(|label| Some(labels::fields(self.body, label).first()?.line)).min()
    }

    fn sayings_above(&self, end: Option<usize>) -> impl Iterator<Item = Found<'a>> + use<'a> {
        let is_above = move |text: &Found<'_>| match (text.at, end) {
            (At::Line { line, .. }, Some(end)) => line < end,
            _ => true,
        };
        self.sayings().take_while(is_above)
    }

    /// The lines of the body from one on.
    pub(crate) fn lines_from(&self, line: usize) -> impl Iterator<Item = Found<'a>> {
        let lines = self.body.lines.iter().enumerate().skip(line);
        lines.map(|(line, found)| Found::new(&found.text, At::Line { line, cell: found.cell }))
    }

    /// Every row of the body's tables that have a column of one of these names.
    pub(crate) fn rows(&self, column: &[&str]) -> Vec<Row<'a>> {
        let mut grids = column.iter().map(|name| tables::with_column(self.body, name));
        grids.find(|grids| !grids.is_empty()).into_iter().flatten().flat_map(Grid::rows).collect()
    }

    /// Every row of the attached sheets that have a column of one of these names.
    pub(crate) fn sheet_rows(&self, column: &[&str]) -> Vec<Row<'a>> {
        let mut rows = Vec::new();
        for (number, sheet) in self.sheets.iter().enumerate() {
            let grids = column.iter().map(|name| tables::with_column(&sheet.document, name));
            let first = grids.into_iter().find(|grids| !grids.is_empty()).unwrap_or_default();
            rows.extend(first.into_iter().flat_map(Grid::rows).map(|row| row.of_sheet(number)));
        }
        rows
    }

    /// Every window whose start and end stand behind these labels, the first start with the first end. A label with
    /// `backup` or `alternate` in it, or a heading above it like `Contingency Window`, makes its window a backup.
    pub(crate) fn windows(
        &self,
        starts: &[&str],
        ends: &[&str],
        rules: &Rules<'_>,
    ) -> Result<Vec<Window<'a>>, Missing> {
        self.windows_by(starts, ends, rules, |time| time)
    }

    /// The same, where of each value only what `time` takes of it is the time.
    pub(crate) fn windows_by(
        &self,
        starts: &[&str],
        ends: &[&str],
        rules: &Rules<'_>,
        time: fn(Found<'a>) -> Found<'a>,
    ) -> Result<Vec<Window<'a>>, Missing> {
        let (from, to) = (in_one_zone(self.fields(starts)), in_one_zone(self.fields(ends)));
        if from.is_empty() {
            return Err(missing(starts));
        }
        if from.len() != to.len() {
            return Err(if to.is_empty() {
                missing(ends)
            } else {
                "its windows have not as many ends as starts".into()
            });
        }
        let timed = |field: Field<'a>| Field { value: time(field.value), ..field };
        from.into_iter().zip(to).map(|(from, to)| self.window(timed(from), timed(to), rules)).collect()
    }

    fn window(&self, from: Field<'a>, to: Field<'a>, rules: &Rules<'_>) -> Result<Window<'a>, Missing> {
        let above = from.line.checked_sub(1).and_then(|line| self.body.lines.get(line));
        let is_below_backup = above.is_some_and(|line| line.cell.is_none() && is_backup_heading(&line.text));
        let backup = is_below_backup || is_backup(from.label) || is_backup(to.label);
        let rules = rules.with_zone_of(from.label);
        Ok(Window::of_fields(from.value, to.value, &rules, self.sent)?.backup(backup))
    }

    /// Every window that stands whole behind one of these labels: one on each line of the value, or of those below it.
    pub(crate) fn spans(&self, names: &[&str], rules: &Rules<'_>) -> Result<Vec<Window<'a>>, Missing> {
        let fields = self.fields(names);
        if fields.is_empty() {
            return Err(missing(names));
        }
        let (mut windows, mut known) = (Vec::new(), HashSet::new());
        for field in fields {
            let rules = rules.with_zone_of(field.label);
            for (text, backup) in self.texts_of_windows(&field) {
                let window = Window::of_field(text, &rules, self.sent)?.backup(backup);
                // The same one in another zone is the same.
                if known.insert((window.times.start, window.times.end)) {
                    windows.push(window);
                }
            }
        }
        Ok(windows)
    }

    /// The value, or its lines where each holds a window, and the lines below it that begin with one; and whether each is
    /// of a backup.
    fn texts_of_windows(&self, field: &Field<'a>) -> Vec<(Found<'a>, bool)> {
        let with_backup = |text: Found<'a>| {
            let backup = is_backup(field.label) || is_backup(&text.text);
            (text, backup)
        };
        let value = &field.value;
        if let At::Line { line, cell: None } = value.at {
            let below = self.body.lines.iter().enumerate().skip(line + 1);
            let below = below.take_while(|(_, line)| line.cell.is_none() && starts_window(&line.text));
            let below = below.map(|(line, found)| Found::new(&found.text, At::Line { line, cell: None }));
            let mut texts: Vec<_> = std::iter::once(value.clone()).chain(below).map(with_backup).collect();
            if let [(only, _)] = texts.as_mut_slice() {
                *only = self.whole(value);
            }
            return texts;
        }
        let lines: Vec<&str> = value.text.lines().collect();
        if lines.iter().all(|line| holds_window(line)) {
            return lines.into_iter().map(|line| with_backup(value.with(line.to_owned()))).collect();
        }
        vec![with_backup(value.clone())]
    }

    /// Every window of the list below one of these labels, one on each line. A line with `backup` in it is a backup.
    pub(crate) fn listed_spans(&self, names: &[&str], rules: &Rules<'_>) -> Result<Vec<Window<'a>>, Missing> {
        let fields = self.fields(names);
        let field = fields.first().ok_or_else(|| missing(names))?;
        let rules = rules.with_zone_of(field.label);
        let lines = self.lines_from(field.line).skip_while(|line| !holds_window(&line.text));
        let lines = lines.take_while(|line| holds_window(&line.text));
        let window = |line: Found<'a>| {
            let backup = is_backup(&line.text);
            Ok(Window::of_field(line, &rules, self.sent)?.backup(backup))
        };
        let windows: Vec<Window<'a>> = lines.map(window).collect::<Result<_, Missing>>()?;
        if windows.is_empty() { Err(missing(names)) } else { Ok(windows) }
    }

    /// The most telling thing that any of these texts says of where the work stands.
    pub(crate) fn status(&self, texts: impl IntoIterator<Item = Found<'a>>) -> Option<Said<'a, NoticeState>> {
        let said = texts.into_iter().filter_map(|text| Some((status::of_words(&text.text)?, text)));
        let (value, from) = said.min_by_key(|(value, _)| status::rank(*value))?;
        Some(Said { value: NoticeState::Maintenance(Some(value)), from })
    }

    /// What these texts say of where the work stands, or, where they only announce it, what a sentence of the mail says
    /// outright.
    pub(crate) fn status_or_outright(
        &self,
        texts: impl IntoIterator<Item = Found<'a>>,
        sentences: impl IntoIterator<Item = Found<'a>>,
    ) -> Option<Said<'a, NoticeState>> {
        let said = self.status(texts);
        let announced = NoticeState::Maintenance(Some(MaintenanceStatus::Confirmed));
        if said.as_ref().is_some_and(|said| said.value != announced) {
            return said;
        }
        self.status_by(sentences, &status::OUTRIGHT).or(said)
    }

    /// What the first of these texts with one of these phrases says.
    pub(crate) fn status_by(
        &self,
        texts: impl IntoIterator<Item = Found<'a>>,
        phrases: &[(&str, MaintenanceStatus)],
    ) -> Option<Said<'a, NoticeState>> {
        texts.into_iter().find_map(|text| {
            let words = status::unconditional(&text.text);
            let (_, value) = phrases.iter().find(|(phrase, _)| status::says(&words, phrase))?;
            Some(Said { value: NoticeState::Maintenance(Some(*value)), from: text })
        })
    }

    /// The impact that a text tells in words, or the worst where it tells none.
    pub(crate) fn impact(&self, text: Option<Found<'a>>) -> Impact<'a> {
        match text {
            Some(text) => match impact::of_words(&text.text) {
                Some(level) => (level, text),
                None => circuits::outage(),
            },
            None => circuits::outage(),
        }
    }

    /// The impact of a text by a provider's own phrases, or the worst where it holds none.
    pub(crate) fn impact_by(&self, text: Option<Found<'a>>, phrases: &[(&str, ImpactLevel)]) -> Impact<'a> {
        let found = text.and_then(|text| {
            let words = plain(&text.text);
            let (_, level) = phrases.iter().find(|(phrase, _)| has_phrase(&words, phrase))?;
            Some((*level, text))
        });
        found.unwrap_or_else(circuits::outage)
    }

    /// A draft with what every mail has.
    pub(crate) fn draft(&self, id: Found<'a>, state: Said<'a, NoticeState>) -> Draft<'a> {
        let stamp = match self.message.date {
            Some(date) => Said { value: date, from: Found::rule_at(At::Header("Date")) },
            None => Said { value: self.sent, from: Found::rule("a mail without a date is as old as its arrival") },
        };
        Draft {
            provider: None,
            announced_by: None,
            id,
            account: None,
            state,
            windows: Vec::new(),
            circuits: Circuits::default(),
            may_lack_circuits: false,
            summary: self.subject(),
            stamp,
            sequence: None,
            uid: None,
            confidence: KNOWN_FORMAT,
        }
    }
}

/// Of times that stand in several zones, `Start (Local)` and `Start (UTC)`, those in UTC, or else those that are not
/// local.
fn in_one_zone(mut fields: Vec<Field<'_>>) -> Vec<Field<'_>> {
    let in_utc = |field: &Field<'_>| zone_of_label(field.label).map(|zone| zone == ZoneName::Known(Zone::UTC));
    let has_utc = fields.iter().any(|field| in_utc(field) == Some(true));
    let is_local = |field: &Field<'_>| has_phrase(&plain(field.label), "local");
    let is_other = |field: &Field<'_>| is_local(field) || (has_utc && in_utc(field) == Some(false));
    if !fields.iter().all(is_other) {
        fields.retain(|field| !is_other(field));
    }
    fields
}

/// Whether a label or a heading names a window that is used only if the one before fails.
pub(crate) fn is_backup(label: &str) -> bool {
    let words = plain(label);
    BACKUP.iter().any(|word| has_phrase(&words, word))
}

/// Whether a text that may speak of other things names such a window: `UPS backup` does not.
pub(crate) fn is_backup_window(text: &str) -> bool {
    let words = plain(text);
    BACKUP.iter().any(|word| has_phrase(&words, &format!("{word} window")))
}

const BACKUP: [&str; 8] =
    ["backup", "back-up", "back up", "alternate", "alternative", "fallback", "contingency", "reserve"];

/// Whether a line is the heading of such a window: `Contingency Window`, `Alternate Night:`.
fn is_backup_heading(line: &str) -> bool {
    const MAX_WORDS: usize = 4;
    is_backup(line)
        && line.split_whitespace().count() <= MAX_WORDS
        && ["window", "night", "date", "slot", "time", "maintenance"].iter().any(|word| has_phrase(&plain(line), word))
}

pub(crate) fn missing(names: &[&str]) -> Missing {
    let names: Vec<_> = names.iter().map(|name| format!("\"{}\"", name.trim_end_matches('…'))).collect();
    format!("it has no {}", names.join(" or "))
}

/// A status that a format assumes where the mail says none.
pub(crate) fn confirmed<'a>() -> Said<'a, NoticeState> {
    Said {
        value: NoticeState::Maintenance(Some(MaintenanceStatus::Confirmed)),
        from: Found::rule("a notice that does not say where the work stands announces it"),
    }
}

/// A status that the mail says nothing of.
pub(crate) fn no_change<'a>() -> Said<'a, NoticeState> {
    Said { value: NoticeState::Maintenance(None), from: Found::rule("the mail says nothing of where the work stands") }
}
