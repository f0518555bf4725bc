"""Mail that SES stored: it becomes an event, once; a forged one waits for a person."""

import pytest

import template
from conftest import BUCKET, sample
from lambda_runtime import FunctionError

NOTICES = "/api/plugins/notices"
SAMPLES = template.ROOT / "shared/mail/samples"


def arrive(aws, invoke, mail, name, **verdicts):
    """What happens when SES receives a mail: it is stored, then the function is called."""
    event = sample("inbound-email")
    ses = event["Records"][0]["ses"]
    ses["mail"]["messageId"] = name
    ses["receipt"] |= {f"{check}Verdict": {"status": status} for check, status in verdicts.items()}
    aws("s3").put_object(Bucket=BUCKET, Key=f"inbound/{name}", Body=(SAMPLES / mail).read_bytes())
    return invoke("inbound-email", event)


def test_a_mail_becomes_an_event_once(api, aws, invoke):
    for _ in range(2):
        arrive(aws, invoke, "zayo-planned.eml", sample("inbound-email")["Records"][0]["ses"]["mail"]["messageId"])
        found = api.get(f"{NOTICES}/maintenance/", "name=TTN-0007700001")
        [event] = found["results"]
        assert event["provider"]["name"] == "Zayo"
        detail = api.get(f"{NOTICES}/maintenance/{event['id']}/")
        assert len(detail["notifications"]) == 1


def test_a_forged_mail_waits_for_a_person(api, aws, invoke):
    arrive(aws, invoke, "zayo-started-forwarded.eml", "forged", dmarc="FAIL")
    items = api.get(f"{NOTICES}/review/", "limit=100")["results"]
    [item] = [item for item in items if "DMARC" in item["explanation"]]
    answer = api.request("GET", f"{NOTICES}/review/{item['id']}/raw/")
    assert answer == (200, (SAMPLES / "zayo-started-forwarded.eml").read_bytes())


def test_a_mail_that_is_not_in_the_bucket_is_an_error(invoke):
    event = sample("inbound-email")
    event["Records"][0]["ses"]["mail"]["messageId"] = "nothere"
    with pytest.raises(FunctionError, match="stored message"):
        invoke("inbound-email", event)
