"""The OpenAPI document, held against the server that serves it: schemathesis makes requests from it, good and bad ones,
and checks that each answer has a status, headers and a shape that the document knows, and that none is a 5xx.

Two of its checks are left out, as they contradict the contract: `negative_data_rejection` and
`positive_data_acceptance`. Fields and parameters that are unknown are ignored, and some values that the document must
allow are refused by rules between fields.
"""

import json
import subprocess
import sys
from urllib.parse import quote

import openapi_spec_validator
import pytest

from conftest import NOTICES, ROOT, TOKEN

LEFT_OUT = "negative_data_rejection,positive_data_acceptance"
MAIL = {
    "email_body": "Soon.",
    "subject": "Work",
    "email_from": "noc@carrier.example",
    "email_received": "2026-11-20T08:00:00Z",
}
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
# The document need not have examples of its own.
PHASES = ("examples", "coverage", "fuzzing", "stateful")
# Requests for each operation and phase: they bound the run, so that it is the same each time. The seconds only end one
# that hangs.
EXAMPLES = 6
COPIES = 40
SECONDS = 600
# The one phase that takes minutes is for what is written most; the rest is built of the same parts (filters, bodies,
# bulk), and tried in all other phases.
ALIKE = r"^/(?!api/plugins/notices/(maintenance|impact|eventnotification)/)"
# Rules between fields, ids that must exist: much of what is made up is refused, as the checks left out would say.
# What deletions leave of the seed is chance, and so is whether one operation finds nothing more to try; what
# only reads always finds something. Real ids are bound to every integer, also to those that are no ids.
TOLERATED = {"dictionary_mismatch", "validation_mismatch", "low_valid_rate", "missing_test_data"}


def seed(api):
    """Some of everything that has a path of its own, enough that something is left when some are deleted."""
    for n in range(COPIES):
        provider = api.post("/api/circuits/providers/", {"name": f"Carrier {n}", "slug": f"carrier-{n}"})["id"]
        circuit = api.post("/api/circuits/circuits/", {"cid": f"C-{n}", "provider": provider})["id"]
        free = api.post("/api/circuits/circuits/", {"cid": f"F-{n}", "provider": provider})["id"]
        api.post("/api/circuits/circuit-types/", {"name": f"Wave {n}", "slug": f"wave-{n}"})
        region = api.post("/api/dcim/regions/", {"name": f"Region {n}", "slug": f"region-{n}"})["id"]
        group = api.post("/api/dcim/site-groups/", {"name": f"Group {n}", "slug": f"group-{n}"})["id"]
        site = {"name": f"Site {n}", "slug": f"site-{n}", "status": "active", "region": region, "group": group}
        site = api.post("/api/dcim/sites/", site)["id"]
        end = {"circuit": free, "term_side": "A", "termination_type": "dcim.site", "termination_id": site}
        api.post("/api/circuits/circuit-terminations/", end)
        room = api.post("/api/dcim/locations/", {"name": f"Room {n}", "slug": f"room-{n}", "site": site})["id"]
        api.post("/api/dcim/racks/", {"name": f"R{n}", "site": site, "location": room})
        device = api.post("/api/dcim/devices/", {"name": f"edge-{n}", "site": site, "location": room})["id"]
        api.post("/api/dcim/interfaces/", {"name": "xe-0", "device": device, "type": "10gbase-lr"})
        api.post("/api/ipam/ip-addresses/", {"address": f"192.0.2.{n}/24"})
        api.post("/api/ipam/prefixes/", {"prefix": f"10.{n}.0.0/16"})
        machine = api.post("/api/virtualization/virtual-machines/", {"name": f"vm-{n}", "site": site})["id"]
        api.post("/api/virtualization/interfaces/", {"name": "eth0", "virtual_machine": machine})
        panel = api.post("/api/dcim/power-panels/", {"name": f"P{n}", "site": site})["id"]
        api.post("/api/dcim/power-feeds/", {"name": f"F{n}", "power_panel": panel})
        api.post("/api/extras/tags/", {"name": f"Tag {n}", "slug": f"tag-{n}"})
        event = {"name": f"E-{n}", "summary": "splice", "provider": provider}
        outage = api.post(f"{NOTICES}/outage/", event | {"status": "REPORTED"})["id"]
        times = {"start": "2099-12-01T02:00:00Z", "end": "2099-12-01T06:00:00Z"}
        event = api.post(f"{NOTICES}/maintenance/", event | times | {"status": "CONFIRMED"})["id"]
        target = {"content_type": "circuits.circuit", "object_id": circuit, "impact": "OUTAGE"}
        for parent in ({"maintenance": event}, {"outage": outage}):
            api.post(f"{NOTICES}/impact/", parent | target)
            api.post(f"{NOTICES}/eventnotification/", parent | MAIL)
        if n % 3 == 0:
            api.send("PATCH", f"{NOTICES}/maintenance/{event}/", 200, json={"status": "COMPLETED"})
        note = {"assigned_object_type": "notices.maintenance", "assigned_object_id": event, "comments": "Called."}
        api.post("/api/extras/journal-entries/", note)
        api.post("/api/users/tokens/", {"user": f"noc{n}", "scope": "read"})
        mail = (ROOT / "samples" / "unreadable.eml").read_bytes().replace(b"kiosk-7@", f"kiosk-{n}@".encode())
        headers = {"Content-Type": "message/rfc822"}
        answer = api.session.post(f"{api.url}{NOTICES}/inbound-mail/", data=mail, headers=headers, timeout=60)
        assert answer.json()["outcome"] == "review", answer.text


def keys(api, document):
    """For each path with one parameter: the values that it has now, from the list that it belongs to."""
    found = {}
    for path in document["paths"]:
        collection, brace, rest = path.partition("{")
        if not brace:
            continue
        assert rest.count("{") == 0, f"{path}: this test fills in one parameter"
        parameter = rest.partition("}")[0]
        elements = api.get(collection, limit=1000)["results"]
        values = [element.get(parameter, element.get("id")) for element in elements]
        assert values, f"{collection} has nothing to test {path} with: seed it"
        found[path] = parameter, values
    return found


def with_lookups_once(document):
    """The document with each lookup of a kind of filter (`__ic` of text) on one field of one list: one program reads the
    filters of all. Each field is still asked for by its plain name."""
    document = json.loads(json.dumps(document))
    seen = set()

    def wanted(parameter):
        _, lookup, rest = parameter["name"].partition("__")
        key = (rest, json.dumps(parameter["schema"], sort_keys=True))
        return not lookup or not (key in seen or seen.add(key))

    for item in document["paths"].values():
        for operation in item.values():
            operation["parameters"] = [one for one in operation["parameters"] if wanted(one)]
    return document


def configuration(values):
    """schemathesis.toml: most requests for one object go to one that exists, some ids in bodies are real ones."""
    pools = {f"pool{n}": ids for n, (_, ids) in enumerate(values.values())}
    numbers = sorted({one for ids in pools.values() for one in ids if isinstance(one, int)})
    lines = ["[dictionaries]", f"numbers = {{ values = {json.dumps(numbers)} }}"]
    lines += [f"{name} = {{ values = {json.dumps(ids)} }}" for name, ids in pools.items()]
    lines += ["[generation.dictionaries]", 'integer = { dictionary = "numbers", probability = 0.3 }']
    for (path, (parameter, _)), pool in zip(values.items(), pools):
        lines += [
            "[[operations]]",
            f"include-path = {json.dumps(path)}",
            "[operations.parameters]",
            f'"path.{parameter}" = {{ dictionary = "{pool}", probability = 0.8 }}',
        ]
    lines += ["[[operations]]", f"include-path-regex = {json.dumps(ALIKE)}", "phases.coverage.enabled = false"]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def document(api):
    return api.get("/api/schema/")


def test_answers_are_as_the_document_says(api, document, tmp_path):
    seed(api)
    (tmp_path / "schemathesis.toml").write_text(configuration(keys(api, document)))
    (tmp_path / "document.json").write_text(json.dumps(with_lookups_once(document)))
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", "document.json", "--url", api.url),
        *("--header", f"Authorization: Token {TOKEN}"),
        *("--checks", "all", "--exclude-checks", LEFT_OUT),
        *("--phases", ",".join(PHASES), "--max-examples", str(EXAMPLES), "--generation-deterministic"),
        # It would ask for 401 where credentials are missing; the contract says 403, which the next test sees to.
        *("--generation-with-security-parameters", "false"),
        *("--workers", "1", "--continue-on-failure", "--no-shrink", "--no-color", "--suppress-health-check", "all"),
        *("--request-timeout", "20", "--report-json-path", "report.json"),
    ]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS)
    said = f"{run.stdout[-20_000:]}\n{run.stderr[-4_000:]}"
    assert run.returncode == 0, said

    # Nothing was left out on the quiet.
    report = json.loads((tmp_path / "report.json").read_text())
    total = sum(len(METHODS & item.keys()) for item in document["paths"].values())
    counts = {"total": total, "selected": total, "tested": total, "errored": 0, "skipped": 0, "skip_reasons": []}
    assert report["operations"] == counts, said
    assert {phase: report["phases"][phase]["status"] for phase in PHASES if phase != "examples"} == {
        phase: "success" for phase in PHASES if phase != "examples"
    }, said
    assert report["complete"] and report["test_cases"]["errored"] == 0, said
    warnings = {kind: found for kind, found in report["warnings"].items() if found and kind not in TOLERATED}
    assert not warnings, f"{warnings}\n{said}"
    rates = report["valid_rates"].items()
    accepted = {operation: sum(phase["accepted"] for phase in phases.values()) for operation, phases in rates}
    unread = [operation for operation, times in accepted.items() if operation.startswith("GET ") and not times]
    assert len(accepted) == total and not unread, f"{unread}\n{said}"


def test_the_document_is_valid(document):
    openapi_spec_validator.validate(document)


def test_every_path_of_the_document_is_served(api, document):
    """And asks for a token, but for those that are said to need none."""
    for path, item in document["paths"].items():
        for method in METHODS & item.keys():
            answer = api.session.request(
                method.upper(), api.url + path.replace("{", quote("{")), timeout=20, headers={"Authorization": ""}
            )
            public = item[method].get("security", document.get("security")) in (None, [], [{}])
            assert (answer.status_code == 403) != public, f"{method} {path}: {answer.status_code}"
