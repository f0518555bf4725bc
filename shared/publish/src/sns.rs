//! SNS topics, standard and FIFO.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;

use serde::Deserialize;

use crate::cloud_event::CloudEvent;
use crate::settings::Payload;

/// The settings of an SNS broker.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnsSettings {
    /// The topic's ARN; one that ends in `.fifo` is a FIFO topic.
    pub topic: String,
}

impl SnsSettings {
    pub(crate) fn check(&self) -> Result<(), String> {
        let parts: Vec<&str> = self.topic.split(':').collect();
        match parts.as_slice() {
            ["arn", _, "sns", _, _, _] if !parts.contains(&"") => Ok(()),
            _ => Err(format!("topic: '{}' is not the ARN of a topic, arn:aws:sns:REGION:ACCOUNT:NAME", self.topic)),
        }
    }
}

/// SNS takes messages of at most this size, attributes included.
const MAX_MESSAGE_BYTES: usize = 262_144;
/// SNS takes group and deduplication ids of at most this length.
const MAX_ID: usize = 128;

/// What subscriptions can filter by: at most five, for a filter policy has no more.
fn attributes(event: &CloudEvent) -> Vec<(&'static str, &str)> {
    std::iter::once(("topic", event.topic.as_str())).chain(event.about.attributes()).collect()
}

/// Publishes a message; one that is too large goes without its payload, never cut.
pub(crate) async fn send(client: &Client, topic: &str, payload: Payload, event: &CloudEvent) -> Result<(), String> {
    const TYPE: usize = "String".len();
    let attributes = attributes(event);
    let beside: usize = attributes.iter().map(|(name, value)| name.len() + TYPE + value.len()).sum();
    let body = payload.within(event, MAX_MESSAGE_BYTES - beside)?;
    let mut publish = client.publish().topic_arn(topic).message(body);
    for (name, value) in attributes {
        let value = MessageAttributeValue::builder().data_type("String").string_value(value).build();
        publish = publish.message_attributes(name, value.map_err(|error| error.to_string())?);
    }
    if topic.ends_with(".fifo") {
        let clip = |text: &str| text.chars().take(MAX_ID).collect::<String>();
        publish = publish.message_group_id(clip(&event.partitionkey)).message_deduplication_id(clip(&event.id));
    }
    publish.send().await.map(drop).map_err(|error| format!("{error:?}"))
}
