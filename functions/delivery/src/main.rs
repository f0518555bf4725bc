//! The Lambda program of `noticeboard-delivery`.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use lambda_runtime::{LambdaEvent, service_fn};
use noticeboard_app::Clock;
use noticeboard_delivery::{Delivery, Hold, Unsent};
use noticeboard_lambda::{Error, required, variable};
use noticeboard_publish::{Broker, BrokerSettings};

/// SQS queues, by their ARNs.
#[derive(Debug)]
struct Queues {
    client: aws_sdk_sqs::Client,
    /// Addresses by the names that end the ARNs.
    urls: HashMap<String, String>,
}

impl Hold for Queues {
    fn hold<'a>(
        &'a self,
        message: &'a SqsMessage,
        unsent: &'a Unsent,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async move {
            let Some(pause) = unsent.pause else {
                return Ok(());
            };
            let name = message.event_source_arn.as_deref().and_then(|arn| arn.rsplit(':').next()).unwrap_or_default();
            let url = self.urls.get(name).ok_or_else(|| format!("no NOTICEBOARD_QUEUE_… names the queue {name}"))?;
            let hidden = self.client.change_message_visibility().queue_url(url);
            let hidden = hidden.set_receipt_handle(message.receipt_handle.clone());
            // Whole seconds, never less than was asked for.
            let seconds = i32::try_from(pause.as_secs_f64().ceil() as i64).unwrap_or(i32::MAX);
            hidden.visibility_timeout(seconds).send().await.map(drop).map_err(|error| format!("{error:?}"))
        })
    }
}

/// The delivery that the settings ask for. Each broker is set up by itself: one that is wrong is left out, and its
/// messages stay in its queue until they are dead letters.
async fn set_up() -> Result<Delivery, Error> {
    noticeboard_lambda::log();
    let sdk = noticeboard_lambda::sdk().await;
    let (mut brokers, mut urls) = (Vec::new(), HashMap::new());
    for settings in BrokerSettings::read_each(&required("NOTICEBOARD_BROKERS")?, &variable)? {
        let set_up = || {
            let settings = settings?;
            let url = required(&settings.kind.queue_variable())?;
            let clock = Clock::system();
            let broker = Broker::new(settings, || aws_sdk_sns::Client::new(&sdk), move || clock.now());
            Ok((broker.map_err(|error| format!("NOTICEBOARD_BROKERS: {error}"))?, url))
        };
        match set_up() {
            Ok((broker, url)) => {
                brokers.push(broker);
                urls.insert(url.rsplit('/').next().unwrap_or_default().to_owned(), url);
            }
            Err::<_, Error>(trouble) => {
                tracing::error!(%trouble, "A broker is left out, and its messages are not sent.");
            }
        }
    }
    let queues = Queues { client: aws_sdk_sqs::Client::new(&sdk), urls };
    Ok(Delivery::new(brokers, Box::new(queues)))
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let delivery = &match set_up().await {
        Ok(delivery) => delivery,
        Err(error) => return noticeboard_lambda::run_not_set_up(error).await,
    };
    let handler = |event: LambdaEvent<SqsEvent>| async move { Ok::<_, Error>(delivery.handle(event.payload).await) };
    lambda_runtime::run(service_fn(handler)).await
}
