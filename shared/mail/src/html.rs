//! A body as a flat document: lines of text in the order in which they are read, and tables.
//!
//! No tree is built. html5ever's tree builder takes quadratic time on nested tags and its tokenizer on the attributes
//! of one tag, and a mail's layout says little anyway; one pass over the tags is linear whatever they are. Only
//! html5ever's table of named characters is used.

use std::ops::Range;

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};

use crate::limits::{Limit, MAX_CELLS, MAX_LINES, MAX_TABLE_DEPTH};

/// A body, flat.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Document {
    /// Every line that is not blank, those in tables included.
    pub(crate) lines: Vec<Line>,
    /// Every table, in the order in which they begin, blank rows and cells included.
    pub(crate) tables: Vec<Table>,
    /// What there was too much of, so that the rest was not read.
    pub(crate) exceeded: Option<(&'static str, Limit)>,
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
        let mut document = Self::default();
        let mut is_apart = false;
        let mut in_table = false;
        for line in text.lines() {
            let own = line.trim();
            if own.is_empty() {
                is_apart = true;
                in_table = false;
                continue;
            }
            // The marks of a quoted mail are no part of its columns.
            let row: Vec<Cell> = columns(own.trim_start_matches(['>', ' ']))
                .into_iter()
                .map(|text| Cell { text: text.replace('\u{a0}', " ") })
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
            exceeded: None,
        };
        for line in &mut part.lines {
            // A table that began before is not here.
            line.cell = line.cell.and_then(|cell| Some(CellAt { table: cell.table.checked_sub(before)?, ..cell }));
        }
        part
    }

    /// HTML. What a reader does not see (comments, styles, text that is struck out) is left out.
    pub(crate) fn from_html(html: &str) -> Self {
        let mut builder = Builder::default();
        let mut rest = html;
        while !rest.is_empty() && builder.document.exceeded.is_none() {
            let text_end = memchr::memchr(b'<', rest.as_bytes()).unwrap_or(rest.len());
            let (text, markup) = rest.split_at(text_end);
            builder.text(text);
            rest = if markup.is_empty() { markup } else { builder.markup(markup) };
        }
        builder.finish()
    }

    /// The document as plain text.
    pub(crate) fn text(&self) -> String {
        self.lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")
    }
}

/// A line's columns: between tabs, blank ones included, or else between gaps of three blanks or more.
fn columns(line: &str) -> Vec<&str> {
    if line.contains('\t') {
        line.split('\t').map(str::trim).collect()
    } else {
        line.split("   ").map(str::trim).filter(|part| !part.is_empty()).collect()
    }
}

#[derive(Default)]
struct Builder {
    document: Document,
    line: Line,
    /// Blanks since the last letter of the line.
    blanks: Blanks,
    /// Open tags that make text bold; closing ones need not match.
    bold: usize,
    /// Open tags that strike text out.
    struck: usize,
    /// Open tags that keep line ends.
    preformatted: usize,
    /// Open tables, the innermost last.
    tables: Vec<OpenTable>,
    /// Open tables that are too deep to be kept as such.
    deeper_tables: usize,
    /// Cells so far.
    cells: usize,
}

#[derive(Default)]
enum Blanks {
    #[default]
    None,
    /// So many spaces.
    Spaces(usize),
    /// A run with a line end or a tab in it.
    One,
}

struct OpenTable {
    index: usize,
    in_cell: bool,
    /// How many columns more than one the open cell takes.
    extra: usize,
}

impl Builder {
    fn text(&mut self, text: &str) {
        if self.struck > 0 {
            return;
        }
        let mut rest = text;
        while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
            let (before, entity) = rest.split_at(at);
            self.characters(before);
            let (decoded, length) = character_reference(entity);
            for c in decoded.into_iter().flatten() {
                self.character(c);
            }
            rest = entity.get(length..).unwrap_or_default();
        }
        self.characters(rest);
    }

    fn characters(&mut self, text: &str) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let run = end_of(rest.as_bytes(), 0, |c| !c.is_ascii_graphic());
            let (taken, after) = rest.split_at(run.max(c.len_utf8()));
            if run > 0 {
                self.letters(taken);
            } else {
                self.character(c);
            }
            rest = after;
        }
    }

    fn character(&mut self, c: char) {
        match c {
            '\n' if self.preformatted > 0 => self.end_line(),
            ' ' => {
                self.blanks = match self.blanks {
                    Blanks::None => Blanks::Spaces(1),
                    Blanks::Spaces(n) => Blanks::Spaces(n + 1),
                    Blanks::One => Blanks::One,
                }
            }
            // Invisible, and in the way of every comparison.
            '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => {}
            c if c.is_whitespace() || c.is_control() => {
                self.blanks = match self.blanks {
                    Blanks::Spaces(n) if c == '\u{a0}' => Blanks::Spaces(n + 1),
                    Blanks::None if c == '\u{a0}' => Blanks::Spaces(1),
                    Blanks::None | Blanks::Spaces(_) | Blanks::One => Blanks::One,
                }
            }
            c => self.letters(c.encode_utf8(&mut [0; 4])),
        }
    }

    /// Adds text without blanks, and the blanks that came before it.
    fn letters(&mut self, letters: &str) {
        let start = self.line.text.len();
        if start > 0 {
            match self.blanks {
                Blanks::None => {}
                Blanks::Spaces(n) => self.line.text.extend(std::iter::repeat_n(' ', n)),
                Blanks::One => self.line.text.push(' '),
            }
        }
        self.blanks = Blanks::None;
        self.line.text.push_str(letters);
        if self.bold > 0 {
            let end = self.line.text.len();
            match self.line.bold.last_mut() {
                Some(range) if range.end == start => range.end = end,
                _ => self.line.bold.push(end - letters.len()..end),
            }
        }
    }

    fn end_line(&mut self) {
        self.blanks = Blanks::None;
        if self.line.text.is_empty() {
            return;
        }
        let mut line = std::mem::take(&mut self.line);
        line.cell = self.open_place();
        if let Some(cell) = self.open_cell() {
            if !cell.text.is_empty() {
                cell.text.push('\n');
            }
            cell.text.push_str(&line.text);
        }
        if self.document.lines.len() < MAX_LINES.value {
            self.document.lines.push(line);
        } else {
            self.document.exceeded = Some(("lines", MAX_LINES));
        }
    }

    fn open_place(&self) -> Option<CellAt> {
        let open = self.tables.last().filter(|open| open.in_cell)?;
        let rows = &self.document.tables.get(open.index)?.rows;
        let (row, cells) = (rows.len().checked_sub(1)?, rows.last()?);
        Some(CellAt { table: open.index, row, column: cells.len().checked_sub(1 + open.extra)? })
    }

    fn open_cell(&mut self) -> Option<&mut Cell> {
        let place = self.open_place()?;
        self.document.tables.get_mut(place.table)?.rows.get_mut(place.row)?.get_mut(place.column)
    }

    /// Takes what begins with `<` and returns what follows it.
    fn markup<'a>(&mut self, markup: &'a str) -> &'a str {
        if markup.starts_with("<!--") {
            // `<!-->` is a whole comment.
            return after(markup, 2, b"-->");
        }
        let bytes = markup.as_bytes();
        let is_end = bytes.get(1) == Some(&b'/');
        let name_start = if is_end { 2 } else { 1 };
        match bytes.get(name_start) {
            Some(c) if c.is_ascii_alphabetic() => {}
            Some(_) if is_end || matches!(bytes.get(1), Some(b'!' | b'?')) => return after(markup, 1, b">"),
            Some(_) | None => {
                // Of several, only the last may begin a tag.
                let run = bytes.iter().take_while(|&&c| c == b'<').count();
                let (text, rest) = markup.split_at((run - 1).max(1));
                self.text(text);
                return rest;
            }
        }
        let name_end = end_of(bytes, name_start, |c| matches!(c, b'/' | b'>') || c.is_ascii_whitespace());
        let Some(tag_end) = end_of_tag(bytes, name_end) else { return "" };
        let rest = markup.get(tag_end..).unwrap_or_default();
        let name = markup.get(name_start..name_end).unwrap_or_default();
        let mut buffer = [0; MAX_TAG_NAME];
        let Some(lower) = buffer.get_mut(..name.len()) else { return rest };
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        if is_end {
            self.end_tag(lower);
            return rest;
        }
        match &*lower {
            b"script" => after_end_tag(rest, b"</script"),
            b"style" => after_end_tag(rest, b"</style"),
            b"title" => after_end_tag(rest, b"</title"),
            name => {
                self.start_tag(name, markup.get(name_end..tag_end).unwrap_or_default());
                rest
            }
        }
    }

    fn start_tag(&mut self, name: &[u8], attributes: &str) {
        if ends_line(name) {
            self.end_line();
        }
        match name {
            b"b" | b"strong" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => self.bold += 1,
            b"s" | b"strike" | b"del" => self.struck += 1,
            b"pre" => self.preformatted += 1,
            b"table" if self.tables.len() < MAX_TABLE_DEPTH => {
                self.tables.push(OpenTable { index: self.document.tables.len(), in_cell: false, extra: 0 });
                self.document.tables.push(Table { line: self.document.lines.len(), rows: Vec::new() });
            }
            b"table" => self.deeper_tables += 1,
            _ => {}
        }
        if matches!(name, b"tr" | b"td" | b"th")
            && self.deeper_tables == 0
            && let Some(open) = self.tables.last_mut()
            && let Some(table) = self.document.tables.get_mut(open.index)
        {
            open.in_cell = name != b"tr";
            if name == b"tr" || table.rows.is_empty() {
                table.rows.push(Vec::new());
            }
            if name != b"tr"
                && let Some(row) = table.rows.last_mut()
            {
                open.extra = column_span(attributes) - 1;
                self.cells += 1 + open.extra;
                if self.cells > MAX_CELLS.value {
                    self.document.exceeded = Some(("cells", MAX_CELLS));
                    open.in_cell = false;
                } else {
                    row.extend(std::iter::repeat_n(Cell::default(), 1 + open.extra));
                }
            }
        }
    }

    fn end_tag(&mut self, name: &[u8]) {
        if ends_line(name) {
            self.end_line();
        }
        match name {
            b"b" | b"strong" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => {
                self.bold = self.bold.saturating_sub(1);
            }
            b"s" | b"strike" | b"del" => self.struck = self.struck.saturating_sub(1),
            b"pre" => self.preformatted = self.preformatted.saturating_sub(1),
            b"table" if self.deeper_tables > 0 => {
                self.deeper_tables -= 1;
                return;
            }
            b"table" => {
                self.tables.pop();
            }
            _ => {}
        }
        if matches!(name, b"tr" | b"td" | b"th")
            && self.deeper_tables == 0
            && let Some(open) = self.tables.last_mut()
        {
            open.in_cell = false;
        }
    }

    fn finish(mut self) -> Document {
        self.end_line();
        self.document
    }
}

/// How many columns a cell takes: its `colspan`.
fn column_span(attributes: &str) -> usize {
    const NAME: &[u8] = b"colspan";
    const MAX_SPAN: usize = 64;
    let bytes = attributes.as_bytes();
    let is_name = |at: &usize| bytes.get(*at..at + NAME.len()).is_some_and(|name| name.eq_ignore_ascii_case(NAME));
    let at = memchr::memchr2_iter(b'c', b'C', bytes).find(is_name);
    let digits = at.and_then(|at| attributes.get(at + NAME.len()..)).unwrap_or_default();
    let digits = digits.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '=' | '"' | '\''));
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end).and_then(|digits| digits.parse().ok()).unwrap_or(1).clamp(1, MAX_SPAN)
}

/// Longer than every tag name that means something here.
const MAX_TAG_NAME: usize = 16;

/// Whether the tag ends the line that it stands in.
#[rustfmt::skip]
fn ends_line(name: &[u8]) -> bool {
    matches!(
        name,
        b"address" | b"article" | b"aside" | b"blockquote" | b"body" | b"br" | b"caption" | b"center" | b"dd" | b"div"
            | b"dl" | b"dt" | b"fieldset" | b"footer" | b"form" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6"
            | b"head" | b"header" | b"hr" | b"html" | b"li" | b"main" | b"nav" | b"ol" | b"option" | b"p" | b"pre"
            | b"section" | b"table" | b"tbody" | b"td" | b"tfoot" | b"th" | b"thead" | b"tr" | b"ul"
    )
}

fn end_of(bytes: &[u8], from: usize, ends: impl Fn(u8) -> bool) -> usize {
    bytes.get(from..).and_then(|rest| rest.iter().position(|&c| ends(c))).map_or(bytes.len(), |at| from + at)
}

/// Where the tag is over whose name ends at `at`: behind its `>`, which a quoted value may hold as well. None where
/// the text ends before.
fn end_of_tag(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at = end_of(bytes, at, |c| matches!(c, b'>' | b'='));
        match bytes.get(at)? {
            b'>' => return Some(at + 1),
            _ => {
                at = end_of(bytes, at + 1, |c| !c.is_ascii_whitespace());
                let quote = *bytes.get(at)?;
                if matches!(quote, b'"' | b'\'') {
                    at += 2 + memchr::memchr(quote, bytes.get(at + 1..)?)?;
                } else {
                    at = end_of(bytes, at, |c| c == b'>' || c.is_ascii_whitespace());
                }
            }
        }
    }
}

/// What follows the first `end` at or behind `from`; nothing where there is none, as a browser shows nothing then.
fn after<'a>(text: &'a str, from: usize, end: &[u8]) -> &'a str {
    let found = text.as_bytes().get(from..).and_then(|rest| memchr::memmem::find(rest, end));
    found.and_then(|at| text.get(from + at + end.len()..)).unwrap_or_default()
}

/// What follows the end tag of an element that holds no markup.
fn after_end_tag<'a>(text: &'a str, end_tag: &[u8]) -> &'a str {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'<', bytes)
        .find(|&at| bytes.get(at..at + end_tag.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(end_tag)))
        .and_then(|at| text.get(at..))
        .map(|tag| after(tag, 0, b">"))
        .unwrap_or_default()
}

/// The characters that the reference at the start of `text` stands for, and its length. A bare `&` stands for itself.
fn character_reference(text: &str) -> ([Option<char>; 2], usize) {
    let bytes = text.as_bytes();
    if bytes.get(1) == Some(&b'#') {
        let hexadecimal = matches!(bytes.get(2), Some(b'x' | b'X'));
        let start = if hexadecimal { 3 } else { 2 };
        let is_digit = |c: u8| if hexadecimal { c.is_ascii_hexdigit() } else { c.is_ascii_digit() };
        let end = end_of(bytes, start, |c| !is_digit(c));
        let digits = text.get(start..end).unwrap_or_default();
        if !digits.is_empty() {
            let code = u32::from_str_radix(digits, if hexadecimal { 16 } else { 10 }).unwrap_or(u32::MAX);
            let length = end + usize::from(bytes.get(end) == Some(&b';'));
            return ([Some(numbered_character(code)), None], length);
        }
    } else {
        // The old names are valid without `;`, so that `&nbspx` is a blank and an x: the longest name counts. The table
        // holds every beginning of a name as well, standing for nothing; behind one that it lacks comes no name.
        let beginnings = (2..=bytes.len()).map_while(|end| Some((end, *NAMED_ENTITIES.get(text.get(1..end)?)?)));
        if let Some((end, (first, second))) = beginnings.filter(|(_, (first, _))| *first != 0).last() {
            let second = if second == 0 { None } else { char::from_u32(second) };
            return ([char::from_u32(first), second], end);
        }
    }
    ([Some('&'), None], 1)
}

/// Numbers of the C1 range mean Windows-1252, as in every browser.
fn numbered_character(code: u32) -> char {
    let replaced = match code {
        0x80..=0x9F => C1_REPLACEMENTS.get((code - 0x80) as usize).copied().flatten(),
        0 => Some(char::REPLACEMENT_CHARACTER),
        _ => None,
    };
    replaced.or_else(|| char::from_u32(code)).unwrap_or(char::REPLACEMENT_CHARACTER)
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
        check("&#0;&#1114112;&#99999999999;", &["\u{fffd}\u{fffd}\u{fffd}"]);
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
