"""Evaluation of SQL/JSON paths: a node of the path to the items it finds."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lakebed.dialect.json_path import Node

Items = list[Any]


class PathError(Exception):
    """A path does not fit the value: a structural error, a wrong type, a division by zero."""


def _kind(item: Any) -> str:
    if item is None:
        return "NULL"
    if isinstance(item, bool):
        return "BOOLEAN"
    if isinstance(item, str):
        return "STRING"
    if isinstance(item, dict):
        return "OBJECT"
    return "ARRAY" if isinstance(item, list) else "NUMBER"


def _members(item: Any) -> dict[str, Any]:
    return item


def _elements(item: Any) -> list[Any]:
    return item


@dataclass
class Evaluation:
    """One path over one value."""

    is_strict: bool
    context: Any
    parameters: dict[str, Any]
    current: Any = None
    last: int = 0
    identifier: int = 0

    def items(self, node: Node) -> Items:
        """Return what a node finds."""
        return _NODES[node[0]](self, node)

    def unwrapped(self, node: Node) -> Items:
        """Return what a node finds; in lax mode the elements of arrays instead of them."""
        found = self.items(node)
        if self.is_strict:
            return found
        out: Items = []
        for item in found:
            out += item if isinstance(item, list) else [item]
        return out

    def literal(self, node: Node) -> Items:
        """A number."""
        text = str(node[1])
        if text.isdigit():
            return [int(text)]
        return [float(text) if "e" in text.lower() else Decimal(text)]

    def constant(self, node: Node) -> Items:
        """A text or a truth value."""
        return [node[1]]

    def null(self, node: Node) -> Items:
        """The null of JSON."""
        del node
        return [None]

    def whole(self, node: Node) -> Items:
        """$ and @."""
        return [self.context if node[0] == "context" else self.current]

    def last_place(self, node: Node) -> Items:
        """The last place of the array in whose subscript it stands."""
        del node
        return [self.last]

    def parameter(self, node: Node) -> Items:
        """A value that was passed."""
        return [self.parameters[node[1]]]

    def number(self, node: Node) -> Any:
        """Return the single number of an operand."""
        found = self.unwrapped(node)
        if len(found) != 1:
            raise PathError(f"arithmetic binary operand is not singleton: {len(found)}")
        if _kind(found[0]) != "NUMBER":
            message = f"invalid item type. Expected: NUMBER, actual: {_kind(found[0])}"
            raise PathError(message)
        return found[0]

    def binary(self, node: Node) -> Items:
        """Arithmetic of two numbers."""
        return [calculated(node[1], self.number(node[2]), self.number(node[3]))]

    def unary(self, node: Node) -> Items:
        """The sign of numbers."""
        out: Items = []
        for item in self.unwrapped(node[2]):
            if _kind(item) != "NUMBER":
                raise PathError(f"invalid item type. Expected: NUMBER, actual: {_kind(item)}")
            out.append(-item if node[1] == "-" else item)
        return out

    def member(self, node: Node) -> Items:
        """The members of a name."""
        out: Items = []
        for item in self.unwrapped(node[1]):
            if not isinstance(item, dict):
                if self.is_strict:
                    message = f"invalid item type. Expected: OBJECT, actual: {_kind(item)}"
                    raise PathError(message)
            elif node[2] in item:
                out.append(item[node[2]])
            elif self.is_strict:
                raise PathError(f"structural error: missing member '{node[2]}' in JSON object")
        return out

    def members(self, node: Node) -> Items:
        """All members."""
        out: Items = []
        for item in self.unwrapped(node[1]):
            if isinstance(item, dict):
                out += _members(item).values()
            elif self.is_strict:
                raise PathError(f"invalid item type. Expected: OBJECT, actual: {_kind(item)}")
        return out

    def descendant(self, node: Node) -> Items:
        """The members of a name at any depth."""
        out: Items = []

        def visit(item: Any) -> None:
            if isinstance(item, dict):
                values = _members(item)
                if node[2] in values:
                    out.append(values[node[2]])
                for one in values.values():
                    visit(one)
            elif isinstance(item, list):
                for one in _elements(item):
                    visit(one)

        for item in self.items(node[1]):
            visit(item)
        return out

    def arrays(self, node: Node) -> list[Items]:
        """Return the arrays a node finds; in lax mode other values are arrays of one."""
        out: list[Items] = []
        for item in self.items(node):
            if isinstance(item, list):
                out.append(_elements(item))
            elif self.is_strict:
                raise PathError(f"invalid item type. Expected: ARRAY, actual: {_kind(item)}")
            else:
                out.append([item])
        return out

    def elements(self, node: Node) -> Items:
        """All elements."""
        return [item for found in self.arrays(node[1]) for item in found]

    def subscripts(self, node: Node) -> Items:
        """The elements at places."""
        out: Items = []
        for found in self.arrays(node[1]):
            before, self.last = self.last, len(found) - 1
            for first, end in node[2]:
                start = self.place(first)
                stop = start if end is None else self.place(end)
                if self.is_strict and not 0 <= start <= stop < len(found):
                    message = f"structural error: invalid array subscript: [{start}, {stop}]"
                    raise PathError(f"{message} for array of size {len(found)}")
                out += found[max(0, start) : max(0, stop + 1)]
            self.last = before
        return out

    def place(self, node: Node) -> int:
        """Return a place in an array."""
        return math.trunc(self.number(node))

    def filtered(self, node: Node) -> Items:
        """The items that fulfil a condition."""
        out: Items = []
        before = self.current
        for item in self.unwrapped(node[1]):
            self.current = item
            if self.holds(node[2]) is True:
                out.append(item)
        self.current = before
        return out

    def holds(self, node: Node) -> bool | None:
        """Tell whether a condition holds; None is unknown."""
        kind = node[0]
        if kind in ("and", "or"):
            found = [self.holds(node[1]), self.holds(node[2])]
            decided = kind == "or"
            return decided if decided in found else None if None in found else not decided
        if kind == "not":
            inner = self.holds(node[1])
            return None if inner is None else not inner
        if kind == "unknown":
            return self.holds(node[1]) is None
        try:
            if kind == "exists":
                return bool(self.items(node[1]))
            if kind == "starts":
                return self.starts(node)
            return self.compares(node)
        except PathError:
            return None

    def starts(self, node: Node) -> bool | None:
        """Tell whether a text starts with another."""
        prefix = self.items(node[2])[0]
        found = self.unwrapped(node[1])
        if any(not isinstance(item, str) for item in found) or not isinstance(prefix, str):
            return None
        return any(item.startswith(prefix) for item in found)

    def compares(self, node: Node) -> bool | None:
        """Tell whether any pair of items compares so."""
        found = [
            compared(node[1], one, other)
            for one in self.unwrapped(node[2])
            for other in self.unwrapped(node[3])
        ]
        if self.is_strict and None in found:
            return None
        return True if True in found else None if None in found else False

    def method(self, node: Node) -> Items:
        """The result of a method for each item."""
        name = node[1]
        found = self.items(node[2]) if name in ("type", "size") else self.unwrapped(node[2])
        if name == "type":
            return [_kind(item).lower() for item in found]
        if name == "size":
            if self.is_strict and any(not isinstance(item, list) for item in found):
                raise PathError("invalid item type. Expected: ARRAY")
            return [len(_elements(item)) if isinstance(item, list) else 1 for item in found]
        if name == "keyvalue":
            return [pair for item in found for pair in self.pairs(item)]
        return [_measured(name, item) for item in found]

    def pairs(self, item: Any) -> Items:
        """Return the members of an object, each as an object of its own."""
        if not isinstance(item, dict):
            raise PathError(f"invalid item type. Expected: OBJECT, actual: {_kind(item)}")
        values = _members(item)
        mine, self.identifier = self.identifier, self.identifier + 1
        return [{"name": name, "value": one, "id": mine} for name, one in values.items()]


def _measured(name: str, item: Any) -> Any:
    if name == "double" and isinstance(item, str):
        try:
            return float(item)
        except ValueError:
            raise PathError(f"invalid item type: {item}") from None
    if _kind(item) != "NUMBER":
        raise PathError(f"invalid item type. Expected: NUMBER, actual: {_kind(item)}")
    if name == "double":
        return float(item)
    if name == "abs":
        return abs(item)
    if isinstance(item, float):
        return float(math.ceil(item) if name == "ceiling" else math.floor(item))
    return type(item)(math.ceil(item) if name == "ceiling" else math.floor(item))


def calculated(sign: str, one: Any, other: Any) -> Any:
    """Calculate: whole numbers stay whole, a double makes a double."""
    if isinstance(one, float) or isinstance(other, float):
        one, other = float(one), float(other)
    elif isinstance(one, Decimal) or isinstance(other, Decimal):
        one, other = Decimal(one), Decimal(other)
    if sign in "/%" and other == 0:
        raise PathError("division by zero")
    if sign == "+":
        return one + other
    if sign == "-":
        return one - other
    if sign == "*":
        return one * other
    if isinstance(one, int):
        quotient = abs(one) // abs(other) * (1 if (one < 0) == (other < 0) else -1)
        return quotient if sign == "/" else one - quotient * other
    return one / other if sign == "/" else math.fmod(one, other)


def compared(sign: str, one: Any, other: Any) -> bool | None:
    """Compare two items; None where their types cannot be."""
    if one is None or other is None:
        same = one is None and other is None
        return same if sign == "==" else not same if sign == "<>" else None
    kind = _kind(one)
    if kind != _kind(other) or kind in ("ARRAY", "OBJECT"):
        return None
    if sign in ("==", "<>"):
        return (one == other) == (sign == "==")
    if sign in ("<", ">="):
        return (one < other) == (sign == "<")
    return (one > other) == (sign == ">")


_NODES: dict[str, Callable[[Evaluation, Node], Items]] = {
    "literal": Evaluation.literal,
    "string": Evaluation.constant,
    "boolean": Evaluation.constant,
    "null": Evaluation.null,
    "context": Evaluation.whole,
    "current": Evaluation.whole,
    "last": Evaluation.last_place,
    "parameter": Evaluation.parameter,
    "binary": Evaluation.binary,
    "unary": Evaluation.unary,
    "member": Evaluation.member,
    "members": Evaluation.members,
    "descendant": Evaluation.descendant,
    "elements": Evaluation.elements,
    "subscripts": Evaluation.subscripts,
    "filter": Evaluation.filtered,
    "method": Evaluation.method,
}
