"""What brokers are told: one message of each topic, compared with the kept one and with the schema of CloudEvents."""

import json
import os
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest

from conftest import NOTICES, READY, ROOT, TOKEN, Api, eventually

KEPT = Path(__file__).parent / "messages"
SCHEMA = json.loads((KEPT / "cloudevents.schema.json").read_text())
UPDATE = bool(os.environ.get("NOTICEBOARD_UPDATE_MESSAGES"))

START, END, ETR = "2030-12-01T02:00:00Z", "2030-12-01T06:00:00Z", "2030-12-01T05:00:00Z"


def named(name):
    return {"name": name, "slug": name.lower().replace(" ", "-")}


def wide(circuits):
    """A notice in the standard's form that names these circuits."""
    objects = "".join(f"X-MAINTNOTE-OBJECT-ID:{cid}\r\n" for cid in circuits)
    return (
        "From: noc@carrier.example\r\nMessage-ID: <wide@carrier.example>\r\nSubject: Much work\r\n"
        "Date: Tue, 05 Mar 2030 10:00:00 +0000\r\nContent-Type: text/calendar\r\n\r\n"
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//carrier//EN\r\nBEGIN:VEVENT\r\nUID:wide\r\nSUMMARY:Much work\r\n"
        "DTSTAMP:20300305T100000Z\r\nDTSTART:20301201T020000Z\r\nDTEND:20301201T060000Z\r\nSEQUENCE:1\r\n"
        "X-MAINTNOTE-PROVIDER:carrier.example\r\nX-MAINTNOTE-ACCOUNT:1\r\nX-MAINTNOTE-MAINTENANCE-ID:WIDE-1\r\n"
        f"{objects}X-MAINTNOTE-IMPACT:OUTAGE\r\nX-MAINTNOTE-STATUS:CONFIRMED\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    ).encode()


class World:
    """Makes, changes and deletes one object of every type."""

    def __init__(self, api):
        self.api = api
        self.made = []

    def make(self, path, body, change):
        path = f"/api/{path}/"
        found = self.api.post(path, body)
        self.made.append(f"{path}{found['id']}/")
        self.api.send("PATCH", self.made[-1], 200, json=change)
        return found["id"]

    def everything(self):
        described = {"description": "changed"}
        make = self.make
        tag = make("extras/tags", named("Core"), described)
        provider = make("circuits/providers", named("Zayo"), {"comments": "changed"})
        kind = make("circuits/circuit-types", named("Dark Fibre"), described)
        circuit = make("circuits/circuits", {"cid": "IC-1", "provider": provider, "type": kind}, described)
        region = make("dcim/regions", named("Europe"), described)
        group = make("dcim/site-groups", named("Backbone"), described)
        site = make("dcim/sites", named("Riga 1") | {"region": region, "group": group}, described)
        location = make("dcim/locations", named("Hall 1") | {"site": site}, described)
        end = {"circuit": circuit, "term_side": "A", "termination_type": "dcim.site", "termination_id": site}
        make("circuits/circuit-terminations", end, described)
        rack = make("dcim/racks", {"name": "R1", "site": site, "location": location}, described)
        device = make("dcim/devices", {"name": "core1", "site": site, "rack": rack}, described)
        port = {"device": device, "name": "xe-0/0/0", "type": "10gbase-x-sfpp"}
        interface = make("dcim/interfaces", port, described)
        panel = make("dcim/power-panels", {"site": site, "name": "P1"}, described)
        make("dcim/power-feeds", {"power_panel": panel, "rack": rack, "name": "F1"}, described)
        address = {"assigned_object_type": "dcim.interface", "assigned_object_id": interface}
        make("ipam/ip-addresses", {"address": "192.0.2.1/24"} | address, described)
        scope = {"scope_type": "dcim.site", "scope_id": site}
        make("ipam/prefixes", {"prefix": "192.0.2.0/24"} | scope, described)
        machine = make("virtualization/virtual-machines", {"name": "vm1", "site": site}, described)
        make("virtualization/interfaces", {"virtual_machine": machine, "name": "eth0"}, described)
        event = {"name": "E-1", "summary": "splice", "provider": provider, "start": START, "tags": [tag]}
        planned = event | {"end": END, "status": "CONFIRMED"}
        maintenance = make("plugins/notices/maintenance", planned, {"status": "IN-PROCESS"})
        broken = event | {"status": "REPORTED", "reported_at": START}
        make("plugins/notices/outage", broken, {"status": "IDENTIFIED", "estimated_time_to_repair": ETR})
        hit = {"maintenance": maintenance, "content_type": "circuits.circuit", "object_id": circuit}
        make("plugins/notices/impact", hit | {"impact": "DEGRADED"}, {"impact": "OUTAGE"})
        mail = {
            "event_content_type": "notices.maintenance",
            "event_object_id": maintenance,
            "subject": "Planned work",
            "email_from": "noc@zayo.example",
            "email_body": "We will work.",
            "email_received": START,
        }
        make("plugins/notices/eventnotification", mail, {"subject": "Planned work, again"})
        note = {"assigned_object_type": "notices.maintenance", "assigned_object_id": maintenance, "comments": "Called."}
        make("extras/journal-entries", note, {"comments": "Called them."})
        terms = {"user": "script", "scope": "read", "description": "for a script"}
        make("users/tokens", terms, {"description": "for another"})
        for path in reversed(self.made):
            self.api.send("DELETE", path, 204)

    def mails(self):
        """A mail that is applied, and two that wait until they are decided about."""
        maintnote = (ROOT / "shared/mail/samples/generic-maintnote.eml").read_bytes()
        self.ingest(maintnote, 201)
        unreadable = (ROOT / "samples/unreadable.eml").read_bytes()
        denied = self.ingest(unreadable, 202)["review"]["id"]
        # Too much for an event that knows none of these circuits; once it knows enough of them, it fits.
        circuits = [f"CIRCUIT-{n:060}" for n in range(1800)]
        waits = self.ingest(wide(circuits), 202)["review"]["id"]
        [provider] = self.api.results("/api/circuits/providers/", slug="carrier-example")
        provider = provider["id"]
        self.api.post("/api/circuits/circuits/", [{"cid": cid, "provider": provider} for cid in circuits[:250]])
        self.api.send("POST", f"{NOTICES}/review/{waits}/approve/", 200)
        self.api.send("POST", f"{NOTICES}/review/{denied}/deny/", 200)

    def ingest(self, raw, status):
        headers = {"content-type": "message/rfc822"}
        return self.api.send("POST", f"{NOTICES}/inbound-mail/", status, data=raw, headers=headers)


@pytest.fixture(scope="module")
def messages(program, tmp_path_factory):
    """All messages that a log broker has written, oldest first."""
    log = tmp_path_factory.mktemp("messages") / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [program, "serve", "--memory", "--listen", "127.0.0.1:0"],
            env=os.environ | {"NOTICEBOARD_TOKEN": TOKEN, "NOTICEBOARD_BROKERS": '{"log": {"type": "log"}}'},
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
        )
        try:
            ready = next(line for line in process.stdout if line.startswith(READY))
            with (api := Api(ready.removeprefix(READY).strip().rstrip("/"))).session:
                world = World(api)
                world.everything()
                world.mails()
                last = api.post("/api/extras/tags/", named("Last"))["id"]

                def written():
                    found = [json.loads(line) for line in log.read_text().splitlines() if line.startswith('{"specversion')]
                    subjects = {one["subject"] for one in found}
                    return found if f"extras.tag:{last}" in subjects else None

                # Messages of different objects may overtake each other: those of mails are told by other groups.
                found = eventually(written)
                topics = {path.stem for path in KEPT.glob("noticeboard.*.json")}
                if not UPDATE:
                    found = eventually(lambda: topics <= {one["type"] for one in written()} and written())
                yield found
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()


def still(message):
    """A message without what differs from run to run."""
    text = json.dumps(message, indent=2)
    ids = {}
    text = re.sub(r"\b\d{13,16}\b", lambda found: str(ids.setdefault(found[0], len(ids) + 1)), text)
    text = re.sub(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "00000000-0000-4000-8000-000000000000", text)
    return re.sub(r"\b20(?!30)\d\d-\d\d-\d\dT[\d:.]+Z", "2026-01-01T00:00:00Z", text) + "\n"


def test_every_message_is_a_cloud_event(messages):
    validator = jsonschema.Draft7Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
    for message in messages:
        validator.validate(message)
        assert re.fullmatch(r"[0-9]{10}", message["sequence"]), message
        # Extensions are named by lower-case letters and digits, at most 20.
        assert all(re.fullmatch(r"[a-z0-9]{1,20}", name) for name in message), message
    ids = [message["id"] for message in messages]
    assert len(ids) == len(set(ids))


def test_every_topic_is_as_it_was(messages):
    first = {}
    for message in messages:
        first.setdefault(message["type"], still(message))
    if UPDATE:
        for path in KEPT.glob("noticeboard.*.json"):
            path.unlink()
        for topic, text in first.items():
            (KEPT / f"{topic}.json").write_text(text)
    kept = {path.stem: path.read_text() for path in KEPT.glob("noticeboard.*.json")}
    assert sorted(kept) == sorted(first)
    for topic, text in kept.items():
        assert first[topic] == text, topic


def test_no_message_opens_a_door(messages):
    assert not any(word in json.dumps(message) for message in messages for word in (TOKEN, "secret", "nbt_"))
