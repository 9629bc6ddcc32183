"""Which expressions may raise an error, and so must be evaluated when Trino evaluates them.

Trino stops at the operand that decides an AND or an OR; DuckDB evaluates operands in any order, all
of them for every row. An operand that can fail is put behind a CASE that asks the others first.
https://trino.io/docs/current/functions/logical.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lakebed.dialect import macros, tree
from lakebed.dialect.grouping import references
from lakebed.dialect.types import APPROXIMATE, BOOLEAN, INTEGER_DIGITS

_MACRO = re.compile(r"\blb_\w+")


def can_fail(expr: tree.Expr) -> bool:
    """Tell whether an expression may raise an error, as far as its rows decide it.

    An overflow of + - * is left out, and so is what no row decides, but for a division.
    """
    if isinstance(expr, tree.Try | tree.Subquery):
        return False
    if isinstance(expr, tree.Convert) and not expr.safe and not _widens(expr) and varies(expr):
        return True
    if isinstance(expr, tree.Apply | tree.Aggregate | tree.Window):
        raises = "DIVISION_BY_ZERO" in expr.template or _raises(expr.template) and varies(expr)
        return raises or any(map(can_fail, tree.children(expr)))
    return any(map(can_fail, tree.children(expr)))


def varies(expr: tree.Expr) -> bool:
    """Tell whether an expression reads anything: it is not the same for every row."""
    if isinstance(expr, tree.Ref | tree.LambdaRef | tree.Subquery):
        return True
    return any(map(varies, tree.children(expr)))


def _raises(template: str) -> bool:
    if template.startswith("@"):
        return not template.startswith(_SURE)
    return "{py:" in template or not macros.raising().isdisjoint(_MACRO.findall(template))


_SURE = ("@compared = ", "@compared <>", "@typeof", "@char_length", "@map_entries", "@zip")


def _widens(convert: tree.Convert) -> bool:
    """Tell whether a conversion keeps every value of its argument's type."""
    source, target = convert.arg.type, convert.type
    if source.name == target.name == "decimal":
        (p1, s1), (p2, s2) = source.numbers, target.numbers
        return s2 >= s1 and p2 - s2 >= p1 - s1
    if source.name == target.name or source.name == "unknown":
        return not source.inner
    if {source.name, target.name} <= {"char", "varchar"}:
        return True
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


def filtered(parts: Sequence[tree.Expr]) -> tree.Expr:
    """Build the chain of AND of a WHERE or ON, which decides rows and nothing else.

    An operand that can fail is behind those before it that read no other relation: as in Trino, it
    moves to the relation it reads. The others stay where the engine sees them: joins are made of
    them.
    """
    read = [_relations(part) for part in parts]
    last = {read[at]: at for at, part in enumerate(parts) if can_fail(part)}
    shown: list[tree.Expr] = []
    for at, part in enumerate(parts):
        if not can_fail(part):
            shown.append(part)
        elif last[read[at]] == at:
            before = [one for to, one in enumerate(parts[:at]) if _is_within(read[to], read[at])]
            shown.append(connected("AND", [*before, part]))
    return (
        shown[0]
        if len(shown) == 1
        else tree.Apply(BOOLEAN, _joined("AND", range(len(shown))), tuple(shown))
    )


def _relations(expr: tree.Expr) -> frozenset[str] | None:
    """Return the relations an expression reads; None if it holds a query or is not stable."""
    found = references(expr)
    return None if found is None else frozenset(ref.relation for ref in found)


def _is_within(inner: frozenset[str] | None, outer: frozenset[str] | None) -> bool:
    return outer is None or (inner is not None and inner <= outer)


def _joined(word: str, places: range) -> str:
    return f" {word} ".join(f"{{{at}}}" for at in places)
