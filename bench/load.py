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
CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Request:
    """One request to be signed and sent."""

    service: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


def signed(url: str, request: Request, keys: Credentials = KEYS) -> bytes:
    """Return the bytes on the wire of a request signed with header SigV4."""
    aws = AWSRequest(request.method, url + request.path, dict(request.headers), request.body)
    signer = S3SigV4Auth if request.service == "s3" else SigV4Auth
    if request.service == "s3":
        aws.context["payload_signing_enabled"] = True
    signer(keys, request.service, "us-east-1").add_auth(aws)
    headers = {"Host": urlsplit(url).netloc, "Content-Length": str(len(request.body))}
    headers |= dict(aws.headers.items())
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{request.method} {request.path} HTTP/1.1\r\n{head}\r\n".encode() + request.body


class _Unsigned(S3SigV4Auth):
    def payload(self, request: AWSRequest) -> str:
        return "UNSIGNED-PAYLOAD"


def signed_head(url: str, request: Request, keys: Credentials = KEYS) -> dict[str, str]:
    """Return the headers of a request whose body is not signed."""
    aws = AWSRequest(request.method, url + request.path, dict(request.headers))
    _Unsigned(keys, request.service, "us-east-1").add_auth(aws)
    return {"Host": urlsplit(url).netloc, **dict(aws.headers.items())}


class _Connection:
    """One socket with one request outstanding; knows when its answer is whole."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.is_closing = False
        self._is_head = False
        self._head = b""
        self._left = -1
        self._tail: bytes | None = None

    def send(self, request: bytes) -> None:
        self._is_head = request.startswith(b"HEAD ")
        self._head, self._left, self._tail = b"", -1, None
        self.socket.sendall(request)

    def is_whole(self) -> bool:
        """Read what arrived; True once the answer is whole."""
        data = self.socket.recv(1 << 20)
        if not data:
            raise RuntimeError("the server closed a connection before its answer was whole")
        if self._tail is not None:
            self._tail = (self._tail + data)[-5:]
            return self._tail == b"0\r\n\r\n"
        if self._left >= 0:
            self._left -= len(data)
            return self._left <= 0
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            return False
        head, rest = self._head[:end], self._head[end + 4 :]
        if head[:7] != b"HTTP/1." or head[8:10] != b" 2":
            raise RuntimeError(f"{head[:60]!r} {rest[:300]!r}")
        lowered = head.lower()
        self.is_closing = head[7:8] == b"0" or b"\r\nconnection: close" in lowered
        if b"\r\ntransfer-encoding: chunked" in lowered and not self._is_head:
            self._tail = rest[-5:]
            return self._tail == b"0\r\n\r\n"
        position = lowered.find(b"\r\ncontent-length:")
        length = 0
        if position >= 0 and not self._is_head:
            length = int(lowered[position + 17 :].split(b"\r\n", 1)[0])
        self._left = length - len(rest)
        return self._left <= 0


def run(url: str, requests: Sequence[bytes], connections: int = CONNECTIONS) -> float:
    """Send every request once, one outstanding a connection; return wall seconds.

    Raises RuntimeError at the first answer that is no success.
    """
    place = urlsplit(url)
    host, port = place.hostname or "", place.port or 80
    selector = selectors.DefaultSelector()
    queue = iter(requests)
    left = len(requests)
    began = time.perf_counter()

    def begin() -> None:
        following = next(queue, None)
        if following is not None:
            connection = _Connection(host, port)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send(following)

    for _ in range(connections):
        begin()
    while left:
        for key, _ in selector.select():
            connection: _Connection = key.data
            if not connection.is_whole():
                continue
            left -= 1
            if connection.is_closing:
                selector.unregister(connection.socket)
                connection.socket.close()
                begin()
            elif (following := next(queue, None)) is not None:
                connection.send(following)
    seconds = time.perf_counter() - began
    for key in list(selector.get_map().values()):
        key.data.socket.close()
    return seconds


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and its children so far, living threads included."""
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
