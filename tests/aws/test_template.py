"""template.yaml by itself: it is valid, complete, and routes and filters as meant."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import template
from conftest import sample

FUNCTIONS = sorted(path.name for path in (template.ROOT / "functions").iterdir() if path.is_dir())


def test_the_linter_has_no_complaint():
    command = [Path(sys.executable).with_name("cfn-lint"), template.PATH]
    lint = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert (lint.returncode, lint.stdout) == (0, "")


def test_every_function_is_deployed():
    assert sorted(template.functions()) == FUNCTIONS


def of_type(kind):
    return {name: one["Properties"] for name, one in template.RESOURCES.items() if one["Type"] == kind}


# What calls a function, by what an event of it has.
SIGNS = {
    "HttpApi": lambda event: event.get("version") == "2.0",
    "Schedule": lambda event: event.get("detail-type") == "Scheduled Event",
    "dynamodb": lambda event: event["Records"][0].get("eventSource") == "aws:dynamodb",
    "sqs": lambda event: event["Records"][0].get("eventSource") == "aws:sqs",
    "ses": lambda event: event["Records"][0].get("eventSource") == "aws:ses",
}


def triggers():
    """What calls each function: pairs of a function and a sign; of a queue with its kind."""
    names = {name: one["Metadata"]["BuildProperties"]["Binary"].removeprefix("noticeboard-")
             for name, one in template.RESOURCES.items() if one["Type"] == "AWS::Serverless::Function"}
    found = {(name, event["Type"], "") for name, one in template.functions().items() for event in one.get("Events", {}).values()}
    for mapping in of_type("AWS::Lambda::EventSourceMapping").values():
        source, attribute = mapping["EventSourceArn"]["Fn::GetAtt"]
        kind = "" if attribute == "StreamArn" else source.removesuffix("Queue").lower()
        found.add((names[mapping["FunctionName"]["Ref"]], "sqs" if kind else "dynamodb", kind))
    [rule] = of_type("AWS::SES::ReceiptRule").values()
    [called] = [action["LambdaAction"] for action in rule["Rule"]["Actions"] if "LambdaAction" in action]
    return sorted(found | {(names[called["FunctionArn"]["Fn::GetAtt"][0]], "ses", "")})


@pytest.mark.parametrize(("function", "kind", "queue"), triggers())
def test_every_trigger_of_a_function_has_a_sample(function, kind, queue):
    """In a file that begins with the function's name."""
    samples = [json.loads(path.read_text()) for path in (template.ROOT / "events").glob(f"{function}*.json")]
    fitting = [one for one in samples if (kind in ("HttpApi", "Schedule")) != ("Records" in one) and SIGNS[kind](one)]
    if queue:
        fitting = [one for one in fitting if one["Records"][0]["eventSourceARN"].endswith(f":{queue}.fifo")]
    assert fitting


def test_no_sample_is_left_over():
    functions = [*FUNCTIONS, "mail-rules"]
    for path in (template.ROOT / "events").glob("*"):
        assert path.stem.startswith(tuple(functions)), path


@pytest.mark.parametrize(
    ("path", "function"),
    [
        ("/api/plugins/notices/maintenance/", "events"),
        ("/api/plugins/notices/maintenance/7/timeline/", "events"),
        ("/api/plugins/notices/outage/7/", "events"),
        ("/api/plugins/notices/impact/", "impacts"),
        ("/api/plugins/notices/eventnotification/7/", "notifications"),
        ("/api/plugins/notices/inbound-mail/", "notifications"),
        ("/api/plugins/notices/review/7/raw/", "notifications"),
        ("/api/circuits/providers/", "inventory"),
        ("/api/circuits/circuits/7/", "inventory"),
        ("/api/circuits/circuit-types/", "inventory"),
        ("/api/circuits/circuit-terminations/7/", "inventory"),
        ("/api/dcim/sites/", "inventory"),
        ("/api/dcim/power-feeds/7/", "inventory"),
        ("/api/ipam/ip-addresses/", "inventory"),
        ("/api/virtualization/virtual-machines/7/", "inventory"),
        ("/api/plugins/notices/import/", "inventory"),
        ("/api/plugins/notices/ical/", "ical-feed"),
        ("/plugins/notices/ical/maintenances.ics", "ical-feed"),
        ("/api/plugins/notices/maintenance/7/ical/", "ical-feed"),
        ("/api/plugins/notices/outage/7/ical/", "ical-feed"),
        ("/api/", "platform"),
        ("/api/status/", "platform"),
        ("/api/plugins/notices/", "platform"),
        ("/api/core/object-changes/7/", "platform"),
        ("/api/extras/tags/", "platform"),
        ("/api/extras/journal-entries/7/", "platform"),
        ("/api/plugins/", "platform"),
        ("/api/plugins/maintenance/", "platform"),
        ("/api/plugins/maintenance/circuitmaintenance/", "events"),
        ("/api/plugins/maintenance/circuitmaintenance/7/", "events"),
        ("/api/plugins/maintenance/circuitmaintenanceimpact/", "events"),
        ("/api/plugins/maintenance/circuitmaintenancenotifications/7/", "events"),
        ("/", "platform"),
    ],
)
def test_a_path_reaches_its_function(path, function):
    assert template.routed_to(path) == function
    # A path without its slash is redirected by the function that has it.
    assert template.routed_to(path.rstrip("/") or "/") == function


def test_a_prefix_has_a_route_for_itself_and_one_for_what_is_below():
    """A route key cannot end in a slash; `P/{proxy+}` takes `P/` too."""
    routes = template.routes()
    assert len({path for path, _ in routes}) == len(routes), "two functions have the same route"
    for path, function in routes:
        assert path == "{proxy+}" or re.fullmatch(r"(/[a-z.-]+|/\{id\})+(/\{proxy\+\})?", path), path
        prefix = path.removesuffix("/{proxy+}")
        # A file has nothing below it, and the default has everything.
        if prefix not in ("{proxy+}", "/plugins/notices/ical/maintenances.ics"):
            assert {(prefix, function), (prefix + "/{proxy+}", function)} <= set(routes)
    assert [function for path, function in routes if path == "{proxy+}"] == ["platform"]


def test_every_path_of_the_document_is_one_functions():
    """test_http.py sees that it is the one that has it."""
    document = json.loads((template.ROOT / "openapi.json").read_text())
    reached = set()
    for path in document["paths"]:
        path = path.replace("{id}", "7")
        assert "{" not in path
        def below(route):
            prefix = route.replace("{id}", "7").removesuffix("{proxy+}").rstrip("/") + "/"
            return len(prefix) if (path.rstrip("/") + "/").startswith(prefix) else 0

        # The most specific route has it: those of that length are one function's.
        routes = [(below(route), function) for route, function in template.routes() if route != "{proxy+}"]
        longest = max(length for length, _ in routes)
        owners = {function for length, function in routes if length == longest > 0}
        assert len(owners) <= 1, path
        assert owners in ({template.routed_to(path)}, set()), path
        reached.add(template.routed_to(path))
    http = {name for name, one in template.functions().items() if any(e["Type"] == "HttpApi" for e in one.get("Events", {}).values())}
    assert reached == http


def settings():
    """The variables in the README's table of settings."""
    table = (template.ROOT / "README.md").read_text().split("## Settings")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([A-Z_<>]+)` \|", table, re.MULTILINE))


def documented(name):
    return re.sub(r"^NOTICEBOARD_QUEUE_[A-Z]+$", "NOTICEBOARD_QUEUE_<KIND>", name) in settings()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_variable_of_a_function_is_in_the_settings_table(function):
    assert [name for name in sorted(template.variables(function)) if not documented(name)] == []


def test_the_settings_table_has_what_the_sources_read_and_nothing_else():
    names = set()
    for folder in ("shared", "functions", "local", "cli"):
        for path in (template.ROOT / folder).glob("**/src/**/*.rs"):
            source = path.read_text().split("#[cfg(test)]")[0]
            names |= set(re.findall(r'"(NOTICEBOARD_[A-Z_]+)(?:\{[^"]*)?"', source))
    # One queue for each kind of broker.
    names = {"NOTICEBOARD_QUEUE_<KIND>" if name == "NOTICEBOARD_QUEUE_" else name for name in names}
    # Whatever the settings of brokers call env:…; the template has one.
    names.add("NOTICEBOARD_BROKER_SECRET")
    assert names == {name for name in settings() if name.startswith("NOTICEBOARD_")}


def test_samconfig_names_only_what_there_is():
    config = tomllib.loads((template.ROOT / "samconfig.toml").read_text())
    assert {"default", "local", "prod"} == {place for place in config if place != "version"}
    for place in ("default", "local", "prod"):
        for command in config[place].values():
            for override in command["parameters"].get("parameter_overrides", []):
                name, value = override.split("=", 1)
                parameter = template.DOCUMENT["Parameters"][name]
                assert value in [str(one) for one in parameter.get("AllowedValues", [value])]
            if "env_vars" in command["parameters"]:
                given = json.loads((template.ROOT / command["parameters"]["env_vars"]).read_text())["Parameters"]
                # SAM gives a function no variable that the template does not name.
                parts = [template.DOCUMENT["Globals"]["Function"], *template.functions().values()]
                named = {name for part in parts for name in part.get("Environment", {}).get("Variables", {})}
                assert set(given) <= named


def test_every_failure_queue_alarm_and_function_is_watched():
    alarms = of_type("AWS::CloudWatch::Alarm")
    assert all(alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}] for alarm in alarms.values())
    watched = json.dumps(alarms)
    dashboard = of_type("AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]["Fn::Sub"]
    for name in of_type("AWS::SQS::Queue"):
        assert f"${{{name}.QueueName}}" in dashboard
        if name.endswith("Failures"):
            assert f'["{name}", "QueueName"]' in watched
    for name in of_type("AWS::Serverless::Function"):
        for metric in ("Duration", "Throttles"):
            assert f'"{metric}", "FunctionName", "${{{name}}}"' in dashboard
        assert f'"MetricName": "Throttles", "Dimensions": [{{"Name": "FunctionName", "Value": {{"Ref": "{name}"}}' in watched
    for name in of_type("AWS::Lambda::EventSourceMapping"):
        if name.endswith("Stream"):
            function = template.RESOURCES[name]["Properties"]["FunctionName"]["Ref"]
            [age] = [one for one in alarms.values() if one.get("MetricName") == "IteratorAge"
                     and one["Dimensions"][0]["Value"] == {"Ref": function}]
            # The alarm speaks long before a record is given up.
            assert age["Threshold"] / 1000 < template.RESOURCES[name]["Properties"]["MaximumRecordAgeInSeconds"] / 10


def test_the_dashboard_is_json():
    body = of_type("AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]["Fn::Sub"]
    widgets = json.loads(body)["widgets"]
    places = {(one["x"], one["y"]) for one in widgets}
    assert len(places) == len(widgets) == 10
    names = {found.split(".")[0] for found in re.findall(r"\$\{([A-Za-z.]+)\}", body)} - {"AWS"}
    assert names <= set(template.RESOURCES)


def test_a_metric_counts_a_line_that_the_program_writes():
    """Filters match text: a line that is worded anew would be counted no more."""
    patterns = {name: one["FilterPattern"] for name, one in of_type("AWS::Logs::MetricFilter").items()}
    [message] = re.findall(r'\$\.fields\.message = "([^"]+)"', patterns["WaitingMail"])
    assert f'"{message}"' in (template.ROOT / "shared/app/src/ingest.rs").read_text()


@pytest.mark.parametrize("mapping", ["ChangelogStream", "PublisherStream"])
def test_the_stream_is_read_with_limits(mapping):
    properties = template.RESOURCES[mapping]["Properties"]
    assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert properties["BisectBatchOnFunctionError"] is True
    # The stream itself keeps a record for 24 hours.
    assert 0 < properties["MaximumRecordAgeInSeconds"] < 86_400
    assert properties["MaximumRetryAttempts"] > 0
    assert properties["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["StreamFailures", "Arn"]}


def test_every_queue_reports_the_messages_that_failed_and_has_a_place_for_them():
    sources = {one["EventSourceArn"]["Fn::GetAtt"][0]: one for one in of_type("AWS::Lambda::EventSourceMapping").values()}
    for name, queue in of_type("AWS::SQS::Queue").items():
        assert queue["SqsManagedSseEnabled"] is True
        if name.endswith("Queue"):
            assert sources[name]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
            assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": [name.replace("Queue", "Failures"), "Arn"]}
            timeout = template.functions()["delivery"]["Timeout"]
            assert queue["VisibilityTimeout"] >= 6 * timeout


def test_nothing_of_the_data_goes_with_the_stack():
    for name in ("Table", "Bucket"):
        assert {template.RESOURCES[name][policy] for policy in ("DeletionPolicy", "UpdateReplacePolicy")} == {"Retain"}


def test_every_log_is_kept_as_long_as_the_operator_says():
    groups = of_type("AWS::Logs::LogGroup")
    assert all(group["RetentionInDays"] == {"Ref": "LogDays"} for group in groups.values())
    # A function without a group of ours would make one that is kept for ever.
    assert template.DOCUMENT["Globals"]["Function"]["LoggingConfig"] == {"LogGroup": {"Ref": "Logs"}}
    assert template.RESOURCES["MailRulesFunction"]["Properties"]["LoggingConfig"] == {"LogGroup": {"Ref": "Logs"}}


def test_mail_is_received_only_where_it_is_asked_for():
    """Not every region receives mail, and an account has one active set of rules."""
    conditions = {name: one.get("Condition") for name, one in template.RESOURCES.items()}
    assert conditions["MailRule"] == conditions["MailMayCall"] == "WithMail"
    own = ("MailRules", "ActiveMailRules", "MailRulesFunction", "MailRulesRole")
    assert {conditions[name] for name in own} == {"OwnRuleSet"}
    assert template.RESOURCES["MailRule"]["DependsOn"] == ["BucketPolicy", "MailMayCall"]
    rule = template.RESOURCES["MailRule"]["Properties"]
    assert rule["RuleSetName"] == {"Fn::If": ["OwnRuleSet", {"Ref": "MailRules"}, {"Ref": "MailRuleSet"}]}
    # What lets SES in names the rule that there is.
    arn = template.RESOURCES["MailMayCall"]["Properties"]["SourceArn"]["Fn::Sub"]
    [mail_in, _] = template.RESOURCES["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert mail_in["Fn::If"][1]["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::Sub"] == arn
    assert arn[0].endswith("receipt-rule/" + rule["Rule"]["Name"]["Fn::Sub"])


def test_secrets_are_not_echoed_and_reach_only_who_needs_them():
    parameters = template.DOCUMENT["Parameters"]
    assert all(parameters[name]["NoEcho"] is True for name in ("AdminToken", "BrokerSecret"))
    holders = {name for name in FUNCTIONS if "NOTICEBOARD_TOKEN" in template.variables(name)}
    assert holders == {function for _, function in template.routes()}
    secret = {name for name in FUNCTIONS if "NOTICEBOARD_BROKER_SECRET" in template.variables(name)}
    assert secret == {"delivery"}


def test_an_alarm_of_several_metrics_bears_that_some_are_missing():
    """A queue that was never used, or a function that never ran, has none: `a + b` would be missing too."""
    alarms = of_type("AWS::CloudWatch::Alarm").values()
    expressions = [metric["Expression"] for alarm in alarms for metric in alarm.get("Metrics", []) if "Expression" in metric]
    assert expressions and set(expressions) == {"SUM(METRICS())"}


# SAM's own programs are in an environment of their own, which `make template-test` makes.
SAM = template.ROOT / ".sam/bin/python"
with_sam = pytest.mark.skipif(not SAM.exists(), reason="there is no .sam: make .sam/done")


def by_sam(code, given):
    """What SAM makes of something, by its own code."""
    environment = os.environ | {"AWS_DEFAULT_REGION": "eu-central-1", "SAM_CLI_TELEMETRY": "0"}
    command = [SAM, "-c", f"import json, sys; given = json.load(sys.stdin); {code}"]
    done = subprocess.run(command, input=json.dumps(given), env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def overrides():
    """What the README gives after --parameter-overrides, as a shell hands it over."""
    for line in (template.ROOT / "README.md").read_text().splitlines():
        for _, command in re.findall(r"(`|^)(sam [^`]*--parameter-overrides [^`]*)", line):
            yield shlex.split(command.split("--parameter-overrides ")[1], comments=True)


@with_sam
def test_sam_takes_every_parameter_of_the_readme():
    code = (
        "from samcli.cli.types import CfnParameterOverridesType;"
        "print(json.dumps([CfnParameterOverridesType().convert(tuple(one), None, None) for one in given]))"
    )
    found = by_sam(code, list(overrides()))
    assert {"AdminToken": "none"} in found
    for name, value in (item for one in found for item in one.items()):
        assert re.search(template.DOCUMENT["Parameters"][name]["AllowedPattern"], value), name
        if value.startswith("{"):
            assert json.loads(value)["url"] == "env:NOTICEBOARD_BROKER_SECRET"


@with_sam
def test_a_guided_deployment_can_be_answered():
    """SAM asks of every route that it takes for open, and takes no empty value for a secret."""
    code = (
        "from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider;"
        "from samcli.commands.deploy.auth_utils import auth_per_resource;"
        "print(json.dumps(auth_per_resource(SamLocalStackProvider.get_stacks(template_file=given)[0])))"
    )
    asked = by_sam(code, str(template.PATH))
    assert asked and [route for route, is_closed in asked if not is_closed] == []
    for parameter in template.DOCUMENT["Parameters"].values():
        if parameter.get("NoEcho"):
            assert parameter["Default"] == "none" and re.search(parameter["AllowedPattern"], "none")


def test_what_needs_another_parameter_is_refused_without_it():
    rules = template.DOCUMENT["Rules"]
    for name, needed in (("DomainName", "CertificateArn"), ("DeliverySubnets", "DeliverySecurityGroups")):
        [rule] = [rule for rule in rules.values() if f'"{name}"' in json.dumps(rule["RuleCondition"])]
        [assertion] = rule["Assertions"]
        assert assertion["Assert"] == json.loads(json.dumps(rule["RuleCondition"]).replace(name, needed))
        assert name in assertion["AssertDescription"] and needed in assertion["AssertDescription"]


def test_every_broker_of_a_local_run_has_a_queue_and_a_sample():
    given = json.loads((template.ROOT / "infra/local.json").read_text())["Parameters"]
    made = (template.ROOT / "infra/compose.yaml").read_text()
    sampled = {json.loads(sample(path.stem)["Records"][0]["body"])["broker"]
               for path in (template.ROOT / "events").glob("delivery*.json")}
    for name, broker in json.loads(given["NOTICEBOARD_BROKERS"]).items():
        queue = given[f"NOTICEBOARD_QUEUE_{broker['type'].upper()}"]
        assert f"QueueName={queue.split('/')[-1]}&" in made
        assert name in sampled
        if "topic" in broker:
            assert f"Action=CreateTopic&Name={broker['topic'].split(':')[-1]}" in made


def record(kind, name):
    image = "OldImage" if name == "REMOVE" else "NewImage"
    return {"eventName": name, "dynamodb": {image: {"type": {"S": kind}}}}


@pytest.mark.parametrize("name", ["INSERT", "MODIFY", "REMOVE"])
def test_only_what_matters_wakes_the_readers_of_the_stream(name):
    def awake(mapping, *kinds):
        return [template.wakes(mapping, record(kind, name)) for kind in kinds]

    for mapping in ("ChangelogStream", "PublisherStream"):
        assert all(awake(mapping, "maintenance", "impact", "provider", "tag", "journalentry"))
        assert not any(awake(mapping, "helper", "change", "journal"))
    # These have no changelog, but are told.
    assert not any(awake("ChangelogStream", "review", "token", "job"))
    assert all(awake("PublisherStream", "review", "token", "job"))


def test_a_queue_gives_up_after_the_attempts_of_its_broker():
    source = (template.ROOT / "shared/publish/src/pauses.rs").read_text()
    for kind in ("Log", "Sns", "Syslog", "Redis", "Webhook"):
        attempts = template.RESOURCES[f"{kind}Queue"]["Properties"]["RedrivePolicy"]["maxReceiveCount"]
        of = "webhook" if kind == "Webhook" else "service"
        # The tests of that file say how many attempts each schedule has.
        assert f"assert_eq!({of}.attempts(), {attempts});" in source


# Rows of the README's costs, by those of ARCHITECTURE.md that say what they read and write.
COSTS = {
    "read one event": "an event with impacts and mails",
    "a page of 50 events": "a page of 50 events",
    "a filtered page": "a filtered page of 50 of 52 events",
    "the calendar of 52 events, in a new process": "the feed of 52 events, 2 with impacts, in a process that knows nothing",
    "the calendar again, or a 304": "a 304 of the feed",
    "create an event": "create an event",
    "change an event": "change an event",
    "create an impact": "create an impact",
    "take in a mail with one window and one circuit": "a mail with one window and one known circuit, handed in",
}


def rows(path, heading):
    """The first table under a heading, as lists of cells."""
    text = (template.ROOT / path).read_text().split(heading)[1]
    lines = [line for line in text.split("\n") if line.startswith("|") or line.startswith("#")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {row[0]: row[1:] for row in cells}


def test_the_costs_follow_from_the_units():
    units = rows("ARCHITECTURE.md", "### What it costs")
    costs = rows("README.md", "**Costs**")
    for name, use_case in COSTS.items():
        reads, writes = (float(units[use_case][column]) for column in (2, 3))
        parts = [float(cell) for cell in costs[name]]
        # Dollars for 1,000, of prices for a million; two digits, and four decimals at most.
        rounded = {"rel": 0.05, "abs": 0.00005}
        assert parts[0] == pytest.approx((reads * 0.125 + writes * 0.625) / 1000, **rounded), name
        assert parts[3] == pytest.approx(sum(parts[:3]), **rounded), name
