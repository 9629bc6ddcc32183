"""What a query's predicates say of partition columns, one column at a time.

A condition is `column operator values` with constant values; it feeds the Expression of
GetPartitions and bounds the ranges of partition projection. A value may be computed, as long as no
column is in it (`date_format(current_date, '%Y')`); a LIKE says where the texts begin. What is no
such condition is decided by the engine, over the values of the partitions that are left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lakebed.dialect import tree
from lakebed.dialect.grouping import references
from lakebed.dialect.types import INTEGERS, Type

EXPRESSION_CHARACTERS_MAX = 2048
_TURNED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_IN = re.compile(r"\{0\} IN \(\{1\}(?:, \{\d+\})*\)")
_COMPARED = re.compile(r"\{0\} (=|<>|<|<=|>|>=) \{1\}")
_NAME = re.compile(r"[a-z_]\w*")
_LITERAL = ("varchar", *INTEGERS)
# A date is compared as text, so it must be written as the engine writes dates: it is computed.
_PUSHED = (*_LITERAL, "date")


@dataclass(frozen=True, slots=True)
class Condition:
    """`operator` is a comparison or IN; `values` are texts as a partition's values are."""

    column: int
    kind: Type
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the predicates of a scan; `evaluate` computes an expression without columns."""

    first: int
    evaluate: Callable[[tree.Expr], str | None]

    def conditions(self, expr: tree.Expr) -> Iterator[Condition]:
        """Yield what an expression says, one condition after the other."""
        if not isinstance(expr, tree.Apply):
            return
        if expr.template == "{0} AND {1}":
            for arg in expr.args:
                yield from self.conditions(arg)
        elif expr.template == "{0} LIKE {1}":
            yield from self.prefixed(expr)
        else:
            found = self.compared(expr) or self.among(expr) or self.either(expr)
            if found is not None:
                yield found

    def compared(self, expr: tree.Apply) -> Condition | None:
        """Read a comparison of a column with a value."""
        match = _COMPARED.fullmatch(expr.template)
        if match is None:
            return None
        sign = match.group(1)
        left, right = expr.args
        ref = _reference(left)
        if ref is None:
            ref, right, sign = _reference(right), left, _TURNED[sign]
        value = self.constant(right) if ref is not None else None
        if ref is None or value is None:
            return None
        return Condition(ref.index - self.first, ref.type, sign, (value,))

    def among(self, expr: tree.Apply) -> Condition | None:
        """Read `c IN (…)`."""
        if _IN.fullmatch(expr.template) is None:
            return None
        ref = _reference(expr.args[0])
        if ref is None:
            return None
        values = [self.constant(arg) for arg in expr.args[1:]]
        if None in values:
            return None
        return Condition(ref.index - self.first, ref.type, "IN", tuple(map(str, values)))

    def either(self, expr: tree.Apply) -> Condition | None:
        """Read `c = 1 OR c = 2` as `c IN (1, 2)`."""
        if " OR " not in expr.template or not set(expr.template) <= set("{}0123456789 OR"):
            return None
        values: list[str] = []
        one: Condition | None = None
        for arg in expr.args:
            parts = list(self.conditions(arg))
            same = len(parts) == 1 and parts[0].operator in ("=", "IN")
            if not same or (one is not None and parts[0].column != one.column):
                return None
            one = parts[0]
            values += one.values
        return Condition(one.column, one.kind, "IN", tuple(values)) if one is not None else None

    def prefixed(self, expr: tree.Apply) -> Iterator[Condition]:
        """Read `c LIKE 'abc%'` as where the texts begin."""
        ref, pattern = _reference(expr.args[0]), self.constant(expr.args[1])
        if ref is None or pattern is None or ref.type.name != "varchar":
            return
        prefix = re.split("[%_]", pattern, maxsplit=1)[0]
        if prefix == pattern:
            yield Condition(ref.index - self.first, ref.type, "=", (pattern,))
        elif prefix and prefix[-1] < "\ud7ff":
            after = prefix[:-1] + chr(ord(prefix[-1]) + 1)
            yield Condition(ref.index - self.first, ref.type, ">=", (prefix,))
            yield Condition(ref.index - self.first, ref.type, "<", (after,))

    def constant(self, expr: tree.Expr) -> str | None:
        """Return the value of an expression without columns as a partition's value has it."""
        known = _constant(expr)
        if known is not None or references(expr) != [] or expr.type.name not in _PUSHED:
            return known
        return self.evaluate(expr)


def of_scan(
    scan: tree.Scan, evaluate: Callable[[tree.Expr], str | None] = lambda expr: None
) -> list[Condition]:
    """Return the conditions that every partition of the answer satisfies."""
    reader = Reader(len(scan.table.columns), evaluate)
    return [one for prune in scan.prunes for one in reader.conditions(prune)]


def _reference(expr: tree.Expr) -> tree.Ref | None:
    """Return the column, also under a conversion that changes no value."""
    if isinstance(expr, tree.Convert) and not expr.safe:
        inner = expr.arg.type
        wider = inner.name in INTEGERS and expr.type.name in INTEGERS
        if wider or (inner.name == expr.type.name == "varchar"):
            return _reference(expr.arg)
        return None
    return expr if isinstance(expr, tree.Ref) else None


def _constant(expr: tree.Expr) -> str | None:
    """Return the value of a literal, as long as its conversions do not change it."""
    if isinstance(expr, tree.Convert):
        same = expr.arg.type.name == expr.type.name == "varchar"
        whole = expr.arg.type.name in INTEGERS and expr.type.name in INTEGERS
        return _constant(expr.arg) if same or whole else None
    if isinstance(expr, tree.Apply) and expr.template == "-{0}":
        value = _constant(expr.args[0])
        return f"-{value}" if value is not None and expr.type.name in INTEGERS else None
    if isinstance(expr, tree.Constant) and isinstance(expr.value, str):
        return expr.value if expr.type.name in (*_LITERAL, "char") else None
    return None


def glue_expression(conditions: Sequence[Condition], names: Sequence[str]) -> str | None:
    """Write the conditions as GetPartitions' Expression; None when there is nothing to say.

    https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html
    """
    out: list[str] = []
    size = 0
    for one in conditions:
        name = names[one.column]
        if not _NAME.fullmatch(name) or not _pushed(one.kind):
            continue
        if one.operator == "IN":
            text = f"{name} IN ({', '.join(_written(value, one.kind) for value in one.values)})"
        else:
            text = f"{name} {one.operator} {_written(one.values[0], one.kind)}"
        size += len(text) + 5
        if size <= EXPRESSION_CHARACTERS_MAX:
            out.append(text)
    return " AND ".join(out) or None


def _pushed(kind: Type) -> bool:
    return kind.name in _PUSHED


def _written(value: str, kind: Type) -> str:
    return value if kind.name in INTEGERS else "'" + value.replace("'", "''") + "'"


def accepts(condition: Condition, text: str) -> bool:
    """Tell whether a partition's value satisfies a condition (a text that is no number: yes)."""
    try:
        mine = _comparable(text, condition.kind)
        others = [_comparable(one, condition.kind) for one in condition.values]
    except ValueError:
        return True
    if condition.operator in ("IN", "="):
        return mine in others
    if condition.operator == "<>":
        return mine not in others
    other = others[0]
    return {"<": mine < other, "<=": mine <= other, ">": mine > other}.get(
        condition.operator, mine >= other
    )


def _comparable(text: str, kind: Type) -> tuple[int, str]:
    return (int(text), "") if kind.name in INTEGERS else (0, text)


def bounds(conditions: Sequence[Condition]) -> tuple[list[Condition], list[Condition]]:
    """Split the conditions of one column into those that bound it below, and above."""
    low = [one for one in conditions if one.operator in ("=", ">", ">=", "IN")]
    high = [one for one in conditions if one.operator in ("=", "<", "<=", "IN")]
    return low, high
