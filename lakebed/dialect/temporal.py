"""Values of time as DuckDB text: their parts, how they are made of parts, conversions between them.

date is DATE. time(p) is BIGINT picoseconds of the day, time with time zone STRUCT(t those of its
own clock, o its offset in minutes). timestamp(p) is TIMESTAMP up to microseconds and STRUCT(t
TIMESTAMP, p BIGINT picoseconds below) above; timestamp with time zone STRUCT(t such a value in UTC,
z VARCHAR zone). Why so: docs/decisions/0007-values-of-time.md.
"""

from __future__ import annotations

from lakebed.dialect.types import INSTANT, Type

OFFSET_TIME = "time with time zone"
KINDS = ("date", "timestamp", INSTANT, "time", OFFSET_TIME)
_NAMES = {"timestamp": "timestamp", INSTANT: "timestamp", "time": "time", OFFSET_TIME: "time"}
DAY_PICOS = 86_400_000_000_000_000


def is_precise(kind: Type) -> bool:
    """Tell whether a timestamp has picoseconds beside its microseconds."""
    return kind.name in ("timestamp", INSTANT) and kind.numbers[0] > 6


def has_parts(kind: Type) -> bool:
    """Tell whether a value of time is a struct: with a zone, an offset or picoseconds."""
    return kind.name in (INSTANT, OFFSET_TIME) or is_precise(kind)


def moment(text: str, kind: Type) -> str:
    """Return the microseconds of a date or timestamp as a TIMESTAMP, in UTC if it has a zone."""
    if kind.name == "date":
        return f"CAST({text} AS TIMESTAMP)"
    if kind.name == INSTANT:
        text = f"({text}).t"
    # The engine makes a NULL without a type of the member of a NULL it is sure of.
    return f"CAST(({text}).t AS TIMESTAMP)" if is_precise(kind) else text


def picos(text: str, kind: Type) -> str | None:
    """Return the picoseconds below the microsecond; None for a type that has none."""
    if not is_precise(kind):
        return None
    return f"({text}).t.p" if kind.name == INSTANT else f"({text}).p"


def zone(text: str, kind: Type) -> str:
    """Return the zone of a timestamp; the session's without one."""
    return f"({text}).z" if kind.name == INSTANT else "'UTC'"


def local(text: str, kind: Type) -> str:
    """Return what the clock of its own zone shows, as a TIMESTAMP; a date stays a DATE."""
    if kind.name == "date":
        return text
    if kind.name == INSTANT:
        return f"lb_local({moment(text, kind)}, {zone(text, kind)})"
    return moment(text, kind)


def made(kind: Type, moment: str, picos: str | None = None, zone: str = "'UTC'") -> str:
    """Make a timestamp of its parts; a moment that is NULL makes NULL."""
    if is_precise(kind):
        below = picos or "CAST(0 AS BIGINT)"
        value = f"struct_pack(t := {moment}, p := {below})"
    else:
        value = moment
    if kind.name == INSTANT:
        value = f"struct_pack(t := {value}, z := {zone})"
    elif not is_precise(kind):
        return value
    return f"CASE WHEN {moment} IS NOT NULL THEN {value} END"


def clock(text: str, kind: Type) -> str:
    """Return the picoseconds of the day that a value's own clock shows."""
    if kind.name == "time":
        return text
    if kind.name == OFFSET_TIME:
        return f"({text}).t"
    below = picos(text, kind)
    return f"lb_clock({local(text, kind)})" + (f" + {below}" if below else "")


def offset(text: str, kind: Type) -> str:
    """Return a value's offset from UTC in minutes."""
    if kind.name == OFFSET_TIME:
        return f"({text}).o"
    if kind.name == INSTANT:
        return f"lb_offset_minutes({moment(text, kind)}, {zone(text, kind)})"
    return "CAST(0 AS INTEGER)"


def made_time(kind: Type, clock: str, offset: str) -> str:
    """Make a time of its parts."""
    if kind.name == "time":
        return clock
    packed = f"struct_pack(t := {clock}, o := CAST({offset} AS INTEGER))"
    return f"CASE WHEN {clock} IS NOT NULL THEN {packed} END"


def rounded(moment: str, picos: str | None, places: int, target: int) -> tuple[str, str | None]:
    """Round a moment of so many decimal places half up to `target` places."""
    if target >= places:
        return moment, picos if target > 6 else None
    if target < 6:
        return f"lb_round_moment({moment}, {10 ** (6 - target)})", None
    if picos is None:
        return moment, None
    if target == 6:
        return f"lb_carry({moment}, {picos} >= 500000)", None
    below = f"lb_round({picos}, {10 ** (12 - target)})"
    return f"lb_carry({moment}, {below} = 1000000)", f"({below} % 1000000)"


def rounded_clock(text: str, places: int, target: int) -> str:
    """Round picoseconds of a day half up; midnight comes after the last."""
    if target >= places:
        return text
    return f"lb_round({text}, {10 ** (12 - target)}) % {DAY_PICOS}"


def convert(text: str, source: Type, target: Type) -> str | None:
    """Convert between two types of time as CAST does; None where there is no such conversion."""
    if source.name not in KINDS or target.name not in KINDS:
        return None
    dated = (source.name == "date", target.name == "date")
    if any(dated) and {source.name, target.name} & {"time", OFFSET_TIME}:
        return None
    if target.name == "date":
        return f"CAST({local(text, source)} AS DATE)"
    if target.name in ("time", OFFSET_TIME):
        return _to_time(text, source, target)
    if source.name in ("time", OFFSET_TIME):
        return _from_time(text, source, target)
    return _to_timestamp(text, source, target)


def _places(kind: Type) -> int:
    return kind.numbers[0] if kind.numbers else 0


def _to_time(text: str, source: Type, target: Type) -> str:
    shown = clock(text, source)
    if source.name == "timestamp" and target.name == "time":
        # As seen on Trino: before 1970 a part of a second takes a second off the time.
        shown = shown.replace("lb_clock(", "lb_early_clock(", 1)
    shown = rounded_clock(f"({shown})", _places(source), _places(target))
    return made_time(target, shown, offset(text, source))


def _from_time(text: str, source: Type, target: Type) -> str:
    """Put a time on the session's current date; with a zone, the time UTC has then."""
    picoseconds, places = clock(text, source), _places(source)
    zoned = source.name == OFFSET_TIME and target.name == INSTANT
    if zoned:
        shown = f"({rounded_clock(picoseconds, places, _places(target))})"
        picoseconds = f"lb_offset_key({shown}, {offset(text, source)})"
        places = min(places, _places(target))
    at = f"lb_on_today({picoseconds})"
    below = f"({picoseconds} % 1000000)" if places > 6 else None
    at, below = rounded(at, below, places, _places(target))
    return made(target, at, below, f"lb_offset_name({offset(text, source)})" if zoned else "'UTC'")


def _to_timestamp(text: str, source: Type, target: Type) -> str:
    if source.name == INSTANT and target.name == "timestamp":
        at = local(text, source)
    else:
        at = moment(text, source)
    at, below = rounded(at, picos(text, source), _places(source), _places(target))
    return made(target, at, below, zone(text, source))


def has_zone(kind: Type) -> bool:
    """Tell whether values of a type have a part that comparisons do not see."""
    return kind.name in (INSTANT, OFFSET_TIME) or any(map(has_zone, kind.inner))


def key(text: str, kind: Type) -> str:
    """Return what comparisons, groups, joins and orders see of a value: the instant, not its zone.

    Whoever compares values with operators of DuckDB compares their keys.
    """
    if not has_zone(kind):
        return text
    if kind.name == INSTANT:
        return f"({text}).t"
    if kind.name == OFFSET_TIME:
        return f"lb_offset_time_key({text})"
    if kind.name == "array":
        return f"list_transform({text}, lambda lbk: {key('lbk', kind.inner[0])})"
    if kind.name == "map":
        names = f"list_transform(map_keys({text}), lambda lbk: {key('lbk', kind.inner[0])})"
        values = f"list_transform(map_values({text}), lambda lbk: {key('lbk', kind.inner[1])})"
        return f"CASE WHEN {text} IS NOT NULL THEN map({names}, {values}) END"
    members = ", ".join(
        f'"f{at}" := ' + key(f'({text})."f{at}"', inner) for at, inner in enumerate(kind.inner)
    )
    return f"CASE WHEN {text} IS NOT NULL THEN struct_pack({members}) END"


def value_text(text: str, kind: Type, places_min: int = 0) -> str:
    """Write a value of time as text, with at least so many decimal places."""
    places = max(places_min, _places(kind))
    if kind.name == "date":
        return f"lb_date_text({text})"
    if kind.name in ("time", OFFSET_TIME):
        shown = _clock_text(clock(text, kind), _places(kind))
        return shown if kind.name == "time" else f"({shown} || lb_offset_text(({text}).o))"
    shown = _moment_text(local(text, kind), picos(text, kind), places)
    return shown if kind.name == "timestamp" else f"({shown} || ' ' || ({text}).z)"


def _clock_text(text: str, places: int) -> str:
    shown = f"strftime(make_timestamp({text} // 1000000), '%H:%M:%S.%f')"
    if places > 6:
        return f"({shown} || left(lpad(CAST({text} % 1000000 AS VARCHAR), 6, '0'), {places - 6}))"
    return f"left({shown}, {9 + places if places else 8})"


def _moment_text(text: str, below: str | None, places: int) -> str:
    if places == 0:
        return f"lb_moment_text({text}, '%Y-%m-%d %H:%M:%S', ' %H:%M:%S')"
    if places == 3:
        return f"lb_moment_text({text}, '%Y-%m-%d %H:%M:%S.%g', ' %H:%M:%S.%g')"
    shown = f"lb_moment_text({text}, '%Y-%m-%d %H:%M:%S.%f', ' %H:%M:%S.%f')"
    if places > 6:
        return f"({shown} || left(lpad(CAST({below} AS VARCHAR), 6, '0'), {places - 6}))"
    return shown if places == 6 else f"left({shown}, -{6 - places})"
