//! Sentences with holes: `maintenance {} from {...} to {...} has been cancelled`.
//!
//! `{}` takes one word, `{...}` as much as there is up to what follows it; `{_}` and `{_...}` do so without giving it
//! back. Words compare as people read them: without
//! regard to case and to how many blanks, or line ends, there are between them.

/// What a template is made of.
enum Piece<'t> {
    Literal(&'t str),
    Hole { is_word: bool, is_kept: bool },
}

/// Longest text that a hole takes, in bytes. It keeps the search linear.
const MAX_HOLE_BYTES: usize = 400;
/// Longest word that a hole takes, in bytes.
const MAX_WORD_BYTES: usize = 128;

fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        let (literal, hole) = rest.split_at(at);
        let kinds = [("{...}", false, true), ("{}", true, true), ("{_...}", false, false), ("{_}", true, false)];
        let Some((text, is_word, is_kept)) = kinds.into_iter().find(|(text, _, _)| hole.starts_with(text)) else {
            break;
        };
        let (piece, length) = (Piece::Hole { is_word, is_kept }, text.len());
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        pieces.push(piece);
        rest = hole.get(length..).unwrap_or_default();
    }
    if !rest.is_empty() {
        pieces.push(Piece::Literal(rest));
    }
    pieces
}

/// What stands in the holes where the template first occurs in the text, and where that begins.
pub(crate) fn find<'a>(text: &'a str, template: &str) -> Option<(usize, Vec<&'a str>)> {
    let pieces = pieces(template);
    let first = pieces.iter().find_map(|piece| match piece {
        Piece::Literal(literal) => literal.trim_start().chars().next(),
        Piece::Hole { .. } => None,
    });
    let starts_with_hole = !matches!(pieces.first(), Some(Piece::Literal(_)));
    let try_at = |at: usize| {
        let (before, rest) = text.split_at_checked(at)?;
        let c = rest.chars().next()?;
        // A hole takes a whole word, and so does the first word of a template.
        let is_word_start = !before.ends_with(char::is_alphanumeric) || !c.is_alphanumeric();
        let is_start = if starts_with_hole { !c.is_whitespace() } else { first.is_none_or(|first| same(c, first)) };
        let mut holes = Vec::new();
        (is_word_start && is_start && matches(rest, &pieces, &mut holes)).then_some((at, holes))
    };
    match first.filter(char::is_ascii).and_then(|c| u8::try_from(c).ok()) {
        Some(c) if !starts_with_hole => {
            memchr::memchr2_iter(c.to_ascii_lowercase(), c.to_ascii_uppercase(), text.as_bytes()).find_map(try_at)
        }
        Some(_) | None => text.char_indices().find_map(|(at, _)| try_at(at)),
    }
}

fn matches<'a>(text: &'a str, pieces: &[Piece<'_>], holes: &mut Vec<&'a str>) -> bool {
    let Some((piece, rest)) = pieces.split_first() else { return true };
    let next = match rest.first() {
        Some(Piece::Literal(literal)) => Some(*literal),
        Some(Piece::Hole { .. }) | None => None,
    };
    match piece {
        Piece::Literal(literal) => strip(text, literal).is_some_and(|after| matches(after, rest, holes)),
        Piece::Hole { is_word, is_kept } => {
            let Some(length) = hole(text, *is_word, next) else { return false };
            let (taken, after) = text.split_at(length);
            // Asterisks around a word make it bold in plain text.
            let taken = taken.trim_matches(|c: char| c.is_whitespace() || c == '*');
            // The punctuation behind a word is the sentence's.
            let is_last = next.is_none_or(|next| *is_word && next.starts_with(' '));
            let taken = if is_last { without_stop(taken) } else { taken };
            if *is_kept {
                holes.push(taken);
            }
            !taken.is_empty() && matches(after, rest, holes)
        }
    }
}

/// The text without the punctuation of its sentence. `2001:db8::` and `CID (east)` keep theirs.
fn without_stop(text: &str) -> &str {
    let text = text.trim_end_matches(['.', ',', ';', '*']);
    let text = if text.contains(['(', '[']) { text } else { text.trim_end_matches([')', ']']) };
    if text.ends_with("::") { text } else { text.trim_end_matches(':') }
}

/// How much of the text a hole takes.
fn hole(text: &str, is_word: bool, next: Option<&str>) -> Option<usize> {
    let mut last = 0;
    // `( A-1 )` is `(A-1)`.
    let blanks = |text: &str| text.len() - text.trim_start_matches(' ').len();
    let first = if is_word { blanks(text) } else { 0 };
    let longest = if is_word { first + MAX_WORD_BYTES } else { MAX_HOLE_BYTES };
    for (at, c) in text.char_indices().skip(first) {
        if at > longest {
            return None;
        }
        if at > 0 && next.is_some_and(|next| strip(text.get(at..).unwrap_or_default(), next).is_some()) {
            return Some(at);
        }
        let ends = if is_word { c.is_whitespace() } else { next.is_none() && c == '\n' };
        if ends {
            let rest = text.get(at..).unwrap_or_default();
            let after = blanks(rest);
            let follows = |next| is_word && strip(rest.get(after..).unwrap_or_default(), next).is_some();
            return if next.is_none_or(follows) { Some(at + if next.is_some() { after } else { 0 }) } else { None };
        }
        last = at + c.len_utf8();
    }
    // The end of the text is the end of its last line.
    (next.is_none() || next == Some("\n")).then_some(last)
}

/// What follows `literal` at the start of the text. A blank in it stands for any number of blanks and line ends, but
/// is not missing; a line end stands for itself.
fn strip<'a>(text: &'a str, literal: &str) -> Option<&'a str> {
    let mut rest = text;
    for c in literal.chars() {
        if c == '\n' {
            let after = rest.trim_start_matches([' ', '*', '\r']);
            rest = if after.is_empty() { after } else { after.strip_prefix('\n')? };
        } else if c.is_whitespace() {
            let after = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '*');
            if after.len() == rest.len() {
                return None;
            }
            rest = after;
        } else {
            let mut found = rest.chars();
            if !found.next().is_some_and(|found| same(found, c)) {
                return None;
            }
            rest = found.as_str();
        }
    }
    Some(rest)
}

fn same(a: char, b: char) -> bool {
    a.eq_ignore_ascii_case(&b) || (!a.is_ascii() && a.to_lowercase().eq(b.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_take_words_or_whatever_is_between() {
        for (text, template, expected) in [
            ("Work ISSUE=11 PROJ=9", "issue={}", Some(vec!["11"])),
            ("Work ISSUE=11 PROJ=9", "PROJ={}", Some(vec!["9"])),
            ("reference *CRQ1-1 *with start\ntime *x", "reference {} with start time {}", Some(vec!["CRQ1-1", "x"])),
            ("ends on 3 May. It", "ends on {...}. It", Some(vec!["3 May"])),
            ("from Mon, 1 May to\n Tue has been", "from {...} to {...} has been", Some(vec!["Mon, 1 May", "Tue"])),
            ("A [K-1]", "[{}]", Some(vec!["K-1"])),
            ("Ticket 7.", "ticket {}", Some(vec!["7"])),
            ("Ticket 7, which", "ticket {} ", Some(vec!["7"])),
            ("Work ( A-1 ) that", "work ({}) that", Some(vec!["A-1"])),
            ("Work (*A-1*) that", "work ({}) that", Some(vec!["A-1"])),
            ("Work ( A 1 ) that", "work ({}) that", None),
            ("PREISSUE=1", "ISSUE={}", None),
            ("PR-1 | Emergency", "{} | Emergency", Some(vec!["PR-1"])),
            ("Hi A B\nC", "Hi {...}\n", Some(vec!["A B"])),
            ("Hi A B", "Hi {...}\n", Some(vec!["A B"])),
            ("A | B | C-1", "| {_} | {}", Some(vec!["C-1"])),
            ("none", "ISSUE={}", None),
        ] {
            assert_eq!(find(text, template).map(|(_, holes)| holes), expected, "{text} / {template}");
        }
    }
}
