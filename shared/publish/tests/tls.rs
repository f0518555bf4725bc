//! TLS to webhooks and Redis: the machine's authorities are trusted and nobody else, and no proxy is asked.
//!
//! Which authorities these are comes from the environment, and so a second process does the sending.

#![allow(clippy::unwrap_used)]

mod common;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use common::{RedisServer, SECRET, broker, event, has_redis, refused};
use noticeboard_publish::Broker;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio_rustls::server::TlsStream;

/// The ports of the receivers, in the environment of the second process: of a webhook, and of Redis or 0.
const PORTS: &str = "NOTICEBOARD_TEST_PORTS";

fn webhook(port: u16) -> Broker {
    let url = format!("https://localhost:{port}/hook");
    broker(&json!({"type": "webhook", "url": url, "secrets": [SECRET], "allow_private": true}))
}

fn redis(port: u16) -> Broker {
    broker(&json!({"type": "redis", "url": format!("rediss://localhost:{port}")}))
}

/// An authority's certificate in `ca.pem`, and a certificate of its for this machine in `cert.pem` with `key.pem`.
fn certificates(folder: &Path) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, &authority).unwrap();
    let write = |name: &str, pem: String| std::fs::write(folder.join(name), pem).unwrap();
    write("ca.pem", authority.pem());
    write("cert.pem", certificate.pem());
    write("key.pem", key.serialize_pem());
}

/// Listens for TLS with the certificate of a folder.
struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl TlsListener {
    async fn new(folder: &Path) -> Self {
        let chain = vec![CertificateDer::from_pem_file(folder.join("cert.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        Self { listener, acceptor: TlsAcceptor::from(Arc::new(config)) }
    }
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.listener.accept().await.unwrap();
            // Who does not trust us hangs up.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_certificates_of_the_machines_authorities_are_trusted() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let listener = TlsListener::new(folder.path()).await;
    let port = listener.listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/hook", post(async || "taken"))).await });
    let path = |name: &str| folder.path().join(name).display().to_string();
    let tls = [
        "--port",
        "0",
        "--tls-auth-clients",
        "no",
        "--tls-ca-cert-file",
        &path("ca.pem"),
        "--tls-cert-file",
        &path("cert.pem"),
        "--tls-key-file",
        &path("key.pem"),
    ];
    let server = has_redis().then(|| RedisServer::start_at(common::free_port(), &["--tls-port"], &tls));

    let webhook = webhook(port);
    let detail = refused(webhook.send(&event(1, "")).await, &webhook, SECRET);
    assert!(detail.contains("UnknownIssuer"), "{detail}");
    if let Some(server) = &server {
        let redis = redis(server.port);
        let detail = refused(redis.send(&event(1, "")).await, &redis, SECRET);
        assert!(detail.contains("UnknownIssuer"), "{detail}");
    }

    let mut second = Command::new(std::env::current_exe().unwrap());
    second.args(["--exact", "a_second_process_that_trusts_our_authority", "--nocapture"]);
    second.env("SSL_CERT_FILE", folder.path().join("ca.pem")).env_remove("SSL_CERT_DIR");
    // Nobody is there.
    for variable in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"] {
        second.env(variable, "http://127.0.0.1:1");
    }
    let redis = server.as_ref().map_or(0, |server| server.port);
    second.env(PORTS, format!("{port} {redis}"));
    let output = tokio::task::spawn_blocking(move || second.output().unwrap()).await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("both have taken it"), "{text}");
}

/// The second process of the test above; without that one it has nothing to do.
#[tokio::test]
async fn a_second_process_that_trusts_our_authority() {
    let Ok(ports) = std::env::var(PORTS) else { return };
    let (http, of_redis) = ports.split_once(' ').unwrap();
    webhook(http.parse().unwrap()).send(&event(1, "")).await.unwrap();
    if of_redis != "0" {
        redis(of_redis.parse().unwrap()).send(&event(1, "")).await.unwrap();
    }
    println!("both have taken it");
}
