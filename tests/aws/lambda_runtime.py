"""A Lambda function's program, run as Lambda runs it: it asks the Runtime API for an event and posts its answer."""

import json
import queue
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

API = "/2018-06-01/runtime"
SECONDS = 30


class FunctionError(Exception):
    """The function answered with an error, or ended."""


class Function:
    """One process of one function, with a Runtime API of its own."""

    def __init__(self, binary, environment, log):
        self.log = log
        self.answers = queue.Queue()
        self.events = queue.Queue()
        self.count = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        lambda_environment = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": binary.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_GROUP_NAME": "logs",
            "AWS_LAMBDA_LOG_STREAM_NAME": binary.name,
        }
        with log.open("w") as stderr:
            self.process = subprocess.Popen([binary], env=environment | lambda_environment, stderr=stderr)

    def handler(self):
        function = self

        class RuntimeApi(BaseHTTPRequestHandler):
            def do_GET(self):
                request_id, event = function.events.get()
                if event is None:
                    return
                headers = {
                    "Lambda-Runtime-Aws-Request-Id": request_id,
                    "Lambda-Runtime-Deadline-Ms": str(int((time.time() + SECONDS) * 1000)),
                    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:test",
                }
                self.answer(200, json.dumps(event).encode(), headers)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                _, request_id, outcome = self.path.removeprefix(f"{API}/").rsplit("/", 2)
                self.answer(202, b"{}", {})
                function.answers.put((request_id, outcome, json.loads(body)))

            def answer(self, status, body, headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return RuntimeApi

    def invoke(self, event):
        """The function's answer to an event."""
        self.count += 1
        self.events.put((f"request-{self.count}", event))
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            try:
                request_id, outcome, answer = self.answers.get(timeout=0.1)
            except queue.Empty:
                if self.process.poll() is not None:
                    raise FunctionError(f"ended with {self.process.returncode}:\n{self.log.read_text()}") from None
                continue
            assert request_id == f"request-{self.count}"
            if outcome != "response":
                raise FunctionError(f"{answer}\n{self.log.read_text()}")
            return answer
        raise FunctionError(f"no answer in {SECONDS} seconds:\n{self.log.read_text()}")

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.events.put((None, None))
        self.server.shutdown()
        self.server.server_close()
