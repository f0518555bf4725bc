"""A function that lacks a setting, a table or a right goes on running: it says which, once, and refuses its calls."""

import json

import pytest

import template
from conftest import BUCKET, TABLE, TOKEN, sample
from lambda_runtime import Function, FunctionError

# The table and the bucket are there.
pytestmark = pytest.mark.usefixtures("start")

NOT_SET_UP = "The service is not set up. Its log says what is missing."
CALLS = 3
HTTP = ("events", "impacts", "notifications", "inventory", "platform", "ical-feed")
EVENTS = ("inbound-email", "changelog", "publisher", "delivery")
LACKING = {
    "NOTICEBOARD_TABLE": "",
    "NOTICEBOARD_BUCKET": "",
    "NOTICEBOARD_TOKEN": "short",
    "NOTICEBOARD_ALLOWED_TARGETS": "nothing.known",
    "NOTICEBOARD_LIST_READ_LIMIT": "0",
    "NOTICEBOARD_BASE_URL": "notices.example.net",
    "NOTICEBOARD_BROKERS": "{",
    "NOTICEBOARD_QUEUE_LOG": "",
}


@pytest.fixture
def program(aws, binaries, environment, folder, queues):
    """Starts a function's program with settings that are complete but for the changes; it may do everything, or what
    one statement allows."""
    started = []

    def start(name, changes, allowed=None):
        settings = {
            "NOTICEBOARD_TABLE": TABLE,
            "NOTICEBOARD_BUCKET": BUCKET,
            "NOTICEBOARD_TOKEN": TOKEN,
            "NOTICEBOARD_BROKERS": '{"log": {"type": "log"}}',
            "NOTICEBOARD_QUEUE_LOG": queues["log"],
        }
        if allowed is not None:
            iam, user = aws("iam"), f"trouble-{len(started)}-{name}"
            iam.create_user(UserName=user)
            policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", "Action": allowed}]}
            iam.put_user_policy(UserName=user, PolicyName="part", PolicyDocument=json.dumps(policy))
            key = iam.create_access_key(UserName=user)["AccessKey"]
            settings |= {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
        log = folder / f"trouble-{name}-{len(list(folder.glob('trouble-*')))}.log"
        started.append(Function(binaries / f"noticeboard-{name}", environment | settings | changes, log))
        return started[-1]

    yield start
    for function in started:
        function.stop()


def troubles(function):
    """What the log says is missing. A broker of kind `log` writes there too."""
    lines = [json.loads(line).get("fields", {}) for line in function.log.read_text().splitlines()]
    return [line["trouble"] for line in lines if "trouble" in line]


def check(function, event, refused, *parts):
    """Every call is refused; the log says once what is missing, in these words, and has no secret."""
    for _ in range(CALLS):
        refused(function, event)
    [trouble] = troubles(function)
    assert all(part in trouble for part in parts), trouble
    log = function.log.read_text()
    assert TOKEN not in log and "short" not in log


def answers_503(function, event):
    answer = function.invoke(event)
    assert (answer["statusCode"], json.loads(answer["body"])) == (503, {"detail": NOT_SET_UP})
    assert {"x-request-id", "retry-after"} <= {name.lower() for name in answer["headers"]}


def fails(function, event):
    """The call fails as a whole, and the program answers the next."""
    with pytest.raises(FunctionError, match=NOT_SET_UP):
        function.invoke(event)
    assert function.process.poll() is None


def leaves_the_batch(function, event):
    """The whole batch is given back: from its first record on."""
    first = event["Records"][0]["dynamodb"]["SequenceNumber"]
    assert function.invoke(event) == {"batchItemFailures": [{"itemIdentifier": first}]}


@pytest.mark.parametrize("name", HTTP + EVENTS)
def test_a_missing_setting(program, name):
    variable = "NOTICEBOARD_BROKERS" if name == "delivery" else "NOTICEBOARD_TABLE"
    check(program(name, {variable: ""}), sample(name), answers_503 if name in HTTP else fails, variable)


@pytest.mark.parametrize("variable", LACKING)
def test_each_setting_is_named(program, variable):
    publishing = variable.startswith(("NOTICEBOARD_BROKERS", "NOTICEBOARD_QUEUE"))
    name, refused = ("publisher", fails) if publishing else ("events", answers_503)
    check(program(name, {variable: LACKING[variable]}), sample(name), refused, variable)


def test_a_broker_that_is_wrong_stops_no_other(aws, program):
    brokers = {
        "log": {"type": "log"},
        "redis": {"type": "redis", "url": "env:NOTHING"},
        "syslog": {"type": "syslog", "topics": ["noticeboard.*"]},
        "pigeon": {"type": "pigeon"},
    }
    # Other tests have left messages in theirs.
    own = {}
    for kind in ("log", "redis", "syslog"):
        own[kind] = aws("sqs").create_queue(QueueName=f"wrong-{kind}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    changes = {"NOTICEBOARD_BROKERS": json.dumps(brokers)}
    changes |= {f"NOTICEBOARD_QUEUE_{kind.upper()}": url for kind, url in own.items()}

    # A message is kept for each of which the queue is known.
    publisher = program("publisher", changes)
    for _ in range(2):
        assert publisher.invoke(sample("publisher")) == {"batchItemFailures": []}
    [trouble] = troubles(publisher)
    assert "NOTICEBOARD_BROKERS: pigeon: type 'pigeon' is not a kind of broker" in trouble
    for kind, url in own.items():
        [message, *_] = aws("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1)["Messages"]
        assert json.loads(message["Body"])["broker"] == kind

    # What can be sent is sent; the rest stays in its queue, which makes dead letters of it.
    delivery = program("delivery", changes)
    for _ in range(2):
        assert delivery.invoke(sample("delivery-log")) == {"batchItemFailures": []}
        event = sample("delivery-redis")
        stuck = [{"itemIdentifier": event["Records"][0]["messageId"]}]
        assert delivery.invoke(event) == {"batchItemFailures": stuck}
    for name, trouble in zip(("pigeon: type", "redis: url", "syslog: topics"), troubles(delivery), strict=True):
        assert trouble.startswith(f"NOTICEBOARD_BROKERS: {name}")


def of_a_user(name):
    """The sample request, with a token that is looked up in the table."""
    event = sample(name)
    event["headers"]["authorization"] = "Token 0123456789abcdef0123456789abcdef01234567"
    return event


@pytest.mark.parametrize("name", HTTP)
def test_a_missing_table(program, name):
    event = sample(name) if name == "ical-feed" else of_a_user(name)
    check(program(name, {"NOTICEBOARD_TABLE": "gone"}), event, answers_503, "table gone", "NOTICEBOARD_TABLE")


def removal():
    """The stream's record of an object that was removed: who did it is read from the table."""
    event = sample("publisher")
    [record] = event["Records"]
    record["eventName"] = "REMOVE"
    record["dynamodb"]["OldImage"] = record["dynamodb"].pop("NewImage")
    return event


def test_the_readers_of_the_stream_without_a_table(program):
    gone = {"NOTICEBOARD_TABLE": "gone"}
    check(program("changelog", gone), sample("changelog"), leaves_the_batch, "table gone")
    check(program("publisher", gone), removal(), leaves_the_batch, "table gone")


def test_mail_without_a_table_or_a_bucket(aws, program):
    event = sample("inbound-email")
    key = f"inbound/{event['Records'][0]['ses']['mail']['messageId']}"
    mail = template.ROOT / "samples/maintenance.eml"
    aws("s3").put_object(Bucket=BUCKET, Key=key, Body=mail.read_bytes())
    check(program("inbound-email", {"NOTICEBOARD_TABLE": "gone"}), event, fails, "table gone")
    check(program("inbound-email", {"NOTICEBOARD_BUCKET": "gone"}), event, fails, "bucket gone", "NOTICEBOARD_BUCKET")
    table_only = ["dynamodb:*"]
    check(program("inbound-email", {}, table_only), event, fails, "s3:GetObject is denied", f"bucket {BUCKET}")


def test_a_denied_read_and_a_denied_write(program):
    check(program("platform", {}, ["s3:*"]), of_a_user("platform"), answers_503, "dynamodb:GetItem is denied", TABLE)
    read = ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"]
    event = sample("inventory")
    event["body"] = json.dumps({"name": "Denied Fibre", "slug": "denied-fibre"})
    check(program("inventory", {}, read), event, answers_503, "dynamodb:TransactWriteItems is denied", TABLE)
    check(program("changelog", {}, read), sample("changelog"), leaves_the_batch, "TransactWriteItems is denied", TABLE)


def test_a_table_that_comes_late_is_used(aws, program):
    """Nothing of the trouble is kept but that it was said."""
    function = program("events", {"NOTICEBOARD_TABLE": "late"})
    check(function, sample("events-list"), answers_503, "table late")
    template.create_table(aws("dynamodb"), "late")
    assert function.invoke(sample("events-list"))["statusCode"] == 200
