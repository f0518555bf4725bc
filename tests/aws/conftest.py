"""One run of the tests: AWS's counterpart on a port of its own, a table, a bucket, and the functions' programs."""

import base64
import json
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

import counterpart
import receivers
import template
from lambda_runtime import Function
from recorder import Recorder


def pytest_collection_modifyitems(items):
    """What all others have called is looked at when they are through."""
    items.sort(key=lambda item: item.path.name == "test_rights.py")


TABLE = "noticeboard"
BUCKET = "mail"
# The token in events/.
TOKEN = "example-token-for-local-use"
BROKERS = ("log", "sns", "syslog", "redis", "webhook")


@pytest.fixture(scope="session")
def folder():
    with tempfile.TemporaryDirectory(prefix="noticeboard-") as path:
        yield Path(path)


@pytest.fixture(scope="session")
def environment(folder):
    """What every program of the run is told about AWS."""
    with counterpart.running(folder) as environment:
        yield environment


@pytest.fixture(scope="session")
def aws(environment):
    """Makes a boto3 client of a service."""
    return counterpart.clients(environment)


@pytest.fixture(scope="session")
def binaries():
    """The folder of the programs: NOTICEBOARD_BIN_DIR as it is, else the workspace's own, built now."""
    if folder := os.environ.get("NOTICEBOARD_BIN_DIR"):
        return Path(folder).resolve()
    packages = [f"noticeboard-{name}" for name in template.functions()] + ["noticeboard"]
    arguments = [argument for package in packages for argument in ("--package", package)]
    subprocess.run(["cargo", "build", "--quiet", *arguments], cwd=template.ROOT, check=True)
    target = os.environ.get("CARGO_TARGET_DIR", "target")
    return template.ROOT / target / "debug"


@pytest.fixture(scope="session")
def queues(aws):
    """The addresses of the brokers' queues."""
    sqs = aws("sqs")
    fifo = {"FifoQueue": "true"}
    return {name: sqs.create_queue(QueueName=f"{name}.fifo", Attributes=fifo)["QueueUrl"] for name in BROKERS}


@pytest.fixture(scope="session")
def topic(aws):
    return aws("sns").create_topic(Name="changes")["TopicArn"]


@pytest.fixture(scope="session")
def fifo_topic(aws):
    return aws("sns").create_topic(Name="changes.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]


@pytest.fixture(scope="session")
def listeners():
    """Who listens for brokers that are not AWS's, by the brokers' names."""
    found = {"syslog": receivers.syslog(), "redis": receivers.redis(), "webhook": receivers.webhook()}
    yield found
    for one in found.values():
        one.stop()


@pytest.fixture(scope="session")
def recorders():
    """What each function has asked of AWS so far."""
    return {}


@pytest.fixture(scope="session")
def calls(environment, recorders):
    """The address under which a function finds AWS, where its calls are put down."""

    def calls(name):
        recorders[name] = Recorder(environment["AWS_ENDPOINT_URL"])
        return recorders[name].url

    yield calls
    for recorder in recorders.values():
        recorder.stop()


@pytest.fixture(scope="session")
def start(aws, binaries, environment, folder, queues, topic, fifo_topic, listeners, calls):
    """Starts a function's program with the variables and the permissions that template.yaml gives it, no more."""
    template.create_table(aws("dynamodb"), TABLE)
    # These are given messages by hand: publisher has none for them.
    silent = {"topics": {"exclude": ["*"]}}
    port = {name: one.port for name, one in listeners.items()}
    aws("s3").create_bucket(Bucket=BUCKET)
    aws("s3").put_object(Bucket=BUCKET, Key="formats/lantern.toml", Body=Path(__file__).with_name("lantern.toml").read_bytes())
    values = {
        "NOTICEBOARD_TABLE": TABLE,
        "NOTICEBOARD_BUCKET": BUCKET,
        "NOTICEBOARD_BASE_URL": "",
        "NOTICEBOARD_ALLOWED_TARGETS": "",
        "NOTICEBOARD_LIST_READ_LIMIT": "250000",
        "NOTICEBOARD_TOKEN": TOKEN,
        "NOTICEBOARD_BROKERS": json.dumps(
            {
                "log": {"type": "log"},
                "sns": {"type": "sns", "topic": topic},
                "fifo": {"type": "sns", "topic": fifo_topic, "topics": {"include": ["noticeboard.status.maintenance"]}},
                "gone": {"type": "sns", "topic": f"{topic}-gone", "pauses": [2], **silent},
                "syslog": {"type": "syslog", "url": f"udp://127.0.0.1:{port['syslog']}", **silent},
                "redis": {"type": "redis", "url": f"redis://127.0.0.1:{port['redis']}", **silent},
                "webhook": {
                    "type": "webhook",
                    "url": f"http://127.0.0.1:{port['webhook']}/",
                    "secrets": ["env:NOTICEBOARD_BROKER_SECRET"],
                    "allow_private": True,
                    **silent,
                },
            }
        ),
        "NOTICEBOARD_BROKER_SECRET": "whsec_" + base64.b64encode(bytes(32)).decode(),
        **{f"NOTICEBOARD_QUEUE_{name.upper()}": queue for name, queue in queues.items()},
        "RUST_LOG": "info",
    }
    arns = {
        "Table": aws("dynamodb").describe_table(TableName=TABLE)["Table"]["TableArn"],
        "Bucket": f"arn:aws:s3:::{BUCKET}",
        "Topic": [topic, fifo_topic, f"{topic}-gone"],
        **{f"{name.capitalize()}Queue": arn(aws, queue) for name, queue in queues.items()},
        **{name: f"arn:aws:sqs:us-east-1:000000000000:{name}" for name in ("StreamFailures", "InboundFailures")},
        "FifoTopic": fifo_topic,
        "Logs": "arn:aws:logs:us-east-1:000000000000:log-group:logs:*",
    }
    iam = aws("iam")

    def start(name):
        iam.create_user(UserName=name)
        policy = json.dumps(template.permissions(name, arns))
        iam.put_user_policy(UserName=name, PolicyName="template", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        credentials = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
        settings = {variable: values[variable] for variable in template.variables(name)}
        settings["AWS_ENDPOINT_URL"] = calls(name)
        return Function(binaries / f"noticeboard-{name}", environment | credentials | settings, folder / f"{name}.log")

    return start


def arn(aws, queue):
    attributes = aws("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    return attributes["QueueArn"]


@pytest.fixture(scope="session")
def invoke(start):
    """Gives an event to a function, whose program is started when it is needed first."""
    started = {}

    def invoke(name, event):
        if name not in started:
            started[name] = start(name)
        return started[name].invoke(event)

    yield invoke
    for function in started.values():
        function.stop()


def sample(name):
    """An event of events/."""
    return json.loads((template.ROOT / "events" / f"{name}.json").read_text())


class Api:
    """The HTTP API: routes a request as template.yaml says."""

    def __init__(self, invoke):
        self.invoke = invoke

    def send(self, event):
        answer = self.invoke(template.routed_to(event["rawPath"]), event)
        body = answer["body"]
        return answer["statusCode"], base64.b64decode(body) if answer["isBase64Encoded"] else body

    def request(self, method, path, query="", body=None):
        """A request with the token of events/; status and body of its answer."""
        event = sample("platform") | {"rawPath": path, "rawQueryString": query}
        event["requestContext"]["http"] |= {"method": method, "path": path}
        if body is not None:
            event["body"] = json.dumps(body)
            event["headers"]["content-type"] = "application/json"
        return self.send(event)

    def post(self, path, body):
        status, answer = self.request("POST", path, body=body)
        assert status == 201, answer
        return json.loads(answer)

    def get(self, path, query=""):
        status, answer = self.request("GET", path, query)
        assert status == 200, answer
        return json.loads(answer)


@pytest.fixture(scope="session")
def api(invoke):
    return Api(invoke)
