"""Programs of other people, as clients of the real program: each module of tests has a server of its own."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
TOKEN = "test-token-0123456789-abcdef"
READY = "Noticeboard is ready: "
NOTICES = "/api/plugins/notices"


@pytest.fixture(scope="session")
def program():
    """The program `noticeboard`: in NOTICEBOARD_BIN_DIR as it is, else the workspace's own, built now."""
    if folder := os.environ.get("NOTICEBOARD_BIN_DIR"):
        return Path(folder).resolve() / "noticeboard"
    subprocess.run(["cargo", "build", "--quiet", "--package", "noticeboard"], cwd=ROOT, check=True)
    return ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "debug" / "noticeboard"


@pytest.fixture(scope="module")
def url(program):
    """The address of an empty server on a free port, in memory."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [program, "serve", "--memory", "--listen", "127.0.0.1:0"],
            env=os.environ | {"NOTICEBOARD_TOKEN": TOKEN},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            ready = next((line for line in process.stdout if line.startswith(READY)), None)
            if ready is None:
                log.seek(0)
                pytest.fail(f"the program ended before it was ready:\n{log.read()}")
            yield ready.removeprefix(READY).strip().rstrip("/")
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()


class Api:
    """The API by plain requests, for what a test needs around its client."""

    def __init__(self, url, token=TOKEN):
        self.url = url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Token {token}"

    def send(self, method, path, status, **arguments):
        """The body of an answer that must have this status."""
        answer = self.session.request(method, self.url + path, timeout=60, allow_redirects=False, **arguments)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def get(self, path, **parameters):
        return self.send("GET", path, 200, params=parameters)

    def post(self, path, body):
        return self.send("POST", path, 201, json=body)

    def results(self, path, **parameters):
        return self.get(path, limit=0, **parameters)["results"]


@pytest.fixture(scope="module")
def api(url):
    with (api := Api(url)).session:
        yield api


def eventually(check):
    """What `check` gives, as soon as it gives something: changes are on record a moment later."""
    end = time.monotonic() + 20
    while not (found := check()):
        assert time.monotonic() < end, "it did not happen within 20 s"
        time.sleep(0.02)
    return found
