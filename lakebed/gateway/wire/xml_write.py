"""Values to XML: each shape is compiled once to a function that returns its text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, cast

from lakebed.core.columns import Columns
from lakebed.gateway.wire import timestamps
from lakebed.gateway.wire.models import Member, Shape
from lakebed.gateway.wire.text import scalar_writer

Encoder = Callable[[Any], str]
Column = Callable[[list[Any]], list[str]]

_SPECIAL = re.compile('[&<>"\x00-\x1f\x7f-\x9f\u2028\ufffe\uffff\ud800-\udfff]')
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "\n", "\t": "\t"}
# Handlers answer with a handful of member sets; the bound only keeps a mistake from growing.
_PLANS_MAX = 256


def _reference(match: re.Match[str]) -> str:
    character = match[0]
    return _NAMED.get(character) or f"&#{ord(character)};"


def escape(text: str) -> str:
    """Return `text` for an element or an attribute; control characters become references."""
    # Most keys need nothing: a few searches for one character cost less than the expression.
    if text.isprintable() and "&" not in text and "<" not in text and ">" not in text:
        return text.replace('"', "&quot;")
    return _SPECIAL.sub(_reference, text)


def _escape_column(column: list[str]) -> list[str]:
    """Escape many texts by a few passes over all of them: listings hold a thousand keys."""
    everything = "".join(column)
    if not everything.isprintable():
        return [escape(text) for text in column]
    if "&" not in everything and "<" not in everything and ">" not in everything:
        if '"' not in everything:
            return column
        return "\n".join(column).replace('"', "&quot;").split("\n")
    return [escape(text) for text in column]


def _integer_column(column: list[Any]) -> list[str]:
    if set(map(type, column)) == {int}:
        return list(map(str, column))
    raise TypeError("not all of them are integers")


def _time_column(column: list[float]) -> list[str]:
    return list(map(timestamps.iso8601_of_second, map(math.floor, column)))


def _interleave(pieces: list[str], columns: list[list[str]]) -> str:
    """Return the rows of `columns` with `pieces` before, between and behind their values.

    Slices and one join: four times quicker than a formatted string for each row.
    """
    count, width = len(columns[0]), len(pieces) + len(columns)
    out: list[str] = [""] * (count * width)
    for number, piece in enumerate(pieces):
        out[number * 2 :: width] = [piece] * count
    for number, column in enumerate(columns):
        out[number * 2 + 1 :: width] = column
    return "".join(out)


class _Repeated:
    """Writes lists of texts; of a column of them, each distinct list once."""

    def __init__(self, write: Encoder) -> None:
        self._write = write

    def __call__(self, value: Any) -> str:
        """Return the text of one list."""
        return self._write(value)

    def column(self, column: list[list[str]]) -> list[str]:
        """Return the texts of many lists, which are mostly the same few."""
        keys = list(map(tuple, column))
        known = {key: self._write(key) for key in set(keys)}
        return [known[key] for key in keys]


def _column(write: Encoder) -> Column:
    if isinstance(write, _Repeated):
        return write.column
    if write is escape:
        return _escape_column
    if write is str:
        return _integer_column
    if write is timestamps.write_iso8601:
        return _time_column
    return lambda column: [write(item) for item in column]


def _scalar(member: Member) -> Encoder:
    kind = member.shape.kind
    write = scalar_writer(kind, member.timestamp_format, "iso8601")
    if kind in ("string", "character"):
        return escape
    return write


class Structure:
    """Writes the members of a structure by a template for each set of members it meets."""

    def __init__(self, members: dict[str, Callable[[], tuple[str, Encoder]]]) -> None:
        self._members = members
        self._plans: dict[tuple[str, ...], tuple[str, list[Encoder]]] = {}

    def __call__(self, value: Any) -> str:
        """Return the text of one structure's members."""
        if None in value.values():
            value = {name: item for name, item in value.items() if item is not None}
        names = tuple(value)
        plan = self._plans.get(names)
        if plan is None:
            plan = self._plan(names)
        return plan[0] % tuple(
            [write(item) for write, item in zip(plan[1], value.values(), strict=True)]
        )

    def document(self, value: dict[str, Any], opened: str, closed: str) -> bytes:
        """Return a whole document as bytes: a long listing is copied no oftener than it must be."""
        names = tuple(value)
        template, writers = self._plans.get(names) or self._plan(names)
        parts = [opened]
        pieces = template.split("%s")
        for piece, write, item in zip(pieces, writers, value.values(), strict=False):
            parts += (piece, write(item))
        parts += (pieces[-1], closed)
        return "".join(parts).encode()

    def rows(self, values: Columns | list[dict[str, Any]], before: str, after: str) -> str:
        """Write many structures, column by column where they have the same members."""
        if isinstance(values, Columns):
            names = tuple(values.columns)
            template, writers = self._plans.get(names) or self._plan(names)
            texts = [
                _column(write)(column)
                for write, column in zip(writers, values.columns.values(), strict=True)
            ]
            return _interleave((before + template + after).split("%s"), texts)
        names = tuple(values[0])
        template, writers = self._plans.get(names) or self._plan(names)
        try:
            if not names or set(map(len, values)) != {len(names)}:
                raise KeyError
            columns = [
                _column(write)([value[name] for value in values])
                for name, write in zip(names, writers, strict=True)
            ]
        except (KeyError, TypeError, AttributeError):
            # Not all alike, or a None among them: one by one, where a mistake shows itself.
            return "".join([f"{before}{self(value)}{after}" for value in values])
        pieces = (before + template + after).split("%s")
        return _interleave(pieces, columns)

    def _plan(self, names: tuple[str, ...]) -> tuple[str, list[Encoder]]:
        pieces = [self._members[name]() for name in names if name in self._members]
        if len(pieces) != len(names):
            raise KeyError(f"no such members: {set(names) - set(self._members)}")
        if len(self._plans) >= _PLANS_MAX:
            self._plans.clear()
        plan = "".join(piece[0] for piece in pieces), [piece[1] for piece in pieces]
        self._plans[names] = plan
        return plan


class XmlEncoders:
    """Compiles shapes to encoders, each once."""

    def __init__(self) -> None:
        self._known: dict[Shape, Structure] = {}

    def of(self, shape: Shape) -> Structure:
        """Return what writes the members of a structure, without an element around them."""
        known = self._known.get(shape)
        if known is None:
            members = [
                member
                for member in shape.members.values()
                if not member.location and not member.attribute
            ]
            known = self._known[shape] = Structure(
                {member.name: lambda member=member: self._piece(member) for member in members}
            )
        return known

    def element(self, member: Member, name: str) -> Encoder:
        """Return what writes a value inside an element called `name`."""
        piece, write = self._element(member, name)
        return lambda value: piece % (write(value),)

    def _piece(self, member: Member) -> tuple[str, Encoder]:
        name = member.location_name or member.name
        if member.flattened and member.shape.kind == "list":
            part = member.shape.parts["member"]
            # A flattened list may be named by its element; the member's own name comes first.
            return "%s", self._repeated(part, member.location_name or part.location_name or name)
        if member.flattened and member.shape.kind == "map":
            return "%s", self._entries(member.shape, name)
        return self._element(member, name)

    def _element(self, member: Member, name: str) -> tuple[str, Encoder]:
        kind = member.shape.kind
        namespace = _namespace(member)
        plain = f"<{name}{namespace}>%s</{name}>"
        if kind == "list":
            part = member.shape.parts["member"]
            return plain, self._repeated(part, part.location_name or "member")
        if kind == "map":
            return plain, self._entries(member.shape, "entry")
        if kind != "structure":
            return plain, _scalar(member)
        attributes = [item for item in member.shape.members.values() if item.attribute]
        if not attributes:
            return plain, self.of(member.shape)
        return "%s", self._with_attributes(member, name, attributes)

    def _with_attributes(self, member: Member, name: str, attributes: list[Member]) -> Encoder:
        encode = self.of(member.shape)
        names = {item.name: item.location_name or item.name for item in attributes}
        namespace = _namespace(member)

        def write(value: dict[str, Any]) -> str:
            opened = "".join(
                f' {names[key]}="{escape(item)}"'
                for key, item in value.items()
                if key in names and item is not None
            )
            rest = {key: item for key, item in value.items() if key not in names}
            return f"<{name}{namespace}{opened}>{encode(rest)}</{name}>"

        return write

    def _repeated(self, part: Member, name: str) -> Encoder:
        piece, write = self._element(part, name)
        before, _, after = piece.partition("%s")
        between = after + before
        if isinstance(write, Structure):
            return lambda value: write.rows(value, before, after) if value else ""

        def write_all(value: Any) -> str:
            rows = between.join([write(item) for item in cast(list[Any], value)])
            return f"{before}{rows}{after}" if value else ""

        return _Repeated(write_all) if part.shape.kind == "string" else write_all

    def _entries(self, shape: Shape, name: str) -> Encoder:
        key, value = shape.parts["key"], shape.parts["value"]
        write_key = self.element(key, key.location_name or "key")
        write_value = self.element(value, value.location_name or "value")

        def write(items: dict[str, Any]) -> str:
            return "".join(
                f"<{name}>{write_key(one)}{write_value(two)}</{name}>" for one, two in items.items()
            )

        return write


def _namespace(member: Member) -> str:
    if not member.namespace:
        return ""
    prefix = f":{member.namespace_prefix}" if member.namespace_prefix else ""
    return f' xmlns{prefix}="{member.namespace}"'
