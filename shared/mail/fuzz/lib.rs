//! What every fuzz target does with a mail: it reads it in each way that a caller has. A panic, an overflow or a mail
//! that takes longer than libFuzzer's `-timeout` is a finding.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use noticeboard_mail::{Context, Formats, explain, json, read_thread};

static FORMATS: LazyLock<Formats> = LazyLock::new(Formats::new);

/// Reads a mail, and says of it what `noticeboard parse` would say.
pub fn read(raw: &[u8]) {
    let context = Context { received: DateTime::<Utc>::UNIX_EPOCH, hint: None };
    let thread = read_thread(&[raw], &context, &FORMATS);
    for notice in thread.notices() {
        if let Some(end) = notice.end {
            assert!(notice.start <= end, "{notice:?}");
        }
    }
    let _ = json::notices(&thread.notices()).to_string();
    let _ = explain::thread(&thread).to_string();
}

/// A mail that consists of these bytes, as its headers say what they are.
pub fn mail_of(headers: &str, content: &[u8]) -> Vec<u8> {
    let mut raw = format!("From: noc@carrier.example\r\nSubject: Planned maintenance\r\n{headers}\r\n\r\n").into_bytes();
    raw.extend_from_slice(content);
    raw
}
