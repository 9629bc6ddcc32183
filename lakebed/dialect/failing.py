"""Which expressions may raise an error, and so must be evaluated when Trino evaluates them.

Trino stops at the operand that decides an AND or an OR; DuckDB evaluates operands in any order, all
of them for every row. An operand that can fail is put behind a CASE that asks the others first.
https://trino.io/docs/current/functions/logical.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lakebed.dialect import macros, tree
from lakebed.dialect.types import APPROXIMATE, BOOLEAN, INTEGER_DIGITS

_MACRO = re.compile(r"\blb_\w+")


def can_fail(expr: tree.Expr) -> bool:
    """Tell whether an expression may raise an error, as far as its rows decide it.

    An overflow of + - * is left out, and so is what no row decides, but for a division.
    """
    if isinstance(expr, tree.Try | tree.Subquery):
        return False
    if isinstance(expr, tree.Convert) and not expr.safe and not _widens(expr) and _varies(expr):
        return True
    if isinstance(expr, tree.Apply | tree.Aggregate | tree.Window):
        raises = "DIVISION_BY_ZERO" in expr.template or _raises(expr.template) and _varies(expr)
        return raises or any(map(can_fail, tree.children(expr)))
    return any(map(can_fail, tree.children(expr)))


def _varies(expr: tree.Expr) -> bool:
    if isinstance(expr, tree.Ref | tree.LambdaRef | tree.Subquery):
        return True
    return any(map(_varies, tree.children(expr)))


def _raises(template: str) -> bool:
    if template.startswith("@"):
        return not template.startswith(_SURE)
    return "{py:" in template or not macros.raising().isdisjoint(_MACRO.findall(template))


_SURE = ("@compared = ", "@compared <>", "@typeof", "@char_length", "@map_entries", "@zip")


def _widens(convert: tree.Convert) -> bool:
    """Tell whether a conversion keeps every value of its argument's type."""
    source, target = convert.arg.type, convert.type
    if source.name == target.name or source.name == "unknown":
        return source.name != "decimal" and not source.inner
    if target.name in APPROXIMATE:
        return source.name != "varchar"
    digits = INTEGER_DIGITS.get(source.name)
    if digits is None:
        return source.name == "date" and target.name == "timestamp"
    if target.name == "decimal":
        return target.numbers[0] - target.numbers[1] >= digits
    return INTEGER_DIGITS.get(target.name, 0) >= digits


def connected(word: str, parts: Sequence[tree.Expr]) -> tree.Expr:
    """Build a chain of AND or OR whose operands are asked in Trino's order where it matters."""
    first = next((at for at, part in enumerate(parts) if at and can_fail(part)), None)
    if first is None:
        return tree.Apply(BOOLEAN, _joined(word, range(len(parts))), tuple(parts))
    before = _joined(word, range(first))
    decided = "false" if word == "AND" else "true"
    rest = connected(word, parts[first:])
    guarded = f"CASE WHEN ({before}) IS NOT {decided} THEN {{{first}}} ELSE {decided} END"
    return tree.Apply(BOOLEAN, f"{before} {word} {guarded}", (*parts[:first], rest))


def _joined(word: str, places: range) -> str:
    return f" {word} ".join(f"{{{at}}}" for at in places)
