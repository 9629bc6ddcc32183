"""One request on its way to one answer: route, authenticate, read the body, call, answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from lakebed.core.bodies import Begun, Spooled
from lakebed.core.clock import Clock
from lakebed.core.errors import AwsError
from lakebed.core.ids import Ids
from lakebed.core.limits import (
    LARGE_REQUEST_BYTES,
    MIB,
    PUT_BYTES_MAX,
    REQUEST_BODY_BYTES_MAX,
    SMALL_BODY_BYTES_MAX,
)
from lakebed.digests import SIZES
from lakebed.dispatch.dispatcher import Call, Dispatcher
from lakebed.gateway.answering import Answering
from lakebed.gateway.browsers import Preflight
from lakebed.gateway.claims import CHECKSUM, check_body, checksums_in
from lakebed.gateway.credentials import Credentials, Key
from lakebed.gateway.hosts import with_bucket
from lakebed.gateway.routing import Route, is_form, route
from lakebed.gateway.server import Connection, Exchange, Slot
from lakebed.gateway.signature.authenticate import Identity, authenticate
from lakebed.gateway.signature.chunked import ChunkedDecoder
from lakebed.gateway.signature.tokens import check_token
from lakebed.gateway.spool import Spool, Spools
from lakebed.gateway.wire.http import HttpRequest

DRAINED_BYTES_MAX = MIB
"""An unread body up to this size is read and forgotten, so that the connection can go on."""
ADMIN_PREFIX = "/_lakebed/"
DEFAULT_CHECKSUM = "crc64nvme"
"""What S3 computes of an upload that names no checksum."""

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

    def open(self, connection: Connection, slot: Slot, head: HttpRequest) -> Exchange:
        """Begin the exchange of a request whose head was read."""
        length = head.headers.get("content-length")
        if head.path.startswith(ADMIN_PREFIX):
            return _Buffered(self, connection, slot, head, None)
        if is_form(head):
            return _Buffered(self, connection, slot, head, None)
        try:
            if "x-amz-target" not in head.headers:
                with_bucket(head, self.domains)
            if head.method == "OPTIONS":
                return Preflight(self, connection, slot, head)
            found = route(head)
        except AwsError as error:
            return _Refused(self, connection, slot, head, error)
        if found.operation.streaming_input is None:
            if length is not None and int(length) > REQUEST_BODY_BYTES_MAX:
                error = _too_large(found)
                return _Refused(self, connection, slot, head, error)
            return _Buffered(self, connection, slot, head, found)
        return _Streamed(self, connection, slot, head, found)

    def authenticate(self, head: HttpRequest) -> Identity | None:
        """Return who signed the request, None for nobody; AwsError for a wrong signature."""
        credentials, now = self.credentials, self.clock.now()
        key: Key | None = None

        def secret_of(access_key: str) -> str | None:
            nonlocal key
            key = credentials.find(access_key)
            return None if key is None else key.secret

        identity = authenticate(head, secret_of, now)
        if identity is None or key is None:
            return identity
        check_token(head, identity.access_key, key, now)
        return replace(identity, principal=key.principal)


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
                found = route(head)
            identity = gateway.authenticate(head)
            if len(head.body) > LARGE_REQUEST_BYTES and self._protocol(found).prepare(
                found.operation
            ):
                self._complete_large(found, identity)
                return
            _check_payload(head, identity)
            if found.service == "s3":
                check_body(head.headers, head.body, found.operation)
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
            request = self._protocol(found).parse(found.operation, head)
            return self._call(found, identity, request)

        gateway.dispatcher.submit_large(
            make, lambda response, error: self._answer(found, response, error)
        )


class _Streamed(Answering):
    """A request whose body goes to disk: checked by its head before a byte of it is asked for."""

    def __init__(
        self, gateway: Gateway, connection: Connection, slot: Slot, head: HttpRequest, found: Route
    ) -> None:
        super().__init__(gateway, connection, slot, head)
        self._found = found
        self._identity: Identity | None = None
        self._request: Any = None
        self._spool: Spool | None = None
        self._decoder: ChunkedDecoder | None = None
        self._is_refused = False
        self._is_begun = False
        self._is_whole = False
        self._early: list[bytes] = []
        self._algorithms: set[str] = set()
        try:
            self._identity = gateway.authenticate(head)
            self._algorithms = _algorithms(head.headers, self._identity)
            self._request = self._protocol(found).parse(found.operation, head)
            _check_length(head)
            self._decoder = ChunkedDecoder.of(head, self._identity)
            call = self._call(found, self._identity, self._request)
        except Exception as error:  # noqa: BLE001 (the gateway's edge: a bug is a 500)
            self._refuse(error)
            return
        length = head.headers.get("content-length", "")
        if (
            self._identity is not None
            and length.isdecimal()
            and int(length) <= SMALL_BODY_BYTES_MAX
            and not self._expects_continue()
        ):
            # The body is on its way already, and short: the handler's own checks come soon enough.
            self._begun(None, None)
        else:
            gateway.dispatcher.begin(call, self._begun)

    def _begun(self, begun: Begun | None, error: BaseException | None) -> None:
        if error is not None:
            self._refuse(error)
            return
        if self._is_refused:
            return
        headers = self._head.headers
        length = headers.get("x-amz-decoded-content-length") or headers.get("content-length")
        hint = int(length) if length is not None and length.isdecimal() else None
        algorithms, place = self._algorithms, None
        if begun is not None:
            algorithms = algorithms.union(begun.digests)
            place = begun.place(hint) if begun.place is not None and hint is not None else None
        self._spool = Spool(self._gateway.spools, algorithms, hint, self._connection, place)
        self._is_begun = True
        if self._expects_continue():
            self._connection.send_continue()
        early, self._early = self._early, []
        for data in early:
            self.body(data)
        if self._is_whole and not self._is_refused:
            self._finish()

    def _refuse(self, error: BaseException) -> None:
        """Answer the error: at once if the body is long or waited for, else after it."""
        self._is_refused = True
        self._discard()
        length = self._head.headers.get("content-length", "")
        is_short = length.isdecimal() and int(length) <= DRAINED_BYTES_MAX
        if self._is_whole or not is_short or self._expects_continue():
            self._fail(self._found, error, keep_alive=self._is_whole)
        else:
            self._failure = error

    def _discard(self) -> None:
        self._early.clear()
        if self._spool is not None:
            self._spool.discard()
            self._spool = None

    def body(self, data: bytes) -> None:
        """Decode and spool a piece of the body."""
        if self._is_refused:
            return
        if not self._is_begun:
            self._early.append(data)
            return
        assert self._spool is not None
        try:
            if self._decoder is None:
                self._spool.feed(data)
            else:
                for piece in self._decoder.feed(data):
                    self._spool.feed(piece)
            if self._spool.size > PUT_BYTES_MAX:
                raise _entity_too_large()
        except AwsError as error:
            self._refuse(error)

    def complete(self) -> None:
        """The body is whole: verify it and call."""
        self._is_whole = True
        if self._is_refused:
            if self._slot.response is None:
                self._fail(self._found, self._failure)
        elif self._is_begun:
            self._finish()

    def _finish(self) -> None:
        assert self._spool is not None
        try:
            if self._decoder is not None:
                self._decoder.finish()
        except AwsError as error:
            self._refuse(error)
            return
        self._spool.finish(self._spooled)

    def _spooled(self, spooled: Spooled | None, failure: OSError | None) -> None:
        if spooled is None:
            self._fail(self._found, failure or OSError("the body was discarded"))
            return
        gateway, found = self._gateway, self._found
        try:
            _check_digest(self._identity, spooled)
            request = self._request
            if self._decoder is not None and self._decoder.trailers:
                self._head.headers.update(self._decoder.trailers)
                request = self._protocol(found).parse(found.operation, self._head)
        except Exception as error:  # noqa: BLE001 (the gateway's edge: a bug is a 500)
            spooled.discard()
            self._fail(found, error)
            return
        request[found.operation.streaming_input or "Body"] = spooled
        call = self._call(found, self._identity, request)

        def answer(response: Any, error: BaseException | None) -> None:
            if error is not None:
                spooled.discard()
            self._answer(found, response, error)

        gateway.dispatcher.submit(call, answer)

    def abort(self) -> None:
        """The client is gone: leave no trace of the body."""
        self._is_refused = True
        self._discard()


def _too_large(found: Route | None) -> AwsError:
    if found is not None and found.service == "s3":
        return AwsError("MaxMessageLengthExceeded", "Your request was too big.", 400)
    return AwsError("RequestEntityTooLargeException", "The request body is too large.", 413)


def _entity_too_large() -> AwsError:
    message = "Your proposed upload exceeds the maximum allowed size"
    return AwsError("EntityTooLarge", message, 400)


def _check_length(head: HttpRequest) -> None:
    headers = head.headers
    length = headers.get("x-amz-decoded-content-length") or headers.get("content-length")
    if length is None:
        message = "You must provide the Content-Length HTTP header."
        raise AwsError("MissingContentLength", message, 411)
    if int(length) > PUT_BYTES_MAX:
        raise _entity_too_large()


def _algorithms(headers: dict[str, str], identity: Identity | None) -> set[str]:
    """Return the digests, besides MD5, that the headers ask us to verify; else S3's default."""
    wanted = checksums_in(headers)
    if "x-amz-trailer" in headers:
        for trailer in headers["x-amz-trailer"].lower().split(","):
            wanted.add(trailer.strip().removeprefix(CHECKSUM))
        wanted &= SIZES.keys()
    if not wanted:
        wanted.add(DEFAULT_CHECKSUM)
    if identity is not None and len(identity.payload_hash) == 64:
        wanted.add("sha256")
    return wanted


def _check_payload(head: HttpRequest, identity: Identity | None) -> None:
    claimed = head.headers.get("x-amz-content-sha256", "")
    if identity is not None and len(claimed) == 64:
        _compare(claimed, hashlib.sha256(head.body).hexdigest())


def _check_digest(identity: Identity | None, spooled: Spooled) -> None:
    if identity is not None and len(identity.payload_hash) == 64:
        _compare(identity.payload_hash, spooled.digests["sha256"])


def _compare(claimed: str, computed: str) -> None:
    if claimed != computed:
        raise AwsError(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
            400,
            {"ClientComputedContentSHA256": claimed, "S3ComputedContentSHA256": computed},
        )
