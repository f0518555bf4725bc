//! The Lambda program of `noticeboard-changelog`.

use aws_lambda_events::dynamodb::Event;
use aws_lambda_events::streams::DynamoDbEventResponse;
use lambda_runtime::{LambdaEvent, service_fn};
use noticeboard_lambda::Error;
use serde::Deserialize;

/// Who calls. Anything else fails: a batch of the stream that cannot be read must not pass for the schedule.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Call {
    /// The table's stream.
    Stream(Event),
    /// The schedule.
    Schedule {
        /// `Scheduled Event`.
        #[serde(rename = "detail-type")]
        _detail_type: String,
    },
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let app = &match noticeboard_lambda::start().await {
        Ok(start) => start.app,
        Err(error) => return noticeboard_lambda::run_not_set_up(error).await,
    };
    let handler = |event: LambdaEvent<Call>| async move {
        match event.payload {
            Call::Stream(event) => Ok(noticeboard_changelog::handle(app, event).await),
            Call::Schedule { .. } => {
                noticeboard_changelog::finish_abandoned(app).await.map_err(noticeboard_lambda::failed)?;
                Ok::<_, Error>(DynamoDbEventResponse::default())
            }
        }
    };
    lambda_runtime::run(service_fn(handler)).await
}
