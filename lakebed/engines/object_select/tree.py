"""The tree of an S3 Select statement."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Step(msgspec.Struct, frozen=True):
    """One step of a path: a member's name, an index, or all (`[*]`, `.*`).

    `is_exact` says that the name was quoted, so its case matters.
    """

    name: str = ""
    index: int = -1
    is_all: bool = False
    is_exact: bool = False


class Constant(msgspec.Struct, frozen=True):
    """A constant: text, number, truth, or None for NULL."""

    value: str | int | Decimal | float | bool | None


class Missing(msgspec.Struct, frozen=True):
    """The value MISSING."""


class Path(msgspec.Struct, frozen=True):
    """A column, or what lies in it."""

    steps: tuple[Step, ...]


class Operation(msgspec.Struct, frozen=True):
    """An operator (`+`, `and`, `is null`, `like`, `in`, `between`, …) with its operands."""

    operator: str
    operands: tuple[Expression, ...]


class Call(msgspec.Struct, frozen=True):
    """A function by its name in capitals; `part` is of a date, or of a TRIM."""

    name: str
    arguments: tuple[Expression, ...]
    part: str = ""


class Cast(msgspec.Struct, frozen=True):
    """A value as a type."""

    value: Expression
    type: str


class Case(msgspec.Struct, frozen=True):
    """CASE: conditions with results, and what else."""

    branches: tuple[tuple[Expression, Expression], ...]
    otherwise: Expression | None


Expression = Constant | Missing | Path | Operation | Call | Cast | Case


class Projection(msgspec.Struct, frozen=True):
    """An expression of the list, and what its column is called."""

    value: Expression
    name: str


class Statement(msgspec.Struct, frozen=True):
    """A statement; no projections are `SELECT *`. `limit` -1 is none."""

    projections: tuple[Projection, ...]
    source: tuple[Step, ...]
    where: Expression | None = None
    limit: int = -1

    @property
    def is_aggregate(self) -> bool:
        """Whether it answers one record."""
        return any(_aggregates(one.value) for one in self.projections)


AGGREGATES = frozenset({"AVG", "COUNT", "MAX", "MIN", "SUM"})


def _aggregates(value: Expression | None) -> bool:
    match value:
        case Call(name=name, arguments=arguments):
            return name in AGGREGATES or any(map(_aggregates, arguments))
        case Operation(operands=operands):
            return any(map(_aggregates, operands))
        case Cast(value=inner):
            return _aggregates(inner)
        case Case(branches=branches, otherwise=otherwise):
            parts = [part for branch in branches for part in branch]
            return any(map(_aggregates, [*parts, otherwise]))
        case _:
            return False
