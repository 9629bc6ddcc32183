"""Functions of arrays whose elements may be NULL, NaN, or hold a NULL inside.

What is equal follows the comparisons of Trino: NaN to nothing, and where a NULL inside leaves it
open the functions fail. https://trino.io/docs/current/functions/array.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lakebed.dialect import compare_rules, conversions, ordering, temporal, tree
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.rules import any_null, bound
from lakebed.dialect.types import APPROXIMATE, VARCHAR, Type

if TYPE_CHECKING:
    from lakebed.dialect.lower import Lowering

Call = tree.Apply | tree.Aggregate | tree.Window
Rule = Callable[["Lowering", Call, Sequence[str]], str]


def _extreme(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    name = "list_max" if call.template == "@array_max" else "list_min"
    kind = call.type

    def body(text: str) -> str:
        found = f"{name}({text})"
        if kind.name in APPROXIMATE:
            plain = f"list_filter({text}, lambda lbx: NOT isnan(lbx))"
            found = f"coalesce({name}({plain}), list_extract({text}, 1))"
        elif kind.inner:
            found = ordering.folded(lowering, text, kind, name == "list_max")
        return f"CASE WHEN NOT lb_has_null({text}) THEN {found} END"

    return bound(lowering, args[0], body)


def _join(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    name = lowering.fresh()
    kind = call.args[0].type.inner[0]
    try:
        text = conversions.convert(name, kind, VARCHAR)
    except TrinoError as error:
        raise TrinoError("OPERATOR_NOT_FOUND", error.message) from error
    if len(args) == 3:
        text = f"coalesce({text}, {args[2]})"
    listed = f"list_transform({args[0]}, lambda {name}: {text})"
    joined = _joined(lowering, listed, call.args[1], args[1])
    return f"CASE WHEN {any_null(args)} THEN NULL ELSE {joined} END"


def _concat_ws(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    listed = args[1]
    if call.args[1].type.name != "array":
        listed = f"[{', '.join(args[1:])}]"
    joined = _joined(lowering, listed, call.args[0], args[0])
    return f"CASE WHEN {args[0]} IS NOT NULL AND {listed} IS NOT NULL THEN {joined} END"


def _joined(lowering: Lowering, listed: str, separator: tree.Expr, text: str) -> str:
    """Join what is not NULL; DuckDB's own function takes a constant separator only."""
    while isinstance(separator, tree.Convert):
        separator = separator.arg
    if isinstance(separator, tree.Constant):
        return f"coalesce(array_to_string({listed}, {text}), '')"

    def body(known: str) -> str:
        one, other = lowering.fresh(), lowering.fresh()
        folded = f"list_reduce({known}, lambda {one}, {other}: {one} || {text} || {other})"
        return f"CASE WHEN len({known}) > 0 THEN {folded} ELSE '' END"

    return bound(lowering, f"lb_known({listed})", body)


def _is_plain(kind: Type) -> bool:
    """Tell whether values of a type are equal for Trino where they are for DuckDB."""
    return not kind.inner and kind.name not in APPROXIMATE


def _flags(lowering: Lowering, listed: str, value: str, kind: Type) -> str:
    """Tell of each element whether it equals a value; NULL where a NULL leaves that open."""
    name = lowering.fresh()
    equal = compare_rules.equal(name, value, kind, lowering.fresh)
    return f"list_transform({listed}, lambda {name}: {equal})"


def _refused(lowering: Lowering, listed: str, flags: str, name: str) -> str:
    """Write the branch of a CASE that fails where elements leave it open."""
    known = f"lb_nulls({flags}) > lb_nulls({listed})"
    message = f"'{name} does not support arrays with elements that are null or contain null'"
    return f"WHEN {known} THEN {lowering.raising}('NOT_SUPPORTED', {message})"


def _contains(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    kind = call.args[1].type
    if _is_plain(kind):
        return f"lb_contains({args[0]}, {args[1]})"

    def body(flags: str) -> str:
        failed = _refused(lowering, args[0], flags, "contains")
        return (
            f"CASE WHEN list_contains({flags}, true) THEN true {failed} "
            f"WHEN lb_nulls({flags}) > 0 THEN NULL ELSE list_contains({flags}, true) END"
        )

    found = bound(lowering, _flags(lowering, args[0], args[1], kind), body)
    return f"CASE WHEN {any_null(args)} THEN NULL ELSE {found} END"


def _position(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    kind = call.args[1].type

    def body(flags: str) -> str:
        failed = _refused(lowering, args[0], flags, "array_position")
        at = f"list_position({flags}, true)"
        return f"CASE WHEN {at} > 0 THEN {at} {failed} ELSE 0 END"

    if _is_plain(kind):
        found = f"coalesce(list_position({args[0]}, {args[1]}), 0)"
    else:
        found = bound(lowering, _flags(lowering, args[0], args[1], kind), body)
    return f"CASE WHEN {any_null(args)} THEN NULL ELSE {found} END"


def _remove(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    kind = call.args[1].type
    if _is_plain(kind):
        kept = f"list_filter({args[0]}, lambda lbx: lbx IS NULL OR lbx <> {args[1]})"
        return f"CASE WHEN {args[1]} IS NOT NULL THEN {kept} END"
    name = lowering.fresh()

    def body(flags: str) -> str:
        failed = _refused(lowering, args[0], flags, "array_remove")
        equal = compare_rules.equal(name, args[1], kind, lowering.fresh)
        kept = f"list_filter({args[0]}, lambda {name}: {name} IS NULL OR NOT {equal})"
        return f"CASE {failed} ELSE {kept} END"

    found = bound(lowering, _flags(lowering, args[0], args[1], kind), body)
    return f"CASE WHEN {any_null(args)} THEN NULL ELSE {found} END"


def _map(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    kind = call.args[0].type.inner[0]
    if not kind.inner:
        return f"lb_map({args[0]}, {args[1]})"
    both = f"struct_pack(k := {args[0]}, v := {args[1]})"
    return bound(lowering, both, lambda name: _checked_map(lowering, name, kind))


def _checked_map(lowering: Lowering, both: str, kind: Type) -> str:
    """Write a map whose keys have parts, none of which may be NULL."""
    made, name = f"lb_map({both}.k, {both}.v)", lowering.fresh()
    loose = f"list_filter({both}.k, lambda {name}: {ordering.has_hole(name, kind)})"
    shown = conversions.value_text(f"list_extract({loose}, 1)", kind, inside=True)
    message = f"'map key cannot be indeterminate: ' || {shown}"
    failed = f"{lowering.raising}('INVALID_FUNCTION_ARGUMENT', {message})"
    return f"CASE WHEN len({loose}) > 0 THEN {failed} ELSE {made} END"


def _sort(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    """Sort as comparisons see the elements: of times with zones, the instants."""
    kind = call.type.inner[0]
    if not temporal.has_zone(kind):
        return f"list_sort({args[0]}, 'ASC', 'NULLS LAST')"
    name = lowering.fresh()
    pair = f"struct_pack(k := {temporal.key(name, kind)}, v := {name})"
    pairs = f"CASE WHEN {name} IS NOT NULL THEN {pair} END"
    packed = f"list_transform({args[0]}, lambda {name}: {pairs})"
    return f"list_transform(list_sort({packed}, 'ASC', 'NULLS LAST'), lambda {name}: {name}.v)"


RULES: dict[str, Rule] = {
    "array_sort": _sort,
    "array_max": _extreme,
    "array_min": _extreme,
    "array_join": _join,
    "concat_ws": _concat_ws,
    "map": _map,
    "contains": _contains,
    "array_position": _position,
    "array_remove": _remove,
}
