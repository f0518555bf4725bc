"""The calendar as two parsers of other people read it: whatever an event says, both read what was stored."""

import datetime
import itertools
import re
import unicodedata

import icalendar
import vobject
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from conftest import NOTICES

FEED = "/plugins/notices/ical/maintenances.ics"
LEVELS = ["NO-IMPACT", "REDUCED-REDUNDANCY", "DEGRADED", "OUTAGE"]
STATUSES = {
    "TENTATIVE": "TENTATIVE",
    "CONFIRMED": "CONFIRMED",
    "IN-PROCESS": "CONFIRMED",
    "COMPLETED": "CONFIRMED",
    "CANCELLED": "CANCELLED",
    "RE-SCHEDULED": "CANCELLED",
    "UNKNOWN": "TENTATIVE",
}
#: What breaks calendars, among what any text may have.
HOSTILE = st.one_of(
    st.sampled_from(list("\r\n\t;,:\\\"'^%=\u2028\u2029\u0085\u00a0\u200b\ufeff🚧👩‍🔧é") + ["\r\n", "\\n", "\r\nEND:VEVENT\r\n", "\r\n "]),
    st.characters(exclude_categories=["Cs"]),
)


def text(size):
    """Text of several lines; the API refuses other control characters."""
    kept = lambda text: "".join(c for c in text if c in "\r\n\t" or unicodedata.category(c) != "Cc")
    return st.lists(HOSTILE, max_size=size).map("".join).map(kept).map(lambda text: text[:size])


def line(size):
    """Text without control characters, which the API refuses where a line is meant."""
    return text(size).map(lambda text: "".join(c for c in text if unicodedata.category(c) != "Cc"))


EVENT = st.fixed_dictionaries(
    {
        "name": line(90),
        "summary": line(190),
        "comments": st.one_of(text(300), text(40).map(lambda text: (text or "x") * 200).map(lambda text: text[:5000])),
        "internal_ticket": line(50),
        "status": st.sampled_from(list(STATUSES)),
        "start": st.datetimes(datetime.datetime(2099, 1, 1), datetime.datetime(2099, 12, 1)),
        "hours": st.integers(1, 5000),
        "impact": st.one_of(st.none(), st.tuples(line(60), st.sampled_from(LEVELS))),
    }
)
NUMBERS = itertools.count(1)


def stored(api, provider, event):
    """Stores an event, and gives it as the API has it, with what it hits."""
    start = event["start"].replace(tzinfo=datetime.UTC)
    body = {"status": "TENTATIVE"} | {key: event[key] for key in ["comments", "internal_ticket"]}
    body |= {"name": f"M{event['name']}", "summary": f"S{event['summary']}", "provider": provider["id"]}
    body |= {"start": start.isoformat(), "end": (start + datetime.timedelta(hours=event["hours"])).isoformat()}
    made = api.post(f"{NOTICES}/maintenance/", body)
    hit = None
    if event["impact"]:
        cid, level = event["impact"]
        circuit = api.post("/api/circuits/circuits/", {"provider": provider["id"], "cid": f"{next(NUMBERS)} {cid}"})
        impact = {"maintenance": made["id"], "content_type": "circuits.circuit", "object_id": circuit["id"]}
        api.post(f"{NOTICES}/impact/", impact | {"impact": level})
        hit = (circuit["cid"], level)
    # A closed event takes no impacts.
    return api.send("PATCH", f"{NOTICES}/maintenance/{made['id']}/", 200, json={"status": event["status"]}), hit


def shown(text):
    """Text as a calendar can carry it: it has one kind of line break."""
    return re.sub("\r\n|[\r\u2028\u2029]", "\n", text)


def expected(event, hit, provider):
    """What both parsers are to read of an event."""
    label = {"IN-PROCESS": "In-Progress", "RE-SCHEDULED": "Rescheduled"}.get(event["status"], event["status"].title())
    lines = [f"Provider: {provider['name']}", f"Status: {label}"]
    if event["internal_ticket"]:
        lines.append(f"Internal Ticket: {event['internal_ticket']}")
    if hit:
        lines += ["", "Affected Objects:", f"- {hit[0]} ({hit[1]})"]
    if event["comments"]:
        lines += ["", "Comments:", event["comments"]]
    time = lambda text: datetime.datetime.fromisoformat(text).replace(microsecond=0)
    return {
        "UID": f"maintenance-{event['id']}@noticeboard",
        "SUMMARY": shown(f"{event['name']} - {event['summary']}"),
        "LOCATION": shown(provider["name"]),
        "STATUS": STATUSES[event["status"]],
        "DESCRIPTION": shown("\n".join(lines)),
        "DTSTART": time(event["start"]),
        "DTEND": time(event["end"]),
        "X-MAINTNOTE-MAINTENANCE-ID": shown(event["name"]),
        "X-MAINTNOTE-OBJECT-ID": (shown(hit[0]), hit[1]) if hit else None,
    }


TEXTS = ["UID", "SUMMARY", "LOCATION", "STATUS", "DESCRIPTION", "X-MAINTNOTE-MAINTENANCE-ID"]


def unescaped(value):
    """A text that a parser leaves as it stands, because it does not know the property."""
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] in "nN" else match[1], value)


def by_icalendar(calendar):
    for entry in icalendar.Calendar.from_ical(calendar).events:
        read = lambda name: unescaped(str(entry[name])) if name.startswith("X-") else str(entry[name])
        found = {name: read(name) for name in TEXTS}
        hit = entry.get("X-MAINTNOTE-OBJECT-ID")
        if hit is not None:
            hit = (unescaped(str(hit)), hit.params["X-MAINTNOTE-OBJECT-IMPACT"])
        yield found | {"DTSTART": entry.start, "DTEND": entry.end, "X-MAINTNOTE-OBJECT-ID": hit}


def by_vobject(calendar):
    for entry in vobject.readOne(calendar).contents.get("vevent", []):
        value = lambda name: entry.contents[name.lower()][0].value
        found = {name: value(name) for name in TEXTS}
        hit = entry.contents.get("x-maintnote-object-id")
        if hit is not None:
            hit = (hit[0].value, hit[0].params["X-MAINTNOTE-OBJECT-IMPACT"][0])
        times = {name: value(name).astimezone(datetime.UTC) for name in ["DTSTART", "DTEND"]}
        yield found | times | {"X-MAINTNOTE-OBJECT-ID": hit}


#: Smaller examples are not looked for: each takes several requests.
PHASES = [Phase.explicit, Phase.generate]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None, phases=PHASES)
@given(provider_name=line(60), events=st.lists(EVENT, max_size=5))
def test_two_parsers_read_what_was_stored(api, provider_name, events):
    number = next(NUMBERS)
    provider = api.post("/api/circuits/providers/", {"name": f"P{number}-{provider_name}", "slug": f"p{number}"})
    all_stored = [stored(api, provider, event) for event in events]
    answer = api.session.get(api.url + FEED, params={"provider_id": provider["id"]}, timeout=60)
    assert answer.status_code == 200
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))
    wanted = sorted((expected(event, hit, provider) for event, hit in all_stored), key=lambda entry: entry["UID"])
    calendar = answer.content.decode()
    for parser in (by_icalendar, by_vobject):
        found = sorted(parser(calendar), key=lambda entry: entry["UID"])
        assert len(found) == len(wanted), parser.__name__
        for entry, event in zip(found, wanted, strict=True):
            for name, value in event.items():
                assert entry[name] == value, (parser.__name__, name)
