"""What the peer's parser `aws-sns-lambda` sends for a received mail, by the same library: it speaks to the peer's
predecessor, under `/api/plugins/maintenance/`, with that one's names of fields (and its own misspelling of one).
"""

import pynetbox
import pytest

from conftest import NOTICES, TOKEN

LEGACY = "/api/plugins/maintenance"
MAIL = {
    "email_body": "Dear customer, we will work.",
    "subject": "Planned work WORK-42",
    "email_from": "noc@zayo.example",
}


class Script:
    """The script's steps; `traffic` has each request as it went over the wire."""

    def __init__(self, url):
        self.nb = pynetbox.api(url, token=TOKEN)
        self.nb.http_session.hooks["response"].append(lambda answer, *_, **__: self.traffic.append(answer))
        self.plugin = self.nb.plugins.maintenance
        self.traffic = []

    def sent(self):
        return [f"{answer.request.method} {answer.request.path_url}" for answer in self.traffic]

    def event(self, wanted):
        """`wanted` is what the parser found: name, summary, status, start, end."""
        if event := self.plugin.circuitmaintenance.get(name=wanted["name"]):
            event.update({field: wanted[field] for field in ("status", "start", "end")})
            return event
        provider = self.nb.circuits.providers.get(name__ic="Zayo")
        return self.plugin.circuitmaintenance.create(provider=provider.id, **wanted)

    def impact(self, event, cid, level):
        circuit = self.nb.circuits.circuits.get(cid__ic=cid)
        if impact := self.plugin.circuitmaintenanceimpact.get(circuitmaintenance=event.id, circuit=circuit.id):
            impact.update({"impact": level})
            return impact
        return self.plugin.circuitmaintenanceimpact.create(circuitmaintenance=event.id, circuit=circuit.id, impact=level)

    def mail(self, event, **received):
        return self.plugin.circuitmaintenancenotifications.create(circuitmaintenance=event.id, **MAIL, **received)

    def run(self, status, impacts):
        self.traffic.clear()
        event = self.event(
            {
                "name": "WORK-42",
                "summary": "fibre splice",
                "status": status,
                "start": "2026-12-15 01:00:00",
                "end": "2026-12-15 05:00:00",
            }
        )
        made = [self.impact(event, cid, level) for cid, level in impacts]
        return event, made, self.mail(event, email_recieved="2026-11-22 03:00:00")


@pytest.fixture(scope="module")
def script(url, api):
    zayo = api.post("/api/circuits/providers/", {"name": "Zayo Group", "slug": "zayo"})["id"]
    for cid in ("ZYO/1234", "ZYO/5678"):
        api.post("/api/circuits/circuits/", {"cid": cid, "provider": zayo})
    with (script := Script(url)).nb.http_session:
        yield script


def test_the_same_mail_twice(script, api):
    circuits = {circuit["cid"]: circuit["id"] for circuit in api.results("/api/circuits/circuits/")}
    one, two = circuits["ZYO/1234"], circuits["ZYO/5678"]
    event, impacts, mail = script.run("CONFIRMED", [("ZYO/1234", "OUTAGE"), ("ZYO/5678", "DEGRADED")])
    assert script.sent() == [
        f"GET {LEGACY}/circuitmaintenance/?name=WORK-42&limit=0",
        "GET /api/circuits/providers/?name__ic=Zayo&limit=0",
        f"POST {LEGACY}/circuitmaintenance/",
        "GET /api/circuits/circuits/?cid__ic=ZYO%2F1234&limit=0",
        f"GET {LEGACY}/circuitmaintenanceimpact/?circuitmaintenance={event.id}&circuit={one}&limit=0",
        f"POST {LEGACY}/circuitmaintenanceimpact/",
        "GET /api/circuits/circuits/?cid__ic=ZYO%2F5678&limit=0",
        f"GET {LEGACY}/circuitmaintenanceimpact/?circuitmaintenance={event.id}&circuit={two}&limit=0",
        f"POST {LEGACY}/circuitmaintenanceimpact/",
        f"POST {LEGACY}/circuitmaintenancenotifications/",
    ]
    # An object's own address is where the script sends its changes.
    assert event.url == f"{script.nb.base_url}/plugins/maintenance/circuitmaintenance/{event.id}/"
    assert api.send("GET", event.url.removeprefix(api.url), 200)["name"] == "WORK-42"
    assert (event.status, event.start, event.provider.name) == ("CONFIRMED", "2026-12-15T01:00:00Z", "Zayo Group")
    for impact, circuit, level in zip(impacts, (one, two), ("OUTAGE", "DEGRADED")):
        assert impact.url == f"{script.nb.base_url}/plugins/maintenance/circuitmaintenanceimpact/{impact.id}/"
        assert (impact.impact, impact.circuit.id, impact.circuitmaintenance.id) == (level, circuit, event.id)
    assert (mail.circuitmaintenance.id, mail.subject) == (event.id, MAIL["subject"])

    again, patched, second = script.run("IN-PROCESS", [("ZYO/1234", "NO-IMPACT"), ("ZYO/5678", "OUTAGE")])
    assert [line for line in script.sent() if not line.startswith("GET")] == [
        f"PATCH {LEGACY}/circuitmaintenance/{event.id}/",
        f"PATCH {LEGACY}/circuitmaintenanceimpact/{impacts[0].id}/",
        f"PATCH {LEGACY}/circuitmaintenanceimpact/{impacts[1].id}/",
        f"POST {LEGACY}/circuitmaintenancenotifications/",
    ]
    assert (again.id, again.status) == (event.id, "IN-PROCESS")
    assert [impact.impact for impact in patched] == ["NO-IMPACT", "OUTAGE"]
    assert second.id != mail.id

    # It is the same event as everywhere else.
    found = api.get(f"{NOTICES}/maintenance/{event.id}/")
    assert (found["name"], found["status"], found["impact_count"]) == ("WORK-42", "IN-PROCESS", 2)
    assert [impact["impact"] for impact in api.results(f"{NOTICES}/impact/", target_object_id=one)] == ["NO-IMPACT"]
    assert len(api.results(f"{NOTICES}/eventnotification/", event_object_id=event.id)) == 2
    received = {mail["email_received"] for mail in api.results(f"{NOTICES}/eventnotification/")}
    assert received == {"2026-11-22T03:00:00Z"}


def test_an_outage_is_none_of_its_business(script, api):
    provider = api.results("/api/circuits/providers/")[0]["id"]
    circuit = api.results("/api/circuits/circuits/", cid="ZYO/1234")[0]["id"]
    body = {"name": "WORK-44", "summary": "fibre cut", "status": "REPORTED", "provider": provider}
    outage = api.post(f"{NOTICES}/outage/", body)
    api.post(f"{NOTICES}/impact/", {"outage": outage["id"], "content_type": "circuits.circuit", "object_id": circuit})
    assert script.plugin.circuitmaintenance.get(name="WORK-44") is None
    assert script.plugin.circuitmaintenance.get(outage["id"]) is None
    shown = [impact.circuitmaintenance.id for impact in script.plugin.circuitmaintenanceimpact.filter(circuit=circuit)]
    assert outage["id"] not in shown


def test_the_right_spelling_is_taken_too(script):
    event = script.plugin.circuitmaintenance.get(name="WORK-42")
    mail = script.mail(event, email_received="2026-11-23 03:00:00")
    mail.full_details()
    assert mail.email_received == "2026-11-23T03:00:00Z"
    with pytest.raises(pynetbox.RequestError) as refused:
        script.mail(event)
    assert refused.value.req.status_code == 400
    assert "email_rec" in refused.value.error


def test_the_predecessors_filters(script):
    events = script.plugin.circuitmaintenance
    assert [event.name for event in events.filter(start_after="2026-12-15", start_before="2026-12-16")] == ["WORK-42"]
    assert list(events.filter(start_after="2026-12-16")) == []
    assert events.count(status="IN-PROCESS") == 1
    assert events.count(status="CONFIRMED") == 0
