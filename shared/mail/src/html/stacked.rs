//! Tables of which plain text keeps each cell on a line of its own.

use std::borrow::Cow;

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

/// Fewer names are no table, and more are none that is known.
const COLUMNS: std::ops::RangeInclusive<usize> = 2..=16;

/// The text with each row of such tables on one line, tabs between its cells.
pub(super) fn in_rows(text: &str) -> Cow<'_, str> {
    if !text.lines().any(|line| is_one_of(IDS, bare(line))) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<&str> = text.lines().collect();
    let (mut rows, mut at) = (Vec::new(), 0);
    while let Some((line, _)) = lines.get(at..).and_then(<[&str]>::split_first) {
        match lines.get(at..).and_then(table) {
            Some((table, length)) => {
                rows.extend(table.into_iter().map(|row| Cow::Owned(row.join("\t"))));
                at += length;
            }
            None => {
                rows.push(Cow::Borrowed(*line));
                at += 1;
            }
        }
    }
    Cow::Owned(rows.join("\n"))
}

/// The rows of the table that begins with these lines, and how many lines they are. A blank line is a blank cell, unless
/// blank lines part the cells.
fn table<'a>(lines: &[&'a str]) -> Option<(Vec<Vec<&'a str>>, usize)> {
    // It begins with a name. (Looking for one behind blank lines, from each of them, would take time that grows with the
    // square of the text.)
    if bare(lines.first()?).is_empty() {
        return None;
    }
    let is_apart = lines.get(1).is_some_and(|line| bare(line).is_empty());
    let mut cells = lines.iter().map(|line| bare(line)).enumerate().filter(|(_, cell)| !is_apart || !cell.is_empty());
    let names = cells.clone().map(|(_, cell)| cell).take_while(|cell| is_one_of(IDS, cell) || is_one_of(OTHERS, cell));
    let names: Vec<&str> = names.take(COLUMNS.end() + 1).collect();
    let id = names.iter().position(|name| is_one_of(IDS, name)).filter(|_| COLUMNS.contains(&names.len()))?;
    let mut length = cells.nth(names.len() - 1)?.0 + 1;
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

fn is_one_of(names: &[&str], cell: &str) -> bool {
    cell.starts_with(|c: char| c.is_ascii_uppercase()) && names.iter().any(|name| same(name, cell))
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
