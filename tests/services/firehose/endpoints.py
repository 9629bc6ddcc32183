"""An endpoint over TLS that keeps what it is sent and answers what it is told."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lakebed.cli import tls
from lakebed.core.settings import Settings


class Endpoint:
    """A server on a free port; `answer` makes (status, body) of path, headers, body."""

    def __init__(self, folder):
        settings = Settings(data_dir=folder, tls="self-signed")
        settings.state_dir.mkdir(parents=True)
        self.authority = settings.state_dir / "tls" / "ca.pem"
        self.requests, self.answer = [], accepted
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = (self.path, dict(self.headers), body)
                outer.requests.append(request)
                status, said = outer.answer(*request)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = tls.server_context(settings)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def reset(self):
        self.requests, self.answer = [], accepted

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def accepted(path, headers, body):
    """Answer as AWS documents it of an endpoint that took the records."""
    said = {"requestId": headers["X-Amz-Firehose-Request-Id"], "timestamp": 1}
    return 200, json.dumps(said).encode()


def answering(status, body=b"{}"):
    return lambda path, headers, sent: (status, body)


class Splunk:
    """Answers as Splunk's event collector, which indexes at the second look."""

    def __init__(self):
        self.looks = 0

    def __call__(self, path, headers, body):
        if "/ack?" not in path:
            return 200, b'{"text":"Success","code":0,"ackId":7}'
        self.looks += 1
        return 200, json.dumps({"acks": {"7": self.looks > 1}}).encode()
