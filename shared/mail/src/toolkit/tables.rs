//! Tables with a row that names their columns.

use super::circuits::is_none;
use super::found::{At, Found};
use super::text::{has_phrase, plain, same, strip_start};
use crate::html::{Cell, CellAt, Document, Table};

/// A table with named columns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid<'a> {
    table: usize,
    /// The row of the names.
    header: usize,
    /// How many lines of the document stand before the table.
    pub(crate) line: usize,
    rows: &'a [Vec<Cell>],
}

/// A row below the names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    grid: Grid<'a>,
    row: usize,
    /// The attachment that it is in; none in a body.
    sheet: Option<usize>,
}

/// Whether a cell is named so. A name that ends in `…` may go on, and one that begins with it stands anywhere.
fn is_named(cell: &Cell, name: &str) -> bool {
    let text = cell.text.trim_matches([' ', '\n', '*']).trim_end_matches([':', '*', ' ']);
    match (name.strip_prefix('…'), name.strip_suffix('…')) {
        (Some(part), _) => has_phrase(&plain(text), &plain(part)),
        (None, Some(start)) => strip_start(text, start).is_some(),
        (None, None) => same(text, name),
    }
}

/// Every table with a column of that name, below which something stands.
pub(crate) fn with_column<'a>(document: &'a Document, name: &str) -> Vec<Grid<'a>> {
    if !name.starts_with('…') && !document.may_begin_with(name) {
        return Vec::new();
    }
    let grid = |(table, found): (usize, &'a Table)| {
        let names = |row: &Vec<Cell>| row.iter().any(|cell| is_named(cell, name)) && !is_field(row, name);
        let header = found.rows.iter().position(names)?;
        Some(Grid { table, header, line: found.line, rows: &found.rows })
    };
    document.tables.iter().enumerate().filter_map(grid).collect()
}

/// Whether the row is a label and its value, `Circuit ID | AB-1`, rather than names of columns. Ids hold digits, and
/// names of columns hold at most one or two (`L2 Name`).
fn is_field(row: &[Cell], name: &str) -> bool {
    let digits = |cell: &Cell| cell.text.bytes().filter(u8::is_ascii_digit).count();
    let mut filled = row.iter().filter(|cell| !cell.text.trim_matches([':', ' ', '-']).is_empty());
    match (filled.next(), filled.next(), filled.next()) {
        (Some(label), Some(value), None) if is_named(label, name) => digits(value) > 0,
        (Some(_) | None, _, _) => row.iter().any(|cell| !is_named(cell, name) && digits(cell) > 3),
    }
}

impl<'a> Grid<'a> {
    /// The place of the first of these columns that there is.
    pub(crate) fn column(&self, names: &[&str]) -> Option<usize> {
        let header = self.rows.get(self.header)?;
        names.iter().find_map(|name| header.iter().position(|cell| is_named(cell, name)))
    }

    /// The rows below the names that hold anything, up to a row that names the columns once more.
    pub(crate) fn rows(self) -> impl Iterator<Item = Row<'a>> {
        let header = self.rows.get(self.header);
        let below = self.rows.iter().enumerate().skip(self.header + 1);
        let own = below.take_while(move |(_, row)| Some(*row) != header);
        own.filter(|(_, row)| row.iter().any(|cell| !cell.text.is_empty())).map(move |(row, _)| Row {
            grid: self,
            row,
            sheet: None,
        })
    }
}

impl<'a> Row<'a> {
    /// The same row, of an attachment.
    pub(crate) fn of_sheet(self, sheet: usize) -> Self {
        Self { sheet: Some(sheet), ..self }
    }

    /// How many lines of the document stand before its table.
    pub(crate) fn line(&self) -> usize {
        self.grid.line
    }

    /// What stands in that column; blank where the row is too short.
    pub(crate) fn at(&self, column: usize) -> Found<'a> {
        let cell = self.grid.rows.get(self.row).and_then(|row| row.get(column));
        let place = CellAt { table: self.grid.table, row: self.row, column };
        let at = match self.sheet {
            Some(sheet) => At::Sheet { sheet, cell: place },
            None => At::Line { line: self.grid.line, cell: Some(place) },
        };
        Found::new(cell.map_or("", |cell| cell.text.as_str()), at)
    }

    /// What stands in the first of these columns that the table has and in which this row has more than dashes or what
    /// stands for nothing.
    pub(crate) fn get(&self, names: &[&str]) -> Option<Found<'a>> {
        names
            .iter()
            .filter_map(|name| self.grid.column(&[name]))
            .map(|column| self.at(column))
            .find(|found| found.text.chars().any(char::is_alphanumeric) && !is_none(&found.text))
    }

    /// How the first of these columns is named that the table has.
    pub(crate) fn name_of(&self, names: &[&str]) -> Option<&'a str> {
        let column = self.grid.column(names)?;
        Some(self.grid.rows.get(self.grid.header)?.get(column)?.text.as_str())
    }

    /// Every cell from the left.
    pub(crate) fn cells(&self) -> impl Iterator<Item = Found<'a>> {
        let count = self.grid.rows.get(self.row).map_or(0, Vec::len);
        let row = *self;
        (0..count).map(move |column| row.at(column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name_wherever_they_stand() {
        let html = "<table><tr><td>x</table><table><tr><td>Title<tr><th>Site<th>CIRCUIT  id\
                    <tr><td>Oslo<td>A-1<tr><tr><td>Rome</table>";
        let document = Document::from_html(html);
        let grid = with_column(&document, "Circuit Id")[0];
        assert_eq!(grid.column(&["Impact", "site"]), Some(0));
        assert_eq!(grid.column(&["Impact"]), None);
        assert_eq!(grid.column(&["Circuit…"]), Some(1));
        let fields = Document::from_html("<table><tr><td>Circuit Id<td>A-1<tr><td>Note<td>x</table>");
        assert!(with_column(&fields, "Circuit Id").is_empty());
        let ids: Vec<_> = grid.rows().map(|row| row.at(1).text.into_owned()).collect();
        assert_eq!(ids, ["A-1", ""]);
    }
}
