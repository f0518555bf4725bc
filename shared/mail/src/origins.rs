//! Where the fields of a notice came from, in words for people.

use crate::toolkit::found::{At, Found};
use crate::view::View;

/// Where one field of a notice came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The field, as `noticeboard parse` prints it: `maintenance_id`, `start`, `circuits`.
    pub field: &'static str,
    /// The place: `subject`, `HTML part 1, line 12`, `text part 1, table 2, row 3, column 4`, or the rule that it
    /// follows. Lines, rows and columns count from 1.
    pub place: String,
    /// What stands there; blank where a rule says it.
    pub text: String,
}

/// Longest [`Origin::text`], in characters.
const MAX_ORIGIN_CHARS: usize = 160;

impl Origin {
    pub(crate) fn new(field: &'static str, place: &str, text: &str) -> Self {
        Self { field, place: place.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn of(field: &'static str, found: &Found<'_>, view: &View<'_>) -> Self {
        let cut = found.text.char_indices().nth(MAX_ORIGIN_CHARS).map_or(found.text.len(), |(at, _)| at);
        let text = found.text.get(..cut).unwrap_or_default().to_owned();
        Self { field, place: place(found.at, view), text }
    }
}

fn place(at: At, view: &View<'_>) -> String {
    match at {
        At::Subject => "subject".into(),
        At::Header(name) => format!("header {name}"),
        At::Line { line, cell: None } => format!("{}, line {}", view.name, line + 1),
        At::Line { cell: Some(cell), .. } => {
            format!("{}, table {}, row {}, column {}", view.name, cell.table + 1, cell.row + 1, cell.column + 1)
        }
        At::Sheet { sheet, cell } => {
            let name = view.sheets.get(sheet).map_or("attachment", |sheet| sheet.name.as_str());
            format!("{name}, row {}, column {}", cell.row + 1, cell.column + 1)
        }
        At::Calendar { event, name } => format!("calendar, VEVENT {event}, {name}"),
        At::Rule(rule) => format!("rule: {rule}"),
    }
}
