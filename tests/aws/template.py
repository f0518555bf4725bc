"""What template.yaml says, in the terms of the AWS API."""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path

from cfnlint.decode import decode

ROOT = Path(__file__).parents[2]
PATH = ROOT / "template.yaml"

DOCUMENT, PROBLEMS = decode(str(PATH))
assert not PROBLEMS, PROBLEMS
RESOURCES = DOCUMENT["Resources"]


def functions():
    """The properties of each function, by its name: its program without `noticeboard-`."""
    found = (one for one in RESOURCES.values() if one["Type"] == "AWS::Serverless::Function")
    return {
        one["Metadata"]["BuildProperties"]["Binary"].removeprefix("noticeboard-"): one["Properties"] for one in found
    }


def variables(function):
    """The environment variables that a function has."""
    parts = (DOCUMENT["Globals"]["Function"], functions()[function])
    return {name for part in parts for name in part.get("Environment", {}).get("Variables", {})}


def permissions(function, arns):
    """What a function may do, as one policy document; `arns` are those of the resources that it names."""
    statements = []
    for policy in functions()[function]["Policies"]:
        document = RESOURCES[policy["Ref"]]["Properties"]["PolicyDocument"] if "Ref" in policy else policy
        statements += document["Statement"]
    return {"Version": "2012-10-17", "Statement": resolved(statements, arns)}


def resolved(value, arns):
    match value:
        case {"Fn::GetAtt": [name, "Arn"]} | {"Ref": name}:
            return arns[name]
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{(\w+)\.Arn\}", lambda found: arns[found[1]], text)
        case dict():
            return {key: resolved(one, arns) for key, one in value.items()}
        case list():
            return [resolved(one, arns) for one in value]
    return value


def routed_to(path):
    """The name of the function that the HTTP API gives a path to: the most specific route wins, then the default."""
    found = {}
    for function, properties in functions().items():
        for event in properties.get("Events", {}).values():
            if event["Type"] != "HttpApi":
                continue
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
