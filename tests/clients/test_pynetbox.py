"""pynetbox as its users use it."""

import datetime
from urllib.parse import parse_qs, urlsplit

import pynetbox
import pytest
from pynetbox.core.query import ParameterValidationError

from conftest import NOTICES, TOKEN, eventually

MANY = 1_050
TIMES = {"start": "2099-12-01T02:00:00Z", "end": "2099-12-01T06:00:00Z"}


@pytest.fixture(scope="module")
def connect(url):
    """Makes a pynetbox client, and closes its connections in the end."""
    made = []

    def connect(**options):
        made.append(pynetbox.api(url, **{"token": TOKEN} | options))
        return made[-1]

    yield connect
    for nb in made:
        nb.http_session.close()


@pytest.fixture(scope="module")
def nb(connect):
    return connect()


@pytest.fixture(scope="module")
def maintenances(nb):
    return nb.plugins.notices.maintenance


@pytest.fixture(scope="module")
def provider(nb):
    return nb.circuits.providers.create(name="Zayo", slug="zayo")


@pytest.fixture(scope="module")
def circuit(nb, provider):
    return nb.circuits.circuits.create(cid="ZYO/1", provider=provider.id)


@pytest.fixture
def body(provider, request):
    """A maintenance of this test alone: its summary is the test's name."""
    fields = {"summary": request.node.name[:200], "status": "CONFIRMED", "provider": provider.id}
    return lambda name, **changes: {"name": name} | fields | TIMES | changes


@pytest.fixture(scope="module")
def many(nb, provider):
    """The names of more outages than a page holds, made in bulk."""
    names = [f"O-{n:04}" for n in range(MANY)]
    make = nb.plugins.notices.outage.create
    for first in range(0, MANY, 500):
        bodies = [
            {"name": name, "summary": "fibre cut", "status": "REPORTED", "provider": provider.id}
            for name in names[first : first + 500]
        ]
        assert [made.name for made in make(bodies)] == [one["name"] for one in bodies]
    # The count of a whole list comes from the stream.
    eventually(lambda: nb.plugins.notices.outage.count() == MANY)
    return names


def refused(status, call, *arguments, **named):
    """The body of the answer that a call is refused with."""
    with pytest.raises(pynetbox.RequestError) as error:
        call(*arguments, **named)
    assert error.value.req.status_code == status, error.value.error
    return error.value.req.json()


def names(records):
    return sorted(record.name for record in records)


def test_an_object_from_creation_to_deletion(maintenances, provider, body):
    made = maintenances.create(**body("M-1", internal_ticket="INC-1"))
    assert isinstance(made.id, int)
    assert (str(made), made.status, made.provider.name, made.tags, made.custom_fields) == ("M-1", "CONFIRMED", "Zayo", [], {})
    found = maintenances.get(made.id)
    assert found == made
    assert dict(found) == dict(made)
    assert maintenances.get(name="M-1", internal_ticket="INC-1") == made

    found.status = "IN-PROCESS"
    found.acknowledged = True
    assert found.updates() == {"status": "IN-PROCESS", "acknowledged": True}
    assert found.save()
    assert found.updates() == {}
    assert not found.save(), "nothing is left to save"
    assert (maintenances.get(made.id).status, found.status_color) == ("IN-PROCESS", "orange")

    assert found.update({"start": datetime.datetime(2099, 12, 1, 1).isoformat(), "custom_fields": {"crew": 7}})
    found = maintenances.get(made.id)
    assert (found.start, found.custom_fields) == ("2099-12-01T01:00:00Z", {"crew": 7})
    found.custom_fields = {"van": "blue"}
    assert found.save()
    assert maintenances.get(made.id).custom_fields == {"crew": 7, "van": "blue"}

    assert found.delete()
    assert maintenances.get(made.id) is None
    assert maintenances.get(name="M-1") is None
    assert refused(404, found.delete) == {"detail": "No Maintenance matches the given query."}


def test_many_at_once(maintenances, body):
    made = maintenances.create([body(f"B-{n}") for n in range(20)])
    assert [one.name for one in made] == [f"B-{n}" for n in range(20)]
    assert len({one.id for one in made}) == 20

    for one in made[:5]:
        one.comments = "seen"
    made[5].status = "TENTATIVE"
    changed = maintenances.update(made)
    assert [one.id for one in changed] == [one.id for one in made[:6]]
    assert maintenances.count(comments="seen", name__isw="B-") == 5
    assert maintenances.update([{"id": made[0].id, "comments": "heard"}])[0].comments == "heard"
    assert maintenances.filter(name__isw="B-", status="CONFIRMED").update(status="COMPLETED")
    assert maintenances.count(name__isw="B-", status="COMPLETED") == 19

    wrong = [{"id": made[0].id, "comments": "x"}, {"id": made[1].id, "end": "2020-01-01"}]
    assert list(refused(400, maintenances.update, wrong)) == ["end"]
    assert maintenances.get(made[0].id).comments == "heard"
    bodies = [body("B-20"), body("B-21", status="LATE"), body("B-22")]
    assert [list(errors) for errors in refused(400, maintenances.create, bodies)] == [[], ["status"], []]
    assert maintenances.count(name__isw="B-2") == 1, "only B-2 itself"

    assert maintenances.delete(made[:3])
    assert maintenances.delete([made[3].id, str(made[4].id)])
    assert maintenances.count(name__isw="B-") == 15
    assert maintenances.filter(name__isw="B-").delete()
    assert maintenances.count(name__isw="B-") == 0


def test_filters_and_their_lookups(maintenances, provider, nb, body):
    lumen = nb.circuits.providers.create(name="Lumen", slug="lumen")
    rows = [
        body("F-1", internal_ticket="INC-1", acknowledged=True),
        body("F-2", internal_ticket="inc-2", status="TENTATIVE", provider=lumen.id),
        body("f-3", comments="Fibre", start="2099-11-01", end="2099-11-02"),
        body("F-4", status="CANCELLED", start="2098-01-01"),
    ]
    ids = [made.id for made in maintenances.create(rows)]

    def check(expected, **filters):
        found = maintenances.filter(summary="test_filters_and_their_lookups", **filters)
        assert names(found) == sorted(expected), filters
        count = maintenances.count(summary="test_filters_and_their_lookups", **filters)
        assert count == len(expected), filters

    everything = ["F-1", "F-2", "F-4", "f-3"]
    check(everything)
    check(["F-1"], name="F-1")
    check([], name="f-1")
    check(["F-1", "f-3"], name=["F-1", "f-3", "F-9"])
    check(["F-2", "F-4", "f-3"], name__n="F-1")
    check(["F-4", "f-3"], name__n=["F-1", "F-2"])
    check(["f-3"], name__ie="F-3")
    check(["F-1", "F-2", "F-4"], name__nie="F-3")
    check(everything, name__isw="f")
    check(["F-2"], name__iew="2")
    check(["F-1", "F-4", "f-3"], name__niew="2")
    check([], name__nisw="f")
    check(["F-1", "F-2"], internal_ticket__ic="INC")
    check(["F-4", "f-3"], internal_ticket__nic="INC")
    check(["F-4", "f-3"], internal_ticket__empty=True)
    check(["F-1", "F-2"], internal_ticket__empty="false")
    check(["F-1", "F-2"], name__regex="^F-[12]$")
    check(["f-3"], name__iregex="^F-3$")
    check(["F-1", "F-4"], name=["F-1", "F-4"], provider_id=provider.id)
    check(["F-2"], provider_id=lumen.id)
    check(everything, provider_id=[provider.id, lumen.id])
    check(["F-1", "F-4", "f-3"], provider_id__n=lumen.id)
    check(["F-1", "F-2", "f-3"], status=["CONFIRMED", "TENTATIVE"])
    check(["F-2", "F-4"], status__n="CONFIRMED")
    check(["F-1"], acknowledged=True)
    check(["F-2", "F-4", "f-3"], acknowledged="false")
    check(["F-1", "F-2"], id=ids[:2])
    check(["F-4", "f-3"], id__n=ids[:2])
    check(["F-2", "F-4", "f-3"], id__gt=ids[0])
    check(["F-1", "F-2"], id__lte=ids[1])
    check(["f-3"], start="2099-11-01T00:00:00Z")
    check(["F-4"], start__lt="2099-11-01")
    check(["F-4", "f-3"], start__lte="2099-11-01T00:00:00Z")
    check(["F-1", "F-2"], start__gt="2099-11-01 00:00:00")
    check(["f-3"], start__gte="2099-01-01", end__lte="2099-11-30")
    check(["F-1", "F-2", "F-4"], start__n="2099-11-01")
    check(everything, created__gte="2020-01-01T00:00:00Z")
    check([], last_updated__lt="2020-01-01")
    check(["f-3"], comments__ic="FIBRE")
    check(everything, nonsense="ignored")
    found = maintenances.filter("inc-", summary="test_filters_and_their_lookups")
    assert names(found) == ["F-1", "F-2"], "a search"
    ordered = maintenances.filter(summary="test_filters_and_their_lookups", ordering="-start")
    assert [one.name for one in ordered][-2:] == ["f-3", "F-4"]
    page = maintenances.filter(summary="test_filters_and_their_lookups", ordering="name", limit=2, offset=1)
    assert len(list(page)) == 2
    briefs = list(maintenances.filter(summary="test_filters_and_their_lookups", brief=1))
    assert set(dict(briefs[0])) == {"id", "url", "display", "name", "status", "provider", "start", "end"}
    assert briefs[0].summary == "test_filters_and_their_lookups", "what is not there is fetched by the object's url"

    assert refused(400, lambda: list(maintenances.filter(status="LATE"))).keys() == {"status"}
    assert refused(400, lambda: list(maintenances.filter(start__gte="soon"))).keys() == {"start__gte"}
    assert refused(400, lambda: list(maintenances.filter(provider_id=999))).keys() == {"provider_id"}
    assert refused(400, lambda: list(maintenances.filter(id="x"))).keys() == {"id"}


@pytest.mark.parametrize("options", [{}, {"threading": True}, {"pagination": "cursor"}], ids=str)
def test_all_of_more_than_a_page_holds(connect, many, options):
    outages = connect(**options).plugins.notices.outage
    everything = outages.all()
    assert names(everything) == many
    assert len(everything) == MANY
    assert names(outages.filter(status="REPORTED")) == many
    assert names(outages.filter(name__ic="O-00")) == many[:100]
    assert len(outages.filter(name__ic="O-00")) == 100
    assert names(outages.all(limit=400)) == many
    assert names(outages.filter(name__isw="O-0", limit=150)) == many[:1000]
    assert outages.count() == MANY
    assert list(outages.filter(name="nothing")) == []
    assert outages.get(name="O-0500").name == "O-0500"
    if "pagination" not in options:
        assert len(list(outages.all(limit=40, offset=20))) == 40


def test_pages_by_cursor(api, many):
    """NetBox 4.6: `start` of digits alone is an id to begin at; the count is then unknown, the order that of the ids."""
    path = f"{NOTICES}/outage/"
    first = api.get(path, start=0, limit=1000)
    assert first["count"] is None and first["previous"] is None
    ids = [one["id"] for one in first["results"]]
    assert (len(ids), ids) == (1000, sorted(ids))
    second = api.session.get(first["next"], timeout=30).json()
    rest = [one["id"] for one in second["results"]]
    assert (len(rest), second["next"], second["count"]) == (MANY - 1000, None, None)
    assert rest == sorted(rest) and rest[0] > ids[-1]
    start = int(parse_qs(urlsplit(first["next"]).query)["start"][0])
    assert ids[-1] < start <= rest[0]
    assert [one["id"] for one in api.get(path, start=ids[500], limit=2)["results"]] == ids[500:502]
    assert api.get(path, start=rest[-1] + 1)["results"] == []
    # With a filter; and what is no cursor is the filter on the field.
    some = api.get(path, start=0, limit=10, name__ic="O-001")
    assert sorted(one["name"] for one in some["results"]) == many[10:20]
    assert api.get(path, start="2020-01-01")["count"] == 0
    assert api.get(path, start__gte="2020-01-01", limit=1)["count"] == MANY


def test_cursor_pages_hold_while_objects_come_and_go(connect, nb, provider, many):
    outages = nb.plugins.notices.outage
    made = outages.create([
        {"name": f"C-{n:03}", "summary": "moving", "status": "REPORTED", "provider": provider.id} for n in range(60)
    ])
    pages = connect(pagination="cursor").plugins.notices.outage.filter(summary="moving", limit=10)
    seen = [next(pages).name for _ in range(10)]
    assert outages.delete(made[:20])
    late = outages.create(name="C-late", summary="moving", status="REPORTED", provider=provider.id)
    seen += [one.name for one in pages]
    assert seen[:10] == [f"C-{n:03}" for n in range(10)]
    assert seen[10:] == [f"C-{n:03}" for n in range(20, 60)] + ["C-late"]
    assert outages.delete([*made[20:], late])


def test_errors_name_the_field(maintenances, nb, body, connect):
    assert refused(400, maintenances.create, {}).keys() == {"name", "summary", "status", "provider", "start", "end"}
    assert refused(400, maintenances.create, body("E", status="LATE")).keys() == {"status"}
    end = {"end": ["The end time must be after the start time."]}
    assert refused(400, maintenances.create, body("E", end="2020-01-01")) == end
    assert refused(400, maintenances.create, body("x" * 101)).keys() == {"name"}
    assert refused(400, maintenances.create, body("E", provider=999)).keys() == {"provider"}
    assert refused(400, maintenances.create, body("E", tags=[{"slug": "none"}])).keys() == {"tags"}
    made = maintenances.create(**body("E"))
    made.end = "2020-01-01"
    assert refused(400, made.save) == end
    assert maintenances.get(made.id).end == TIMES["end"]

    maintenances.create(**body("E"))
    with pytest.raises(ValueError, match="more than one result"):
        maintenances.get(name="E")
    assert maintenances.get(name="none") is None
    assert maintenances.get(made.id + 1_000_000) is None

    with pytest.raises(pynetbox.RequestError) as nowhere:
        list(nb.plugins.notices.nothing.all())
    assert nowhere.value.req.status_code == 404
    nobody = connect(token="0123456789abcdef0123456789abcdef01234567").plugins.notices.maintenance
    assert refused(403, lambda: list(nobody.all())) == {"detail": "Invalid v1 token"}
    anyone = connect(token=None).plugins.notices.maintenance
    detail = {"detail": "Authentication credentials were not provided."}
    assert refused(403, anyone.create, body("E")) == detail


def test_tokens_of_both_kinds(connect, nb):
    for version in (1, 2):
        made = nb.users.tokens.create(user="noc", scope="read", version=version)
        reader = connect(token=made.token)
        assert reader.plugins.notices.maintenance.count() >= 0
        assert refused(403, reader.circuits.providers.create, name="X", slug="x").keys() == {"detail"}


def test_records_in_records(nb, maintenances, circuit, body):
    event = maintenances.create(**body("N-1"))
    types = {(found.app_label, found.model): found.id for found in nb.core.object_types.all()}
    pair = {"event_content_type": types["notices", "maintenance"], "event_object_id": event.id}
    target = {"target_content_type": types["circuits", "circuit"], "target_object_id": circuit.id}
    impact = nb.plugins.notices.impact.create(**pair, **target, impact="OUTAGE")
    assert (impact.event.name, impact.event.provider.slug) == ("N-1", "zayo")
    assert impact.event.summary == event.summary, "fetched by the event's url"
    assert (impact.target.cid, impact.target.provider.name) == ("ZYO/1", "Zayo")
    assert impact.target.status.value == "active" and impact.target.status.label == "Active"
    mail = nb.plugins.notices.eventnotification.create(
        **pair, subject="Work", email_body="Soon.", email_from="noc@zayo.example", email_received="2026-11-20 08:00:00"
    )
    event = maintenances.get(event.id)
    assert [(one.id, one.impact) for one in event.impacts] == [(impact.id, "OUTAGE")]
    assert [(one.id, one.subject) for one in event.notifications] == [(mail.id, "Work")]
    assert event.impact_count == 1
    # A record with children can be saved; its children are not sent.
    event.comments = "with children"
    assert event.updates() == {"comments": "with children"} and event.save()
    impact.impact = "DEGRADED"
    assert impact.save()
    assert [one.id for one in nb.plugins.notices.impact.filter(**pair | {"event_content_type": "notices.maintenance"})] == [impact.id]

    second = maintenances.create(**body("N-2", replaces=event.id))
    assert second.replaces == event.id
    assert maintenances.get(event.id).status == "RE-SCHEDULED"


def test_choices(maintenances, nb):
    values = [choice["value"] for choice in maintenances.choices()["status"]]
    assert values == ["TENTATIVE", "CONFIRMED", "CANCELLED", "IN-PROCESS", "COMPLETED", "RE-SCHEDULED", "UNKNOWN"]
    values = [choice["value"] for choice in nb.plugins.notices.outage.choices()["status"]]
    assert values == ["REPORTED", "INVESTIGATING", "IDENTIFIED", "MONITORING", "RESOLVED"]
    values = [choice["value"] for choice in nb.plugins.notices.impact.choices()["impact"]]
    assert values == ["NO-IMPACT", "REDUCED-REDUNDANCY", "DEGRADED", "OUTAGE"]


def test_quick_actions(maintenances, nb, body):
    def act(event, action, **fields):
        return pynetbox.core.endpoint.DetailEndpoint(event, action).create(fields)

    event = maintenances.create(**body("Q-1"))
    assert act(event, "acknowledge")["acknowledged"] is True
    again = act(event, "reschedule", start="2099-12-08T02:00:00Z", end="2099-12-08T06:00:00Z")
    assert (again["replaces"], again["status"]) == (event.id, "TENTATIVE")
    again = maintenances.get(again["id"])
    assert act(again, "cancel")["status"] == "CANCELLED"
    with pytest.raises(pynetbox.AllocationError) as conflict:
        act(again, "mark-completed")
    assert conflict.value.req.status_code == 409 and conflict.value.req.json()["detail"]


def test_the_server_itself(nb, url, connect):
    assert nb.version == "4.6"
    status = nb.status()
    assert status["netbox-version"].startswith("4.6")
    assert status["plugins"]["notices"]
    for client in (nb, connect(token=None)):
        assert client.openapi()["openapi"].startswith("3.1")


def test_filters_can_be_checked_against_the_document(connect, many):
    outages = connect(strict_filters=True).plugins.notices.outage
    found = outages.filter(name=["O-0001", "O-0002"], name__ic="o-", status="REPORTED", start__gte="2020-01-01", q="cut")
    assert names(found) == many[1:3]
    with pytest.raises(ParameterValidationError, match="nonsense"):
        outages.filter(nonsense="x")


def test_the_inventory(nb, provider, circuit):
    assert nb.circuits.providers.get(slug="zayo") == provider
    assert nb.circuits.circuits.get(cid__ic="zyo/") == circuit
    assert list(nb.circuits.circuits.filter(provider_id=provider.id)) == [circuit]
    region = nb.dcim.regions.create(name="Europe", slug="eu")
    group = nb.dcim.site_groups.create(name="Core", slug="core")
    sites = nb.dcim.sites.create([
        {"name": name, "slug": name.lower(), "status": "active", "region": region.id, "group": group.id}
        for name in ("Paris", "Lyon")
    ])
    paris = nb.dcim.sites.get(slug="paris")
    assert (paris, paris.status.value, paris.region.name, paris.group.slug) == (sites[0], "active", "Europe", "core")
    room = nb.dcim.locations.create(name="Room 1", slug="room-1", site=paris.id)
    device = nb.dcim.devices.create(name="edge-1", site=paris.id, location=room.id)
    assert (device.site.name, device.location.name) == ("Paris", "Room 1")
    panel = nb.dcim.power_panels.create(name="A", site=paris.id)
    feed = nb.dcim.power_feeds.create(name="A1", power_panel=panel.id)
    assert feed.power_panel.name == "A"
    end = nb.circuits.circuit_terminations.create(
        circuit=circuit.id, term_side="A", termination_type="dcim.site", termination_id=paris.id
    )
    assert (end.circuit.cid, end.term_side, end.termination.name) == ("ZYO/1", "A", "Paris")
    for endpoint, one in [
        (nb.dcim.regions, region),
        (nb.dcim.site_groups, group),
        (nb.dcim.locations, room),
        (nb.dcim.devices, device),
        (nb.dcim.power_panels, panel),
        (nb.dcim.power_feeds, feed),
    ]:
        assert [found.id for found in endpoint.filter(name=one.name)] == [one.id]
        assert endpoint.get(one.id) == one
    device.name = "edge-2"
    assert device.save() and nb.dcim.devices.get(name="edge-2") == device
    assert [found.name for found in nb.dcim.devices.filter(site_id=paris.id)] == ["edge-2"]
    assert nb.dcim.sites.delete([sites[1]])
    assert nb.dcim.sites.get(slug="lyon") is None


def test_tags(nb, maintenances, body):
    ring, night = nb.extras.tags.create([
        {"name": "Ring", "slug": "ring", "color": "ff0000"},
        {"name": "Night work", "slug": "night-work"},
    ])
    assert nb.extras.tags.get(slug="ring") == ring
    event = maintenances.create(**body("T-1", tags=[{"slug": "ring"}, {"name": "Night work"}]))
    maintenances.create(**body("T-2", tags=[ring.id]))
    assert sorted(tag.slug for tag in event.tags) == ["night-work", "ring"]
    assert names(maintenances.filter(tag="ring")) == ["T-1", "T-2"]
    assert names(maintenances.filter(tag="night-work")) == ["T-1"]
    assert names(maintenances.filter(tag_id=ring.id)) == ["T-1", "T-2"]
    event = maintenances.get(event.id)
    event.comments = "tags stay"
    assert event.save()
    event.tags = [ring.id]
    assert event.save()
    assert [tag.name for tag in maintenances.get(event.id).tags] == ["Ring"]
    event.tags = []
    assert event.save()
    assert maintenances.get(event.id).tags == []


def test_journal_entries(nb, maintenances, body):
    event = maintenances.create(**body("J-1"))
    entry = nb.extras.journal_entries.create(
        assigned_object_type="notices.maintenance", assigned_object_id=event.id, kind="info", comments="Called them."
    )
    found = nb.extras.journal_entries.get(entry.id)
    assert (found.comments, found.kind.value, found.assigned_object_id) == ("Called them.", "info", event.id)
    of_event = nb.extras.journal_entries.filter(
        assigned_object_type="notices.maintenance", assigned_object_id=event.id
    )
    assert list(of_event) == [entry]
    wrong = {"assigned_object_type": "notices.nothing", "assigned_object_id": event.id, "comments": "x"}
    assert refused(400, nb.extras.journal_entries.create, wrong).keys() == {"assigned_object_type"}


def test_object_changes(nb, maintenances, body):
    event = maintenances.create(**body("H-1", changelog_message="as agreed"))
    other = maintenances.create(**body("H-2"))

    def changes(count, **filters):
        """The changes of the event, oldest first, once there are so many."""

        def recorded():
            found = nb.core.object_changes.filter(
                changed_object_type="notices.maintenance", changed_object_id=event.id, **filters
            )
            found = sorted(found, key=lambda change: change.id)
            return len(found) == count and found

        return eventually(recorded)

    event.status = "CANCELLED"
    assert event.save()
    made, changed = changes(2)
    assert list(maintenances.filter(created_by_request=made.request_id)) == [event]
    assert list(maintenances.filter(updated_by_request=changed.request_id)) == [event]
    assert list(maintenances.filter(created_by_request=changed.request_id)) == []
    for request in (made.request_id, changed.request_id):
        assert list(maintenances.filter(modified_by_request=request)) == [event]

    assert event.delete()
    made, changed, removed = changes(3)
    assert [change.action.value for change in (made, changed, removed)] == ["create", "update", "delete"]
    assert (made.message, made.object_repr) == ("as agreed", "H-1")
    assert (changed.prechange_data["status"], changed.postchange_data["status"]) == ("CONFIRMED", "CANCELLED")
    assert nb.core.object_changes.get(changed.id).user_name == changed.user_name
    assert [change.id for change in changes(1, action="update")] == [changed.id]
    assert [change.id for change in changes(2, action=["create", "delete"])] == [made.id, removed.id]
    assert len(changes(3, user_name=made.user_name)) == 3
    assert maintenances.get(other.id) == other


@pytest.mark.parametrize("path", ["core.object_types", "extras.object_types", "extras.content_types"])
def test_object_types(nb, path):
    app, endpoint = path.split(".")
    endpoint = getattr(getattr(nb, app), endpoint)
    found = endpoint.get(app_label="notices", model="maintenance")
    assert (found.app_label, found.model) == ("notices", "maintenance")
    assert endpoint.get(app_label="notices", model="nothing") is None
