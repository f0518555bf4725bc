//! Where messages go, and how each kind of socket takes them.

use std::fmt;
use std::io::{Error, ErrorKind, Result};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket, UnixDatagram, UnixStream, lookup_host};
use tokio::time::{Instant, timeout};

/// How long making a connection may take, and how long writing a message.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// A connection that has not been used for so long is made anew: a firewall may have forgotten it without a word, and
/// the host's name may mean another address by now.
const MAX_IDLE: Duration = Duration::from_secs(60);
/// A datagram of at most this size, in bytes: what rsyslog takes unless told otherwise, and it cuts what is larger.
const MAX_DATAGRAM_BYTES: usize = 8 * 1024;
/// A message of at most this size, in bytes, over a stream: above every message there is.
const MAX_STREAM_BYTES: usize = 1024 * 1024;

/// Where messages go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A socket on this machine, by its path.
    Unix(String),
    /// Host and port.
    Udp(String),
    /// Host and port.
    Tcp(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{path}"),
            Self::Udp(address) => write!(f, "udp://{address}"),
            Self::Tcp(address) => write!(f, "tcp://{address}"),
        }
    }
}

impl Place {
    pub(super) fn read(url: &str) -> std::result::Result<Self, String> {
        let wrong = || format!("url: '{url}' is not unix:/path, udp://host:port or tcp://host:port");
        if let Some(path) = url.strip_prefix("unix:") {
            return if path.starts_with('/') { Ok(Self::Unix(path.into())) } else { Err(wrong()) };
        }
        let (scheme, address) = url.split_once("://").ok_or_else(wrong)?;
        let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
        // An IPv6 address stands in brackets, so that its colons are not the port's.
        let named = !host.is_empty() && !host.contains(['/', '@']) && (!host.contains(':') || host.starts_with('['));
        let numbered = port.parse::<u16>().is_ok_and(|port| port > 0);
        match scheme {
            "udp" if named && numbered => Ok(Self::Udp(address.into())),
            "tcp" if named && numbered => Ok(Self::Tcp(address.into())),
            _ => Err(wrong()),
        }
    }
}

#[derive(Debug)]
enum Socket {
    UnixDatagram(UnixDatagram),
    UnixStream(UnixStream),
    Udp(UdpSocket),
    Tcp(TcpStream),
}

/// A socket that is connected.
#[derive(Debug)]
pub(super) struct Connection {
    socket: Socket,
    used: Instant,
}

impl Connection {
    pub(super) async fn open(place: &Place) -> std::result::Result<Self, String> {
        let opened = async {
            match place {
                Place::Unix(path) => unix(path).await,
                Place::Udp(address) => udp(address).await.map(Socket::Udp),
                Place::Tcp(address) => TcpStream::connect(address).await.map(Socket::Tcp),
            }
        };
        let socket = timeout(TIME_LIMIT, opened).await.unwrap_or_else(|_| Err(too_slow()));
        let socket = socket.map_err(|error| format!("cannot connect to {place}: {error}"))?;
        Ok(Self { socket, used: Instant::now() })
    }

    /// Whether it was used lately, and the other end has not closed it.
    pub(super) fn is_fresh(&self) -> bool {
        let is_open = match &self.socket {
            Socket::UnixDatagram(_) | Socket::Udp(_) => true,
            Socket::UnixStream(stream) => is_open(stream),
            Socket::Tcp(stream) => is_open(stream),
        };
        is_open && self.used.elapsed() < MAX_IDLE
    }

    /// How large a message may be, in bytes.
    pub(super) fn limit(&self) -> usize {
        match self.socket {
            Socket::UnixDatagram(_) | Socket::Udp(_) => MAX_DATAGRAM_BYTES,
            Socket::UnixStream(_) | Socket::Tcp(_) => MAX_STREAM_BYTES,
        }
    }

    /// Sends a message. Only a connection that took it whole comes back.
    pub(super) async fn send(mut self, message: &str) -> Result<Self> {
        let sent = async {
            match &mut self.socket {
                Socket::UnixDatagram(socket) => socket.send(message.as_bytes()).await.map(drop),
                Socket::Udp(socket) => socket.send(message.as_bytes()).await.map(drop),
                // A line a message (RFC 6587, 3.4.2), as local log daemons read it: no message has a line break in it.
                Socket::UnixStream(stream) => write(stream, &format!("{message}\n")).await,
                // Octet counting (RFC 6587, 3.4.1).
                Socket::Tcp(stream) => write(stream, &format!("{} {message}", message.len())).await,
            }
        };
        timeout(TIME_LIMIT, sent).await.unwrap_or_else(|_| Err(too_slow()))?;
        self.used = Instant::now();
        Ok(self)
    }
}

/// Whether the other end of a stream has not closed it. The kernel is asked, for the runtime may not have heard of it yet.
fn is_open(stream: &impl AsFd) -> bool {
    match recv(stream, &mut [0; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
        // Nobody answers syslog; whoever does is not listened to.
        Ok((length, _)) => length > 0,
        Err(error) => error == Errno::AGAIN,
    }
}

fn too_slow() -> Error {
    Error::new(ErrorKind::TimedOut, format!("nothing happened for {} s", TIME_LIMIT.as_secs()))
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), frame: &str) -> Result<()> {
    stream.write_all(frame.as_bytes()).await?;
    stream.flush().await
}

/// Log daemons listen for datagrams or for streams, and only connecting tells which: as `syslog(3)` does it.
async fn unix(path: &str) -> Result<Socket> {
    let socket = UnixDatagram::unbound()?;
    match socket.connect(path) {
        Ok(()) => Ok(Socket::UnixDatagram(socket)),
        Err(error) if error.raw_os_error() == Some(Errno::PROTOTYPE.raw_os_error()) => {
            UnixStream::connect(path).await.map(Socket::UnixStream)
        }
        Err(error) => Err(error),
    }
}

async fn udp(address: &str) -> Result<UdpSocket> {
    let mut last = Error::new(ErrorKind::NotFound, "the name has no address");
    for address in lookup_host(address).await? {
        let any: SocketAddr = match address {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any).await?;
        match socket.connect(address).await {
            Ok(()) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_that_was_idle_for_long_is_not_used_again() {
        let receiver = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let place = Place::Udp(receiver.local_addr().unwrap().to_string());
        let mut connection = Connection::open(&place).await.unwrap();
        assert!(connection.is_fresh());
        connection.used = Instant::now().checked_sub(MAX_IDLE).unwrap();
        assert!(!connection.is_fresh());
        let connection = connection.send("x").await.unwrap();
        assert!(connection.is_fresh());
    }
}
