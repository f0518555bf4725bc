"""Delivery: a message reaches who subscribed to it, and stays in the queue when it cannot be sent."""

import json

import time

import pytest

from conftest import arn, sample


def subscribe(aws, topic_arn, name, **filters):
    sqs = aws("sqs")
    fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
    url = sqs.create_queue(QueueName=name, Attributes=fifo)["QueueUrl"]
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [allow | {"Resource": arn(aws, url)}]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    attributes = {"RawMessageDelivery": "true", "FilterPolicy": json.dumps(filters)}
    aws("sns").subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn(aws, url), Attributes=attributes)
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


@pytest.mark.parametrize("kind", ["log", "syslog", "redis", "webhook"])
def test_each_kind_of_broker_takes_its_sample(invoke, listeners, kind):
    """The samples are the one of SNS, in another queue."""
    event = sample(f"delivery-{kind}")
    assert invoke("delivery", event) == {"batchItemFailures": []}
    [record] = event["Records"]
    message = json.loads(record["body"])
    if kind in listeners:
        assert listeners[kind].next() == message["event"]
    [of_sns] = sample("delivery")["Records"]
    assert message == json.loads(of_sns["body"]) | {"broker": kind}
    assert record["attributes"]["MessageGroupId"] == of_sns["attributes"]["MessageGroupId"].replace("sns/", f"{kind}/")
    assert record["eventSourceARN"] == of_sns["eventSourceARN"].replace("sns.fifo", f"{kind}.fifo")


def test_what_cannot_be_sent_stays_with_all_behind_it(invoke):
    event = sample("delivery")
    [first] = event["Records"]
    body = json.loads(first["body"]) | {"broker": "nobody"}
    second = first | {"messageId": "second"}
    other = first | {"messageId": "other", "attributes": first["attributes"] | {"MessageGroupId": "event:1"}}
    event["Records"] = [first | {"body": json.dumps(body)}, second, other]
    stuck = [{"itemIdentifier": first["messageId"]}, {"itemIdentifier": "second"}]
    assert invoke("delivery", event) == {"batchItemFailures": stuck}


def sized(broker, size, attributes):
    """A message of a queue whose event, with its attributes, has exactly this size as SNS counts it."""
    event = sample("delivery")
    [record] = event["Records"]
    message = json.loads(record["body"]) | {"broker": broker}
    message["event"] |= {"id": f"notices.outage:890976496735741:{size}"}
    after = message["event"]["data"]["postchange"]
    beside = sum(len(name) + len("String") + len(value) for name, value in attributes(message["event"]).items())
    compact = json.dumps(message["event"], separators=(",", ":"))
    after["comments"] = "x" * (size - beside - len(compact))
    record["body"] = json.dumps(message, separators=(",", ":"))
    return event, message["event"]


def attributes(event):
    after = event["data"]["postchange"]
    return {"topic": event["type"], "kind": after["kind"], "status": after["status"], "provider": str(after["provider"])}


@pytest.mark.parametrize(("size", "whole"), [(262_144, True), (262_145, False)])
def test_a_message_over_the_limit_goes_without_its_payload(aws, invoke, topic, size, whole):
    queue = subscribe(aws, topic, f"size-{size}", status=["INVESTIGATING"])
    event, message = sized("sns", size, attributes)
    assert invoke("delivery", event) == {"batchItemFailures": []}
    [found] = bodies(aws, queue)
    expected = message if whole else {key: value for key, value in message.items() if key != "data"}
    assert found == expected
    assert found["dataref"] == "/api/core/object-changes/890976497623270/"


def test_filters_select_by_every_attribute(aws, invoke, topic):
    event = sample("delivery")
    message = json.loads(event["Records"][0]["body"])["event"]
    wanted = attributes(message)
    queues = {name: subscribe(aws, topic, f"by-{name}", **{name: [value]}) for name, value in wanted.items()}
    other = subscribe(aws, topic, "by-other", topic=["noticeboard.status.outage"], status=[wanted["status"]])
    assert invoke("delivery", event) == {"batchItemFailures": []}
    for queue in queues.values():
        assert bodies(aws, queue) == [message]
    assert bodies(aws, other) == []


def test_a_fifo_topic_keeps_the_order_and_takes_a_message_once(aws, invoke, fifo_topic):
    sqs, queue = aws("sqs"), subscribe(aws, fifo_topic, "ordered.fifo", status=["INVESTIGATING"])
    [record] = sample("delivery")["Records"]
    message = json.loads(record["body"]) | {"broker": "fifo"}
    records = []
    for version in (2, 3, 3, 4):
        one = message["event"] | {"id": f"notices.outage:890976496735741:{version}", "sequence": f"{version:010}"}
        records.append(record | {"messageId": f"m{len(records)}", "body": json.dumps(message | {"event": one})})
    assert invoke("delivery", {"Records": records}) == {"batchItemFailures": []}
    found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"])
    found = found["Messages"]
    assert [json.loads(one["Body"])["sequence"] for one in found] == ["0000000002", "0000000003", "0000000004"]
    assert {one["Attributes"]["MessageGroupId"] for one in found} == {"event:890976496735741"}


def test_what_a_broker_did_not_take_is_hidden_for_as_long_as_its_pauses_say(aws, invoke, queues):
    sqs, queue = aws("sqs"), queues["sns"]
    [record] = sample("delivery")["Records"]
    message = json.loads(record["body"]) | {"broker": "gone"}
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(message), MessageGroupId="g", MessageDeduplicationId="d")
    everything = {"MessageSystemAttributeNames": ["All"], "VisibilityTimeout": 600}
    [received] = sqs.receive_message(QueueUrl=queue, **everything)["Messages"]
    event = record | {
        "messageId": received["MessageId"],
        "receiptHandle": received["ReceiptHandle"],
        "body": received["Body"],
        "attributes": received["Attributes"],
        "eventSourceARN": arn(aws, queue),
    }
    begin = time.monotonic()
    assert invoke("delivery", {"Records": [event]}) == {"batchItemFailures": [{"itemIdentifier": received["MessageId"]}]}
    again = []
    while not again:
        assert time.monotonic() < begin + 20, "it is hidden for too long"
        again = sqs.receive_message(QueueUrl=queue, **everything).get("Messages", [])
        time.sleep(0.05)
    # The broker's first pause is two seconds, a fifth more or less.
    assert 1.5 < time.monotonic() - begin < 10
    assert again[0]["Attributes"]["ApproximateReceiveCount"] == "2"
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=again[0]["ReceiptHandle"])
