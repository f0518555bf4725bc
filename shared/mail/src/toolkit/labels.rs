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
/// `Timeslot start time (Backup)`. Any other may have a remark in brackets behind it, `Start Time (UTC)`, where it
/// stands nowhere without one. Labels in bold are the only ones that count where there are any: a mail may hold itself
/// once more as plain text.
pub(crate) fn fields<'a>(document: &'a Document, label: &str) -> Vec<Field<'a>> {
    if !document.may_begin_with(label) {
        return Vec::new();
    }
    let lines = document.lines.iter().enumerate();
    let mut found: Vec<_> = lines.filter_map(|(i, line)| Some((i, line, behind(document, line, label)?))).collect();
    if found.iter().any(|(_, _, behind)| !behind.has_remark) {
        found.retain(|(_, _, behind)| !behind.has_remark);
    }
    let has_bold = found.iter().any(|(_, line, _)| line.starts_bold());
    found
        .into_iter()
        .filter(|(_, line, _)| !has_bold || line.starts_bold())
        .map(|(i, line, Behind { label, rest, .. })| Field {
            line: i,
            label,
            value: without_stars(value_of(document, i, line, rest)),
        })
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

/// A label at the start of a line.
struct Behind<'a> {
    /// As it is written.
    label: &'a str,
    /// What follows it on its line.
    rest: &'a str,
    /// Whether a remark in brackets belongs to it that was not asked for.
    has_remark: bool,
}

/// The label as written and what follows it on its line, where the line begins with that label.
fn behind<'a>(document: &'a Document, line: &'a Line, label: &str) -> Option<Behind<'a>> {
    let (label, may_go_on) = match label.strip_suffix('…') {
        Some(label) => (label, true),
        None => (label, false),
    };
    // Nearly every line begins with something else.
    strip_start(line.text.trim_start_matches(BEFORE), label)?;
    // Of a line with columns, the first one is the label, unless a colon in it begins the value: ids may hold wide gaps.
    let column = first_column(document, line).map(|(cell, _)| cell.text.as_str());
    let has_value = |first: &str| first.split_once(": ").is_some_and(|(_, value)| !value.trim().is_empty());
    let starts = |first: &str| line.text.trim_start_matches(BEFORE).starts_with(first.trim_start_matches(BEFORE));
    let column = column.filter(|first| first.len() < line.text.len() && starts(first) && !has_value(first));
    let text = column.unwrap_or(&line.text).trim_start_matches(BEFORE);
    let rest = strip_start(text, label)?;
    // The colon of `15:00` ends no label.
    let is_end = |&(at, _): &(usize, &str)| {
        let (before, after) = rest.split_at(at);
        let is_digit = |c: char| c.is_ascii_digit();
        !before.ends_with(is_digit) || !after.trim_start_matches([':', '：']).starts_with(is_digit)
    };
    let colon = rest.match_indices([':', '：']).find(is_end).map(|(at, _)| at);
    // Where bold ends, so does the label: `<b>Start</b> 22:00`.
    let bold = bold_start(line).filter(|_| text.len() == line.text.len()).map(str::trim_end);
    let remark_end = if may_go_on {
        let in_bold = bold.and_then(|bold| bold.len().checked_sub(text.len() - rest.len()));
        let whole = if rest.len() <= MAX_REMARK_BYTES { rest.len() } else { 0 };
        colon.or(in_bold).filter(|&at| at <= MAX_REMARK_BYTES).unwrap_or(whole)
    } else {
        rest.len() - without_leader(rest).len()
    };
    // `TT#7777`, `TT#(7777)`: the label says itself where it ends.
    let ends_itself = !label.ends_with(|c: char| c.is_alphanumeric() || c == ')');
    let remark = if may_go_on || ends_itself { None } else { rest.get(remark_end..).and_then(bracketed) };
    let remark_end = remark_end + remark.unwrap_or(0);
    let has_remark = remark.is_some();
    let written = text.get(..text.len() - rest.len() + remark_end)?.trim_end_matches(['*', ' ']);
    let rest = rest.get(remark_end..)?.trim_start_matches(['*', ' ']);
    let value = rest.strip_prefix([':', '：']);
    let is_alone = rest.trim_matches(['*', ' ', '-', '?', '.']).is_empty();
    let rest = match value {
        Some(value) => value.trim_start_matches(['*', ' ']),
        None if is_alone => "",
        None if ends_itself || bold == Some(written) => rest,
        None => return None,
    };
    Some(Behind { label: written, rest, has_remark })
}

/// The text without what leads from a label to its colon: `Start .......: 22:00`.
fn without_leader(text: &str) -> &str {
    let behind_dots = text.trim_start_matches(['*', ' ', '.', '_']);
    if behind_dots.starts_with(':') { behind_dots } else { text.trim_start_matches(['*', ' ']) }
}

/// The length of a remark in brackets that the text begins with: `(UTC)`, but not `(CHG0012345)`, which is a value.
fn bracketed(text: &str) -> Option<usize> {
    const MAX_DIGITS: usize = 2;
    let (remark, _) = text.strip_prefix('(')?.split_once(')')?;
    let is_value = remark.bytes().filter(u8::is_ascii_digit).count() > MAX_DIGITS || remark.contains(':');
    (remark.len() <= MAX_REMARK_BYTES && !is_value).then_some(remark.len() + 2)
}

/// What is bold at the start of the line.
fn bold_start(line: &Line) -> Option<&str> {
    line.text.get(line.bold.first().filter(|range| range.start == 0)?.clone())
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
    if let Some((text, cell)) = below_in_cell(document, line) {
        return Found::new(text, At::Line { line: number + 1, cell: Some(cell) });
    }
    if let Some((text, cell)) = beside(document, line) {
        return Found::new(text, At::Line { line: number, cell: Some(cell) });
    }
    // A colon that stood in a cell of its own.
    let is_colon = |line: &Line| matches!(line.text.as_str(), ":" | "：");
    let place = number + if document.lines.get(number + 1).is_some_and(is_colon) { 2 } else { 1 };
    let next = document.lines.get(place).filter(|next| !is_label(next));
    // What follows in another row of the table belongs to that row, unless it is a table in this cell.
    let is_elsewhere = |next: &Line| match (line.cell, next.cell) {
        (Some(own), Some(other)) => own.table == other.table && own != other && !is_only_cell(document, own),
        (Some(_) | None, None) | (None, Some(_)) => false,
    };
    match next.filter(|next| !is_elsewhere(next)) {
        Some(next) => Found::new(&next.text, At::Line { line: place, cell: next.cell }),
        None => Found::new("", At::Line { line: number, cell: line.cell }),
    }
}

/// The value without the asterisks of plain text that was bold.
fn without_stars(value: Found<'_>) -> Found<'_> {
    let inside =
        value.text.strip_prefix('*').and_then(|rest| rest.strip_suffix('*')).map(|text| text.trim().to_owned());
    inside.map_or(value.clone(), |text| value.with(text))
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

/// The lines below a field's value that go on with it as a list: the rows of a table inside the cell beside the label,
/// or else lines that are each an id, several parted by commas, or words like those of the value, up to a blank line or
/// one that says something else.
pub(crate) fn list_below<'a>(document: &'a Document, field: &Field<'a>) -> impl Iterator<Item = Found<'a>> + use<'a> {
    rows_below(document, field).chain(lines_below(document, field))
}

/// The further rows of the table inside a cell of which the value is the first row.
fn rows_below<'a>(document: &'a Document, field: &Field<'a>) -> impl Iterator<Item = Found<'a>> + use<'a> {
    let outer = document.lines.get(field.line).and_then(|line| line.cell).map(|cell| cell.table);
    let value = match field.value.at {
        At::Line { line, cell } => cell.map(|cell| (line, cell)),
        At::Subject | At::Header(_) | At::Sheet { .. } | At::Calendar { .. } | At::Rule(_) => None,
    };
    let first = value.filter(|(_, cell)| outer.is_some_and(|outer| outer != cell.table));
    let below = document.lines.iter().enumerate().skip(first.map_or(document.lines.len(), |(line, _)| line + 1));
    let is_row = move |line: &Line| line.cell.map(|cell| cell.table) == first.map(|(_, cell)| cell.table);
    let rows = below.take_while(move |(_, line)| is_row(line) && line.text.contains(|c: char| c.is_ascii_digit()));
    rows.map(|(line, found)| Found::new(&found.text, At::Line { line, cell: found.cell }))
}

/// The further lines, which stand where the value does: in the label's cell or outside any table.
fn lines_below<'a>(document: &'a Document, field: &Field<'a>) -> impl Iterator<Item = Found<'a>> + use<'a> {
    let label = document.lines.get(field.line).and_then(|label| label.cell);
    let (first, cell) = match field.value.at {
        // In plain text with columns, what stands below them is outside of them.
        At::Line { line, .. } if document.is_plain => (line + 1, None),
        At::Line { line, cell } if cell == label || cell.is_none() => (line + field.value.text.lines().count(), cell),
        At::Line { .. } | At::Subject | At::Header(_) | At::Sheet { .. } | At::Calendar { .. } | At::Rule(_) => {
            (document.lines.len(), None)
        }
    };
    let below = document.lines.iter().enumerate().skip(first);
    let value = field.value.text.clone();
    let goes_on = move |text: &str| is_list_of_ids(text) || is_like(text, &value);
    let list = below.take_while(move |(_, line)| line.cell == cell && !line.is_apart && goes_on(&line.text));
    list.map(move |(line, found)| Found::new(&found.text, At::Line { line, cell }))
}

/// Whether the text is one word with a digit, or several with commas between them; dates, times and addresses are none.
pub(crate) fn is_list_of_ids(text: &str) -> bool {
    let text = text.trim_matches(BEFORE).trim_end_matches([',', ';']);
    text.split([',', ';']).map(str::trim).all(|id| {
        id.starts_with(|c: char| c.is_alphanumeric())
            && id.contains(|c: char| c.is_ascii_digit())
            && !id.contains(|c: char| c.is_whitespace() || matches!(c, ':' | '@'))
            && date(id).is_none()
    })
}

/// Whether a text of several words is an id like the other: with a long number at its end, or as many words, each of
/// letters or of digits where the other's is, `SNG TPE EPL 900001` and `HKG TOK EPL 900002`. Words without a digit among
/// them may be anything.
fn is_like(text: &str, other: &str) -> bool {
    const MIN_DIGITS: usize = 4;
    let has = |word: &str, is_it: fn(&char) -> bool| word.chars().any(|c| is_it(&c));
    let kind = |word: &str| (has(word, char::is_ascii_digit), has(word, char::is_ascii_uppercase));
    let kinds = |text: &str| text.split_whitespace().map(kind).collect::<Vec<_>>();
    let is_id = |text: &str| has(text, char::is_ascii_digit) && !has(text, char::is_ascii_lowercase);
    let ends_in_number = |text: &str| text.bytes().rev().take_while(u8::is_ascii_digit).count() >= MIN_DIGITS;
    is_id(text)
        && !text.contains([':', '@'])
        && date(text).is_none()
        && (kinds(text) == kinds(other) || (ends_in_number(text) && ends_in_number(other)))
}

/// Longer than every label, shorter than most sentences.
const MAX_LABEL_BYTES: usize = 60;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[track_caller]
    fn check(document: &Document, label: &str, expected: Option<&str>) {
        assert_eq!(value(document, label).map(|found| found.text.into_owned()).as_deref(), expected, "{label}");
    }

    #[test]
    fn a_value_stands_behind_its_label_or_below_it_or_beside_it() {
        let html = "Ticket: quoted<br><b>Ticket : </b> A-1<br><b>Reason:</b><br>Work<br><b>Empty:</b><br><b>Next:</b> x\
                    <br><b>Start</b> 22:00<br><b>End of</b> it<br>\
                    <table><tr><td>Site</td><td>:</td><td>Oslo</td></tr><tr><td>Ids<br>A<br>B</td></tr>\
                    <tr><td>Blank</td><td></td></tr><tr><td>Slot (Backup)</td><td>9</td></tr></table>";
        let document = Document::from_html(html);
        check(&document, "ticket", Some("A-1"));
        check(&document, "Reason", Some("Work"));
        check(&document, "Empty", None);
        check(&document, "Site", Some("Oslo"));
        check(&document, "Ids", Some("A\nB"));
        check(&document, "Start", Some("22:00"));
        check(&document, "Start…", Some("22:00"));
        check(&document, "End", None);
        check(&document, "Tick", None);
        check(&document, "Slot", Some("9"));
        check(&document, "Slo", None);
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
        let document = Document::from_text("Start (UTC): 9\nEnd (local): 8\nEnd: 10\nTicket (CHG770) : x");
        check(&document, "Start", Some("9"));
        check(&document, "End", Some("10"));
        check(&document, "Ticket", None);
        check(&Document::from_text("Ticket\n*A-1*"), "Ticket", Some("A-1"));
        check(&Document::from_text("Circuit ID\n\t\n:\n\t\nA-1"), "Circuit ID", Some("A-1"));
    }

    #[track_caller]
    fn check_list(document: &Document, expected: &[&str]) {
        let field = field(document, "Ids").unwrap();
        let list: Vec<String> = list_below(document, &field).map(|id| id.text.into_owned()).collect();
        assert_eq!(list, expected, "{document:?}");
    }

    #[test]
    fn a_list_goes_on_below_its_first_line() {
        check_list(&Document::from_text("Ids: A1\nB2, C3\nD4: no"), &["B2, C3"]);
        check_list(&Document::from_text("Ids\tA1\nB2\nNext\tC3"), &["B2"]);
        check_list(&Document::from_text("Ids\nSNG EPL 1\nHKG IPL 2\nCALL US 24X7\nSYD EPL 3"), &["HKG IPL 2"]);
        check_list(&Document::from_text("Ids: SNG EPL 9001\nSYD1 9002\nCALL 24X7\nX 9003"), &["SYD1 9002"]);
        check_list(&Document::from_text("Ids: A1\n\nB2"), &[]);
        let table = "<table><tr><td>Ids</td><td><table><tr><td>A 1</td></tr><tr><td>B 2</td></tr></table></td></tr>\
                     <tr><td>Next</td><td>C3</td></tr></table>";
        check_list(&Document::from_html(table), &["B 2"]);
        check_list(&Document::from_html("<table><tr><td>Ids: A1<br>B2</td><td>C3</td></tr></table>"), &["B2"]);
    }
}
