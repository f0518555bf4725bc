"""The tables that the program makes are the one that template.yaml defines."""

import re
import socket
import subprocess

import pytest

import template
from conftest import TOKEN


def definition(dynamodb, name):
    """What matters of a table, in an order of its own."""
    table = dynamodb.describe_table(TableName=name)["Table"]
    ttl = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    indexes = table["GlobalSecondaryIndexes"]
    return {
        "attributes": sorted((one["AttributeName"], one["AttributeType"]) for one in table["AttributeDefinitions"]),
        "billing": table["BillingModeSummary"]["BillingMode"],
        "indexes": {one["IndexName"]: (one["KeySchema"], one["Projection"]) for one in indexes},
        "keys": table["KeySchema"],
        "stream": table["StreamSpecification"],
        "ttl": (ttl["AttributeName"], ttl["TimeToLiveStatus"]),
    }


def test_serve_makes_the_table_of_the_template(aws, binaries, environment, folder):
    settings = {"NOTICEBOARD_TABLE": "made-by-serve", "NOTICEBOARD_TOKEN": TOKEN}
    endpoint = environment["AWS_ENDPOINT_URL"]
    data = folder / "serve"
    command = [binaries / "noticeboard", "serve", "--listen", "127.0.0.1:0", "--endpoint-url", endpoint, "--data", data]
    log = folder / "serve.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, env=environment | settings, stdout=subprocess.PIPE, stderr=output, text=True)
    with process:
        try:
            # It is ready when it prints its address.
            lines = iter(process.stdout.readline, "")
            assert any(re.search(r"http://127\.0\.0\.1:\d+", line) for line in lines), log.read_text()
            dynamodb = aws("dynamodb")
            template.create_table(dynamodb, "made-by-template")
            assert definition(dynamodb, "made-by-serve") == definition(dynamodb, "made-by-template")
        finally:
            process.kill()


@pytest.fixture
def create(binaries, environment):
    """Runs `noticeboard table create` for a table; its exit code and what it says."""

    def create(name, *options):
        command = [binaries / "noticeboard", "table", "create", "--endpoint-url", environment["AWS_ENDPOINT_URL"], *options]
        settings = environment | {"NOTICEBOARD_TABLE": name}
        done = subprocess.run(command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    return create


def recovery_days():
    source = (template.ROOT / "shared/store/src/table_check.rs").read_text()
    return int(re.search(r"const RECOVERY_DAYS: i32 = (\d+);", source)[1])


def protection(dynamodb, name):
    """What a table has against loss, in the words of the template."""
    table = dynamodb.describe_table(TableName=name)["Table"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]
    return {
        "DeletionProtectionEnabled": table["DeletionProtectionEnabled"],
        "SSESpecification": {"SSEEnabled": table.get("SSEDescription", {}).get("Status") == "ENABLED"},
        "PointInTimeRecoverySpecification": {
            "PointInTimeRecoveryEnabled": recovery["PointInTimeRecoveryStatus"] == "ENABLED",
            # The counterpart of AWS forgets it.
            "RecoveryPeriodInDays": recovery_days(),
        },
    }


def test_the_command_makes_the_table_of_the_template(aws, create):
    dynamodb = aws("dynamodb")
    # A second time it finds it as it is defined.
    for _ in range(2):
        assert create("by-command") == (0, "The table by-command is as defined.\n")
    template.create_table(dynamodb, "by-template")
    assert definition(dynamodb, "by-command") == definition(dynamodb, "by-template")
    properties = dict(template.RESOURCES["Table"]["Properties"])
    days = template.DOCUMENT["Parameters"]["RecoveryDays"]["Default"]
    properties["PointInTimeRecoverySpecification"] |= {"RecoveryPeriodInDays": days}
    found = protection(dynamodb, "by-command")
    assert found == {name: properties[name] for name in found}
    # All that the template says of the table has been compared.
    compared = {"AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema", "StreamSpecification",
                "TimeToLiveSpecification"}
    assert set(properties) == set(found) | compared


def test_an_unprotected_table_is_told_from_a_protected_one(aws, create):
    assert create("unprotected", "--unprotected")[0] == 0
    code, said = create("unprotected")
    assert code == 1
    for lack in ("deletion protection is off", "Point-in-time recovery is off", "not encrypted with a key"):
        assert lack in said
    assert "do not expire" not in said
    assert not protection(aws("dynamodb"), "unprotected")["DeletionProtectionEnabled"]


def without(properties, index):
    """The table's properties without an index and what only it needs."""
    left = [one for one in properties["GlobalSecondaryIndexes"] if one["IndexName"] != index]
    keys = {key["AttributeName"] for one in [properties, *left] for key in one["KeySchema"]}
    attributes = [one for one in properties["AttributeDefinitions"] if one["AttributeName"] in keys]
    return {"GlobalSecondaryIndexes": left, "AttributeDefinitions": attributes}


def projecting(properties, index, projection):
    indexes = [one | ({"Projection": projection} if one["IndexName"] == index else {})
               for one in properties["GlobalSecondaryIndexes"]]
    return {"GlobalSecondaryIndexes": indexes}


@pytest.mark.parametrize(
    ("name", "change", "complaint"),
    [
        ("missing", lambda table: without(table, "by-owner"), "The index by-owner is missing."),
        ("fewer", lambda table: projecting(table, "by-kind", {"ProjectionType": "KEYS_ONLY"}),
         "The index by-kind holds other attributes."),
        ("other", lambda table: projecting(table, "compact", {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["data"]}),
         "The index compact holds other attributes."),
        ("images", lambda table: {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}},
         "Its stream does not carry both images"),
        ("silent", lambda table: {"StreamSpecification": {"StreamEnabled": False}}, "Its stream does not carry both images"),
        ("swapped", lambda table: {"KeySchema": [{"AttributeName": "SK", "KeyType": "HASH"},
                                                 {"AttributeName": "PK", "KeyType": "RANGE"}]}, "Its keys are not PK and SK."),
        ("paid", lambda table: {"BillingMode": "PROVISIONED"}, "It is not billed on demand."),
        ("lasting", lambda table: {}, "Its items do not expire: time to live by expires is off."),
    ],
)
def test_a_table_that_is_unlike_its_definition_is_told_of_and_left(aws, create, name, change, complaint):
    dynamodb = aws("dynamodb")
    properties = template.RESOURCES["Table"]["Properties"]
    same = ("AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema")
    asked = {key: properties[key] for key in same}
    asked["StreamSpecification"] = properties["StreamSpecification"] | {"StreamEnabled": True}
    asked |= change(properties)
    if asked["BillingMode"] == "PROVISIONED":
        units = {"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}
        asked |= units | {"GlobalSecondaryIndexes": [one | units for one in asked["GlobalSecondaryIndexes"]]}
    dynamodb.create_table(TableName=name, **asked)
    if name != "lasting":
        ttl = properties["TimeToLiveSpecification"]
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl)

    def found():
        ttl = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        return dynamodb.describe_table(TableName=name)["Table"], ttl

    before = found()
    code, said = create(name, "--unprotected")
    assert (code, said.count("\n  "), complaint in said) == (1, 1, True), said
    assert found() == before


# A machine that has no credentials, and asks nobody for any.
NOBODY = {"AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent", "RUST_LOG": "error"}
PROFILE = """
[default]
region = eu-north-1
aws_access_key_id = PROFILEKEY
aws_secret_access_key = secret
"""


@pytest.fixture
def complaint(binaries, folder):
    """What a command says that fails at its start."""

    def complaint(*arguments, **settings):
        command = [binaries / "noticeboard", *arguments]
        done = subprocess.run(command, env=NOBODY | settings, cwd=folder, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout) == (1, "")
        return done.stderr

    return complaint


TABLE_CREATE = ("table", "create")
SERVE = ("serve", "--listen", "127.0.0.1:0")


@pytest.mark.parametrize("command", [TABLE_CREATE, SERVE])
def test_what_cannot_be_reached_is_named_with_the_reason(complaint, command):
    said = complaint(*command, "--endpoint-url", "http://127.0.0.1:1")
    assert "noticeboard at http://127.0.0.1:1: " in said and "onnection refused" in said and said.count("\n") == 1


@pytest.mark.parametrize("command", [TABLE_CREATE, SERVE])
def test_aws_is_never_given_made_up_credentials(complaint, command):
    url = "https://dynamodb.eu-central-1.amazonaws.com"
    said = complaint(*command, "--endpoint-url", url)
    assert f"noticeboard at {url}: " in said and "no credentials found" in said
    if command == TABLE_CREATE:
        assert "in the region eu-north-1 of AWS" in complaint(*command, AWS_REGION="eu-north-1")


@pytest.mark.parametrize("command", [TABLE_CREATE, SERVE])
def test_a_wrong_address_and_a_wrong_name_are_one_clear_line(complaint, command):
    said = complaint(*command, "--endpoint-url", "nonsense")
    assert "--endpoint-url: 'nonsense' is not an address such as http://" in said and said.count("\n") == 1
    for name in ("a b", "ab", "ä" * 9):
        said = complaint(*command, "--endpoint-url", "http://127.0.0.1:1", NOTICEBOARD_TABLE=name)
        assert f"NOTICEBOARD_TABLE: '{name}' is not the name of a table: use 3 to 255 letters" in said
        assert said.count("\n") == 1


@pytest.mark.parametrize(("settings", "scope"), [("", "local/{date}/us-east-1"), (PROFILE, "PROFILEKEY/{date}/eu-north-1")])
def test_an_engine_of_ones_own_is_given_what_there_is(binaries, folder, settings, scope):
    """Without a profile or the like it is given made-up credentials."""
    (folder / "profile").write_text(settings)
    files = {"AWS_CONFIG_FILE": "profile", "AWS_SHARED_CREDENTIALS_FILE": "profile"}
    with socket.create_server(("127.0.0.1", 0)) as engine:
        url = f"http://127.0.0.1:{engine.getsockname()[1]}"
        command = [binaries / "noticeboard", *TABLE_CREATE, "--endpoint-url", url]
        process = subprocess.Popen(command, env=NOBODY | files, cwd=folder, stderr=subprocess.DEVNULL)
        engine.settimeout(30)
        connection, _ = engine.accept()
        request = connection.recv(65536).decode()
        connection.close()
        process.kill()
        process.wait()
    found = re.search(r"Credential=(\S+?)/(\d{8})/(\S+?)/dynamodb/", request)
    assert f"{found[1]}/{{date}}/{found[3]}" == scope
