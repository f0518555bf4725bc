//! Syslog, to real sockets, read by a parser of somebody else's.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::{Duration, Instant};

use common::{TOPIC, broker, event, refused};
use noticeboard_publish::CloudEvent;
use serde_json::{Value, json};
use syslog_loose::{Message, ProcId, Protocol, SyslogFacility, SyslogSeverity, Variant};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};

/// How long a message may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);

/// A receiver of each kind, and the folder of its socket.
enum Receiver {
    Udp(UdpSocket),
    Tcp(TcpListener, Option<BufReader<TcpStream>>),
    UnixDatagram(UnixDatagram, tempfile::TempDir),
    UnixStream(UnixListener, Option<BufReader<UnixStream>>, tempfile::TempDir),
}

/// The next message of a stream with octet counting: RFC 6587, 3.4.1.
async fn counted(stream: &mut (impl AsyncBufReadExt + AsyncRead + Unpin)) -> String {
    let mut length = Vec::new();
    stream.read_until(b' ', &mut length).await.unwrap();
    let length: usize = String::from_utf8(length).unwrap().trim_end().parse().unwrap();
    let mut message = vec![0; length];
    stream.read_exact(&mut message).await.unwrap();
    String::from_utf8(message).unwrap()
}

impl Receiver {
    async fn all() -> [Self; 4] {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        [
            Self::Udp(UdpSocket::bind("127.0.0.1:0").await.unwrap()),
            Self::Tcp(TcpListener::bind("127.0.0.1:0").await.unwrap(), None),
            Self::UnixDatagram(UnixDatagram::bind(one.path().join("log")).unwrap(), one),
            Self::UnixStream(UnixListener::bind(other.path().join("log")).unwrap(), None, other),
        ]
    }

    fn url(&self) -> String {
        match self {
            Self::Udp(socket) => format!("udp://{}", socket.local_addr().unwrap()),
            Self::Tcp(listener, _) => format!("tcp://{}", listener.local_addr().unwrap()),
            Self::UnixDatagram(_, folder) | Self::UnixStream(_, _, folder) => {
                format!("unix:{}", folder.path().join("log").display())
            }
        }
    }

    /// The next message, of the connection that is there or else of a new one.
    async fn next(&mut self) -> String {
        let next = async {
            let mut datagram = vec![0; 70_000];
            match self {
                Self::Udp(socket) => {
                    let length = socket.recv(&mut datagram).await.unwrap();
                    String::from_utf8(datagram[..length].to_vec()).unwrap()
                }
                Self::UnixDatagram(socket, _) => {
                    let length = socket.recv(&mut datagram).await.unwrap();
                    String::from_utf8(datagram[..length].to_vec()).unwrap()
                }
                Self::Tcp(listener, stream) => {
                    let stream = match stream {
                        Some(stream) => stream,
                        None => stream.insert(BufReader::new(listener.accept().await.unwrap().0)),
                    };
                    counted(stream).await
                }
                Self::UnixStream(listener, stream, _) => {
                    let stream = match stream {
                        Some(stream) => stream,
                        None => stream.insert(BufReader::new(listener.accept().await.unwrap().0)),
                    };
                    let mut line = String::new();
                    stream.read_line(&mut line).await.unwrap();
                    line.strip_suffix('\n').unwrap().to_owned()
                }
            }
        };
        tokio::time::timeout(ARRIVAL, next).await.unwrap()
    }
}

fn parse(text: &str) -> Message<&str> {
    syslog_loose::parse_message_with_year_exact(text, |_| 2026, Variant::RFC5424).unwrap()
}

/// The parameters of the one element of structured data.
fn parameters(message: &Message<&str>) -> Vec<(String, String)> {
    let [element] = message.structured_data.as_slice() else { panic!("{:?}", message.structured_data) };
    assert_eq!(element.id, "noticeboard@32473");
    element.params().map(|(name, value)| ((*name).to_owned(), value)).collect()
}

fn owned(parameters: [(&str, &str); 4]) -> Vec<(String, String)> {
    parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

#[tokio::test]
async fn every_kind_of_socket_gets_every_message() {
    for mut receiver in Receiver::all().await {
        let url = receiver.url();
        let broker = broker(&json!({"type": "syslog", "url": url, "facility": "daemon", "severity": "warning"}));
        for version in 1..=3 {
            let event = event(version, "Zürich\n\"two\" lines");
            broker.send(&event).await.unwrap();
            let text = receiver.next().await;
            assert!(text.starts_with("<28>1 2026-12-01T10:00:00.250000Z "), "{url}: {text}");
            let message = parse(&text);
            assert_eq!(message.protocol, Protocol::RFC5424(1));
            assert_eq!(message.facility, Some(SyslogFacility::LOG_DAEMON));
            assert_eq!(message.severity, Some(SyslogSeverity::SEV_WARNING));
            assert_eq!(message.timestamp.unwrap().to_utc().to_rfc3339(), "2026-12-01T10:00:00.250+00:00");
            assert_eq!(message.hostname, rustix::system::uname().nodename().to_str().ok());
            assert_eq!(message.appname, Some("noticeboard"));
            assert_eq!(message.procid, Some(ProcId::PID(i32::try_from(std::process::id()).unwrap())));
            assert_eq!(message.msgid, Some("update.notices.outage"));
            let (id, sequence) = (format!("notices.outage:7:{version}"), format!("{version:010}"));
            let expected = [
                ("topic", TOPIC),
                ("id", id.as_str()),
                ("subject", "notices.outage:7"),
                ("sequence", sequence.as_str()),
            ];
            assert_eq!(parameters(&message), owned(expected));
            let json: Value = serde_json::from_str(message.msg).unwrap();
            assert_eq!(json, serde_json::to_value(&event).unwrap(), "{url}");
        }
    }
}

#[tokio::test]
async fn a_message_without_settings_is_local0_info_and_may_be_bare() {
    let [mut receiver, ..] = Receiver::all().await;
    let broker = broker(&json!({"type": "syslog", "url": receiver.url(), "payload": "bare"}));
    broker.send(&event(1, "x")).await.unwrap();
    let text = receiver.next().await;
    assert!(text.starts_with("<134>1 "), "{text}");
    let json: Value = serde_json::from_str(parse(&text).msg).unwrap();
    assert_eq!(json, json!({"prechange": null, "postchange": {"name": "O-1", "comments": "x"}}));
}

#[tokio::test]
async fn what_is_odd_is_escaped_or_clipped() {
    let [mut receiver, ..] = Receiver::all().await;
    let broker = broker(&json!({"type": "syslog", "url": receiver.url()}));
    let topic = "noticeboard.update.circuits.circuittermination of all";
    let odd =
        CloudEvent { topic: topic.into(), subject: r#"a"b\c]d"#.into(), time: "yesterday".into(), ..event(1, "") };
    broker.send(&odd).await.unwrap();
    let text = receiver.next().await;
    assert!(text.contains(r#" subject="a\"b\\c\]d" "#), "{text}");
    let message = parse(&text);
    assert_eq!(message.msgid, Some("update.circuits.circuitterminati"));
    assert_eq!(message.timestamp, None);
    let expected =
        [("topic", topic), ("id", "notices.outage:7:1"), ("subject", r#"a"b\c]d"#), ("sequence", "0000000001")];
    assert_eq!(parameters(&message), owned(expected));
}

#[tokio::test]
async fn a_datagram_that_would_be_too_large_goes_without_its_payload() {
    const LIMIT: usize = 8192;
    let [udp, tcp, unix, stream] = Receiver::all().await;
    for mut receiver in [udp, unix] {
        let broker = broker(&json!({"type": "syslog", "url": receiver.url()}));
        broker.send(&event(1, "")).await.unwrap();
        let room = LIMIT - receiver.next().await.len();
        for (comments, expected, whole) in [(room, LIMIT, true), (room + 1, 0, false), (500_000, 0, false)] {
            let event = event(1, &"x".repeat(comments));
            broker.send(&event).await.unwrap();
            let text = receiver.next().await;
            let json: Value = serde_json::from_str(parse(&text).msg).unwrap();
            let sent = if whole { event } else { event.thin() };
            assert_eq!(json, serde_json::to_value(sent).unwrap());
            assert!(text.len() == expected || !whole && text.len() < 1000, "{} bytes", text.len());
        }
    }
    for mut receiver in [tcp, stream] {
        let broker = broker(&json!({"type": "syslog", "url": receiver.url()}));
        let event = event(1, &"ü".repeat(250_000));
        let (sent, text) = tokio::join!(broker.send(&event), receiver.next());
        sent.unwrap();
        let json: Value = serde_json::from_str(parse(&text).msg).unwrap();
        assert_eq!(json, serde_json::to_value(event).unwrap());
    }
}

#[tokio::test]
async fn a_receiver_that_hangs_up_gets_the_next_message_over_a_new_connection() {
    let [_, mut tcp, _, mut unix] = Receiver::all().await;
    for receiver in [&mut tcp, &mut unix] {
        let broker = broker(&json!({"type": "syslog", "url": receiver.url()}));
        for version in 1..=3 {
            broker.send(&event(version, "")).await.unwrap();
            let text = receiver.next().await;
            assert!(text.contains(&format!(r#"id="notices.outage:7:{version}""#)), "{text}");
            match receiver {
                Receiver::Tcp(_, stream) => drop(stream.take()),
                Receiver::UnixStream(_, stream, _) => drop(stream.take()),
                Receiver::Udp(_) | Receiver::UnixDatagram(..) => {}
            }
        }
    }
}

#[tokio::test]
async fn a_receiver_that_is_away_fails_and_then_gets_the_next_message() {
    let [_, tcp, unix, _] = Receiver::all().await;
    let (Receiver::Tcp(listener, _), Receiver::UnixDatagram(socket, folder)) = (tcp, unix) else { panic!() };

    let address = listener.local_addr().unwrap();
    drop(listener);
    let to_tcp = broker(&json!({"type": "syslog", "url": format!("tcp://{address}")}));
    let error = refused(to_tcp.send(&event(1, "")).await, &to_tcp, "\n");
    assert!(error.starts_with(&format!("cannot connect to tcp://{address}: ")), "{error}");
    let mut receiver = Receiver::Tcp(TcpListener::bind(address).await.unwrap(), None);
    to_tcp.send(&event(2, "")).await.unwrap();
    assert!(receiver.next().await.contains(r#"id="notices.outage:7:2""#));

    let path = folder.path().join("log");
    let to_unix = broker(&json!({"type": "syslog", "url": format!("unix:{}", path.display())}));
    to_unix.send(&event(1, "")).await.unwrap();
    drop(socket);
    refused(to_unix.send(&event(2, "")).await, &to_unix, "\n");
    std::fs::remove_file(&path).unwrap();
    let error = refused(to_unix.send(&event(3, "")).await, &to_unix, "\n");
    assert!(error.starts_with("cannot connect to unix:"), "{error}");
    let mut receiver = Receiver::UnixDatagram(UnixDatagram::bind(&path).unwrap(), folder);
    to_unix.send(&event(4, "")).await.unwrap();
    assert!(receiver.next().await.contains(r#"id="notices.outage:7:4""#));
}

#[tokio::test]
async fn a_receiver_that_does_not_read_ends_at_the_time_limit_and_no_message_is_left_half() {
    let [_, mut receiver, ..] = Receiver::all().await;
    let broker = broker(&json!({"type": "syslog", "url": receiver.url()})).with_time_limit(Duration::from_millis(300));
    let large = event(1, &"x".repeat(900_000));
    let start = Instant::now();
    // The machine's buffers take a few of them.
    let error = loop {
        let sent = broker.send(&large).await;
        if sent.is_err() {
            break refused(sent, &broker, "\n");
        }
        assert!(start.elapsed() < ARRIVAL, "nobody reads, and everything is taken");
    };
    assert_eq!(error, "no answer within 300ms");
    broker.send(&event(2, "")).await.unwrap();
    // The first connection is for those that nobody read.
    let Receiver::Tcp(listener, _) = &receiver else { panic!() };
    drop(listener.accept().await.unwrap());
    assert!(receiver.next().await.contains(r#"id="notices.outage:7:2""#));
}
