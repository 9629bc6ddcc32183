"""Metric math: sums, differences, products, quotients and powers of series and numbers. Pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Set

from lakebed.core.errors import NotBuiltError
from lakebed.core.metric_limits import METRIC_EXPRESSION_DEPTH_MAX
from lakebed.services.cloudwatch.model import validation

Series = Mapping[int, float]
Value = Series | float

_TOKEN = re.compile(
    r"\s*(?:(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|([a-z][a-zA-Z0-9_]*)|([-+*/^()]))"
)
Operator = Callable[[float, float], float]

_LEVELS: tuple[Mapping[str, Operator], ...] = (
    {"+": lambda one, other: one + other, "-": lambda one, other: one - other},
    {"*": lambda one, other: one * other, "/": lambda one, other: one / other},
)
"""Operators from the loosest to the tightest; powers and signs bind tighter."""


class _DroppedError(Exception):
    """A value that is no number."""


class Expression:
    """One expression of a GetMetricData: what it names, and its value."""

    def __init__(self, identifier: str, text: str) -> None:
        self._id = identifier
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0
        self._of: Callable[[str], Value] = lambda _: 0.0
        self.has_dropped = False
        self.names = {token for token in self._tokens if token[0].isalpha()}

    def value(self, of: Callable[[str], Value]) -> Series:
        """Return the series that an expression is, of the values of what it names."""
        self._of, self._at, self.has_dropped = of, 0, False
        found = self._sum(0)
        if self._at != len(self._tokens):
            raise self._wrong(f"unexpected {self._tokens[self._at]}")
        if not isinstance(found, Mapping):
            raise self._wrong("the result is a number, not a time series")
        return found

    def _wrong(self, why: str) -> Exception:
        return validation(f"Error in expression '{self._id}': {why}")

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._next()
        self._at += 1
        return token

    def _sum(self, level: int) -> Value:
        """Return the value of operands with the operators of a level between them."""
        if level == len(_LEVELS):
            return self._signed()
        found = self._sum(level + 1)
        while self._next() in _LEVELS[level]:
            apply = _LEVELS[level][self._take()]
            found = self._applied(apply, found, self._sum(level + 1))
        return found

    def _signed(self) -> Value:
        self._depth += 1
        if self._depth > METRIC_EXPRESSION_DEPTH_MAX:
            raise self._wrong("it is nested too deeply")
        sign = self._take() if self._next() in ("-", "+") else ""
        if sign:
            found = self._signed()
            if sign == "-":
                found = self._applied(_LEVELS[1]["*"], -1.0, found)
        else:
            found = self._power()
        self._depth -= 1
        return found

    def _power(self) -> Value:
        base = self._operand()
        if self._next() != "^":
            return base
        self._take()
        return self._applied(math.pow, base, self._signed())

    def _operand(self) -> Value:
        token = self._take()
        if token == "(":
            found = self._sum(0)
            if self._take() != ")":
                raise self._wrong("a parenthesis is not closed")
            return found
        if token[:1].isalpha():
            return self._of(token)
        if not token or not (token[0].isdecimal() or token[0] == "."):
            raise self._wrong(f"unexpected {token or 'end'}")
        return float(token)

    def _applied(self, apply: Operator, one: Value, other: Value) -> Value:
        """Apply an operator to values, at the times that both have."""
        if not isinstance(one, Mapping) and not isinstance(other, Mapping):
            try:
                return _number(apply, one, other)
            except _DroppedError:
                raise self._wrong("a number is divided by zero, or too large") from None
        times = _times(one, other)
        found: dict[int, float] = {}
        for time in times:
            try:
                found[time] = _number(apply, _at(one, time), _at(other, time))
            except _DroppedError:
                self.has_dropped = True
        return found


def _times(one: Value, other: Value) -> Set[int]:
    """Return the times that both values have; a number has all."""
    if not isinstance(one, Mapping):
        return set() if not isinstance(other, Mapping) else other.keys()
    return one.keys() if not isinstance(other, Mapping) else one.keys() & other.keys()


def _at(value: Value, time: int) -> float:
    return value[time] if isinstance(value, Mapping) else value


def _number(apply: Operator, one: float, other: float) -> float:
    try:
        found = float(apply(one, other))
    except (ZeroDivisionError, OverflowError, ValueError):
        raise _DroppedError from None
    if not math.isfinite(found):
        raise _DroppedError
    return found


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            # Functions, SEARCH, Metrics Insights, comparisons, arrays.
            raise NotBuiltError("cloudwatch", "GetMetricData", f"Expression {text[:200]}")
        tokens.append(found[found.lastindex or 0])
        at = found.end()
    return tokens
