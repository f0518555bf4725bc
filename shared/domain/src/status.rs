//! Statuses and impact levels, with the labels and colours that NetBox Notices gives them.

use serde::{Deserialize, Serialize};

macro_rules! choices {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $value:literal, $label:literal, $colour:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $(
                #[doc = $label]
                #[serde(rename = $value)]
                $variant,
            )*
        }

        impl $name {
            /// Every value, in the order in which clients list them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The value on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $value,)* }
            }

            /// The label for people.
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }

            /// The colour's name, as NetBox knows it.
            pub fn colour(self) -> &'static str {
                match self { $(Self::$variant => $colour,)* }
            }

            /// The value from the wire, to the letter.
            pub fn parse(text: &str) -> Result<Self, String> {
                match text {
                    $($value => Ok(Self::$variant),)*
                    other => Err(format!("\"{other}\" is not a valid choice.")),
                }
            }
        }
    };
}

choices! {
    /// Where a maintenance stands.
    MaintenanceStatus {
        Tentative = "TENTATIVE", "Tentative", "yellow";
        Confirmed = "CONFIRMED", "Confirmed", "green";
        Cancelled = "CANCELLED", "Cancelled", "gray";
        InProcess = "IN-PROCESS", "In-Progress", "orange";
        Completed = "COMPLETED", "Completed", "indigo";
        Rescheduled = "RE-SCHEDULED", "Rescheduled", "teal";
        Unknown = "UNKNOWN", "Unknown", "blue";
    }
}

choices! {
    /// Where an outage stands.
    OutageStatus {
        Reported = "REPORTED", "Reported", "red";
        Investigating = "INVESTIGATING", "Investigating", "orange";
        Identified = "IDENTIFIED", "Identified", "yellow";
        Monitoring = "MONITORING", "Monitoring", "blue";
        Resolved = "RESOLVED", "Resolved", "green";
    }
}

choices! {
    /// How hard an event hits an object, from least to worst.
    ImpactLevel {
        NoImpact = "NO-IMPACT", "No-Impact", "green";
        ReducedRedundancy = "REDUCED-REDUNDANCY", "Reduced Redundancy", "yellow";
        Degraded = "DEGRADED", "Degraded", "orange";
        Outage = "OUTAGE", "Outage", "red";
    }
}

/// The status of either kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Of a maintenance.
    Maintenance(MaintenanceStatus),
    /// Of an outage.
    Outage(OutageStatus),
}

impl Status {
    /// The value on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Maintenance(status) => status.as_str(),
            Self::Outage(status) => status.as_str(),
        }
    }

    /// The label for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Maintenance(status) => status.label(),
            Self::Outage(status) => status.label(),
        }
    }

    /// The colour's name.
    pub fn colour(self) -> &'static str {
        match self {
            Self::Maintenance(status) => status.colour(),
            Self::Outage(status) => status.colour(),
        }
    }

    /// Whether the event's impacts are frozen (behaviours L7): COMPLETED, CANCELLED, RESOLVED. A rescheduled
    /// maintenance is not.
    pub fn freezes_impacts(self) -> bool {
        match self {
            Self::Maintenance(status) => match status {
                MaintenanceStatus::Completed | MaintenanceStatus::Cancelled => true,
                MaintenanceStatus::Tentative
                | MaintenanceStatus::Confirmed
                | MaintenanceStatus::InProcess
                | MaintenanceStatus::Rescheduled
                | MaintenanceStatus::Unknown => false,
            },
            Self::Outage(status) => match status {
                OutageStatus::Resolved => true,
                OutageStatus::Reported
                | OutageStatus::Investigating
                | OutageStatus::Identified
                | OutageStatus::Monitoring => false,
            },
        }
    }
}
