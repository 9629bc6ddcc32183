"""A query of CloudWatch Logs Insights as a tree. `start` and `end` are offsets in its text."""

from __future__ import annotations

from typing import Literal

import msgspec

from lakebed.core.errors import AwsError


class Node(msgspec.Struct, frozen=True):
    """What every expression has: its own text."""

    text: str
    start: int
    end: int


class Field(Node, frozen=True):
    """A field by its name: of the event, discovered in it, or made by the query."""

    name: str


class Text(Node, frozen=True):
    """A text in quotes."""

    value: str


class Number(Node, frozen=True):
    """A number."""

    value: float


class Period(Node, frozen=True):
    """A length of time: `5m`. Months, quarters and years are counted in months, others in ms."""

    milliseconds: int
    months: int = 0


class Star(Node, frozen=True):
    """The asterisk of `count(*)`."""


class Call(Node, frozen=True):
    """A function, its name in small letters."""

    name: str
    arguments: tuple[Node, ...]


class Unary(Node, frozen=True):
    """`not x`, `-x`."""

    operator: str
    operand: Node


class Binary(Node, frozen=True):
    """Two operands with an operator between them, its letters small."""

    operator: str
    left: Node
    right: Node


class Like(Node, frozen=True):
    """Whether a text is in another, or a regular expression finds something there."""

    operand: Node
    pattern: str
    is_regex: bool
    is_negated: bool


class In(Node, frozen=True):
    """Whether a value is one of several."""

    operand: Node
    values: tuple[Node, ...]
    is_negated: bool


class Named(msgspec.Struct, frozen=True):
    """An expression and what it is called."""

    name: str
    value: Node


class Fields(msgspec.Struct, frozen=True, tag=True):
    """`fields a, b + 1 as c`"""

    items: tuple[Named, ...]


class Display(msgspec.Struct, frozen=True, tag=True):
    """`display a, b`"""

    items: tuple[Named, ...]


class Filter(msgspec.Struct, frozen=True, tag=True):
    """`filter a > 1`"""

    condition: Node


class Stats(msgspec.Struct, frozen=True, tag=True):
    """`stats count(*) as n by bin(5m)`"""

    items: tuple[Named, ...]
    groups: tuple[Named, ...]


class Sort(msgspec.Struct, frozen=True, tag=True):
    """`sort a desc, b`: expressions, and whether the largest comes first."""

    items: tuple[tuple[Node, bool], ...]


class Limit(msgspec.Struct, frozen=True, tag=True):
    """`limit 10`"""

    count: int


class Parse(msgspec.Struct, frozen=True, tag=True):
    """`parse @message "a=*" as a`: a regular expression and the names of its groups."""

    source: Node
    regex: str
    names: tuple[str, ...]


class Dedup(msgspec.Struct, frozen=True, tag=True):
    """`dedup a, b`"""

    items: tuple[Node, ...]


Command = Fields | Display | Filter | Stats | Sort | Limit | Parse | Dedup


def malformed(message: str, start: int, end: int) -> AwsError:
    """Return the error of a text that is no query, with the place in it."""
    location = {"startCharOffset": start, "endCharOffset": end}
    members: dict[str, object] = {"queryCompileError": {"location": location, "message": message}}
    error = AwsError("MalformedQueryException", message)
    error.members = members  # type: ignore[assignment]  # nested, as the error's shape is
    return error


SortOrder = Literal["asc", "desc"]
