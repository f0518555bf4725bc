"""AWS's counterpart on this machine: a `ministack` of one's own, for as long as it is needed."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request

import boto3

SERVICES = "dynamodb,iam,s3,sns,sqs,sts"


def free_port(address="127.0.0.1"):
    with socket.socket() as listener:
        listener.bind((address, 0))
        return listener.getsockname()[1]


def wait_for(url, process, log):
    for _ in range(600):
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(url, timeout=5).close()
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise TimeoutError(f"{url} does not answer:\n{log.read_text()}")


@contextlib.contextmanager
def running(folder, address="127.0.0.1"):
    """Gives what a program must be told to use it and nothing else; nothing of the developer's own account is in it."""
    port = free_port(address)
    log = folder / "ministack.log"
    settings = {
        # Policies are enforced; the key "test" may do everything.
        "AUTH": "true",
        "BIND_HOST": address,
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SERVICES": SERVICES,
        "STATE_DIR": str(folder),
        "TMPDIR": str(folder),
    }
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"], env=os.environ | settings, stdout=output, stderr=output
        )
    try:
        endpoint = f"http://{address}:{port}"
        wait_for(f"{endpoint}/_ministack/health", process, log)
        yield {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
            "PATH": os.environ["PATH"],
        }
    finally:
        process.terminate()
        process.wait()


def clients(environment):
    """Makes a boto3 client of a service."""
    session = boto3.Session(
        environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], region_name=environment["AWS_REGION"]
    )
    return lambda service: session.client(service, endpoint_url=environment["AWS_ENDPOINT_URL"])
