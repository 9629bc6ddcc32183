"""Comparisons of arrays, maps and rows, whose members may be NULL or NaN.

https://trino.io/docs/current/functions/comparison.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lakebed.dialect import tree
from lakebed.dialect.types import APPROXIMATE, Type

if TYPE_CHECKING:
    from lakebed.dialect.lower import Lowering

Call = tree.Apply | tree.Aggregate | tree.Window


def compared(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    """Write a comparison: `=` and `<>` see NULLs as SQL does, an order of NULLs is refused."""
    symbol = call.template.partition(" ")[2]
    kind = call.args[0].type
    one, other = args
    if symbol.startswith("IS"):
        return f"{one} {symbol} {other}"
    if symbol in ("=", "<>"):
        found = equal(one, other, kind, lowering.fresh)
        return found if symbol == "=" else f"NOT {found}"
    failed = undecided(lowering, kind)
    plain = f"({one} {symbol} {other})"
    return f"CASE WHEN {meets_null(one, other, kind)} THEN {failed} ELSE {plain} END"


def undecided(lowering: Lowering, kind: Type) -> str:
    """Raise the error of an order that a NULL would decide."""
    what = kind.name.upper()
    message = f"'{what} comparison not supported for fields with null elements'"
    if kind.name == "array":
        message = "'ARRAY comparison not supported for arrays with null elements'"
    return f"{lowering.raising}('NOT_SUPPORTED', {message})"


def meets_null(one: str, other: str, kind: Type) -> str:
    """Tell whether an order is decided by a NULL: nothing before it differs."""
    if kind.name == "array":
        pairs = f"list_zip({one}, {other}, true)"
        stops = "lbp[1] IS DISTINCT FROM lbp[2] OR lbp[1] IS NULL"
        differ = f"list_transform({pairs}, lambda lbp: {stops})"
        first = f"list_extract({pairs}, list_position({differ}, true))"
        found = f"list_contains({differ}, true) AND ({first}[1] IS NULL OR {first}[2] IS NULL)"
        return f"coalesce({found}, false)"
    found = "false"
    for at in range(len(kind.inner) - 1, -1, -1):
        left, right = f'({one})."f{at}"', f'({other})."f{at}"'
        found = f"(({left} IS NULL OR {right} IS NULL) OR ({left} = {right} AND {found}))"
    return f"({one} IS NOT NULL AND {other} IS NOT NULL AND {found})"


def equal(one: str, other: str, kind: Type, fresh: Callable[[], str]) -> str:
    """Write an equality with three values: false where a member differs, else NULL by a NULL."""
    if kind.name == "row":
        members = " AND ".join(
            equal(f'({one})."f{at}"', f'({other})."f{at}"', inner, fresh)
            for at, inner in enumerate(kind.inner)
        )
        return f"CASE WHEN {one} IS NOT NULL AND {other} IS NOT NULL THEN ({members}) END"
    if kind.name == "array":
        name = fresh()
        inner = equal(f"{name}[1]", f"{name}[2]", kind.inner[0], fresh)
        pairs = f"list_transform(list_zip({one}, {other}, true), lambda {name}: {inner})"
        size = f"len({one}) = len({other})"
        return f"CASE WHEN {size} THEN lb_all({pairs}) ELSE {size} END"
    if kind.name == "map":
        name = fresh()
        held = f"map_contains({other}, {name}.key)"
        inner = equal(f"{name}.value", f"{other}[{name}.key]", kind.inner[1], fresh)
        entries = f"list_transform(map_entries({one}), lambda {name}: {held} AND {inner})"
        size = f"cardinality({one}) = cardinality({other})"
        return f"CASE WHEN {size} THEN lb_all({entries}) ELSE {size} END"
    if kind.name in APPROXIMATE:
        return f"({one} = {other} AND {one} <= 'Infinity'::DOUBLE)"
    return f"({one} = {other})"
