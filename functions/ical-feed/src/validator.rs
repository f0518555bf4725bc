//! The validators of a calendar, and the conditions that callers put on them (RFC 9110 sections 8.8 and 13.1).
//!
//! A validator is a hash of what was asked and of the table's stamps, with two times beside it: when the calendar last
//! changed, and until when it stays as it is unless something is written. So the validator that a caller sends back
//! tells all that is needed to answer it, whichever process is asked and whether or not it has seen the calendar.

use axum::http::{HeaderMap, header};
use chrono::{DateTime, NaiveDateTime};
use noticeboard_app::Stamps;
use noticeboard_domain::time::Time;
use sha2::{Digest, Sha256};

/// Bytes of the hash: two calendars have the same one by chance never.
const HASH_BYTES: usize = 16;

/// What tells whether a copy of a calendar is the present one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Validator {
    hash: String,
    /// When the calendar last changed, in seconds.
    changed: i64,
    /// Until when it stays as it is, in microseconds.
    until: i64,
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Validator {
    pub(crate) fn new(question: &str, stamps: &Stamps, changed: Time, until: Time) -> Self {
        Self::of(question, stamps, changed.timestamp(), until.timestamp_micros())
    }

    fn of(question: &str, stamps: &Stamps, changed: i64, until: i64) -> Self {
        let hashed = Sha256::digest(format!("{question}\n{}\n{changed}\n{until}", stamps.text()));
        Self { hash: hex(&hashed[..HASH_BYTES]), changed, until }
    }

    /// `"<hash>.<changed>.<until>"`.
    pub(crate) fn tag(&self) -> String {
        format!("\"{}.{:x}.{:x}\"", self.hash, self.changed, self.until)
    }

    /// Reads what [`Validator::tag`] wrote; none for a tag of anything else.
    pub(crate) fn read(tag: &str) -> Option<Self> {
        let mut parts = tag.strip_prefix('"')?.strip_suffix('"')?.split('.');
        let hash = parts.next()?.to_owned();
        let mut number = || i64::from_str_radix(parts.next()?, 16).ok();
        let (changed, until) = (number()?, number()?);
        parts.next().is_none().then_some(Self { hash, changed, until })
    }

    /// Whether it is that of the present calendar.
    pub(crate) fn holds(&self, question: &str, stamps: &Stamps, now: Time) -> bool {
        self.is_due(now) && *self == Self::of(question, stamps, self.changed, self.until)
    }

    /// Whether time alone has left the calendar as it was.
    pub(crate) fn is_due(&self, now: Time) -> bool {
        now.timestamp_micros() < self.until
    }

    /// When the calendar last changed, in whole seconds of Unix time.
    pub(crate) fn changed(&self) -> i64 {
        self.changed
    }

    /// The same as a header has it.
    pub(crate) fn last_modified(&self) -> String {
        let time: Time = DateTime::from_timestamp(self.changed, 0).unwrap_or_default();
        time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }
}

/// The validators of the copies that a caller has; none when it lists none, and then other conditions count.
pub(crate) fn tags(headers: &HeaderMap) -> Option<Vec<String>> {
    let lines = headers.get_all(header::IF_NONE_MATCH);
    let tags = lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    let tags = tags.map(|tag| tag.trim().trim_start_matches("W/").to_owned()).collect();
    headers.contains_key(header::IF_NONE_MATCH).then_some(tags)
}

/// The time after which a caller wants to know of changes, in whole seconds of Unix time; none when it names none, or
/// not as HTTP writes times (RFC 9110 section 5.6.7).
pub(crate) fn since(headers: &HeaderMap) -> Option<i64> {
    let text = headers.get(header::IF_MODIFIED_SINCE)?.to_str().ok()?;
    let forms = ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let time = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
    Some(time.and_utc().timestamp())
}
