"""What a query's predicates say of partition columns, one column at a time.

A condition is `column operator values` with constant values; it feeds the Expression of
GetPartitions and bounds the ranges of partition projection. What is no such condition is decided
by the engine, over the values of the partitions that are left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lakebed.dialect import tree
from lakebed.dialect.types import INTEGERS, Type

EXPRESSION_CHARACTERS_MAX = 2048
_SIGNS = ("=", "<>", "<", "<=", ">", ">=")
_TURNED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_IN = re.compile(r"\{0\} IN \(\{1\}(?:, \{\d+\})*\)")
_COMPARED = re.compile(r"\{0\} (=|<>|<|<=|>|>=) \{1\}")
_NAME = re.compile(r"[a-z_]\w*")
_TEXTS = ("varchar", "char")


@dataclass(frozen=True, slots=True)
class Condition:
    """`operator` is a comparison or IN; `values` are texts as a partition's values are."""

    column: int
    kind: Type
    operator: str
    values: tuple[str, ...]


def of_scan(scan: tree.Scan) -> list[Condition]:
    """Return the conditions that every partition of the answer satisfies."""
    return [one for prune in scan.prunes for one in _of(prune, len(scan.table.columns))]


def _of(expr: tree.Expr, first: int) -> Iterator[Condition]:
    if not isinstance(expr, tree.Apply):
        return
    if expr.template == "{0} AND {1}":
        for arg in expr.args:
            yield from _of(arg, first)
        return
    found = _compared(expr, first) or _among(expr, first) or _either(expr, first)
    if found is not None:
        yield found


def _compared(expr: tree.Apply, first: int) -> Condition | None:
    match = _COMPARED.fullmatch(expr.template)
    if match is None:
        return None
    sign = match.group(1)
    left, right = expr.args
    ref = _reference(left)
    if ref is None:
        ref, right, sign = _reference(right), left, _TURNED[sign]
    value = _constant(right)
    if ref is None or value is None:
        return None
    return Condition(ref.index - first, ref.type, sign, (value,))


def _among(expr: tree.Apply, first: int) -> Condition | None:
    if _IN.fullmatch(expr.template) is None:
        return None
    ref = _reference(expr.args[0])
    values = [_constant(arg) for arg in expr.args[1:]]
    if ref is None or None in values:
        return None
    return Condition(ref.index - first, ref.type, "IN", tuple(str(one) for one in values))


def _either(expr: tree.Apply, first: int) -> Condition | None:
    """Read `c = 1 OR c = 2` as `c IN (1, 2)`."""
    if " OR " not in expr.template or not set(expr.template) <= set("{}0123456789 OR"):
        return None
    values: list[str] = []
    one: Condition | None = None
    for arg in expr.args:
        parts = list(_of(arg, first))
        same = len(parts) == 1 and parts[0].operator in ("=", "IN")
        if not same or (one is not None and parts[0].column != one.column):
            return None
        one = parts[0]
        values += one.values
    return Condition(one.column, one.kind, "IN", tuple(values)) if one is not None else None


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
    if isinstance(expr, tree.Convert) and (expr.arg.type.name, expr.type.name) != ("char", "char"):
        same = expr.arg.type.name == expr.type.name == "varchar"
        whole = expr.arg.type.name in INTEGERS and expr.type.name in INTEGERS
        return _constant(expr.arg) if same or whole else None
    if isinstance(expr, tree.Apply) and expr.template == "-{0}":
        value = _constant(expr.args[0])
        return f"-{value}" if value is not None and expr.type.name in INTEGERS else None
    known = isinstance(expr, tree.Constant) and isinstance(expr.value, str)
    return str(expr.value) if known and isinstance(expr, tree.Constant) else None


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
    return kind.name in ("varchar", *INTEGERS)


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
