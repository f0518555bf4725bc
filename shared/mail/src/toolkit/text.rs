//! Comparing text as people read it: without regard to case and to how many blanks there are.

/// What follows `start` at the start of `text`, where it is there.
pub(crate) fn strip_start<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    let mut rest = text.trim_start();
    if starts_otherwise(rest, start) {
        return None;
    }
    let mut is_behind_slash = false;
    for (i, word) in start.split_whitespace().enumerate() {
        let trimmed = rest.trim_start();
        if i > 0
            && other_and(word).is_some()
            && let Some(after) = trimmed.strip_prefix('/')
        {
            (rest, is_behind_slash) = (after, true);
            continue;
        }
        if i > 0 && !is_behind_slash && trimmed.len() == rest.len() {
            return None;
        }
        is_behind_slash = false;
        let word = other_and(word).filter(|other| starts_with_word(trimmed, other)).unwrap_or(word);
        let ascii = trimmed.get(..word.len()).filter(|found| found.eq_ignore_ascii_case(word));
        let end = match ascii {
            Some(found) => found.len(),
            None if word.is_ascii() => return None,
            None => trimmed.char_indices().nth(word.chars().count()).map_or(trimmed.len(), |(at, _)| at),
        };
        let (found, after) = trimmed.split_at(end);
        if ascii.is_none() && !same(found, word) {
            return None;
        }
        rest = after;
    }
    Some(rest)
}

/// `and` for `&`, and the other way round: the same label is written both ways, and with `/`.
fn other_and(word: &str) -> Option<&'static str> {
    match word {
        "&" => Some("and"),
        _ if word.eq_ignore_ascii_case("and") => Some("&"),
        _ => None,
    }
}

fn starts_with_word(text: &str, word: &str) -> bool {
    text.split_whitespace().next().is_some_and(|first| first.eq_ignore_ascii_case(word))
}

/// Whether the first letters show already that neither begins with the other, as with nearly all lines and labels.
fn starts_otherwise(a: &str, b: &str) -> bool {
    match (a.bytes().next(), b.bytes().next()) {
        (Some(a), Some(b)) if a.is_ascii() && b.is_ascii() => !a.eq_ignore_ascii_case(&b),
        // A letter of ASCII has no other case outside of it, except for two signs of units.
        (Some(a), Some(b)) => a.is_ascii() != b.is_ascii(),
        _ => false,
    }
}

/// Whether the two are the same words.
pub(crate) fn same(a: &str, b: &str) -> bool {
    if starts_otherwise(a.trim_start(), b.trim_start()) {
        return false;
    }
    let same_word = |a: &str, b: &str| {
        a.eq_ignore_ascii_case(b)
            || other_and(a).is_some_and(|other| other.eq_ignore_ascii_case(b))
            || a.chars().flat_map(char::to_lowercase).eq(b.chars().flat_map(char::to_lowercase))
    };
    let (mut a, mut b) = (a.split_whitespace(), b.split_whitespace());
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if same_word(a, b) => {}
            _ => return false,
        }
    }
}

/// The text in lower case, with one blank between words: what phrases are looked for in.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    push_plain(&mut plain, text);
    plain
}

/// Adds the text in the form of [`plain`], parted by a blank from what is there.
pub(crate) fn push_plain(plain: &mut String, text: &str) {
    for word in text.split_whitespace() {
        if !plain.is_empty() {
            plain.push(' ');
        }
        if word.is_ascii() {
            let start = plain.len();
            plain.push_str(word);
            if let Some(added) = plain.get_mut(start..) {
                added.make_ascii_lowercase();
            }
        } else {
            plain.extend(word.chars().flat_map(char::to_lowercase));
        }
    }
}

/// Whether `phrase` occurs in `plain` as whole words; both are in the form of [`plain`].
pub(crate) fn has_phrase(plain: &str, phrase: &str) -> bool {
    phrase_at(plain, phrase).is_some()
}

/// Where `phrase` first occurs in `plain` as whole words; both are in the form of [`plain`].
pub(crate) fn phrase_at(plain: &str, phrase: &str) -> Option<usize> {
    let &first = phrase.as_bytes().first()?;
    memchr::memchr_iter(first, plain.as_bytes()).find(|&at| {
        let found = plain.get(at..).and_then(|rest| rest.strip_prefix(phrase));
        found.is_some_and(|after| {
            let before = plain.get(..at).and_then(|before| before.chars().next_back());
            !before.is_some_and(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_found_whatever_its_case_and_blanks() {
        for (text, start, expected) in [
            ("Maintenance  TICKET #: A", "Maintenance Ticket #", Some(": A")),
            ("  Ticket", "ticket", Some("")),
            ("Tickets", "Ticket", Some("s")),
            ("MaintenanceTicket", "Maintenance Ticket", None),
            ("Tick", "Ticket", None),
            ("É b", "é", Some(" b")),
            ("Date and Time:", "Date & Time", Some(":")),
            ("Date & Time:", "date and time", Some(":")),
            ("Date/Time:", "Date & Time", Some(":")),
            ("Date / Time:", "Date and Time", Some(":")),
            ("Date android", "Date & x", None),
        ] {
            assert_eq!(strip_start(text, start), expected, "{text}");
        }
    }

    #[test]
    fn phrases_are_whole_words() {
        let text = plain("This  has BEEN\nrescheduled.");
        assert!(has_phrase(&text, "has been rescheduled"));
        assert!(!has_phrase(&text, "scheduled"));
        assert!(!has_phrase(&text, "has bee"));
        assert!(same("Circuit   id ", "CIRCUIT ID"));
        assert!(!same("Circuit id", "Circuitid"));
        assert!(same("Date & Time", "Date and time"));
    }
}
