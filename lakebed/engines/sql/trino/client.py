"""Trino's statement protocol: https://trino.io/docs/current/develop/client-protocol.html."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from lakebed.dialect.errors import TrinoError

USER = "lakebed"
REQUEST_SECONDS_MAX = 120.0
RETRIES_MAX = 20
_BUSY = (502, 503, 504)


@dataclass
class Answer:
    """A statement's answer: `columns` are names and types once known, `stats` the last seen.

    Numbers stay texts, as Trino wrote them: its spelling of doubles is Athena's.
    """

    id: str
    columns: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    stats: dict[str, Any] = field(default_factory=dict[str, Any])
    update_count: int = 0


class Client:
    """Runs statements on one cluster, over one connection."""

    def __init__(self, url: str, session: Mapping[str, str]) -> None:
        self._url = urlsplit(url)
        self._headers = {
            "X-Trino-User": USER,
            "X-Trino-Source": "lakebed",
            "X-Trino-Time-Zone": "UTC",
            "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
            **session,
        }
        self._connection = self._open()

    def _open(self) -> http.client.HTTPConnection:
        kind = (
            http.client.HTTPSConnection
            if self._url.scheme == "https"
            else http.client.HTTPConnection
        )
        return kind(self._url.netloc, timeout=REQUEST_SECONDS_MAX)

    def run(self, text: str) -> Iterator[tuple[Answer, list[list[Any]]]]:
        """Run a statement; yield its answer so far with each page of rows (or a TrinoError)."""
        page = self._request("POST", "/v1/statement", text.encode())
        answer = Answer(str(page["id"]))
        while True:
            if page.get("error"):
                error = page["error"]
                raise TrinoError(str(error["errorName"]), str(error["message"]))
            if page.get("columns") and not answer.columns:
                answer.columns = [(one["name"], one["type"]) for one in page["columns"]]
            answer.stats = page.get("stats") or answer.stats
            answer.update_count = int(page.get("updateCount") or 0)
            yield answer, page.get("data") or []
            following = page.get("nextUri")
            if following is None:
                return
            parts = urlsplit(str(following))
            page = self._request("GET", f"{parts.path}?{parts.query}".rstrip("?"), None)

    def cancel(self, query: str) -> None:
        """End a query of the cluster."""
        self._connection.request("DELETE", f"/v1/query/{query}", headers=self._headers)
        self._connection.getresponse().read()

    def _request(self, method: str, target: str, body: bytes | None) -> dict[str, Any]:
        """Ask once; again where Trino says that it is busy, or closed an idle connection."""
        for attempt in range(RETRIES_MAX):
            try:
                self._connection.request(method, target, body, self._headers)
                response = self._connection.getresponse()
                text = response.read()
            except (http.client.RemoteDisconnected, ConnectionResetError):
                self._connection = self._open()
                if method == "POST" and attempt:
                    raise
                continue
            if response.status in _BUSY:
                time.sleep(0.1)
                continue
            if response.status != 200:
                message = (
                    f"Trino answered {response.status}: {text[:300].decode('utf-8', 'replace')}"
                )
                raise TrinoError("GENERIC_INTERNAL_ERROR", message)
            found: dict[str, Any] = json.loads(text, parse_float=str, parse_int=str)
            return found
        raise TrinoError("GENERIC_INTERNAL_ERROR", f"Trino at {self._url.netloc} stays busy")
