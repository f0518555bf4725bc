//! Identifiers: positive integers below 2^53, so that JavaScript can hold them, increasing in time without a counter.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One more than the largest id: 2^53.
pub const ID_LIMIT: u64 = 1 << 53;

/// Milliseconds from the Unix epoch to 2020-01-01T00:00:00Z, where minted ids begin to count.
const MINT_EPOCH_MS: i64 = 1_577_836_800_000;

/// Low bits of a minted id that tell apart the ids of one millisecond.
const SEQUENCE_BITS: u32 = 12;

macro_rules! id_type {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "u64", into = "u64")]
        pub struct $name(u64);

        impl $name {
            /// The id as a number.
            pub fn get(self) -> u64 {
                self.0
            }
        }

        impl TryFrom<u64> for $name {
            type Error = String;

            fn try_from(value: u64) -> Result<Self, String> {
                if value == 0 || value >= ID_LIMIT {
                    return Err(format!("An id is a whole number from 1 to {}.", ID_LIMIT - 1));
                }
                Ok(Self(value))
            }
        }

        impl From<$name> for u64 {
            fn from(id: $name) -> u64 {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let value: u64 = text.parse().map_err(|_| "A valid integer is required.".to_owned())?;
                Self::try_from(value)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

id_type! {
    /// A maintenance or an outage. Both draw from one source, so an id names one event whatever its kind.
    EventId;
    /// An impact: one event on one object.
    ImpactId;
    /// A received mail, as kept with its event.
    EventNotificationId;
    /// A provider.
    ProviderId;
    /// Any object of the inventory, or of Noticeboard itself; see [`crate::object::ObjectRef`] for its type.
    ObjectId;
    /// One change of one object. Minted by whoever makes the change, so that a replay of it keeps its id.
    ChangeId;
    /// A mail that waits for a person.
    ReviewId;
    /// A token.
    TokenId;
    /// One run of a job.
    JobId;
}

impl From<ProviderId> for ObjectId {
    fn from(id: ProviderId) -> Self {
        Self(id.0)
    }
}

impl From<EventId> for ObjectId {
    fn from(id: EventId) -> Self {
        Self(id.0)
    }
}

impl From<ImpactId> for ObjectId {
    fn from(id: ImpactId) -> Self {
        Self(id.0)
    }
}

impl From<EventNotificationId> for ObjectId {
    fn from(id: EventNotificationId) -> Self {
        Self(id.0)
    }
}

impl From<ObjectId> for ProviderId {
    fn from(id: ObjectId) -> Self {
        Self(id.0)
    }
}

impl From<ObjectId> for ImpactId {
    fn from(id: ObjectId) -> Self {
        Self(id.0)
    }
}

impl From<ObjectId> for EventNotificationId {
    fn from(id: ObjectId) -> Self {
        Self(id.0)
    }
}

impl From<ObjectId> for EventId {
    fn from(id: ObjectId) -> Self {
        Self(id.0)
    }
}

/// Mints ids: 41 bits of milliseconds since 2020 (enough until 2089), then 12 bits that start at random.
///
/// Ids from one mint rise strictly. Two mints (two Lambda instances) can give the same id only within one
/// millisecond; the store's conditional writes refuse the second, and the writer mints again.
#[derive(Debug, Default)]
pub struct IdMint {
    last: u64,
}

impl IdMint {
    /// The next id, given the time in milliseconds since the Unix epoch and a random number.
    pub fn next(&mut self, now_ms: i64, random: u16) -> u64 {
        let elapsed = u64::try_from(now_ms - MINT_EPOCH_MS).unwrap_or(0);
        // Half of the range stays free above the start, so that a burst within one millisecond still rises.
        let start = u64::from(random) & ((1 << (SEQUENCE_BITS - 1)) - 1);
        let fresh = (elapsed << SEQUENCE_BITS) | start;
        self.last = fresh.max(self.last + 1).min(ID_LIMIT - 1);
        self.last
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn minted_ids_rise_and_stay_below_the_limit(steps in prop::collection::vec((0i64..3, any::<u16>()), 1..500)) {
            let mut mint = IdMint::default();
            let (mut now, mut last) = (1_790_000_000_000, 0);
            for (step, random) in steps {
                now += step;
                let id = mint.next(now, random);
                prop_assert!(id > last);
                prop_assert!(id < ID_LIMIT);
                last = id;
            }
        }
    }

    #[test]
    fn a_clock_that_steps_back_does_not_lower_the_ids() {
        let mut mint = IdMint::default();
        let first = mint.next(1_790_000_000_000, 0);
        assert!(mint.next(1_789_999_000_000, 0) > first);
    }
}
