"""Who listens where a broker sends to: each hands over what came, one message after the other."""

import http.server
import json
import queue
import socketserver
import threading


class Received:
    """A server that runs for a while, its address and the messages that it got."""

    def __init__(self, server, handler):
        self.messages = queue.Queue()
        handler.messages = self.messages
        self.server = server(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def next(self):
        return self.messages.get(timeout=20)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def syslog():
    class Datagram(socketserver.BaseRequestHandler):
        def handle(self):
            text = self.request[0].decode("utf-8-sig")
            self.messages.put(json.loads(text[text.index("{"):]))

    return Received(socketserver.ThreadingUDPServer, Datagram)


def webhook():
    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.messages.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    return Received(http.server.ThreadingHTTPServer, Hook)


def redis():
    class Commands(socketserver.StreamRequestHandler):
        """As much of Redis's protocol as a publisher speaks: arrays of strings."""

        def handle(self):
            while line := self.rfile.readline():
                words = []
                for _ in range(int(line[1:])):
                    length = int(self.rfile.readline()[1:])
                    words.append(self.rfile.read(length + 2)[:-2])
                if words[0].upper() == b"PUBLISH":
                    self.messages.put(json.loads(words[2]))
                    self.wfile.write(b":1\r\n")
                else:
                    self.wfile.write(b"+OK\r\n")

    return Received(socketserver.ThreadingTCPServer, Commands)
