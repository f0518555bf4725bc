"""The readers of the stream: each change on record once, and one message for each broker."""

import copy
import json

from conftest import sample

DONE = {"batchItemFailures": []}


def changes_of(api, kind, item):
    stored = json.loads(item["data"]["S"])
    query = f"changed_object_type={kind}&changed_object_id={stored['id']}"
    return api.get("/api/core/object-changes/", query)["results"]


def test_a_change_is_on_record_once_however_often_it_is_told(api, invoke):
    event = sample("changelog")
    for _ in range(2):
        assert invoke("changelog", event) == DONE
        image = event["Records"][0]["dynamodb"]["NewImage"]
        [change] = changes_of(api, "notices.maintenance", image)
        assert change["action"]["value"] == "create"
        assert change["postchange_data"]["name"] == image["display"]["S"]


def test_a_record_that_cannot_be_read_ends_the_batch(invoke):
    event = sample("changelog")
    broken = event["Records"][0]["dynamodb"]
    broken["NewImage"]["data"]["S"] = "{"
    assert invoke("changelog", event) == {"batchItemFailures": [{"itemIdentifier": broken["SequenceNumber"]}]}


def received(aws, queue):
    sqs = aws("sqs")
    found = sqs.receive_message(
        QueueUrl=queue, MessageSystemAttributeNames=["All"], MaxNumberOfMessages=10, WaitTimeSeconds=1
    )
    messages = found.get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return messages


def test_every_broker_gets_one_message(aws, invoke, queues):
    event = sample("publisher")
    # Told twice, as the stream may.
    assert invoke("publisher", event) == invoke("publisher", copy.deepcopy(event)) == DONE
    delivery = sample("delivery")["Records"][0]
    for broker, queue in queues.items():
        [message] = received(aws, queue)
        # The sample of the next function is what this one sends.
        assert json.loads(message["Body"]) == json.loads(delivery["body"]) | {"broker": broker}
        for attribute in ("MessageGroupId", "MessageDeduplicationId"):
            assert message["Attributes"][attribute] == delivery["attributes"][attribute]
