"""A small HTTP load generator: exact counts, requests signed beforehand, every status read."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEYS = Credentials("test", "test")


@dataclass(frozen=True, slots=True)
class Request:
    """One request to be signed and sent."""

    service: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


def signed(url: str, request: Request) -> bytes:
    """Return the bytes on the wire of a request signed with header SigV4."""
    aws = AWSRequest(request.method, url + request.path, dict(request.headers), request.body)
    signer = S3SigV4Auth if request.service == "s3" else SigV4Auth
    if request.service == "s3":
        aws.context["payload_signing_enabled"] = True
    signer(KEYS, request.service, "us-east-1").add_auth(aws)
    headers = {"Host": urlsplit(url).netloc, "Content-Length": str(len(request.body))}
    headers |= dict(aws.headers.items())
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{request.method} {request.path} HTTP/1.1\r\n{head}\r\n".encode() + request.body


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    waiting: int = 0
    head: bytes = b""


def run(url: str, requests: Sequence[bytes], connections: int = 16) -> float:
    """Send every request once, one outstanding a connection; return wall seconds.

    Raises RuntimeError at the first answer that is no success.
    """
    place = urlsplit(url)
    selector = selectors.DefaultSelector()
    queue = iter(requests)
    left = len(requests)
    began = time.perf_counter()
    for _ in range(min(connections, len(requests))):
        one = socket.create_connection((place.hostname, place.port))
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(one, selectors.EVENT_READ, _Connection(one))
        one.sendall(next(queue))
    while left:
        for key, _ in selector.select():
            connection: _Connection = key.data
            data = connection.socket.recv(1 << 20)
            if not data:
                raise RuntimeError("the server closed a connection")
            if not _is_whole(connection, data):
                continue
            left -= 1
            following = next(queue, None)
            if following is not None:
                connection.socket.sendall(following)
    seconds = time.perf_counter() - began
    for key in list(selector.get_map().values()):
        key.data.socket.close()
    return seconds


def _is_whole(connection: _Connection, data: bytes) -> bool:
    if connection.waiting:
        connection.waiting -= len(data)
        return connection.waiting <= 0
    connection.head += data
    end = connection.head.find(b"\r\n\r\n")
    if end < 0:
        return False
    head, rest = connection.head[:end], connection.head[end + 4 :]
    connection.head = b""
    if not head.startswith(b"HTTP/1.1 2"):
        raise RuntimeError(f"{head[:60]!r} {rest[:300]!r}")
    lowered = head.lower()
    length = 0
    position = lowered.find(b"content-length:")
    if position >= 0:
        length = int(lowered[position + 15 :].split(b"\r\n", 1)[0])
    elif b"transfer-encoding: chunked" in lowered:
        return rest.endswith(b"0\r\n\r\n")
    connection.waiting = length - len(rest)
    return connection.waiting <= 0


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and its children so far, threads included."""
    total = 0.0
    for process in (pid, *_children(pid)):
        try:
            for task in Path(f"/proc/{process}/task").iterdir():
                total += int((task / "schedstat").read_text().split()[0]) / 1e9
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


def stat_seconds(pid: int) -> float:
    """Return CPU time by /proc/PID/stat: counts ended threads too, in ticks of 10 ms."""
    total = 0
    for process in (pid, *_children(pid)):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / 100


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process and its children."""
    pages = 0
    for process in (pid, *_children(pid)):
        pages += int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * 4096


def _children(pid: int) -> list[int]:
    try:
        names = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [child for name in names for child in (int(name), *_children(int(name)))]
