"""Heads: what is wrong with a request's, how an answer's is written."""

from __future__ import annotations

import time
from email.utils import formatdate
from http import HTTPStatus

from lakebed.gateway.wire.http import HttpResponse


def problem_of(headers: dict[str, str], version: str) -> str:
    """Return what forbids to take a request that the parser lets through; RFC 9112 in each case."""
    if version not in ("1.1", "1.0"):
        return f"HTTP/{version} is not spoken here"
    host = headers.get("host")
    if "," in (host or "") or (host is None and version == "1.1"):
        return "a request has one Host header"
    # Anything before `chunked` is a coding that proxies and servers read differently.
    if headers.get("transfer-encoding", "chunked").strip().lower() != "chunked":
        return "the only transfer encoding spoken here is chunked"
    return ""


_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}
_date: tuple[int, bytes] = (0, b"")


def _date_line() -> bytes:
    global _date
    now = int(time.time())
    if _date[0] != now:
        _date = (now, f"Date: {formatdate(now, usegmt=True)}\r\nServer: lakebed\r\n".encode())
    return _date[1]


def head_of(response: HttpResponse, length: int | None, *, keep_alive: bool) -> bytes:
    """Return the head of an answer; in chunks, if its length is not known."""
    status = response.status
    lines = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status, _date_line()]
    has_length = False
    for name, value in response.headers:
        has_length = has_length or name.lower() == "content-length"
        lines.append(f"{name}: {value}\r\n".encode("utf-8", "surrogateescape"))
    if length is None:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    elif not has_length and status != 204 and status != 304:
        lines.append(b"Content-Length: %d\r\n" % length)
    if not keep_alive:
        lines.append(b"Connection: close\r\n")
    lines.append(b"\r\n")
    return b"".join(lines)


known_names: dict[bytes, str] = {}
_NAMES_MAX = 512


def header_name(name: bytes) -> str:
    """Return a header's name in lower case; the usual ones are looked up from then on."""
    key = name.decode("latin-1").lower()
    if len(known_names) < _NAMES_MAX and len(name) < 64:
        known_names[name] = key
    return key
