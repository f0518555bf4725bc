//! Fields that stand behind a label: `Ticket #: A-1`, a label above its value, a label in the cell beside it.

use super::found::{At, Found};
use super::moments::date;
use super::text::strip_start;
use crate::html::{Cell, CellAt, Document, Line};

/// A labelled field of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    /// The line of the label.
    pub(crate) line: usize,
    /// The label as it is written: `Timeslot start time (Backup)`.
    pub(crate) label: &'a str,
    /// What belongs to it; may be blank.
    pub(crate) value: Found<'a>,
}

/// Every field of that label. A label that ends in `…` may go on: `Timeslot start time…` is also
/// `Timeslot start time (Backup)`. Labels in bold are the only ones that count where there are any: a mail may hold
/// itself once more as plain text.
pub(crate) fn fields<'a>(document: &'a Document, label: &str) -> Vec<Field<'a>> {
    if !document.may_begin_with(label) {
        return Vec::new();
    }
    let lines = document.lines.iter().enumerate();
    let found: Vec<_> = lines.filter_map(|(i, line)| Some((i, line, behind(document, line, label)?))).collect();
    let has_bold = found.iter().any(|(_, line, _)| line.starts_bold());
    found
        .into_iter()
        .filter(|(_, line, _)| !has_bold || line.starts_bold())
        .map(|(i, line, (label, rest))| Field { line: i, label, value: value_of(document, i, line, rest) })
        .collect()
}

/// The first field of that label with a value, or else the first one.
pub(crate) fn field<'a>(document: &'a Document, label: &str) -> Option<Field<'a>> {
    let mut found = fields(document, label);
    let place = found.iter().position(|field| !field.value.is_blank()).unwrap_or(0);
    (place < found.len()).then(|| found.swap_remove(place))
}

/// The first value behind that label.
pub(crate) fn value<'a>(document: &'a Document, label: &str) -> Option<Found<'a>> {
    field(document, label).map(|field| field.value).filter(|value| !value.is_blank())
}

/// What stands before a label without being part of it: asterisks of plain text that was bold, points of a list.
const BEFORE: [char; 7] = ['*', ' ', '-', '•', '·', '>', '–'];

/// The label as written and what follows it on its line, where the line begins with that label.
fn behind<'a>(document: &'a Document, line: &'a Line, label: &str) -> Option<(&'a str, &'a str)> {
    let (label, may_go_on) = match label.strip_suffix('…') {
        Some(label) => (label, true),
        None => (label, false),
    };
    // Nearly every line begins with something else.
    strip_start(line.text.trim_start_matches(BEFORE), label)?;
    // Of a line with columns, the first one is the label, unless a colon in it begins the value: ids may hold wide gaps.
    let column = first_column(document, line).map(|(cell, _)| cell.text.as_str());
    let has_value = |first: &str| first.split_once(": ").is_some_and(|(_, value)| !value.trim().is_empty());
    let column =
        column.filter(|first| first.len() < line.text.len() && line.text.starts_with(first) && !has_value(first));
    let text = column.unwrap_or(&line.text).trim_start_matches(BEFORE);
    let rest = strip_start(text, label)?;
    // The colon of `15:00` ends no label.
    let is_end = |&(at, _): &(usize, &str)| {
        let (before, after) = rest.split_at(at);
        let is_digit = |c: char| c.is_ascii_digit();
        !before.ends_with(is_digit) || !after.trim_start_matches([':', '：']).starts_with(is_digit)
    };
    let colon = rest.match_indices([':', '：']).find(is_end).map(|(at, _)| at);
    let remark_end = if may_go_on {
        colon.filter(|&at| at <= MAX_REMARK_BYTES).unwrap_or(if rest.len() <= MAX_REMARK_BYTES {
            rest.len()
        } else {
            0
        })
    } else {
        // `Start .......: 22:00`
        let behind_dots = rest.trim_start_matches(['*', ' ', '.', '_']);
        let is_leader = behind_dots.starts_with(':');
        rest.len() - if is_leader { behind_dots } else { rest.trim_start_matches(['*', ' ']) }.len()
    };
    let written = text.get(..text.len() - rest.len() + remark_end)?.trim_end_matches(['*', ' ']);
    let rest = rest.get(remark_end..)?.trim_start_matches(['*', ' ']);
    let value = rest.strip_prefix([':', '：']);
    let is_alone = rest.trim_matches(['*', ' ', '-', '?', '.']).is_empty();
    // `TT#7777`: the label says itself where it ends.
    let ends_itself = !label.ends_with(|c: char| c.is_alphanumeric() || c == ')');
    match value {
        Some(value) => Some((written, value.trim_start_matches(['*', ' ']))),
        None if is_alone => Some((written, "")),
        None if ends_itself => Some((written, rest)),
        None => None,
    }
}

/// Longest remark behind a label that may go on.
const MAX_REMARK_BYTES: usize = 60;

/// The first cell of a line of plain text that has columns, and its place.
fn first_column<'a>(document: &'a Document, line: &Line) -> Option<(&'a Cell, CellAt)> {
    let at = line.cell.filter(|cell| cell.column == 0)?;
    Some((document.tables.get(at.table)?.rows.get(at.row)?.first()?, at))
}

/// The value of the label in that line: behind it, in the cell beside it, or on the next line.
fn value_of<'a>(document: &'a Document, number: usize, line: &Line, rest: &'a str) -> Found<'a> {
    if !rest.trim().is_empty() {
        return Found::new(rest, At::Line { line: number, cell: line.cell });
    }
    if let Some((text, cell)) = below_in_cell(document, line).or_else(|| beside(document, line)) {
        return Found::new(text, At::Line { line: number, cell: Some(cell) });
    }
    let next = document.lines.get(number + 1).filter(|next| !is_label(next));
    // What follows in another row of the table belongs to that row, unless it is a table in this cell.
    let is_elsewhere = |next: &Line| match (line.cell, next.cell) {
        (Some(own), Some(other)) => own.table == other.table && own != other && !is_only_cell(document, own),
        (Some(_) | None, None) | (None, Some(_)) => false,
    };
    match next.filter(|next| !is_elsewhere(next)) {
        Some(next) => Found::new(&next.text, At::Line { line: number + 1, cell: next.cell }),
        None => Found::new("", At::Line { line: number, cell: line.cell }),
    }
}

/// Whether no other cell of its row holds anything.
fn is_only_cell(document: &Document, at: CellAt) -> bool {
    let row = document.tables.get(at.table).and_then(|table| table.rows.get(at.row));
    row.is_some_and(|row| row.iter().enumerate().all(|(i, cell)| i == at.column || cell.text.is_empty()))
}

/// The other lines of the cell of which this line is the first, where they are few enough to be its value.
fn below_in_cell<'a>(document: &'a Document, line: &Line) -> Option<(&'a str, CellAt)> {
    const MAX_LINES: usize = 20;
    let at = line.cell?;
    let text = &document.tables.get(at.table)?.rows.get(at.row)?.get(at.column)?.text;
    let (first, below) = text.split_once('\n')?;
    (first == line.text && below.lines().count() <= MAX_LINES).then_some((below, at))
}

/// The next cell of the line's row that holds more than punctuation.
pub(crate) fn beside<'a>(document: &'a Document, line: &Line) -> Option<(&'a str, CellAt)> {
    let at = line.cell?;
    let row = document.tables.get(at.table)?.rows.get(at.row)?;
    row.iter()
        .enumerate()
        .skip(at.column + 1)
        .find(|(_, cell)| !cell.text.trim_matches([':', '|', ' ', '-']).is_empty())
        .map(|(column, cell)| (cell.text.as_str(), CellAt { column, ..at }))
}

/// Whether the line is a label of its own rather than the value of the one before.
fn is_label(line: &Line) -> bool {
    let Some((label, _)) = line.text.split_once(':') else { return false };
    let is_short = label.len() <= MAX_LABEL_BYTES;
    // `22:00 UTC` and `https://` are values.
    let is_words = label.starts_with(|c: char| c.is_uppercase())
        && !label.contains(|c: char| c.is_ascii_digit())
        && line.cell.is_none();
    is_short && (line.starts_bold() || is_words)
}

/// The lines below a field's value that go on with it as a list: each an id, or several parted by commas, up to a blank
/// line or one that says something else.
pub(crate) fn list_below<'a>(document: &'a Document, field: &Field<'a>) -> impl Iterator<Item = Found<'a>> + use<'a> {
    let last = match field.value.at {
        At::Line { line, cell: None } => Some(line),
        At::Line { cell: Some(_), .. }
        | At::Subject
        | At::Header(_)
        | At::Sheet { .. }
        | At::Calendar { .. }
        | At::Rule(_) => None,
    };
    let first = last.map_or(document.lines.len(), |line| line + 1);
    let below = document.lines.iter().enumerate().skip(first);
    let list = below.take_while(|(_, line)| line.cell.is_none() && !line.is_apart && is_list_of_ids(&line.text));
    list.map(|(line, found)| Found::new(&found.text, At::Line { line, cell: None }))
}

/// Whether the text is one word with a digit, or several with commas between them; dates, times and addresses are none.
fn is_list_of_ids(text: &str) -> bool {
    let text = text.trim_matches(BEFORE).trim_end_matches([',', ';']);
    text.split([',', ';']).map(str::trim).all(|id| {
        id.starts_with(|c: char| c.is_alphanumeric())
            && id.contains(|c: char| c.is_ascii_digit())
            && !id.contains(|c: char| c.is_whitespace() || matches!(c, ':' | '@'))
            && date(id).is_none()
    })
}

/// Longer than every label, shorter than most sentences.
const MAX_LABEL_BYTES: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(document: &Document, label: &str, expected: Option<&str>) {
        assert_eq!(value(document, label).map(|found| found.text.into_owned()).as_deref(), expected, "{label}");
    }

    #[test]
    fn a_value_stands_behind_its_label_or_below_it_or_beside_it() {
        let html = "Ticket: quoted<br><b>Ticket : </b> A-1<br><b>Reason:</b><br>Work<br><b>Empty:</b><br><b>Next:</b> x\
                    <table><tr><td>Site</td><td>:</td><td>Oslo</td></tr><tr><td>Ids<br>A<br>B</td></tr>\
                    <tr><td>Blank</td><td></td></tr><tr><td>Slot (Backup)</td><td>9</td></tr></table>";
        let document = Document::from_html(html);
        check(&document, "ticket", Some("A-1"));
        check(&document, "Reason", Some("Work"));
        check(&document, "Empty", None);
        check(&document, "Site", Some("Oslo"));
        check(&document, "Ids", Some("A\nB"));
        check(&document, "Tick", None);
        check(&document, "Slot", None);
        assert_eq!(field(&document, "Slot…").map(|field| field.label), Some("Slot (Backup)"));
    }

    #[test]
    fn labels_in_plain_text_may_carry_asterisks_and_stand_in_columns() {
        let text = "Sort .....: fibre\n*Ticket #:* A-1\n*Urgency*: Planned\n> no\nTT#7\n• Site: Oslo\nÉTAT : ouvert\nStart\t2026-01-02\nService ID      A, B";
        let document = Document::from_text(text);
        check(&document, "Ticket #", Some("A-1"));
        check(&document, "Urgency", Some("Planned"));
        check(&document, "TT#", Some("7"));
        check(&document, "Sort", Some("fibre"));
        check(&document, "Site", Some("Oslo"));
        check(&document, "État", Some("ouvert"));
        check(&document, "Start", Some("2026-01-02"));
        check(&document, "Service ID", Some("A, B"));
    }
}
