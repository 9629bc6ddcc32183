"""Requests that no client would send: `python -m tests.security.fuzz --seconds 3600 --seed 7`.

A server is asked, by signed requests of every operation whose values are odd and by bytes that were
tampered with, for as long as is said. It may refuse whatever it likes: with a well-formed answer
below 500 (or 501, what is not built), staying alive, with no traceback in its log, its memory
bounded. What broke that is printed, as Python can send it again.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lakebed.testing import LakebedServer, server
from tests.conformance import selects
from tests.gateway.wire.botocore_oracle import operations, service_model
from tests.security.test_no_operation_is_open import request_of

MEMORY_BYTES_MAX = 1_000_000_000
ANSWER_SECONDS_MAX = 20.0
_PATIENCE_SECONDS = 0.5
_STATEMENTS = 300
_SEEN_AT_ONCE = 200
"""Requests between two looks at the process and its log."""
ODD: tuple[Any, ...] = (
    None, "", " ", "a" * 300, "a" * 70_000, "\u0000", "ünï\U0001f30a", "\ud800", "../../etc/passwd",
    "%00", "${jndi:x}", "'; DROP TABLE a; --", "*", "a*b?", "arn:aws:s3:::", "arn:::::", "s3://",
    "-1", "1e999", "9" * 400, 0, -1, 1, 2**31, 2**63, -(2**63), 2**70, 1.5,
    float("nan"), float("inf"), True, False, [], {}, [[]], [None], {"": ""},
    {"a": {"a": {"a": {}}}}, ["a"] * 2000,
)  # fmt: skip
_S3_QUERIES = """
    acl cors delete policy tagging versioning versions lifecycle uploads website logging
    object-lock retention legal-hold encryption publicAccessBlock ownershipControls restore
    attributes select&select-type=2 uploadId=u partNumber=0 partNumber=1&uploadId=u list-type=2
    max-keys=-1 versionId=x location notification list-type=2&start-after=%FF
    prefix=%00&delimiter= encoding-type=url policyStatus response-content-type=a%0d%0ab
    inventory&id=a analytics&id= accelerate replication
"""
_S3_BODIES = (
    b"", b"<", b"<a/>", b"<Delete><Object><Key>k</Key></Object></Delete>", b"\xff\xfe<\x00a\x00",
    b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
    b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part>"
    b"</CompleteMultipartUpload>",
    b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
    b"<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*"
    b"</AllowedOrigin></CORSRule></CORSConfiguration>",
    b'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*"}]}',
    b"<LifecycleConfiguration><Rule><ID>a</ID><Filter/><Status>Enabled</Status><Expiration>"
    b"<Days>1</Days></Expiration></Rule></LifecycleConfiguration>",
    b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]>'
    b"<Delete><Object><Key>&c;</Key></Object></Delete>",
    b"<AccessControlPolicy><Owner><ID>a</ID></Owner></AccessControlPolicy>", b"[" * 5000,
    b"<a>" * 5000,
)  # fmt: skip
_S3_HEADERS = (
    ("Range", "bytes=-0"), ("Range", "bytes=5-1"), ("If-Match", "*"), ("If-None-Match", "*, a"),
    ("x-amz-copy-source", "/lake/%FF"), ("x-amz-copy-source", "lake/k?versionId="),
    ("x-amz-copy-source-range", "bytes=0-"), ("x-amz-acl", "public"), ("x-amz-grant-read", 'id="'),
    ("x-amz-tagging", "a=b&a=c&=%zz"), ("Content-MD5", "x"), ("x-amz-checksum-crc32", "é"),
    ("x-amz-server-side-encryption", "aws:kms"), ("Origin", "null"), ("Expect", "200-ok"),
    ("x-amz-server-side-encryption-customer-algorithm", "AES256"),
    ("x-amz-meta-a", "=?UTF-8?B?!?="),
    ("x-amz-object-lock-mode", "COMPLIANCE"), ("x-amz-decoded-content-length", "-5"),
    ("Content-Encoding", "aws-chunked"), ("Transfer-Encoding", "chunked"), ("Date", "yesterday"),
    ("If-Modified-Since", "Sun, 99 Nov 2026 00:00:00 GMT"), ("x-amz-mfa", "a b"),
    ("x-amz-expected-bucket-owner", "1"), ("Accept-Encoding", "gzip" * 500), ("x-amz-trailer", "a"),
)  # fmt: skip


@dataclass
class Finding:
    """What a server must not do, and the bytes that made it."""

    what: str
    data: bytes


@dataclass
class Report:
    """What was sent, how it was answered, what must not be."""

    sent: int = 0
    answers: Counter[str] = field(default_factory=Counter[str])
    findings: list[Finding] = field(default_factory=list[Finding])
    memory_bytes: int = 0


class Fuzzer:
    """Makes odd requests from a seed."""

    def __init__(self, url: str, seed: int) -> None:
        self._url = url
        self._random = random.Random(seed)
        self._operations = [one for one in operations() if _protocol(one[0]) in ("json", "query")]
        self._statements = list(selects.statements(seed, _STATEMENTS))
        self._signer = Credentials("test", "test")

    def request(self) -> bytes:
        """Return one request; every fourth is tampered with once it is signed."""
        chance = self._random
        make = chance.choices((self._s3, self._api, self._sql), (8, 11, 1))[0]
        made = make()
        return self._tampered(made) if chance.random() < 0.25 else made

    def _api(self) -> bytes:
        service, name = self._random.choice(self._operations)
        model = service_model(service)
        asked = self._odd(request_of(service, name), 0)
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        if _protocol(service) == "query":
            form = {"Action": name, "Version": model.api_version, **_flat(asked)}
            body = urlencode(form, errors="replace").encode()
        else:
            kind = model.metadata.get("jsonVersion", "1.1")
            headers = {"Content-Type": f"application/x-amz-json-{kind}"}
            headers["X-Amz-Target"] = f"{model.metadata['targetPrefix']}.{name}"
            body = json.dumps(asked).encode()
        return self._signed("POST", "/", body, headers, model.signing_name)

    def _sql(self) -> bytes:
        text = self._random.choice(self._statements)
        if self._random.random() < 0.7:
            text = self._tampered(text.encode()).decode("utf-8", "replace")
        asked = {
            "QueryString": text,
            "ResultConfiguration": {"OutputLocation": "s3://lake/results/"},
        }
        headers = {"Content-Type": "application/x-amz-json-1.1"}
        headers["X-Amz-Target"] = "AmazonAthena.StartQueryExecution"
        return self._signed("POST", "/", json.dumps(asked).encode(), headers, "athena")

    def _s3(self) -> bytes:
        chance = self._random
        bucket = chance.choice(["lake", "lake", "lake", "nowhere", "a", "..", "%00", "L" * 70])
        key = chance.choice(
            ["", "k", "k", "a/b/", "../x", "%E9", "a" * 1100, "%2e%2e/", "?", "dir//"]
        )
        word = chance.choice([*_S3_QUERIES.split(), "", "", ""])
        path = f"/{bucket}" + (f"/{key}" if key else "") + (f"?{word}" if word else "")
        method = chance.choice(["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "PATCH"])
        headers = dict(chance.sample(_S3_HEADERS, chance.choice([0, 0, 1, 2])))
        body = chance.choice(_S3_BODIES) if method in ("PUT", "POST") else b""
        if body and chance.random() < 0.5:
            body = self._tampered(body)
        return self._signed(method, path, body, headers, "s3")

    def _signed(
        self, method: str, path: str, body: bytes, headers: dict[str, str], service: str
    ) -> bytes:
        headers = {name: quote(one, safe=" =*,/:;?!&%\"'@.()") for name, one in headers.items()}
        request = AWSRequest(method, self._url + path, headers, body)
        request.context["client_config"] = None
        signer = S3SigV4Auth if service == "s3" else SigV4Auth
        signer(self._signer, service, "us-east-1").add_auth(request)
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._url.partition('://')[2]}"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
        return "\r\n".join(lines).encode("utf-8", "replace") + body

    def _odd(self, value: Any, depth: int) -> Any:
        """Return a request with odd values in some places."""
        chance = self._random
        if depth and chance.random() < 0.25:
            return chance.choice(ODD)
        if isinstance(value, dict):
            found = {name: self._odd(one, depth + 1) for name, one in value.items()}
            if chance.random() < 0.1:
                found[chance.choice(["NextToken", "MaxResults", "Tags", "Filter", "x"])] = (
                    chance.choice(ODD)
                )
            return found
        if isinstance(value, list):
            return [self._odd(one, depth + 1) for one in value] * chance.choice([1, 1, 1, 3])
        return value.decode("latin-1") if isinstance(value, bytes) else value

    def _tampered(self, data: bytes) -> bytes:
        """Change a few bytes: flipped, cut, doubled, put in."""
        chance = self._random
        for _ in range(chance.choice([1, 1, 2, 5])):
            at = chance.randrange(len(data) + 1)
            to = min(len(data), at + chance.choice([1, 1, 4, 50]))
            put = chance.choice(
                [b"", bytes([chance.randrange(256)]), b"\r\n", b"\0", data[at:to] * 2]
            )
            data = data[:at] + put + data[to:]
        return data


def _protocol(service: str) -> str:
    return service_model(service).metadata["protocol"]


def _flat(value: Any, name: str = "") -> dict[str, str]:
    """Write values as a form of AWS's query protocol does."""
    if isinstance(value, dict):
        rows = [_flat(one, f"{name}.{key}" if name else str(key)) for key, one in value.items()]
        return {key: one for row in rows for key, one in row.items()}
    if isinstance(value, list):
        rows = [_flat(one, f"{name}.member.{at + 1}") for at, one in enumerate(value[:50])]
        return {key: one for row in rows for key, one in row.items()}
    return {name: "" if value is None else str(value)}


def answered(url: str, data: bytes) -> bytes:
    """Send bytes and return what came back until the connection was closed or fell silent.

    A server that waits for more, since what was tampered with says that there is, is told soon that
    nothing comes.
    """
    host, port = url.partition("://")[2].split(":")
    found = b""
    with socket.create_connection((host, int(port)), timeout=_PATIENCE_SECONDS) as one:
        try:
            one.sendall(data)
            try:
                found = one.recv(65536)
            except TimeoutError:
                one.shutdown(socket.SHUT_WR)
                one.settimeout(ANSWER_SECONDS_MAX)
                found = one.recv(65536)
            one.settimeout(_PATIENCE_SECONDS)
            while piece := one.recv(65536):
                found += piece
        except (ConnectionResetError, BrokenPipeError):
            return found
        except TimeoutError:
            if not found:
                raise
    return found


def wrong_with(answer: bytes) -> str:
    """Say what is wrong with an answer; a connection that was closed without one is none."""
    if not answer:
        return ""
    head = answer.partition(b"\r\n")[0].split()
    if len(head) < 2 or head[0] != b"HTTP/1.1" or not head[1].isdigit():
        return "no HTTP"
    status = int(head[1])
    return f"status {status}" if status >= 500 and status != 501 else ""


def fuzz(
    running: LakebedServer,
    seconds: float,
    seed: int,
    said: Callable[[str], None] = print,
    sent_min: int = 0,
) -> Report:
    """Ask a server odd things for so long, and until so many were sent."""
    fuzzer, report = Fuzzer(running.url, seed), Report()
    log = running.data_dir.parent / "server.log"
    end, shown = time.monotonic() + seconds, time.monotonic()
    while running.process.poll() is None and (time.monotonic() < end or report.sent < sent_min):
        data = fuzzer.request()
        try:
            answer = answered(running.url, data)
            what = wrong_with(answer)
            report.answers[_kind_of(answer)] += 1
        except (TimeoutError, ValueError) as error:
            what = f"no answer: {error!r}"
        report.sent += 1
        if what:
            report.findings.append(Finding(what, data))
        if report.sent % _SEEN_AT_ONCE == 0:
            report.memory_bytes = max(report.memory_bytes, memory_of(running.process.pid))
            if time.monotonic() - shown > 30:
                shown = time.monotonic()
                said(f"{report.sent} requests, {len(report.findings)} findings")
    if running.process.poll() is not None:
        report.findings.append(Finding("the server ended", b""))
    if "Traceback" in log.read_text("utf-8", "replace"):
        report.findings.append(Finding("a traceback in the log", b""))
    if report.memory_bytes > MEMORY_BYTES_MAX:
        report.findings.append(Finding(f"{report.memory_bytes} bytes of memory", b""))
    return report


_CODE = re.compile(rb'<Code>(\w+)|"__type": ?"(?:[^"]*#)?(\w+)')


def _kind_of(answer: bytes) -> str:
    code = _CODE.search(answer)
    return f"{answer[9:12].decode('latin-1')} {(code[1] or code[2]).decode() if code else ''}"


def memory_of(process: int) -> int:
    """Return the resident bytes of a process."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * 4096


def main() -> int:
    """Fuzz, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.security.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long (default: 60)")
    parser.add_argument("--seed", type=int, default=0, help="which requests (default: 0)")
    parser.add_argument("--mode", default="open", help="the server's mode (default: open)")
    options = parser.parse_args()
    with server("--mode", options.mode) as running:
        running.client("s3").create_bucket(Bucket="lake")
        report = fuzz(running, options.seconds, options.seed)
        log = (running.data_dir.parent / "server.log").read_text("utf-8", "replace")
    print(f"{report.sent} requests; memory at most {report.memory_bytes / 1e6:.0f} MB")
    print("; ".join(f"{kind}: {count}" for kind, count in report.answers.most_common()))
    for one in report.findings:
        print(f"{one.what}: {one.data[:3000]!r}")
    if report.findings:
        print(log[-6000:])
    return bool(report.findings)


if __name__ == "__main__":
    raise SystemExit(main())
