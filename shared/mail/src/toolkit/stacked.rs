//! Tables of which plain text keeps each cell on a line of its own.

use std::borrow::Cow;

use crate::limits::MAX_LINES;
use crate::toolkit::text::same;

/// Names of the columns that hold the ids of services.
const IDS: &[&str] =
    &["Circuit ID", "Circuit IDs", "Circuit", "CRT", "SLID/CCSD", "SLID / CCSD", "Services Affected", "Service ID"];

/// Names of the columns beside them.
#[rustfmt::skip]
const OTHERS: &[&str] = &[
    "A End", "A-Loc", "A-Loc Address", "A Location", "Account",
    "Active Product", "Alt Circuit ID", "Bandwidth", "Billing ID", "Company Name", "Cust Ckt ID", "Customer",
    "Customer Name", "Customer PON", "DNS Short Name", "Expected Impact to your Service",
    "Expected Outage Window", "Impact", "Impact Type", "Location", "Maximum Duration", "Name",
    "Notes", "Order Number", "Product", "Rate Code", "Route", "Service", "Service Impact", "Service Type",
    "ServiceType", "Site Address", "Status", "Z End", "Z-Loc", "Z-Loc Address", "Z Location",
];

/// No name is longer.
const MAX_NAME_BYTES: usize = 40;
/// Fewer names are no table, and more are none that is known.
const COLUMNS: std::ops::RangeInclusive<usize> = 2..=16;

/// What a column of a known name holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    /// The ids of services.
    Id,
    Other,
}

/// A line, and what it says if it is a cell.
struct Line<'a> {
    text: &'a str,
    cell: &'a str,
    /// The column that it names.
    column: Option<Column>,
}

impl<'a> Line<'a> {
    fn new(text: &'a str) -> Self {
        let cell = bare(text);
        let is_one_of = |names: &[&str]| names.iter().any(|name| same(name, cell));
        let column = if cell.len() > MAX_NAME_BYTES || !cell.starts_with(|c: char| c.is_ascii_uppercase()) {
            None
        } else if is_one_of(IDS) {
            Some(Column::Id)
        } else {
            is_one_of(OTHERS).then_some(Column::Other)
        };
        Self { text, cell, column }
    }
}

/// The text with each row of such tables on one line, tabs between its cells.
pub(crate) fn in_rows(text: &str) -> Cow<'_, str> {
    // A text of more lines is refused as it is.
    let lines: Vec<Line<'_>> = text.lines().take(MAX_LINES.value + 1).map(Line::new).collect();
    if lines.len() > MAX_LINES.value || !lines.iter().any(|line| line.column == Some(Column::Id)) {
        return Cow::Borrowed(text);
    }
    let (mut rows, mut at) = (Vec::new(), 0);
    while let Some((line, _)) = lines.get(at..).and_then(<[Line<'_>]>::split_first) {
        match lines.get(at..).and_then(table) {
            Some((table, length)) => {
                rows.extend(table.into_iter().map(|row| Cow::Owned(row.join("\t"))));
                at += length;
            }
            None => {
                rows.push(Cow::Borrowed(line.text));
                at += 1;
            }
        }
    }
    Cow::Owned(rows.join("\n"))
}

/// The rows of the table that begins with these lines, and how many lines they are. A blank line is a blank cell, unless
/// blank lines part the cells.
fn table<'a>(lines: &[Line<'a>]) -> Option<(Vec<Vec<&'a str>>, usize)> {
    // It begins with a name. (Looking for one behind blank lines, from each of them, would take time that grows with the
    // square of the text.)
    lines.first()?.column?;
    let is_apart = lines.get(1).is_some_and(|line| line.cell.is_empty());
    let cells = lines.iter().enumerate().filter(|(_, line)| !is_apart || !line.cell.is_empty());
    let columns: Vec<Column> = cells.clone().map_while(|(_, line)| line.column).take(COLUMNS.end() + 1).collect();
    let id = columns.iter().position(|column| *column == Column::Id).filter(|_| COLUMNS.contains(&columns.len()))?;
    let mut cells = cells.map(|(at, line)| (at, line.cell));
    let header: Vec<(usize, &str)> = cells.by_ref().take(columns.len()).collect();
    let mut length = header.last()?.0 + 1;
    let names: Vec<&str> = header.into_iter().map(|(_, name)| name).collect();
    let mut rows = vec![names];
    loop {
        let mut row: Vec<(usize, &str)> = cells.by_ref().take(rows.first()?.len()).collect();
        let has_id = |row: &[(usize, &str)]| row.get(id).is_some_and(|(_, cell)| is_id(cell));
        let blanks = |row: &[(usize, &str)]| row.iter().filter(|(_, cell)| cell.is_empty()).count();
        let mut is_row = has_id(&row);
        if row.first().is_some_and(|(_, cell)| cell.is_empty()) {
            // The first cell is blank, or the line between two rows is.
            is_row &= row.len() > 2 && blanks(&row) == 1;
            if !is_row {
                row.remove(0);
                row.extend(cells.next());
                is_row = has_id(&row) && blanks(&row) == 0;
            }
        }
        let Some((last, _)) = row.last().filter(|_| is_row) else { break };
        length = last + 1;
        // A dash keeps the place of a blank cell.
        rows.push(row.into_iter().map(|(_, cell)| if cell.is_empty() { "-" } else { cell }).collect());
    }
    (rows.len() > 1).then_some((rows, length))
}

/// The line without the marks of quotes and the asterisks of what was bold.
fn bare(line: &str) -> &str {
    let line = line.trim().trim_start_matches(['>', ' ']);
    line.strip_prefix('*').and_then(|line| line.strip_suffix('*')).unwrap_or(line).trim()
}

fn is_id(cell: &str) -> bool {
    const MAX_WORDS: usize = 5;
    cell.contains(|c: char| c.is_ascii_digit())
        && !cell.contains([':', '@'])
        && cell.split_whitespace().count() <= MAX_WORDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(in_rows(text), expected);
    }

    #[test]
    fn each_row_becomes_a_line() {
        check(
            "Hi\n*Name*\n*Circuit ID*\nAcme\nA-1\nAcme\nA-2\n\nBye 2",
            "Hi\nName\tCircuit ID\nAcme\tA-1\nAcme\tA-2\n\nBye 2",
        );
        check(
            "Circuit ID\nCust Ckt ID\nZ End\nA-1\n\nOslo\nA-2\nX\n\nBye",
            "Circuit ID\tCust Ckt ID\tZ End\nA-1\t-\tOslo\nA-2\tX\t-\nBye",
        );
        check(
            "Circuit\n\nImpact\n\nA-1\n\nOutage\n\nCall us\n\nSoon",
            "Circuit\tImpact\nA-1\tOutage\n\nCall us\n\nSoon",
        );
        check(
            "Circuit\nImpact\n\nA-1\nOutage\n\nA-2\nNone\n\nCall 24\n\nSoon",
            "Circuit\tImpact\nA-1\tOutage\nA-2\tNone\n\nCall 24\n\nSoon",
        );
        for text in
            ["Circuit ID\nA-1\nName\nAcme", "Name\nCircuit ID\nAcme\nnone", "Circuit ID", "Circuit ID: A-1\nName: x"]
        {
            check(text, text);
        }
    }
}
