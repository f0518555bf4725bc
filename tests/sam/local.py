"""`sam build` and `sam local` on AWS's counterpart: the functions as deployed, each in a container."""

import contextlib
import ipaddress
import json
import os
import platform
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = ROOT / ".aws-sam" / "build"
SAM = ROOT / ".sam" / "bin" / "sam"
TOKEN = "example-token-for-local-use"
# Starting the emulated API, and one call with the start of its container.
SECONDS = 120


def no_engine():
    """Why there is no container engine to use; nothing where there is one."""
    try:
        asked = subprocess.run(["docker", "version"], capture_output=True, text=True, timeout=SECONDS)
    except FileNotFoundError:
        return "there is no program `docker`"
    return asked.stderr.strip() if asked.returncode else ""


def host_address():
    """Where a container finds this machine: the first address of the network that containers are in."""
    form = "{{range .IPAM.Config}}{{.Subnet}}{{end}}"
    command = ["docker", "network", "inspect", "bridge", "--format", form]
    subnet = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    return str(next(ipaddress.ip_network(subnet).hosts()))


class Local:
    """`sam local`, with the settings that template.yaml cannot know here."""

    def __init__(self, folder, environment, settings):
        self.folder = folder
        self.environment = os.environ | environment | {"SAM_CLI_TELEMETRY": "0"}
        self.variables = folder / "variables.json"
        endpoint = environment["AWS_ENDPOINT_URL"]
        settings |= {"AWS_ENDPOINT_URL": endpoint, "AWS_ENDPOINT_URL_DYNAMODB": endpoint, "NOTICEBOARD_TOKEN": TOKEN}
        self.variables.write_text(json.dumps({"Parameters": settings}))

    def command(self, *arguments):
        architecture = platform.machine().replace("aarch64", "arm64")
        options = ["--template", BUILD / "template.yaml", "--env-vars", self.variables]
        options += ["--parameter-overrides", f"Architecture={architecture}"]
        # Where the engine has the base image, it need not be asked for again: CI cannot.
        return [SAM, "local", *arguments, *options, "--skip-pull-image"]

    def invoke(self, function, event):
        """What a function answers to an event of events/."""
        command = self.command("invoke", function, "--event", ROOT / "events" / f"{event}.json")
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr
        # What the function logs is in its standard error, and so in that of SAM.
        answer = json.loads(done.stdout.strip().splitlines()[-1])
        assert not (isinstance(answer, dict) and "errorMessage" in answer), done.stdout + done.stderr
        return answer

    @contextlib.contextmanager
    def api(self, port):
        """The HTTP API, as API Gateway routes it."""
        log = self.folder / "start-api.log"
        # A container is kept for the next request to its function.
        command = self.command("start-api", "--port", str(port), "--warm-containers", "LAZY")
        with log.open("w") as output:
            process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=output, stderr=output)
        api = Api(f"http://127.0.0.1:{port}", log)
        try:
            deadline = time.monotonic() + SECONDS
            while "Running on" not in log.read_text():
                assert process.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.2)
            yield api
        finally:
            # It removes its containers.
            process.terminate()
            process.wait()


class Api:
    """A client of the API."""

    def __init__(self, url, log):
        self.url = url
        self.log = log

    def request(self, method, path, body=None, status=200):
        """The body of an answer that must have this status."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Token {TOKEN}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                found, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            found, text = error.code, error.read().decode()
        assert found == status, f"{method} {path}: {found} {text}\n{self.log.read_text()}"
        return text

    def get(self, path, status=200):
        return json.loads(self.request("GET", path, status=status))

    def post(self, path, body):
        return json.loads(self.request("POST", path, body, 201))
