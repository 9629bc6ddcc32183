"""The order in which partitions are kept, so that a filter on them reads a few rows and not all.

A partition's sort key is the texts of its values one after the other, each in a form whose order
as text is the order of what it means: a text as it is, a number by its sign, magnitude and digits.
So `year = 2024 and month > 9` is a range of sort keys. Values that mean the same number (`1`, `01`)
stay apart by what follows the last of them.

An *interval* is a pair `(low, high)` of sort-key parts, `low` inclusive, `high` exclusive. Those
of a predicate may hold more than what satisfies it, never less: every row found is tested again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

Interval = tuple[str, str]

TEXT, NUMBER = "t", "n"
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
"""How Hive writes a NULL as a partition's value."""

_INTEGERS = frozenset(("tinyint", "smallint", "int", "integer", "bigint", "long"))
_END, _PAST_END = "\x01", "\x02"
_LAST = "\U0010ffff"
_ESCAPED = {"\x00": "\x02\x10", "\x01": "\x02\x11", "\x02": "\x02\x12"}
_ESCAPES = str.maketrans(_ESCAPED)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_PLAIN = re.compile(r"0|-?[1-9]\d*|-?(?:0|[1-9]\d*)\.\d*[1-9]", re.ASCII)
"""The one way of writing a number that needs no mention beside it."""
_DIGITS_MAX = 400
_NO_NUMBER = "9"
_COMPLEMENT = str.maketrans("0123456789", "9876543210")


def type_name(text: str) -> str:
    """Return a Hive type's name without its parameters: `decimal` of `decimal(10,2)`."""
    return text.partition("(")[0].strip().lower()


def is_number(type_text: str) -> bool:
    """Tell whether values of a type are compared as numbers."""
    name = type_name(type_text)
    return name in _INTEGERS or name == "decimal"


def is_integer(type_text: str) -> bool:
    """Tell whether a type holds whole numbers only."""
    return type_name(type_text) in _INTEGERS


def order_of(keys: Sequence[Mapping[str, Any]]) -> str:
    """Return how a table's partitions are ordered: a letter for each partition key."""
    return "".join(NUMBER if is_number(key.get("Type", "string")) else TEXT for key in keys)


def number_of(text: str) -> Decimal | None:
    """Return the number that a partition's value means, or None if it means none."""
    if len(text) > _DIGITS_MAX or not _NUMBER.fullmatch(text):
        return None
    return Decimal(text)


def sort_key(values: Sequence[str], order: str) -> str:
    """Return the sort key of values; with an empty `order` as the first release wrote it."""
    if not order:
        return "/".join(quote(value, safe=" -_.:+") for value in values)
    parts: list[str] = []
    rest = ""
    for position, (value, kind) in enumerate(zip(values, order, strict=True)):
        if kind == TEXT:
            parts.append(value.translate(_ESCAPES) + _END)
            continue
        number = number_of(value)
        if number is None:
            parts.append(_NO_NUMBER + value.translate(_ESCAPES) + _END)
            continue
        parts.append(_number_part(number) + _END)
        if not _PLAIN.fullmatch(value):
            rest += f"{position}={value}{_END}"
    return "".join(parts) + rest


def _number_part(number: Decimal) -> str:
    sign, digits, exponent = number.as_tuple()
    figures = "".join(map(str, digits)).lstrip("0")
    if not figures:
        return "1"
    magnitude = len(figures) + int(exponent) + 4000
    figures = figures.rstrip("0")
    if not sign:
        return f"2{magnitude:04}{figures}"
    return f"0{9999 - magnitude:04}{figures.translate(_COMPLEMENT)}~"


def part(value: str | Decimal) -> str:
    """Return what stands for a text or a number in a sort key, without its end."""
    return value.translate(_ESCAPES) if isinstance(value, str) else _number_part(value)


def equal(value: str | Decimal) -> Interval:
    """Return the interval of what equals a value."""
    text = part(value)
    return text + _END, text + _PAST_END


def less(value: str | Decimal) -> Interval:
    """Return the interval of what is less than a value or equals it."""
    return "", part(value) + _PAST_END


def greater(value: str | Decimal) -> Interval:
    """Return the interval of what is greater than a value or equals it."""
    high = _LAST if isinstance(value, str) else _NO_NUMBER
    return part(value) + _END, high


def beginning(prefix: str) -> Interval:
    """Return the interval of the texts that begin with a prefix."""
    text = part(prefix)
    return text, text + _LAST


def null(kind: str) -> Interval:
    """Return the interval of the values that mean NULL."""
    if kind == TEXT:
        return equal(NULL_PARTITION)
    return _NO_NUMBER + NULL_PARTITION + _END, _NO_NUMBER + NULL_PARTITION + _PAST_END


def is_point(interval: Interval) -> bool:
    """Tell whether an interval holds one value only, so that the next key narrows it further."""
    low, high = interval
    return low[-1:] == _END and high == low[:-1] + _PAST_END


def union(left: Sequence[Interval], right: Sequence[Interval]) -> list[Interval]:
    """Return what lies in either, as disjoint intervals in order."""
    found: list[Interval] = []
    for low, high in sorted((*left, *right)):
        if found and low <= found[-1][1] and not (is_point(found[-1]) and found[-1][1] == low):
            found[-1] = (found[-1][0], max(found[-1][1], high))
        elif low < high:
            found.append((low, high))
    return found


def intersection(left: Sequence[Interval], right: Sequence[Interval]) -> list[Interval]:
    """Return what lies in both, as disjoint intervals in order."""
    both = ((max(a[0], b[0]), min(a[1], b[1])) for a in left for b in right)
    return union([one for one in both if one[0] < one[1]], ())


def after_prefix(prefix: str) -> str:
    """Return the end of the sort keys that begin with a prefix, which is whole parts."""
    return prefix[:-1] + _PAST_END if prefix else _LAST


def longer_prefix(key: str, prefix: str) -> str:
    """Return the part of a sort key that is a prefix and the part that follows it."""
    return key[: key.index(_END, len(prefix)) + 1]
