"""The REST-XML protocol, which is S3's: paths, queries and headers, XML or raw bytes as bodies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from lakebed.core.bodies import EventStream
from lakebed.core.errors import AwsError
from lakebed.core.ids import host_id
from lakebed.gateway.wire import event_stream
from lakebed.gateway.wire.headers import Headers, InputBindings, OutputBindings
from lakebed.gateway.wire.http import Body, Events, HttpRequest, HttpResponse
from lakebed.gateway.wire.models import Member, Operation, ServiceModel, Shape
from lakebed.gateway.wire.xml_read import malformed, parse_xml, read_structure
from lakebed.gateway.wire.xml_write import XmlEncoders, escape

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_BODY_LESS = (204, 304)

InputReader = Callable[[bytes], dict[str, Any]]
BodyWriter = Callable[[dict[str, Any]], Body | None]


@dataclass(frozen=True, slots=True)
class _Input:
    bindings: InputBindings
    read_body: InputReader | None


@dataclass(frozen=True, slots=True)
class _Output:
    bindings: OutputBindings
    write_body: BodyWriter
    content_type: str


def _payload_reader(member: Member) -> InputReader:
    if member.shape.kind == "blob":
        return lambda body: {member.name: body}
    if member.shape.kind != "structure":
        return lambda body: {member.name: body.decode("utf-8", "replace")}
    root_name = member.location_name or member.shape.name

    def read(body: bytes) -> dict[str, Any]:
        root = parse_xml(body)
        if root.name != root_name:
            raise malformed()
        return {member.name: read_structure(member.shape, root)}

    return read


def _members_reader(shape: Shape) -> InputReader | None:
    """Return a reader of the members that are the body, if there are any."""
    members = {name: member for name, member in shape.members.items() if not member.location}
    if not members:
        return None
    inner = replace(shape, members=members)
    return lambda body: read_structure(inner, parse_xml(body))


class RestXmlProtocol:
    """The REST-XML protocol of one service, with the codecs its operations have needed so far."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._encoders = XmlEncoders()
        self._inputs: dict[str, _Input] = {}
        self._outputs: dict[str, _Output] = {}

    def prepare(self, operation: Operation) -> bool:
        """Say that only the loop's thread parses."""
        return False

    def parse(self, operation: Operation, request: HttpRequest) -> dict[str, Any]:
        """Return the operation's input; the streaming member is left to the gateway."""
        codec = self._inputs.get(operation.name)
        if codec is None:
            codec = self._inputs[operation.name] = self._input(operation)
        out = codec.bindings.read(request)
        if codec.read_body is not None and request.body:
            out.update(codec.read_body(request.body))
        self._check_body(operation, out, has_body=bool(request.body))
        return out

    def _check_body(self, operation: Operation, request: dict[str, Any], *, has_body: bool) -> None:
        shape = operation.input
        if shape.payload:
            is_missing = shape.members[shape.payload].required and shape.payload not in request
        else:
            in_body = [one for one in shape.members.values() if not one.location]
            is_missing = not has_body and any(one.required for one in in_body)
        if is_missing:
            raise AwsError("MissingRequestBodyError", "Request Body is empty")

    def _input(self, operation: Operation) -> _Input:
        shape = operation.input
        bindings = InputBindings(shape, operation.uri.partition("?")[0])
        if operation.streaming_input:
            return _Input(bindings, None)
        if not shape.payload:
            return _Input(bindings, _members_reader(shape))
        return _Input(bindings, _payload_reader(shape.members[shape.payload]))

    def serialise(
        self, operation: Operation, response: dict[str, Any], request_id: str
    ) -> HttpResponse:
        """Return the answer; one with a Content-Range is 206 Partial Content."""
        codec = self._outputs.get(operation.name)
        if codec is None:
            codec = self._outputs[operation.name] = self._output(operation)
        headers = self._headers(request_id)
        codec.bindings.write(response, headers)
        body = codec.write_body(response)
        if body is None:
            body = b""
        elif isinstance(body, Events):
            headers.append(("Content-Type", event_stream.CONTENT_TYPE))
        elif codec.content_type:
            headers.append(("Content-Type", codec.content_type))
        status = 206 if response.get("ContentRange") is not None else operation.status
        return HttpResponse(status, headers, body)

    def _output(self, operation: Operation) -> _Output:
        shape = operation.output
        bindings = OutputBindings(shape)
        stream = operation.streaming_output
        if stream is not None:
            return _Output(bindings, lambda response: response.get(stream) or b"", "")
        if shape.payload:
            member = shape.members[shape.payload]
            return _Output(bindings, self._payload_writer(member), "application/xml")
        body = [member for member in shape.members.values() if not member.location]
        if not body or operation.method == "HEAD":
            return _Output(bindings, lambda response: None, "")
        return _Output(bindings, self._root_writer(operation, body), "application/xml")

    def _payload_writer(self, member: Member) -> BodyWriter:
        if member.shape.kind in ("blob", "string"):

            def write_raw(response: dict[str, Any]) -> Body | None:
                value = response.get(member.name)
                return value.encode() if isinstance(value, str) else value

            return write_raw
        name = member.location_name or member.shape.name
        opened = f'{_DECLARATION}<{name} xmlns="{self._model.xml_namespace}">'
        encode = self._encoders.of(member.shape)

        def write(response: dict[str, Any]) -> Body | None:
            value = response.get(member.name)
            if isinstance(value, EventStream):
                return Events(b"", value, event_stream.xml_event)
            return None if value is None else f"{opened}{encode(value)}</{name}>".encode()

        return write

    def _root_writer(self, operation: Operation, body: list[Member]) -> BodyWriter:
        root = operation.xml_root
        opened = f'{_DECLARATION}<{root} xmlns="{self._model.xml_namespace}">'
        names = frozenset(member.name for member in body)
        if list(names) == [root]:
            # GetBucketLocation's answer is its only member, with nothing around it.
            def write_bare(response: dict[str, Any]) -> Body:
                return f"{opened}{escape(response.get(root) or '')}</{root}>".encode()

            return write_bare
        encode = self._encoders.of(operation.output)
        headed = frozenset(operation.output.members) - names

        def write(response: dict[str, Any]) -> Body:
            if not headed.isdisjoint(response) or None in response.values():
                response = {
                    key: item
                    for key, item in response.items()
                    if item is not None and key not in headed
                }
            return encode.document(response, opened, f"</{root}>")

        return write

    def serialise_error(
        self, operation: Operation | None, error: AwsError, request_id: str
    ) -> HttpResponse:
        """Return the error as S3's `<Error>`; HEAD and 304 answers have no body."""
        headers = self._headers(request_id)
        headers += error.headers.items()
        if error.status in _BODY_LESS or (operation is not None and operation.method == "HEAD"):
            return HttpResponse(error.status, headers, b"")
        members = "".join(f"<{k}>{escape(str(v))}</{k}>" for k, v in error.members.items())
        text = (
            f"{_DECLARATION}<Error><Code>{escape(error.code)}</Code>"
            f"<Message>{escape(error.message)}</Message>{members}"
            f"<RequestId>{request_id}</RequestId><HostId>{host_id(request_id)}</HostId></Error>"
        )
        headers.append(("Content-Type", "application/xml"))
        return HttpResponse(error.status, headers, text.encode())

    def _headers(self, request_id: str) -> Headers:
        return [("x-amz-request-id", request_id), ("x-amz-id-2", host_id(request_id))]
