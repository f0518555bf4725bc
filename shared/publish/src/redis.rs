//! Redis Pub/Sub: the channel is the topic, as in the Nautobot contract. Nobody needs to have subscribed.

use std::fmt;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError, RedisResult};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::cloud_event::CloudEvent;
use crate::secret::Secret;
use crate::settings::Payload;

/// How long connecting may take, with TLS and log-in.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long Redis may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// A message of at most this size, in bytes: above every message there is, and far below what Redis lets wait for a slow
/// subscriber before it cuts that one off (32 MB).
const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// The settings of a Redis broker.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisSettings {
    /// `redis://user:password@host:port`, or `rediss://…` for TLS; or `env:NAME` where the environment has it.
    url: Secret<String>,
}

impl RedisSettings {
    pub(crate) fn check(&mut self, variable: &dyn Fn(&str) -> Option<String>) -> Result<(), String> {
        self.url = self.url.look_up(variable).map_err(|error| format!("url: {error}"))?;
        self.client().map(drop)
    }

    /// The client; it connects when something is to be sent.
    fn client(&self) -> Result<Client, String> {
        const WRONG: &str =
            "url: not redis://[user:password@]host[:port], rediss:// for TLS, or env:NAME with one of these";
        let Secret(url) = &self.url;
        let has_scheme = url.starts_with("redis://") || url.starts_with("rediss://");
        // The library reads `#insecure` as leave to trust anybody.
        if !has_scheme || url.contains('#') {
            return Err(WRONG.into());
        }
        // Its error is not told: the URL may have a password in it.
        Client::open(url.as_str()).map_err(|_| WRONG.into())
    }
}

/// What a Redis broker keeps to send with.
pub(crate) struct Redis {
    client: Client,
    connection: Mutex<Option<MultiplexedConnection>>,
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redis({})", self.client.get_connection_info().addr())
    }
}

impl Redis {
    pub(crate) fn new(settings: &RedisSettings) -> Result<Self, String> {
        Ok(Self { client: settings.client()?, connection: Mutex::new(None) })
    }

    /// Publishes a message over the connection that is there, or else over a new one.
    pub(crate) async fn send(&self, payload: Payload, event: &CloudEvent) -> Result<(), String> {
        let message = payload.within(event, MAX_MESSAGE_BYTES)?;
        let kept = self.connection.lock().await.clone();
        if let Some(kept) = kept
            && publish(kept, event, &message).await.is_ok()
        {
            return Ok(());
        }
        self.send_anew(event, &message).await.map_err(|error| self.failed(&error))
    }

    /// Connects, and keeps the connection.
    pub(crate) async fn connect(&self) -> Result<(), String> {
        let new = self.open().await.map_err(|error| self.failed(&error))?;
        *self.connection.lock().await = Some(new);
        Ok(())
    }

    fn failed(&self, error: &RedisError) -> String {
        format!("{}: {error}", self.client.get_connection_info().addr())
    }

    async fn send_anew(&self, event: &CloudEvent, message: &str) -> RedisResult<()> {
        let new = self.open().await?;
        publish(new.clone(), event, message).await?;
        *self.connection.lock().await = Some(new);
        Ok(())
    }

    async fn open(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_LIMIT))
            .set_response_timeout(Some(ANSWER_LIMIT));
        self.client.get_multiplexed_async_connection_with_config(&config).await
    }
}

async fn publish(mut connection: MultiplexedConnection, event: &CloudEvent, message: &str) -> RedisResult<()> {
    // The answer is how many subscribers there were.
    let _: u64 = redis::cmd("PUBLISH").arg(&event.topic).arg(message).query_async(&mut connection).await?;
    Ok(())
}
