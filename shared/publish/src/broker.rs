//! The brokers, ready to send.

use std::time::Duration;

use noticeboard_domain::time::Time;

use crate::cloud_event::CloudEvent;
use crate::redis::Redis;
use crate::settings::{BrokerKind, BrokerName, BrokerSettings, Payload};
use crate::syslog::Syslog;
use crate::webhook::Webhook;
use crate::{log, sns};

/// How long sending one message may take, whatever the broker.
pub const TIME_LIMIT: Duration = Duration::from_secs(20);

/// A message could not be sent now; it is tried again.
#[derive(Debug, thiserror::Error)]
#[error("{broker} did not take {message}: {detail}")]
pub struct SendError {
    /// Which broker.
    pub broker: BrokerName,
    /// The message's id.
    pub message: String,
    /// Why. No secret is in it.
    pub detail: String,
    /// How long the receiver wants to be left alone, where it says so.
    pub retry_after: Option<Duration>,
}

/// Why a broker of some kind did not take a message.
#[derive(Debug, Default)]
pub(crate) struct Failure {
    pub(crate) detail: String,
    pub(crate) retry_after: Option<Duration>,
}

impl From<String> for Failure {
    fn from(detail: String) -> Self {
        Self { detail, retry_after: None }
    }
}

/// A broker, ready to send.
#[derive(Debug)]
pub struct Broker {
    /// How it is set up.
    pub settings: BrokerSettings,
    sender: Sender,
    time_limit: Duration,
}

/// What each kind of broker keeps to send with.
#[derive(Debug)]
enum Sender {
    Log,
    Sns { client: aws_sdk_sns::Client, topic: String },
    Syslog(Syslog),
    Redis(Redis),
    Webhook(Webhook),
}

impl Broker {
    /// The broker of these settings. Nothing is connected yet. `now` is the time, which webhooks are signed with.
    ///
    /// # Errors
    /// Names the broker, when what it sends with cannot be made.
    pub fn new(
        settings: BrokerSettings,
        sns: impl FnOnce() -> aws_sdk_sns::Client,
        now: impl Fn() -> Time + Send + Sync + 'static,
    ) -> Result<Self, String> {
        let sender = match &settings.kind {
            BrokerKind::Log {} => Ok(Sender::Log),
            BrokerKind::Sns(of) => Ok(Sender::Sns { client: sns(), topic: of.topic.clone() }),
            BrokerKind::Syslog(of) => Syslog::new(of).map(Sender::Syslog),
            BrokerKind::Redis(of) => Redis::new(of).map(Sender::Redis),
            BrokerKind::Webhook(of) => Webhook::new(of, Box::new(now)).map(Sender::Webhook),
        };
        let sender = sender.map_err(|error| format!("{}: {error}", settings.name))?;
        Ok(Self { settings, sender, time_limit: TIME_LIMIT })
    }

    /// The broker with another limit than [`TIME_LIMIT`].
    pub fn with_time_limit(self, time_limit: Duration) -> Self {
        Self { time_limit, ..self }
    }

    /// Opens the connection that a broker of its kind keeps, so that one that cannot be reached is known before there is
    /// anything to send.
    ///
    /// # Errors
    /// Names the broker and says why it cannot be reached.
    pub async fn connect(&self) -> Result<(), String> {
        let connected = match &self.sender {
            Sender::Syslog(syslog) => syslog.connect().await,
            Sender::Redis(redis) => redis.connect().await,
            // These keep none.
            Sender::Log | Sender::Sns { .. } | Sender::Webhook(_) => Ok(()),
        };
        connected.map_err(|error| format!("broker {} cannot be reached: {error}", self.settings.name))
    }

    /// Sends a message.
    ///
    /// # Errors
    /// [`SendError`] when it was not taken; it may be sent again under the same id.
    pub async fn send(&self, event: &CloudEvent) -> Result<(), SendError> {
        let payload = self.settings.payload;
        let sent = async {
            match &self.sender {
                Sender::Log => log::send(payload, event).map_err(Failure::from),
                Sender::Sns { client, topic } => sns::send(client, topic, payload, event).await.map_err(Failure::from),
                Sender::Syslog(syslog) => syslog.send(payload, event).await.map_err(Failure::from),
                Sender::Redis(redis) => redis.send(payload, event).await.map_err(Failure::from),
                Sender::Webhook(webhook) => webhook.send(payload, event).await,
            }
        };
        let too_slow = |_| Err(Failure::from(format!("no answer within {:?}", self.time_limit)));
        let sent = tokio::time::timeout(self.time_limit, sent).await.unwrap_or_else(too_slow);
        sent.map_err(|failure| SendError {
            broker: self.settings.name.clone(),
            message: event.id.clone(),
            detail: failure.detail,
            retry_after: failure.retry_after,
        })
    }
}

impl Payload {
    /// A message as JSON of at most `limit` bytes: whole, or without its payload where the whole is larger.
    ///
    /// # Errors
    /// When even that is larger.
    pub(crate) fn within(self, event: &CloudEvent, limit: usize) -> Result<String, String> {
        let encode = |event: &CloudEvent| match self {
            Self::CloudEvent => serde_json::to_string(event),
            Self::Bare => serde_json::to_string(&event.bare()),
        };
        let whole = encode(event).map_err(|error| error.to_string())?;
        let text =
            if whole.len() <= limit { whole } else { encode(&event.thin()).map_err(|error| error.to_string())? };
        if text.len() <= limit { Ok(text) } else { Err(format!("{} does not fit {limit} bytes", event.id)) }
    }
}
