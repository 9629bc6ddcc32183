"""What an expression over partition keys becomes: tests of values, and intervals of sort keys."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Protocol

from lakebed.core.errors import AwsError
from lakebed.services.glue import _sort_keys as order

Values = Sequence[str]
Scalar = str | Decimal
Test = Callable[[Values], bool]
Intervals = list[order.Interval]
Expand = Callable[[Sequence[str], int], list[str] | None]
"""Returns sort keys' beginnings, each one part longer; None if there are more than so many."""

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
PREFIXES_MAX = 256
"""So many combinations of values of leading keys are looked up; more are a range."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIMESTAMP = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}(?::\d{2})?)(\.\d{1,9})?)?", re.ASCII
)


class Key:
    """A partition key that an expression names: its position, its type, how its values compare."""

    __slots__ = ("is_integer", "is_number", "position", "type", "type_name")

    def __init__(self, position: int, type_text: str) -> None:
        self.position = position
        self.type = type_text
        self.type_name = order.type_name(type_text)
        self.is_number = order.is_number(type_text)
        self.is_integer = order.is_integer(type_text)

    def read(self) -> Callable[[Values], Scalar | None]:
        """Return what takes this key's value from a partition's: None if it is NULL.

        A text that is no number under a key of numbers counts as NULL.
        """
        position = self.position
        if self.is_number:
            return lambda values: order.number_of(values[position])
        if self.type_name == "timestamp":
            return lambda values: _timestamp(values[position])
        # Trino asks for NULL by the text that stands for it.
        return lambda values: values[position]


Operand = Key | str


class Predicate(Protocol):
    """One condition: `test()` compiles it, `intervals(position, kind)` says where to look.

    `intervals` are those of one key's parts of the sort key, None if every value may satisfy it.
    """

    def test(self) -> Test:
        """Return what tells whether a partition's values satisfy it."""
        ...

    def intervals(self, position: int, kind: str) -> Intervals | None:
        """Return where the values of the key at a position lie, None for anywhere."""
        ...


def typed(key: Key, literal: str) -> Scalar:
    """Return a literal as the key's values are compared; InvalidInputException for a misfit."""
    value: Scalar | None = literal
    article = "a"
    if key.is_number:
        value = order.number_of(literal)
        if key.is_integer:
            article = "an"
            if value is not None and value != value.to_integral_value():
                value = None
    elif key.type_name == "date":
        value = literal if _DATE.fullmatch(literal) else None
    elif key.type_name == "timestamp":
        value = _timestamp(literal)
    if value is None:
        name = "integer" if key.is_integer else key.type_name
        shown = f'"{literal}"' if key.is_integer else literal
        raise AwsError("InvalidInputException", f"{shown} is not {article} {name}")
    return value


def _timestamp(text: str) -> str | None:
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return None
    day, time, fraction = match.groups()
    time = time or "00:00:00"
    return f"{day} {time if len(time) == 8 else time + ':00'}{(fraction or '').rstrip('0.')}"


def _is_ordered(key: Key, position: int, kind: str) -> bool:
    """Tell whether the sort key orders this key's values as they compare."""
    return key.position == position and key.is_number == (kind == order.NUMBER)


class Comparison:
    """A key against a literal."""

    def __init__(self, key: Key, sign: str, value: Scalar) -> None:
        self._key, self._sign, self._value = key, sign, value

    def test(self) -> Test:
        """Return what tells whether a partition's values satisfy it."""
        read, compare, right = self._key.read(), OPERATORS[self._sign], self._value

        def test(values: Values) -> bool:
            left = read(values)
            return left is not None and compare(left, right)

        return test

    def intervals(self, position: int, kind: str) -> Intervals | None:
        """Return where the values of the key at a position lie, None for anywhere."""
        if not _is_ordered(self._key, position, kind) or self._sign == "<>":
            return None
        value = self._value
        if self._key.type_name == "timestamp":
            return self._days(str(value)[:10])
        if self._sign == "=":
            return [order.equal(value)]
        return [order.less(value) if self._sign[0] == "<" else order.greater(value)]

    def _days(self, day: str) -> Intervals:
        # The same moment is written in several ways, all of which begin with the day.
        low, high = order.beginning(day)
        if self._sign == "=":
            return [(low, high)]
        return [("", high)] if self._sign[0] == "<" else [(low, order.greater(day)[1])]


class KeyComparison:
    """A key against another key."""

    def __init__(self, left: Key, sign: str, right: Key) -> None:
        self._left, self._sign, self._right = left, sign, right

    def test(self) -> Test:
        """Return what tells whether a partition's values satisfy it."""
        compare = OPERATORS[self._sign]
        read_left, read_right = self._left.read(), self._right.read()

        def test(values: Values) -> bool:
            left, right = read_left(values), read_right(values)
            if left is None or right is None:
                return False
            if type(left) is not type(right):
                left, right = str(left), str(right)
            return compare(left, right)

        return test

    def intervals(self, position: int, kind: str) -> Intervals | None:
        """Return None: any value of one key may have its partner in the other."""
        del position, kind
        return None


class Member:
    """A key against a list of literals."""

    def __init__(self, key: Key, wanted: frozenset[Scalar], *, is_negated: bool) -> None:
        self._key, self._wanted, self._is_negated = key, wanted, is_negated

    def test(self) -> Test:
        """Return what tells whether a partition's values satisfy it."""
        read, wanted, is_negated = self._key.read(), self._wanted, self._is_negated

        def test(values: Values) -> bool:
            left = read(values)
            return left is not None and (left in wanted) != is_negated

        return test

    def intervals(self, position: int, kind: str) -> Intervals | None:
        """Return where the values of the key at a position lie, None for anywhere."""
        if self._is_negated:
            return None
        parts: list[Predicate] = [Comparison(self._key, "=", value) for value in self._wanted]
        return Or(parts).intervals(position, kind)


class Like:
    """A key of texts against a pattern of `%` and `_`."""

    def __init__(self, key: Key, pattern: str, *, is_negated: bool) -> None:
        self._key, self._pattern, self._is_negated = key, pattern, is_negated

    def test(self) -> Test:
        """Return what tells whether a partition's values satisfy it."""
        known = {"%": ".*", "_": "."}
        # Stars in a row mean one, and would make the matching of a long value slow.
        text = re.sub("%+", "%", self._pattern)
        pattern = re.compile("".join(known.get(c) or re.escape(c) for c in text), re.DOTALL)
        position, is_negated = self._key.position, self._is_negated
        return lambda values: (pattern.fullmatch(values[position]) is not None) != is_negated

    def intervals(self, position: int, kind: str) -> Intervals | None:
        """Return where the values of the key at a position lie, None for anywhere."""
        prefix = re.split("[%_]", self._pattern, maxsplit=1)[0]
        if self._is_negated or not prefix or not _is_ordered(self._key, position, kind):
            return None
        return [order.equal(prefix) if prefix == self._pattern else order.beginning(prefix)]


class Null:
    """Whether a key is NULL."""

    def __init__(self, key: Key, *, is_negated: bool) -> None:
        self._key, self._is_negated = key, is_negated

    def test(self) -> Test:
        """Return what tells whether a partition's values satisfy it."""
        position, is_negated = self._key.position, self._is_negated
        return lambda values: (values[position] == order.NULL_PARTITION) != is_negated

    def intervals(self, position: int, kind: str) -> Intervals | None:
        """Return where the values of the key at a position lie, None for anywhere."""
        if self._is_negated or self._key.position != position:
            return None
        return [order.null(kind)]


class And:
    """All of several conditions."""

    def __init__(self, parts: Sequence[Predicate]) -> None:
        self._parts = parts

    def test(self) -> Test:
        """Return what tells whether a partition's values satisfy it."""
        tests = [part.test() for part in self._parts]
        if len(tests) == 2:
            first, second = tests
            return lambda values: first(values) and second(values)
        return lambda values: all(test(values) for test in tests)

    def intervals(self, position: int, kind: str) -> Intervals | None:
        """Return where the values of the key at a position lie, None for anywhere."""
        found: Intervals | None = None
        for part in self._parts:
            one = part.intervals(position, kind)
            if one is not None:
                found = one if found is None else order.intersection(found, one)
        return found


class Or:
    """At least one of several conditions."""

    def __init__(self, parts: Sequence[Predicate]) -> None:
        self._parts = parts

    def test(self) -> Test:
        """Return what tells whether a partition's values satisfy it."""
        tests = [part.test() for part in self._parts]
        return lambda values: any(test(values) for test in tests)

    def intervals(self, position: int, kind: str) -> Intervals | None:
        """Return where the values of the key at a position lie, None for anywhere."""
        found: Intervals = []
        for part in self._parts:
            one = part.intervals(position, kind)
            if one is None:
                return None
            found += one
        return order.union(found, ())


def ranges(predicate: Predicate | None, kinds: str, expand: Expand | None = None) -> Intervals:
    """Return where in the order of sort keys the partitions that satisfy a predicate lie.

    `kinds` is the table's order (a letter a key); without one, everything is one range. `expand`
    tells which values a key has, for conditions on keys that come after it.
    """
    prefixes = [""]
    if predicate is None:
        return _whole(prefixes)
    every = [predicate.intervals(position, kind) for position, kind in enumerate(kinds)]
    for position, found in enumerate(every):
        if found is None:
            if expand is None or all(one is None for one in every[position:]):
                break
            expanded = expand(prefixes, PREFIXES_MAX)
            if expanded is None:
                break
            prefixes = expanded
            continue
        if len(found) * len(prefixes) > PREFIXES_MAX:
            if prefixes == [""]:
                return [(found[0][0], found[-1][1])]
            break
        if not all(map(order.is_point, found)):
            return [(prefix + low, prefix + high) for prefix in prefixes for low, high in found]
        prefixes = [prefix + low for prefix in prefixes for low, _ in found]
    return _whole(prefixes)


def _whole(prefixes: Sequence[str]) -> Intervals:
    return [(prefix, order.after_prefix(prefix)) for prefix in prefixes]
