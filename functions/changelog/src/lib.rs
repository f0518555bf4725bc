//! Reads the table's stream and puts every change on record, exactly once in effect. On a schedule it also finishes work
//! that a writer wrote down and did not finish.
//!
//! **Must not know**: how a change is stored, and who publishes it.

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use noticeboard_app::App;
use noticeboard_domain::Error;
use noticeboard_domain::time::Time;
use noticeboard_domain::told::Told;

/// Handles one batch of the stream, in its order. The first record that fails ends it: the answer names its sequence
/// number, and everything from there on is delivered again.
pub async fn handle(app: &App, event: Event) -> DynamoDbEventResponse {
    let mut response = DynamoDbEventResponse::default();
    if let Err((record, error)) = record(app, &event.records).await {
        let sequence = record.change.sequence_number.clone().unwrap_or_default();
        tracing::error!(sequence, %error, detail = error.detail(), "a change is not on record yet");
        // An empty identifier would fail the whole batch, which is right for a record without one.
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = Some(sequence);
        response.batch_item_failures.push(failure);
    }
    response
}

/// Puts the changes of a batch on record, together; the error is the first record whose change is not.
async fn record<'a>(app: &App, records: &'a [EventRecord]) -> Result<(), (&'a EventRecord, Error)> {
    let (mut changes, mut told_by) = (Vec::new(), Vec::new());
    let mut unreadable = None;
    for record in records {
        match app.store().told(record).await {
            Ok(Some(Told::Change(change))) => {
                changes.push(*change);
                told_by.push(record);
            }
            // Only objects have a changelog.
            Ok(Some(Told::Token { .. } | Told::Job(_) | Told::Decision(_)) | None) => {}
            Err(error) => {
                unreadable = Some((record, error));
                break;
            }
        }
    }
    match app.changes_record(&changes).await {
        Ok(()) => unreadable.map_or(Ok(()), Err),
        Err((at, error)) => Err((told_by[at], error)),
    }
}

/// How long after its begin work counts as abandoned: the longest that a Lambda function may run.
const ABANDONED: chrono::Duration = chrono::Duration::minutes(15);

/// Finishes abandoned work, and ends the jobs that it was; `serve` and a schedule call it every few minutes.
///
/// # Errors
/// When some of it is still not finished.
pub async fn finish_abandoned(app: &App) -> Result<(), Error> {
    finish_begun_before(app, app.now() - ABANDONED).await
}

/// Finishes all work that was begun before a time, of which nobody is at work any more.
///
/// # Errors
/// When some of it is still not finished.
pub async fn finish_begun_before(app: &App, begun_before: Time) -> Result<(), Error> {
    let finished = app.journal_finish_all(begun_before).await;
    app.jobs_end_abandoned(begun_before).await?;
    finished
}
