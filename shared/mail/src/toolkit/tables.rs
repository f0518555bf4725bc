//! Tables whose first row names their columns.

use super::text::same;
use crate::html::{Cell, Document};

/// A table with named columns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid<'a> {
    header: &'a [Cell],
    rows: &'a [Vec<Cell>],
}

/// Every table with a row that has a column of that name; the rows above that one are left out.
pub(crate) fn with_column<'a>(document: &'a Document, column: &str) -> impl Iterator<Item = Grid<'a>> {
    document.tables.iter().filter_map(move |table| {
        let header = table.rows.iter().position(|row| row.iter().any(|cell| same(&cell.text, column)))?;
        let (header, rows) = table.rows.get(header..)?.split_first()?;
        Some(Grid { header, rows })
    })
}

impl<'a> Grid<'a> {
    /// The place of the column of that name.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|cell| same(&cell.text, name))
    }

    /// The text in that column, row by row; blank where a row is too short.
    pub(crate) fn texts(&self, column: usize) -> impl Iterator<Item = &'a str> {
        self.rows.iter().map(move |row| row.get(column).map_or("", |cell| cell.text.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name_wherever_they_stand() {
        let html = "<table><tr><td>x</table><table><tr><td>Title<tr><th>Site<th>CIRCUIT  id\
                    <tr><td>Oslo<td>A-1<tr><td>Rome</table>";
        let document = Document::from_html(html);
        let grid = with_column(&document, "Circuit Id").next().unwrap();
        assert_eq!(grid.column("site"), Some(0));
        assert_eq!(grid.column("Impact"), None);
        assert_eq!(grid.texts(1).collect::<Vec<_>>(), ["A-1", ""]);
    }
}
