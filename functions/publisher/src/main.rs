//! The Lambda program of `noticeboard-publisher`.

use aws_lambda_events::dynamodb::Event;
use lambda_runtime::{LambdaEvent, service_fn};
use noticeboard_lambda::{Error, required, variable};
use noticeboard_publish::{BrokerSettings, SqsQueue};
use noticeboard_publisher::{Publisher, Subscriber};

/// The publisher that the settings ask for.
async fn set_up() -> Result<Publisher, Error> {
    let start = noticeboard_lambda::start().await?;
    let sqs = aws_sdk_sqs::Client::new(&start.sdk);
    let mut brokers = Vec::new();
    for broker in BrokerSettings::read(&required("NOTICEBOARD_BROKERS")?, &variable)? {
        let queue = Box::new(SqsQueue::new(sqs.clone(), required(&broker.kind.queue_variable())?));
        brokers.push(Subscriber { name: broker.name, topics: broker.topics, queue });
    }
    Ok(Publisher::new(start.app.store().clone(), brokers))
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
