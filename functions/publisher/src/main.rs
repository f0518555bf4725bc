//! The Lambda program of `noticeboard-publisher`.

use aws_lambda_events::dynamodb::Event;
use lambda_runtime::{LambdaEvent, service_fn};
use noticeboard_lambda::{Error, required};
use noticeboard_publish::{BrokerSetting, Queue, SqsQueue};
use noticeboard_publisher::Publisher;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let start = noticeboard_lambda::start().await?;
    let sqs = aws_sdk_sqs::Client::new(&start.sdk);
    let mut queues = Vec::new();
    for setting in BrokerSetting::list(&required("NOTICEBOARD_BROKERS")?)? {
        let name = setting.name();
        let url = required(&format!("NOTICEBOARD_QUEUE_{}", name.as_str().to_ascii_uppercase()))?;
        queues.push((name, Box::new(SqsQueue::new(sqs.clone(), url)) as Box<dyn Queue>));
    }
    let publisher = &Publisher::new(start.app.store().clone(), queues);
    let handler = |event: LambdaEvent<Event>| async move { Ok::<_, Error>(publisher.handle(event.payload).await) };
    lambda_runtime::run(service_fn(handler)).await
}
