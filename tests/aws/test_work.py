"""Every function at all that it does: each call to AWS that it ever makes is made here or in the tests beside, under the
role that the template gives it. test_rights.py looks at which calls these were."""

import datetime
import itertools
import json

import pytest

import template
from conftest import BUCKET, TABLE, sample

NOTICES = "/api/plugins/notices"
NUMBERS = itertools.count(1)


def named(text):
    """A name that no other test has."""
    return f"{text} {next(NUMBERS)}"


@pytest.fixture(scope="module")
def change(api):
    """Changes or deletes; the body of the answer."""

    def change(method, path, body=None, status=200):
        answered, content = api.request(method, path, body=body)
        assert answered == status, content
        return json.loads(content) if content else None

    return change


@pytest.fixture(scope="module")
def provider(api):
    return api.post("/api/circuits/providers/", {"name": "Workday Fibre", "slug": "workday-fibre"})


@pytest.fixture
def circuit(api, provider):
    return api.post("/api/circuits/circuits/", {"cid": named("WD"), "provider": provider["id"]})


@pytest.fixture
def outage(api, provider):
    body = {"name": named("WD-INC"), "summary": "Fibre cut", "provider": provider["id"], "status": "REPORTED",
            "start": "2026-12-01T08:50:00Z", "reported_at": "2026-12-01T08:55:00Z"}
    return api.post(f"{NOTICES}/outage/", body)


@pytest.fixture
def impact(api, outage, circuit):
    body = {"event_content_type": "notices.outage", "event_object_id": outage["id"], "impact": "OUTAGE",
            "target_content_type": "circuits.circuit", "target_object_id": circuit["id"]}
    return api.post(f"{NOTICES}/impact/", body)


def test_an_event_is_changed_and_deleted(api, change, outage, impact):
    path = f"{NOTICES}/outage/{outage['id']}/"
    assert change("PATCH", path, {"status": "INVESTIGATING", "start": "2026-11-01T08:50:00Z"})["status"]
    assert api.get(path + "timeline/") is not None
    assert api.get(f"{NOTICES}/outage/", "q=fibre")["count"] >= 1
    change("DELETE", path, status=204)


def test_an_impact_is_changed_and_deleted(api, change, outage, impact):
    path = f"{NOTICES}/impact/{impact['id']}/"
    found = api.get(f"{NOTICES}/impact/", f"event_object_id={outage['id']}")["results"]
    assert [one["id"] for one in found] == [impact["id"]]
    change("PATCH", path, {"impact": "DEGRADED"})
    change("DELETE", path, status=204)


def test_a_received_mail_is_changed_and_deleted(api, change, outage):
    mail = {"event_content_type": "notices.outage", "event_object_id": outage["id"], "subject": "Fibre cut",
            "email_from": "noc@fibre.example", "email_body": "Cut.", "email_received": "2026-12-01T09:00:00Z"}
    path = f"{NOTICES}/eventnotification/{api.post(f'{NOTICES}/eventnotification/', mail)['id']}/"
    assert api.get(f"{NOTICES}/eventnotification/", f"event_object_id={outage['id']}")["count"] == 1
    change("PATCH", path, {"subject": "Fibre cut, harbour ring"})
    change("DELETE", path, status=204)


def test_a_mail_is_handed_in_and_decided_about(api, change):
    """One that nobody can read, of a sender of its own."""
    raw = (template.ROOT / "samples/unreadable.eml").read_text()
    event = sample("notifications") | {"rawPath": f"{NOTICES}/inbound-mail/", "rawQueryString": "", "body": raw}
    event["requestContext"]["http"] |= {"method": "POST", "path": event["rawPath"]}
    event["headers"]["content-type"] = "message/rfc822"
    status, body = api.send(event)
    assert status in (200, 201, 202), body
    waiting = [one for one in api.get(f"{NOTICES}/review/", "limit=100")["results"] if one["size"] == len(raw.encode())]
    [item] = waiting
    change("POST", f"{NOTICES}/review/{item['id']}/deny/", {})


def test_the_inventory_is_changed_and_deleted(api, change, provider, circuit):
    change("PATCH", f"/api/circuits/circuits/{circuit['id']}/", {"description": "harbour"})
    change("DELETE", f"/api/circuits/circuits/{circuit['id']}/", status=204)
    assert api.get("/api/circuits/circuits/", f"provider_id={provider['id']}") is not None


def test_tags_journal_entries_and_tokens_come_and_go(api, change, outage):
    tag = api.post("/api/extras/tags/", {"name": "Harbour", "slug": "harbour"})
    change("PATCH", f"/api/extras/tags/{tag['id']}/", {"description": "ring"})
    change("DELETE", f"/api/extras/tags/{tag['id']}/", status=204)
    entry = {"assigned_object_type": "notices.outage", "assigned_object_id": outage["id"], "comments": "Called."}
    entry = api.post("/api/extras/journal-entries/", entry)
    assert api.get("/api/extras/journal-entries/", f"assigned_object_id={outage['id']}")["count"] >= 1
    change("PATCH", f"/api/extras/journal-entries/{entry['id']}/", {"comments": "Called twice."})
    assert api.get("/api/core/object-changes/", "limit=5") is not None


def test_the_calendar_is_asked_for_one_provider(api, provider):
    start = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    end = start + datetime.timedelta(hours=6)
    body = {"name": named("WD"), "summary": "Splice", "provider": provider["id"], "status": "CONFIRMED",
            "start": start.isoformat(), "end": end.isoformat()}
    made = api.post(f"{NOTICES}/maintenance/", body)
    status, calendar = api.request("GET", f"{NOTICES}/ical/", f"provider_id={provider['id']}")
    assert (status, made["name"] in str(calendar)) == (200, True), calendar
    region = api.post("/api/dcim/regions/", {"name": named("Harbour"), "slug": f"harbour-{next(NUMBERS)}"})
    status, calendar = api.request("GET", f"{NOTICES}/ical/", f"region={region['slug']}")
    assert (status, made["name"] in str(calendar)) == (200, False), calendar


def test_mails_make_events_and_change_them(api, aws, invoke):
    """One with several windows is work for several transactions."""
    for mail in ("zayo-planned", "zayo-cancelled", "zayo-windows-and-backup"):
        event = sample("inbound-email")
        event["Records"][0]["ses"]["mail"]["messageId"] = f"work-{mail}"
        raw = (template.ROOT / "shared/mail/samples" / f"{mail}.eml").read_bytes()
        aws("s3").put_object(Bucket=BUCKET, Key=f"inbound/work-{mail}", Body=raw)
        invoke("inbound-email", event)
    [cancelled] = api.get(f"{NOTICES}/maintenance/", "name=TTN-0007700001")["results"]
    assert cancelled["status"] == "CANCELLED"
    assert api.get(f"{NOTICES}/maintenance/", "q=TTN-0007700002")["count"] > 1


def test_a_format_in_the_bucket_is_used(api):
    lines = ("From: NOC <works@lantern.example>", "Message-ID: <1@lantern.example>", "Subject: Lantern job 1",
             "Date: Tue, 24 Nov 2026 09:15:00 +0000", "", "Job sheet: LJ-1", "Lamps out: 09/12/2026 22:00",
             "Lamps on: 10/12/2026 02:00", "Fibres: LF-1, LF-2", "")
    event = sample("notifications") | {"rawPath": f"{NOTICES}/inbound-mail/", "rawQueryString": "", "body": "\r\n".join(lines)}
    event["requestContext"]["http"] |= {"method": "POST", "path": event["rawPath"]}
    event["headers"]["content-type"] = "message/rfc822"
    status, answer = api.send(event)
    assert status == 201, answer
    [made] = api.get(f"{NOTICES}/maintenance/", "name=LJ-1")["results"]
    assert (made["provider"]["slug"], made["start"]) == ("lantern", "2026-12-09T20:00:00Z")


def test_a_deletion_of_many_that_was_left_half_done_is_finished(api, aws, change, invoke, circuit, impact):
    """The impact is on the circuit: it stays, as does what it is on. The other circuit goes."""
    other = api.post("/api/circuits/circuits/", {"cid": named("WD"), "provider": circuit["provider"]["id"]})
    actor = {"user": "admin", "request_id": named("left"), "origin": "Web", "detail": "API DELETE /api/circuits/circuits/"}
    objects = [({"type": "circuits.circuit", "id": one["id"]}, "a note") for one in (circuit, other)]
    work = {"work": "bulk-deletion", "objects": objects, "actor": actor, "part": 0}
    key = {"PK": {"S": "JOURNAL"}, "SK": {"S": f"BULK-DELETION#{actor['request_id']}#0000"}}
    item = key | {"type": {"S": "journal"}, "data": {"S": json.dumps(work)}}
    aws("dynamodb").put_item(TableName=TABLE, Item=item)
    assert invoke("changelog", sample("changelog-schedule")) == {"batchItemFailures": []}
    assert "Item" not in aws("dynamodb").get_item(TableName=TABLE, Key=key)
    left = [api.request("GET", f"/api/circuits/circuits/{one['id']}/")[0] for one in (circuit, other)]
    assert left == [200, 404]
