"""Each function may do what it does, and nothing else."""

from pathlib import Path

import pytest

import rights
import template

FUNCTIONS = sorted(rights.CALLS)


def lambdas_own(function):
    """What Lambda needs to run a function, as the template sets it up."""
    needed = set(rights.RUN)
    properties = template.functions()[function]
    [name] = [name for name, one in template.RESOURCES.items() if one.get("Properties") is properties]
    for one in template.RESOURCES.values():
        if one["Type"] != "AWS::Lambda::EventSourceMapping" or one["Properties"]["FunctionName"] != {"Ref": name}:
            continue
        needed |= rights.FOLLOW if one["Properties"]["EventSourceArn"]["Fn::GetAtt"][1] == "StreamArn" else rights.POLL
        needed |= failures(one["Properties"])
    if "VpcConfig" in properties:
        needed |= rights.VPC
    return needed | failures(properties.get("EventInvokeConfig", {}))


def failures(properties):
    """The right to leave what failed where the template says."""
    match properties.get("DestinationConfig"):
        case {"OnFailure": {"Destination": {"Fn::GetAtt": [queue, "Arn"]}}}:
            return {("sqs:SendMessage", queue)}
    return set()


def test_every_function_is_in_the_list():
    assert FUNCTIONS == sorted(template.functions())


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_allows_what_its_function_and_lambda_need_and_no_more(function):
    calls = {
        (action, one) for action, resource in rights.CALLS[function]
        for one in rights.RESOURCES.get(resource, {resource})
    }
    assert template.allowed(function, WithVpc=True) == calls | lambdas_own(function)


def test_a_wildcard_stands_only_where_aws_takes_nothing_else():
    """By the service authorization reference; the template says the same in a comment beside each."""
    without_resources = rights.VPC | {(action, "*") for action in ("xray:PutTraceSegments", "xray:PutTelemetryRecords")}
    for function in FUNCTIONS:
        allowed = template.allowed(function, WithVpc=True)
        assert {pair for pair in allowed if pair[1] == "*" or "*" in pair[0]} <= without_resources


def test_no_role_is_made_that_is_not_written_down():
    """SAM would make a role for a function without one, with rights to every log."""
    assert all("Role" in properties and "Policies" not in properties for properties in template.functions().values())


def test_the_functions_call_what_the_list_says(recorders, request):
    """Nothing else in any test, and all of it in the tests together."""
    seen = {function: recorder.calls for function, recorder in recorders.items()}
    for function, calls in seen.items():
        assert calls <= rights.CALLS[function], function
    folder = Path(__file__).parent
    every = {path.name for path in folder.glob("test_*.py")}
    if {item.path.name for item in request.session.items} != every or request.config.option.keyword:
        pytest.skip("what is missing is known only after all tests of the folder")
    missing = {function: calls - seen.get(function, set()) - rights.FORMATS for function, calls in rights.CALLS.items()}
    missing = {function: sorted(calls) for function, calls in missing.items() if calls}
    assert missing == {}
