"""Functions that a template cannot say: DuckDB text from the types and the lambdas of a call.

A rule gets the lowering, the call and the texts of its arguments ('' for a lambda). What it writes
uses names of its own for lambda parameters (`Lowering.fresh`): bodies can be put inside.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lakebed.dialect import checksum_rules, conversions, temporal, tree
from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.types import (
    BIGINT,
    DOUBLE,
    INSTANT,
    INTEGERS,
    VARCHAR,
    Type,
    array,
    duck_name,
)

if TYPE_CHECKING:
    from lakebed.dialect.lower import Lowering

Call = tree.Apply | tree.Aggregate | tree.Window
Rule = Callable[["Lowering", Call, Sequence[str]], str]


def _body(lowering: Lowering, call: Call, at: int, *texts: str) -> str:
    inner = call.args[at]
    assert isinstance(inner, tree.Lambda)
    return lowering.body(inner, texts)


def bound(lowering: Lowering, text: str, body: Callable[[str], str]) -> str:
    """Return `body` over a name for `text`, so that the text is written and run once."""
    name = lowering.fresh()
    return held(name, text, body(name))


def held(name: str, text: str, body: str) -> str:
    """Return `body`, in which `name` stands for `text`."""
    return f"list_extract(list_transform([{text}], lambda {name}: {body}), 1)"


def any_null(texts: Sequence[str]) -> str:
    return " OR ".join(f"{text} IS NULL" for text in texts)


def _packed(texts: Sequence[str]) -> str:
    return f"struct_pack({', '.join(f'f{at} := {text}' for at, text in enumerate(texts))})"


def _steps(texts: Sequence[str]) -> str:
    longest = ", ".join(f"len({text})" for text in texts)
    return f"range(1, CAST(greatest({longest}) AS BIGINT) + 1)"


def _zip(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    del call
    at = lowering.fresh()
    packed = _packed([f"list_extract({arg}, {at})" for arg in args])
    listed = f"list_transform({_steps(args)}, lambda {at}: {packed})"
    return f"CASE WHEN {any_null(args)} THEN NULL ELSE {listed} END"


def _zip_with(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    at = lowering.fresh()
    items = [f"list_extract({arg}, {at})" for arg in args[:2]]
    listed = f"list_transform({_steps(args[:2])}, lambda {at}: {_body(lowering, call, 2, *items)})"
    return f"CASE WHEN {any_null(args[:2])} THEN NULL ELSE {listed} END"


def _reduce(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    state, item = duck_name(call.args[1].type), duck_name(call.args[0].type.inner[0])
    one, other, each = lowering.fresh(), lowering.fresh(), lowering.fresh()
    first = f"[struct_pack(s := CAST({args[1]} AS {state}), x := CAST(NULL AS {item}))]"
    rest = (
        f"list_transform({args[0]}, lambda {each}: "
        f"struct_pack(s := CAST(NULL AS {state}), x := CAST({each} AS {item})))"
    )
    step = _body(lowering, call, 2, f"{one}.s", f"{other}.x")
    packed = f"struct_pack(s := CAST({step} AS {state}), x := CAST(NULL AS {item}))"
    folded = f"list_reduce(list_concat({first}, {rest}), lambda {one}, {other}: {packed})"
    last = bound(lowering, f"{folded}.s", lambda name: _body(lowering, call, 3, name))
    return f"CASE WHEN {args[0]} IS NOT NULL THEN {last} END"


def _array_sort_by(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    """Count for each element those that go before it; what is equal keeps its order."""

    def body(text: str) -> str:
        one, other = lowering.fresh(), lowering.fresh()
        pair = f"list_extract({text}, {other})", f"list_extract({text}, {one})"
        order = _body(lowering, call, 1, *pair)
        message = "'Lambda comparator must return either -1, 0, or 1'"
        checked = (
            f"CASE {order} WHEN -1 THEN -1 WHEN 0 THEN 0 WHEN 1 THEN 1 "
            f"ELSE {lowering.raising}('INVALID_FUNCTION_ARGUMENT', {message}) END"
        )
        before = f"({checked} < {one} - {other} AND {one} <> {other})"
        before = (
            f"CASE WHEN {one} = {other} THEN false WHEN {other} < {one} THEN {checked} <= 0 "
            f"ELSE {checked} < 0 END"
        )
        steps = f"range(1, len({text}) + 1)"
        rank = f"len(list_filter({steps}, lambda {other}: {before}))"
        ranks = f"list_transform({steps}, lambda {one}: struct_pack(r := {rank}, i := {one}))"
        at = lowering.fresh()
        sort = f"list_sort({ranks})"
        return f"list_transform({sort}, lambda {at}: list_extract({text}, {at}.i))"

    return bound(lowering, args[0], body)


def _map_entries(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    del call
    name = lowering.fresh()
    packed = _packed([f"{name}.key", f"{name}.value"])
    return f"list_transform(map_entries({args[0]}), lambda {name}: {packed})"


def _map_from_entries(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    del call

    def body(text: str) -> str:
        name = lowering.fresh()
        keys = f"list_transform({text}, lambda {name}: {name}.f0)"
        values = f"list_transform({text}, lambda {name}: {name}.f1)"
        raised = f"{lowering.raising}('INVALID_FUNCTION_ARGUMENT', 'map entry cannot be null')"
        return f"CASE WHEN lb_has_null({text}) THEN {raised} ELSE lb_map({keys}, {values}) END"

    return bound(lowering, args[0], body)


def _multimap_from_entries(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    del call

    def body(text: str) -> str:
        key, name = lowering.fresh(), lowering.fresh()
        keys = f"lb_array_distinct(list_transform({text}, lambda {name}: {name}.f0))"
        own = f"list_filter({text}, lambda {name}: {name}.f0 IS NOT DISTINCT FROM {key})"
        lists = f"list_transform({own}, lambda {name}: {name}.f1)"
        raised = f"{lowering.raising}('INVALID_FUNCTION_ARGUMENT', 'map entry cannot be null')"
        values = f"list_transform({keys}, lambda {key}: {lists})"
        return f"CASE WHEN lb_has_null({text}) THEN {raised} ELSE lb_map({keys}, {values}) END"

    return bound(lowering, args[0], body)


def _map_concat(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    del call
    key = lowering.fresh()
    # As seen on Trino: the entries of the last map come first.
    listed = ", ".join(f"map_keys({arg})" for arg in reversed(args))
    keys = f"lb_array_distinct(flatten([{listed}]))"
    value = " ".join(
        f"WHEN map_contains({arg}, {key}) THEN map_extract({arg}, {key})[1]"
        for arg in reversed(args)
    )
    values = f"list_transform({keys}, lambda {key}: CASE {value} END)"
    return f"CASE WHEN {any_null(args)} THEN NULL ELSE map({keys}, {values}) END"


def _map_filter(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    name = lowering.fresh()
    kept = _body(lowering, call, 1, f"{name}.key", f"{name}.value")
    return f"map_from_entries(list_filter(map_entries({args[0]}), lambda {name}: {kept}))"


def _transform_keys(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    name = lowering.fresh()
    key = _body(lowering, call, 1, f"{name}.key", f"{name}.value")
    keys = f"list_transform(map_entries({args[0]}), lambda {name}: {key})"
    # The macro reads its arguments many times.
    both = f"struct_pack(k := {keys}, v := map_values({args[0]}))"
    return bound(lowering, both, lambda name: f"lb_map({name}.k, {name}.v)")


def _transform_values(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    name = lowering.fresh()
    value = _body(lowering, call, 1, f"{name}.key", f"{name}.value")
    values = f"list_transform(map_entries({args[0]}), lambda {name}: {value})"
    return f"CASE WHEN {args[0]} IS NOT NULL THEN map(map_keys({args[0]}), {values}) END"


def _map_zip_with(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    key = lowering.fresh()
    one, other = args[:2]
    keys = f"lb_array_distinct(list_concat(map_keys({one}), map_keys({other})))"
    items = [f"map_extract({arg}, {key})[1]" for arg in (one, other)]
    values = f"list_transform({keys}, lambda {key}: {_body(lowering, call, 2, key, *items)})"
    return f"CASE WHEN {any_null(args[:2])} THEN NULL ELSE map({keys}, {values}) END"


_SPANS = 'STRUCT("before" VARCHAR, "groups" VARCHAR[])[]'


def _regexp_replace_lambda(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    signature = f"py regexp.spans(VARCHAR, VARCHAR) {_SPANS}".replace('"', '""')
    name, each = lowering.fresh(), lowering.fresh()
    made = _body(lowering, call, 2, f"{name}.groups")
    piece = f"{name}.before || CASE WHEN {name}.groups IS NULL THEN '' ELSE {made} END"
    pieces = f'list_transform("{signature}"({args[0]}, {args[1]}), lambda {name}: {piece})'
    joined = f"array_to_string({each}, '')"
    return bound(
        lowering,
        pieces,
        lambda text: joined.replace(each, text).join(
            (f"CASE WHEN NOT lb_has_null({text}) THEN ", " END")
        ),
    )


# What RE2 reads as Joni does: no look-around, back references or classes in classes.
_PLAIN = re.compile(r"(?:[^\\()\[\]{}?*+|^$.]|\\[dws]|\\[.\-/\[\](){}*+?|^$\\]|\.|"
                    r"[?*+](?![?*+])|\||\((?!\?)|"
                    r"\)|\[\^?[A-Za-z0-9 _,.:;@#%=/-]+\](?!\])|\^)*\$?")  # fmt: skip
_NATIVE = {
    "regexp_like": "regexp_matches({0}, {1})",
    "regexp_extract": "CASE WHEN regexp_matches({0}, {1}) THEN regexp_extract({0}, {1}) END",
}


def plain_pattern(expr: tree.Expr) -> bool:
    """Tell whether a pattern means the same to DuckDB's regular expressions."""
    while isinstance(expr, tree.Convert):
        expr = expr.arg
    text = expr.value if isinstance(expr, tree.Constant) else None
    if not isinstance(text, str) or "\n" in text or _PLAIN.fullmatch(text) is None:
        return False
    try:
        re.compile(text)
    except re.error:
        return False
    # `.` of both leaves line feeds out only where told; a `$` is before a last line feed, too.
    return "." not in text.replace("\\.", "") and not text.endswith("$")


def _regexp(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    name = call.template.removeprefix("@regexp ").partition(".")[2]
    native = _NATIVE.get(name)
    if native is not None and plain_pattern(call.args[1]):
        return native.format(*args)
    from lakebed.dialect.lower import python_call

    del lowering
    kinds = [arg.type for arg in call.args]
    return python_call(f"regexp.{name}", kinds, call.type, args)


def _truncate_decimal(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    del lowering
    scale = call.type.numbers[1]
    step = f"lb_power_of_ten(greatest(0, least(38, {scale} - {args[1]})))"
    whole = conversions.unscaled(args[0], scale)
    cut = conversions.rescaled(f"(({whole} // {step}) * {step})", call.type)
    return f"CASE WHEN {args[1]} >= {scale} THEN {args[0]} WHEN {args[1]} < {scale} THEN {cut} END"


def _typeof(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    del lowering, args
    return "'" + str(call.args[0].type).replace("'", "''") + "'"


def _round_decimal(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    del lowering
    scale = call.type.numbers[1]
    name = duck_name(call.type)
    step = f"lb_power_of_ten(greatest(0, least(38, {scale} - {args[1]})))"
    whole = conversions.unscaled(args[0], scale)
    rounded = conversions.rescaled(f"(lb_half_up_wide({whole}, {step}) * {step})", call.type)
    plain = f"CAST({args[0]} AS {name})"
    return (
        f"CASE WHEN {args[1]} >= {scale} THEN {plain} WHEN {args[1]} < {scale} THEN {rounded} END"
    )


def _char_length(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    del lowering
    return f"CASE WHEN {args[0]} IS NOT NULL THEN {call.args[0].type.numbers[0]} END"


_FORMATTED = ("tinyint", "smallint", "integer", "bigint", "double", "varchar", "boolean",
              "decimal")  # fmt: skip
_AS_TEXT = ("time with time zone", "uuid", "ipaddress", "char",
            "interval day to second", "interval year to month")  # fmt: skip
_MOMENTS = ("date", "time", "timestamp", INSTANT)
_MOMENT = Type("row", (), (VARCHAR, VARCHAR, BIGINT), ("", "", ""))
_NANO_PLACES = 9


def _as_moment(text: str, kind: Type) -> str:
    """Pack what Java's formatter has to know of a date or time: text, zone, offset in seconds."""
    if kind.numbers and kind.numbers[0] > _NANO_PLACES:
        rounded = Type(kind.name, (_NANO_PLACES,))
        text, kind = conversions.convert(text, kind, rounded), rounded
    zone, offset, shown = "NULL", "NULL", temporal.value_text(text, kind)
    if kind.name == INSTANT:
        clock, utc = temporal.local(text, kind), temporal.moment(text, kind)
        zone, offset = (
            temporal.zone(text, kind),
            f"(epoch_us({clock}) - epoch_us({utc})) // 1000000",
        )
        plain = Type("timestamp", kind.numbers)
        shown = temporal.value_text(conversions.convert(text, kind, plain), plain)
    packed = f"struct_pack(f0 := {shown}, f1 := {zone}, f2 := {offset})"
    return f"CAST(CASE WHEN {text} IS NOT NULL THEN {packed} END AS {duck_name(_MOMENT)})"


def _format(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    """Give the values to Java's formatter; what it knows only as text goes as text."""
    from lakebed.dialect.lower import python_call

    del lowering
    texts: list[str] = []
    kinds: list[Type] = []
    for arg, expr in zip(args, call.args, strict=True):
        kind, text = expr.type, arg
        if kind.name == "unknown":
            kind, text = VARCHAR, "CAST(NULL AS VARCHAR)"
        elif kind.name == "real":
            kind, text = DOUBLE, f"CAST(CAST({arg} AS VARCHAR) AS DOUBLE)"
        elif kind.name == "json":
            kind = VARCHAR
        elif kind.name in _AS_TEXT:
            text, kind = conversions.convert(arg, kind, VARCHAR), VARCHAR
        elif kind.name in _MOMENTS:
            text, kind = _as_moment(arg, kind), _MOMENT
        elif kind.name not in _FORMATTED:
            raise TrinoError("NOT_SUPPORTED", f"Type not supported for formatting: {kind}")
        texts.append(text)
        kinds.append(kind)
    return python_call("java_format.render", kinds, VARCHAR, texts)


def aggregated(lowering: Lowering, name: str, call: Call, args: Sequence[str]) -> str:
    """Call a Python function with the list of a group's rows.

    A row is the argument, or a struct `a0, a1, …` of several.
    """
    kinds = [duck_name(arg.type) for arg in call.args]
    if len(args) == 1:
        row, kind = args[0], kinds[0]
    else:
        row = f"struct_pack({', '.join(f'a{at} := {arg}' for at, arg in enumerate(args))})"
        kind = f"STRUCT({', '.join(f'a{at} {one}' for at, one in enumerate(kinds))})"
    signature = f"py {name}({kind}[]) {duck_name(call.type)}".replace('"', '""')
    return f'"{signature}"({lowering.modified("list", row)})'


def _grouped(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    return aggregated(lowering, call.template.partition(" ")[2], call, args)


def _set_digest(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    kind, text = call.args[0].type, args[0]
    if kind.name == "date":
        text, duck = f"datediff('day', DATE '1970-01-01', {text})", "BIGINT"
    elif kind.name in INTEGERS:
        text, duck = f"CAST({text} AS BIGINT)", "BIGINT"
    elif kind.name in ("varchar", "varbinary"):
        duck = duck_name(kind)
    elif kind.name in ("boolean", "double") or kind.inner:
        signature = f"system.builtin.make_set_digest({kind}):SetDigest"
        message = f"Unsupported type parameters ({signature}) for <T>(t):setdigest"
        raise TrinoError("FUNCTION_IMPLEMENTATION_MISSING", message)
    else:
        raise not_supported(f"make_set_digest({kind})")
    return f'"py sketches.set_digest_of({duck}[]) BLOB"({lowering.modified("list", text)})'


_SHORT = {"decimal": 18, "timestamp": 6, INSTANT: 3, "time with time zone": 9}
"""Digits of the values that fit into one Java long; there is no state of others."""


def _reduce_agg(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    kind = call.args[1].type
    if kind.inner or kind.numbers and kind.numbers[0] > _SHORT.get(kind.name, kind.numbers[0]):
        raise TrinoError("NOT_SUPPORTED", f"State type not supported for reduce_agg: {kind}")
    listed = f"lb_known({lowering.modified('list', args[0])})"
    state, item = duck_name(kind), duck_name(call.args[0].type)
    one, other, each = lowering.fresh(), lowering.fresh(), lowering.fresh()
    # The state of the first row that has an input.
    given = f"CASE WHEN {args[0]} IS NOT NULL THEN struct_pack(s := CAST({args[1]} AS {state})) END"
    first = f"lb_known({lowering.modified('list', given)})[1].s"
    head = f"[struct_pack(s := CAST({first} AS {state}), x := CAST(NULL AS {item}))]"
    rest = (
        f"list_transform({listed}, lambda {each}: "
        f"struct_pack(s := CAST(NULL AS {state}), x := CAST({each} AS {item})))"
    )
    step = _body(lowering, call, 2, f"{one}.s", f"{other}.x")
    packed = f"struct_pack(s := CAST({step} AS {state}), x := CAST(NULL AS {item}))"
    folded = f"list_reduce(list_concat({head}, {rest}), lambda {one}, {other}: {packed}).s"
    return f"CASE WHEN len({listed}) > 0 THEN {folded} END"


def _precise_sequence(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    """Count microseconds; what the first has below them, the others have too."""
    kind, name = call.type.inner[0], lowering.fresh()
    plain = Type(kind.name, (6,))
    typed = tuple(replace(arg, type=plain) for arg in call.args[:2])
    moments = [temporal.moment(args[at], call.args[at].type) for at in range(2)]
    inner = replace(call, type=array(plain), args=(*typed, *call.args[2:]))
    made = temporal.made(kind, name, temporal.picos(args[0], call.args[0].type))
    listed = _sequence(lowering, inner, [*moments, *args[2:]])
    return f"list_transform({listed}, lambda {name}: {made})"


def _sequence(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    """Count days, microseconds or months from one instant to another."""
    kind = call.args[0].type
    step = args[2] if len(args) == 3 else f"CASE WHEN {args[0]} <= {args[1]} THEN 1 ELSE -1 END"
    by = call.args[2].type.name if len(args) == 3 else ""
    if any(temporal.is_precise(arg.type) for arg in call.args[:2]):
        return _precise_sequence(lowering, call, args)
    if by == "interval year to month":
        months = f"lb_sequence_months({args[0]}, {args[1]}, {step})"
        return f"CAST({months} AS {duck_name(call.type)})"
    each = lowering.fresh()
    if kind.name != "date":
        steps = f"lb_sequence(epoch_us({args[0]}), epoch_us({args[1]}), {step} * 1000)"
        return f"list_transform({steps}, lambda {each}: make_timestamp({each}))"
    if by:
        step = f"lb_whole_days({step})"
    days = [f"datediff('day', DATE '1970-01-01', {arg})" for arg in args[:2]]
    steps = f"lb_sequence({days[0]}, {days[1]}, {step})"
    return f"list_transform({steps}, lambda {each}: DATE '1970-01-01' + CAST({each} AS INTEGER))"


RULES: dict[str, Rule] = {
    "array_sort_by": _array_sort_by,
    "zip": _zip,
    "zip_with": _zip_with,
    "reduce": _reduce,
    "map_entries": _map_entries,
    "map_from_entries": _map_from_entries,
    "multimap_from_entries": _multimap_from_entries,
    "map_concat": _map_concat,
    "map_filter": _map_filter,
    "transform_keys": _transform_keys,
    "transform_values": _transform_values,
    "map_zip_with": _map_zip_with,
    "regexp_replace_lambda": _regexp_replace_lambda,
    "regexp": _regexp,
    "truncate_decimal": _truncate_decimal,
    "char_length": _char_length,
    "typeof": _typeof,
    "round_decimal": _round_decimal,
    "format": _format,
    "sequence": _sequence,
    "grouped": _grouped,
    "set_digest": _set_digest,
    "checksum": checksum_rules.checksum,
    "reduce_agg": _reduce_agg,
}


def found(template: str) -> Rule | None:
    """Return the rule that a template `@name …` names."""
    return RULES.get(template.removeprefix("@").partition(" ")[0])


__all__ = ["RULES", "Type", "aggregated", "found", "plain_pattern"]
