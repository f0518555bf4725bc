"""template.yaml by itself: it is valid, complete, and routes and filters as meant."""

import subprocess
import sys
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


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_has_a_sample_event(function):
    assert sample(function)


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
