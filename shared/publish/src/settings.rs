//! Who is told: the brokers, as `NOTICEBOARD_BROKERS` sets them up.
//!
//! One JSON object, in which each broker has its name. `serve` wants all of it to be right before anything is sent. On
//! Lambda a broker that is wrong is left out, and its messages wait in its queue.
//!
//! | setting | of | means | default |
//! |---|---|---|---|
//! | `type` | all | `log`, `sns`, `syslog`, `redis` or `webhook` | |
//! | `topics` | all | `{"include": […], "exclude": […]}`: globs; what is excluded is not sent | everything |
//! | `payload` | all | `cloudevent`, or `bare` for the payload alone | `cloudevent` |
//! | `pauses` | all | seconds between the attempts to send a message; after one more it is a dead letter | an hour; `webhook`: two and a half days |
//! | `topic` | `sns` | the topic's ARN; one that ends in `.fifo` is a FIFO topic | |
//! | `url` | `syslog` | `unix:/path` (datagrams or stream), `udp://host:port`, `tcp://host:port` (octet counting) | `unix:/dev/log` |
//! | `facility` | `syslog` | `kern`, `user`, `daemon`, `local0`, … | `local0` |
//! | `severity` | `syslog` | `emerg`, `alert`, `crit`, `err`, `warning`, `notice`, `info` or `debug` | `info` |
//! | `url` | `redis` | `redis://[user:password@]host[:port]`; `rediss://` for TLS; or `env:NAME` | |
//! | `url` | `webhook` | `https://…`; `http://…` only to private addresses | |
//! | `secrets` | `webhook` | what to sign with, each `whsec_` and the base64 of 24 to 64 random bytes, or `env:NAME`; two of them while one replaces the other | |
//! | `allow_private` | `webhook` | whether it may go to loopback and private networks | `false` |

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::pauses::Pauses;
use crate::redis::RedisSettings;
use crate::sns::SnsSettings;
use crate::syslog::SyslogSettings;
use crate::topics::{TopicSettings, Topics};
use crate::webhook::WebhookSettings;

/// A broker's name: letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BrokerName(String);

impl fmt::Display for BrokerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl BrokerName {
    /// Longest name, in characters.
    pub const MAX: usize = 40;

    /// Reads a name.
    ///
    /// # Errors
    /// Says what a name is.
    pub fn parse(name: &str) -> Result<Self, String> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || name.len() > Self::MAX || !name.chars().all(fits) {
            return Err(format!("a name is 1 to {} letters, digits, - or _", Self::MAX));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a broker sends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Payload {
    /// The CloudEvent with the payload as its `data`.
    #[default]
    CloudEvent,
    /// The payload of the Nautobot contract alone.
    Bare,
}

/// The kinds of brokers, by `type`, each with its own settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrokerKind {
    /// Structured lines on standard error.
    Log {},
    /// An SNS topic, standard or FIFO.
    Sns(SnsSettings),
    /// RFC 5424 messages to a socket or a host.
    Syslog(SyslogSettings),
    /// Redis Pub/Sub.
    Redis(RedisSettings),
    /// A signed POST.
    Webhook(WebhookSettings),
}

impl BrokerKind {
    /// Every kind.
    pub const ALL: [&str; 5] = ["log", "sns", "syslog", "redis", "webhook"];

    /// The kind's name: `type` in the settings, and part of the name of the variable that gives Lambda its queue.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Log {} => "log",
            Self::Sns(_) => "sns",
            Self::Syslog(_) => "syslog",
            Self::Redis(_) => "redis",
            Self::Webhook(_) => "webhook",
        }
    }

    /// The variable that gives Lambda the queue of the brokers of this kind.
    pub fn queue_variable(&self) -> String {
        queue_variable(self.as_str())
    }

    fn pauses(&self) -> Pauses {
        match self {
            Self::Log {} | Self::Sns(_) | Self::Syslog(_) | Self::Redis(_) => Pauses::of_a_service(),
            Self::Webhook(_) => Pauses::of_a_webhook(),
        }
    }

    /// The settings of a kind; `variable` reads the environment, for secrets that are kept there.
    fn read(kind: &str, own: Settings, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        match kind {
            "sns" => {
                let settings: SnsSettings = typed(own)?;
                settings.check()?;
                Ok(Self::Sns(settings))
            }
            "syslog" => {
                let settings: SyslogSettings = typed(own)?;
                settings.check()?;
                Ok(Self::Syslog(settings))
            }
            "redis" => {
                let mut settings: RedisSettings = typed(own)?;
                settings.check(variable)?;
                Ok(Self::Redis(settings))
            }
            "webhook" => {
                let mut settings: WebhookSettings = typed(own)?;
                settings.check(variable)?;
                Ok(Self::Webhook(settings))
            }
            _ => typed(own).map(|NoSettings {}| Self::Log {}),
        }
    }
}

/// What a kind has that needs nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoSettings {}

/// One broker, as it is set up.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokerSettings {
    /// Its name.
    pub name: BrokerName,
    /// What it is.
    pub kind: BrokerKind,
    /// What it is told of.
    pub topics: Topics,
    /// What it sends.
    pub payload: Payload,
    /// What happens to a message that it cannot send.
    pub pauses: Pauses,
}

/// What every kind of broker has.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Common {
    topics: TopicSettings,
    payload: Payload,
    pauses: Option<Vec<f64>>,
}

/// The settings of [`Common`], which are not the kind's own.
const COMMON: [&str; 3] = ["topics", "payload", "pauses"];

impl Common {
    fn read(settings: Settings) -> Result<Self, String> {
        // A list would be taken for the fields in their order.
        if settings.get("topics").is_some_and(|topics| !topics.is_object()) {
            return Err(r#"topics: not an object such as {"include": ["noticeboard.status.*"]}"#.into());
        }
        typed(settings)
    }
}

/// A JSON object, as it stands in `NOTICEBOARD_BROKERS`.
type Settings = serde_json::Map<String, serde_json::Value>;

impl BrokerSettings {
    /// Reads `NOTICEBOARD_BROKERS`: a JSON object, or `@` and the path of a file with one. `variable` reads the
    /// environment.
    ///
    /// # Errors
    /// One line that names the broker, the setting and what it should be.
    pub fn read(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Self>, String> {
        Self::read_each(text, variable)?.into_iter().collect()
    }

    /// The same, each broker by itself: for who goes on with those that are right.
    ///
    /// # Errors
    /// When it is no JSON object of brokers.
    pub fn read_each(
        text: &str,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Vec<Result<Self, String>>, String> {
        each(text, |name, settings| Self::read_one(name, settings, variable))
    }

    fn read_one(name: &str, mut settings: Settings, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        let name = BrokerName::parse(name)?;
        let kind = kind(&settings)?;
        settings.remove("type");
        let (common, own): (Settings, Settings) =
            settings.into_iter().partition(|(key, _)| COMMON.contains(&key.as_str()));
        let common = Common::read(common)?;
        let kind = BrokerKind::read(kind, own, variable)?;
        Ok(Self {
            name,
            topics: Topics::read(&common.topics)?,
            payload: common.payload,
            pauses: common.pauses.map_or_else(|| Ok(kind.pauses()), |seconds| Pauses::read(&seconds))?,
            kind,
        })
    }
}

/// What must be known of a broker to keep messages for it, whether or not it can be sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its name.
    pub name: BrokerName,
    /// What it is told of.
    pub topics: Topics,
    kind: &'static str,
}

impl Subscription {
    /// Reads each broker of `NOTICEBOARD_BROKERS` by itself. One whose topics are wrong is told of everything: what is
    /// too much can be discarded, what was never kept is lost.
    ///
    /// # Errors
    /// When it is no JSON object of brokers; of one broker, when it has no right name or kind.
    pub fn read_each(text: &str) -> Result<Vec<Result<Self, String>>, String> {
        each(text, |name, mut settings| {
            let (name, kind) = (BrokerName::parse(name)?, kind(&settings)?);
            settings.retain(|key, _| key == "topics");
            let topics = Common::read(settings).and_then(|common| Topics::read(&common.topics));
            Ok(Self { name, topics: topics.unwrap_or_default(), kind })
        })
    }

    /// The variable that gives Lambda the broker's queue.
    pub fn queue_variable(&self) -> String {
        queue_variable(self.kind)
    }
}

fn queue_variable(kind: &str) -> String {
    format!("NOTICEBOARD_QUEUE_{}", kind.to_ascii_uppercase())
}

/// Reads the brokers of `NOTICEBOARD_BROKERS` by their names, each by itself.
fn each<T>(text: &str, read: impl Fn(&str, Settings) -> Result<T, String>) -> Result<Vec<Result<T, String>>, String> {
    let wrong = |detail: String| format!("NOTICEBOARD_BROKERS: {detail}");
    let file;
    let text = match text.trim().strip_prefix('@') {
        Some(path) => {
            file = std::fs::read_to_string(path).map_err(|error| wrong(format!("cannot read {path}: {error}")))?;
            file.as_str()
        }
        None => text,
    };
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let brokers: BTreeMap<String, serde_json::Value> = serde_json::from_str(text).map_err(|error| {
        wrong(format!(r#"not a JSON object of brokers, such as {{"log": {{"type": "log"}}}}: {error}"#))
    })?;
    let read = |(name, settings): (String, serde_json::Value)| {
        let broker = if let serde_json::Value::Object(settings) = settings {
            read(&name, settings)
        } else {
            Err(r#"not an object of settings, such as {"type": "log"}"#.into())
        };
        broker.map_err(|error| wrong(format!("{name}: {error}")))
    };
    Ok(brokers.into_iter().map(read).collect())
}

/// A broker's kind.
fn kind(settings: &Settings) -> Result<&'static str, String> {
    let kind = settings.get("type").and_then(serde_json::Value::as_str).unwrap_or_default();
    let known = BrokerKind::ALL.into_iter().find(|known| *known == kind);
    known.ok_or_else(|| format!("type '{kind}' is not a kind of broker; use one of {}", BrokerKind::ALL.join(", ")))
}

/// Reads settings; an error names the one that is wrong.
fn typed<T: DeserializeOwned>(settings: Settings) -> Result<T, String> {
    serde_path_to_error::deserialize(serde_json::Value::Object(settings)).map_err(|error| {
        let path = error.path().to_string();
        let of = if path == "." { String::new() } else { format!("{path}: ") };
        format!("{of}{}", error.into_inner())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
