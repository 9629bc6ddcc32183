"""What a leaf of an event pattern may be: a value, or a filter such as `{"prefix": "a"}`. Pure.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
What is checked, in which order and with which words is as AWS's library event-ruler has it.
https://github.com/aws/event-ruler
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, cast

_NUMERIC_MAX = Decimal(5_000_000_000)
"""Numbers that are compared, up to six digits past the point."""
_STARS_MAX = 5
"""A pattern of six stars is too complex to EventBridge; where it draws the line is not public."""


class PatternError(Exception):
    """A pattern that is none; the message is the reason, in AWS's words where they are known."""


class Number:
    """A number of JSON: 300, 300.0 and 3e2 are the same.

    EventBridge's guide says they are not; EventBridge, and the library it publishes, that they are.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        """Tell whether another is the same number."""
        if not isinstance(other, Number):
            return False
        return self.text == other.text or self.value == other.value

    def __hash__(self) -> int:
        """Return what equal numbers have in common."""
        return hash(self.value)

    def __repr__(self) -> str:
        """Return the number as it is written."""
        return self.text

    @property
    def value(self) -> Decimal:
        """The number; one with too large an exponent is none."""
        try:
            return Decimal(self.text)
        except InvalidOperation:
            return Decimal("NaN")


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
    if not filters:
        raise PatternError("Match expression name not found")
    kind = next(iter(filters))
    if kind not in _FILTERS:
        raise PatternError(f"Unrecognized match type {kind}")
    test = _FILTERS[kind](filters[kind])
    if len(filters) > 1:
        raise PatternError("Only one key allowed in match expression")
    return test


def _equal(wanted: Any) -> Test:
    # True is no 1, and "1" neither.
    return lambda leaf: type(leaf) is type(wanted) and leaf == wanted


def _folded(kind: str, value: Any, fits: Callable[[str, str], bool]) -> Test:
    """Return the test of a text's beginning or end, which may be asked for in any case."""
    if isinstance(value, dict):
        inner = cast("dict[str, Any]", value)
        named = next(iter(inner), "")
        if named != "equals-ignore-case":
            raise PatternError(f"Unsupported {kind} pattern: {named}")
        if not isinstance(inner[named], str):
            raise PatternError("equals-ignore-case match pattern must be a string")
        if len(inner) > 1:
            raise PatternError("Only one key allowed in match expression")
        wanted = inner[named].casefold()
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
    if len(parts) > _STARS_MAX + 1:
        raise PatternError(
            "Rule is too complex - try using fewer wildcard characters or fewer repeating "
            "character sequences after a wildcard character"
        )
    return lambda leaf: isinstance(leaf, str) and _fits_parts(leaf, parts)


def _parts(pattern: str) -> list[str]:
    """Return the texts between the stars of a pattern; `\\*` is a star, `\\\\` a backslash."""
    parts, at, is_star = [""], 0, False
    while at < len(pattern):
        letter = pattern[at]
        if letter == "*":
            if is_star:
                place = _place(pattern, at - 1)
                raise PatternError(f"Consecutive wildcard characters at pos {place}")
            parts.append("")
        elif letter == "\\":
            at += 1
            if at == len(pattern) or pattern[at] not in "*\\":
                raise PatternError(f"Invalid escape character at pos {_place(pattern, at - 1)}")
            parts[-1] += pattern[at]
        else:
            parts[-1] += letter
        is_star = letter == "*"
        at += 1
    return parts


def _place(pattern: str, at: int) -> int:
    """Return what EventBridge calls a place: in bytes, after the quote."""
    return 1 + len(pattern[:at].encode())


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
    network = _network(value)

    def fits(leaf: Any) -> bool:
        try:
            return isinstance(leaf, str) and ipaddress.ip_address(leaf) in network
        except ValueError:
            return False

    return fits


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    place, slash, bits = text.partition("/")
    if not slash or "/" in bits:
        raise PatternError("Malformed CIDR, one '/' required")
    if not re.fullmatch(r"[+-]?[0-9]+", bits):
        raise PatternError("Malformed CIDR, mask bits must be an integer")
    if int(bits) < 0:
        raise PatternError("Malformed CIDR, mask bits must not be negative")
    try:
        address = ipaddress.ip_address(place)
    except ValueError:
        raise PatternError(f"Nonstandard IP address: {place}") from None
    if int(bits) >= address.max_prefixlen:
        kind = f"IPv{address.version}"
        raise PatternError(f"{kind} mask bits must be < {address.max_prefixlen}")
    return ipaddress.ip_network((place, int(bits)), strict=False)


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
    if not given or not isinstance(given[0], str):
        raise PatternError(f"Invalid member in numeric match: {given[0] if given else ']'}")
    bounds = [_bound(given, 0)]
    if len(given) > 2:
        bounds.append(_upper_bound(given))
        if bounds[0][1] >= bounds[1][1]:
            raise PatternError("Bottom must be less than top")

    def fits(leaf: Any) -> bool:
        if not isinstance(leaf, Number):
            return False
        found = leaf.value
        return not found.is_nan() and all(
            _COMPARISONS[name](found, bound) for name, bound in bounds
        )

    return fits


def _bound(given: Sequence[Any], at: int) -> tuple[str, Decimal]:
    """Return the operator at a place, and the number behind it."""
    name, number = given[at], given[at + 1] if at + 1 < len(given) else None
    if name not in _COMPARISONS:
        raise PatternError(f"Unrecognized numeric range operator: {name}")
    if not isinstance(number, Number):
        what = "equals" if name == "=" else name
        raise PatternError(f"Value of {what} must be numeric")
    if number.value.is_nan() or number.value.copy_abs() > _NUMERIC_MAX:
        raise PatternError("Value must be between -5.0E9 and 5.0E9, inclusive")
    return name, number.value


def _upper_bound(given: Sequence[Any]) -> tuple[str, Decimal]:
    """Return what comes behind a lower bound."""
    if not given[0].startswith(">"):
        raise PatternError("Too many elements in numeric expression")
    if not isinstance(given[2], str):
        raise PatternError(f"Bad value in numeric range: {given[2]}")
    if given[2] not in ("<", "<="):
        raise PatternError(f"Bad numeric range operator: {given[2]}")
    bound = _bound(given, 2)
    if len(given) > 4:
        raise PatternError("Too many terms in numeric range expression")
    return bound


def _anything_but(value: Any) -> Test:
    if isinstance(value, dict):
        return _nothing_like(cast("dict[str, Any]", value))
    if not isinstance(value, (str, Number, list)):
        raise PatternError(_NO_VALUE)
    given = cast("list[Any]", value if isinstance(value, list) else [value])
    kinds: set[type] = {type(one) for one in given}
    if not kinds <= {str, Number}:
        raise PatternError("Inside anything but list, start|null|boolean is not supported.")
    if len(kinds) != 1:
        raise PatternError(
            "Inside anything but list, either all values are number or string, "
            "mixed type is not supported"
        )
    unwanted = [_equal(one) for one in given]
    return lambda leaf: not any(test(leaf) for test in unwanted)


def _nothing_like(given: Mapping[str, Any]) -> Test:
    """Return the test of anything but a prefix, suffix, … or any of several."""
    if not given:
        raise PatternError("Anything-But expression name not found")
    kind = next(iter(given))
    if kind not in _NEGATED:
        raise PatternError(f"Unsupported anything-but pattern: {kind}")
    if not isinstance(given[kind], (str, Number, list)):
        raise PatternError(_NO_VALUE)
    values = cast("list[Any]", given[kind] if isinstance(given[kind], list) else [given[kind]])
    if not values or not all(isinstance(one, str) for one in values):
        raise PatternError(_NEGATED[kind])
    if kind in ("prefix", "suffix") and "" in values:
        raise PatternError("Null prefix/suffix not allowed")
    if len(given) > 1:
        # That it is no numeric expression, EventBridge does not mind.
        raise PatternError("Too many elements in numeric expression")
    unwanted = [_FILTERS[kind](one) for one in values]
    return lambda leaf: not any(test(leaf) for test in unwanted)


_NO_VALUE = "Value of anything-but must be an array or single string/number value."
_NEGATED: Mapping[str, str] = {
    "prefix": "prefix/suffix match pattern must be a string",
    "suffix": "prefix/suffix match pattern must be a string",
    "equals-ignore-case": "Inside anything-but/equals-ignore-case list, "
    "number|start|null|boolean is not supported.",
    "wildcard": "wildcard match pattern must be a string",
}
"""What may be negated, and what is said of a value that is no text."""
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
