//! The Lambda program of `noticeboard-publisher`.

use aws_lambda_events::dynamodb::Event;
use lambda_runtime::{LambdaEvent, service_fn};
use noticeboard_lambda::{Error, base_url, required};
use noticeboard_publish::{SqsQueue, Subscription};
use noticeboard_publisher::{Publisher, Subscriber};

/// The publisher that the settings ask for. Of a broker it needs only what messages are kept for it, and where: one
/// that cannot be sent to is delivery's trouble, and holds up nobody else.
async fn set_up() -> Result<Publisher, Error> {
    let start = noticeboard_lambda::start().await?;
    let sqs = aws_sdk_sqs::Client::new(&start.sdk);
    let mut brokers = Vec::new();
    for broker in Subscription::read_each(&required("NOTICEBOARD_BROKERS")?)? {
        match broker {
            Ok(broker) => {
                let queue = Box::new(SqsQueue::new(sqs.clone(), required(&broker.queue_variable())?));
                brokers.push(Subscriber { name: broker.name, topics: broker.topics, queue });
            }
            Err(trouble) => tracing::error!(trouble, "A broker is left out, and nothing is kept for it."),
        }
    }
    Ok(Publisher::new(start.app.store().clone(), brokers, base_url()))
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let publisher = &match set_up().await {
        Ok(publisher) => publisher,
        Err(error) => return noticeboard_lambda::run_not_set_up(error).await,
    };
    let handler = |event: LambdaEvent<Event>| async move { Ok::<_, Error>(publisher.handle(event.payload).await) };
    lambda_runtime::run(service_fn(handler)).await
}
