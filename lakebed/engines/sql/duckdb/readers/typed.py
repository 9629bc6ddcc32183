"""Values that a file stores with a type of its own (Parquet, ORC, Avro) as the table's types.

A type may be widened (int to bigint, float to double, decimals); a struct may have members more,
less or in another order. What cannot be read is HIVE_BAD_DATA, as Athena's guide says.
https://docs.aws.amazon.com/athena/latest/ug/handling-schema-updates-chapter.html
"""

from __future__ import annotations

from dataclasses import dataclass

from lakebed.dialect import conversions, lower
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import (
    INSTANT,
    INTEGERS,
    UNBOUNDED,
    Type,
    duck_name,
    hive_name,
    timestamp,
    varchar,
)
from lakebed.engines.sql.duckdb.readers.duck_types import Stored

_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER",
          "UBIGINT", "HUGEINT")  # fmt: skip
_MOMENTS = ("TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S", "TIMESTAMP WITH TIME ZONE")
_TEXTS = ("VARCHAR", "BLOB", "UUID", "JSON", "ENUM")
_TAKEN: dict[str, tuple[str, ...]] = {
    "boolean": ("BOOLEAN",),
    "tinyint": _WHOLE,
    "smallint": _WHOLE,
    "integer": _WHOLE,
    "bigint": _WHOLE,
    "real": ("FLOAT", "DOUBLE"),
    "double": ("FLOAT", "DOUBLE"),
    "decimal": ("DECIMAL", *_WHOLE),
    "varchar": _TEXTS,
    "char": _TEXTS,
    "varbinary": ("BLOB", "VARCHAR", "UUID"),
    "date": ("DATE",),
    "timestamp": _MOMENTS,
    INSTANT: _MOMENTS,
    "time": ("TIME",),
    "uuid": ("UUID",),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value is, for the sentence of an error: column, kind of file, the file."""

    column: str
    form: str
    path: str

    def clash(self, stored: Stored, kind: Type) -> TrinoError:
        """Return the error for a stored type that the table's type cannot be read from."""
        message = (
            f"Field {self.column}'s type {physical(stored)} in {self.form} file {self.path} is "
            f"incompatible with type {_spelled(kind)} defined in table schema"
        )
        return TrinoError("HIVE_BAD_DATA", message)


_PHYSICAL = {
    "BOOLEAN": "BOOLEAN", "TINYINT": "INT32", "SMALLINT": "INT32", "INTEGER": "INT32",
    "UTINYINT": "INT32", "USMALLINT": "INT32", "UINTEGER": "INT32", "DATE": "INT32",
    "BIGINT": "INT64", "UBIGINT": "INT64", "FLOAT": "FLOAT", "DOUBLE": "DOUBLE",
    "VARCHAR": "BINARY", "BLOB": "BINARY", "UUID": "FIXED_LEN_BYTE_ARRAY",
}  # fmt: skip


def physical(stored: Stored) -> str:
    """Return Parquet's name of a stored type, as Athena's sentence has it."""
    return _PHYSICAL.get(stored.name, stored.name)


def _spelled(kind: Type) -> str:
    return str(kind) if not kind.inner else hive_name(kind)


def value(text: str, stored: Stored, kind: Type, place: Place) -> str:
    """Write the value of `text`, which the file has as `stored`, as the table's type."""
    if stored.name == '"NULL"':
        return f"CAST(NULL AS {duck_name(kind)})"
    if kind.inner:
        return _nested(text, stored, kind, place)
    base = stored.name.split("(")[0]
    if base not in _TAKEN.get(kind.name, ()):
        raise place.clash(stored, kind)
    if kind.name == "time":
        return f"CAST(epoch_us({text}) * 1000000 AS {duck_name(kind)})"
    if kind.name == INSTANT:
        moment = f"timezone('UTC', {text})" if base == "TIMESTAMP WITH TIME ZONE" else text
        return conversions.convert(f"CAST({moment} AS TIMESTAMP)", timestamp(6), kind)
    wanted = duck_name(kind)
    if kind.name in ("varchar", "char"):
        plain = text if base == "VARCHAR" else f"CAST({text} AS VARCHAR)"
        plain = f"decode({text})" if base == "BLOB" else plain
        return conversions.convert(plain, varchar(UNBOUNDED), kind)
    if kind.name == "varbinary":
        return text if base == "BLOB" else f"encode(CAST({text} AS VARCHAR))"
    if base == "TIMESTAMP WITH TIME ZONE":
        return f"timezone('UTC', {text})"
    if kind.name in INTEGERS and stored.name != wanted:
        return _narrowed(text, stored, kind, place)
    return text if stored.name == wanted else f"CAST({text} AS {wanted})"


def _narrowed(text: str, stored: Stored, kind: Type, place: Place) -> str:
    """Write a whole number; one that is too large for the table's type is an error."""
    wanted = duck_name(kind)
    if stored.name in _WHOLE[: INTEGERS.index(kind.name) + 1]:
        return f"CAST({text} AS {wanted})"
    message = lower.quoted(f"Value out of range for {kind} in column {place.column}: ")
    raised = f"lb_raise('HIVE_BAD_DATA', {message} || CAST({text} AS VARCHAR))"
    return f"CASE WHEN {text} IS NOT NULL THEN coalesce(TRY_CAST({text} AS {wanted}), {raised}) END"


def _nested(text: str, stored: Stored, kind: Type, place: Place) -> str:
    wanted = {"array": "LIST", "map": "MAP", "row": "STRUCT"}[kind.name]
    if stored.name != wanted:
        raise place.clash(stored, kind)
    name = f"lb{len(text)}"
    if kind.name == "array":
        inner = value(name, stored.inner[0], kind.inner[0], place)
        return text if inner == name else f"list_transform({text}, lambda {name}: {inner})"
    if kind.name == "map":
        key = value(f"{name}.key", stored.inner[0], kind.inner[0], place)
        held = value(f"{name}.value", stored.inner[1], kind.inner[1], place)
        if (key, held) == (f"{name}.key", f"{name}.value"):
            return text
        entry = f"struct_pack(k := {key}, v := {held})"
        entries = f"list_transform(map_entries({text}), lambda {name}: {entry})"
        return f"CASE WHEN {text} IS NULL THEN NULL ELSE map_from_entries({entries}) END"
    have = {field.lower(): at for at, field in enumerate(stored.fields)}
    members: list[str] = []
    for at, (field, inner) in enumerate(zip(kind.fields, kind.inner, strict=True)):
        found = have.get(field.lower())
        if found is None:
            members.append(f'"f{at}" := CAST(NULL AS {duck_name(inner)})')
            continue
        part = f"struct_extract({text}, {lower.quoted(stored.fields[found])})"
        members.append(f'"f{at}" := {value(part, stored.inner[found], inner, place)}')
    return f"CASE WHEN {text} IS NULL THEN NULL ELSE struct_pack({', '.join(members)}) END"
