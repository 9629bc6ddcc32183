"""Functions of dates and times that a template cannot say, for values of every precision and zone.

A rule gets the lowering, the call and the texts of its arguments, as those of `rules` do.
https://trino.io/docs/current/functions/datetime.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lakebed.dialect import (
    array_rules,
    compare_rules,
    conversions,
    date_patterns,
    decimal_rules,
    instants,
    ordering,
    temporal,
    tree,
)
from lakebed.dialect.types import BIGINT, DATE, DAY_TO_SECOND, INSTANT, VARCHAR, Type

if TYPE_CHECKING:
    from lakebed.dialect.lower import Lowering

Call = tree.Apply | tree.Aggregate | tree.Window
Rule = Callable[["Lowering", Call, Sequence[str]], str]
_CLOCK = ("time", temporal.OFFSET_TIME)
_UNITS = {
    "DATE": ("day", "week", "month", "quarter", "year"),
    "TIME": ("millisecond", "second", "minute", "hour"),
}
_PICOS = {"millisecond": 10**9, "second": 10**12, "minute": 60 * 10**12, "hour": 3600 * 10**12}


def parts(name: str, text: str, kind: Type) -> str:
    """Write the slot `{name:N}` of a template: a part of a value of time."""
    return _PARTS[name](text, kind)


_PARTS: dict[str, Callable[[str, Type], str]] = {
    "local": temporal.local,
    "utc": temporal.moment,
    "zone": temporal.zone,
    "clock": temporal.clock,
    "offset": temporal.offset,
    "key": temporal.key,
}


def _field(kind: Type) -> str:
    if kind.name in _CLOCK:
        return "TIME"
    return "DATE" if kind == DATE else "TIMESTAMP"


def _unit(lowering: Lowering, arg: tree.Expr, text: str, kind: Type) -> str:
    """Return the unit in small letters; one the type does not have is an error."""
    what = _field(kind)
    units = _UNITS.get(what, (*_UNITS["TIME"], *_UNITS["DATE"]))
    literal = arg.value if isinstance(arg, tree.Constant) else None
    if isinstance(literal, str) and literal.lower() in units:
        return f"'{literal.lower()}'"
    listed = ", ".join(f"'{unit}'" for unit in units)
    message = f"'''' || {text} || ''' is not a valid {what} field'"
    failed = f"{lowering.raising}('INVALID_FUNCTION_ARGUMENT', {message})"
    known = f"CASE WHEN lower({text}) IN ({listed}) THEN lower({text})"
    return f"{known} WHEN {text} IS NOT NULL THEN {failed} END"


def _is_small(unit: str) -> str | bool:
    """Tell whether a unit is below a day: known now for a literal."""
    if unit.startswith("'"):
        return unit.strip("'") in _PICOS
    return f"({unit}) IN ('millisecond', 'second', 'minute', 'hour')"


def _either(small: str | bool, one: str, other: str) -> str:
    if isinstance(small, bool):
        return one if small else other
    return f"CASE WHEN {small} THEN {one} ELSE {other} END"


def _unit_picos(unit: str) -> str:
    if unit.startswith("'"):
        return f"CAST({_PICOS[unit.strip(chr(39))]} AS BIGINT)"
    whens = " ".join(f"WHEN '{name}' THEN {picos}" for name, picos in _PICOS.items())
    return f"CAST(CASE {unit} {whens} END AS BIGINT)"


def _date_trunc(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    kind, text = call.type, args[1]
    unit = _unit(lowering, call.args[0], args[0], kind)
    if kind.name in _CLOCK:
        shown = temporal.clock(text, kind)
        floor = f"({shown} - {shown} % {_unit_picos(unit)})"
        return temporal.made_time(kind, floor, temporal.offset(text, kind))
    local = temporal.local(text, kind)
    if kind == DATE:
        return f"CAST(date_trunc({unit}, {local}) AS DATE)"
    floor = f"CAST(date_trunc({unit}, {local}) AS TIMESTAMP)"
    if kind.name == INSTANT:
        # Below a day the offset stays what it was, also where clocks are set back.
        near = f"{temporal.moment(text, kind)} - ({local} - {floor})"
        zone = temporal.zone(text, kind)
        floor = _either(_is_small(unit), near, f"lb_utc({floor}, {zone})")
    return temporal.made(kind, floor, None, temporal.zone(text, kind))


def _date_add(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    kind, text, count = call.type, args[2], args[1]
    unit = _unit(lowering, call.args[0], args[0], kind)
    if kind.name in _CLOCK:
        picos = _unit_picos(unit)
        step = f"({count} % ({temporal.DAY_PICOS} // {picos})) * {picos}"
        moved = f"lb_wrapped({temporal.clock(text, kind)} + {step})"
        rounded = temporal.rounded_clock(f"({moved})", 12, kind.numbers[0])
        return temporal.made_time(kind, rounded, temporal.offset(text, kind))
    error = "GENERIC_INTERNAL_ERROR" if kind == DATE else "INVALID_FUNCTION_ARGUMENT"
    counted = call.args[1].arg if isinstance(call.args[1], tree.Convert) else call.args[1]
    if counted.type == BIGINT:
        count = f"lb_int_count({count}, '{error}')"
    step = f"lb_step({unit}, {count})"
    if kind == DATE:
        return f"CAST({text} + {step} AS DATE)"
    zone, moment = temporal.zone(text, kind), temporal.moment(text, kind)
    moved = f"({moment} + {step})"
    if kind.name == INSTANT:
        far = f"lb_utc({temporal.local(text, kind)} + {step}, {zone})"
        moved = _either(_is_small(unit), moved, far)
    if kind.numbers[0] < 3:
        moved, _ = temporal.rounded(moved, None, 3, kind.numbers[0])
    return temporal.made(kind, moved, temporal.picos(text, kind), zone)


def _date_diff(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    one, other = (arg.type for arg in call.args[1:])
    unit = _unit(lowering, call.args[0], args[0], one)
    if one.name in _CLOCK:
        ends = [temporal.key(text, kind) for text, kind in zip(args[1:], (one, other), strict=True)]
        return f"(({ends[1]} - {ends[0]}) // {_unit_picos(unit)})"
    if one.name != INSTANT:
        ends = [
            temporal.moment(text, kind) for text, kind in zip(args[1:], (one, other), strict=True)
        ]
        return f"date_sub({unit}, {_whole(ends[0], one)}, {_whole(ends[1], other)})"
    moments = [
        _whole(temporal.moment(text, kind), kind)
        for text, kind in zip(args[1:], (one, other), strict=True)
    ]
    zone = temporal.zone(args[1], one)
    near = f"date_sub({unit}, {moments[0]}, {moments[1]})"
    clocks = [f"lb_local({moment}, {zone})" for moment in moments]
    far = f"date_sub({unit}, {clocks[0]}, {clocks[1]})"
    return _either(_is_small(unit), near, far)


def _whole(moment: str, kind: Type) -> str:
    """Cut a moment to milliseconds, in which differences are counted."""
    if kind == DATE or kind.numbers[0] <= 3:
        return moment
    return f"CAST(date_trunc('millisecond', {moment}) AS TIMESTAMP)"


def zone_text(lowering: Lowering, arg: tree.Expr, text: str, name: str = "") -> str:
    """Return the settled name of a zone; a name that is none is an error."""
    del lowering
    if isinstance(arg, tree.Constant) and isinstance(arg.value, str) and arg.type.name == "varchar":
        try:
            return f"'{instants.zone_name(arg.value)}'"
        except instants.ZoneError:
            pass
    return f'"py zones.{name or "name"}(VARCHAR) VARCHAR"({text})'


def _at_timezone(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    kind, text = call.type, args[0]
    if call.args[1].type.name == "interval day to second":
        zone = f"lb_offset_name(lb_offset_of({args[1]}))"
        offset = f"lb_offset_of({args[1]})"
    else:
        zone = zone_text(lowering, call.args[1], args[1])
        offset = f"lb_offset_minutes(current_timestamp_utc(), {zone})"
    if kind.name == temporal.OFFSET_TIME:
        moved = (
            f"lb_wrapped({temporal.key(text, kind)} + CAST({offset} AS BIGINT) * 60000000000000)"
        )
        return temporal.made_time(kind, moved, offset)
    moment, below = temporal.moment(text, kind), temporal.picos(text, kind)
    return temporal.made(kind, moment, below, zone)


def _with_timezone(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    source = call.args[0].type
    zone = zone_text(lowering, call.args[1], args[1], "with_name")
    moment = f"lb_utc({temporal.moment(args[0], source)}, {zone})"
    return temporal.made(call.type, moment, temporal.picos(args[0], source), zone)


def _from_unixtime(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    zone = "'UTC'"
    if len(args) == 2:
        zone = zone_text(lowering, call.args[1], args[1], "unix_name")
    elif len(args) == 3:
        zone = f"lb_offset_name(lb_valid_offset({args[1]} * 60 + {args[2]}))"
    return temporal.made(call.type, f"lb_from_unixtime({args[0]})", None, zone)


def _from_unixtime_nanos(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    del lowering
    nanos = args[0]
    nanos = f"CAST({nanos} AS HUGEINT)"
    moment = f"make_timestamp(CAST(lb_floor({nanos}, 1000) // 1000 AS BIGINT))"
    below = f"CAST(({nanos} - lb_floor({nanos}, 1000)) * 1000 AS BIGINT)"
    return temporal.made(call.type, moment, below)


def _to_iso8601(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    del lowering
    kind = call.args[0].type
    if kind == DATE:
        return f"ltrim(lb_date_text({args[0]}), '+')"
    bare = Type("timestamp", kind.numbers)
    whole = temporal.made(bare, temporal.local(args[0], kind), temporal.picos(args[0], kind))
    shown = f"replace({temporal.value_text(whole, bare)}, ' ', 'T')"
    if kind.name != INSTANT:
        return shown
    clock, utc = temporal.local(args[0], kind), temporal.moment(args[0], kind)
    seconds = f"(epoch_us({clock}) - epoch_us({utc})) // 1000000"
    return f"({shown} || lb_iso_offset({temporal.offset(args[0], kind)}, {seconds}))"


def _now(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    """Write what the clock shows: of the session, whose zone is UTC."""
    del lowering, args
    kind = call.type
    exact = min(kind.numbers[0], 6)
    moment = f"lb_now({10 ** (6 - exact)})"
    if kind.name in _CLOCK:
        return temporal.made_time(kind, f"lb_clock({moment})", "0")
    return temporal.made(kind, moment)


def _millis(kind: Type, text: str) -> str:
    """Return what a value's clock shows, rounded to the milliseconds that patterns know."""
    local = temporal.local(text, kind)
    if kind == DATE or kind.numbers[0] <= 3:
        return local
    return temporal.rounded(local, None, 6, 3)[0]


def _date_format(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    pattern, local = call.args[1], _millis(call.args[0].type, args[0])
    if isinstance(pattern, tree.Constant) and isinstance(pattern.value, str):
        native = date_patterns.strftime(pattern.value)
        if native is not None:
            return f"strftime({local}, '{native}')"
    return f'"py patterns.date_format(BIGINT, VARCHAR) VARCHAR"(epoch_us({local}), {args[1]})'


def _date_parse(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    del lowering
    pattern = call.args[1]
    rare = f'"py patterns.date_parse(VARCHAR, VARCHAR) BIGINT"({args[0]}, {args[1]})'
    rare = f"make_timestamp({rare})"
    if isinstance(pattern, tree.Constant) and isinstance(pattern.value, str):
        plain = date_patterns.strict(pattern.value)
        if plain is not None:
            form, native = plain
            return (
                f"CASE WHEN regexp_full_match({args[0]}, '{form}') AND "
                f"try_strptime({args[0]}, '{native}') IS NOT NULL THEN "
                f"CAST(try_strptime({args[0]}, '{native}') AS TIMESTAMP) ELSE {rare} END"
            )
    return rare


def _format_datetime(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    del lowering
    kind = call.args[0].type
    zone = temporal.zone(args[0], kind) if kind.name == INSTANT else "''"
    local, offset = _millis(kind, args[0]), temporal.offset(args[0], kind)
    name = '"py patterns.format_datetime(BIGINT, INTEGER, VARCHAR, VARCHAR) VARCHAR"'
    return f"{name}(epoch_us({local}), CAST({offset} AS INTEGER), {zone}, {args[1]})"


def _moved(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    """Write a time plus or minus an interval: days are of 24 hours, months of the calendar."""
    del lowering
    symbol, kind, text = call.template[-1], call.type, args[0]
    if kind.name in _CLOCK:
        moved = (
            f"lb_wrapped({temporal.clock(text, kind)} {symbol} ({args[1]} % 86400000) * 1000000000)"
        )
        return temporal.made_time(kind, moved, temporal.offset(text, kind))
    zone = temporal.zone(text, kind)
    if call.args[1].type == DAY_TO_SECOND:
        moved = f"({temporal.moment(text, kind)} {symbol} to_milliseconds({args[1]}))"
    else:
        moved = f"({temporal.local(text, kind)} {symbol} to_months({args[1]}))"
        moved = f"lb_utc({moved}, {zone})" if kind.name == INSTANT else moved
    return temporal.made(kind, moved, temporal.picos(text, kind), zone)


_READ = "STRUCT(t TIMESTAMP, p BIGINT, z VARCHAR)"


def _read(function: str) -> Rule:
    """Return the rule that reads a timestamp with time zone with a Python function."""

    def rule(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
        del lowering
        kinds = ", ".join("VARCHAR" for _ in args)
        read = f'"py patterns.{function}({kinds}) {_READ}"({", ".join(args)})'
        return temporal.made(call.type, f"({read}).t", f"({read}).p", f"({read}).z")

    return rule


def _from_iso8601_timestamp(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    """Read the usual form, `2020-01-02T03:04:05[.678]Z`, with DuckDB alone."""
    rare = _read("from_iso8601_timestamp")(lowering, call, args)
    plain = f"TRY_CAST(left({args[0]}, -1) AS TIMESTAMP)"
    form = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,3})?Z"
    packed = temporal.made(call.type, plain)
    return (
        f"CASE WHEN regexp_full_match({args[0]}, '{form}') AND {plain} IS NOT NULL "
        f"THEN {packed} ELSE {rare} END"
    )


def _to_date(lowering: Lowering, call: Call, args: Sequence[str]) -> str:
    return conversions.convert(args[0], VARCHAR, DATE, lowering.trying)


RULES: dict[str, Rule] = {
    "date_trunc": _date_trunc,
    "date_add": _date_add,
    "date_diff": _date_diff,
    "date_format": _date_format,
    "date_parse": _date_parse,
    "format_datetime": _format_datetime,
    "parse_datetime": _read("parse_datetime"),
    "from_iso8601_timestamp": _from_iso8601_timestamp,
    "from_iso8601_timestamp_nanos": _read("from_iso8601_timestamp_nanos"),
    "at_timezone": _at_timezone,
    "with_timezone": _with_timezone,
    "from_unixtime": _from_unixtime,
    "from_unixtime_nanos": _from_unixtime_nanos,
    "to_iso8601": _to_iso8601,
    "now": _now,
    "moved": _moved,
    "text_to_date": _to_date,
    "compared": compare_rules.compared,
}


def takes_apart(template: str) -> bool:
    """Tell whether a template names parts of its arguments, each perhaps more than once."""
    if template.startswith("@"):
        return template.removeprefix("@").partition(" ")[0] in RULES
    return any(f"{{{part}:" in template for part in _PARTS)


def found(template: str) -> Rule | None:
    """Return the rule that a template `@name` names."""
    name = template.removeprefix("@").partition(" ")[0]
    rule = RULES.get(name) or decimal_rules.RULES.get(name)
    return rule or array_rules.RULES.get(name) or ordering.RULES.get(name)
