"""AWS's CBOR 1.1: the JSON protocol's requests and answers in CBOR, as Java's clients send them.

Blobs are byte strings, times are milliseconds since the epoch as integers, with or without tag 1.
(No AWS page describes it: Java's SDK speaks it to Kinesis unless told otherwise. Streams of events
are in JSON there, too.)
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, cast

import cbor2

from lakebed.core.bodies import EventStream, ReadyList
from lakebed.core.errors import AwsError
from lakebed.gateway.wire.http import HttpRequest, HttpResponse
from lakebed.gateway.wire.json import BodyDecoders, Decoder, JsonProtocol, malformed, mismatch
from lakebed.gateway.wire.models import Operation, ServiceModel, Shape

CONTENT_TYPE = "application/x-amz-cbor-1.1"
_DEPTH_MAX = 64
_SHAPES_MAX = 1024
_NESTED = frozenset({"structure", "list", "map"})
_TIME_TAG = 1

WriteTime = Callable[[float], Any]


def _blob(value: Any) -> bytes:
    if type(value) is bytes:
        return value
    raise mismatch(value, "blob")


def _timestamp(value: Any) -> float:
    if type(value) is int and abs(value) < 1e16:
        return value / 1000
    raise mismatch(value, "timestamp")


def _untagged(value: Any, immutable: bool) -> Any:
    """Take what stands behind the tag of times as it is: the library would read seconds."""
    return value


def _refused(value: Any, immutable: bool) -> Any:
    raise malformed("Tags other than that of times are not taken")


_OTHER_TAGS = (0, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 100, 256, 258, 260, 261, 1004, 43000)
"""What the library would make objects of: values that hold themselves, patterns, huge numbers."""
_TAGS = {_TIME_TAG: _untagged, **dict.fromkeys(_OTHER_TAGS, _refused)}


class CborDecoders(BodyDecoders):
    """Compiles shapes to what reads them of CBOR."""

    def _scalar(self, kind: str) -> Decoder:
        own = {"blob": _blob, "timestamp": _timestamp}.get(kind)
        return own or super()._scalar(kind)


class CborProtocol(JsonProtocol):
    """The CBOR form of one service's JSON protocol."""

    def __init__(self, model: ServiceModel) -> None:
        super().__init__(model)
        self._content_type = CONTENT_TYPE
        self._decoders = CborDecoders()

    def parse(self, operation: Operation, request: HttpRequest) -> dict[str, Any]:
        """Return the operation's input, typed as the model says."""
        decoder = self._decoder(operation)
        try:
            value = cbor2.loads(
                request.body or b"\xa0",
                semantic_decoders=_TAGS,
                max_depth=_DEPTH_MAX,
            )
        except (cbor2.CBORError, RecursionError, ValueError, OverflowError):
            raise malformed("Unable to parse the request body as CBOR") from None
        try:
            return decoder(value)
        finally:
            self._decoders.recent.clear()

    def write_time(self, seconds: float) -> Any:
        """Return a time as it is written: milliseconds."""
        return round(seconds * 1000)

    def serialise(
        self, operation: Operation, response: dict[str, Any] | None, request_id: str
    ) -> HttpResponse:
        """Return the answer; members that are None are left out, empty ones stay."""
        if response is None:
            return HttpResponse(operation.status, self._headers(request_id))
        if any(isinstance(value, EventStream) for value in response.values()):
            return super().serialise(operation, response, request_id)
        body = cbor2.dumps(_written(operation.output, response, self.write_time))
        return HttpResponse(operation.status, self._headers(request_id), body)

    def serialise_error(
        self, operation: Operation | None, error: AwsError, request_id: str
    ) -> HttpResponse:
        """Return the error with its code in `__type`."""
        answer = super().serialise_error(operation, error, request_id)
        return HttpResponse(answer.status, answer.headers, cbor2.dumps(self.error_members(error)))


def _written(shape: Shape, value: Any, write_time: WriteTime) -> Any:
    """Return a value as CBOR's writer takes it."""
    if shape.kind == "timestamp":
        return write_time(value)
    if shape.kind == "structure" and not shape.document:
        members = shape.members
        return {
            name: _written(members[name].shape, item, write_time)
            for name, item in cast("Mapping[str, Any]", value).items()
            if item is not None
        }
    if shape.kind == "list":
        items = value.items if isinstance(value, ReadyList) else value
        element = shape.parts["member"].shape
        times = _times_of(element)
        if times is not None:
            return [_row(element, times, item, write_time) for item in items if item is not None]
        return [_written(element, item, write_time) for item in items if item is not None]
    if shape.kind == "map":
        element = shape.parts["value"].shape
        return {
            key: _written(element, item, write_time)
            for key, item in value.items()
            if item is not None
        }
    return value


@functools.lru_cache(maxsize=_SHAPES_MAX)
def _times_of(shape: Shape) -> tuple[str, ...] | None:
    """Return which members are times, of a structure that holds nothing but single values."""
    if shape.kind != "structure" or shape.document:
        return None
    kinds = {name: member.shape.kind for name, member in shape.members.items()}
    if not _NESTED.isdisjoint(kinds.values()):
        return None
    return tuple(name for name, kind in kinds.items() if kind == "timestamp")


def _row(
    shape: Shape, times: tuple[str, ...], item: dict[str, Any], write_time: WriteTime
) -> dict[str, Any]:
    """Return a structure of single values: thousands of them are in one answer."""
    if None in item.values():
        written: dict[str, Any] = _written(shape, item, write_time)
        return written
    if not times:
        return item
    row = item.copy()
    for name in times:
        if name in row:
            row[name] = write_time(row[name])
    return row
