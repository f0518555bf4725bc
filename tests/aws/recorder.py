"""Stands between a function and AWS's counterpart, and puts down which actions it asks for, as policies name them."""

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

WRITES = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


class Recorder:
    """One listener for one function. `calls` has pairs of an action and a resource, as rights.py writes them."""

    def __init__(self, endpoint):
        self.target = urlsplit(endpoint)
        self.calls = set()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def handler(recorder):
        class Forward(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                recorder.calls |= set(asked(self.command, self.path, self.headers, body))
                onward = http.client.HTTPConnection(recorder.target.hostname, recorder.target.port, timeout=60)
                # Host stays as it was signed.
                onward.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    onward.putheader(name, value)
                onward.endheaders(body)
                answer = onward.getresponse()
                content = answer.read()
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                onward.close()

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = forward

            def log_message(self, *_):
                pass

        return Forward

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def asked(method, path, headers, body):
    """The actions that one request needs."""
    target = headers.get("X-Amz-Target", "")
    service, _, operation = target.rpartition(".")
    if service.startswith("DynamoDB_"):
        content = json.loads(body)
        if operation == "TransactWriteItems":
            return [(f"dynamodb:{WRITES[kind]}", "Table") for item in content["TransactItems"] for kind in item]
        return [(f"dynamodb:{operation}", "Table/index/*" if "IndexName" in content else "Table")]
    if service == "AmazonSQS":
        return [(f"sqs:{operation}", "a queue")]
    if headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        return [(f"sns:{parse_qs(body.decode())['Action'][0]}", "a topic")]
    # S3: /bucket or /bucket/prefix/key.
    url = urlsplit(path)
    parts = unquote(url.path).strip("/").split("/")
    if len(parts) == 1:
        return [("s3:ListBucket", "Bucket")] if "list-type" in url.query else [(f"s3:{method}", "Bucket")]
    return [(f"s3:{method.capitalize()}Object", f"Bucket/{parts[1]}/*")]
