//! Syslog: an RFC 5424 message for each event, to a socket on this machine or to a host.
//!
//! Nautobot's syslog broker writes to the logger `nautobot.events.<topic>`. Here APP-NAME is `noticeboard`, MSGID is the
//! topic without its `noticeboard.`, and the whole topic is in the structured data.
//!
//! Syslog has no answers. What is written to a connection that breaks right then is lost, and so is any datagram that
//! the network drops; a connection that is known to be broken is made anew before anything is written.

mod connection;
mod message;

use serde::Deserialize;
use tokio::sync::Mutex;

use crate::cloud_event::CloudEvent;
use crate::settings::Payload;
use connection::{Connection, Place};
use message::{Facility, Severity};

/// The settings of a syslog broker.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyslogSettings {
    /// `unix:/path`, `udp://host:port` or `tcp://host:port`.
    #[serde(default = "local_socket")]
    url: String,
    #[serde(default)]
    facility: Facility,
    #[serde(default)]
    severity: Severity,
}

fn local_socket() -> String {
    "unix:/dev/log".into()
}

impl SyslogSettings {
    pub(crate) fn check(&self) -> Result<(), String> {
        Place::read(&self.url).map(drop)
    }
}

/// What a syslog broker keeps to send with.
#[derive(Debug)]
pub(crate) struct Syslog {
    place: Place,
    facility: Facility,
    severity: Severity,
    /// This machine's name.
    hostname: String,
    connection: Mutex<Option<Connection>>,
}

impl Syslog {
    pub(crate) fn new(settings: &SyslogSettings) -> Result<Self, String> {
        Ok(Self {
            place: Place::read(&settings.url)?,
            facility: settings.facility,
            severity: settings.severity,
            hostname: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            connection: Mutex::new(None),
        })
    }

    /// Connects, and keeps the connection.
    pub(crate) async fn connect(&self) -> Result<(), String> {
        let new = Connection::open(&self.place).await?;
        *self.connection.lock().await = Some(new);
        Ok(())
    }

    /// Sends a message over the connection that is there, or else over a new one.
    pub(crate) async fn send(&self, payload: Payload, event: &CloudEvent) -> Result<(), String> {
        let mut connection = self.connection.lock().await;
        // Taken out while it is in use: when this is given up half way, no half-written connection is left.
        if let Some(kept) = connection.take().filter(Connection::is_fresh)
            && let Ok(kept) = self.send_over(kept, payload, event).await
        {
            *connection = Some(kept);
            return Ok(());
        }
        let new = Connection::open(&self.place).await?;
        *connection = Some(self.send_over(new, payload, event).await?);
        Ok(())
    }

    async fn send_over(
        &self,
        connection: Connection,
        payload: Payload,
        event: &CloudEvent,
    ) -> Result<Connection, String> {
        let mut text = message::header(self.facility, self.severity, &self.hostname, event);
        let limit = connection.limit().saturating_sub(text.len());
        text.push_str(&payload.within(event, limit)?);
        connection.send(&text).await.map_err(|error| format!("{}: {error}", self.place))
    }
}
