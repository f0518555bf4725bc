"""The HTTP functions' programs answer their sample events."""

import datetime
import json

import icalendar
import pytest

import template
from conftest import sample

NOTICES = "/api/plugins/notices"


@pytest.fixture(scope="module")
def provider(api):
    status, body = api.send(sample("inventory"))
    assert status == 201, body
    return json.loads(body)


@pytest.fixture(scope="module")
def maintenance(api, provider):
    """The sample maintenance, begun an hour from now."""
    event = sample("events")
    start = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(hours=1)
    end = start + datetime.timedelta(hours=4)
    times = {"start": start.isoformat(), "end": end.isoformat()}
    event["body"] = json.dumps(json.loads(event["body"]) | times)
    status, body = api.send(event)
    assert status == 201, body
    return json.loads(body)


def listed(api, name):
    status, body = api.send(sample(name))
    assert status == 200, body
    return json.loads(body)["results"]


def test_a_provider_is_made(api, provider):
    assert provider["slug"] == "example-fibre"
    assert api.get("/api/circuits/providers/", "slug=example-fibre")["results"] == [provider]


def test_a_maintenance_is_made_and_listed(api, provider, maintenance):
    assert maintenance["provider"]["id"] == provider["id"]
    assert maintenance["id"] in [event["id"] for event in listed(api, "events-list")]


def test_an_impact_is_made_and_listed(api, provider, maintenance):
    circuit = api.post("/api/circuits/circuits/", {"cid": "EF-77", "provider": provider["id"]})
    impact = {
        "event_content_type": "notices.maintenance",
        "event_object_id": maintenance["id"],
        "target_content_type": "circuits.circuit",
        "target_object_id": circuit["id"],
        "impact": "OUTAGE",
    }
    made = api.post(f"{NOTICES}/impact/", impact)
    assert made["id"] in [impact["id"] for impact in listed(api, "impacts")]


def test_a_received_notification_is_made_and_listed(api, maintenance):
    mail = {
        "event_content_type": "notices.maintenance",
        "event_object_id": maintenance["id"],
        "subject": "Maintenance EF-2026-201",
        "email_from": "noc@fibre.example",
        "email_body": "Splice work.",
        "email_received": "2026-12-01T09:00:00Z",
    }
    made = api.post(f"{NOTICES}/eventnotification/", mail)
    assert made["id"] in [mail["id"] for mail in listed(api, "notifications")]


def test_the_status_is_told(api):
    status, body = api.send(sample("platform"))
    assert (status, set(json.loads(body)["plugins"])) == (200, {"notices"})


def test_the_calendar_has_the_maintenance(api, maintenance):
    status, body = api.send(sample("ical-feed"))
    assert status == 200, body
    summaries = [str(entry["SUMMARY"]) for entry in icalendar.Calendar.from_ical(body).events]
    assert f"{maintenance['name']} - {maintenance['summary']}" in summaries


def test_without_a_token_nothing_is_told(api):
    event = sample("platform")
    del event["headers"]["authorization"]
    status, body = api.send(event)
    assert (status, json.loads(body)["detail"]) == (403, "Authentication credentials were not provided.")


def test_an_unknown_path_is_answered_as_the_api_answers(api):
    status, body = api.request("GET", "/api/nothing/")
    assert (status, json.loads(body)) == (404, {"detail": "Not found."})


def test_every_path_of_the_document_is_given_to_the_function_that_has_it(api):
    """Without a token, which the function that has the path asks for; any other knows no such path."""
    document = json.loads((template.ROOT / "openapi.json").read_text())
    for path, item in document["paths"].items():
        for method, operation in item.items():
            event = sample("platform") | {"rawPath": path.replace("{id}", "7"), "rawQueryString": ""}
            event["requestContext"]["http"] |= {"method": method.upper(), "path": event["rawPath"]}
            del event["headers"]["authorization"]
            public = operation.get("security") == []
            assert api.send(event)[0] == (200 if public else 403), f"{method} {path}"


@pytest.mark.parametrize("network, status", [("192.0.2.0/24", 200), ("198.51.100.0/24", 403), ("2001:db8::/32", 403)])
def test_a_token_is_bound_to_its_networks(api, network, status):
    """The sample's caller is 192.0.2.10: so says the gateway. A header says what its sender likes."""
    made = api.post("/api/users/tokens/", {"user": "noc", "scope": "read", "allowed_ips": [network]})
    event = sample("platform")
    assert event["requestContext"]["http"]["sourceIp"] == "192.0.2.10"
    forwarded = {"x-forwarded-for": "198.51.100.1", "authorization": f"Bearer {made['token']}"}
    event["headers"] |= forwarded
    answered, body = api.send(event)
    assert answered == status, body
    event["requestContext"]["http"]["sourceIp"] = "2001:db8::7"
    assert (api.send(event)[0] == 200) == (network == "2001:db8::/32")


def test_an_idempotency_key_makes_a_post_happen_once(api):
    event = sample("inventory")
    event["headers"]["idempotency-key"] = "k-1"
    event["body"] = json.dumps({"name": "Once Fibre", "slug": "once-fibre"})
    first = api.send(event)
    assert first[0] == 201, first
    assert api.send(event) == first
    event["body"] = json.dumps({"name": "Twice Fibre", "slug": "twice-fibre"})
    assert api.send(event)[0] == 422
