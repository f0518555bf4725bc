//! One pass over the tags of an HTML body, which makes its lines and tables.

use super::markup::{
    MAX_TAG_NAME, after, after_end_tag, character_reference, column_span, end_of, end_of_tag, ends_line, is_struck,
};
use super::{Cell, CellAt, Document, Line, Table};
use crate::limits::{MAX_CELLS, MAX_LINES, MAX_TABLE_DEPTH};

impl Document {
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
    /// Open spans from the one on that strikes text out by its style.
    struck_spans: usize,
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
        // Where the text begins that is not added yet, and where the next reference may.
        let (mut start, mut from) = (0, 0);
        while let Some(at) = memchr::memchr(b'&', text.as_bytes().get(from..).unwrap_or_default()) {
            let at = from + at;
            let Some((decoded, length)) = text.get(at..).and_then(character_reference) else {
                // A bare `&` is a letter like those around it.
                from = at + 1;
                continue;
            };
            self.characters(text.get(start..at).unwrap_or_default());
            for c in decoded.into_iter().flatten() {
                self.character(c);
            }
            from = at + length;
            start = from;
        }
        self.characters(text.get(start..).unwrap_or_default());
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
            b"span" if self.struck_spans > 0 => self.struck_spans += 1,
            b"span" if is_struck(attributes) => {
                self.struck_spans = 1;
                self.struck += 1;
            }
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
            b"span" if self.struck_spans > 0 => {
                self.struck_spans -= 1;
                if self.struck_spans == 0 {
                    self.struck = self.struck.saturating_sub(1);
                }
            }
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
