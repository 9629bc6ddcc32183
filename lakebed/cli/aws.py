"""A small client of AWS's APIs for our own commands: signed requests over one connection.

It knows the JSON protocol and S3's plain requests, nothing else; botocore is no dependency of a
lake. What a command does through it, any other client could do.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree

from lakebed.cli.settings import Resolved
from lakebed.cli.tls import client_context, url_of
from lakebed.gateway.signature.canonical import (
    ALGORITHM,
    canonical_request,
    sign,
    signing_key,
    string_to_sign,
)
from lakebed.gateway.wire.http import HttpRequest

_TARGETS = {"athena": "AmazonAthena", "glue": "AWSGlue", "logs": "Logs_20140328"}
_S3_NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


class ApiError(Exception):
    """An operation was refused: AWS's code and sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class UnreachableError(Exception):
    """Nobody answers at the endpoint."""


class AwsClient:
    """Calls operations of a lakebed server (or of AWS, by AWS_ENDPOINT_URL and AWS's own keys)."""

    def __init__(self, resolved: Resolved, endpoint: str = "") -> None:
        settings = resolved.settings
        self.url = endpoint or _url_of(resolved)
        parts = urlsplit(self.url)
        self._host = parts.netloc
        self._region = settings.region
        self._access_key = os.environ.get("AWS_ACCESS_KEY_ID") or settings.root_access_key
        self._secret = os.environ.get("AWS_SECRET_ACCESS_KEY") or settings.root_secret_key
        if parts.scheme == "https":
            context = client_context(settings)
            self._connection = http.client.HTTPSConnection(self._host, context=context)
        else:
            self._connection = http.client.HTTPConnection(self._host)

    def call(self, service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation of the JSON protocol; ApiError as it answers."""
        headers = {
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": f"{_TARGETS[service]}.{operation}",
        }
        status, body = self._send(service, "POST", "/", json.dumps(request).encode(), headers)
        answer: dict[str, Any] = json.loads(body or b"{}")
        if status >= 300:
            code = str(answer.get("__type", status)).rsplit("#", 1)[-1]
            raise ApiError(code, str(answer.get("message") or answer.get("Message") or ""))
        return answer

    def pages(
        self, service: str, operation: str, request: Mapping[str, Any], member: str
    ) -> Iterator[dict[str, Any]]:
        """Yield the items of every page of a listing."""
        token: dict[str, Any] = {}
        while True:
            answer = self.call(service, operation, {**request, **token})
            yield from answer.get(member, [])
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}

    def query(
        self, service: str, operation: str, request: Mapping[str, str], version: str = "2010-05-08"
    ) -> ElementTree.Element:
        """Call an operation of the query protocol (IAM, STS); ApiError as it answers."""
        form = urlencode({"Action": operation, "Version": version, **request}).encode()
        headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
        status, body = self._send(service, "POST", "/", form, headers)
        answer = ElementTree.fromstring(body)
        if status >= 300:
            code = answer.findtext(".//{*}Code") or str(status)
            raise ApiError(code, answer.findtext(".//{*}Message") or "")
        return answer

    def make_bucket(self, bucket: str) -> None:
        """Create a bucket; one of ours that is there already is no error."""
        status, body = self._send("s3", "PUT", f"/{bucket}", b"", {})
        if status >= 300 and b"BucketAlreadyOwnedByYou" not in body:
            raise _s3_error(status, body)

    def put_object(self, bucket: str, key: str, body: bytes) -> None:
        """Put an object."""
        target = f"/{bucket}/{quote(key, safe='/-_.~')}"
        status, answer = self._send("s3", "PUT", target, body, {})
        if status >= 300:
            raise _s3_error(status, answer)

    def beginning(self, location: str, size_bytes: int) -> bytes:
        """Return the first bytes of the object `s3://bucket/key`."""
        bucket, _, key = location.removeprefix("s3://").partition("/")
        target = f"/{bucket}/{quote(key, safe='/-_.~')}"
        wanted = {"range": f"bytes=0-{size_bytes - 1}"}
        status, body = self._send("s3", "GET", target, b"", wanted)
        if status >= 300:
            raise _s3_error(status, body)
        return body

    def objects(self, location: str) -> list[tuple[str, int]]:
        """Return key and size of the objects under `s3://bucket/prefix`."""
        bucket, _, prefix = location.removeprefix("s3://").partition("/")
        found: list[tuple[str, int]] = []
        token = ""
        while True:
            query = f"list-type=2&prefix={quote(prefix, safe='')}"
            if token:
                query = f"continuation-token={quote(token, safe='')}&{query}"
            status, body = self._send("s3", "GET", f"/{bucket}?{query}", b"", {})
            if status >= 300:
                raise _s3_error(status, body)
            page = ElementTree.fromstring(body)
            for one in page.iter(f"{_S3_NAMESPACE}Contents"):
                key = one.findtext(f"{_S3_NAMESPACE}Key") or ""
                found.append((key, int(one.findtext(f"{_S3_NAMESPACE}Size") or 0)))
            token = page.findtext(f"{_S3_NAMESPACE}NextContinuationToken") or ""
            if not token:
                return found

    def delete_objects(self, location: str) -> None:
        """Delete every object under `s3://bucket/prefix`."""
        bucket = location.removeprefix("s3://").partition("/")[0]
        for key, _ in self.objects(location):
            self._send("s3", "DELETE", f"/{bucket}/{quote(key, safe='/-_.~')}", b"", {})

    def _send(
        self, service: str, method: str, target: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        path, _, query = target.partition("?")
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        digest = hashlib.sha256(body).hexdigest()
        sent = {
            **headers, "host": self._host, "x-amz-content-sha256": digest, "x-amz-date": moment,
        }  # fmt: skip
        names = ";".join(sorted(sent))
        scope = f"{moment[:8]}/{self._region}/{service}/aws4_request"
        canonical = canonical_request(HttpRequest(method, path, query, sent), path, query, names)
        key = signing_key(self._secret, moment[:8], self._region, service)
        signature = sign(key, string_to_sign(canonical + digest, moment, scope))
        sent["authorization"] = (
            f"{ALGORITHM} Credential={self._access_key}/{scope}, SignedHeaders={names}, "
            f"Signature={signature}"
        )
        try:
            self._connection.request(method, target, body, sent)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise UnreachableError(
                f"nobody answers at {self.url} ({error}): is `lakebed serve` running there?"
            ) from None


def _url_of(resolved: Resolved) -> str:
    """Return where `--host` and `--port` say; else AWS_ENDPOINT_URL; else where we serve."""
    settings = resolved.settings
    if "flag" in (resolved.origins["host"], resolved.origins["port"]):
        return url_of(settings, settings.port)
    if url := os.environ.get("AWS_ENDPOINT_URL"):
        return url
    try:
        text = (settings.state_dir / "server.json").read_text(encoding="ascii")
        return str(json.loads(text)["url"])
    except (OSError, ValueError, KeyError):
        return url_of(settings, settings.port)


def _s3_error(status: int, body: bytes) -> ApiError:
    try:
        page = ElementTree.fromstring(body)
        return ApiError(page.findtext("Code") or str(status), page.findtext("Message") or "")
    except ElementTree.ParseError:
        return ApiError(str(status), body[:200].decode("utf-8", "replace"))
