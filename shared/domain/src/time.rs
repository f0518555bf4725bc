//! Times are UTC with microseconds; the zone that a notice named is kept beside them.

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};

/// A point in time, UTC.
pub type Time = DateTime<Utc>;

/// A time as it is stored: whole microseconds.
pub fn stored(time: Time) -> Time {
    time.trunc_subsecs(6)
}

/// A time as the wire carries it: RFC 3339 in UTC with `Z`, and six digits of fraction where there is one.
pub fn rfc3339(time: Time) -> String {
    let format = if time.timestamp_subsec_micros() == 0 { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S%.6fZ" };
    time.format(format).to_string()
}

/// The IANA name of the zone in which a notice gave its times, at most 63 characters; empty when it is not known.
///
/// Any text is accepted, as NetBox Notices does; [`OriginalTimezone::zone`] says whether it names a zone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OriginalTimezone(String);

impl OriginalTimezone {
    /// Longest accepted name, in characters.
    pub const MAX: usize = 63;

    /// Takes a name as it came from a client.
    pub fn parse(text: &str) -> Result<Self, String> {
        crate::fields::bounded(text, Self::MAX).map(Self)
    }

    /// The zone, where the text names one.
    pub fn zone(&self) -> Option<chrono_tz::Tz> {
        self.0.parse().ok()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<chrono_tz::Tz> for OriginalTimezone {
    fn from(zone: chrono_tz::Tz) -> Self {
        Self(zone.name().to_owned())
    }
}
