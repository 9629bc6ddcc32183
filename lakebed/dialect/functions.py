"""The function table: Trino's signatures, each with the DuckDB text that means the same.

The data are the files in `signatures/`. A function that is not in it does not exist for a query.
Arguments are types, variables (`T`, `K`, `V`, `U`), `name...` for any number of the last one, or
`function(T;U)` for a lambda. The result is a type over the same variables, `=0` for the type of
argument 0, or the name of a rule in `_RULES`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from lakebed.dialect.types import (
    INSTANT,
    INTEGERS,
    UNBOUNDED,
    UNKNOWN,
    VARCHAR,
    Type,
    array,
    as_decimal,
    coerces,
    common,
    decimal,
    parse_type,
    varchar,
)

_VARIABLES = ("T", "K", "V", "U")


@dataclass(frozen=True, slots=True)
class Signature:
    """One row of the table."""

    name: str
    kind: str
    arguments: tuple[str, ...]
    returns: str
    template: str

    def takes(self, count: int) -> bool:
        """Tell whether the function can have `count` arguments."""
        if self.arguments and self.arguments[-1].endswith("..."):
            return count >= len(self.arguments) - 1 and count > 0
        return count == len(self.arguments)

    def parameter(self, at: int) -> str:
        """Return the declared type of argument `at`."""
        return self.arguments[min(at, len(self.arguments) - 1)].removesuffix("...")

    def __str__(self) -> str:
        """Return the signature as Trino's errors show it."""
        return f"{self.name}({', '.join(self.arguments)})"


@dataclass(frozen=True, slots=True)
class Resolved:
    """A signature bound to a call: the types its arguments take, the type it returns."""

    signature: Signature
    arguments: tuple[Type, ...]
    returns: Type


@cache
def table() -> dict[str, tuple[Signature, ...]]:
    """Return the signatures by name."""
    out: dict[str, list[Signature]] = {}
    for file in sorted(files("lakebed.dialect").joinpath("signatures").iterdir(), key=str):
        for line in file.read_text("utf-8").splitlines()[1:]:
            name, kind, arguments, returns, template = line.split("\t")
            parts = tuple(part for part in arguments.split(", ") if part)
            out.setdefault(name, []).append(Signature(name, kind, parts, returns, template))
    return {name: tuple(rows) for name, rows in out.items()}


def resolve(rows: Sequence[Signature], given: Sequence[Type | None]) -> Resolved | None:
    """Choose the signature for the argument types (None is a lambda not analysed yet).

    An exact match wins; otherwise the first in the table's order that the arguments coerce to.
    """
    fitting = [row for row in rows if row.takes(len(given))]
    best: tuple[int, Resolved] | None = None
    for row in fitting:
        bound = _bind(row, given)
        if bound is None:
            continue
        changed = sum(
            1
            for one, other in zip(given, bound.arguments, strict=True)
            if one is not None and one.name != other.name
        )
        if best is None or changed < best[0]:
            best = (changed, bound)
    return None if best is None else best[1]


def _bind(row: Signature, given: Sequence[Type | None]) -> Resolved | None:
    variables: dict[str, Type] = {}
    for _ in range(2):
        for at, kind in enumerate(given):
            if kind is not None and not _learn(row.parameter(at), kind, variables):
                return None
    arguments: list[Type] = []
    for at, kind in enumerate(given):
        if kind is None:
            arguments.append(UNKNOWN)
            continue
        target = _target(row.parameter(at), kind, variables)
        if target is None or not (target == kind or coerces(kind, target) or _same(kind, target)):
            return None
        arguments.append(target)
    return Resolved(row, tuple(arguments), returned(row, arguments, variables))


def _same(kind: Type, target: Type) -> bool:
    return kind.name == target.name and not kind.inner


def _learn(parameter: str, kind: Type, variables: dict[str, Type]) -> bool:
    if parameter in _VARIABLES:
        before = variables.get(parameter, UNKNOWN)
        merged = common(before, kind)
        if merged is None:
            return False
        variables[parameter] = merged
        return True
    head, _, rest = parameter.partition("(")
    if head in ("array", "map") and rest:
        if kind.name == "unknown":
            return True
        if kind.name != head:
            return False
        inner = rest[:-1].split(",") if head == "map" else [rest[:-1]]
        return all(
            _learn(part, one, variables) for part, one in zip(inner, kind.inner, strict=True)
        )
    return True


def _target(parameter: str, kind: Type, variables: dict[str, Type]) -> Type | None:
    if parameter == "varchar":
        if kind.name == "varchar":
            return kind
        return varchar(kind.numbers[0]) if kind.name == "char" else VARCHAR
    if parameter == "decimal":
        if kind.name == "unknown":
            return decimal(1, 0)
        exact = kind.name == "decimal" or kind.name in INTEGERS
        return as_decimal(kind) if exact else None
    if parameter in ("timestamp", "instant", "time"):
        name = INSTANT if parameter == "instant" else parameter
        return kind if kind.name == name else Type(name, kind.numbers or (3,))
    return _instantiate(parameter, variables)


def _instantiate(text: str, variables: dict[str, Type]) -> Type:
    if text in _VARIABLES:
        return variables.get(text, UNKNOWN)
    head, _, rest = text.partition("(")
    if head == "array" and rest:
        return array(_instantiate(rest[:-1], variables))
    if head == "map" and rest:
        key, value = rest[:-1].split(",")
        return Type("map", (), (_instantiate(key, variables), _instantiate(value, variables)))
    return parse_type(text)


def returned(row: Signature, arguments: Sequence[Type], variables: dict[str, Type]) -> Type:
    """Work out the type a call returns."""
    text = row.returns
    if text.startswith("="):
        return arguments[int(text[1:])]
    if text.startswith("array(="):
        return array(arguments[int(text[7:-1])])
    if text in ("ceil", "round", "sum"):
        precision, scale = arguments[0].numbers
        if text == "sum":
            return decimal(38, scale)
        if text == "round":
            return decimal(min(38, precision + 1), scale)
        return decimal(min(38, precision - scale + min(scale, 1)), 0)
    if text in ("replace", "regexp_replace"):
        lengths = [kind.numbers[0] for kind in arguments]
        if UNBOUNDED in lengths:
            return VARCHAR
        if text == "regexp_replace":
            longest = max(lengths[0] * lengths[2] // 2, lengths[2])
            return varchar(lengths[0] + longest * (lengths[0] + 1))
        return varchar(lengths[0] + lengths[2] * (lengths[0] + 1))
    return _instantiate(text, variables)


def variables_of(row: Signature, given: Sequence[Type | None]) -> dict[str, Type]:
    """Return what the type variables are bound to by the arguments that have types."""
    variables: dict[str, Type] = {}
    for at, kind in enumerate(given):
        if kind is not None:
            _learn(row.parameter(at), kind, variables)
    return variables
