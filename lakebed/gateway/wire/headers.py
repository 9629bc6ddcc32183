"""Members that travel outside the body: in the path, the query and the headers."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from lakebed.core.errors import AwsError
from lakebed.gateway.wire.http import HttpRequest
from lakebed.gateway.wire.models import Member, Shape
from lakebed.gateway.wire.text import read_scalar, scalar_writer

Headers = list[tuple[str, str]]
_HEADER_TEXT = re.compile(r"[\t\x20-\x7e]*")
_UNSAFE = re.compile(r"[^\t\x20-\x7e]+")


def decode_percent(text: str, *, plus: bool = False) -> str:
    """Return percent-encoded text decoded once; bytes that are no UTF-8 raise InvalidURI."""
    if plus and "+" in text:
        text = text.replace("+", " ")
    if "%" not in text and text.isascii():
        return text
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeError:
        raise AwsError("InvalidURI", "Couldn't parse the specified URI.") from None


def parse_query(query: str) -> dict[str, str]:
    """Return the parameters of a query; the first of a repeated name counts."""
    out: dict[str, str] = {}
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            out.setdefault(decode_percent(name, plus=True), decode_percent(value, plus=True))
    return out


def parameters(request: HttpRequest) -> dict[str, str]:
    """Return the parameters of the request's query, read at the first call."""
    if request.parameters is None:
        request.parameters = parse_query(request.query) if request.query else {}
    return request.parameters


def _invalid_argument(name: str, text: str, kind: str) -> AwsError:
    sentence = "Argument format not recognized"
    if kind in ("integer", "long"):
        sentence = f"Provided {name} not an integer or within integer range"
    return AwsError("InvalidArgument", sentence, 400, {"ArgumentName": name, "ArgumentValue": text})


def _header_text(value: str) -> str:
    """Return a header's text as UTF-8 where its bytes, read as Latin-1, are that."""
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def _read_list(member: Member, text: str) -> list[Any]:
    part = member.shape.parts["member"]
    rows = [row.strip() for row in text.split(",")]
    return [read_scalar(part.shape.kind, row) for row in rows if row]


def _read_member(member: Member, text: str) -> Any:
    """Return the member's value, or None where S3 ignores what it cannot read."""
    kind = member.shape.kind
    if kind == "string":
        return text
    if not text:
        return None
    try:
        return _read_list(member, text) if kind == "list" else read_scalar(kind, text)
    except ValueError:
        # RFC 9110: a conditional date that cannot be read is no condition.
        if kind == "timestamp" and member.location == "header":
            return None
        raise _invalid_argument(member.location_name, text, kind) from None


def template(uri: str) -> re.Pattern[str]:
    """Return what a path of a model's template looks like: a group for each label, a part each."""
    parts = re.split(r"\{([^}]+)\}", uri.partition("?")[0])
    return re.compile("".join("([^/]+)" if at % 2 else re.escape(one)
                              for at, one in enumerate(parts)))  # fmt: skip


class InputBindings:
    """Reads an operation's members from path, query and headers."""

    def __init__(self, shape: Shape, uri: str) -> None:
        self._labels = [label.rstrip("+") for label in re.findall(r"\{([^}]+)\}", uri)]
        # Of a path that begins with a label every part is one; the last may have slashes in it.
        self._template = None if uri.startswith("/{") or not self._labels else template(uri)
        self._names = {
            member.location_name or member.name: member.name
            for member in shape.members.values()
            if member.location == "uri"
        }
        self._query = _by_wire_name(shape, "querystring")
        self._headers = {
            name.lower(): member for name, member in _by_wire_name(shape, "header").items()
        }
        self._prefixes = {
            name.lower(): member for name, member in _by_wire_name(shape, "headers").items()
        }

    def read(self, request: HttpRequest) -> dict[str, Any]:
        """Return the members found outside the body."""
        out: dict[str, Any] = {}
        headers = request.headers
        rest = request.path[1:]
        if self._template is not None:
            found = self._template.fullmatch(request.path)
            rest = "/".join(found.groups()) if found is not None else ""
        for label in self._labels:
            last = label == self._labels[-1] and len(self._labels) > 1
            value, _, rest = (rest, "", "") if last else rest.partition("/")
            out[self._names[label]] = decode_percent(value)
        if request.query:
            for name, text in parameters(request).items():
                if name in self._query:
                    self._put(out, self._query[name], text)
        for name, text in headers.items():
            if name in self._headers:
                self._put(out, self._headers[name], _header_text(text))
        for prefix, member in self._prefixes.items():
            found = {
                name[len(prefix) :]: _header_text(text)
                for name, text in headers.items()
                if name.startswith(prefix)
            }
            if found:
                out[member.name] = found
        return out

    def _put(self, out: dict[str, Any], member: Member, text: str) -> None:
        value = _read_member(member, text)
        if value is not None:
            out[member.name] = value


def _by_wire_name(shape: Shape, location: str) -> dict[str, Member]:
    return {
        member.location_name or member.name: member
        for member in shape.members.values()
        if member.location == location
    }


def one_line(text: str) -> str:
    """Return `text` as a header may carry it: anything but printable ASCII percent-encoded."""
    return text if _HEADER_TEXT.fullmatch(text) else _UNSAFE.sub(_encoded, text)


def _encoded(found: re.Match[str]) -> str:
    return quote(found[0].encode("utf-8", "replace"))


def header_value(text: str) -> str:
    """Return `text` as a header may carry it: anything but printable ASCII as RFC 2047 words."""
    if _HEADER_TEXT.fullmatch(text):
        return text
    return f"=?UTF-8?B?{base64.b64encode(text.encode('utf-8', 'replace')).decode('ascii')}?="


def _list_writer(member: Member) -> Callable[[Any], str]:
    write = scalar_writer(member.shape.parts["member"].shape.kind, "", "rfc822")
    return lambda value: ",".join(write(item) for item in value)


class OutputBindings:
    """Writes an operation's members to headers."""

    def __init__(self, shape: Shape) -> None:
        self._headers: dict[str, tuple[str, Callable[[Any], str]]] = {}
        self._prefixes: dict[str, str] = {}
        for wire_name, member in _by_wire_name(shape, "header").items():
            kind = member.shape.kind
            write = _list_writer(member) if kind == "list" else (
                scalar_writer(kind, member.timestamp_format, "rfc822")
            )  # fmt: skip
            self._headers[member.name] = (wire_name, write)
        for wire_name, member in _by_wire_name(shape, "headers").items():
            self._prefixes[member.name] = wire_name

    def write(self, response: dict[str, Any], headers: Headers) -> None:
        """Append the headers of the members that are there."""
        for name, value in response.items():
            if value is None:
                continue
            bound = self._headers.get(name)
            if bound is not None:
                headers.append((bound[0], header_value(bound[1](value))))
            elif name in self._prefixes:
                prefix = self._prefixes[name]
                headers += [(prefix + key, header_value(item)) for key, item in value.items()]
