//! Time zones by the names that calendars and mails give them.

mod names;
mod windows;
mod written;

use chrono::{Duration, FixedOffset, LocalResult, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use noticeboard_domain::time::Time;

pub(crate) use names::named;
pub(crate) use written::{LOCAL, ZoneName, offset};

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
