//! Time zones by the names that calendars and mails give them.

use chrono::{Duration, FixedOffset, LocalResult, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use noticeboard_domain::time::Time;

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

/// Names for people and Windows' names, in capitals. Those that mean different offsets to different people (CST, IST,
/// BST) are left out on purpose.
static NAMES: &[(&str, Tz)] = &[
    ("ALASKA", Tz::America__Anchorage),
    ("ALASKAN STANDARD TIME", Tz::America__Anchorage),
    ("ARABIAN STANDARD TIME", Tz::Asia__Dubai),
    ("ATLANTIC", Tz::America__Halifax),
    ("ATLANTIC STANDARD TIME", Tz::America__Halifax),
    ("AUS EASTERN STANDARD TIME", Tz::Australia__Sydney),
    ("CENTRAL", Tz::America__Chicago),
    ("CENTRAL EUROPE STANDARD TIME", Tz::Europe__Budapest),
    ("CENTRAL EUROPEAN STANDARD TIME", Tz::Europe__Warsaw),
    ("CENTRAL STANDARD TIME", Tz::America__Chicago),
    ("CENTRAL TIME", Tz::America__Chicago),
    ("CHINA STANDARD TIME", Tz::Asia__Shanghai),
    ("COORDINATED UNIVERSAL TIME", Tz::UTC),
    ("E. SOUTH AMERICA STANDARD TIME", Tz::America__Sao_Paulo),
    ("EASTERN", Tz::America__New_York),
    ("EASTERN STANDARD TIME", Tz::America__New_York),
    ("EASTERN TIME", Tz::America__New_York),
    ("FLE STANDARD TIME", Tz::Europe__Kyiv),
    ("GMT STANDARD TIME", Tz::Europe__London),
    ("GREENWICH MEAN TIME", Tz::UTC),
    ("GREENWICH STANDARD TIME", Tz::Atlantic__Reykjavik),
    ("GTB STANDARD TIME", Tz::Europe__Bucharest),
    ("HAWAII", Tz::Pacific__Honolulu),
    ("HAWAIIAN STANDARD TIME", Tz::Pacific__Honolulu),
    ("INDIA STANDARD TIME", Tz::Asia__Kolkata),
    ("KOREA STANDARD TIME", Tz::Asia__Seoul),
    ("LONDON", Tz::Europe__London),
    ("MOUNTAIN", Tz::America__Denver),
    ("MOUNTAIN STANDARD TIME", Tz::America__Denver),
    ("MOUNTAIN TIME", Tz::America__Denver),
    ("NEW ZEALAND STANDARD TIME", Tz::Pacific__Auckland),
    ("PACIFIC", Tz::America__Los_Angeles),
    ("PACIFIC STANDARD TIME", Tz::America__Los_Angeles),
    ("PACIFIC TIME", Tz::America__Los_Angeles),
    ("PARIS", Tz::Europe__Paris),
    ("ROMANCE STANDARD TIME", Tz::Europe__Paris),
    ("RUSSIAN STANDARD TIME", Tz::Europe__Moscow),
    ("SINGAPORE STANDARD TIME", Tz::Asia__Singapore),
    ("SOUTH AFRICA STANDARD TIME", Tz::Africa__Johannesburg),
    ("TAIPEI STANDARD TIME", Tz::Asia__Taipei),
    ("TOKYO STANDARD TIME", Tz::Asia__Tokyo),
    ("TURKEY STANDARD TIME", Tz::Europe__Istanbul),
    ("US MOUNTAIN STANDARD TIME", Tz::America__Phoenix),
    ("UTC", Tz::UTC),
    ("W. EUROPE STANDARD TIME", Tz::Europe__Berlin),
    ("Z", Tz::UTC),
];

/// The zone of that name: an IANA name, a name of Windows or one for people.
pub(crate) fn named(name: &str) -> Option<Zone> {
    let name = name.trim();
    if let Ok(zone) = name.parse() {
        return Some(Zone::Named(zone));
    }
    let capitals = name.to_ascii_uppercase();
    if let Ok(found) = NAMES.binary_search_by_key(&capitals.as_str(), |(name, _)| name) {
        return NAMES.get(found).map(|&(_, zone)| Zone::Named(zone));
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
            ("GMT", Some(Tz::GMT)),
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
