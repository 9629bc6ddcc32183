"""What a leaf of an event pattern may be: a value, or a filter such as `{"prefix": "a"}`. Pure.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, cast

_NUMERIC_MAX = Decimal(5_000_000_000)
"""Numbers that are compared, up to six digits past the point."""


class PatternError(Exception):
    """A pattern that is none; the message is the reason, in AWS's words where they are known."""


class Number:
    """A number as it is written: 300 and 300.0 are not the same to EventBridge."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        """Tell whether another is written the same."""
        return isinstance(other, Number) and self.text == other.text

    def __hash__(self) -> int:
        """Return what equal numbers have in common."""
        return hash(self.text)

    def __repr__(self) -> str:
        """Return the number as it is written."""
        return self.text

    @property
    def value(self) -> Decimal:
        """The number."""
        return Decimal(self.text)


Test = Callable[[Any], bool]
"""Whether a value that an event has fits."""


def absence(given: Any) -> bool:
    """Tell whether a leaf asks for the field not to be there."""
    return given == {"exists": False}


def test_of(given: Any) -> Test:
    """Return the test of a value or filter; PatternError, with the reason, for neither."""
    if isinstance(given, list):
        raise PatternError("Match value must be String, number, true, false, or null")
    if not isinstance(given, dict):
        return _equal(given)
    filters = cast("dict[str, Any]", given)
    if len(filters) != 1:
        raise PatternError("Only one key allowed in match expression")
    [(kind, value)] = filters.items()
    if kind not in _FILTERS:
        raise PatternError(f"Unrecognized match type {kind}")
    return _FILTERS[kind](value)


def _equal(wanted: Any) -> Test:
    # True is no 1, and "1" neither.
    return lambda leaf: type(leaf) is type(wanted) and leaf == wanted


def _folded(kind: str, value: Any, fits: Callable[[str, str], bool]) -> Test:
    """Return the test of a text's beginning or end, which may be asked for in any case."""
    if isinstance(value, dict):
        inner = cast("dict[str, Any]", value)
        if list(inner) != ["equals-ignore-case"] or not isinstance(
            inner["equals-ignore-case"], str
        ):
            raise PatternError(f"{kind} match pattern must be a string")
        wanted = inner["equals-ignore-case"].casefold()
        return lambda leaf: isinstance(leaf, str) and fits(leaf.casefold(), wanted)
    if not isinstance(value, str):
        raise PatternError(f"{kind} match pattern must be a string")
    return lambda leaf: isinstance(leaf, str) and fits(leaf, value)


def _prefix(value: Any) -> Test:
    return _folded("prefix", value, str.startswith)


def _suffix(value: Any) -> Test:
    return _folded("suffix", value, str.endswith)


def _ignoring_case(value: Any) -> Test:
    if not isinstance(value, str):
        raise PatternError("equals-ignore-case match pattern must be a string")
    wanted = value.casefold()
    return lambda leaf: isinstance(leaf, str) and leaf.casefold() == wanted


def _exists(value: Any) -> Test:
    if not isinstance(value, bool):
        raise PatternError("exists match pattern must be either true or false.")
    # What asks for absence is no test: see `absence`.
    return lambda _: True


def _wildcard(value: Any) -> Test:
    if not isinstance(value, str):
        raise PatternError("wildcard match pattern must be a string")
    parts = _parts(value)
    return lambda leaf: isinstance(leaf, str) and _fits_parts(leaf, parts)


def _parts(pattern: str) -> list[str]:
    """Return the texts between the stars of a pattern; `\\*` is a star, `\\\\` a backslash."""
    parts, at, is_star = [""], 0, False
    while at < len(pattern):
        letter = pattern[at]
        if letter == "*":
            if is_star:
                raise PatternError(f"Consecutive wildcard characters at pos {at - 1}")
            parts.append("")
        elif letter == "\\":
            at += 1
            if at == len(pattern) or pattern[at] not in "*\\":
                raise PatternError(f"Invalid escape character at pos {at - 1}")
            parts[-1] += pattern[at]
        else:
            parts[-1] += letter
        is_star = letter == "*"
        at += 1
    return parts


def _fits_parts(text: str, parts: Sequence[str]) -> bool:
    """Tell whether a text is parts with anything between them; in one pass, however many."""
    if len(parts) == 1:
        return text == parts[0]
    first, *middle, last = parts
    if len(text) < len(first) + len(last) or not text.startswith(first):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return text.endswith(last)


def _cidr(value: Any) -> Test:
    if not isinstance(value, str):
        raise PatternError("prefix match pattern must be a string")
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise PatternError(f"Malformed CIDR, one '/' required: {value}") from None

    def fits(leaf: Any) -> bool:
        try:
            return isinstance(leaf, str) and ipaddress.ip_address(leaf) in network
        except ValueError:
            return False

    return fits


_COMPARISONS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "=": lambda one, other: one == other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


def _numeric(value: Any) -> Test:
    if not isinstance(value, list):
        raise PatternError("Value of numeric must be an array.")
    given = cast("list[Any]", value)
    if len(given) not in (2, 4):
        many = len(given) > 4
        raise PatternError(
            "Too many elements in numeric expression" if many
            else "Invalid member in numeric match: it takes an operator and a number, or two"
        )  # fmt: skip
    bounds = [_bound(*given[at : at + 2]) for at in range(0, len(given), 2)]
    if len(bounds) == 2:
        _check_range(bounds)

    def fits(leaf: Any) -> bool:
        if not isinstance(leaf, Number):
            return False
        found = leaf.value
        return all(_COMPARISONS[name](found, bound) for name, bound in bounds)

    return fits


def _bound(name: Any, number: Any) -> tuple[str, Decimal]:
    if not isinstance(name, str):
        raise PatternError(f"Invalid member in numeric match: {name}")
    if name not in _COMPARISONS:
        raise PatternError(f"Unrecognized numeric range operator: {name}")
    if not isinstance(number, Number):
        what = "equals" if name == "=" else name
        raise PatternError(f"Value of {what} must be numeric")
    try:
        found = number.value
    except InvalidOperation:
        raise PatternError(f"Value of {name} must be numeric") from None
    if abs(found) > _NUMERIC_MAX:
        raise PatternError("Value must be between -5.0E9 and 5.0E9, inclusive")
    return name, found


def _check_range(bounds: Sequence[tuple[str, Decimal]]) -> None:
    (low, bottom), (high, top) = bounds
    if not (low.startswith(">") and high.startswith("<")):
        raise PatternError("Too many terms in numeric range expression")
    if bottom >= top:
        raise PatternError("Bottom must be less than top")


def _anything_but(value: Any) -> Test:
    if isinstance(value, dict):
        return _nothing_like(cast("dict[str, Any]", value))
    given = cast("list[Any]", value if isinstance(value, list) else [value])
    if not given:
        raise PatternError("Empty arrays are not allowed")
    kinds: set[type] = {type(one) for one in given}
    if not kinds <= {str, Number}:
        raise PatternError("Value of anything-but must be an array or single string/number value.")
    if len(kinds) > 1:
        raise PatternError(
            "Inside anything but list, either all values are number or string, "
            "mixed type is not supported"
        )
    unwanted = [_equal(one) for one in given]
    return lambda leaf: not any(test(leaf) for test in unwanted)


def _nothing_like(given: Mapping[str, Any]) -> Test:
    """Return the test of anything but a prefix, suffix, … or any of several."""
    if len(given) != 1:
        raise PatternError("Only one key allowed in match expression")
    [(kind, value)] = given.items()
    if kind not in _NEGATED:
        raise PatternError(f"Unsupported anything-but pattern: {kind}")
    values = cast("list[Any]", value if isinstance(value, list) else [value])
    if not values or not all(isinstance(one, str) for one in values):
        raise PatternError(f"{kind} match pattern must be a string")
    if kind in ("prefix", "suffix") and "" in values:
        raise PatternError("Null prefix/suffix not allowed")
    unwanted = [_FILTERS[kind](one) for one in values]
    return lambda leaf: not any(test(leaf) for test in unwanted)


_NEGATED = ("prefix", "suffix", "equals-ignore-case", "wildcard")
_FILTERS: Mapping[str, Callable[[Any], Test]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _ignoring_case,
    "exists": _exists,
    "wildcard": _wildcard,
    "cidr": _cidr,
    "numeric": _numeric,
    "anything-but": _anything_but,
}
