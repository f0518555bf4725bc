"""What the peer's integration `aws-ses` sends for a received mail, request by request, by the same library.

Its script finds the event by name, the provider by a part of its name, the content types by their old address, each
impact by four `…_id` filters, and stores the mail. On NetBox 4.4 and later it fails half way, and where it goes on it
can change the wrong impact; here it does what it means.
"""

import pytest
import requests

from conftest import NOTICES, TOKEN

START, END = "2026-12-15T01:00:00Z", "2026-12-15T05:00:00Z"
MAIL = {
    "email_body": "Content-Type: text/plain; charset=utf-8\nMIME-Version: 1.0\n\nDear customer, we will work.",
    "subject": "Planned work WORK-42",
    "email_from": "noc@zayo.example",
    "email_received": "2026-11-22T03:00:00Z",
}


class Script:
    """The script's requests, in its order; each must succeed."""

    def __init__(self, url):
        self.url = url
        self.session = requests.Session()
        self.session.headers.update({"Authorization": f"Token {TOKEN}", "Content-Type": "application/json"})
        self.sent = []

    def call(self, method, path, status, **arguments):
        self.sent.append((method, path.split("?")[0]))
        answer = self.session.request(method, self.url + path, timeout=30, **arguments)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        assert not answer.history, f"{method} {path} is answered where it was asked"
        return answer.json()

    def found(self, path):
        """The only element of a list, or none."""
        page = self.call("GET", path, 200)
        assert page["next"] is None and page["count"] == len(page["results"]) <= 1, page
        return page["results"][0] if page["results"] else None

    def content_type(self, app_label, model):
        page = self.call("GET", f"/api/extras/content-types/?app_label={app_label}&model={model}", 200)
        assert page["count"] == 1, page
        assert (page["results"][0]["app_label"], page["results"][0]["model"]) == (app_label, model)
        assert isinstance(page["results"][0]["id"], int)
        return page["results"][0]["id"]

    def maintenance(self, name, status, start=START, end=END):
        times = {"status": status, "start": start, "end": end}
        if event := self.found(f"{NOTICES}/maintenance/?name={name}"):
            return self.call("PATCH", f"{NOTICES}/maintenance/{event['id']}/", 200, json=times)
        provider = self.found("/api/circuits/providers/?name__ic=Zayo")
        body = {"name": name, "summary": "fibre splice", "provider": provider["id"]} | times
        return self.call("POST", f"{NOTICES}/maintenance/", 201, json=body)

    def impact(self, event, cid, level):
        event_type = self.content_type("notices", "maintenance")
        target_type = self.content_type("circuits", "circuit")
        circuit = self.found(f"/api/circuits/circuits/?cid__ic={cid}")
        four = {
            "event_content_type": event_type,
            "event_object_id": event["id"],
            "target_content_type": target_type,
            "target_object_id": circuit["id"],
        }
        query = (
            f"event_content_type_id={event_type}&event_object_id={event['id']}"
            f"&target_content_type_id={target_type}&target_object_id={circuit['id']}"
        )
        if impact := self.found(f"{NOTICES}/impact/?{query}"):
            return self.call("PATCH", f"{NOTICES}/impact/{impact['id']}/", 200, json={"impact": level})
        return self.call("POST", f"{NOTICES}/impact/", 201, json=four | {"impact": level})

    def mail(self, event):
        body = {"event_content_type": self.content_type("notices", "maintenance"), "event_object_id": event["id"]}
        return self.call("POST", f"{NOTICES}/eventnotification/", 201, json=body | MAIL)

    def run(self, status, impacts):
        """A whole mail: `impacts` is a list of circuit and level."""
        self.sent.clear()
        event = self.maintenance("WORK-42", status)
        made = [self.impact(event, cid, level) for cid, level in impacts]
        return event, made, self.mail(event)


@pytest.fixture(scope="module")
def script(url, api):
    zayo = api.post("/api/circuits/providers/", {"name": "Zayo Group", "slug": "zayo"})["id"]
    api.post("/api/circuits/providers/", {"name": "Lumen", "slug": "lumen"})
    for cid in ("ZYO/1234", "ZYO/5678", "OTHER"):
        api.post("/api/circuits/circuits/", {"cid": cid, "provider": zayo})
    with (script := Script(url)).session:
        yield script


def test_the_same_mail_twice(script, api):
    first, impacts, mail = script.run("CONFIRMED", [("ZYO%2F1234", "OUTAGE"), ("ZYO%2F5678", "DEGRADED")])
    assert script.sent[:3] == [
        ("GET", f"{NOTICES}/maintenance/"),
        ("GET", "/api/circuits/providers/"),
        ("POST", f"{NOTICES}/maintenance/"),
    ]
    assert (first["status"], first["start"], first["end"]) == ("CONFIRMED", START, END)
    assert [(impact["impact"], impact["target"]["cid"]) for impact in impacts] == [
        ("OUTAGE", "ZYO/1234"),
        ("DEGRADED", "ZYO/5678"),
    ]
    assert mail["email_body"] == MAIL["email_body"]
    assert (mail["event"]["id"], mail["email_received"]) == (first["id"], MAIL["email_received"])

    again, patched, second = script.run("IN-PROCESS", [("ZYO%2F1234", "REDUCED-REDUNDANCY"), ("ZYO%2F5678", "DEGRADED")])
    assert [method for method, _ in script.sent if method != "GET"] == ["PATCH", "PATCH", "PATCH", "POST"]
    assert (again["id"], again["status"]) == (first["id"], "IN-PROCESS")
    assert [impact["id"] for impact in patched] == [impact["id"] for impact in impacts]
    assert patched[0]["impact"] == "REDUCED-REDUNDANCY"
    # The script stores the mail with each run, and so it is here.
    assert second["id"] != mail["id"]
    event = api.get(f"{NOTICES}/maintenance/{first['id']}/")
    assert event["impact_count"] == 2
    assert len(event["notifications"]) == 2
    assert len(api.results(f"{NOTICES}/maintenance/", name="WORK-42")) == 1


def test_what_is_alike_is_not_touched(script, api):
    """The peer ignores the `…_id` filters, so that the script patches whatever comes first."""
    zayo = api.results("/api/circuits/providers/", slug="zayo")[0]["id"]
    circuits = {circuit["cid"]: circuit["id"] for circuit in api.results("/api/circuits/circuits/")}
    outage = api.post(
        f"{NOTICES}/outage/",
        {"name": "WORK-43", "summary": "fibre cut", "status": "REPORTED", "provider": zayo},
    )
    on_outage = {"outage": outage["id"], "content_type": "circuits.circuit", "impact": "OUTAGE"}
    kept = [api.post(f"{NOTICES}/impact/", on_outage | {"object_id": circuits[cid]}) for cid in ("ZYO/1234", "OTHER")]

    event = script.maintenance("WORK-43", "CONFIRMED")
    other = {"maintenance": event["id"], "content_type": "circuits.circuit", "object_id": circuits["OTHER"]}
    kept.append(api.post(f"{NOTICES}/impact/", other | {"impact": "OUTAGE"}))
    site = api.post("/api/dcim/sites/", {"name": "Paris", "slug": "paris"})
    at_site = {"maintenance": event["id"], "content_type": "dcim.site", "object_id": site["id"], "impact": "OUTAGE"}
    kept.append(api.post(f"{NOTICES}/impact/", at_site))

    made = script.impact(event, "ZYO%2F1234", "NO-IMPACT")
    patched = script.impact(event, "ZYO%2F1234", "DEGRADED")
    assert made["id"] == patched["id"]
    assert made["id"] not in {impact["id"] for impact in kept}
    for impact in kept:
        assert api.get(f"{NOTICES}/impact/{impact['id']}/") == impact
    # Each of the four filters counts alone, too.
    types = {"event_content_type_id": made["event_content_type"], "target_content_type_id": made["target_content_type"]}
    shown = [impact["id"] for impact in api.results(f"{NOTICES}/impact/", event_object_id=event["id"], **types)]
    assert sorted(shown) == sorted([made["id"], kept[2]["id"]])
    of_outage = api.results(f"{NOTICES}/impact/", event_content_type_id=kept[0]["event_content_type"])
    assert {impact["id"] for impact in of_outage} == {kept[0]["id"], kept[1]["id"]}


@pytest.mark.parametrize("path", ["/api/extras/content-types/", "/api/extras/object-types/", "/api/core/object-types/"])
def test_content_types_are_found_at_every_address(script, api, path):
    def only(**parameters):
        results = api.results(path, **parameters)
        assert len(results) == 1, results
        return results[0]

    for app_label, model in [("notices", "maintenance"), ("notices", "outage"), ("circuits", "circuit"), ("dcim", "site")]:
        found = only(app_label=app_label, model=model)
        assert (found["app_label"], found["model"]) == (app_label, model)
        assert found["id"] == script.content_type(app_label, model)
    assert api.results(path, app_label="notices", model="nothing") == []
