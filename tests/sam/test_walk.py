"""The walk of README.md through what `sam build` made."""

import datetime
import json

import icalendar
import pytest

from conftest import BUCKET, sample
from local import ROOT, TOKEN

NOTICES = "/api/plugins/notices"


@pytest.fixture(scope="module")
def provider(api):
    return api.post("/api/circuits/providers/", {"name": "Example Fibre", "slug": "example-fibre"})


@pytest.fixture(scope="module")
def maintenance(api, provider):
    """A maintenance that begins in an hour."""
    start = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(hours=1)
    body = {
        "name": "EF-2026-201",
        "summary": "Splice work, harbour ring",
        "provider": provider["id"],
        "status": "CONFIRMED",
        "start": start.isoformat(),
        "end": (start + datetime.timedelta(hours=4)).isoformat(),
    }
    return api.post(f"{NOTICES}/maintenance/", body)


def test_a_maintenance_is_made_and_listed(api, maintenance):
    listed = api.get(f"{NOTICES}/maintenance/?name={maintenance['name']}")
    assert [event["id"] for event in listed["results"]] == [maintenance["id"]]
    assert api.get(f"{NOTICES}/maintenance/{maintenance['id']}/")["summary"] == maintenance["summary"]


def test_an_impact_is_made_and_listed(api, provider, maintenance):
    circuit = api.post("/api/circuits/circuits/", {"cid": "EF-77", "provider": provider["id"]})
    body = {
        "event_content_type": "notices.maintenance",
        "event_object_id": maintenance["id"],
        "target_content_type": "circuits.circuit",
        "target_object_id": circuit["id"],
        "impact": "OUTAGE",
    }
    made = api.post(f"{NOTICES}/impact/", body)
    listed = api.get(f"{NOTICES}/impact/?event_object_id={maintenance['id']}")
    assert [impact["id"] for impact in listed["results"]] == [made["id"]]


def test_the_feed_has_the_maintenance(api, maintenance):
    feed = icalendar.Calendar.from_ical(api.request("GET", f"{NOTICES}/ical/?token={TOKEN}"))
    assert f"{maintenance['name']} - {maintenance['summary']}" in [str(entry["SUMMARY"]) for entry in feed.events]


def test_a_mail_that_ses_stored_becomes_an_event(api, aws, sam):
    name = sample("inbound-email")["Records"][0]["ses"]["mail"]["messageId"]
    mail = ROOT / "shared/mail/samples/zayo-planned.eml"
    aws("s3").put_object(Bucket=BUCKET, Key=f"inbound/{name}", Body=mail.read_bytes())
    sam.invoke("InboundEmailFunction", "inbound-email")
    [event] = api.get(f"{NOTICES}/maintenance/?name=TTN-0007700001")["results"]
    assert event["provider"]["name"] == "Zayo"


def test_a_batch_of_the_stream_is_put_on_record(api, sam):
    assert sam.invoke("ChangelogFunction", "changelog") == {"batchItemFailures": []}
    image = sample("changelog")["Records"][0]["dynamodb"]["NewImage"]
    stored = json.loads(image["data"]["S"])
    query = f"changed_object_type=notices.maintenance&changed_object_id={stored['id']}"
    [change] = api.get(f"/api/core/object-changes/?{query}")["results"]
    assert change["action"]["value"] == "create"
    assert change["postchange_data"]["name"] == stored["name"]


def test_without_a_token_nothing_is_told(api):
    api.request("GET", f"{NOTICES}/ical/?token=wrong", status=403)
