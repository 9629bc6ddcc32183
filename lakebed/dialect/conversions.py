"""Conversions between types, and values as Athena writes them: DuckDB text for each pair.

Which pairs there are, what rounds and what raises which error is Trino's:
https://trino.io/docs/current/functions/conversion.html
"""

from __future__ import annotations

from lakebed.dialect import json_casts, temporal, text_conversions, tree
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import (
    APPROXIMATE,
    INSTANT,
    INTEGER_DIGITS,
    INTEGERS,
    UNBOUNDED,
    Type,
    duck_name,
    is_numeric,
)

_NESTED = ("array", "map", "row")
_BYTES = ("uuid", "ipaddress")
_SKETCHES = ("hyperloglog", "setdigest", "tdigest", "qdigest")


def convert(text: str, source: Type, target: Type, null_on_error: bool = False) -> str:
    """Return DuckDB text that turns `text` of type `source` into `target`, as Trino's CAST."""
    if source == target or is_same_value(source, target):
        return text
    if json_casts.is_one(source, target):
        return json_casts.convert(text, source, target)
    if source.name == "unknown":
        return f"CAST({text} AS {duck_name(target)})"
    if target.name in ("varchar", "char"):
        return _to_text(text, source, target, null_on_error)
    if source.name == "varchar":
        return text_conversions.from_text(text, source, target, null_on_error)
    if source.name in _NESTED or target.name in _NESTED:
        return _nested(text, source, target, null_on_error)
    found = _numeric(text, source, target, null_on_error)
    found = found or temporal.convert(text, source, target)
    found = found or _bytes(text, source, target, null_on_error)
    found = found or _sketch(text, source, target, null_on_error)
    if found is None:
        raise mismatch(source, target)
    return found


def constant(value: tree.Constant) -> str:
    """Return DuckDB text of a constant."""
    name = duck_name(value.type)
    if value.value is None:
        return f"CAST(NULL AS {name})"
    if isinstance(value.value, bool):
        return "true" if value.value else "false"
    shown = "'" + str(value.value).replace("'", "''") + "'"
    if value.type.name in ("varchar", "char"):
        return shown
    if value.type.name == "varbinary":
        return f"unhex({shown})"
    return f"CAST({value.value if value.type.name in INTEGERS else shown} AS {name})"


def mismatch(source: Type, target: Type) -> TrinoError:
    """Return the error for two types of which Trino has no conversion."""
    return TrinoError("TYPE_MISMATCH", f"Cannot cast {source} to {target}")


def is_same_value(source: Type, target: Type) -> bool:
    """Tell whether every value is the same in both types: only names of fields differ."""
    if source.name != target.name or source.numbers != target.numbers:
        return False
    if len(source.inner) != len(target.inner):
        return False
    return all(
        one == other or is_same_value(one, other)
        for one, other in zip(source.inner, target.inner, strict=True)
    )


def _checked(text: str, value: str, failure: str, null_on_error: bool) -> str:
    """Return `value`, or fail where it is NULL though `text` is not."""
    if null_on_error:
        return value
    return f"CASE WHEN {text} IS NOT NULL THEN coalesce({value}, {failure}) END"


def _raised(name: str, message: str) -> str:
    return f"lb_raise('{name}', {message})"


def _numeric(text: str, source: Type, target: Type, null_on_error: bool) -> str | None:
    """Convert between numbers and booleans."""
    name = duck_name(target)
    if target.name == "boolean" and is_numeric(source):
        return f"({text} <> 0)"
    if source.name == "boolean" and is_numeric(target):
        if target.name != "decimal":
            return f"CAST({text} AS {name})"
        return f"CAST(CAST({text} AS TINYINT) AS {name})"
    if not is_numeric(source) or not is_numeric(target):
        return None
    if target.name in APPROXIMATE:
        if (source.name, target.name) == ("double", "real"):
            return f"lb_real({text})"
        return f"CAST({text} AS {name})"
    if target.name == "decimal":
        return _to_decimal(text, source, target, null_on_error)
    return _to_integer(text, source, target, null_on_error)


def _to_integer(text: str, source: Type, target: Type, null_on_error: bool) -> str:
    name, value = duck_name(target), text
    if source.name in INTEGERS:
        if INTEGERS.index(source.name) <= INTEGERS.index(target.name):
            return f"CAST({text} AS {name})"
        failure = _raised("NUMERIC_VALUE_OUT_OF_RANGE", f"'Out of range for {target}: ' || {text}")
    elif source.name == "decimal":
        shown = f"'Cannot cast ''' || {value_text(text, source)} || ''' to {str(target).upper()}'"
        failure = _raised("INVALID_CAST_ARGUMENT", shown)
    else:
        shown = value_text(text, source)
        value = f"round({text})"
        if (source.name, target.name) == ("real", "bigint"):
            # As on Trino what is too large is the largest; of a double it is an error.
            least, most = -(1 << 63), (1 << 63) - 1
            value = f"CASE WHEN abs({text}) < 9.2e18 THEN CAST({value} AS BIGINT) "
            value += f"WHEN {text} < 0 THEN {least} WHEN NOT isnan({text}) THEN {most} END"
            failure = _raised("INVALID_CAST_ARGUMENT", "'Cannot cast real NaN to bigint'")
        elif target.name == "bigint":
            failure = _raised(
                "INVALID_CAST_ARGUMENT", f"'Unable to cast ' || {shown} || ' to bigint'"
            )
        else:
            nan = _raised("INVALID_CAST_ARGUMENT", f"'Cannot cast {source} NaN to {target}'")
            out = f"'Out of range for {target}: ' || {shown}"
            out = _raised("NUMERIC_VALUE_OUT_OF_RANGE", out)
            failure = f"CASE WHEN isnan({text}) THEN {nan} ELSE {out} END"
    return _checked(text, f"TRY_CAST({value} AS {name})", failure, null_on_error)


def _to_decimal(text: str, source: Type, target: Type, null_on_error: bool) -> str:
    name = duck_name(target)
    precision, scale = target.numbers
    if source.name == "decimal":
        before, places = source.numbers
        if precision - scale >= before - places and scale >= places:
            return f"CAST({text} AS {name})"
    if source.name in INTEGERS and precision - scale >= INTEGER_DIGITS[source.name]:
        return f"CAST({text} AS {name})"
    spelled = str(target).upper().replace(",", ", ")
    kind = str(source).upper().replace(",", ", ")
    shown = f"'Cannot cast {kind} ''' || {value_text(text, source)} || ''' to {spelled}'"
    value = text
    if source.name in APPROXIMATE:
        # DuckDB does not see that a text with an exponent has too many digits.
        within = f"abs({text}) < 1e{precision - scale}"
        value = f"CASE WHEN {within} THEN CAST({text} AS VARCHAR) END"
    failure = _raised("INVALID_CAST_ARGUMENT", shown)
    return _checked(text, f"TRY_CAST({value} AS {name})", failure, null_on_error)


def _bytes(text: str, source: Type, target: Type, null_on_error: bool) -> str | None:
    """Convert between binary and what has a binary form: uuid and ipaddress."""
    if source.name == "varbinary" and target.name in _BYTES:
        what = "UUID" if target.name == "uuid" else "IP address"
        message = f"'Invalid {what} binary length: ' || octet_length({text})"
        value = text
        if target.name == "uuid":
            value = f"CAST(lower(hex({text})) AS UUID)"
        lengths = "= 16" if target.name == "uuid" else "IN (4, 16)"
        if target.name == "ipaddress":
            value = f"CASE octet_length({text}) WHEN 4 THEN unhex('{'00' * 10}FFFF') || {text} "
            value += f"ELSE {text} END"
        failure = "NULL" if null_on_error else _raised("INVALID_CAST_ARGUMENT", message)
        return (
            f"CASE WHEN octet_length({text}) {lengths} THEN {value} "
            f"WHEN {text} IS NOT NULL THEN {failure} END"
        )
    if target.name == "varbinary" and source.name == "uuid":
        return f"unhex(replace(CAST({text} AS VARCHAR), '-', ''))"
    if target.name == "varbinary" and source.name == "ipaddress":
        return text
    return None


def _sketch(text: str, source: Type, target: Type, null_on_error: bool) -> str | None:
    """Convert a sketch to bytes and back; they are no other engine's, so they say what they are."""
    if {source.name, target.name} == {"hyperloglog", "p4hyperloglog"}:
        return text
    kind = source if target.name == "varbinary" else target
    if kind.name not in _SKETCHES or "varbinary" not in (source.name, target.name):
        return None
    mark = f"lakebed {kind} ".encode().hex().upper()
    if kind is source:
        return f"unhex('{mark}' || hex({text}))"
    message = f"'The bytes are no {kind} of lakebed'"
    failure = "NULL" if null_on_error else _raised("INVALID_CAST_ARGUMENT", message)
    return (
        f"CASE WHEN starts_with(hex({text}), '{mark}') THEN unhex(substr(hex({text}), "
        f"{len(mark) + 1})) WHEN {text} IS NOT NULL THEN {failure} END"
    )


def _to_text(text: str, source: Type, target: Type, null_on_error: bool) -> str:
    length = target.numbers[0]
    if source.name in ("varchar", "char"):
        if target.name == "char":
            return f"rpad(left({text}, {length}), {length}, ' ')"
        return text if length >= source.numbers[0] else f"left({text}, {length})"
    if target.name == "char" or source.name in (*_NESTED, "varbinary", *_OPAQUE):
        raise mismatch(source, target)
    if source.name in _BYTES and length != UNBOUNDED:
        raise mismatch(source, target)
    shown = _cast_text(text, source)
    if length == UNBOUNDED or length >= _length_max(source):
        return shown
    if is_numeric(source) or source.name == "date":
        value = f"{value_text(text, source)} || ' (' || {shown} || ')'"
        value = value if source.name in APPROXIMATE else shown
        message = f"'Value ' || {value} || ' cannot be represented as varchar({length})'"
        failure = _raised("INVALID_CAST_ARGUMENT", message)
    else:
        message = f"'Character count exceeds length limit {length}: base64:' || "
        failure = _raised("GENERIC_INTERNAL_ERROR", f"{message}to_base64(encode({shown}))")
    failure = "NULL" if null_on_error else failure
    return (
        f"CASE WHEN length({shown}) <= {length} THEN {shown} "
        f"WHEN {text} IS NOT NULL THEN {failure} END"
    )


_OPAQUE = ("hyperloglog", "p4hyperloglog", "setdigest", "tdigest", "qdigest", "geometry",
           "sphericalgeography", "bingtile", "kdbtree", "color")  # fmt: skip


def _length_max(kind: Type) -> int:
    """Return the length of the longest text of a type's values, where that is known."""
    lengths = {"boolean": 5, "tinyint": 4, "smallint": 6, "integer": 11, "bigint": 20}
    if kind.name == "decimal":
        return kind.numbers[0] + 3
    return lengths.get(kind.name, UNBOUNDED)


def _cast_text(text: str, kind: Type) -> str:
    """Return a value's text as CAST(… AS varchar) writes it."""
    if kind.name == "real":
        return f"lb_short_scientific_text({text})"
    if kind.name == "double":
        return f"lb_scientific_text({text})"
    if kind.name == "date":
        # Trino shows a far year with a sign, but casts it without one.
        return f"ltrim({temporal.value_text(text, kind)}, '+')"
    if kind.name in temporal.KINDS:
        return temporal.value_text(text, kind)
    return value_text(text, kind)


def _nested(text: str, source: Type, target: Type, null_on_error: bool) -> str:
    if source.name != target.name or len(source.inner) != len(target.inner):
        raise mismatch(source, target)
    name = f"lb{len(text)}"
    if source.name == "array":
        if source.inner[0].name == "unknown":
            return f"CAST({text} AS {duck_name(target)})"
        inner = convert(name, source.inner[0], target.inner[0], null_on_error)
        if inner == name:
            return text
        made = f"list_transform({text}, lambda {name}: {inner})"
        return _whole(text, made) if null_on_error else made
    if source.name == "map":
        if source.inner[0].name == "unknown":
            return f"CAST({text} AS {duck_name(target)})"
        keys = _nested_list(f"map_keys({text})", source.inner[0], target.inner[0], null_on_error)
        values = _nested_list(
            f"map_values({text})", source.inner[1], target.inner[1], null_on_error
        )
        failed = f" OR {keys} IS NULL OR {values} IS NULL" if null_on_error else ""
        return f"CASE WHEN {text} IS NULL{failed} THEN NULL ELSE lb_cast_map({keys}, {values}) END"
    before = [f'({text})."f{at}"' for at in range(len(source.inner))]
    after = [
        convert(member, one, other, null_on_error)
        for member, one, other in zip(before, source.inner, target.inner, strict=True)
    ]
    members = ", ".join(f'"f{at}" := {member}' for at, member in enumerate(after))
    failed = ""
    if null_on_error:
        failed = "".join(
            f" OR ({one} IS NOT NULL AND {other} IS NULL)"
            for one, other in zip(before, after, strict=True)
        )
    return f"CASE WHEN {text} IS NULL{failed} THEN NULL ELSE struct_pack({members}) END"


def _whole(before: str, after: str) -> str:
    """Return a list of converted elements, NULL if one of them failed."""
    return f"CASE WHEN lb_nulls({before}) = lb_nulls({after}) THEN {after} END"


def _nested_list(text: str, source: Type, target: Type, null_on_error: bool) -> str:
    return convert(text, Type("array", (), (source,)), Type("array", (), (target,)), null_on_error)


def plain_value(text: str, kind: Type) -> str:
    """Read a text in DuckDB's own form, as partitions and hidden columns have it; zones are UTC."""
    if kind.name == INSTANT:
        return temporal.made(kind, f"CAST({text} AS TIMESTAMP)")
    return f"CAST({text} AS {duck_name(kind)})"


def unscaled(text: str, scale: int) -> str:
    """Return a decimal's digits as a whole HUGEINT."""
    if scale == 0:
        return f"CAST({text} AS HUGEINT)"
    wide = f"CAST({text} AS DECIMAL(38,{scale}))"
    product = f"CAST({wide} * CAST({10**scale} AS DECIMAL({scale + 1},0)) AS HUGEINT)"
    digits = f"CAST(replace(CAST({wide} AS VARCHAR), '.', '') AS HUGEINT)"
    room = 37 - 2 * scale
    # The product has the scale once more, for which there may be no room.
    return (
        f"CASE WHEN abs({wide}) < 1e{room} THEN {product} ELSE {digits} END" if room > 0 else digits
    )


def rescaled(text: str, target: Type) -> str:
    """Return the decimal of which `text` are the whole digits."""
    scale = target.numbers[1]
    name = duck_name(target)
    if scale == 0:
        return f"CAST({text} AS {name})"
    unit = f"CAST('0.{'1'.zfill(scale)}' AS DECIMAL({scale},{scale}))"
    return f"CAST(CAST({text} AS DECIMAL(38,0)) * {unit} AS {name})"


_SIMPLE_TEXTS = {
    "geometry": '"py geometry.as_text(BLOB) VARCHAR"({})',
    "sphericalgeography": '"py geometry.as_text(BLOB) VARCHAR"({})',
    "bingtile": '"py geography.tile_text(VARCHAR) VARCHAR"({})',
    "color": '"py colors.name(INTEGER) VARCHAR"({})',
    "double": "lb_approximate_text({})",
    "real": "lb_approximate_text({})",
    "varbinary": "lb_hex_text({})",
    "interval day to second": "lb_interval_text({})",
    "interval year to month": "lb_months_text({})",
    "ipaddress": '"py address.text(BLOB) VARCHAR"({})',
}
_SHOWN_PLACES_MIN = 3
"""Athena shows a column's timestamps with milliseconds at least; inside of arrays as is."""


def value_text(text: str, kind: Type, cast: bool = False, inside: bool = False) -> str:
    """Return DuckDB text for a value as Athena writes it in a result (or as CAST does)."""
    if kind.name in ("varchar", "char", "json"):
        return text
    if kind.name in _SIMPLE_TEXTS:
        return _SIMPLE_TEXTS[kind.name].format(text)
    if kind.name in temporal.KINDS:
        padded = kind.name in ("timestamp", INSTANT) and not (cast or inside)
        return temporal.value_text(text, kind, _SHOWN_PLACES_MIN if padded else 0)
    if kind.name == "decimal" and kind.numbers[0] == kind.numbers[1]:
        # DuckDB writes such a decimal without the zero before the point.
        return f"regexp_replace(CAST({text} AS VARCHAR), '^(-?)[.]', '\\10.')"
    if kind.name == "array":
        inner = f"coalesce({value_text('lbe', kind.inner[0], inside=True)}, 'null')"
        joined = f"array_to_string(list_transform({text}, lambda lbe: {inner}), ', ')"
        return f"('[' || {joined} || ']')"
    if kind.name == "map":
        key = value_text("lbe.key", kind.inner[0], inside=True)
        value = f"coalesce({value_text('lbe.value', kind.inner[1], inside=True)}, 'null')"
        entries = f"list_transform(map_entries({text}), lambda lbe: {key} || '=' || {value})"
        return f"('{{' || array_to_string({entries}, ', ') || '}}')"
    if kind.name == "row":
        return _row_text(text, kind)
    return f"CAST({text} AS VARCHAR)"


def _row_text(text: str, kind: Type) -> str:
    members: list[str] = []
    for at, (name, inner) in enumerate(zip(kind.fields, kind.inner, strict=True)):
        label = (name or f"field{at}").replace("'", "''")
        value = value_text(f'({text})."f{at}"', inner, inside=True)
        members.append(f"'{label}=' || coalesce({value}, 'null')")
    body = " || ', ' || ".join(members)
    return f"CASE WHEN {text} IS NULL THEN NULL ELSE '{{' || {body} || '}}' END"
