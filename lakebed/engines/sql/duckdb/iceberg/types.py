"""Types: Iceberg's as Trino's, and back; as the Glue catalog spells them.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-supported-data-types.html
https://iceberg.apache.org/spec/#primitive-types
"""

from __future__ import annotations

from collections.abc import Iterator

from pyiceberg import types as ice

from lakebed.dialect import types as trino
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import INSTANT, Type

UUID = Type("uuid")
TIME = Type("time", (6,))
TIMESTAMP = Type("timestamp", (6,))
TIMESTAMP_TZ = Type(INSTANT, (6,))

_TO_TRINO: dict[type[ice.IcebergType], Type] = {
    ice.BooleanType: trino.BOOLEAN,
    ice.IntegerType: trino.INTEGER,
    ice.LongType: trino.BIGINT,
    ice.FloatType: trino.REAL,
    ice.DoubleType: trino.DOUBLE,
    ice.DateType: trino.DATE,
    ice.TimeType: TIME,
    ice.TimestampType: TIMESTAMP,
    ice.TimestamptzType: TIMESTAMP_TZ,
    ice.StringType: trino.VARCHAR,
    ice.UUIDType: UUID,
    ice.BinaryType: trino.VARBINARY,
    ice.FixedType: trino.VARBINARY,
}
_TO_ICEBERG: dict[str, ice.PrimitiveType] = {
    "boolean": ice.BooleanType(),
    "tinyint": ice.IntegerType(),
    "smallint": ice.IntegerType(),
    "integer": ice.IntegerType(),
    "bigint": ice.LongType(),
    "real": ice.FloatType(),
    "double": ice.DoubleType(),
    "date": ice.DateType(),
    "time": ice.TimeType(),
    "timestamp": ice.TimestampType(),
    INSTANT: ice.TimestamptzType(),
    "varchar": ice.StringType(),
    "char": ice.StringType(),
    "varbinary": ice.BinaryType(),
    "uuid": ice.UUIDType(),
}
_TO_GLUE: dict[type[ice.IcebergType], str] = {
    ice.IntegerType: "int",
    ice.LongType: "bigint",
    ice.TimeType: "string",
    ice.UUIDType: "string",
    ice.TimestamptzType: "timestamp",
    ice.FixedType: "binary",
}


def to_trino(kind: ice.IcebergType) -> Type:
    """Return the type that Trino's Iceberg connector shows."""
    if isinstance(kind, ice.DecimalType):
        return trino.decimal(kind.precision, kind.scale)
    if isinstance(kind, ice.ListType):
        return trino.array(to_trino(kind.element_type))
    if isinstance(kind, ice.MapType):
        return Type("map", (), (to_trino(kind.key_type), to_trino(kind.value_type)))
    if isinstance(kind, ice.StructType):
        inner = tuple(to_trino(one.field_type) for one in kind.fields)
        return Type("row", (), inner, tuple(one.name.lower() for one in kind.fields))
    found = _TO_TRINO.get(type(kind))
    if found is None:
        raise TrinoError("NOT_SUPPORTED", f"The Iceberg type {kind} is not built in lakebed yet")
    return found


def to_iceberg(kind: Type, ids: Iterator[int]) -> ice.IcebergType:
    """Return the type a column of a new table has; `ids` number what is inside it."""
    if kind.name == "decimal":
        return ice.DecimalType(kind.numbers[0], kind.numbers[1])
    if kind.name == "array":
        number = next(ids)
        return ice.ListType(number, to_iceberg(kind.inner[0], ids), element_required=False)
    if kind.name == "map":
        key, value = next(ids), next(ids)
        keys, values = (to_iceberg(one, ids) for one in kind.inner)
        return ice.MapType(key, keys, value, values, value_required=False)
    if kind.name == "row":
        if not all(kind.fields):
            message = "Row type field does not have a name: " + str(kind)
            raise TrinoError("NOT_SUPPORTED", message)
        numbers = [next(ids) for _ in kind.fields]
        return ice.StructType(
            *(
                ice.NestedField(number, name, to_iceberg(one, ids), required=False)
                for number, name, one in zip(numbers, kind.fields, kind.inner, strict=True)
            )
        )
    found = _TO_ICEBERG.get(kind.name)
    if found is None:
        raise TrinoError("NOT_SUPPORTED", f"Type not supported for Iceberg: {kind}")
    return found


def storable(kind: Type) -> Type:
    """Return the type that values of `kind` have once they are in a table made for them."""
    return to_trino(to_iceberg(kind, iter(range(1, 1 << 20))))


def to_glue(kind: ice.IcebergType) -> str:
    """Spell a type as Iceberg's Glue catalog does (its instants and times as PyIceberg's)."""
    if isinstance(kind, ice.DecimalType):
        return f"decimal({kind.precision},{kind.scale})"
    if isinstance(kind, ice.ListType):
        return f"array<{to_glue(kind.element_type)}>"
    if isinstance(kind, ice.MapType):
        return f"map<{to_glue(kind.key_type)},{to_glue(kind.value_type)}>"
    if isinstance(kind, ice.StructType):
        inner = ",".join(f"{one.name}:{to_glue(one.field_type)}" for one in kind.fields)
        return f"struct<{inner}>"
    return _TO_GLUE.get(type(kind), str(kind))
