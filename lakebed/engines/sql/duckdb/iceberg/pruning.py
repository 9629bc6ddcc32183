"""What a query's predicates say of an Iceberg table, as an expression PyIceberg evaluates.

It is tested against the bounds in manifests, so it may say less than the query does, never more:
what cannot be said is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pyiceberg.expressions import (
    AlwaysTrue,
    And,
    BooleanExpression,
    EqualTo,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    IsNull,
    LessThan,
    LessThanOrEqual,
    NotEqualTo,
    NotNull,
    Or,
)
from pyiceberg.expressions.literals import Literal, literal
from pyiceberg.schema import Schema
from pyiceberg.types import DateType, IcebergType, NestedField, TimestampType, TimestamptzType

from lakebed.dialect import tree
from lakebed.dialect.grouping import references
from lakebed.dialect.types import APPROXIMATE, INSTANT, INTEGERS, VARCHAR

Evaluate = Callable[[tree.Expr], str | None]
"""Computes an expression without columns, as text."""

_COMPARED = re.compile(r"\{0\} (=|<>|<|<=|>|>=) \{1\}")
_IN = re.compile(r"\{0\} IN \(\{1\}(?:, \{\d+\})*\)")
_TURNED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_WRITTEN: dict[str, Any] = {
    "=": EqualTo, "<>": NotEqualTo, "<": LessThan, "<=": LessThanOrEqual, ">": GreaterThan,
    ">=": GreaterThanOrEqual,
}  # fmt: skip
_SAME = ("integer", "bigint", "varchar", "date", "timestamp", INSTANT, "decimal", "boolean", "uuid",
         *APPROXIMATE)  # fmt: skip
_VALUES_MAX = 200


def expression(scan: tree.Scan, schema: Schema, evaluate: Evaluate) -> BooleanExpression:
    """Return what every row of the answer satisfies."""
    reader = _Reader(schema.fields, evaluate)
    found: BooleanExpression = AlwaysTrue()
    for prune in scan.prunes:
        said = reader.said(prune)
        if said is not None:
            joined: Any = And
            found = joined(found, said)
    return found


@dataclass(frozen=True, slots=True)
class _Reader:
    fields: tuple[NestedField, ...]
    evaluate: Evaluate

    def said(self, expr: tree.Expr) -> BooleanExpression | None:
        """Return what an expression says, None if that cannot be said."""
        if not isinstance(expr, tree.Apply):
            return None
        template = expr.template
        if set(template) <= set("{}0123456789 AND") and " AND " in template:
            parts = [one for one in map(self.said, expr.args) if one is not None]
            return _joined(And, parts)
        if set(template) <= set("{}0123456789 OR") and " OR " in template:
            parts = [self.said(one) for one in expr.args]
            known = [one for one in parts if one is not None]
            return _joined(Or, known) if len(known) == len(parts) else None
        if template in ("{0} IS NULL", "{0} IS NOT NULL"):
            field = self.column(expr.args[0])
            kind: Any = IsNull if template == "{0} IS NULL" else NotNull
            return kind(field.name) if field is not None else None
        return self.compared(expr) or self.among(expr)

    def compared(self, expr: tree.Apply) -> BooleanExpression | None:
        """Read a comparison of a column with a value."""
        match = _COMPARED.fullmatch(expr.template)
        if match is None:
            return None
        sign, (left, right) = match.group(1), expr.args
        field = self.column(left)
        if field is None:
            field, right, sign = self.column(right), left, _TURNED[sign]
        value = self.value(right, field) if field is not None else None
        if field is None or value is None:
            return None
        return _WRITTEN[sign](field.name, value)

    def among(self, expr: tree.Apply) -> BooleanExpression | None:
        """Read `c IN (…)`."""
        if _IN.fullmatch(expr.template) is None or len(expr.args) > _VALUES_MAX:
            return None
        field = self.column(expr.args[0])
        if field is None:
            return None
        values = [self.value(one, field) for one in expr.args[1:]]
        known = [one for one in values if one is not None]
        among: Any = In
        return among(field.name, known) if len(known) == len(values) else None

    def column(self, expr: tree.Expr) -> NestedField | None:
        """Return the column, also under a conversion that changes no value and no order."""
        while isinstance(expr, tree.Convert) and not expr.safe:
            inner, outer = expr.arg.type, expr.type
            wider = inner.name in INTEGERS and outer.name in INTEGERS
            texts = inner.name == outer.name == "varchar"
            moments = inner.name == outer.name in ("timestamp", INSTANT)
            if not (wider or texts or moments):
                return None
            expr = expr.arg
        if not isinstance(expr, tree.Ref) or expr.type.name not in _SAME:
            return None
        return self.fields[expr.index] if expr.index < len(self.fields) else None

    def value(self, expr: tree.Expr, field: NestedField) -> Literal[Any] | None:
        """Return the value of an expression without columns as the column's bounds have it."""
        if references(expr) != []:
            return None
        text = self.evaluate(tree.Convert(VARCHAR, expr))
        if text is None:
            return None
        try:
            return _literal(text, expr.type.name, field.field_type)
        except (ValueError, TypeError, ArithmeticError):
            return None


def _joined(join: Any, parts: list[BooleanExpression]) -> BooleanExpression | None:
    if not parts:
        return None
    found = parts[0]
    for one in parts[1:]:
        found = join(found, one)
    return found


def _literal(text: str, kind: str, wanted: IcebergType) -> Literal[Any] | None:
    """Read Trino's text of a value."""
    if kind in INTEGERS:
        return literal(int(text))
    if kind == "decimal":
        return literal(Decimal(text))
    if kind in APPROXIMATE:
        number = float(text)
        return literal(number) if number == number else None
    if kind == "boolean":
        return literal(text == "true")
    if kind in ("varchar", "char"):
        return literal(text)
    if kind == "date" and isinstance(wanted, DateType):
        return literal(date.fromisoformat(text))
    if kind == "timestamp" and isinstance(wanted, TimestampType):
        return literal(_moment(text))
    if kind == INSTANT and isinstance(wanted, TimestamptzType) and text.endswith(" UTC"):
        return literal(_moment(text.removesuffix(" UTC")).replace(tzinfo=UTC))
    return None


def _moment(text: str) -> datetime:
    """Read a timestamp; one that is finer than a microsecond cannot be compared so."""
    whole, _, fraction = text.partition(".")
    if fraction[6:].strip("0"):
        raise ValueError(text)
    return datetime.fromisoformat(f"{whole}.{fraction[:6]:0<6}")
