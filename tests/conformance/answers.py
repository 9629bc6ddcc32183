"""Trino's answers in the form of its client protocol, compared with what lakebed shows.

An answer is `{"sql", "columns": [[name, type]], "rows"}` or `{"sql", "error", "message"}`; a row
is a JSON list: decimals and times are strings, a varbinary is base64, a map an object, a row a
list (https://trino.io/docs/current/develop/client-protocol.html). lakebed shows a value as Athena
writes it into a result's CSV file.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Sequence
from typing import Any

from lakebed.dialect.types import APPROXIMATE, INSTANT, Type

_NUMBER = re.compile(r"(?<![\w.])-?(?:\d+(?:[.]\d*)?(?:[eE][-+]?\d+)?|NaN|Infinity)(?![\w.])")
_SHOWN_PLACES_MIN = 3


def differs(found: Sequence[str | None], expected: Sequence[Any], kinds: Sequence[Type]) -> bool:
    """Tell whether a row of ours is not Trino's."""
    return not all(same(*one) for one in zip(found, expected, kinds, strict=True))


def same(found: str | None, expected: Any, kind: Type) -> bool:
    """Tell whether a shown value is the one of Trino's answer."""
    if expected is None or found is None:
        return not found and expected is None
    want = shown(expected, kind)
    if "map" in str(kind):
        found, want = _sorted(found), _sorted(want)
    if found == want:
        return True
    relative = tolerance(kind)
    if not relative:
        return False
    ours, theirs = _NUMBER.findall(found), _NUMBER.findall(want)
    if _NUMBER.sub("#", found) != _NUMBER.sub("#", want) or len(ours) != len(theirs):
        return False
    return all(_close(float(one), float(other), relative) for one, other in zip(ours, theirs))  # noqa: B905 - of one length


def tolerance(kind: Type) -> float:
    """Return the relative difference that two values may have: of floating numbers only."""
    if kind.name in APPROXIMATE:
        return 1e-9 if kind.name == "double" else 1e-6
    return max(map(tolerance, kind.inner), default=0.0)


def _close(one: float, other: float, relative: float) -> bool:
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return one == other or math.isclose(one, other, rel_tol=relative, abs_tol=1e-300)


_LEAF = re.compile(r"([\[{])([^\[\]{}]*)([\]}])")
_KEPT = re.compile("\0([0-9]+)\1")


def _sorted(text: str) -> str:
    """Put the entries of every shown map into an order of their own, from the inside."""
    known: list[str] = []

    def whole(part: str) -> str:
        return _KEPT.sub(lambda match: known[int(match.group(1))], part)

    def kept(match: re.Match[str]) -> str:
        opening, inside, closing = match.groups()
        items = list(map(whole, inside.split(", ")))
        known.append(opening + ", ".join(sorted(items) if opening == "{" else items) + closing)
        return f"\0{len(known) - 1}\1"

    while (after := _LEAF.sub(kept, text)) != text:
        text = after
    return whole(text)


def shown(value: Any, kind: Type, inside: bool = False) -> str:
    """Return the text that Athena shows for a value of the client protocol."""
    if value is None:
        return "null"
    if kind.name == "array":
        return f"[{', '.join(shown(item, kind.inner[0], True) for item in value)}]"
    if kind.name == "map":
        pairs = (
            f"{_key(key, kind.inner[0])}={shown(item, kind.inner[1], True)}"
            for key, item in value.items()
        )
        return f"{{{', '.join(pairs)}}}"
    if kind.name == "row":
        named = (name or f"field{at}" for at, name in enumerate(kind.fields))
        members = (shown(item, one, True) for item, one in zip(value, kind.inner, strict=True))
        pairs = (f"{name}={item}" for name, item in zip(named, members, strict=True))
        return f"{{{', '.join(pairs)}}}"
    return _simple(value, kind, inside)


def _key(text: str, kind: Type) -> str:
    """Show a key of a map, which is a text whatever its type."""
    if kind.name == "varbinary":
        return _simple(text, kind, True)
    parts = text[1:-1].split(", ") if text != "[]" else []
    if kind.name == "array" and kind.inner[0].name == "varbinary":
        return f"[{', '.join(_key(part, kind.inner[0]) for part in parts)}]"
    if kind.name == "row" and len(parts) == len(kind.inner):
        return shown([_key(*one) for one in zip(parts, kind.inner, strict=True)], kind)
    return text


def _simple(value: Any, kind: Type, inside: bool) -> str:
    if kind.name == "boolean":
        return str(value).lower()
    if kind.name == "varbinary":
        return " ".join(f"{byte:02x}" for byte in base64.b64decode(value))
    if kind.name in ("timestamp", INSTANT) and not inside:
        return _padded(str(value), kind.numbers[0])
    return str(value)


def _padded(text: str, places: int) -> str:
    if places >= _SHOWN_PLACES_MIN:
        return text
    day, clock, *zone = text.split(" ")
    head, _, fraction = clock.partition(".")
    return " ".join([day, f"{head}.{fraction.ljust(_SHOWN_PLACES_MIN, '0')}", *zone])


def mismatch(
    found: Sequence[Sequence[str | None]],
    expected: Sequence[Sequence[Any]],
    kinds: Sequence[Type],
    ordered: bool,
) -> str:
    """Say how the rows differ; an empty text where they do not."""
    if len(found) != len(expected):
        return f"{len(found)} rows, not {len(expected)}"
    if ordered:
        wrong = (
            f"{one}, not {other}"
            for one, other in zip(found, expected, strict=True)
            if differs(one, other, kinds)
        )
        return next(wrong, "")
    rest = list(expected)
    for row in found:
        at = next((at for at, one in enumerate(rest) if not differs(row, one, kinds)), None)
        if at is None:
            return f"row {list(row)}, not {rest[:2]}"
        del rest[at]
    return ""
