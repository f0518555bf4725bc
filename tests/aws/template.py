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
    """The environment variables that a function has, but those that are named and not set."""
    parts = (DOCUMENT["Globals"]["Function"], functions()[function])
    found = [item for part in parts for item in part.get("Environment", {}).get("Variables", {}).items()]
    return {name for name, value in found if value != {"Ref": "AWS::NoValue"}}


def statements(function, **conditions):
    """The statements of a function's role. A condition of the template is false where it is not given."""
    role = RESOURCES[functions()[function]["Role"]["Fn::GetAtt"][0]]["Properties"]
    documents = [RESOURCES[policy["Ref"]]["Properties"]["PolicyDocument"] for policy in role["ManagedPolicyArns"]]
    documents += [policy["PolicyDocument"] for policy in role.get("Policies", [])]
    found = []
    for statement in (statement for document in documents for statement in document["Statement"]):
        if "Fn::If" in statement:
            condition, yes, no = statement["Fn::If"]
            statement = yes if conditions.get(condition) else no
        if statement != {"Ref": "AWS::NoValue"}:
            found.append(statement)
    return found


def permissions(function, arns):
    """What a function may do, as one policy document; `arns` are those of the resources that it names."""
    return {"Version": "2012-10-17", "Statement": resolved(statements(function), arns)}


def allowed(function, **conditions):
    """What a function may do, as pairs of an action and a resource such as Bucket/mail/*."""

    class Names(dict):
        def __missing__(self, name):
            return name

    found = set()
    for statement in resolved(statements(function, **conditions), Names()):
        if statement["Effect"] == "Allow":
            found |= {(action, one) for action in listed(statement["Action"]) for one in listed(statement["Resource"])}
    return found


def listed(value):
    return value if isinstance(value, list) else [value]


def resolved(value, arns):
    match value:
        case {"Fn::GetAtt": [name, "Arn"]} | {"Ref": name}:
            return arns[name]
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{(\w+)\.Arn\}", lambda found: arns[found[1]], text)
        case dict():
            return {key: resolved(one, arns) for key, one in value.items()}
        case list():
            # A name may stand for several.
            return [one for item in value for one in listed(resolved(item, arns))]
    return value


def routes():
    """The function of each route of the HTTP API, as pairs of path and function; the default's path is {proxy+}."""
    return [
        (event["Properties"].get("Path", "{proxy+}"), function)
        for function, properties in functions().items()
        for event in properties.get("Events", {}).values()
        if event["Type"] == "HttpApi"
    ]


def routed_to(path):
    """The name of the function that the HTTP API gives a path to: the most specific route wins, then the default."""
    found = {route: function for route, function in routes() if fnmatchcase(path, route.replace("{proxy+}", "*"))}
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
