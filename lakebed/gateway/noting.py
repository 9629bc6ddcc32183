"""What an access log says of a request, read off its head and its answer."""

from __future__ import annotations

from typing import NamedTuple

from lakebed.core.accesses import Access
from lakebed.core.bodies import FileSlice
from lakebed.core.principal import Principal
from lakebed.gateway.hosts import WEBSITE
from lakebed.gateway.routing import Route
from lakebed.gateway.server import Connection
from lakebed.gateway.signature.authenticate import Identity
from lakebed.gateway.wire.headers import decode_percent, parse_query
from lakebed.gateway.wire.http import HttpRequest, HttpResponse

_UNKNOWN = -1


class Noted(NamedTuple):
    """A request that was answered."""

    head: HttpRequest
    found: Route | None
    identity: Identity | None
    answer: HttpResponse
    error: str


def access_of(
    noted: Noted, request_id: str, connection: Connection, times: tuple[float, float]
) -> Access:
    """Return the record of a request; `times` is when it came and when it was answered."""
    head, headers = noted.head, noted.head.headers
    bucket, _, key = head.path[1:].partition("/")
    host = headers.get("host", "")
    signature, auth = _signed(noted.identity)
    return Access(
        bucket=decode_percent(bucket),
        key=key,
        time=times[0],
        address=connection.address,
        requester=_requester(None if noted.identity is None else noted.identity.principal),
        request_id=request_id,
        operation="" if noted.found is None else noted.found.operation.name,
        method=head.method,
        path=head.signed_path or head.path,
        query=head.query,
        status=noted.answer.status,
        error=noted.error,
        sent_bytes=0 if head.method == "HEAD" else _length(noted.answer),
        object_bytes=_object_bytes(noted),
        milliseconds=max(round((times[1] - times[0]) * 1000), 1),
        referer=headers.get("referer", ""),
        user_agent=headers.get("user-agent", ""),
        host=host,
        signature=signature,
        auth=auth,
        tls_version=connection.tls_version,
        is_website=WEBSITE in host,
        access_point=head.access_point,
        version_id=parse_query(head.query).get("versionId", "") if head.query else "",
    )


def _requester(who: Principal | None) -> str:
    if who is None or who.is_anonymous:
        return ""
    return who.account if who.is_root else who.arn


_WORDS = {"REST-HEADER": "AuthHeader", "REST-QUERY-STRING": "QueryString"}


def _signed(identity: Identity | None) -> tuple[str, str]:
    """Return the signature's version and where it was, in the log's words."""
    if identity is None:
        return "", ""
    version = "SigV4" if identity.signing_key else "SigV2"
    return version, _WORDS.get(identity.auth_type, "")


def _length(answer: HttpResponse) -> int:
    body = answer.body
    if isinstance(body, bytes):
        return len(body)
    if isinstance(body, FileSlice):
        return body.length
    return _number(dict(answer.headers).get("Content-Length"))


def _object_bytes(noted: Noted) -> int:
    """Return the size of the object that was read or written, if one was."""
    found, answer = noted.found, noted.answer
    if found is None or answer.status >= 400:
        return _UNKNOWN
    headers = noted.head.headers
    if found.operation.streaming_input is not None:
        return _number(headers.get("x-amz-decoded-content-length", headers.get("content-length")))
    if found.operation.streaming_output is not None or found.operation.method == "HEAD":
        given = dict(answer.headers)
        whole = given.get("Content-Range", "").rpartition("/")[2]
        return _number(whole or given.get("Content-Length"))
    return _UNKNOWN


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() else _UNKNOWN
