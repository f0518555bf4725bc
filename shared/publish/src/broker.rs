//! The brokers: who is told, and how they are set up.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::cloud_event::CloudEvent;
use crate::{log, sns};

/// A broker's name, as `NOTICEBOARD_BROKERS` gives it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BrokerName(String);

impl fmt::Display for BrokerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl BrokerName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One entry of `NOTICEBOARD_BROKERS`: `log`, or `sns=arn:aws:sns:…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrokerSetting {
    /// Structured lines on standard error.
    Log,
    /// An SNS topic, standard or FIFO, by its ARN.
    Sns(String),
}

impl BrokerSetting {
    /// Reads a comma-separated list.
    ///
    /// # Errors
    /// Names the entry that is wrong, and what it should be.
    pub fn list(text: &str) -> Result<Vec<Self>, String> {
        text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::parse).collect()
    }

    /// The broker's name.
    pub fn name(&self) -> BrokerName {
        BrokerName(
            match self {
                Self::Log => "log",
                Self::Sns(_) => "sns",
            }
            .to_owned(),
        )
    }
}

impl FromStr for BrokerSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            None if text == "log" => Ok(Self::Log),
            Some(("sns", arn)) if arn.starts_with("arn:") => Ok(Self::Sns(arn.to_owned())),
            _ => Err(format!("NOTICEBOARD_BROKERS: '{text}' is not a broker. Use log or sns=<topic ARN>.")),
        }
    }
}

/// A message could not be sent now; it is tried again.
#[derive(Debug, thiserror::Error)]
#[error("{broker} did not take {message}: {detail}")]
pub struct SendError {
    /// Which broker.
    pub broker: BrokerName,
    /// The message's id.
    pub message: String,
    /// Why.
    pub detail: String,
}

/// A broker, ready to send.
#[derive(Debug, Clone)]
pub enum Broker {
    /// Structured lines on standard error.
    Log,
    /// An SNS topic.
    Sns {
        /// How to reach SNS.
        client: aws_sdk_sns::Client,
        /// The topic's ARN.
        topic: String,
    },
}

impl Broker {
    /// The broker of a setting.
    pub fn new(setting: &BrokerSetting, sns: impl FnOnce() -> aws_sdk_sns::Client) -> Self {
        match setting {
            BrokerSetting::Log => Self::Log,
            BrokerSetting::Sns(topic) => Self::Sns { client: sns(), topic: topic.clone() },
        }
    }

    /// Its name.
    pub fn name(&self) -> BrokerName {
        match self {
            Self::Log => BrokerSetting::Log.name(),
            Self::Sns { topic, .. } => BrokerSetting::Sns(topic.clone()).name(),
        }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// [`SendError`] when it was not taken; it may be sent again under the same id.
    pub async fn send(&self, event: &CloudEvent) -> Result<(), SendError> {
        let failed = |detail: String| SendError { broker: self.name(), message: event.id.clone(), detail };
        match self {
            Self::Log => log::send(event).map_err(failed),
            Self::Sns { client, topic } => sns::send(client, topic, event).await.map_err(failed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&[BrokerSetting], &str>) {
        let found = BrokerSetting::list(text);
        match expected {
            Ok(settings) => assert_eq!(found.as_deref(), Ok(settings)),
            Err(part) => assert!(found.is_err_and(|error| error.contains(part)), "{text}"),
        }
    }

    #[test]
    fn settings_are_read_or_refused_by_name() {
        let arn = "arn:aws:sns:eu-west-1:1:t";
        check("", Ok(&[]));
        check("log", Ok(&[BrokerSetting::Log]));
        check(&format!("log, sns={arn}"), Ok(&[BrokerSetting::Log, BrokerSetting::Sns(arn.into())]));
        check("carrier-pigeon", Err("'carrier-pigeon' is not a broker"));
        check("sns=topic", Err("sns=<topic ARN>"));
    }
}
