"""The query protocol of the older services (STS, IAM): a form in, XML out."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import parse_qsl

from lakebed.core.errors import AwsError
from lakebed.gateway.wire.http import HttpRequest, HttpResponse
from lakebed.gateway.wire.models import Member, Operation, ServiceModel, Shape
from lakebed.gateway.wire.text import read_scalar
from lakebed.gateway.wire.xml_write import Encoder, XmlEncoders, escape

FIELDS_MAX = 10_000
_DEPTH_MAX = 32


class _Fields:
    """The form as a tree: `A.member.1.B=x` is {'A': {'member': {'1': {'B': 'x'}}}}."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self.root: dict[str, Any] = {}
        for name, value in pairs:
            parts = name.split(".")
            if len(parts) > _DEPTH_MAX:
                raise AwsError("MalformedInput", "The form is nested too deeply")
            self._put(parts, value)

    def _put(self, parts: list[str], value: str) -> None:
        node = self.root
        for part in parts[:-1]:
            below: Any = node.setdefault(part, {})
            if not isinstance(below, dict):
                raise AwsError("MalformedInput", f"{'.'.join(parts)} is a value and a structure")
            node = cast(dict[str, Any], below)
        if isinstance(node.get(parts[-1]), dict):
            raise AwsError("MalformedInput", f"{'.'.join(parts)} is a value and a structure")
        node[parts[-1]] = value


def _numbered(node: dict[str, Any]) -> list[Any]:
    keys = [key for key in node if key.isascii() and key.isdecimal()]
    return [node[key] for key in sorted(keys, key=lambda key: (len(key), key))]


def _read_list(member: Member, node: Any) -> list[Any]:
    part = member.shape.parts["member"]
    if node == "":
        return []
    rows = node if member.flattened else node.get(part.location_name or "member", {})
    if not isinstance(rows, dict):
        raise AwsError("MalformedInput", f"{member.name} is no list")
    return [_read(part, row) for row in _numbered(rows)]  # pyright: ignore[reportUnknownArgumentType] -- a form


def _read_map(member: Member, node: Any) -> dict[str, Any]:
    key, value = member.shape.parts["key"], member.shape.parts["value"]
    rows = node if member.flattened else node.get("entry", {})
    if not isinstance(rows, dict):
        raise AwsError("MalformedInput", f"{member.name} is no map")
    out: dict[str, Any] = {}
    for row in _numbered(rows):  # pyright: ignore[reportUnknownArgumentType] -- a form
        if not isinstance(row, dict):
            raise AwsError("MalformedInput", f"{member.name} is no map")
        name, item = key.location_name or "key", value.location_name or "value"
        if name in row and item in row:
            out[_read(key, row[name])] = _read(value, row[item])
    return out


def _read(member: Member, node: Any) -> Any:
    kind = member.shape.kind
    if kind in ("structure", "list", "map") and node != "" and not isinstance(node, dict):
        raise AwsError("MalformedInput", f"{member.name} is no {kind}")
    if kind == "structure":
        return _read_structure(member.shape, cast(dict[str, Any], node or {}))
    if kind == "list":
        return _read_list(member, node)
    if kind == "map":
        return _read_map(member, node or {})
    if not isinstance(node, str):
        raise AwsError("MalformedInput", f"{member.name} is no {kind}")
    try:
        return read_scalar(member.shape.kind, node)
    except ValueError:
        raise AwsError("MalformedInput", f"{member.name} is no {kind}") from None


def _read_structure(shape: Shape, node: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for member in shape.members.values():
        name = member.location_name or member.name
        if member.flattened and member.shape.kind == "list":
            name = member.shape.parts["member"].location_name or name
        if name in node:
            out[member.name] = _read(member, node[name])
    return out


def form_fields(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the request's form fields: the body's, after those of the query."""
    try:
        text = request.body.decode("utf-8")
        pairs = parse_qsl(request.query, True, errors="strict", max_num_fields=FIELDS_MAX)
        return pairs + parse_qsl(text, True, errors="strict", max_num_fields=FIELDS_MAX)
    except ValueError:
        raise AwsError("MalformedQueryString", "The form is not valid UTF-8 or too long") from None


class QueryProtocol:
    """The query protocol of one service."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._encoders = XmlEncoders()
        self._outputs: dict[str, Encoder] = {}

    def prepare(self, operation: Operation) -> bool:
        """Say that only the loop's thread parses."""
        return False

    def parse(self, operation: Operation, request: HttpRequest) -> dict[str, Any]:
        """Return the operation's input from the form."""
        return _read_structure(operation.input, _Fields(form_fields(request)).root)

    def serialise(
        self, operation: Operation, response: dict[str, Any] | None, request_id: str
    ) -> HttpResponse:
        """Return the answer in its `<OperationResponse>` envelope; None is an empty one."""
        encode = self._outputs.get(operation.name)
        if encode is None:
            encode = self._outputs[operation.name] = self._encoders.of(operation.output)
        result = encode(response or {})
        if operation.result_wrapper:
            result = f"<{operation.result_wrapper}>{result}</{operation.result_wrapper}>"
        text = (
            f'<{operation.name}Response xmlns="{self._model.xml_namespace}">{result}'
            f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
            f"</{operation.name}Response>"
        )
        return HttpResponse(operation.status, _headers(request_id), text.encode())

    def serialise_error(
        self, operation: Operation | None, error: AwsError, request_id: str
    ) -> HttpResponse:
        """Return the error in its `<ErrorResponse>` envelope."""
        kind = "Sender" if error.status < 500 else "Receiver"
        members = "".join(f"<{k}>{escape(str(v))}</{k}>" for k, v in error.members.items())
        text = (
            f'<ErrorResponse xmlns="{self._model.xml_namespace}"><Error><Type>{kind}</Type>'
            f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>{members}"
            f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        headers = [*_headers(request_id), *error.headers.items()]
        return HttpResponse(error.status, headers, text.encode())


def _headers(request_id: str) -> list[tuple[str, str]]:
    return [("x-amzn-RequestId", request_id), ("Content-Type", "text/xml")]
