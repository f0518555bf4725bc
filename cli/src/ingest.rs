//! `noticeboard ingest`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use noticeboard_app::{Settings, Trust};
use noticeboard_local::Storage;

use crate::out;
use crate::server::Server;
use crate::variable;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The data folder to write to, while nothing serves it. Without it, the server at `NOTICEBOARD_URL` takes the
    /// mails in, with `NOTICEBOARD_TOKEN`.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Mails, each a whole message.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Prints one line of JSON for each file. The exit code is 1 when one was not taken in.
pub(crate) async fn run(options: &Options) -> Result<ExitCode, String> {
    let server = Server::from_environment()?;
    let app = match (&options.data, &server) {
        (Some(folder), _) => {
            let settings = Settings::read(variable)?;
            let opened = noticeboard_local::open(&Storage::Folder(folder.clone()), settings).await;
            Some(opened.map_err(|error| error.to_string())?)
        }
        (None, Some(_)) => None,
        (None, None) => return Err("say where to: --data DIR, or NOTICEBOARD_URL with NOTICEBOARD_TOKEN".into()),
    };
    let mut code = ExitCode::SUCCESS;
    for file in &options.files {
        let raw = std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        let answer = match (&app, &server) {
            (Some(app), _) => {
                let trust = Trust::HandedIn("noticeboard ingest".into());
                let done = app.ingest("noticeboard ingest", raw, None, trust).await;
                done.map(|done| serde_json::json!(noticeboard_http::wire::notification::ingested("", &done)))
                    .map_err(|error| format!("{error} {}", error.detail().unwrap_or_default()))
            }
            (None, Some(server)) => {
                let (status, body) =
                    server.call("POST", "/api/plugins/notices/inbound-mail/", "message/rfc822", &raw)?;
                if (200..300).contains(&status) { Ok(body) } else { Err(format!("{status} {body}")) }
            }
            (None, None) => Err("nowhere to".into()),
        };
        match answer {
            Ok(answer) => out::say(answer),
            Err(error) => {
                out::complain(format_args!("{}: {error}", file.display()));
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}
