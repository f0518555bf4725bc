//! Time zones by the names that calendars and mails give them.

use chrono::{Duration, FixedOffset, LocalResult, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use noticeboard_domain::time::Time;

use super::places;

/// A zone that a notice names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zone {
    /// A zone with a name.
    Named(Tz),
    /// An offset.
    Fixed(FixedOffset),
}

/// Which side of a window a time is. Where a clock shows one hour twice, the window is the longest that its words
/// allow: being told too much of a night is better than too little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edge {
    /// Its start.
    Start,
    /// Its end.
    End,
}

impl Zone {
    pub(crate) const UTC: Self = Self::Named(Tz::UTC);

    /// The point in time at which the zone's clocks show `local`.
    pub(crate) fn utc(self, local: NaiveDateTime, edge: Edge) -> Option<Time> {
        match self {
            Self::Named(Tz::UTC) => Some(local.and_utc()),
            Self::Named(zone) => utc(zone, local, edge),
            Self::Fixed(offset) => utc(offset, local, edge),
        }
    }

    /// The zone where it has a name.
    pub(crate) fn tz(self) -> Option<Tz> {
        match self {
            Self::Named(zone) => Some(zone),
            Self::Fixed(_) => None,
        }
    }

    /// The zone for [`noticeboard_domain::notice::Notice::zone`]: none for UTC, nor for a bare offset.
    pub(crate) fn named_other_than_utc(self) -> Option<Tz> {
        match self {
            Self::Named(Tz::UTC | Tz::Etc__UTC | Tz::GMT | Tz::Etc__GMT | Tz::UCT | Tz::Zulu) => None,
            Self::Named(zone) => Some(zone),
            Self::Fixed(_) => None,
        }
    }
}

fn utc<Z: TimeZone>(zone: Z, local: NaiveDateTime, edge: Edge) -> Option<Time> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(time) => Some(time.with_timezone(&Utc)),
        LocalResult::Ambiguous(first, second) => {
            Some(if edge == Edge::Start { first } else { second }.with_timezone(&Utc))
        }
        // RFC 5545 3.3.5: an hour that is left out counts by the offset before it. No clock change is longer than a
        // day, and none is followed by another that soon.
        LocalResult::None => {
            let day = Duration::days(1);
            let before = zone.from_local_datetime(&local.checked_sub_signed(day)?).earliest()?;
            before.with_timezone(&Utc).checked_add_signed(day)
        }
    }
}

/// Names for people, Windows' names and abbreviations, in capitals. In the Americas a mail in July that says EST means
/// what the clocks there show, which is EDT: both are the zone. Those that mean different offsets to different people
/// are in [`AMBIGUOUS`].
static NAMES: &[(&str, Tz)] = &[
    ("ACST", Tz::Australia__Adelaide),
    ("ADT", Tz::America__Halifax),
    ("AEDT", Tz::Australia__Sydney),
    ("AEST", Tz::Australia__Sydney),
    ("AKDT", Tz::America__Anchorage),
    ("AKST", Tz::America__Anchorage),
    ("ALASKA", Tz::America__Anchorage),
    ("ALASKAN STANDARD TIME", Tz::America__Anchorage),
    ("ARABIAN STANDARD TIME", Tz::Asia__Dubai),
    ("ARGENTINA TIME", Tz::America__Argentina__Buenos_Aires),
    ("ART", Tz::America__Argentina__Buenos_Aires),
    ("ATLANTIC", Tz::America__Halifax),
    ("ATLANTIC STANDARD TIME", Tz::America__Halifax),
    ("AUS EASTERN STANDARD TIME", Tz::Australia__Sydney),
    ("AWST", Tz::Australia__Perth),
    ("BOT", Tz::America__La_Paz),
    ("BRASILIA TIME", Tz::America__Sao_Paulo),
    ("BRITISH SUMMER TIME", Tz::Europe__London),
    ("BRST", Tz::America__Sao_Paulo),
    ("BRT", Tz::America__Sao_Paulo),
    ("CDT", Tz::America__Chicago),
    ("CENTRAL", Tz::America__Chicago),
    ("CENTRAL DAYLIGHT TIME", Tz::America__Chicago),
    ("CENTRAL EUROPE STANDARD TIME", Tz::Europe__Budapest),
    ("CENTRAL EUROPEAN STANDARD TIME", Tz::Europe__Warsaw),
    ("CENTRAL EUROPEAN SUMMER TIME", Tz::Europe__Paris),
    ("CENTRAL EUROPEAN TIME", Tz::Europe__Paris),
    ("CENTRAL STANDARD TIME", Tz::America__Chicago),
    ("CENTRAL TIME", Tz::America__Chicago),
    ("CEST", Tz::Europe__Paris),
    ("CET", Tz::Europe__Paris),
    ("CHILE TIME", Tz::America__Santiago),
    ("CHINA STANDARD TIME", Tz::Asia__Shanghai),
    ("CLST", Tz::America__Santiago),
    ("CLT", Tz::America__Santiago),
    ("COLOMBIA TIME", Tz::America__Bogota),
    ("COORDINATED UNIVERSAL TIME", Tz::UTC),
    ("COT", Tz::America__Bogota),
    ("CT", Tz::America__Chicago),
    ("E. SOUTH AMERICA STANDARD TIME", Tz::America__Sao_Paulo),
    ("EASTERN", Tz::America__New_York),
    ("EASTERN DAYLIGHT TIME", Tz::America__New_York),
    ("EASTERN EUROPEAN SUMMER TIME", Tz::Europe__Helsinki),
    ("EASTERN EUROPEAN TIME", Tz::Europe__Helsinki),
    ("EASTERN STANDARD TIME", Tz::America__New_York),
    ("EASTERN TIME", Tz::America__New_York),
    ("EAT", Tz::Africa__Nairobi),
    ("ECT", Tz::America__Guayaquil),
    ("ECUADOR TIME", Tz::America__Guayaquil),
    ("EDT", Tz::America__New_York),
    ("EEST", Tz::Europe__Helsinki),
    ("EET", Tz::Europe__Helsinki),
    ("EPT", Tz::America__New_York),
    ("EST", Tz::America__New_York),
    ("ET", Tz::America__New_York),
    ("FLE STANDARD TIME", Tz::Europe__Kyiv),
    ("GMT", Tz::UTC),
    ("GMT STANDARD TIME", Tz::Europe__London),
    ("GREENWICH MEAN TIME", Tz::UTC),
    ("GREENWICH STANDARD TIME", Tz::Atlantic__Reykjavik),
    ("GST", Tz::Asia__Dubai),
    ("GTB STANDARD TIME", Tz::Europe__Bucharest),
    ("GULF STANDARD TIME", Tz::Asia__Dubai),
    ("HAWAII", Tz::Pacific__Honolulu),
    ("HAWAIIAN STANDARD TIME", Tz::Pacific__Honolulu),
    ("HKT", Tz::Asia__Hong_Kong),
    ("HONG KONG TIME", Tz::Asia__Hong_Kong),
    ("HST", Tz::Pacific__Honolulu),
    ("ICT", Tz::Asia__Bangkok),
    ("INDIA STANDARD TIME", Tz::Asia__Kolkata),
    ("INDIAN STANDARD TIME", Tz::Asia__Kolkata),
    ("JAPAN STANDARD TIME", Tz::Asia__Tokyo),
    ("JAPAN TIME", Tz::Asia__Tokyo),
    ("JST", Tz::Asia__Tokyo),
    ("KOREA STANDARD TIME", Tz::Asia__Seoul),
    ("KST", Tz::Asia__Seoul),
    ("LONDON", Tz::Europe__London),
    ("MDT", Tz::America__Denver),
    ("MESZ", Tz::Europe__Berlin),
    ("MET", Tz::Europe__Paris),
    ("MEZ", Tz::Europe__Berlin),
    ("MOUNTAIN", Tz::America__Denver),
    ("MOUNTAIN DAYLIGHT TIME", Tz::America__Denver),
    ("MOUNTAIN STANDARD TIME", Tz::America__Denver),
    ("MOUNTAIN TIME", Tz::America__Denver),
    ("MSK", Tz::Europe__Moscow),
    ("MST", Tz::America__Denver),
    ("MT", Tz::America__Denver),
    ("MYT", Tz::Asia__Kuala_Lumpur),
    ("NEW ZEALAND STANDARD TIME", Tz::Pacific__Auckland),
    ("NPT", Tz::Asia__Kathmandu),
    ("NZDT", Tz::Pacific__Auckland),
    ("NZST", Tz::Pacific__Auckland),
    ("PACIFIC", Tz::America__Los_Angeles),
    ("PACIFIC DAYLIGHT TIME", Tz::America__Los_Angeles),
    ("PACIFIC STANDARD TIME", Tz::America__Los_Angeles),
    ("PACIFIC TIME", Tz::America__Los_Angeles),
    ("PARIS", Tz::Europe__Paris),
    ("PDT", Tz::America__Los_Angeles),
    ("PERU TIME", Tz::America__Lima),
    ("PET", Tz::America__Lima),
    ("PHT", Tz::Asia__Manila),
    ("PKT", Tz::Asia__Karachi),
    ("PST", Tz::America__Los_Angeles),
    ("PT", Tz::America__Los_Angeles),
    ("ROMANCE STANDARD TIME", Tz::Europe__Paris),
    ("RUSSIAN STANDARD TIME", Tz::Europe__Moscow),
    ("SAST", Tz::Africa__Johannesburg),
    ("SGT", Tz::Asia__Singapore),
    ("SINGAPORE STANDARD TIME", Tz::Asia__Singapore),
    ("SINGAPORE TIME", Tz::Asia__Singapore),
    ("SOUTH AFRICA STANDARD TIME", Tz::Africa__Johannesburg),
    ("TAIPEI STANDARD TIME", Tz::Asia__Taipei),
    ("TOKYO STANDARD TIME", Tz::Asia__Tokyo),
    ("TRT", Tz::Europe__Istanbul),
    ("TURKEY", Tz::Europe__Istanbul),
    ("TURKEY STANDARD TIME", Tz::Europe__Istanbul),
    ("TURKEY TIME", Tz::Europe__Istanbul),
    ("UCT", Tz::UTC),
    ("UK", Tz::Europe__London),
    ("UK TIME", Tz::Europe__London),
    ("UNIVERSAL TIME", Tz::UTC),
    ("US CENTRAL", Tz::America__Chicago),
    ("US EASTERN", Tz::America__New_York),
    ("US MOUNTAIN", Tz::America__Denver),
    ("US MOUNTAIN STANDARD TIME", Tz::America__Phoenix),
    ("US PACIFIC", Tz::America__Los_Angeles),
    ("UTC", Tz::UTC),
    ("UYT", Tz::America__Montevideo),
    ("VENEZUELAN TIME", Tz::America__Caracas),
    ("VET", Tz::America__Caracas),
    ("W. EUROPE STANDARD TIME", Tz::Europe__Berlin),
    ("WAT", Tz::Africa__Lagos),
    ("WEST", Tz::Europe__Lisbon),
    ("WET", Tz::Europe__Lisbon),
    ("WIB", Tz::Asia__Jakarta),
    ("Z", Tz::UTC),
    ("ZULU", Tz::UTC),
];

/// Abbreviations with several meanings, and the one that holds where the provider's format says nothing: that of the
/// carriers' own mails (China's, Australia's and Israel's write offsets or cities).
static AMBIGUOUS: &[(&str, Option<Tz>)] = &[
    ("AST", Some(Tz::America__Halifax)),
    ("BST", Some(Tz::Europe__London)),
    ("CST", Some(Tz::America__Chicago)),
    ("IST", None),
];

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
    "AND", "AT", "ON", "TO", "TBD", "TBC", "FROM", "UNTIL", "TILL", "NA", "NOC", "ID", "FOR", "END", "START", "THE",
    "DATE", "TIME", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "SEPT", "OCT", "NOV", "DEC",
];

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

/// The zone of that name: an IANA name, a name of Windows or one for people.
pub(crate) fn named(name: &str) -> Option<Zone> {
    let name = name.trim();
    let capitals = name.to_ascii_uppercase();
    if let Ok(found) = NAMES.binary_search_by_key(&capitals.as_str(), |(name, _)| name) {
        return NAMES.get(found).map(|&(_, zone)| Zone::Named(zone));
    }
    if let Ok(zone) = name.parse() {
        return Some(Zone::Named(zone));
    }
    // Some calendars put a path before the name: `/citadel.org/20211207_1/Europe/Paris`.
    let mut segments = name.rsplitn(3, '/');
    let (city, region) = (segments.next()?, segments.next()?);
    segments.next()?;
    format!("{region}/{city}").parse().ok().map(Zone::Named)
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
    fn names_are_sorted_for_the_search() {
        assert!(NAMES.is_sorted_by_key(|(name, _)| name));
    }

    #[test]
    fn zones_are_known_by_many_names() {
        for (name, expected) in [
            ("Europe/Paris", Some(Tz::Europe__Paris)),
            (" Eastern ", Some(Tz::America__New_York)),
            ("gmt standard time", Some(Tz::Europe__London)),
            ("GMT", Some(Tz::UTC)),
            ("EDT", Some(Tz::America__New_York)),
            ("utc", Some(Tz::UTC)),
            ("/freeassociation.sourceforge.net/America/Chicago", Some(Tz::America__Chicago)),
            ("IST", None),
            ("", None),
            ("/", None),
        ] {
            assert_eq!(named(name), expected.map(Zone::Named), "{name}");
        }
    }

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
