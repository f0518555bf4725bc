"""What template.yaml says, in the terms of the AWS API."""

import json
from fnmatch import fnmatchcase
from pathlib import Path

from cfnlint.decode import decode

ROOT = Path(__file__).parents[2]
PATH = ROOT / "template.yaml"


def load():
    document, problems = decode(str(PATH))
    assert not problems, problems
    return document["Resources"]


RESOURCES = load()


def functions():
    """The functions' names by their resources' names: the last part of CodeUri."""
    return {
        name: Path(resource["Properties"]["CodeUri"]).name
        for name, resource in RESOURCES.items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def routed_to(path):
    """The name of the function that the HTTP API gives a path to: the most specific route wins, then the default."""
    found = {}
    for resource, function in functions().items():
        for event in RESOURCES[resource]["Properties"].get("Events", {}).values():
            route = event["Properties"].get("Path", "{proxy+}")
            if fnmatchcase(path, route.replace("{proxy+}", "*")):
                found[route] = function
    return found[max(found, key=len)]


def create_table(dynamodb, name):
    """Makes the table that template.yaml defines."""
    properties = RESOURCES["Table"]["Properties"]
    same = ["AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema"]
    dynamodb.create_table(
        TableName=name,
        StreamSpecification=properties["StreamSpecification"] | {"StreamEnabled": True},
        **{key: properties[key] for key in same},
    )
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    dynamodb.update_time_to_live(
        TableName=name, TimeToLiveSpecification=properties["TimeToLiveSpecification"]
    )


def wakes(mapping, record):
    """Whether a mapping's filters let a record of the stream through."""
    filters = RESOURCES[mapping]["Properties"]["FilterCriteria"]["Filters"]
    return any(matches(json.loads(one["Pattern"]), record) for one in filters)


def matches(pattern, value):
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(key in value and matches(pattern[key], value[key]) for key in pattern)
    return any(
        value not in rule["anything-but"] if isinstance(rule, dict) else value == rule for rule in pattern
    )
