//! A body as a flat document: lines of text in the order in which they are read, and tables.
//!
//! No tree is built. html5ever's tree builder takes quadratic time on nested tags and its tokenizer on the attributes
//! of one tag, and a mail's layout says little anyway; one pass over the tags is linear whatever they are. Only
//! html5ever's table of named characters is used.

mod builder;
mod markup;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use crate::limits::{Limit, MAX_LINES};
use crate::toolkit::stacked;

/// A body, flat.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Document {
    /// Every line that is not blank, those in tables included.
    pub(crate) lines: Vec<Line>,
    /// Every table, in the order in which they begin, blank rows and cells included.
    pub(crate) tables: Vec<Table>,
    /// Whether it is plain text, whose lines may end where the page did.
    pub(crate) is_plain: bool,
    /// What there was too much of, so that the rest was not read.
    pub(crate) exceeded: Option<(&'static str, Limit)>,
    /// Which letters and digits lines and cells begin with, behind points of lists and the like.
    beginnings: OnceCell<Vec<bool>>,
}

/// A line of text. A run of blanks stays as long as it was sent, for circuit ids hold such; line ends, tabs and
/// no-break spaces become one blank.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: String,
    /// What of the text is bold, as byte ranges.
    pub(crate) bold: Vec<Range<usize>>,
    /// The cell that it stands in, of the innermost table.
    pub(crate) cell: Option<CellAt>,
    /// Whether blank space parts it from the line before: in plain text, a blank line.
    pub(crate) is_apart: bool,
}

/// The place of a cell, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CellAt {
    pub(crate) table: usize,
    pub(crate) row: usize,
    pub(crate) column: usize,
}

/// A table: the text directly in it, without that of the tables inside it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// How many lines stand before it.
    pub(crate) line: usize,
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// A cell of a table, its lines joined by `\n`.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: String,
}

impl Line {
    /// Whether the line begins in bold, as labels and headings do.
    pub(crate) fn starts_bold(&self) -> bool {
        self.bold.first().is_some_and(|range| range.start == 0)
    }
}

impl Document {
    /// Plain text: every line that is not blank. Lines that tabs or wide gaps part into columns are rows of a table as
    /// well, for mailers turn tables into such text; their text stays whole.
    pub(crate) fn from_text(text: &str) -> Self {
        let mut document = Self { is_plain: true, ..Self::default() };
        let mut is_apart = false;
        let mut in_table = false;
        for line in stacked::in_rows(text).lines() {
            let line = without_link_targets(line);
            // The marks of a quoted mail are no part of it.
            let own = line.trim().trim_start_matches(['>', ' ']);
            // `+-----+-----+` between the rows of a drawn table.
            if own.starts_with(['+', '|']) && own.chars().all(|c| matches!(c, '+' | '-' | '=' | '|' | ':')) {
                continue;
            }
            let drawn = drawn_row(own);
            let own = drawn.as_deref().unwrap_or(own);
            if own.is_empty() {
                is_apart = true;
                in_table = false;
                continue;
            }
            // Asterisks make a column bold.
            let row: Vec<Cell> = columns(own)
                .into_iter()
                .map(|text| Cell { text: text.trim_matches(['*', ' ']).replace('\u{a0}', " ") })
                .collect();
            let mut cell = None;
            if row.len() > 1 {
                if !in_table {
                    document.tables.push(Table { line: document.lines.len(), rows: Vec::new() });
                }
                let table = document.tables.len() - 1;
                if let Some(last) = document.tables.last_mut() {
                    cell = Some(CellAt { table, row: last.rows.len(), column: 0 });
                    last.rows.push(row);
                }
            }
            in_table = cell.is_some();
            if document.lines.len() >= MAX_LINES.value {
                document.exceeded = Some(("lines", MAX_LINES));
                break;
            }
            document.lines.push(Line { text: own.replace(['\t', '\u{a0}'], " "), is_apart, cell, ..Line::default() });
            is_apart = false;
        }
        document
    }

    /// A sheet of a spreadsheet, or a file of comma-separated values.
    pub(crate) fn from_rows(rows: Vec<Vec<String>>) -> Self {
        let cells = |row: Vec<String>| row.into_iter().map(|text| Cell { text: text.trim().to_owned() }).collect();
        Self { tables: vec![Table { line: 0, rows: rows.into_iter().map(cells).collect() }], ..Self::default() }
    }

    /// The lines from `start` up to `end`, with the tables that begin there.
    pub(crate) fn part(&self, lines: Range<usize>) -> Self {
        let before = self.tables.iter().filter(|table| table.line < lines.start).count();
        let tables = self.tables.iter().skip(before).filter(|table| table.line < lines.end);
        let mut part = Self {
            lines: self.lines.get(lines.clone()).unwrap_or_default().to_vec(),
            tables: tables.map(|table| Table { line: table.line - lines.start, rows: table.rows.clone() }).collect(),
            is_plain: self.is_plain,
            ..Self::default()
        };
        for line in &mut part.lines {
            // A table that began before is not here.
            line.cell = line.cell.and_then(|cell| Some(CellAt { table: cell.table.checked_sub(before)?, ..cell }));
        }
        part
    }

    /// The text of a line with the lines that go on with it.
    pub(crate) fn unwrapped(&self, first: usize) -> Cow<'_, str> {
        let mut text = Cow::Borrowed(self.lines.get(first).map_or("", |line| line.text.as_str()));
        for next in (first + 1..self.lines.len()).take_while(|&line| self.goes_on(line)).take(MAX_WRAPPED_LINES) {
            text = Cow::Owned(format!("{text} {}", self.lines.get(next).map_or("", |line| line.text.as_str())));
        }
        text
    }

    /// Whether a line goes on with the one before: plain text is often cut at the width of a page.
    pub(crate) fn goes_on(&self, line: usize) -> bool {
        let Some(before) = line.checked_sub(1).and_then(|before| self.lines.get(before)) else { return false };
        let is_long = self.is_plain && before.text.len() >= MIN_WRAPPED_BYTES && before.cell.is_none();
        is_long && self.lines.get(line).is_some_and(|line| !line.is_apart && line.cell.is_none())
    }

    /// Whether any line or cell may begin with that text, whatever its case. Hundreds of labels are looked for, and most
    /// of them in vain.
    pub(crate) fn may_begin_with(&self, text: &str) -> bool {
        let first = |text: &str| {
            let first = text.chars().find(|c| c.is_alphanumeric());
            // All letters outside of ASCII count as one.
            let ascii = |c: char| u8::try_from(c).ok().filter(u8::is_ascii).map(|c| c.to_ascii_lowercase());
            first.map(|c| usize::from(ascii(c).unwrap_or(u8::MAX)))
        };
        let beginnings = self.beginnings.get_or_init(|| {
            let mut seen = vec![false; usize::from(u8::MAX) + 1];
            let cells = self.tables.iter().flat_map(|table| table.rows.iter().flatten()).map(|cell| &cell.text);
            for place in self.lines.iter().map(|line| &line.text).chain(cells).filter_map(|text| first(text)) {
                if let Some(seen) = seen.get_mut(place) {
                    *seen = true;
                }
            }
            seen
        });
        first(text).and_then(|place| beginnings.get(place)).is_none_or(|seen| *seen)
    }

    /// The document as plain text.
    pub(crate) fn text(&self) -> String {
        self.lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")
    }
}

/// A shorter line was not cut at the width of a page.
const MIN_WRAPPED_BYTES: usize = 55;
/// Lines that are joined to the first; what is said in a longer paragraph is said in several stretches.
pub(crate) const MAX_WRAPPED_LINES: usize = 12;

/// The line without what mail programs write behind the text of a link, which is its target: `A-1 <https://…>`.
fn without_link_targets(line: &str) -> Cow<'_, str> {
    let mut kept = Cow::Borrowed("");
    let mut rest = line;
    while let Some((before, target)) = rest.split_once("<http") {
        let Some((_, after)) = target.split_once('>') else { break };
        kept += before.trim_end_matches(' ');
        rest = after;
    }
    if kept.is_empty() { Cow::Borrowed(rest) } else { kept + rest }
}

/// A row of a drawn table, `| Start | 22:00 UTC |`, with tabs between its columns.
fn drawn_row(line: &str) -> Option<String> {
    let inner = line.strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(str::trim).collect::<Vec<_>>().join("\t"))
}

/// A line's columns: between tabs, blank ones included, or else between bars, or between gaps of three blanks or more.
fn columns(line: &str) -> Vec<&str> {
    if line.contains('\t') {
        line.split('\t').map(str::trim).collect()
    } else if line.contains(" | ") {
        let line = line.strip_prefix('|').unwrap_or(line);
        line.strip_suffix('|').unwrap_or(line).split('|').map(str::trim).collect()
    } else {
        line.split("   ").map(str::trim).filter(|part| !part.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(html: &str, expected: &[&str]) {
        let document = Document::from_html(html);
        assert_eq!(document.lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn html_becomes_the_lines_that_a_reader_sees() {
        check("<b>Ticket #:&nbsp;</b>A-1<br>next", &["Ticket #: A-1", "next"]);
        check("a<p>b</p>c<div>d<span>e</span></div>", &["a", "b", "c", "de"]);
        check("one\n  two\tthree", &["one two three"]);
        check("<td>/AB/1/   /ZYO /</td>", &["/AB/1/   /ZYO /"]);
        check("1<sup>st</sup> Activity", &["1st Activity"]);
        check("a<!-- <br>hidden > --->b<!-->c", &["abc"]);
        check("<style>p { x: '</p>' }</STYLE >seen<script>if (a</b) {}</script>", &["seen"]);
        check("old <s>24 Oct</s><del>x</del>25 Oct", &["old 25 Oct"]);
        check("<span style='text-decoration: line-through'>a<span>b</span>c</span>d<span>e</span>", &["de"]);
        check("<pre>a\nb</pre>c\nd", &["a", "b", "c d"]);
        check("a<![if !mso]>b<?xml x?>c</>d</ >e", &["abcde"]);
        check("1 < 2 <3 <", &["1 < 2 <3 <"]);
        check("<a title='x>y' href=\"<b>\" checked>link</a>", &["link"]);
        check("<a title=\"never closed>text", &[]);
        check("\u{feff}a\u{200b}b", &["ab"]);
        check("", &[]);
    }

    #[test]
    fn character_references_are_read_as_browsers_read_them() {
        check("&lt;a&gt; &amp;amp; &#233;&#xE9;&eacute; &#150; &AMP", &["<a> &amp; ééé – &"]);
        check("AT&T R&D &unknown; &; &# &#x; &", &["AT&T R&D &unknown; &; &# &#x; &"]);
        check("a&nbspb &notin; &notit;", &["a b ∉ ¬it;"]);
        check("&&lt&&#&#65&#x&é&amp;&#", &["&<&&#A&#x&é&&#"]);
        check("&#0;&#1114112;&#99999999999;", &["\u{fffd}\u{fffd}\u{fffd}"]);
    }

    #[test]
    fn tables_may_be_drawn_in_plain_text() {
        let document =
            Document::from_text("+----+----+\n| Id | Impact |\n+----+----+\n| A-1 | down |\n+----+----+\nend");
        let table: Vec<Vec<&str>> =
            document.tables[0].rows.iter().map(|row| row.iter().map(|cell| cell.text.as_str()).collect()).collect();
        assert_eq!(table, [["Id", "Impact"], ["A-1", "down"]]);
        assert_eq!(document.text(), "Id Impact\nA-1 down\nend");
    }

    #[test]
    fn a_line_knows_what_of_it_is_bold() {
        let document = Document::from_html("<b>Label: </b> value <strong>x</strong>y");
        assert_eq!(document.lines[0].text, "Label:  value xy");
        assert_eq!(document.lines[0].bold, [0..6, 14..15]);
        assert!(document.lines[0].starts_bold());
        assert!(!Document::from_html("a<b>b</b>").lines[0].starts_bold());
    }

    #[test]
    fn tables_hold_their_own_cells_and_not_those_inside_them() {
        let html =
            "<table><tr><tr><th>Id</th><th>Impact<tr><td>A<br>B<td><table><tr><td>inner</table>outer</td></table>";
        let document = Document::from_html(html);
        let tables: Vec<Vec<Vec<&str>>> = (document.tables.iter())
            .map(|t| t.rows.iter().map(|r| r.iter().map(|c| c.text.as_str()).collect()).collect())
            .collect();
        let first = vec![vec![], vec!["Id", "Impact"], vec!["A\nB", "outer"]];
        assert_eq!(tables, [first, vec![vec!["inner"]]]);
        assert_eq!(document.text(), "Id\nImpact\nA\nB\ninner\nouter");
        assert_eq!(document.tables.iter().map(|table| table.line).collect::<Vec<_>>(), [0, 4]);
        assert_eq!(document.part(0..4).tables.len(), 1);
        assert_eq!(document.part(4..6).lines[0].cell, Some(CellAt { table: 0, row: 0, column: 0 }));
        assert_eq!(document.part(4..6).lines[1].cell, None);
    }
}
