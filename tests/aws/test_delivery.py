"""Delivery: a message reaches who subscribed to it, and stays in the queue when it cannot be sent."""

import json

from conftest import arn, sample


def subscribe(aws, topic, name, **filters):
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [allow | {"Resource": arn(aws, url)}]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    attributes = {"RawMessageDelivery": "true", "FilterPolicy": json.dumps(filters)}
    aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn(aws, url), Attributes=attributes)
    return url


def bodies(aws, queue):
    found = aws("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
    return [json.loads(message["Body"]) for message in found.get("Messages", [])]


def test_a_message_reaches_the_subscribers_of_its_status(aws, invoke, topic):
    wanted = subscribe(aws, topic, "investigating", status=["INVESTIGATING"])
    other = subscribe(aws, topic, "resolved", status=["RESOLVED"])
    event = sample("delivery")
    assert invoke("delivery", event) == {"batchItemFailures": []}
    assert bodies(aws, wanted) == [json.loads(event["Records"][0]["body"])["event"]]
    assert bodies(aws, other) == []


def test_what_cannot_be_sent_stays_with_all_behind_it(invoke):
    event = sample("delivery")
    [first] = event["Records"]
    body = json.loads(first["body"]) | {"broker": "nobody"}
    second = first | {"messageId": "second"}
    other = first | {"messageId": "other", "attributes": first["attributes"] | {"MessageGroupId": "event:1"}}
    event["Records"] = [first | {"body": json.dumps(body)}, second, other]
    stuck = [{"itemIdentifier": first["messageId"]}, {"itemIdentifier": "second"}]
    assert invoke("delivery", event) == {"batchItemFailures": stuck}
