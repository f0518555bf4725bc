//! Writers that meet: DynamoDB cancels the transaction of one of them and says why. Here a stand-in says it, because the
//! embedded engine does one transaction after the other.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_config::BehaviorVersion;
use noticeboard_domain::Error;
use noticeboard_domain::ids::ObjectId;
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_store::{CommitError, JournalEntry, Refusal, Store, Transaction};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Reads one request: its head, and as much as that says.
async fn request(stream: &mut TcpStream) -> Option<()> {
    let mut read = Vec::new();
    loop {
        let head = read.windows(4).position(|end| end == b"\r\n\r\n").map(|at| at + 4);
        if let Some(head) = head {
            let text = String::from_utf8_lossy(&read[..head]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if read.len() >= head + length.unwrap_or(0) {
                return Some(());
            }
        }
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
}

/// A table whose first transactions are cancelled for these reasons, each reason that of one write; all further ones are
/// done. And how many were sent.
async fn table(cancelled: &'static [&'static [&'static str]]) -> (Store, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let sent = Arc::clone(&counted);
            tokio::spawn(async move {
                while request(&mut stream).await.is_some() {
                    let (status, body) = match cancelled.get(sent.fetch_add(1, Ordering::SeqCst)) {
                        None => ("200 OK", "{}".to_owned()),
                        Some(reasons) => {
                            let reasons: Vec<String> =
                                reasons.iter().map(|reason| format!("{{\"Code\":\"{reason}\"}}")).collect();
                            let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
                            let reasons = reasons.join(",");
                            (
                                "400 Bad Request",
                                format!("{{\"__type\":\"{kind}\",\"CancellationReasons\":[{reasons}]}}"),
                            )
                        }
                    };
                    let kind = "content-type: application/x-amz-json-1.0";
                    let answer = format!("HTTP/1.1 {status}\r\n{kind}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(format!("http://{address}"))
        .credentials_provider(aws_credential_types::Credentials::from_keys("test", "test", None))
        .region(aws_config::Region::new("us-east-1"));
    (Store::new(aws_sdk_dynamodb::Client::from_conf(config.build()), "busy"), sent)
}

/// What becomes of a transaction, and how often it is sent.
async fn check(
    cancelled: &'static [&'static [&'static str]],
    calls: usize,
    done: impl Fn(Result<(), CommitError>) -> bool,
) {
    let (store, sent) = table(cancelled).await;
    let object = ObjectRef::new(ObjectType::Site, ObjectId::try_from(7).unwrap());
    let mut transaction = Transaction::new();
    let now = "2026-12-01T00:00:00Z".parse().unwrap();
    transaction.journal_put(&JournalEntry::Shown { object }, now).unwrap();
    assert!(done(store.commit(transaction, now).await), "{cancelled:?}");
    assert_eq!(sent.load(Ordering::SeqCst), calls, "{cancelled:?}");
}

#[tokio::test]
async fn a_transaction_that_meets_another_one_is_tried_again() {
    let is_done = |done: Result<(), CommitError>| done.is_ok();
    check(&[&["TransactionConflict", "None"] as &[_]; 3], 4, is_done).await;
    check(&[&["ThrottlingError"] as &[_]; 3], 4, is_done).await;
    check(&[&["None", "ProvisionedThroughputExceeded"] as &[_]; 3], 4, is_done).await;
    check(&[&["TransactionConflict"], &["None", "ThrottlingError"]], 3, is_done).await;
    // Its own conditions are decided by what the other one left.
    let is_refused = |done| matches!(done, Err(CommitError::Refused(Refusal::Changed)));
    check(&[&["TransactionConflict"], &["ConditionalCheckFailed"]], 2, is_refused).await;
    check(&[&["ConditionalCheckFailed", "TransactionConflict"]], 1, is_refused).await;
    let is_ours = |done| matches!(done, Err(CommitError::Failed(Error::Internal { .. })));
    check(&[&["TransactionConflict", "ValidationError"]], 1, is_ours).await;
    let is_theirs = |done| matches!(done, Err(CommitError::Failed(Error::Unavailable { .. })));
    check(&[&["ItemCollectionSizeLimitExceeded"]], 1, is_theirs).await;
    check(&[&["TransactionConflict"] as &[_]; 100], 13, is_theirs).await;
}
