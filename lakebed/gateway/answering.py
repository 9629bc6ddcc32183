"""What every exchange does at its end: write the answer or the error, once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from lakebed.core.errors import AwsError
from lakebed.core.principal import Origin
from lakebed.core.visits import Visit
from lakebed.dispatch.calls import Call
from lakebed.gateway.noting import Noted, access_of
from lakebed.gateway.routing import Route, family_of, is_form
from lakebed.gateway.server import Connection, Slot
from lakebed.gateway.signature.authenticate import Identity
from lakebed.gateway.wire.headers import decode_percent, one_line
from lakebed.gateway.wire.http import HttpRequest, HttpResponse
from lakebed.gateway.wire.models import load
from lakebed.gateway.wire.protocols import FORM, WireProtocol, protocol_for

if TYPE_CHECKING:
    from lakebed.gateway.exchange import Gateway

log = logging.getLogger("lakebed.gateway")


class Answering:
    """What all exchanges do at their end."""

    def __init__(
        self, gateway: Gateway, connection: Connection, slot: Slot, head: HttpRequest
    ) -> None:
        self._gateway = gateway
        self._connection = connection
        self._slot = slot
        self._head = head
        self._request_id = gateway.ids.request_id()
        self._identity: Identity | None = None
        self._error_code = ""
        self._began = gateway.clock.now() if gateway.accesses.buckets else 0.0

    def _call(self, found: Route, identity: Identity | None, request: Any) -> Call:
        """Return the call of a parsed and authenticated request."""
        gateway, connection, headers = self._gateway, self._connection, self._head.headers
        agent, referer = headers.get("user-agent", ""), headers.get("referer", "")
        tls = connection.tls_version
        through = self._head.access_point
        origin = Origin(connection.address, bool(tls), agent, referer, tls, identity, through)
        principal, region = None, gateway.region
        self._identity = identity
        if identity is not None:
            principal, region = identity.principal, identity.region
        if principal is None:
            principal = gateway.credentials.anonymous()
        operation = found.operation.function
        return Call(principal, region, found.service, operation, request, self._request_id, origin)

    def _send(self, found: Route | None, answer: HttpResponse, *, keep_alive: bool = True) -> None:
        """Send an answer; to a page of another host with what lets it be read there."""
        if self._began:
            self._note(found, answer)
        if "origin" in self._head.headers:
            service = found.service if found is not None else family_of(self._head)
            call = self._visit_call(service, "cross_origin", self._visit())
            self._gateway.dispatcher.visit(call, lambda more, _: answer.headers.extend(_safe(more)))
        self._slot.answer(answer, keep_alive=keep_alive)

    def _note(self, found: Route | None, answer: HttpResponse) -> None:
        """Keep what an access log says of the request, if its bucket has one."""
        gateway = self._gateway
        if decode_percent(self._head.path[1:].partition("/")[0]) not in gateway.accesses.buckets:
            return
        noted = Noted(self._head, found, self._identity, answer, self._error_code)
        times = self._began, gateway.clock.now()
        gateway.accesses.add(access_of(noted, self._request_id, self._connection, times))

    def _visit_call(self, service: str, function: str, visit: Visit) -> Call:
        """Return the call of what is no operation, in the name of nobody."""
        gateway, connection, headers = self._gateway, self._connection, visit.headers
        agent, referer = headers.get("user-agent", ""), headers.get("referer", "")
        tls = connection.tls_version
        origin = Origin(connection.address, bool(tls), agent, referer, tls)
        who = gateway.credentials.anonymous()
        return Call(who, gateway.region, service, function, visit, self._request_id, origin)

    def _visit(self) -> Visit:
        head = self._head
        return Visit(head.method, head.path, head.query, head.headers)

    def _protocol(self, found: Route | None) -> WireProtocol:
        service = found.service if found is not None else family_of(self._head)
        kind = FORM if is_form(self._head) else self._head.headers.get("content-type", "")
        return protocol_for(load(service), kind)

    def _answer(self, found: Route, response: Any, error: BaseException | None) -> None:
        if error is not None:
            self._fail(found, error)
            return
        try:
            answer = self._protocol(found).serialise(found.operation, response, self._request_id)
        except Exception as bug:  # noqa: BLE001 (the gateway's edge: a bug is a 500 and a log line)
            self._fail(found, bug)
            return
        self._send(found, answer)

    def _fail(self, found: Route | None, error: BaseException, *, keep_alive: bool = True) -> None:
        failure = as_aws_error(error, found.service if found else "s3", self._request_id)
        self._error_code = failure.code
        operation = found.operation if found else None
        answer = self._protocol(found).serialise_error(operation, failure, self._request_id)
        if self._slot.is_head and not isinstance(answer.body, bytes):
            answer = replace(answer, body=b"")
        self._send(found, answer, keep_alive=keep_alive)

    def _expects_continue(self) -> bool:
        return self._head.headers.get("expect", "").lower() == "100-continue"


def _safe(headers: list[tuple[str, str]] | None) -> list[tuple[str, str]]:
    """Return headers that a bucket's owner wrote, each as one line."""
    return [(name, one_line(text)) for name, text in headers or ()]


def as_aws_error(error: BaseException, service: str, request_id: str) -> AwsError:
    """Return what a client is told: AWS's error as it is, a bug or a full disk as a 500."""
    if isinstance(error, AwsError):
        return error
    log.error("%s failed", request_id, exc_info=error)
    code = "InternalError" if service in ("s3", "sts", "iam") else "InternalServiceException"
    sentence = "We encountered an internal error. Please try again."
    if isinstance(error, OSError) and error.strerror:
        sentence = f"The lake's disk could not take the data: {error.strerror}."
    return AwsError(code, sentence, 500)
