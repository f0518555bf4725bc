//! The Lambda program of `noticeboard-delivery`.

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{LambdaEvent, service_fn};
use noticeboard_delivery::Delivery;
use noticeboard_lambda::{Error, required};
use noticeboard_publish::{Broker, BrokerSetting};

#[tokio::main]
async fn main() -> Result<(), Error> {
    noticeboard_lambda::log();
    let sdk = noticeboard_lambda::sdk().await;
    let settings = BrokerSetting::list(&required("NOTICEBOARD_BROKERS")?)?;
    let brokers = settings.iter().map(|setting| Broker::new(setting, || aws_sdk_sns::Client::new(&sdk)));
    let delivery = &Delivery::new(brokers.collect());
    let handler = |event: LambdaEvent<SqsEvent>| async move { Ok::<_, Error>(delivery.handle(event.payload).await) };
    lambda_runtime::run(service_fn(handler)).await
}
