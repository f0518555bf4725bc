//! Structured lines on standard error: one JSON object a message.

use std::io::Write;

use crate::cloud_event::CloudEvent;
use crate::settings::Payload;

/// Writes a message as one line, whole.
pub(crate) fn send(payload: Payload, event: &CloudEvent) -> Result<(), String> {
    let mut line = payload.within(event, usize::MAX)?;
    line.push('\n');
    std::io::stderr().lock().write_all(line.as_bytes()).map_err(|error| error.to_string())
}
