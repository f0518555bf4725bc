//! Where every field of a notice came from, as lines for people.

use std::fmt::Write;

use crate::{KNOWN_FORMAT, Origin, Outcome, Reading, thread::Thread};

/// Every mail of a thread, with its notices and where their fields came from.
pub fn thread(thread: &Thread) -> String {
    thread.readings.iter().map(reading).collect()
}

/// One mail.
fn reading(reading: &Reading) -> String {
    let mut text =
        format!("{}\n", if reading.mail.subject.is_empty() { "(no subject)" } else { &reading.mail.subject });
    match &reading.outcome {
        Outcome::NotUnderstood(reason) => {
            let _ = writeln!(text, "  not understood: {reason}");
        }
        Outcome::Notices { format, provider_known_by_sender, confidence, notices, origins } => {
            let sender =
                if *provider_known_by_sender { "the sender is the provider's" } else { "the sender proves nothing" };
            let sure = if *confidence == KNOWN_FORMAT { String::new() } else { format!(", {confidence} % sure") };
            let _ = writeln!(text, "  format {format}{sure}; {sender}");
            for (number, (notice, origins)) in notices.iter().zip(origins).enumerate() {
                let backup = if notice.backup { " (backup)" } else { "" };
                let _ = writeln!(
                    text,
                    "  notice {}: {} {} {}{backup}",
                    number + 1,
                    notice.provider.slug,
                    notice.maintenance_id,
                    notice.status_text()
                );
                let _ = writeln!(
                    text,
                    "    {} to {}",
                    notice.start.format("%Y-%m-%d %H:%MZ"),
                    notice.end.map_or("open".to_owned(), |end| end.format("%Y-%m-%d %H:%MZ").to_string()),
                );
                for origin in origins {
                    text.push_str(&line(origin));
                }
            }
        }
    }
    text
}

fn line(origin: &Origin) -> String {
    let value = origin.text.replace('\n', " ⏎ ");
    format!("    {:<15} {}{}{value}\n", origin.field, origin.place, if value.is_empty() { "" } else { ": " })
}
