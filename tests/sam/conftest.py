"""One run: what was built, AWS's counterpart where containers find it, a table and a bucket, the API."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from local import ROOT, Local, host_address, no_engine

# What the programs are tested with, without containers.
sys.path.append(str(ROOT / "tests" / "aws"))
import counterpart  # noqa: E402
import template  # noqa: E402

TABLE = "noticeboard"
BUCKET = "mail"


@pytest.fixture(scope="session")
def engine():
    """A container engine, for which everything here waits."""
    if reason := no_engine():
        pytest.skip(f"no container engine, which `sam local` needs: {reason}")


@pytest.fixture(scope="session")
def built(engine):
    subprocess.run(["make", "sam-build"], cwd=ROOT, check=True)


@pytest.fixture(scope="session")
def folder():
    with tempfile.TemporaryDirectory(prefix="noticeboard-") as path:
        yield Path(path)


@pytest.fixture(scope="session")
def environment(engine, folder):
    with counterpart.running(folder, host_address()) as environment:
        yield environment


@pytest.fixture(scope="session")
def aws(environment):
    """Makes a boto3 client of a service, with a table and a bucket there."""
    client = counterpart.clients(environment)
    template.create_table(client("dynamodb"), TABLE)
    client("s3").create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture(scope="session")
def sam(aws, built, environment, folder):
    return Local(folder, environment, {"NOTICEBOARD_TABLE": TABLE, "NOTICEBOARD_BUCKET": BUCKET})


@pytest.fixture(scope="session")
def api(sam):
    with sam.api(counterpart.free_port()) as api:
        yield api


def sample(name):
    """An event of events/."""
    return json.loads((ROOT / "events" / f"{name}.json").read_text())
