"""Declared types of functions, and how the types of a call bind their variables.

A pattern is a type in which a name of one letter (and a digit) stands for any type and a number may
be a name. Binding follows Trino's rules: without coercions a variable is one type; with them it is
the common super type of all its uses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from lakebed.dialect.types import (
    INSTANT,
    INTEGERS,
    UNKNOWN,
    VARCHAR,
    Type,
    as_decimal,
    coerces,
    common,
    decimal,
    is_comparable,
    is_orderable,
)

_VARIABLE = re.compile(r"[A-Za-z][0-9]?")
_NUMBERED = ("varchar", "char", "decimal", "timestamp", "time", INSTANT, "time with time zone")
# How the files of dates spell the types of any precision.
SHORT = {"instant": "timestamp(p) with time zone", "timestamp": "timestamp(p)", "time": "time(p)",
          "decimal": "decimal(p,s)"}  # fmt: skip
COMPILED = ("joniregexp", "jsonpath", "codepoints")
"""Types of texts that a function compiles: any text coerces to them."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A declared type: `numbers` are digits or names; `is_variable` where it is any type."""

    name: str
    numbers: tuple[str, ...] = ()
    inner: tuple[Pattern, ...] = ()
    is_variable: bool = False


def split(text: str) -> tuple[str, ...]:
    """Split at the commas outside of parentheses."""
    parts: list[str] = []
    depth, start = 0, 0
    for at, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
    return (*parts, text[start:].strip()) if text else ()


@cache
def pattern(text: str) -> Pattern:
    """Read a declared type."""
    text = SHORT.get(text, text)
    if _VARIABLE.fullmatch(text):
        return Pattern(text.upper(), is_variable=True)
    head, _, rest = text.partition("(")
    if not rest:
        return Pattern(head)
    inside, _, tail = rest.rpartition(")")
    name = f"{head} {tail.strip()}".strip()
    parts = split(inside.replace(";", ","))
    if name in _NUMBERED:
        return Pattern(name, parts)
    return Pattern(name, (), tuple(map(pattern, parts)))


@dataclass(slots=True)
class Binding:
    """What the variables of one signature stand for."""

    coercing: bool
    types: dict[str, Type] = field(default_factory=dict[str, Type])
    numbers: dict[str, int] = field(default_factory=dict[str, int])

    def learn(self, parameter: Pattern, kind: Type | None) -> bool:
        """Bind the variables of a parameter by a type; False if it does not fit."""
        if kind is None or parameter.name == "function":
            return kind is None and parameter.name == "function"
        if parameter.is_variable:
            return self.settle(parameter.name, kind)
        if kind.name == "unknown" and self.coercing:
            return True
        if parameter.inner:
            if kind.name != parameter.name or len(kind.inner) != len(parameter.inner):
                return False
            return all(
                self.learn(part, one) for part, one in zip(parameter.inner, kind.inner, strict=True)
            )
        if self.coercing:
            return True
        return kind.name == parameter.name and _exact(parameter, kind)

    def settle(self, variable: str, kind: Type) -> bool:
        """Bind a type variable once more."""
        before = self.types.get(variable)
        if before is None or before == kind:
            self.types[variable] = kind
            return True
        merged = common(before, kind) if self.coercing else None
        if merged is not None:
            self.types[variable] = merged
        return merged is not None

    def gives(self, parameter: Pattern, kind: Type) -> bool:
        """Bind by what a lambda returns; False if that is not what it should."""
        if parameter.is_variable:
            return self.settle(parameter.name, kind)
        if parameter.numbers and kind.name == parameter.name:
            self._count(parameter, kind)
        return self.instantiate(parameter) == kind

    def copy(self) -> Binding:
        """Return a binding that can learn more."""
        return Binding(True, dict(self.types), dict(self.numbers))

    def argument(self, parameter: Pattern, kind: Type | None) -> Type | None:
        """Return the type an argument takes; None if it cannot."""
        if kind is None:
            return UNKNOWN
        if parameter.numbers and not parameter.numbers[0].isdigit():
            target = _numbered(parameter.name, kind)
            if target is not None:
                self._count(parameter, target)
            return target
        target = self.instantiate(parameter)
        if parameter.name in COMPILED:
            return VARCHAR if kind.name in ("varchar", "char", "unknown") else None
        return target if target == kind or coerces(kind, target) or _nested(kind, target) else None

    def _count(self, parameter: Pattern, kind: Type) -> None:
        for name, number in zip(parameter.numbers, kind.numbers, strict=False):
            self.numbers[name] = max(number, self.numbers.get(name, 0))

    def instantiate(self, parameter: Pattern) -> Type:
        """Return the type a pattern stands for."""
        if parameter.is_variable:
            return self.types.get(parameter.name, UNKNOWN)
        if parameter.numbers:
            numbers = (
                int(name) if name.isdigit() else self.numbers.get(name, 0)
                for name in parameter.numbers
            )
            return Type(parameter.name, tuple(numbers))
        if parameter.inner:
            inner = tuple(map(self.instantiate, parameter.inner))
            fields = ("",) * len(inner) if parameter.name == "row" else ()
            return Type(parameter.name, (), inner, fields)
        return VARCHAR if parameter.name == "varchar" else Type(parameter.name)


def _exact(parameter: Pattern, kind: Type) -> bool:
    if parameter.name == "varchar" and not parameter.numbers:
        return kind == VARCHAR
    return all(
        not name.isdigit() or int(name) == number
        for name, number in zip(parameter.numbers, kind.numbers, strict=False)
    )


def _nested(kind: Type, target: Type) -> bool:
    """Tell whether types differ only in the names of fields."""
    if kind.name != target.name or len(kind.inner) != len(target.inner) or not kind.inner:
        return False
    return all(
        one == other or coerces(one, other) or _nested(one, other)
        for one, other in zip(kind.inner, target.inner, strict=True)
    )


def _numbered(name: str, kind: Type) -> Type | None:
    """Return the type of that name with the numbers `kind` asks for; None if it does not go."""
    if kind.name == name:
        return kind
    if kind.name == "unknown":
        return decimal(1, 0) if name == "decimal" else Type(name, (0,))
    if name == "decimal":
        return as_decimal(kind) if kind.name in INTEGERS else None
    if name in ("varchar", "char"):
        if name == "varchar" or kind.name != "varchar":
            return None
        return Type("char", (min(kind.numbers[0], 65536),))
    if kind.name == "date" and name in ("timestamp", INSTANT):
        return Type(name, (0,))
    if (kind.name, name) in (("timestamp", INSTANT), ("time", "time with time zone")):
        return Type(name, kind.numbers)
    return None


def has_trait(kind: Type, what: str) -> bool:
    """Tell whether values of a type are `comparable` or `orderable`."""
    return is_orderable(kind) if what == "orderable" else is_comparable(kind)
