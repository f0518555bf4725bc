//! Fields that stand behind a label: `Ticket #: A-1`.

use super::text::{same, strip_start};
use crate::html::{Document, Line};

/// A labelled field of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    /// The line of the label.
    pub(crate) line: usize,
    /// What follows it, on its line or, where nothing does, on the next one. May be blank.
    pub(crate) value: &'a str,
}

/// The first field of that label.
pub(crate) fn field<'a>(document: &'a Document, label: &str) -> Option<Field<'a>> {
    fields(document, label).into_iter().next()
}

/// Every field of that label. Labels in bold are the only ones that count where there are any: a mail may hold itself
/// once more as plain text.
pub(crate) fn fields<'a>(document: &'a Document, label: &str) -> Vec<Field<'a>> {
    let lines = document.lines.iter().enumerate();
    let found: Vec<_> = lines.filter_map(|(i, line)| Some((i, line, behind(line, label)?.trim()))).collect();
    let has_bold = found.iter().any(|(_, line, _)| line.starts_bold());
    let next = |i: usize| document.lines.get(i + 1).filter(|next| !is_label(next)).map_or("", |next| next.text.trim());
    found
        .into_iter()
        .filter(|(_, line, _)| !has_bold || line.starts_bold())
        .map(|(line, _, rest)| Field { line, value: if rest.is_empty() { next(line) } else { rest } })
        .collect()
}

/// The value behind that label, where there is one; also in the cell beside it.
pub(crate) fn value<'a>(document: &'a Document, label: &str) -> Option<&'a str> {
    let in_lines = field(document, label).map(|field| field.value).filter(|value| !value.is_empty());
    in_lines.or_else(|| beside(document, label))
}

/// What follows `label:` at the start of the line. Plain text made of HTML may mark what was bold by asterisks.
fn behind<'a>(line: &'a Line, label: &str) -> Option<&'a str> {
    let rest = strip_start(line.text.trim_start_matches(['*', ' ']), label)?;
    let rest = rest.trim_start_matches(['*', ' ']).strip_prefix(':')?;
    Some(rest.trim_start_matches(['*', ' ']))
}

/// Whether the line is a label of its own rather than the value of the one before.
fn is_label(line: &Line) -> bool {
    line.starts_bold() && line.text.split_once(':').is_some_and(|(label, _)| label.len() <= MAX_LABEL_BYTES)
}

/// Longer than every label, shorter than most sentences.
const MAX_LABEL_BYTES: usize = 60;

/// The cell beside the one that holds just the label.
fn beside<'a>(document: &'a Document, label: &str) -> Option<&'a str> {
    let rows = document.tables.iter().flat_map(|table| &table.rows);
    rows.filter_map(|row| match row.as_slice() {
        [first, second, ..] => Some((first.text.trim().trim_end_matches(':'), second.text.trim())),
        [] | [_] => None,
    })
    .find(|(first, second)| same(first, label) && !second.is_empty())
    .map(|(_, second)| second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(document: &Document, label: &str, expected: Option<&str>) {
        assert_eq!(value(document, label), expected, "{label}");
    }

    #[test]
    fn a_value_stands_behind_its_label_or_below_it_or_beside_it() {
        let html = "Ticket: quoted<br><b>Ticket : </b> A-1<br><b>Reason:</b><br>Work<br><b>Empty:</b><br><b>Next:</b> x\
                    <table><tr><td>Site</td><td>Oslo</td></tr></table>";
        let document = Document::from_html(html);
        check(&document, "ticket", Some("A-1"));
        check(&document, "Reason", Some("Work"));
        check(&document, "Empty", None);
        check(&document, "Site", Some("Oslo"));
        check(&document, "Tick", None);
    }

    #[test]
    fn labels_in_plain_text_may_carry_asterisks() {
        let document = Document::from_text("*Ticket #:* A-1\n*Urgency*: Planned\n> no");
        check(&document, "Ticket #", Some("A-1"));
        check(&document, "Urgency", Some("Planned"));
    }
}
