//! `noticeboard parse`: the mail crate, from the command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use noticeboard_app::Clock;
use noticeboard_mail::{Context, Formats, explain, json, read_thread};

use crate::out;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The provider that sent the mails, where that is known.
    #[arg(long)]
    provider: Option<String>,
    /// Say where every field came from, and what is missing, instead of printing JSON.
    #[arg(long)]
    explain: bool,
    /// A format of your own (shared/mail/FORMATS.md says how to write one). May be given several times.
    #[arg(long = "format", value_name = "FILE.toml")]
    formats: Vec<PathBuf>,
    /// An address or a domain of a provider: noc@carrier.example=Carrier. May be given several times.
    #[arg(long = "sender", value_name = "ADDRESS=PROVIDER")]
    senders: Vec<String>,
    /// Mails, each a whole message. Several are one thread.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Prints the notices of the thread that the files are as one array: what the newest says of each event. A mail that is
/// not understood is named on standard error, and makes the exit code 1.
pub(crate) fn run(options: &Options) -> Result<ExitCode, String> {
    let formats = formats(options)?;
    let read = |file: &PathBuf| std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()));
    let raws: Vec<Vec<u8>> = options.files.iter().map(read).collect::<Result<_, _>>()?;
    let raws: Vec<&[u8]> = raws.iter().map(Vec::as_slice).collect();
    let context = Context { received: Clock::system().now(), hint: options.provider.as_deref() };
    let thread = read_thread(&raws, &context, &formats);
    if options.explain {
        out::text(explain::thread(&thread));
    } else {
        let text =
            serde_json::to_string_pretty(&json::notices(&thread.notices())).map_err(|error| error.to_string())?;
        out::say(text);
    }
    let mut code = ExitCode::SUCCESS;
    for (file, reading) in options.files.iter().zip(&thread.readings) {
        if let Some(reason) = reading.reason() {
            out::complain(format_args!("{}: {reason}", file.display()));
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

/// The formats that are built in, with those of the command line.
fn formats(options: &Options) -> Result<Formats, String> {
    let mut formats = Formats::new();
    for file in &options.formats {
        let text = std::fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        formats.add(&text).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    for sender in &options.senders {
        let (address, provider) = sender
            .split_once('=')
            .ok_or_else(|| format!("--sender {sender} has no provider: write ADDRESS=PROVIDER"))?;
        formats.add_sender(address, provider)?;
    }
    Ok(formats)
}
