"""The readers of the stream: each change on record once, and one message for each broker."""

import json

from conftest import BUCKET, TABLE, sample
from template import ROOT

NOTICES = "/api/plugins/notices"
DONE = {"batchItemFailures": []}


def told(name, **images):
    """The stream's record of one item."""
    event = sample("publisher")
    [record] = event["Records"]
    record["eventName"] = name
    record["dynamodb"] = {key: value for key, value in record["dynamodb"].items() if not key.endswith("Image")} | images
    return event


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


def test_abandoned_work_is_finished_on_schedule(api, aws, invoke):
    mail = ROOT / "shared/mail/samples/arelion-two-windows.eml"
    work = {"work": "mail", "raw": "mail/unfinished", "received": "2026-11-25T08:00:00Z", "request_id": "unfinished"}
    item = {"PK": "JOURNAL", "SK": "MAIL#mail/unfinished", "type": "journal", "data": json.dumps(work)}
    item = {name: {"S": value} for name, value in item.items()}
    aws("s3").put_object(Bucket=BUCKET, Key=work["raw"], Body=mail.read_bytes())
    aws("dynamodb").put_item(TableName=TABLE, Item=item)
    assert invoke("changelog", sample("changelog-schedule")) == DONE
    key = {name: item[name] for name in ("PK", "SK")}
    assert "Item" not in aws("dynamodb").get_item(TableName=TABLE, Key=key)
    assert api.get(f"{NOTICES}/maintenance/", "q=PWIC424242")["count"] == 2


def received(aws, queue):
    sqs = aws("sqs")
    found = sqs.receive_message(
        QueueUrl=queue, MessageSystemAttributeNames=["All"], MaxNumberOfMessages=10, WaitTimeSeconds=1
    )
    messages = found.get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return messages


def test_every_broker_gets_each_message_once(aws, invoke, queues):
    event = sample("publisher")
    # Told twice, as the stream may.
    assert invoke("publisher", event) == invoke("publisher", event) == DONE
    delivery = sample("delivery")["Records"][0]
    for broker in ("log", "sns"):
        update, status = received(aws, queues[broker])
        # The sample of the next function is what this one sends.
        assert json.loads(update["Body"]) == json.loads(delivery["body"]) | {"broker": broker}
        group = delivery["attributes"]["MessageGroupId"].replace("sns/", f"{broker}/")
        assert update["Attributes"]["MessageGroupId"] == status["Attributes"]["MessageGroupId"] == group
        assert update["Attributes"]["MessageDeduplicationId"] == delivery["attributes"]["MessageDeduplicationId"]
        told = json.loads(status["Body"])["event"]
        assert told["type"] == "noticeboard.status.outage"
        assert told["data"]["differences"]["added"]["status"] == "INVESTIGATING"
    # Another broker of the kind sns wants status changes of maintenances only; the other kinds are not set up.
    assert all(received(aws, queues[kind]) == [] for kind in queues)


def test_a_token_is_told_without_what_opens_the_door(aws, api, invoke, queues):
    made = api.post("/api/users/tokens/", {"user": "script", "scope": "read", "description": "for the test"})
    found = aws("dynamodb").scan(TableName=TABLE)["Items"]
    [token] = [item for item in found if item.get("display", {}).get("S") == "for the test"]
    assert invoke("publisher", told("INSERT", NewImage=token)) == DONE
    for broker in ("log", "sns"):
        [message] = received(aws, queues[broker])
        event = json.loads(message["Body"])["event"]
        assert event["type"] == "noticeboard.admin.user.change_token"
        assert event["data"]["data"]["token"]["id"] == made["id"]
        stored = json.loads(token["data"]["S"])
        for secret in (stored["secret_sha256"], stored["key"], made["token"]):
            assert secret not in message["Body"]


def test_a_deletion_is_told_with_who_asked_for_it(api, aws, invoke, queues):
    provider = api.post("/api/circuits/providers/", {"name": "Gone Networks", "slug": "gone-networks"})
    path = f"/api/circuits/providers/{provider['id']}/"
    key = {"PK": {"S": f"OBJECT#circuits.provider#{provider['id']:016}"}, "SK": {"S": "OBJECT"}}
    before = aws("dynamodb").get_item(TableName=TABLE, Key=key)["Item"]
    assert api.request("DELETE", path)[0] == 204
    deletion = told("REMOVE", OldImage=before)
    assert invoke("changelog", deletion) == invoke("publisher", deletion) == DONE
    [change] = changes_of(api, "circuits.provider", before)
    assert (change["action"]["value"], change["user_name"]) == ("delete", "admin")
    for broker in ("log", "sns"):
        [message] = received(aws, queues[broker])
        assert json.loads(message["Body"])["event"]["data"]["context"]["change_context_detail"] == f"API DELETE {path}"
