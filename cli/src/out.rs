//! Standard output and standard error, whose readers may go away (`| head -1`). Nothing panics then, as `println!` would:
//! what is printed is dropped, a command that works goes on working, and one that only prints ends.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::process::exit;

/// Prints a line; the answer is whether somebody still reads.
pub(crate) fn line(value: impl Display) -> bool {
    text(format_args!("{value}\n"))
}

/// Prints a line, for a command that has more to do than to print.
pub(crate) fn say(value: impl Display) {
    line(value);
}

/// Prints a text that has its line ends; the answer is whether somebody still reads.
pub(crate) fn text(value: impl Display) -> bool {
    let mut out = io::stdout().lock();
    match write!(out, "{value}").and_then(|()| out.flush()) {
        Ok(()) => true,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => false,
        Err(error) => {
            complain(format_args!("noticeboard: cannot write to standard output: {error}"));
            exit(1)
        }
    }
}

/// Says on standard error what is wrong. Where nobody reads that, nobody can be told.
pub(crate) fn complain(value: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{value}");
}
