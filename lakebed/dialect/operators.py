"""Operators and conversions: what Trino makes of two types, as nodes of the typed tree."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import expressions as exp

from lakebed.dialect import decimal_rules, temporal, tree
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.scopes import fail
from lakebed.dialect.types import (
    APPROXIMATE,
    BOOLEAN,
    DATE,
    DAY_TO_SECOND,
    DOUBLE,
    INSTANT,
    INTEGERS,
    UNKNOWN,
    Type,
    as_decimal,
    common,
    decimal,
    is_comparable,
    is_numeric,
    is_orderable,
)

NULL = tree.Constant(UNKNOWN, None)
ARRAY_ITEM = (
    "CASE WHEN {1} = 0 THEN lb_raise('INVALID_FUNCTION_ARGUMENT', 'SQL array indices start at 1') "
    "WHEN {1} < 0 THEN lb_raise('INVALID_FUNCTION_ARGUMENT', "
    "'Array subscript is negative: ' || {1}) WHEN {1} > len({0}) THEN lb_raise("
    "'INVALID_FUNCTION_ARGUMENT', 'Array subscript must be less than or equal to array length: ' "
    "|| {1} || ' > ' || len({0})) ELSE list_extract({0}, {1}) END"
)
MAP_ITEM = (
    "CASE WHEN {{0}} IS NOT NULL AND {{1}} IS NOT NULL AND NOT map_contains({{0}}, {{1}}) THEN "
    "lb_raise('INVALID_FUNCTION_ARGUMENT', 'Key not present in map'{}) "
    "ELSE map_extract({{0}}, {{1}})[1] END"
)
"""The value of a key; what the error says of the key is put into the braces."""


def coerce(expr: tree.Expr, target: Type) -> tree.Expr:
    """Convert to a type the expression's type coerces to."""
    if expr.type == target:
        return expr
    if isinstance(expr, tree.Constant) and expr.value is None:
        return tree.Constant(target, None)
    return tree.Convert(target, expr)


def strict(call: tree.Apply) -> tree.Expr:
    """Return NULL for a call that is given one: as Trino, it then looks at no other argument."""
    return tree.Constant(call.type, None) if _are_null(call.args) else call


def _are_null(args: Sequence[tree.Expr]) -> bool:
    """Tell whether NULL is among arguments that read nothing: what is read makes groups."""
    return any(map(_is_null, args)) and all(map(_reads_nothing, args))


def _is_null(expr: tree.Expr) -> bool:
    return isinstance(expr, tree.Constant) and expr.value is None


def common_of(items: Sequence[tree.Expr], what: str, node: exp.Expr) -> Type:
    """Return the common type of several expressions."""
    target = UNKNOWN
    for item in items:
        merged = common(target, item.type)
        if merged is None:
            message = f"{what} must be the same type or coercible to a common type. "
            raise fail("TYPE_MISMATCH", f"{message}Cannot find common type", node)
        target = merged
    return target


def choose(whens: Sequence[tree.Expr], results: Sequence[tree.Expr], node: exp.Expr) -> tree.Expr:
    """Build a searched CASE; the last result is the ELSE."""
    target = common_of(results, "All CASE results", node)
    whens, results = _reached(whens, results)
    if not whens:
        return coerce(results[-1], target)
    parts = [f"WHEN {{{at}}} THEN {{{at + len(whens)}}}" for at in range(len(whens))]
    template = f"CASE {' '.join(parts)} ELSE {{{2 * len(whens)}}} END"
    return tree.Apply(target, template, (*whens, *(coerce(item, target) for item in results)))


def _reached(
    whens: Sequence[tree.Expr], results: Sequence[tree.Expr]
) -> tuple[Sequence[tree.Expr], Sequence[tree.Expr]]:
    """Leave out the branches that literals decide, as Trino does; their errors are nobody's."""
    if not any(isinstance(when, tree.Constant) for when in whens):
        return whens, results
    kept = [at for at, when in enumerate(whens) if not _is_false(when)]
    sure = next((at for at in kept if isinstance(whens[at], tree.Constant)), len(whens))
    if not all(map(_reads_nothing, [*results, *whens[sure:]])):
        return whens, results  # what is read decides whether a query has groups
    kept = [at for at in kept if at < sure]
    return [whens[at] for at in kept], [*(results[at] for at in kept), results[sure]]


def _is_false(when: tree.Expr) -> bool:
    return isinstance(when, tree.Constant) and not when.value


def _reads_nothing(expr: tree.Expr) -> bool:
    if isinstance(expr, tree.Ref | tree.Aggregate | tree.Window | tree.Subquery):
        return False
    return all(map(_reads_nothing, tree.children(expr)))


def compare(symbol: str, left: tree.Expr, right: tree.Expr, node: exp.Expr) -> tree.Expr:
    """Build a comparison over the common type."""
    target = common(left.type, right.type)
    ordered = symbol not in ("=", "<>", "IS DISTINCT FROM", "IS NOT DISTINCT FROM")
    if target is None or (ordered and not is_orderable(target)) or not is_comparable(target):
        message = f"Cannot apply operator: {left.type} {symbol} {right.type}"
        raise fail("TYPE_MISMATCH", message, node)
    sides = (coerce(left, target), coerce(right, target))
    if not symbol.startswith("IS") and _are_null(sides):
        return tree.Constant(BOOLEAN, None)
    args = (keyed(sides[0]), keyed(sides[1]))
    if target.inner:
        return tree.Apply(BOOLEAN, f"@compared {symbol}", args)
    if target.name in APPROXIMATE and not symbol.startswith("IS"):
        return _approximate(symbol, args)
    return tree.Apply(BOOLEAN, f"{{0}} {symbol} {{1}}", args)


def _approximate(symbol: str, args: tuple[tree.Expr, tree.Expr]) -> tree.Expr:
    """Compare floating numbers: for DuckDB NaN is the largest and equals itself."""
    greater = {">": "{0}", ">=": "{0}", "<": "{1}", "<=": "{1}", "=": "{0}", "<>": "{0}"}[symbol]
    guarded = args[int(greater[1])]
    if _is_number(guarded) or (symbol in ("=", "<>") and _is_number(args[1])):
        return tree.Apply(BOOLEAN, f"{{0}} {symbol} {{1}}", args)
    guard = f"OR isnan({greater})" if symbol == "<>" else f"AND {greater} <= 'Infinity'::DOUBLE"
    return tree.Apply(BOOLEAN, f"{{0}} {symbol} {{1}} {guard}", args)


def _is_number(expr: tree.Expr) -> bool:
    """Tell whether a value is known not to be NaN: a literal, or converted from an exact type."""
    if isinstance(expr, tree.Convert):
        return expr.arg.type.name not in (*APPROXIMATE, "varchar")
    if isinstance(expr, tree.Apply) and expr.template == "-{0}":
        return _is_number(expr.args[0])
    return isinstance(expr, tree.Constant)


def keyed(expr: tree.Expr) -> tree.Expr:
    """Return what comparisons see of a value: of a time with a zone, the instant."""
    if not temporal.has_zone(expr.type):
        return expr
    return tree.Apply(expr.type, "{key:0}", (expr,))


def make_row(items: Sequence[tree.Expr]) -> tree.Expr:
    """Build a row of the items."""
    members = ", ".join(f'"f{at}" := {{{at}}}' for at in range(len(items)))
    kind = Type("row", (), tuple(item.type for item in items), ("",) * len(items))
    return tree.Apply(kind, f"struct_pack({members})", tuple(items))


def combine(symbol: str, left: tree.Expr, right: tree.Expr) -> tree.Expr | None:
    """Build `left symbol right`; None where Trino has no such operator."""
    if left.type.name == "unknown" and right.type.name == "unknown":
        message = "Could not choose a best candidate operator. Explicit type casts must be added."
        raise TrinoError("AMBIGUOUS_FUNCTION_CALL", message)
    if "unknown" in (left.type.name, right.type.name):
        found = _with_null(symbol, left, right)
        if found is not None:
            return found
    left = coerce(left, right.type) if left.type.name == "unknown" else left
    right = coerce(right, left.type) if right.type.name == "unknown" else right
    found = (
        _numeric(symbol, left, right)
        if is_numeric(left.type) and is_numeric(right.type)
        else _temporal(symbol, left, right)
    )
    return strict(found) if isinstance(found, tree.Apply) else found


def _with_null(symbol: str, left: tree.Expr, right: tree.Expr) -> tree.Expr | None:
    """Build an operator over NULL and a type for which NULL is not of the same type."""
    kind = right.type if left.type.name == "unknown" else left.type
    if kind.name == "decimal":
        null = tree.Constant(decimal(1, 0), None)
        pair = (null, right) if left.type.name == "unknown" else (left, null)
        return _decimal(symbol, *pair)
    if symbol in "+-" and kind == DATE:
        return _null_beside(left, right, kind)
    if symbol == "+" and kind.name in (*_MOMENTS, *_CLOCKS):
        return _null_beside(left, right, Type(kind.name, (max(3, kind.numbers[0]),)))
    if symbol in "*/" and kind.name.startswith("interval"):
        return _null_beside(left, right, kind)
    return None


def _null_beside(left: tree.Expr, right: tree.Expr, kind: Type) -> tree.Expr:
    """Build NULL of a type; what stands beside the operator's NULL decides groups still."""
    read = [one for one in (left, right) if not _reads_nothing(one)]
    if not read:
        return tree.Constant(kind, None)
    return tree.Apply(
        kind, "CASE WHEN false AND {0} IS NULL THEN CAST(NULL AS {type}) END", (read[0],)
    )


def _numeric(symbol: str, left: tree.Expr, right: tree.Expr) -> tree.Expr:
    target = common(left.type, right.type) or DOUBLE
    if target.name in APPROXIMATE:
        args = (coerce(left, target), coerce(right, target))
        return tree.Apply(target, f"{{0}} {symbol} {{1}}", args)
    if target.name in INTEGERS:
        args = (coerce(left, target), coerce(right, target))
        if symbol in "/%":
            template = "{0} // {1}" if symbol == "/" else "{0} % {1}"
            return tree.Apply(target, _guarded(template, right), args)
        return tree.Apply(target, f"{{0}} {symbol} {{1}}", args)
    return _decimal(
        symbol, coerce(left, as_decimal(left.type)), coerce(right, as_decimal(right.type))
    )


def _guarded(template: str, divisor: tree.Expr) -> str:
    if isinstance(divisor, tree.Constant) and divisor.value not in (None, "0"):
        return template
    # What is divided is asked first: it may be NULL, or raise an error of its own.
    raised = "lb_raise('DIVISION_BY_ZERO', 'Division by zero')"
    return f"CASE WHEN {{0}} IS NOT NULL AND {{1}} = 0 THEN {raised} ELSE {template} END"


def _decimal(symbol: str, left: tree.Expr, right: tree.Expr) -> tree.Expr:
    precision, scale = decimal_rules.result(symbol, left.type, right.type)
    if scale > precision:
        message = f"DECIMAL scale must be in range [0, precision ({precision})]: {scale}"
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", message)
    template = f"@decimal_{decimal_rules.NAMES[symbol]}"
    return tree.Apply(decimal(precision, scale), template, (left, right))


_CLOCKS = ("time", temporal.OFFSET_TIME)
_MOMENTS = ("date", "timestamp", INSTANT)


def _temporal(symbol: str, left: tree.Expr, right: tree.Expr) -> tree.Expr | None:
    one, other = left.type.name, right.type.name
    if symbol == "+" and one.startswith("interval") and other in (*_MOMENTS, *_CLOCKS):
        left, right, one, other = right, left, other, one
    if symbol in "+-" and other.startswith("interval"):
        if one == other:
            return _sum_of_intervals(symbol, left, right)
        return _moved(symbol, left, right)
    if symbol == "-" and one in (*_MOMENTS, *_CLOCKS) and other in (*_MOMENTS, *_CLOCKS):
        return _difference(left, right)
    if symbol == "*" and other.startswith("interval") and is_numeric(left.type):
        left, right, one, other = right, left, other, one
    if symbol in "*/" and one.startswith("interval") and is_numeric(right.type):
        return _scaled(symbol, left, right)
    return None


def _sum_of_intervals(symbol: str, left: tree.Expr, right: tree.Expr) -> tree.Expr:
    if left.type == DAY_TO_SECOND:
        return tree.Apply(left.type, f"{{0}} {symbol} {{1}}", (left, right))
    total = f"lb_int_months(CAST({{0}} AS BIGINT) {symbol} {{1}})"
    return tree.Apply(left.type, total, (left, right))


def _moved(symbol: str, left: tree.Expr, right: tree.Expr) -> tree.Expr | None:
    """Build a date or time plus or minus an interval."""
    kind, by = left.type, right.type
    if kind == DATE:
        word = (
            "add hour, minutes or seconds to"
            if symbol == "+"
            else ("subtract hour, minutes or seconds from")
        )
        step = f"lb_day_count({{1}}, '{word}')"
        days = f"{{0}} {symbol} CAST({step} AS INTEGER)"
        months = f"CAST({{0}} {symbol} to_months({{1}}) AS DATE)"
        return tree.Apply(DATE, days if by == DAY_TO_SECOND else months, (left, right))
    if by == DAY_TO_SECOND and kind.name in (*_MOMENTS, *_CLOCKS):
        target = Type(kind.name, (max(3, kind.numbers[0]),))
        return tree.Apply(target, f"@moved {symbol}", (coerce(left, target), right))
    if kind.name in _MOMENTS:
        return tree.Apply(kind, f"@moved {symbol}", (left, right))
    return None


def _difference(left: tree.Expr, right: tree.Expr) -> tree.Expr | None:
    target = common(left.type, right.type)
    if target is None:
        return None
    args = (coerce(left, target), coerce(right, target))
    if target == DATE:
        return tree.Apply(DAY_TO_SECOND, "CAST({0} - {1} AS BIGINT) * 86400000", args)
    if target.name in _CLOCKS:
        picos = "lb_round({key:0} - {key:1}, 1000000000) // 1000000000"
        return tree.Apply(DAY_TO_SECOND, picos, args)
    micros = "lb_round(epoch_us({utc:0}) - epoch_us({utc:1}), 1000) // 1000"
    return tree.Apply(DAY_TO_SECOND, micros, args)


def _scaled(symbol: str, left: tree.Expr, right: tree.Expr) -> tree.Expr:
    """Build an interval times or by a number; parts of the smallest unit are cut."""
    if symbol == "*" and right.type.name in INTEGERS:
        product = "CAST({0} AS BIGINT) * {1}"
    elif symbol == "*":
        right = coerce(right, DOUBLE)
        product = "lb_java_long({0} * lb_factor({1}))"
    else:
        right = coerce(right, DOUBLE)
        product = "lb_java_long({0} / lb_divisor({1}))"
    if left.type != DAY_TO_SECOND:
        product = f"lb_int_months({product})"
    return tree.Apply(left.type, product, (left, right))


def contains_aggregate(expr: tree.Expr) -> bool:
    """Tell whether an aggregate is evaluated in this expression."""
    if isinstance(expr, tree.Aggregate):
        return True
    return any(contains_aggregate(inner) for inner in tree.children(expr))


def contains_window(expr: tree.Expr) -> bool:
    """Tell whether a window function is evaluated in this expression."""
    if isinstance(expr, tree.Window):
        return True
    return any(contains_window(inner) for inner in tree.children(expr))


def retyped(query: tree.Query, kinds: tuple[Type, ...]) -> tree.Query:
    """Return the query with its columns converted to `kinds`."""
    if tuple(kind for _, kind in query.columns) == kinds:
        return query
    source = tree.Derived("lbq", query)
    items = tuple(
        coerce(tree.Ref(kind, "lbq", at), target)
        for at, ((_, kind), target) in enumerate(zip(query.columns, kinds, strict=True))
    )
    names = tuple((name, target) for (name, _), target in zip(query.columns, kinds, strict=True))
    return tree.Query(tree.Select(items, source), names)


def as_row(query: tree.Query) -> tree.Query:
    """Return a query of one column: of several, the row of them."""
    if len(query.columns) == 1:
        return query
    items = [tree.Ref(kind, "lbq", at) for at, (_, kind) in enumerate(query.columns)]
    names = tuple(name or "" for name, _ in query.columns)
    whole = make_row(items)
    kind = Type("row", (), whole.type.inner, names)
    select = tree.Select((tree.Convert(kind, whole),), tree.Derived("lbq", query))
    return tree.Query(select, ((None, kind),))
