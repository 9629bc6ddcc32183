"""Conversions between types, and values as Athena writes them: DuckDB text for each pair."""

from __future__ import annotations

from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import APPROXIMATE, INSTANT, INTEGERS, UNBOUNDED, Type, duck_name

_PATTERNS = {
    "boolean": "(?i)(t|true|1|f|false|0)",
    "integer": "[+-]?[0-9]+",
    "double": r"\s*[+-]?(NaN|Infinity|([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?[dDfF]?)\s*",
    "decimal": r"\s*[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?\s*",
    "date": r"\s*[+-]?[0-9]{1,}-[0-9]{1,2}-[0-9]{1,2}\s*",
    "timestamp": (
        r"\s*[0-9]{4,}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}([.][0-9]+)?)?)?"
        r"( ?(Z|UTC|[+]00:00))?\s*"
    ),
    "time": r"\s*[0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}([.][0-9]+)?)?\s*",
}
_SPELLING = {"integer": "INT"}


def convert(text: str, source: Type, target: Type, null_on_error: bool = False) -> str:
    """Return DuckDB text that turns `text` of type `source` into `target`, as Trino's CAST."""
    if source == target:
        return text
    if source.name == "unknown":
        return f"CAST({text} AS {duck_name(target)})"
    if target.name in ("varchar", "char"):
        return _to_text(text, source, target)
    if source.name in ("varchar", "char"):
        return _from_text(text, source, target, null_on_error)
    if source.name in ("array", "map", "row") or target.name in ("array", "map", "row"):
        return _nested(text, source, target, null_on_error)
    _check(source, target)
    if target.name in INTEGERS and source.name in APPROXIMATE:
        return f"CAST(round({text}) AS {duck_name(target)})"
    if target.name in ("timestamp", INSTANT, "time"):
        return _rounded(text, source, target)
    return f"CAST({text} AS {duck_name(target)})"


def _kind(kind: Type) -> str:
    if kind.name in INTEGERS or kind.name in APPROXIMATE or kind.name == "decimal":
        return "number"
    return "instant" if kind.name in ("date", "timestamp", INSTANT) else kind.name


def _check(source: Type, target: Type) -> None:
    kinds = {_kind(source), _kind(target)}
    if len(kinds) == 1 or kinds == {"number", "boolean"}:
        return
    if kinds == {"time", "instant"} and source.name != "date" and target.name != "date":
        return
    raise TrinoError("TYPE_MISMATCH", f"Cannot cast {source} to {target}")


def _rounded(text: str, source: Type, target: Type) -> str:
    name = duck_name(target)
    cast = text if duck_name(source) == name else f"CAST({text} AS {name})"
    places = target.numbers[0]
    if places > 6:
        raise TrinoError("NOT_SUPPORTED", f"{target}: lakebed keeps microseconds at most")
    if places == 6 or source.name == "date" or (source.numbers and source.numbers[0] <= places):
        return cast
    step = 10 ** (6 - places)
    if target.name == "time":
        cast = f"(DATE '1970-01-01' + {cast})"
        rounded = f"CAST(round(epoch_us({cast}) / {step}.0) AS BIGINT) * {step}"
        return f"CAST(make_timestamp({rounded}) AS TIME)"
    return f"make_timestamp(CAST(round(epoch_us({cast}) / {step}.0) AS BIGINT) * {step})"


def _to_text(text: str, source: Type, target: Type) -> str:
    length = target.numbers[0]
    if source.name not in ("varchar", "char"):
        if source.name in ("array", "map", "row", "varbinary"):
            raise TrinoError("TYPE_MISMATCH", f"Cannot cast {source} to {target}")
        text = value_text(text, source, cast=True)
        if target.name == "varchar":
            return text if length == UNBOUNDED else f"left({text}, {length})"
    if target.name == "char":
        return f"rpad(left({text}, {length}), {length}, ' ')"
    return text if source.numbers and length >= source.numbers[0] else f"left({text}, {length})"


def _from_text(text: str, source: Type, target: Type, null_on_error: bool) -> str:
    if target.name == "varbinary":
        return f"encode({text})"
    base = "integer" if target.name in INTEGERS else target.name
    base = {"real": "double", INSTANT: "timestamp"}.get(base, base)
    if base not in _PATTERNS:
        raise TrinoError("TYPE_MISMATCH", f"Cannot cast {source} to {target}")
    spelling = _SPELLING.get(target.name, str(target).upper())
    failed = f"lb_raise('INVALID_CAST_ARGUMENT', 'Cannot cast ''' || {text} || ''' to {spelling}')"
    failed = "NULL" if null_on_error else failed
    clean = text if base != "double" else f"rtrim(trim({text}), 'dDfF')"
    if base == "timestamp":
        clean = f"regexp_replace({text}, '\\s*(Z|UTC|[+]00:00)?\\s*$', '')"
    elif base == "double":
        clean = f"CASE WHEN {text} LIKE '%Inf%' OR {text} LIKE '%NaN%' THEN {text} ELSE {clean} END"
    value = f"TRY_CAST({clean} AS {duck_name(target)})"
    if target.name in ("timestamp", INSTANT) and target.numbers[0] < 6:
        value = _rounded(value, Type(target.name, (6,)), target)
    return (
        f"CASE WHEN {text} IS NULL THEN NULL WHEN regexp_full_match({text}, '{_PATTERNS[base]}') "
        f"THEN coalesce({value}, {failed}) ELSE {failed} END"
    )


def _nested(text: str, source: Type, target: Type, null_on_error: bool) -> str:
    if source.name != target.name or len(source.inner) != len(target.inner):
        raise TrinoError("TYPE_MISMATCH", f"Cannot cast {source} to {target}")
    if source.name == "array":
        if source.inner[0].name == "unknown":
            return f"CAST({text} AS {duck_name(target)})"
        inner = convert("lbe", source.inner[0], target.inner[0], null_on_error)
        return text if inner == "lbe" else f"list_transform({text}, lambda lbe: {inner})"
    if source.name == "map":
        keys = _nested_list(f"map_keys({text})", source.inner[0], target.inner[0], null_on_error)
        values = _nested_list(
            f"map_values({text})", source.inner[1], target.inner[1], null_on_error
        )
        return f"CASE WHEN {text} IS NULL THEN NULL ELSE map({keys}, {values}) END"
    members = (
        f'"f{at}" := ' + convert(f'({text})."f{at}"', one, other, null_on_error)
        for at, (one, other) in enumerate(zip(source.inner, target.inner, strict=True))
    )
    return f"CASE WHEN {text} IS NULL THEN NULL ELSE struct_pack({', '.join(members)}) END"


def _nested_list(text: str, source: Type, target: Type, null_on_error: bool) -> str:
    return _nested(text, Type("array", (), (source,)), Type("array", (), (target,)), null_on_error)


def unscaled(text: str, scale: int) -> str:
    """Return a decimal's digits as a whole HUGEINT."""
    if scale == 0:
        return f"CAST({text} AS HUGEINT)"
    wide = f"CAST({text} AS DECIMAL(38,{scale}))"
    return f"CAST({wide} * CAST({10**scale} AS DECIMAL({scale + 1},0)) AS HUGEINT)"


def rescaled(text: str, target: Type) -> str:
    """Return the decimal of which `text` are the whole digits."""
    scale = target.numbers[1]
    name = duck_name(target)
    if scale == 0:
        return f"CAST({text} AS {name})"
    unit = f"CAST('0.{'1'.zfill(scale)}' AS DECIMAL({scale},{scale}))"
    return f"CAST(CAST({text} AS DECIMAL(38,0)) * {unit} AS {name})"


def value_text(text: str, kind: Type, cast: bool = False) -> str:
    """Return DuckDB text for a value as Athena writes it in a result (or as CAST does)."""
    simple = {
        "double": "lb_approximate_text({})",
        "real": "lb_approximate_text({})",
        "varbinary": "lb_hex_text({})",
        "interval day to second": "lb_day_to_second_text({})",
        "interval year to month": "lb_year_to_month_text({})",
    }
    if kind.name in ("varchar", "char"):
        return text
    if kind.name in simple:
        return simple[kind.name].format(text)
    if kind.name in ("timestamp", INSTANT):
        return _instant_text(text, kind, cast)
    if kind.name == "decimal" and kind.numbers[0] == kind.numbers[1]:
        # DuckDB writes such a decimal without the zero before the point.
        return f"regexp_replace(CAST({text} AS VARCHAR), '^(-?)[.]', '\\10.')"
    if kind.name == "array":
        inner = f"coalesce({value_text('lbe', kind.inner[0])}, 'null')"
        joined = f"array_to_string(list_transform({text}, lambda lbe: {inner}), ', ')"
        return f"('[' || {joined} || ']')"
    if kind.name == "map":
        key = value_text("lbe.key", kind.inner[0])
        value = f"coalesce({value_text('lbe.value', kind.inner[1])}, 'null')"
        entries = f"list_transform(map_entries({text}), lambda lbe: {key} || '=' || {value})"
        return f"('{{' || array_to_string({entries}, ', ') || '}}')"
    if kind.name == "row":
        return _row_text(text, kind)
    return f"CAST({text} AS VARCHAR)"


def _row_text(text: str, kind: Type) -> str:
    members: list[str] = []
    for at, (name, inner) in enumerate(zip(kind.fields, kind.inner, strict=True)):
        label = (name or f"field{at}").replace("'", "''")
        value = value_text(f'({text})."f{at}"', inner)
        members.append(f"'{label}=' || coalesce({value}, 'null')")
    body = " || ', ' || ".join(members)
    return f"CASE WHEN {text} IS NULL THEN NULL ELSE '{{' || {body} || '}}' END"


def _instant_text(text: str, kind: Type, cast: bool) -> str:
    places = kind.numbers[0] if cast else max(3, kind.numbers[0])
    whole = f"strftime({text}, '%Y-%m-%d %H:%M:%S.%f')"
    shown = f"left({whole}, length({whole}) - {6 - places if places else 7})"
    if places == 6:
        shown = whole
    elif places == 3:
        shown = f"strftime({text}, '%Y-%m-%d %H:%M:%S.%g')"
    elif places == 0:
        shown = f"strftime({text}, '%Y-%m-%d %H:%M:%S')"
    return f"({shown} || ' UTC')" if kind.name == INSTANT else shown
