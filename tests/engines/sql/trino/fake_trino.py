"""A server that speaks Trino's statement protocol, by a script of pages."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FakeTrino:
    """`answers` maps the start of a statement to its pages; `asked` is what came."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: dict[str, list[dict[str, Any]]] = {}
        self.busy = 0
        self.cancelled = threading.Event()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                fake.asked.append(("POST", self.path, text))
                fake.headers.append(dict(self.headers))
                found = [key for key in fake.answers if text.startswith(key)]
                self.page(found[0], 0)

            def do_GET(self) -> None:
                key, at = self.path.removeprefix("/page/").rsplit("/", 1)
                self.page(bytes.fromhex(key).decode(), int(at))

            def do_DELETE(self) -> None:
                fake.asked.append(("DELETE", self.path, ""))
                fake.cancelled.set()
                self.send(204, b"")

            def page(self, key: str, at: int) -> None:
                if fake.busy:
                    fake.busy -= 1
                    self.send(503, b"busy")
                    return
                pages = fake.answers[key]
                page = {"id": "20260101_q1", **pages[min(at, len(pages) - 1)]}
                if at + 1 < len(pages) or page.pop("endless", False):
                    page["nextUri"] = f"{fake.url}/page/{key.encode().hex()}/{at + 1}"
                self.send(200, json.dumps(page).encode())

            def send(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def texts(self) -> list[str]:
        return [text for method, _, text in self.asked if method == "POST"]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
