"""S3 requests as bytes: signed by botocore, their bodies plain or `aws-chunked`, to be tampered."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lakebed.gateway.signature.canonical import sign, signing_key

EMPTY = hashlib.sha256(b"").hexdigest()
UNSIGNED = "UNSIGNED-PAYLOAD"
SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> dict[str, str]:
        """The members of S3's error, without what differs from call to call."""
        members = {one.tag: one.text or "" for one in ElementTree.fromstring(self.body)}
        return {name: members[name] for name in ("Code", "Message")}


@dataclass
class Head:
    """The head of a signed request, and what its chunks' signatures go on from."""

    text: bytes
    key: bytes
    at: str
    scope: str
    previous: str

    def next(self, kind: str, digests: str) -> str:
        text = f"{kind}\n{self.at}\n{self.scope}\n{self.previous}\n{digests}"
        self.previous = sign(self.key, text)
        return self.previous


def head(server: Any, path: str, payload: str, method: str = "PUT", **headers: str) -> Head:
    """Return the signed head of a request, its last line open for more headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = AWSRequest(method, server.url + path, {**named, "X-Amz-Content-SHA256": payload})
    request.context["client_config"] = None
    request.context["payload_signing_enabled"] = True
    signer = S3SigV4Auth(Credentials("test", "test"), "s3", "us-east-1")
    signer.payload = lambda _: payload
    signer.add_auth(request)
    host = server.url.partition("://")[2]
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    at = request.headers["X-Amz-Date"]
    scope = f"{at[:8]}/us-east-1/s3/aws4_request"
    signature = request.headers["Authorization"].rpartition("Signature=")[2]
    key = signing_key("test", at[:8], "us-east-1", "s3")
    return Head("\r\n".join(lines).encode(), key, at, scope, signature)


def chunk(made: Head, data: bytes, *, is_signed: bool) -> bytes:
    line = f"{len(data):x}"
    if is_signed:
        digests = f"{EMPTY}\n{hashlib.sha256(data).hexdigest()}"
        line += ";chunk-signature=" + made.next("AWS4-HMAC-SHA256-PAYLOAD", digests)
    return f"{line}\r\n".encode() + data + (b"\r\n" if data else b"")


def chunked(made: Head, kind: str, chunks: list[bytes], **trailers: str) -> bytes:
    """Return an `aws-chunked` body, its trailers named with underlines."""
    is_signed = kind != UNSIGNED_TRAILER
    body = b"".join(chunk(made, data, is_signed=is_signed) for data in [*chunks, b""])
    rows = {name.replace("_", "-").lower(): value for name, value in trailers.items()}
    body += "".join(f"{name}:{value}\r\n" for name, value in rows.items()).encode()
    if kind == SIGNED_TRAILER:
        signed = "".join(f"{name}:{value}\n" for name, value in rows.items())
        digest = hashlib.sha256(signed.encode()).hexdigest()
        body += b"x-amz-trailer-signature:"
        body += made.next("AWS4-HMAC-SHA256-TRAILER", digest).encode() + b"\r\n"
    return body + b"\r\n"


def connect(server: Any, seconds: float = 10) -> socket.socket:
    host, port = server.url.partition("://")[2].split(":")
    return socket.create_connection((host, int(port)), timeout=seconds)


def read_answer(stream: Any) -> Answer | None:
    """Return the next answer, None if the connection is closed instead."""
    line = stream.readline()
    if not line:
        return None
    headers = {}
    while (row := stream.readline().strip()) != b"":
        name, _, value = row.partition(b":")
        headers[name.decode().lower()] = value.strip().decode()
    return Answer(int(line.split()[1]), headers, stream.read(int(headers.get("content-length", 0))))


def ask(server: Any, data: bytes) -> Answer | None:
    """Send bytes and return the answer, None for a connection that was closed without one."""
    with connect(server) as one, one.makefile("rb") as stream:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            one.sendall(data)
        try:
            return read_answer(stream)
        except ConnectionResetError:
            return None


def put(server: Any, path: str, body: bytes, payload: str = UNSIGNED, **headers: str) -> Answer:
    """PUT a plain body."""
    made = head(server, path, payload, **headers)
    answer = ask(server, made.text + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert answer is not None
    return answer


def put_chunked(
    server: Any, path: str, kind: str, chunks: list[bytes], headers: dict[str, str], **trailers: str
) -> Answer:
    """PUT a body in chunks."""
    size = str(sum(map(len, chunks)))
    made = head(server, path, kind, X_Amz_Decoded_Content_Length=size, **headers)
    body = chunked(made, kind, chunks, **trailers)
    answer = ask(server, made.text + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert answer is not None
    return answer


def leftovers(server: Any) -> list[Path]:
    """Return the files of bodies that nobody owns any more."""
    # Folders may go meanwhile, which `os.walk` does not mind.
    walk = os.walk(server.data_dir / "state" / "tmp")
    return [Path(folder, name) for folder, _, names in walk for name in names]
