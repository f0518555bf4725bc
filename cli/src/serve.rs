//! `noticeboard serve`.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use noticeboard_app::{Clock, Settings};
use noticeboard_local::{Running, ServeOptions, Storage};
use noticeboard_publish::BrokerSettings;

use crate::variable;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The folder that keeps the data.
    #[arg(long, default_value = "data", conflicts_with = "memory")]
    data: PathBuf,
    /// Keep everything in memory: it is gone when the program ends.
    #[arg(long)]
    memory: bool,
    /// Use the DynamoDB at this address (AWS, DynamoDB Local) in place of the embedded engine.
    #[arg(long, conflicts_with = "memory")]
    endpoint_url: Option<String>,
    /// Fill an empty table with demonstration data.
    #[arg(long)]
    demo: bool,
}

pub(crate) async fn run(options: Options) -> Result<ExitCode, String> {
    let storage = match (options.endpoint_url, options.memory) {
        (Some(url), _) => Storage::Endpoint { url, folder: options.data },
        (None, true) => Storage::Memory,
        (None, false) => Storage::Folder(options.data),
    };
    let running = Running::start(ServeOptions {
        listen: options.listen,
        storage,
        settings: Settings::read(variable)?,
        brokers: brokers()?,
        base_url: variable("NOTICEBOARD_BASE_URL").map(|url| url.trim_end_matches('/').to_owned()),
        demo: options.demo,
        table: variable("NOTICEBOARD_TABLE"),
        clock: Clock::system(),
    })
    .await
    .map_err(|error| error.to_string())?;
    let url = format!("http://{}/", running.address);
    let mut out = std::io::stdout().lock();
    // A closed standard output is no reason not to serve.
    if let Some(token) = &running.new_token {
        let _ = writeln!(out, "An administrator's token, shown this once: {token}");
    }
    let _ = writeln!(out, "Noticeboard is ready: {url}");
    let _ = out.flush();
    drop(out);
    running.until(stop_signal()).await?;
    Ok(ExitCode::SUCCESS)
}

/// Who is told of changes: `NOTICEBOARD_BROKERS`, or a log.
pub(crate) fn brokers() -> Result<Vec<BrokerSettings>, String> {
    let brokers = variable("NOTICEBOARD_BROKERS").unwrap_or_else(|| r#"{"log": {"type": "log"}}"#.into());
    BrokerSettings::read(&brokers, &variable)
}

/// Ctrl-C, or the signal that service managers send.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};

    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
