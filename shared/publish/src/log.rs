//! Structured lines on standard error: one JSON object a message.

use std::io::Write;

use crate::cloud_event::CloudEvent;

/// Writes a message as one line, whole.
pub(crate) fn send(event: &CloudEvent) -> Result<(), String> {
    let mut line = serde_json::to_vec(event).map_err(|error| error.to_string())?;
    line.push(b'\n');
    std::io::stderr().lock().write_all(&line).map_err(|error| error.to_string())
}
