"""What the fuzzer starts from: the samples, whole and in the parts that a target takes. Writes seeds/TARGET/*."""

import email
import email.policy
from pathlib import Path

HERE = Path(__file__).parent
TARGETS = {"text/html": "html", "text/calendar": "calendar"}


def target_of(part):
    name = (part.get_filename() or "").lower()
    if name.endswith((".csv", ".xlsx")):
        return "sheet"
    return TARGETS.get(part.get_content_type())


def main():
    for target in ["mail", "html", "calendar", "sheet"]:
        (HERE / "seeds" / target).mkdir(parents=True, exist_ok=True)
    for sample in sorted((HERE.parent / "samples").glob("*.eml")):
        raw = sample.read_bytes()
        (HERE / "seeds/mail" / sample.name).write_bytes(raw)
        for place, part in enumerate(email.message_from_bytes(raw, policy=email.policy.default).walk()):
            target = target_of(part)
            if target and not part.is_multipart():
                (HERE / "seeds" / target / f"{sample.stem}-{place}").write_bytes(part.get_payload(decode=True))
    sheet = '<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>Circuit ID</t></is></c></row></sheetData></worksheet>'
    (HERE / "seeds/sheet/one.xml").write_text(sheet)
    (HERE / "seeds/sheet/one.csv").write_text("Circuit ID,Start,End\nC-1,2030-01-02 03:04,2030-01-02 05:06\n")


main()
