"""Bodies on their way to disk: checked by their head first, then spooled, then handed over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lakebed.core.bodies import Begun, Spooled
from lakebed.core.errors import AwsError
from lakebed.core.limits import MIB, PUT_BYTES_MAX, SMALL_BODY_BYTES_MAX
from lakebed.digests import SIZES
from lakebed.gateway.answering import Answering
from lakebed.gateway.claims import CHECKSUM, checksums_in
from lakebed.gateway.routing import Route
from lakebed.gateway.server import Connection, Slot
from lakebed.gateway.signature.authenticate import Identity
from lakebed.gateway.signature.chunked import ChunkedDecoder
from lakebed.gateway.spool import Spool
from lakebed.gateway.wire.http import HttpRequest

if TYPE_CHECKING:
    from lakebed.gateway.exchange import Gateway

DRAINED_BYTES_MAX = MIB
"""An unread body up to this size is read and forgotten, so that the connection can go on."""
DEFAULT_CHECKSUM = "crc64nvme"
"""What S3 computes of an upload that names no checksum."""


class Receiving(Answering):
    """A body on its way to disk, for an operation that is known once `_found` is set."""

    def __init__(
        self, gateway: Gateway, connection: Connection, slot: Slot, head: HttpRequest
    ) -> None:
        super().__init__(gateway, connection, slot, head)
        self._found: Route | None = None
        self._identity: Identity | None = None
        self._request: Any = None
        self._spool: Spool | None = None
        self._is_refused = False
        self._is_begun = False
        self._is_whole = False
        self._early: list[bytes | memoryview] = []
        self._algorithms: set[str] = set()

    def _pieces(self, data: bytes) -> Iterable[bytes | memoryview]:
        """Return what of the body's bytes are the object's."""
        raise NotImplementedError

    def _end(self) -> None:
        """Check that the body is whole; AwsError if it is not."""

    def _size_hint(self) -> int | None:
        """Return how many bytes are to come, if that is known."""
        headers = self._head.headers
        length = headers.get("x-amz-decoded-content-length") or headers.get("content-length")
        return int(length) if length is not None and length.isdecimal() else None

    def _whole_request(self) -> Any:
        """Return the request once its body is whole."""
        return self._request

    def _begun(self, begun: Begun | None, error: BaseException | None) -> None:
        if error is not None:
            self._refuse(error)
            return
        if self._is_refused:
            return
        self._spool = Spool(
            self._gateway.spools, self._algorithms, self._size_hint(), self._connection, begun
        )
        self._is_begun = True
        if self._expects_continue():
            self._connection.send_continue()
        early, self._early = self._early, []
        for piece in early:
            self._spool.feed(piece)
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
        try:
            for piece in self._pieces(data):
                self._keep(piece)
        except AwsError as error:
            self._refuse(error)

    def _keep(self, piece: bytes | memoryview) -> None:
        if self._spool is None:
            self._early.append(piece)
            return
        self._spool.feed(piece)
        if self._spool.size > PUT_BYTES_MAX:
            raise _entity_too_large()

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
            self._end()
        except AwsError as error:
            self._refuse(error)
            return
        self._spool.finish(self._spooled)

    def _spooled(self, spooled: Spooled | None, failure: OSError | None) -> None:
        gateway, found = self._gateway, self._found
        assert found is not None
        if spooled is None:
            self._fail(found, failure or OSError("the body was discarded"))
            return
        try:
            _check_digest(self._identity, spooled)
            request = self._whole_request()
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


class Streamed(Receiving):
    """A request whose body goes to disk: checked by its head before a byte of it is asked for."""

    def __init__(
        self, gateway: Gateway, connection: Connection, slot: Slot, head: HttpRequest, found: Route
    ) -> None:
        super().__init__(gateway, connection, slot, head)
        self._found = found
        self._decoder: ChunkedDecoder | None = None
        try:
            self._identity = gateway.authenticate(head)
            self._algorithms = algorithms_of(head.headers, self._identity)
            self._request = self._protocol(found).parse(found.operation, head)
            check_length(head)
            self._decoder = ChunkedDecoder.of(head, self._identity)
            call = self._call(found, self._identity, self._request)
        except Exception as error:  # noqa: BLE001 (the gateway's edge: a bug is a 500)
            self._refuse(error)
            return
        length = head.headers.get("content-length", "")
        is_short = length.isdecimal() and int(length) <= SMALL_BODY_BYTES_MAX
        begun = None
        # A body that is on its way already, and short: the handler's own checks come soon enough.
        is_asked_later = self._identity is not None and is_short and not self._expects_continue()
        if is_asked_later and gateway.dispatcher.seals(call):
            begun = gateway.dispatcher.sealing(call)
            is_asked_later = begun is not None
        if is_asked_later:
            self._begun(begun, None)
        else:
            gateway.dispatcher.begin(call, self._begun)

    def _pieces(self, data: bytes) -> Iterable[bytes | memoryview]:
        return (data,) if self._decoder is None else self._decoder.feed(data)

    def _end(self) -> None:
        if self._decoder is not None:
            self._decoder.finish()

    def _whole_request(self) -> Any:
        """Return the request, with what came behind its body."""
        if self._decoder is None or not self._decoder.trailers or self._found is None:
            return self._request
        self._head.headers.update(self._decoder.trailers)
        return self._protocol(self._found).parse(self._found.operation, self._head)


def _entity_too_large() -> AwsError:
    message = "Your proposed upload exceeds the maximum allowed size"
    return AwsError("EntityTooLarge", message, 400)


def check_length(head: HttpRequest) -> None:
    """Refuse a body whose length is not said, or too great."""
    headers = head.headers
    length = headers.get("x-amz-decoded-content-length") or headers.get("content-length")
    if length is None:
        message = "You must provide the Content-Length HTTP header."
        raise AwsError("MissingContentLength", message, 411)
    if int(length) > PUT_BYTES_MAX:
        raise _entity_too_large()


def algorithms_of(headers: dict[str, str], identity: Identity | None) -> set[str]:
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


def _check_digest(identity: Identity | None, spooled: Spooled) -> None:
    if identity is not None and len(identity.payload_hash) == 64:
        compare_digests(identity.payload_hash, spooled.digests["sha256"])


def compare_digests(claimed: str, computed: str) -> None:
    """Refuse a body that is not what was signed."""
    if claimed != computed:
        raise AwsError(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
            400,
            {"ClientComputedContentSHA256": claimed, "S3ComputedContentSHA256": computed},
        )
