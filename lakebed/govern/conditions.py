"""Condition operators of IAM policies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
Of several values in the request any may match, unless ForAllValues or ForAnyValue says otherwise:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import cast

import msgspec

from lakebed.govern import patterns
from lakebed.govern.patterns import Context, filled, has_variables

Test = Callable[[str, str], bool]
"""Compares a value of the request with a value of the policy."""


class ConditionError(ValueError):
    """A condition that no policy may have; the message says which."""


class Condition(msgspec.Struct, frozen=True):
    """One key of one operator: `test(value of the request, value of the policy)`."""

    key: str
    test: Test
    wanted: tuple[str, ...]
    is_negated: bool = False
    if_exists: bool = False
    every: bool = False
    some: bool = False
    is_null: bool = False
    has_variables: bool = False
    operator: str = ""

    def holds(self, context: Context) -> bool:
        """Tell whether the request satisfies the condition."""
        given = context.get(self.key)
        if self.is_null:
            return any((given is None) == (one.lower() == "true") for one in self.wanted)
        if given is None:
            return self.if_exists or self.every or (self.is_negated and not self.some)
        values = (given,) if isinstance(given, str) else given
        wanted = self._filled(context) if self.has_variables else self.wanted
        test = self.test
        # Of negated operators a value passes if it matches none of the policy's.
        passed = [
            any(test(value, one) for one in wanted) is not self.is_negated for value in values
        ]
        return all(passed) if self.every or (self.is_negated and not self.some) else any(passed)

    def _filled(self, context: Context) -> Sequence[str]:
        found = (filled(one, context) for one in self.wanted)
        return [one for one in found if one is not None]


def parsed(given: Mapping[str, Mapping[str, object]], *, variables: bool) -> list[Condition]:
    """Read a Condition block; ConditionError for an operator or value that there is not."""
    return [
        _condition(operator, key, values, variables)
        for operator, keys in given.items()
        for key, values in keys.items()
    ]


def _condition(operator: str, key: str, values: object, variables: bool) -> Condition:
    name, every, some = operator, False, False
    prefix, colon, rest = operator.partition(":")
    if colon:
        every, some = prefix.lower() == "forallvalues", prefix.lower() == "foranyvalue"
        name = rest if every or some else operator
    if_exists = name.lower().endswith("ifexists")
    base = name[: -len("ifexists")] if if_exists else name
    known = _OPERATORS.get(base.lower())
    if known is None:
        raise ConditionError(f"Invalid Condition type : {operator}.")
    test, is_negated = known
    given = cast("list[object]", values) if isinstance(values, list) else [values]
    wanted = tuple(_text(one) for one in given)
    return Condition(
        key.lower(),
        test,
        wanted,
        is_negated,
        if_exists,
        every,
        some,
        base.lower() == "null",
        variables and any(map(has_variables, wanted)),
        operator,
    )


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise ConditionError("The value of a condition must be text, a number or a boolean.")


# -- comparisons --------------------------------------------------------------------------------


def _equal(value: str, wanted: str) -> bool:
    return patterns.plain(wanted) == value


def _equal_folded(value: str, wanted: str) -> bool:
    return patterns.plain(wanted).casefold() == value.casefold()


def _like(value: str, wanted: str) -> bool:
    return patterns.wildcard(wanted)(value)


def _arn_like(value: str, wanted: str) -> bool:
    return patterns.arn_by_parts(wanted)(value)


def _bool(value: str, wanted: str) -> bool:
    return value.lower() == wanted.lower()


def _binary(value: str, wanted: str) -> bool:
    try:
        return base64.b64decode(value, validate=True) == base64.b64decode(wanted, validate=True)
    except (binascii.Error, ValueError):
        return False


@lru_cache(maxsize=2048)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


@lru_cache(maxsize=2048)
def _ip(value: str, wanted: str) -> bool:
    network = _network(wanted)
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    return network is not None and address.version == network.version and address in network


@lru_cache(maxsize=2048)
def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


@lru_cache(maxsize=2048)
def _moment(text: str) -> float | None:
    """Read a time in W3C's form of ISO 8601, or in seconds since the epoch."""
    if (seconds := _number(text)) is not None:
        return seconds
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _compared(
    read: Callable[[str], float | None],
    compare: Callable[[float, float], bool],
    value: str,
    wanted: str,
) -> bool:
    left, right = read(value), read(wanted)
    return left is not None and right is not None and compare(left, right)


def _ordered(prefix: str, read: Callable[[str], float | None]) -> dict[str, tuple[Test, bool]]:
    def test(compare: Callable[[float, float], bool]) -> Test:
        return partial(_compared, read, compare)

    equals = test(float.__eq__)
    return {
        f"{prefix}equals": (equals, False),
        f"{prefix}notequals": (equals, True),
        f"{prefix}lessthan": (test(float.__lt__), False),
        f"{prefix}lessthanequals": (test(float.__le__), False),
        f"{prefix}greaterthan": (test(float.__gt__), False),
        f"{prefix}greaterthanequals": (test(float.__ge__), False),
    }


_OPERATORS: Mapping[str, tuple[Test, bool]] = {
    "stringequals": (_equal, False),
    "stringnotequals": (_equal, True),
    "stringequalsignorecase": (_equal_folded, False),
    "stringnotequalsignorecase": (_equal_folded, True),
    "stringlike": (_like, False),
    "stringnotlike": (_like, True),
    "arnequals": (_arn_like, False),
    "arnlike": (_arn_like, False),
    "arnnotequals": (_arn_like, True),
    "arnnotlike": (_arn_like, True),
    "bool": (_bool, False),
    "binaryequals": (_binary, False),
    "ipaddress": (_ip, False),
    "notipaddress": (_ip, True),
    "null": (_equal, False),
    **_ordered("numeric", _number),
    **_ordered("date", _moment),
}
