//! `noticeboard deadletters`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use noticeboard_publish::BrokerName;
use serde_json::{Value, json};

use crate::out;
use crate::place::Place;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The data folder, while nothing serves it: what is replayed is delivered when it is served again. Without it, the
    /// server at `NOTICEBOARD_URL` is asked, with an administrator's `NOTICEBOARD_TOKEN`.
    #[arg(long, global = true)]
    data: Option<PathBuf>,
    /// Only those of this broker.
    #[arg(long, global = true, value_parser = BrokerName::parse)]
    broker: Option<BrokerName>,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List them, oldest first: id, broker or reader, message, topic, attempts, since when, why. This is what happens
    /// without a word too.
    List,
    /// Show one with its message.
    Show {
        /// Its id.
        id: u64,
    },
    /// Have them tried again.
    Replay(Which),
    /// Remove them for good.
    Discard(Which),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// Their ids.
    ids: Vec<u64>,
    /// All that there are now, or all of the broker.
    #[arg(long)]
    all: bool,
}

const PATH: &str = "/api/plugins/notices/dead-letters/";
/// Dead letters that are read at once.
const PAGE: usize = 1000;

pub(crate) async fn run(options: Options) -> Result<ExitCode, String> {
    let place = Place::of_dead_letters(options.data).await?;
    let broker = options.broker;
    let one = |id: u64| format!("{PATH}{id}/");
    match options.action.unwrap_or(Action::List) {
        Action::List => list(&place, broker.as_ref()).await,
        Action::Show { id } => {
            out::say(format_args!("{:#}", place.call("GET", &one(id), Value::Null).await?));
            Ok(ExitCode::SUCCESS)
        }
        Action::Replay(Which { all: true, .. }) => all(&place, "replay", broker).await,
        Action::Discard(Which { all: true, .. }) => all(&place, "discard", broker).await,
        Action::Replay(Which { ids, .. }) => each(&place, ids, |id| ("POST", format!("{}replay/", one(id)))).await,
        Action::Discard(Which { ids, .. }) => each(&place, ids, |id| ("DELETE", one(id))).await,
    }
}

async fn list(place: &Place, broker: Option<&BrokerName>) -> Result<ExitCode, String> {
    let filter = broker.map(|broker| format!("&broker={broker}")).unwrap_or_default();
    let mut start = Some(0);
    while let Some(from) = start {
        let answer = place.call("GET", &format!("{PATH}?limit={PAGE}&start={from}{filter}"), Value::Null).await?;
        let letters = answer["results"].as_array().map(Vec::as_slice).unwrap_or_default();
        if !letters.iter().all(print) {
            break;
        }
        let last = letters.last().and_then(|letter| letter["id"].as_u64());
        start = last.filter(|_| !answer["next"].is_null()).map(|last| last + 1);
    }
    Ok(ExitCode::SUCCESS)
}

/// One after another; the exit code is 1 when one was not taken.
async fn each(
    place: &Place,
    ids: Vec<u64>,
    request: impl Fn(u64) -> (&'static str, String),
) -> Result<ExitCode, String> {
    let mut code = ExitCode::SUCCESS;
    for id in ids {
        let (method, path) = request(id);
        if let Err(error) = place.call(method, &path, Value::Null).await {
            out::complain(format_args!("{id}: {error}"));
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

/// All of a broker, or all that there are, part by part.
async fn all(place: &Place, verb: &str, broker: Option<BrokerName>) -> Result<ExitCode, String> {
    let (mut code, mut count) = (ExitCode::SUCCESS, 0);
    let mut which = broker.map_or(json!({"all": true}), |broker| json!({"broker": broker.as_str()}));
    while !which.is_null() {
        let answer = place.call("POST", &format!("{PATH}{verb}/"), which).await?;
        count += answer["count"].as_u64().unwrap_or(0);
        for failed in answer["failed"].as_array().into_iter().flatten() {
            let error = failed["error"].as_str().unwrap_or_default();
            out::complain(format_args!("{}: {error}", failed["id"]));
            code = ExitCode::FAILURE;
        }
        which = answer["next"].clone();
    }
    out::say(count);
    Ok(code)
}

fn print(letter: &Value) -> bool {
    let text = |name: &str| match &letter[name] {
        Value::String(text) => text.replace(['\t', '\n', '\r'], " "),
        Value::Null => "-".to_owned(),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other.to_string(),
    };
    let whose = text(if letter["kind"] == "queue" { "broker" } else { "reader" });
    let [id, message, topic] = ["id", "message", "topic"].map(text);
    let [attempts, created, error] = ["attempts", "created", "error"].map(text);
    out::line(format_args!("{id}\t{whose}\t{message}\t{topic}\t{attempts}\t{created}\t{error}"))
}
