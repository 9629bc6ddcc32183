"""Partition transforms: of a statement as PyIceberg's, of PyIceberg as DuckDB's text.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html#querying-iceberg-partitioning
https://iceberg.apache.org/spec/#partition-transforms
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownParameterType=false
# PyIceberg leaves type parameters open, and pyarrow has no types.

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pyiceberg import types as ice
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import (
    BucketTransform,
    DayTransform,
    HourTransform,
    IdentityTransform,
    MonthTransform,
    Transform,
    TruncateTransform,
    YearTransform,
)

from lakebed.dialect import lower
from lakebed.dialect import statements as st
from lakebed.dialect.errors import TrinoError

_TIMED: dict[str, Transform[Any, Any]] = {
    "year": YearTransform(), "month": MonthTransform(), "day": DayTransform(),
    "hour": HourTransform(),
}  # fmt: skip
_WRITTEN = re.compile(r"\s*(?:(\w+)\s*\(\s*(.+?)\s*\)|(.+?))\s*", re.S)
_FIRST_ID = 1000


def parse_transform(text: str) -> st.Transform:
    """Read an item of CREATE TABLE AS' `partitioning`, as Trino writes it: `bucket(c, 16)`."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise invalid(f"Unable to parse partitioning value: {text}")
    name, inner, plain = match.groups()
    if plain is not None:
        return st.Transform("identity", plain.strip('"').lower())
    parts = [one.strip() for one in inner.split(",")]
    if name.lower() in ("bucket", "truncate") and len(parts) == 2:
        number, column = (parts[0], parts[1]) if parts[0].isdigit() else (parts[1], parts[0])
        if number.isdigit():
            return st.Transform(name.lower(), column.strip('"').lower(), int(number))
    if name.lower() in _TIMED and len(parts) == 1:
        return st.Transform(name.lower(), parts[0].strip('"').lower())
    raise invalid(f"Unable to parse partitioning value: {text}")


def invalid(message: str) -> TrinoError:
    """Return what is said of a partitioning that cannot be."""
    return TrinoError("INVALID_TABLE_PROPERTY", message)


def spec_of(schema: Schema, transforms: Sequence[st.Transform]) -> PartitionSpec:
    """Return the partition spec of a new table."""
    fields: list[PartitionField] = []
    for at, one in enumerate(transforms):
        column = next((field for field in schema.fields if field.name == one.column), None)
        if column is None:
            raise invalid(f"Column '{one.column}' of the partitioning is not a column of the table")
        transform = _transform(one)
        if not transform.can_transform(column.field_type):
            message = f"Invalid source type {column.field_type} for transform: {transform}"
            raise invalid(message)
        name = one.column if one.name == "identity" else f"{one.column}_{_suffix(one.name)}"
        fields.append(PartitionField(column.field_id, _FIRST_ID + at, transform, name))
    return PartitionSpec(*fields)


def _suffix(name: str) -> str:
    return "trunc" if name == "truncate" else name


def _transform(one: st.Transform) -> Transform[Any, Any]:
    if one.name == "identity":
        return IdentityTransform()
    if one.name in _TIMED and one.number is None:
        return _TIMED[one.name]
    if one.name == "bucket" and one.number:
        return BucketTransform(one.number)
    if one.name == "truncate" and one.number:
        return TruncateTransform(one.number)
    raise invalid(f"Unsupported partition transform: {one.name}")


def show(spec: PartitionSpec, schema: Schema) -> list[tuple[str, str, str]]:
    """Return each partition field's name, transform and column."""
    return [
        (one.name, str(one.transform), schema.find_column_name(one.source_id) or "")
        for one in spec.fields
    ]


def text_of(transform: Transform[Any, Any], value: str, kind: ice.IcebergType) -> str:
    """Write a partition's value, as the manifest has it, of a stored column's value."""
    if isinstance(transform, IdentityTransform):
        return _internal(value, kind)
    for name, timed in _TIMED.items():
        if transform == timed:
            first = (
                "DATE '1970-01-01'"
                if isinstance(kind, ice.DateType)
                else ("TIMESTAMP '1970-01-01 00:00:00'")
            )
            return f"CAST(datediff('{name}', {first}, {_moment(value, kind)}) AS INTEGER)"
    if isinstance(transform, TruncateTransform):
        return _truncated(value, kind, transform.width)
    if isinstance(transform, BucketTransform):
        return _bucket(value, kind, transform.num_buckets)
    raise TrinoError("NOT_SUPPORTED", f"Writing to the partition transform {transform}")


def _moment(value: str, kind: ice.IcebergType) -> str:
    return f"timezone('UTC', {value})" if isinstance(kind, ice.TimestamptzType) else value


def _internal(value: str, kind: ice.IcebergType) -> str:
    if isinstance(kind, ice.DateType):
        return f"CAST(datediff('day', DATE '1970-01-01', {value}) AS INTEGER)"
    if isinstance(kind, ice.TimestampType | ice.TimestamptzType | ice.TimeType):
        return f"epoch_us({_moment(value, kind)})"
    return value


def _truncated(value: str, kind: ice.IcebergType, width: int) -> str:
    if isinstance(kind, ice.StringType):
        return f"substring({value}, 1, {width})"
    if isinstance(kind, ice.IntegerType | ice.LongType):
        return f"{value} - ((({value} % {width}) + {width}) % {width})"
    if isinstance(kind, ice.DecimalType):
        duck = f"DECIMAL({kind.precision},{kind.scale})"
        unit = f"(CAST({width} AS DECIMAL(38,{kind.scale})) / {10**kind.scale})"
        step = f"CAST({unit} AS {duck})"
        return f"CAST({value} - ((({value} % {step}) + {step}) % {step}) AS {duck})"
    raise TrinoError("NOT_SUPPORTED", f"Writing to a truncated partition of type {kind}")


def _bucket(value: str, kind: ice.IcebergType, count: int) -> str:
    function, argument, text = "number", "BIGINT", f"CAST({_internal(value, kind)} AS BIGINT)"
    if isinstance(kind, ice.StringType):
        function, argument, text = "text", "VARCHAR", value
    elif isinstance(kind, ice.BinaryType | ice.FixedType):
        function, argument, text = "bytes", "BLOB", value
    elif isinstance(kind, ice.DecimalType):
        function, argument, text = "decimal", "VARCHAR", f"CAST({value} AS VARCHAR)"
    elif isinstance(kind, ice.UUIDType):
        function, argument, text = "uuid", "VARCHAR", f"CAST({value} AS VARCHAR)"
    name = lower.identifier(f"py iceberg.bucket_{function}({argument}, INTEGER) INTEGER")
    return f"{name}({text}, {count})"
