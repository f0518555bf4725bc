//! The Lambda program of `noticeboard-inbound-email`.

use aws_lambda_events::ses::SimpleEmailEvent;
use lambda_runtime::{LambdaEvent, service_fn};
use noticeboard_lambda::Error;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let app = &match noticeboard_lambda::start().await {
        Ok(start) => start.app,
        Err(error) => return noticeboard_lambda::run_not_set_up(error).await,
    };
    // While the function initialises: the first mail finds them ready.
    app.formats_look().await;
    let handler = |event: LambdaEvent<SimpleEmailEvent>| async move {
        noticeboard_inbound_email::handle(app, event.payload).await.map_err(noticeboard_lambda::failed)
    };
    lambda_runtime::run(service_fn(handler)).await
}
