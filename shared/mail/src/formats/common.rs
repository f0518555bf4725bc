//! Labels that mean the same to most who write notices: for mails in no format of a provider's own.

/// The ticket.
pub(super) const IDS: &[&str] = &[
    "Ticket Number", "Ticket No", "Ticket No.", "Ticket ID", "Ticket #", "Ticket#", "Ticket", "Incident Number",
    "Incident ID", "Incident", "Case Number", "Case ID", "Case", "Maintenance ID", "Maintenance Number",
    "Maintenance Reference", "Maintenance #", "Change Number", "Change ID", "Change Reference", "Change Request",
    "Change #", "Event ID", "Event Number", "Event", "Work Order", "Work Order Number", "Work Order #", "PW Reference",
    "Reference Number", "Reference No", "Reference ID", "Our Reference", "Reference", "Ref", "Ref.", "Fault ID",
    "Fault Ticket", "Disturbance ID", "Notification ID", "Notification Number", "Ticket reference", "ID",
];

/// The start of a window or of a fault.
pub(super) const STARTS: &[&str] = &[
    "Start Date & Time…", "Start Date and Time…", "Start Date/Time…", "Start time…", "Start date…", "Scheduled Start…",
    "Planned Start…", "Maintenance Start…", "Window Start…", "Outage Start…", "Incident Start…", "Event Start…",
    "Fault Start…", "Begin…", "Beginning…", "Starts…", "Start…", "From",
];

/// The end of a window or of a fault.
pub(super) const ENDS: &[&str] = &[
    "End Date & Time…", "End Date and Time…", "End Date/Time…", "End time…", "End date…", "Finish time…", "Finish…",
    "Scheduled End…", "Planned End…", "Maintenance End…", "Window End…", "Outage End…", "Incident End…", "Event End…",
    "Fault End…", "Restoration time…", "Restored at", "Resolved at", "Ends…", "End…", "To", "Until",
];

/// A window on one line.
pub(super) const WINDOWS: &[&str] = &[
    "Maintenance Window…", "Activity Window…", "Work Window…", "Service Window…", "Time Window…", "Change Window…",
    "Outage Window…", "Planned Window…", "Window…", "Maintenance Time…", "Maintenance Date…", "Date and Time…",
    "Date/Time…", "Schedule…", "Date & Time…", "Timeframe…", "Time Frame…", "Period…", "When…", "Time…", "Date…",
];

/// The circuits.
pub(super) const CIRCUITS: &[&str] = &[
    "Circuit ID(s)", "Circuit ID", "Circuit IDs", "Circuits", "Circuit(s)", "Circuit", "Affected Circuits",
    "Affected Circuit", "Affected Circuit(s)", "Circuits Affected", "Circuit(s) Affected", "Impacted Circuits",
    "Circuits Impacted", "Circuit Number", "Service ID(s)", "Service ID", "Service IDs", "Services", "Service(s)",
    "Affected Services", "Affected Service", "Affected Service(s)", "Services Affected", "Service(s) Affected",
    "Impacted Services", "Impacted Service", "Service(s) Impacted", "Services Impacted", "Service Number", "Service",
    "Affected Connections", "Line ID", "CID",
];

/// How hard it hits.
pub(super) const IMPACTS: &[&str] =
    &["Expected Impact", "Service Impact", "Customer Impact", "Impact Level", "Impact Type", "Impact Description", "Impact"];

/// Where it stands.
pub(super) const STATUSES: &[&str] =
    &["Status", "Ticket Status", "Maintenance Status", "Event Status", "Incident Status", "Current Status", "Activity Status"];

/// When a fault is expected to be repaired.
pub(super) const REPAIRS: &[&str] = &[
    "ETR", "ETTR", "ETA", "Estimated time to repair", "Estimated time to restore", "Estimated time of repair",
    "Estimated time of restoration", "Estimated repair time", "Estimated restoration time", "Estimated restoration",
    "Estimated resolution time", "Estimated resolution", "Estimated Time to Resolution", "Expected resolution",
    "Expected repair time", "Expected restoration", "Estimated Service Restoration", "Estimated time for repair",
];

/// The account.
pub(super) const ACCOUNTS: &[&str] = &["Account", "Account Number", "Account ID", "Customer Account", "Customer", "Customer Name"];

/// What it is.
pub(super) const SUMMARIES: &[&str] = &[
    "Summary", "Description", "Reason for Maintenance", "Reason", "Work Description", "Maintenance Description",
    "Description of Work", "Purpose", "Activity", "Details",
];
