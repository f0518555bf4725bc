//! Who is told: the brokers, as `NOTICEBOARD_BROKERS` sets them up.
//!
//! One JSON object, in which each broker has its name. The whole of it is read and checked before anything is sent.
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
//! | `url` | `redis` | `redis://[user:password@]host[:port]`; `rediss://` for TLS | |
//! | `url` | `webhook` | `https://…`; `http://…` only to private addresses | |
//! | `secrets` | `webhook` | what to sign with, each `whsec_` and the base64 of 24 to 64 random bytes, or `env:NAME`; two of them while one replaces the other | |
//! | `allow_private` | `webhook` | whether it may go to loopback and private networks | `false` |

use std::collections::BTreeMap;
use std::fmt;

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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
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
        format!("NOTICEBOARD_QUEUE_{}", self.as_str().to_ascii_uppercase())
    }

    fn pauses(&self) -> Pauses {
        match self {
            Self::Log {} | Self::Sns(_) | Self::Syslog(_) | Self::Redis(_) => Pauses::of_a_service(),
            Self::Webhook(_) => Pauses::of_a_webhook(),
        }
    }

    /// What the types do not say; `variable` reads the environment, for secrets that are kept there.
    fn check(&mut self, variable: &dyn Fn(&str) -> Option<String>) -> Result<(), String> {
        match self {
            Self::Log {} => Ok(()),
            Self::Sns(settings) => settings.check(),
            Self::Syslog(settings) => settings.check(),
            Self::Redis(settings) => settings.check(),
            Self::Webhook(settings) => settings.check(variable),
        }
    }
}

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

impl BrokerSettings {
    /// Reads `NOTICEBOARD_BROKERS`: a JSON object, or `@` and the path of a file with one. `variable` reads the
    /// environment.
    ///
    /// # Errors
    /// One line that names the broker, the setting and what it should be.
    pub fn read(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Self>, String> {
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
        let brokers: BTreeMap<String, serde_json::Map<String, serde_json::Value>> = serde_json::from_str(text)
            .map_err(|error| {
                wrong(format!(r#"not a JSON object of brokers, such as {{"log": {{"type": "log"}}}}: {error}"#))
            })?;
        let read = |(name, settings): (String, _)| {
            let broker = Self::read_one(&name, settings, variable);
            broker.map_err(|error| wrong(format!("{name}: {error}")))
        };
        brokers.into_iter().map(read).collect()
    }

    fn read_one(
        name: &str,
        settings: serde_json::Map<String, serde_json::Value>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let name = BrokerName::parse(name)?;
        let kind = settings.get("type").and_then(serde_json::Value::as_str).unwrap_or_default();
        if !BrokerKind::ALL.contains(&kind) {
            return Err(format!("type '{kind}' is not a kind of broker; use one of {}", BrokerKind::ALL.join(", ")));
        }
        let (common, own): (serde_json::Map<_, _>, serde_json::Map<_, _>) =
            settings.into_iter().partition(|(key, _)| COMMON.contains(&key.as_str()));
        let common: Common = serde_json::from_value(common.into()).map_err(|error| error.to_string())?;
        let mut kind: BrokerKind = serde_json::from_value(own.into()).map_err(|error| error.to_string())?;
        kind.check(variable)?;
        Ok(Self {
            name,
            topics: Topics::read(&common.topics)?,
            payload: common.payload,
            pauses: common.pauses.map_or_else(|| Ok(kind.pauses()), |seconds| Pauses::read(&seconds))?,
            kind,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
