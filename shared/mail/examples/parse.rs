//! Prints the notices of mails as `noticeboard parse` does, without the rest of the program.
//!
//! `cargo run -p noticeboard-mail --example parse -- [--explain] [--provider NAME] FILE …`

#![allow(clippy::unwrap_used, reason = "an example")]

use noticeboard_mail::{Context, Formats, Reading, explain, json, read_thread};

fn main() {
    let (mut hint, mut is_explained, mut files) = (None, false, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--provider" => hint = arguments.next(),
            "--explain" => is_explained = true,
            _ => files.push(std::fs::read(argument).unwrap()),
        }
    }
    let context = Context { received: chrono::DateTime::UNIX_EPOCH, hint: hint.as_deref() };
    let raws: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let thread = read_thread(&raws, &context, &Formats::new());
    if is_explained {
        print!("{}", explain::thread(&thread));
    } else {
        println!("{}", json::notices(&thread.notices()));
    }
    for reason in thread.readings.iter().filter_map(Reading::reason) {
        eprintln!("{reason}");
    }
}
