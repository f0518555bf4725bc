"""How large each function is that `sam build` made, and how long it takes from its start until it asks for work.

The Runtime API and DynamoDB are stubs in this process, without TLS: what is measured is the program. The first request
for an invocation comes after the connection to DynamoDB is open, because that belongs to the initialisation.
"""

import http.server
import io
import json
import statistics
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNS = 20
MAX_ZIP_MB = 6
MAX_INIT_MS = 40
SECONDS = 10
# What this one sends is in its queues.
NO_TABLE = "DeliveryFunction"

BROKERS = {"log": {"type": "log"}, "sns": {"type": "sns", "topic": "arn:aws:sns:us-east-1:000000000000:changes"}}


class Stub:
    """Answers DynamoDB's calls with nothing found, and notes when each program asks for work."""

    def __init__(self):
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                stub.calls += 1
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def do_GET(self):
                stub.asked_at = time.monotonic()
                stub.asked.set()
                # The program is ended while it waits.
                stub.ended.wait(SECONDS)
                self.close_connection = True

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def init(self, program):
        """Seconds from the start of a program to its first request for an invocation."""
        self.asked, self.ended, self.calls = threading.Event(), threading.Event(), 0
        address = f"127.0.0.1:{self.server.server_port}"
        environment = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_ENDPOINT_URL": f"http://{address}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_FUNCTION_NAME": "cold",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_GROUP_NAME": "cold",
            "AWS_LAMBDA_LOG_STREAM_NAME": "cold",
            "AWS_LAMBDA_RUNTIME_API": address,
            "AWS_REGION": "us-east-1",
            "AWS_SECRET_ACCESS_KEY": "test",
            "NOTICEBOARD_BROKERS": json.dumps(BROKERS),
            "NOTICEBOARD_BUCKET": "mail",
            "NOTICEBOARD_QUEUE_LOG": "http://127.0.0.1/000000000000/log.fifo",
            "NOTICEBOARD_QUEUE_SNS": "http://127.0.0.1/000000000000/sns.fifo",
            "NOTICEBOARD_TABLE": "cold",
            "RUST_LOG": "info",
        }
        begun = time.monotonic()
        process = subprocess.Popen([program], env=environment, stderr=subprocess.PIPE)
        try:
            if not self.asked.wait(SECONDS):
                process.kill()
                sys.exit(f"{program} asked for no work in {SECONDS} seconds: {process.stderr.read().decode()}")
            return self.asked_at - begun
        finally:
            process.kill()
            process.communicate()
            self.ended.set()


def zipped(program):
    """The size of the package that `sam deploy` uploads."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(program, "bootstrap")
    return package.tell()


def main():
    stub, failed = Stub(), []
    print(f"| function | zip, MB | init of {RUNS}, median, ms | worst, ms | calls of DynamoDB in it |\n|---|---|---|---|---|")
    for program in sorted((ROOT / ".aws-sam" / "build").glob("*/bootstrap")):
        name, size = program.parent.name, zipped(program) / 1e6
        times = sorted(stub.init(program) * 1000 for _ in range(RUNS))
        median = statistics.median(times)
        print(f"| `{name}` | {size:.2f} | {median:.1f} | {times[-1]:.1f} | {stub.calls} |", flush=True)
        # One run can be held up by anything on the machine: the median is what the program takes.
        if size >= MAX_ZIP_MB or median >= MAX_INIT_MS or not (stub.calls or name == NO_TABLE):
            failed.append(name)
    if failed:
        sys.exit(f"{MAX_ZIP_MB} MB or {MAX_INIT_MS} ms or more, or not connected to DynamoDB: {', '.join(failed)}")


if __name__ == "__main__":
    main()
