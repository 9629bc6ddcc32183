"""Which value is the greatest and which the least, with NaN, NULLs inside and zones.

https://trino.io/docs/current/functions/comparison.html,
https://trino.io/docs/current/functions/aggregate.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lakebed.dialect import compare_rules, temporal, tree
from lakebed.dialect.rules import any_null
from lakebed.dialect.types import APPROXIMATE, Type, duck_name

if TYPE_CHECKING:
    from lakebed.dialect.lower import Lowering

Call = tree.Apply | tree.Aggregate | tree.Window
Rule = Callable[["Lowering", Call, Sequence[str]], str]


def folded(lowering: Lowering, text: str, kind: Type, greatest: bool) -> str:
    """Take the greatest or least element of a list that has no NULL, one after the other."""
    one, other = lowering.fresh(), lowering.fresh()
    sign = ">" if greatest else "<"
    better = f"{key(other, kind, greatest)} {sign} {key(one, kind, greatest)}"
    if kind.inner:
        failed = compare_rules.undecided(lowering, kind)
        meets = compare_rules.meets_null(one, other, kind)
        better = f"CASE WHEN {meets} THEN {failed} ELSE {better} END"
    step = f"CASE WHEN {better} THEN {other} ELSE {one} END"
    folded = f"list_reduce({text}, lambda {one}, {other}: {step})"
    return f"CASE WHEN len({text}) > 0 THEN {folded} END"


def key(text: str, kind: Type, nan_is_least: bool) -> str:
    """Return what orders a value: the instant of a zoned time; NaN as the least, or the greatest.

    NaN is the greatest for DuckDB; Trino's greatest and least leave it out while there is another.
    """
    if temporal.has_zone(kind):
        return temporal.key(text, kind)
    if not nan_is_least or not has_approximate(kind):
        return text
    if kind.name in APPROXIMATE:
        return f"struct_pack(n := NOT isnan({text}), v := {text})"
    if kind.name == "array":
        name = f"lb{len(text)}"
        return f"list_transform({text}, lambda {name}: {key(name, kind.inner[0], True)})"
    members = (key(f'({text})."f{at}"', one, True) for at, one in enumerate(kind.inner))
    return f"struct_pack({', '.join(f'f{at} := {one}' for at, one in enumerate(members))})"


def has_approximate(kind: Type) -> bool:
    """Tell whether a floating number is in a value."""
    return kind.name in APPROXIMATE or any(map(has_approximate, kind.inner))


def has_hole(text: str, kind: Type) -> str:
    """Tell whether there is a NULL inside a value."""
    if kind.name == "row":
        fields = [(f'({text})."f{at}"', one) for at, one in enumerate(kind.inner)]
    elif kind.name == "array":
        name = f"lb{len(text)}"
        inner = f"{name} IS NULL OR {has_hole(name, kind.inner[0])}"
        return f"(len(list_filter({text}, lambda {name}: {inner})) > 0)"
    else:
        return "false"
    return "(" + " OR ".join(f"{one} IS NULL OR {has_hole(one, of)}" for one, of in fields) + ")"


def _extreme(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    """Write greatest and least."""
    name = "greatest" if call.template == "@greatest" else "least"
    kind = call.type
    if kind.name in APPROXIMATE:
        # NaN is neither the greatest nor the least unless there is nothing else.
        numbers = ", ".join(f"CASE WHEN NOT isnan({arg}) THEN {arg} END" for arg in args)
        found = f"coalesce({name}({numbers}), CAST('NaN' AS {duck_name(kind)}))"
    elif kind.inner or temporal.has_zone(kind):
        found = folded(lowering, f"[{', '.join(args)}]", kind, name == "greatest")
    else:
        found = f"{name}({', '.join(args)})"
    null = any_null(args)
    if any("lb_" in arg or '"py ' in arg for arg in args):
        null = f"lb_has_null([{', '.join(args)}])"  # every argument is evaluated before
    return f"CASE WHEN {null} THEN NULL ELSE {found} END"


def _of_group(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    """Write max(x) and min(x)."""
    name = call.template.removeprefix("@group_")
    text, kind = args[0], call.type
    if kind.name in APPROXIMATE:
        plain = f"CASE WHEN NOT isnan({text}) THEN {text} END"
        return f"coalesce({lowering.modified(name, plain)}, {lowering.modified(name, text)})"
    if not kind.inner and not temporal.has_zone(kind):
        return lowering.modified(name, text)
    found = lowering.modified(f"arg_{name}", f"{text}, {key(text, kind, name == 'max')}")
    if not kind.inner:
        return found
    holes = lowering.modified("bool_or", has_hole(text, kind))
    several = f"{lowering.modified('count', text)} > 1"
    one_by_one = folded(
        lowering, f"lb_known({lowering.modified('list', text)})", kind, name == "max"
    )
    return f"CASE WHEN {holes} AND {several} THEN {one_by_one} ELSE {found} END"


def _by(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    """Write max_by(x, y) and min_by(x, y)."""
    name = "max" if call.template == "@max_by" else "min"
    by = key(args[1], call.args[1].type, name == "max")
    by = f"CASE WHEN {args[1]} IS NOT NULL THEN {by} END"
    return lowering.modified(f"arg_{name}_null", f"{args[0]}, {by}")


def _first_n(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    """Write max(x, n), min(x, n), max_by(x, y, n) and min_by(x, y, n)."""
    name = call.template.removeprefix("@n_")
    greatest = name.startswith("max")
    by = args[1] if name.endswith("_by") else args[0]
    ordered = key(by, call.args[1 if name.endswith("_by") else 0].type, greatest)
    packed = f"CASE WHEN {by} IS NOT NULL THEN struct_pack(k := {ordered}, v := {args[0]}) END"
    row, at = lowering.fresh(), lowering.fresh()
    # Of equal keys the first comes first.
    place = f"-{at}" if greatest else at
    placed = f"lambda {row}, {at}: struct_pack(k := {row}.k, i := {place}, v := {row}.v)"
    rows = f"list_transform(lb_known({lowering.modified('list', packed)}), {placed})"
    order = f"list_sort({rows}, 'DESC')" if greatest else f"list_sort({rows})"
    what = "third argument of " + name if name.endswith("_by") else f"second argument of {name}_n"
    count = lowering.modified("any_value", args[-1])
    return f"lb_values(lb_first_n({order}, {count}, '{what}'))"


def _approx_distinct(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    """Count exactly: DuckDB's own estimate is further off than the 2.3 % that Trino promises."""
    text = key(args[0], call.args[0].type, False)
    distinct = isinstance(call, tree.Aggregate) and call.distinct
    found = lowering.modified("count", text if distinct else f"DISTINCT {text}")
    if len(args) == 1 or call.args[0].type.name in ("boolean", "unknown"):
        return found
    error = lowering.modified("any_value", args[1])
    message = f"'Max standard error must be in [0.0040625, 0.26]: ' || {error}"
    failed = f"{lowering.raising}('INVALID_FUNCTION_ARGUMENT', {message})"
    return f"CASE WHEN {error} NOT BETWEEN 0.0040625 AND 0.26 THEN {failed} ELSE {found} END"


RULES: dict[str, Rule] = {
    "greatest": _extreme,
    "least": _extreme,
    "group_max": _of_group,
    "group_min": _of_group,
    "max_by": _by,
    "min_by": _by,
    "approx_distinct": _approx_distinct,
    "n_max": _first_n,
    "n_min": _first_n,
    "n_max_by": _first_n,
    "n_min_by": _first_n,
}
