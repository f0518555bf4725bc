//! What tags and character references say, each by itself.

use std::sync::LazyLock;

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};

/// How many columns a cell takes: its `colspan`.
pub(super) fn column_span(attributes: &str) -> usize {
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

/// Whether the tag's style strikes its text out.
pub(super) fn is_struck(attributes: &str) -> bool {
    memchr::memmem::find(attributes.as_bytes(), b"line-through").is_some()
}

/// Longer than every tag name that means something here.
pub(super) const MAX_TAG_NAME: usize = 16;

/// Whether the tag ends the line that it stands in.
#[rustfmt::skip]
pub(super) fn ends_line(name: &[u8]) -> bool {
    matches!(
        name,
        b"address" | b"article" | b"aside" | b"blockquote" | b"body" | b"br" | b"caption" | b"center" | b"dd" | b"div"
            | b"dl" | b"dt" | b"fieldset" | b"footer" | b"form" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6"
            | b"head" | b"header" | b"hr" | b"html" | b"li" | b"main" | b"nav" | b"ol" | b"option" | b"p" | b"pre"
            | b"section" | b"table" | b"tbody" | b"td" | b"tfoot" | b"th" | b"thead" | b"tr" | b"ul"
    )
}

pub(super) fn end_of(bytes: &[u8], from: usize, ends: impl Fn(u8) -> bool) -> usize {
    bytes.get(from..).and_then(|rest| rest.iter().position(|&c| ends(c))).map_or(bytes.len(), |at| from + at)
}

/// Where the tag is over whose name ends at `at`: behind its `>`, which a quoted value may hold as well. None where
/// the text ends before.
pub(super) fn end_of_tag(bytes: &[u8], mut at: usize) -> Option<usize> {
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
pub(super) fn after<'a>(text: &'a str, from: usize, end: &[u8]) -> &'a str {
    let found = text.as_bytes().get(from..).and_then(|rest| memchr::memmem::find(rest, end));
    found.and_then(|at| text.get(from + at + end.len()..)).unwrap_or_default()
}

/// What follows the end tag of an element that holds no markup.
pub(super) fn after_end_tag<'a>(text: &'a str, end_tag: &[u8]) -> &'a str {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'<', bytes)
        .find(|&at| bytes.get(at..at + end_tag.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(end_tag)))
        .and_then(|at| text.get(at..))
        .map(|tag| after(tag, 0, b">"))
        .unwrap_or_default()
}

/// Longer than every name of a character.
const MAX_NAME: usize = 40;

/// The names that are valid without `;`, such as `yacute`, sorted.
static OLD_NAMES: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let named = NAMED_ENTITIES.entries().filter(|(name, (first, _))| *first != 0 && !name.ends_with(';'));
    let mut names: Vec<&str> = named.map(|(name, _)| *name).collect();
    names.sort_unstable();
    names
});

/// The longest old name that the letters begin with.
fn old_name(letters: &str) -> Option<&'static str> {
    let end = OLD_NAMES.partition_point(|name| *name <= letters);
    let before = OLD_NAMES.get(..end)?.iter().rev();
    let mut alike = before.take_while(|name| name.as_bytes().first() == letters.as_bytes().first());
    alike.find(|name| letters.starts_with(**name)).copied()
}

/// The characters that the reference at the start of `text` stands for, and its length; none where the `&` there
/// stands for itself.
pub(super) fn character_reference(text: &str) -> Option<([Option<char>; 2], usize)> {
    let bytes = text.as_bytes();
    match bytes.get(1)? {
        b'#' => {
            let hexadecimal = matches!(bytes.get(2), Some(b'x' | b'X'));
            let start = if hexadecimal { 3 } else { 2 };
            let is_digit = |c: u8| if hexadecimal { c.is_ascii_hexdigit() } else { c.is_ascii_digit() };
            let end = end_of(bytes, start, |c| !is_digit(c));
            let digits = text.get(start..end).filter(|digits| !digits.is_empty())?;
            let code = u32::from_str_radix(digits, if hexadecimal { 16 } else { 10 }).unwrap_or(u32::MAX);
            let length = end + usize::from(bytes.get(end) == Some(&b';'));
            Some(([Some(numbered_character(code)), None], length))
        }
        c if c.is_ascii_alphabetic() => {
            let letters = bytes.iter().skip(1).take_while(|c| c.is_ascii_alphanumeric()).take(MAX_NAME).count();
            // The table holds every beginning of a name as well, standing for nothing.
            let named = |end: usize| {
                let (first, second) = *NAMED_ENTITIES.get(text.get(1..end)?)?;
                let second = if second == 0 { None } else { char::from_u32(second) };
                (first != 0).then(|| ([char::from_u32(first), second], end))
            };
            let whole = if bytes.get(1 + letters) == Some(&b';') { named(letters + 2) } else { None };
            // The old names are valid without `;`, so that `&nbspx` is a blank and an x: the longest counts.
            whole.or_else(|| named(1 + old_name(text.get(1..1 + letters)?)?.len()))
        }
        _ => None,
    }
}

/// Numbers of the C1 range mean Windows-1252, as in every browser.
pub(super) fn numbered_character(code: u32) -> char {
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

    #[test]
    fn every_name_of_a_character_is_known_whatever_follows_it() {
        let mut count = 0;
        for (name, (first, second)) in NAMED_ENTITIES.entries().filter(|(_, (first, _))| *first != 0) {
            let characters = [char::from_u32(*first), char::from_u32(*second).filter(|c| *c != '\0')];
            let expected = Some((characters, name.len() + 1));
            for end in ["", " ", "<", "é", ";"] {
                if end != ";" || name.ends_with(';') {
                    assert_eq!(character_reference(&format!("&{name}{end}")), expected, "{name}{end}");
                }
            }
            count += 1;
        }
        assert!(count > 2_000);
    }
}
