"""The table that the program makes is the one that template.yaml defines."""

import re
import subprocess

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
