"""AWS's JSON protocols 1.0 and 1.1: one POST, the operation in X-Amz-Target, JSON both ways."""

from __future__ import annotations

import binascii
import math
from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec
import pybase64

from lakebed.core.bodies import Event, EventStream, ReadyList
from lakebed.core.errors import AwsError
from lakebed.gateway.wire import timestamps
from lakebed.gateway.wire.http import Events, HttpRequest, HttpResponse
from lakebed.gateway.wire.models import Member, Operation, ServiceModel, Shape

Decoder = Callable[[Any], Any]

_decode_json = msgspec.json.decode
_encode_json = msgspec.json.encode
_EMPTY: dict[str, Any] = {}
_INTEGER_BITS = {"byte": 8, "short": 16, "integer": 32, "long": 64}
_JAVA_NAMES = {
    "string": "String", "character": "String", "byte": "Byte", "short": "Short",
    "integer": "Integer", "long": "Long", "float": "Float", "double": "Double",
    "boolean": "Boolean", "timestamp": "Timestamp", "blob": "Blob",
}  # fmt: skip


def malformed(message: str) -> AwsError:
    """Return the error of a body that cannot be read."""
    return AwsError("SerializationException", message)


def mismatch(value: Any, kind: str) -> AwsError:
    """Return what AWS's unmarshaller says of a value of another JSON type."""
    if isinstance(value, dict):
        return malformed("Start of structure or map found where not expected")
    if isinstance(value, list):
        return malformed("Start of list found where not expected")
    if isinstance(value, bool):
        found = "TRUE_VALUE" if value else "FALSE_VALUE"
    else:
        found = "STRING_VALUE" if isinstance(value, str) else "NUMBER_VALUE"
    return malformed(f"{found} cannot be converted to {_JAVA_NAMES.get(kind, kind)}")


def _string(value: Any) -> str:
    if type(value) is str:
        return value
    raise mismatch(value, "string")


def _boolean(value: Any) -> bool:
    if type(value) is bool:
        return value
    raise mismatch(value, "boolean")


def _integer(kind: str) -> Decoder:
    limit = 1 << (_INTEGER_BITS[kind] - 1)

    def decode(value: Any) -> int:
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is not int:
            raise mismatch(value, kind)
        if not -limit <= value < limit:
            raise malformed(f"NUMBER_VALUE cannot be converted to {_JAVA_NAMES[kind]}")
        return value

    return decode


def _number(kind: str) -> Decoder:
    def decode(value: Any) -> float:
        if type(value) is float or type(value) is int:
            try:
                return float(value)
            except OverflowError:
                raise mismatch(0, kind) from None
        if type(value) is str and value in ("NaN", "Infinity", "-Infinity"):
            return float(value)
        raise mismatch(value, kind)

    return decode


def _timestamp(value: Any) -> float:
    if type(value) is float or type(value) is int:
        # Java's Date ends long before; the bound keeps later arithmetic from overflowing.
        if math.isfinite(value) and abs(value) < 1e13:
            return float(value)
        raise mismatch(value, "timestamp")
    if type(value) is str:
        try:
            return timestamps.read(value)
        except ValueError:
            pass
    raise mismatch(value, "timestamp")


def _blob(value: Any) -> bytes:
    if type(value) is not str:
        raise mismatch(value, "blob")
    try:
        return pybase64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise malformed("Invalid Base64 character in a blob") from None


def _document(value: Any) -> Any:
    return value


class BodyDecoders:
    """Compiles shapes to decoders; a shape that contains itself finds its own decoder.

    `recent` holds the last list of each shape and what it became, for the time of one request: a
    batch repeats itself (the columns of a hundred partitions), and to compare is ten times quicker.
    """

    def __init__(self) -> None:
        self._known: dict[Shape, Decoder] = {}
        self.recent: dict[Shape, tuple[Any, Any]] = {}

    def of(self, shape: Shape) -> Decoder:
        """Return what reads a value of a shape."""
        known = self._known.get(shape)
        if known is not None:
            return known
        if shape.document:
            return _document
        compile_kind = {"structure": self._structure, "list": self._list, "map": self._map}
        if shape.kind in compile_kind:
            return compile_kind[shape.kind](shape)
        decoder = self._scalar(shape.kind)
        self._known[shape] = decoder
        return decoder

    def _scalar(self, kind: str) -> Decoder:
        if kind in _INTEGER_BITS:
            return _integer(kind)
        if kind in ("float", "double"):
            return _number(kind)
        return {"boolean": _boolean, "timestamp": _timestamp, "blob": _blob}.get(kind, _string)

    def _structure(self, shape: Shape) -> Decoder:
        members: dict[str, tuple[str, Decoder]] = {}

        def decode(value: Any) -> Any:
            if type(value) is not dict:
                raise mismatch(value, "structure")
            out: dict[str, Any] = {}
            for key, item in cast(dict[str, Any], value).items():
                member = members.get(key)
                # AWS drops members it does not know and takes null for absent.
                if member is not None and item is not None:
                    out[member[0]] = member[1](item)
            return out

        self._known[shape] = decode
        for member in shape.members.values():
            members[member.location_name or member.name] = (member.name, self.of(member.shape))
        return decode

    def _list(self, shape: Shape) -> Decoder:
        element: list[Decoder] = []
        recent = self.recent
        is_remembered = shape.parts["member"].shape.kind == "structure"

        def decode(value: Any) -> Any:
            # Once: another thread may forget it in between.
            known = recent.get(shape) if is_remembered else None
            if known is not None and known[0] == value:
                return known[1]
            decoded = decode_new(value)
            if is_remembered:
                recent[shape] = (value, decoded)
            return decoded

        def decode_new(value: Any) -> Any:
            if type(value) is not list:
                raise (
                    malformed("Expected list or null")
                    if type(value) is not dict
                    else (mismatch(value, "list"))
                )
            (of_element,) = element
            return [of_element(item) for item in cast(list[Any], value) if item is not None]

        self._known[shape] = decode
        element.append(self.of(shape.parts["member"].shape))
        return decode

    def _map(self, shape: Shape) -> Decoder:
        element: list[Decoder] = []

        def decode(value: Any) -> Any:
            if type(value) is not dict:
                raise mismatch(value, "map")
            (of_element,) = element
            items = cast(dict[str, Any], value).items()
            return {key: of_element(item) for key, item in items if item is not None}

        self._known[shape] = decode
        element.append(self.of(shape.parts["value"].shape))
        return decode


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        items = cast(dict[str, Any], value).items()
        return {key: _without_none(item) for key, item in items if item is not None}
    if isinstance(value, list):
        return [_without_none(item) for item in cast(list[Any], value) if item is not None]
    return value


def _has_text_times(shape: Shape, seen: set[Shape]) -> bool:
    if shape in seen:
        return False
    seen.add(shape)
    members: list[Member] = [*shape.members.values(), *shape.parts.values()]
    return any(
        (member.shape.kind == "timestamp" and member.timestamp_format not in ("", "unixTimestamp"))
        or _has_text_times(member.shape, seen)
        for member in members
    )


def _with_text_times(member: Member | None, shape: Shape, value: Any) -> Any:
    if shape.kind == "timestamp" and member is not None and value is not None:
        text = {"iso8601": timestamps.write_iso8601, "rfc822": timestamps.write_rfc7231}
        write = text.get(member.timestamp_format)
        return write(value) if write else value
    if shape.document or value is None:
        return value
    if shape.kind == "structure":
        return {
            name: _with_text_times(shape.members[name], shape.members[name].shape, item)
            for name, item in value.items()
        }
    if shape.kind in ("list", "map"):
        part = shape.parts["member" if shape.kind == "list" else "value"]
        if shape.kind == "list":
            return [_with_text_times(part, part.shape, item) for item in value]
        return {key: _with_text_times(part, part.shape, item) for key, item in value.items()}
    return value


def with_ready_lists(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return members, whose JSON may be at hand, ready to be written; those of None are left out.

    Only the outermost are looked at: what holds a ready list knows what it answers.
    """
    return {
        name: msgspec.Raw(value.text) if isinstance(value, ReadyList) else value
        for name, value in members.items()
        if value is not None
    }


class JsonProtocol:
    """The JSON protocol of one service, with the decoders its operations have needed so far."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._content_type = f"application/x-amz-json-{model.json_version or '1.1'}"
        self._decoders = BodyDecoders()
        self._inputs: dict[str, Decoder] = {}
        self._text_times: dict[str, bool] = {}
        self._is_query_compatible = "query" in model.protocols

    def prepare(self, operation: Operation) -> bool:
        """Compile the operation's decoder, which only the loop's thread does; any may use it."""
        self._decoder(operation)
        return True

    def _decoder(self, operation: Operation) -> Decoder:
        decoder = self._inputs.get(operation.name)
        if decoder is None:
            decoder = self._inputs[operation.name] = self._decoders.of(operation.input)
        return decoder

    def parse(self, operation: Operation, request: HttpRequest) -> dict[str, Any]:
        """Return the operation's input, typed as the model says."""
        try:
            value: Any = _decode_json(request.body) if request.body else None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise malformed("Unable to parse the request body as JSON") from None
        decoder = self._decoder(operation)
        try:
            return decoder(_EMPTY if value is None else value)
        finally:
            self._decoders.recent.clear()

    def serialise(
        self, operation: Operation, response: dict[str, Any] | None, request_id: str
    ) -> HttpResponse:
        """Return the answer; members that are None are left out, empty ones stay.

        An operation without an output answers None: an empty body.
        """
        if response is None:
            return HttpResponse(operation.status, self._headers(request_id))
        for name, value in response.items():
            if isinstance(value, EventStream):
                return self._stream(operation, response, name, request_id)
            if isinstance(value, ReadyList):
                body = _encode_json(with_ready_lists(response))
                return HttpResponse(operation.status, self._headers(request_id), body)
        times = self._text_times.get(operation.name)
        if times is None:
            times = self._text_times[operation.name] = _has_text_times(operation.output, set())
        if times:
            response = _with_text_times(None, operation.output, response)
        body = _encode_json(response)
        # Looking for a null in the bytes costs less than a walk over every answer; as a value, or
        # (rarely) at such a place within a text: `serialization.null.format` is none.
        if b"null" in body and any(null in body for null in (b":null", b",null", b"[null")):
            body = _encode_json(_without_none(response))
        return HttpResponse(operation.status, self._headers(request_id), body)

    def _stream(
        self, operation: Operation, response: dict[str, Any], name: str, request_id: str
    ) -> HttpResponse:
        """Return an answer that goes on; its other members come first."""
        from lakebed.gateway.wire import event_stream

        first = {key: value for key, value in response.items() if key != name}

        def encode(event: Event) -> bytes:
            write = event_stream.json_exception if event.is_exception else event_stream.json_event
            return write(event.name, with_ready_lists(event.members))

        begin = event_stream.json_event("initial-response", first)
        headers = [
            ("x-amzn-RequestId", request_id), ("Content-Type", event_stream.CONTENT_TYPE)
        ]  # fmt: skip
        return HttpResponse(operation.status, headers, Events(begin, response[name], encode))

    def serialise_error(
        self, operation: Operation | None, error: AwsError, request_id: str
    ) -> HttpResponse:
        """Return the error with its code in `__type`, its sentence under the shape's own name."""
        body = _encode_json(self.error_members(error))
        headers = self._headers(request_id)
        headers += error.headers.items()
        if self._is_query_compatible:
            # https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#x-amzn-query-error-header
            kind = "Sender" if error.status < 500 else "Receiver"
            headers.append(("x-amzn-query-error", f"{error.code};{kind}"))
        return HttpResponse(error.status, headers, body)

    def error_members(self, error: AwsError) -> dict[str, Any]:
        """Return what an error's body says.

        Of a service that has the query protocol, too, the code is that protocol's; here the error
        goes by the name of its shape.
        """
        if self._is_query_compatible:
            named = {shape.code: name for name, shape in self._model.errors.items()}
            return {
                "__type": named.get(error.code, error.code),
                "message": error.message,
                **error.members,
            }
        shape = self._model.errors.get(error.code)
        name = "Message" if shape is not None and "Message" in shape.members else "message"
        code = shape.code if shape is not None else error.code
        return {"__type": code, name: error.message, **error.members}

    def _headers(self, request_id: str) -> list[tuple[str, str]]:
        return [("x-amzn-RequestId", request_id), ("Content-Type", self._content_type)]
