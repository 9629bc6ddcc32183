"""Decoded records (JSON, Ion) as Arrow columns of the table's types, a column at a time.

A struct's members are found by name, an array's items and a map's entries are flattened and built
again: every step works on a whole list of values, so that no value costs more than its conversion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lakebed.dialect.errors import TrinoError, not_supported
from lakebed.dialect.types import Type
from lakebed.engines.sql.duckdb.readers.arrow import Array, DataType, arrow

Value = Any
Convert = Callable[[Value, Type], Value]
_PLAIN = {"boolean": "bool_", "tinyint": "int8", "smallint": "int16", "integer": "int32",
          "bigint": "int64", "real": "float32", "double": "float64", "varchar": "string",
          "char": "string", "varbinary": "binary", "date": "date32"}  # fmt: skip
_EXACT: dict[str, type] = {"varchar": str, "bigint": int, "integer": int, "boolean": bool}


@dataclass(frozen=True, slots=True)
class Rules:
    """How a format reads values.

    `convert` turns one value that is not None into what Arrow takes for the type, raising
    ValueError for what it cannot; `key` folds the names of members, `names` maps a member's name to
    the key it has in the file. `lenient` makes NULL of what cannot be converted.
    """

    convert: Convert
    key: Callable[[str], str] = str.lower
    names: tuple[tuple[str, str], ...] = ()
    lenient: bool = False
    unique: bool = False


def arrow_type(kind: Type) -> DataType:
    """Return the Arrow type whose values DuckDB takes for a column of `kind`."""
    pa = arrow()

    if kind.name in _PLAIN:
        found: DataType = getattr(pa, _PLAIN[kind.name])()
        return found
    if kind.name == "decimal":
        return pa.decimal128(*kind.numbers)
    if kind.name == "timestamp":
        return pa.timestamp("us")
    if kind.name == "array":
        return pa.list_(arrow_type(kind.inner[0]))
    if kind.name == "map":
        return pa.map_(arrow_type(kind.inner[0]), arrow_type(kind.inner[1]))
    if kind.name == "row":
        return pa.struct([(f"f{at}", arrow_type(one)) for at, one in enumerate(kind.inner)])
    raise not_supported(f"A column of type {kind} in this format")


def column(values: Sequence[Value], kind: Type, rules: Rules) -> Array:
    """Build the column of the values (None is NULL)."""
    if kind.name == "row":
        return _struct(values, kind, rules)
    if kind.name == "array":
        return _list(values, kind, rules)
    if kind.name == "map":
        return _map(values, kind, rules)
    return _scalars(values, kind, rules)


def _scalars(values: Sequence[Value], kind: Type, rules: Rules) -> Array:
    pa = arrow()

    wanted = arrow_type(kind)
    exact = _EXACT.get(kind.name)
    if exact is None or not set(map(type, values)) <= {exact, type(None)}:
        values = [None if one is None else _converted(one, kind, rules) for one in values]
    try:
        return pa.array(values, type=wanted)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        if not rules.lenient:
            raise bad_data(f"a value does not fit the type {kind}: {error}") from error
        return pa.array([_fitting(one, wanted) for one in values], type=wanted)


def _fitting(value: Value, wanted: DataType) -> Value:
    pa = arrow()

    try:
        pa.array([value], type=wanted)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return None
    return value


def _converted(value: Value, kind: Type, rules: Rules) -> Value:
    try:
        return rules.convert(value, kind)
    except (ValueError, TypeError, ArithmeticError) as error:
        if rules.lenient:
            return None
        raise bad_data(f"{value!r} is no value of type {kind}") from error


def bad_data(reason: str) -> TrinoError:
    """Return the error for a value that a column cannot take."""
    return TrinoError("HIVE_BAD_DATA", f"Error Parsing a column in the table: {reason}")


def _shaped(values: Sequence[Value], kind: Type, shape: type, rules: Rules) -> list[Value]:
    if set(map(type, values)) <= {shape, type(None)}:
        return list(values)
    out: list[Value] = []
    for one in values:
        if one is None or isinstance(one, shape):
            out.append(one)
        elif rules.lenient or one == "":
            out.append(None)
        else:
            raise bad_data(f"{one!r} is no value of type {kind}")
    return out


def _struct(values: Sequence[Value], kind: Type, rules: Rules) -> Array:
    pa = arrow()

    records = _shaped(values, kind, dict, rules)
    present: list[dict[str, Value]] = [{} if one is None else one for one in records]
    children = members(present, kind.fields, kind.inner, rules)
    names = [f"f{at}" for at in range(len(children))]
    mask = pa.array([one is None for one in records], pa.bool_())
    return pa.StructArray.from_arrays(children, names, mask=mask)


def members(
    records: Sequence[dict[str, Value]], names: Iterable[str], kinds: Iterable[Type], rules: Rules
) -> list[Array]:
    """Build a column for each of the names, found in the records as the rules fold keys."""
    spelled: dict[str, list[str]] = {}
    for key in set[str]().union(*records):
        spelled.setdefault(rules.key(key), []).append(key)
    if rules.unique:
        _refuse_doubles(records, spelled)
    renamed = dict(rules.names)
    out: list[Array] = []
    for name, kind in zip(names, kinds, strict=True):
        keys = spelled.get(rules.key(renamed.get(name, name)), [])
        out.append(column(_picked(records, keys), kind, rules))
    return out


def _picked(records: Sequence[dict[str, Value]], keys: list[str]) -> list[Value]:
    if not keys:
        return [None] * len(records)
    if len(keys) == 1:
        key = keys[0]
        return [record.get(key) for record in records]
    return [next((record[key] for key in keys if key in record), None) for record in records]


def _refuse_doubles(records: Sequence[dict[str, Value]], spelled: dict[str, list[str]]) -> None:
    for folded, keys in spelled.items():
        if len(keys) > 1 and any(sum(key in one for key in keys) > 1 for one in records):
            message = f'Row is not a valid JSON Object - JSONException: Duplicate key "{folded}"'
            raise TrinoError("HIVE_CURSOR_ERROR", message)


def _list(values: Sequence[Value], kind: Type, rules: Rules) -> Array:
    pa = arrow()

    lists = _shaped(values, kind, list, rules)
    flat = [item for one in lists if one is not None for item in one]
    child = column(flat, kind.inner[0], rules)
    return pa.ListArray.from_arrays(_offsets(lists), child)


def _offsets(lists: Sequence[Value]) -> Array:
    """Return where each list starts; NULL marks a list that is NULL."""
    pa = arrow()

    offsets: list[int | None] = []
    at = 0
    for one in lists:
        offsets.append(None if one is None else at)
        at += 0 if one is None else len(one)
    return pa.array([*offsets, at], pa.int32())


def _map(values: Sequence[Value], kind: Type, rules: Rules) -> Array:
    pa = arrow()

    maps = _shaped(values, kind, dict, rules)
    entries = [entry for one in maps if one is not None for entry in one.items()]
    keys = column([rules.key(key) for key, _ in entries], kind.inner[0], rules)
    held = column([value for _, value in entries], kind.inner[1], rules)
    return pa.MapArray.from_arrays(_offsets(maps), keys, held)
