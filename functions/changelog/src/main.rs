//! The Lambda program of `noticeboard-changelog`.

use aws_lambda_events::dynamodb::Event;
use lambda_runtime::{LambdaEvent, service_fn};
use noticeboard_lambda::Error;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let app = &noticeboard_lambda::start().await?.app;
    let handler = |event: LambdaEvent<Event>| async move {
        Ok::<_, Error>(noticeboard_changelog::handle(app, event.payload).await)
    };
    lambda_runtime::run(service_fn(handler)).await
}
