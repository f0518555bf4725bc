//! Zones and offsets as they stand behind a time.

use chrono::FixedOffset;
use chrono_tz::Tz;

use super::Zone;
use super::names::{AMBIGUOUS, named};
use crate::toolkit::places;
use crate::toolkit::text::{plain, strip_start};

/// A zone as a mail names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ZoneName<'a> {
    /// A name or an offset that leaves no doubt.
    Known(Zone),
    /// An abbreviation that means several zones, or none that is known.
    Word(&'a str),
    /// `local time`, wherever that is.
    Local,
}

/// How many words the name of a zone has at most.
const MAX_WORDS: usize = 4;

impl<'a> ZoneName<'a> {
    /// The zone at the start of the text, and what follows it. `with_unknown` takes a word in capitals that looks like
    /// an abbreviation for one even where it is not known.
    pub(crate) fn at_start(text: &'a str, with_unknown: bool) -> Option<(Self, &'a str)> {
        if let Some((zone, rest)) = written_offset(text) {
            return Some((Self::Known(zone), rest));
        }
        if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        if let Some(found) = hour_of_place(text) {
            return Some(found);
        }
        let mut ends = [0; MAX_WORDS];
        let mut count = 0;
        let mut end = 0;
        for place in &mut ends {
            let rest = text.get(end..).unwrap_or_default();
            let blanks = rest.len() - rest.trim_start_matches(' ').len();
            let word = rest.get(blanks..).unwrap_or_default();
            let length = word.bytes().position(|c| !(c.is_ascii_alphanumeric() || matches!(c, b'/' | b'_')));
            let length = length.unwrap_or(word.len());
            if length == 0 || blanks > 1 || length > MAX_WORD_BYTES {
                break;
            }
            end += blanks + length;
            *place = end;
            count += 1;
        }
        for &end in ends.get(..count).unwrap_or_default().iter().rev() {
            let (name, rest) = text.split_at(end);
            if matches!(name.to_ascii_lowercase().as_str(), "local" | "local time" | "lt" | "local site time") {
                return Some((Self::Local, rest));
            }
            // `New York time`
            if let Some((place, word)) = name.rsplit_once(' ')
                && word.eq_ignore_ascii_case("time")
                && named(name).is_none()
                && let Some(zone) = places::zone(place)
            {
                return Some((Self::Known(Zone::Named(zone)), rest));
            }
            // `GMT+3`, `UTC +03:00`
            if matches!(name.to_ascii_uppercase().as_str(), "GMT" | "UTC") {
                if let Some((zone, rest)) = offset_behind_gmt(rest) {
                    return Some((Self::Known(zone), rest));
                }
                return Some((Self::Known(Zone::UTC), rest));
            }
            if AMBIGUOUS.iter().any(|(known, _)| name.eq_ignore_ascii_case(known)) {
                return Some((Self::Word(name), rest));
            }
            // A short name in small letters is a word: `met`, `west`, `eat`.
            let is_word = name.len() <= 5 && !name.bytes().all(|c| c.is_ascii_uppercase());
            if let Some(zone) = named(name).filter(|_| !is_word || name.eq_ignore_ascii_case("zulu")) {
                return Some((Self::Known(zone), rest));
            }
        }
        let (word, rest) = text.split_at(ends.first().copied().filter(|_| count > 0)?);
        let looks_like_one =
            (2..=5).contains(&word.len()) && word.bytes().all(|c| c.is_ascii_uppercase()) && !NOT_ZONES.contains(&word);
        (with_unknown && looks_like_one).then_some((Self::Word(word), rest))
    }

    /// The zone that is meant: an ambiguous name by the provider's own `meanings`, then by custom.
    pub(crate) fn zone(self, meanings: &[(&str, Tz)]) -> Option<Zone> {
        match self {
            Self::Known(zone) => Some(zone),
            Self::Word(word) => {
                let own = meanings.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|&(_, zone)| zone);
                let usual = AMBIGUOUS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
                own.or(usual.and_then(|(_, zone)| *zone)).map(Zone::Named)
            }
            Self::Local => meanings.iter().find(|(name, _)| *name == LOCAL).map(|&(_, zone)| Zone::Named(zone)),
        }
    }
}

/// The name in `meanings` for what `local time` is.
pub(crate) const LOCAL: &str = "local";
/// Longer than every word of a zone's name.
const MAX_WORD_BYTES: usize = 32;
/// Words in capitals that may stand behind a time and are no zone.
const NOT_ZONES: &[&str] = &[
    "AND", "AT", "ON", "TO", "BIS", "UHR", "UND", "ET", "AU", "DAS", "TBD", "TBC", "FROM", "UNTIL", "TILL", "NA",
    "NOC", "ID", "FOR", "END", "START", "THE", "DATE", "TIME", "HASTA", "AL", "DEL", "ENE", "ABR", "AGO", "DIC", "JAN",
    "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "SEPT", "OCT", "NOV", "DEC",
];

/// `hora de Lima`, `heure de Paris`, `horário de Brasília`, `hora local`. A place that is not known is an unknown zone,
/// for the time is not UTC.
fn hour_of_place(text: &str) -> Option<(ZoneName<'_>, &str)> {
    let (_, rest) = text.split_once(' ').filter(|(hour, _)| ["hora", "heure", "horário", "horario"].contains(hour))?;
    let of = ["de", "del"].iter().find_map(|of| strip_start(rest, of).filter(|rest| rest.starts_with(' ')));
    let place = of.unwrap_or(rest).trim_start();
    let end = place.find([')', ',', ';', '.', '\n']).unwrap_or(place.len());
    let (name, rest) = place.split_at_checked(end).filter(|(name, _)| name.len() <= MAX_PLACE_BYTES)?;
    if !name.starts_with(char::is_alphabetic) {
        return None;
    }
    let zone = match plain(name).as_str() {
        "local" | "locale" => ZoneName::Local,
        _ => named(name).or_else(|| places::zone(name).map(Zone::Named)).map_or(ZoneName::Word(name), ZoneName::Known),
    };
    Some((zone, rest))
}

/// Longer than the name of every place.
const MAX_PLACE_BYTES: usize = 40;

/// `+0000`, `+03:00`, `-0500` behind a time. `22:00-05:00` is a window, so that a minus needs four digits.
fn written_offset(text: &str) -> Option<(Zone, &str)> {
    let is_plus = text.starts_with('+');
    if !is_plus && !text.starts_with('-') {
        return None;
    }
    let rest = text.get(1..)?;
    let digits = rest.bytes().position(|c| !c.is_ascii_digit()).unwrap_or(rest.len());
    let length = match (digits, is_plus) {
        (4, _) => 5,
        (2, true) if rest.get(2..3) == Some(":") => 6,
        (2, true) => 3,
        _ => return None,
    };
    let (offset, rest) = text.split_at_checked(length)?;
    Some((self::offset(offset)?, rest))
}

/// `+3`, ` -03:30`, `+0300` behind GMT or UTC. A dash with blanks around it is no sign.
fn offset_behind_gmt(text: &str) -> Option<(Zone, &str)> {
    let signed =
        text.strip_prefix(' ').filter(|text| !text.starts_with("- ") && !text.starts_with("+ ")).unwrap_or(text);
    let sign = signed.get(..1).filter(|sign| matches!(*sign, "+" | "-"))?;
    let rest = signed.get(1..)?;
    let end = rest.bytes().position(|c| !(c.is_ascii_digit() || c == b':')).unwrap_or(rest.len());
    let (digits, rest) = rest.split_at(end);
    let padded = match digits.split_once(':') {
        Some((hours, minutes)) => format!("{sign}{hours:0>2}{minutes}"),
        None if digits.len() <= 2 => format!("{sign}{digits:0>2}"),
        None => format!("{sign}{digits:0>4}"),
    };
    Some((offset(&padded)?, rest))
}

/// `+0100`, `-05:30`, `+01`, `+010000`.
pub(crate) fn offset(text: &str) -> Option<Zone> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = text.get(1..)?.replace(':', "");
    if !matches!(digits.len(), 2 | 4 | 6) || !digits.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let pair = |at: usize| digits.get(at..at + 2).map_or(Some(0), |pair| pair.parse::<i32>().ok());
    let (hours, minutes, seconds) = (pair(0)?, pair(2)?, pair(4)?);
    if minutes > 59 || seconds > 59 {
        return None;
    }
    FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60 + seconds)).map(Zone::Fixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_read_and_bounded() {
        for (text, expected) in [
            ("+0100", Some(3_600)),
            ("-05:30", Some(-19_800)),
            ("-0000", Some(0)),
            ("+03", Some(10_800)),
            ("+9900", None),
            ("+0175", None),
            ("0100", None),
            ("+é0", None),
            ("", None),
        ] {
            assert_eq!(offset(text), expected.and_then(FixedOffset::east_opt).map(Zone::Fixed), "{text}");
        }
    }
}
