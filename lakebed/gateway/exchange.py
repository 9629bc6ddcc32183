"""One request on its way to one answer: route, authenticate, read the body, call, answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

import msgspec
from msgspec.structs import replace

from lakebed.core.accesses import AccessLog
from lakebed.core.clock import Clock
from lakebed.core.errors import AwsError
from lakebed.core.ids import Ids
from lakebed.core.limits import (
    LARGE_REQUEST_BYTES,
    REQUEST_BODY_BYTES_MAX,
)
from lakebed.core.visits import Visit
from lakebed.dispatch.calls import Call
from lakebed.dispatch.dispatcher import Dispatcher
from lakebed.gateway.answering import Answering
from lakebed.gateway.browsers import PageVisit, Preflight
from lakebed.gateway.claims import check_body, expanded
from lakebed.gateway.credentials import Credentials, Key
from lakebed.gateway.exchanges import Exchange
from lakebed.gateway.forms import PostForm
from lakebed.gateway.hosts import (
    WEBSITE,
    access_point_in,
    website_of,
    with_access_point,
    with_bucket,
)
from lakebed.gateway.receiving import DRAINED_BYTES_MAX, Streamed, compare_digests
from lakebed.gateway.routing import OF_ACCOUNT, Route, family_of, is_form, is_upload_form, route
from lakebed.gateway.server import Connection, Slot
from lakebed.gateway.signature.authenticate import Identity, SecretFor, authenticate
from lakebed.gateway.signature.forms import authenticate_form
from lakebed.gateway.signature.tokens import check_token
from lakebed.gateway.spool import Spools
from lakebed.gateway.wire.http import HttpRequest

ADMIN_PREFIX = "/_lakebed/"

Admin = Callable[[HttpRequest, Slot], None]


class Gateway(msgspec.Struct, frozen=True):
    """What exchanges need; made once by the server's owner. Is the `Exchanges` of its sockets."""

    dispatcher: Dispatcher
    credentials: Credentials
    spools: Spools
    clock: Clock
    ids: Ids
    region: str
    admin: Admin
    domains: tuple[str, ...] = ()
    """Domains of our own under which every bucket is a host."""
    accesses: AccessLog = msgspec.field(default_factory=AccessLog)
    """What access logs are made of."""

    def open(self, connection: Connection, slot: Slot, head: HttpRequest) -> Exchange:
        """Begin the exchange of a request whose head was read."""
        length = head.headers.get("content-length")
        if head.path.startswith(ADMIN_PREFIX):
            return _Buffered(self, connection, slot, head, None)
        site = head.headers.get("host", "")
        if WEBSITE in site and (bucket := website_of(site, self.domains)):
            return PageVisit(self, connection, slot, head, bucket)
        if is_form(head):
            return _Buffered(self, connection, slot, head, None)
        try:
            self._name_bucket(head)
            if head.method == "OPTIONS":
                return Preflight(self, connection, slot, head)
            if is_upload_form(head):
                return PostForm(self, connection, slot, head)
            found = route(head)
        except AwsError as error:
            return _Refused(self, connection, slot, head, error)
        if found.operation.streaming_input is None:
            if length is not None and int(length) > REQUEST_BODY_BYTES_MAX:
                error = _too_large(found)
                return _Refused(self, connection, slot, head, error)
            return _Buffered(self, connection, slot, head, found)
        return Streamed(self, connection, slot, head, found)

    def _name_bucket(self, head: HttpRequest) -> None:
        """Put the bucket into the path, where the host names it or an access point to it."""
        if "x-amz-target" in head.headers or OF_ACCOUNT in head.headers:
            return
        with_bucket(head, self.domains)
        named = access_point_in(head)
        if not named:
            return
        visit, who = Visit(head.method, f"/{named}"), self.credentials.anonymous()
        call = Call(who, self.region, family_of(head), "access_point", visit, "")

        def answer(place: tuple[str, str] | None, error: BaseException | None) -> None:
            # What is no access point may be the name of a bucket.
            if place is not None and error is None:
                with_access_point(head, named, *place)

        self.dispatcher.visit(call, answer)

    def authenticate(self, head: HttpRequest) -> Identity | None:
        """Return who signed the request, None for nobody; AwsError for a wrong signature."""
        now = self.clock.now()
        return self._known(head, lambda secret_of: authenticate(head, secret_of, now))

    def authenticate_form(self, head: HttpRequest, fields: Mapping[str, str]) -> Identity | None:
        """Return who signed a form, whose fields are the headers, too; None for nobody."""
        return self._known(head, lambda secret_of: authenticate_form(fields, secret_of))

    def _known(
        self, head: HttpRequest, verify: Callable[[SecretFor], Identity | None]
    ) -> Identity | None:
        """Return who signed, with the principal whose the access key is."""
        credentials, key = self.credentials, None

        def secret_of(access_key: str) -> str | None:
            nonlocal key
            key = credentials.find(access_key)
            return None if key is None else key.secret

        identity = verify(secret_of)
        held: Key | None = key
        if identity is None or held is None:
            return identity
        check_token(head, identity.access_key, held, self.clock.now())
        return replace(identity, principal=held.principal)


class _Refused(Answering):
    """A request that is answered by its head alone; its body is read over, if it is short."""

    def __init__(
        self,
        gateway: Gateway,
        connection: Connection,
        slot: Slot,
        head: HttpRequest,
        error: AwsError,
    ) -> None:
        super().__init__(gateway, connection, slot, head)
        self._error = error
        length = head.headers.get("content-length", "0")
        is_long = not length.isdecimal() or int(length) > DRAINED_BYTES_MAX
        if self._expects_continue() or is_long or "transfer-encoding" in head.headers:
            self._fail(None, error, keep_alive=False)

    def body(self, data: bytes) -> None:
        """Read over the body."""

    def complete(self) -> None:
        """Answer, unless that happened at once."""
        if self._slot.response is None:
            self._fail(None, self._error)

    def abort(self) -> None:
        """Nothing to undo."""


class _Buffered(Answering):
    """A request whose body is parsed in memory."""

    def __init__(
        self,
        gateway: Gateway,
        connection: Connection,
        slot: Slot,
        head: HttpRequest,
        found: Route | None,
    ) -> None:
        super().__init__(gateway, connection, slot, head)
        self._found = found
        self._parts: list[bytes] = []
        self._size = 0
        if self._expects_continue():
            connection.send_continue()

    def body(self, data: bytes) -> None:
        """Keep a piece of the body, up to the limit."""
        self._size += len(data)
        if self._size <= REQUEST_BODY_BYTES_MAX:
            self._parts.append(data)
        elif self._slot.response is None:
            self._parts.clear()
            self._fail(self._found, _too_large(self._found), keep_alive=False)

    def abort(self) -> None:
        """Forget the body."""
        self._parts.clear()

    def complete(self) -> None:
        """Authenticate, parse and call."""
        if self._slot.response is not None:
            return
        head, gateway = self._head, self._gateway
        head.body = b"".join(self._parts)
        if head.path.startswith(ADMIN_PREFIX):
            gateway.admin(head, self._slot)
            return
        found = self._found
        try:
            if found is None:
                # What was signed is the body as it came.
                sent, head.body = head.body, expanded(head)
                found = route(head)
                head.body = sent
            identity = None
            if not found.operation.is_unsigned or "authorization" in head.headers:
                identity = gateway.authenticate(head)
            if len(head.body) > LARGE_REQUEST_BYTES and self._protocol(found).prepare(
                found.operation
            ):
                self._complete_large(found, identity)
                return
            _check_payload(head, identity)
            if found.service == "s3":
                check_body(head.headers, head.body, found.operation)
            else:
                head.body = expanded(head)
            request = self._protocol(found).parse(found.operation, head)
        except Exception as error:  # noqa: BLE001 (the gateway's edge: a bug is a 500)
            self._fail(found, error)
            return
        routed = found
        call = self._call(routed, identity, request)
        gateway.dispatcher.submit(
            call, lambda response, error: self._answer(routed, response, error)
        )

    def _complete_large(self, found: Route, identity: Identity | None) -> None:
        """Parse and call in a thread: a mebibyte of JSON would hold the loop for 20 ms."""
        head, gateway = self._head, self._gateway

        def make() -> Call:
            _check_payload(head, identity)
            if found.service != "s3":
                head.body = expanded(head)
            request = self._protocol(found).parse(found.operation, head)
            return self._call(found, identity, request)

        called = (found.service, found.operation.function)
        gateway.dispatcher.submit_large(
            called, make, lambda response, error: self._answer(found, response, error)
        )


def _too_large(found: Route | None) -> AwsError:
    if found is not None and found.service == "s3":
        return AwsError("MaxMessageLengthExceeded", "Your request was too big.", 400)
    return AwsError("RequestEntityTooLargeException", "The request body is too large.", 413)


def _check_payload(head: HttpRequest, identity: Identity | None) -> None:
    claimed = head.headers.get("x-amz-content-sha256", "")
    if identity is not None and len(claimed) == 64:
        compare_digests(claimed, hashlib.sha256(head.body).hexdigest())
