"""The program inside template.yaml that makes the mail rules the active ones, run as it stands there."""

import http.server
import json
import threading

import pytest

import template
from conftest import sample

OURS = sample("mail-rules")["ResourceProperties"]["RuleSetName"]


class Ses:
    """SES, as far as receipt rules go."""

    def __init__(self, active, broken=None):
        self.active, self.broken, self.calls = active, broken, []

    def describe_active_receipt_rule_set(self):
        self.calls.append("describe")
        if self.broken == "describe":
            raise RuntimeError("no mail is received in this region")
        # Without an active set, SES answers without one.
        return {"Metadata": {"Name": self.active}, "Rules": []} if self.active else {}

    def set_active_receipt_rule_set(self, RuleSetName=None):
        self.calls.append("set")
        if self.broken == "set":
            raise RuntimeError("throttled")
        self.active = RuleSetName


@pytest.fixture
def cloudformation():
    """Where the answer is put: its address and the answers."""
    answers = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_PUT(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answers.append(json.loads(body))
            # The address is signed for an empty content type.
            self.send_response(403 if self.headers["Content-Type"] else 200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", answers
    server.shutdown()
    server.server_close()


@pytest.fixture
def call(cloudformation, monkeypatch):
    """Calls the program for CloudFormation, with a SES of ours; the answer that CloudFormation gets."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    program = {}
    exec(template.RESOURCES["MailRulesFunction"]["Properties"]["Code"]["ZipFile"], program)
    url, answers = cloudformation

    def call(kind, ses):
        program["ses"] = ses
        event = sample("mail-rules") | {"RequestType": kind, "ResponseURL": url}
        if kind != "Create":
            event["PhysicalResourceId"] = OURS
        program["handler"](event, None)
        [answer] = answers
        for key in ("StackId", "RequestId", "LogicalResourceId"):
            assert answer[key] == event[key]
        # Another id would have CloudFormation delete this one.
        assert answer["PhysicalResourceId"] == OURS
        return answer

    return call


@pytest.mark.parametrize(
    ("kind", "before", "after", "told"),
    [
        ("Create", None, OURS, OURS),
        ("Create", OURS, OURS, OURS),
        ("Create", "other", "other", "other"),
        ("Update", None, OURS, OURS),
        ("Update", "other", "other", "other"),
        ("Delete", OURS, None, OURS),
        ("Delete", "other", "other", "other"),
        ("Delete", None, None, "none"),
    ],
)
def test_our_rules_become_active_only_where_there_are_none(call, kind, before, after, told):
    ses = Ses(before)
    answer = call(kind, ses)
    assert (answer["Status"], answer["Data"], ses.active) == ("SUCCESS", {"Active": told}, after)
    # What need not change is not written.
    assert ("set" in ses.calls) == (before != after)


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
@pytest.mark.parametrize("broken", ["describe", "set"])
def test_cloudformation_is_answered_when_ses_refuses(call, kind, broken):
    answer = call(kind, Ses(OURS if kind == "Delete" else None, broken))
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("SES: ")


def test_an_answer_that_does_not_arrive_fails_the_call(call, monkeypatch):
    """Lambda then calls again."""
    program = {}
    exec(template.RESOURCES["MailRulesFunction"]["Properties"]["Code"]["ZipFile"], program)
    program["ses"] = Ses(None)
    with pytest.raises(OSError):
        program["handler"](sample("mail-rules") | {"ResponseURL": "http://127.0.0.1:1/"}, None)


def test_it_may_do_these_two_things_and_nothing_else():
    own = template.RESOURCES["MailRulesRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    actions = {action for statement in own for action in statement["Action"]}
    calls = {"ses:DescribeActiveReceiptRuleSet", "ses:SetActiveReceiptRuleSet"}
    assert actions == calls | {"logs:CreateLogStream", "logs:PutLogEvents"}


def test_the_rules_are_deactivated_before_they_are_deleted():
    """CloudFormation deletes what refers to a resource before the resource; SES deletes no active rules."""
    properties = template.RESOURCES["ActiveMailRules"]["Properties"]
    assert properties["RuleSetName"] == {"Ref": "MailRules"}
    assert properties["ServiceToken"] == {"Fn::GetAtt": ["MailRulesFunction", "Arn"]}
