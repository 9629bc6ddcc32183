"""Glue's types as Spark's, and back."""

from __future__ import annotations

from typing import Any

from .. import _types
from .. import gluetypes as g
from .modules import types as spark

_ATOMIC = {
    "binary": "BinaryType",
    "boolean": "BooleanType",
    "byte": "ByteType",
    "short": "ShortType",
    "int": "IntegerType",
    "long": "LongType",
    "float": "FloatType",
    "double": "DoubleType",
    "date": "DateType",
    "timestamp": "TimestampType",
    "string": "StringType",
    "enum": "StringType",
    "null": "NullType",
    "unknown": "NullType",
}
_FROM_SPARK = {
    "tinyint": g.ByteType,
    "smallint": g.ShortType,
    "int": g.IntegerType,
    "bigint": g.LongType,
    "float": g.FloatType,
    "double": g.DoubleType,
    "boolean": g.BooleanType,
    "binary": g.BinaryType,
    "date": g.DateType,
    "timestamp": g.TimestampType,
    "timestamp_ntz": g.TimestampType,
    "string": g.StringType,
    "void": g.NullType,
}


def to_spark(one: g.DataType) -> Any:
    """Return Spark's type; a choice is a structure with a member for each of its types."""
    if isinstance(one, g.StructType):
        return spark.StructType(
            [spark.StructField(f.name, to_spark(f.dataType)) for f in one.fields]
        )
    if isinstance(one, g.ChoiceType):
        return spark.StructType(
            [spark.StructField(name, to_spark(kind)) for name, kind in _types.members(one)]
        )
    if isinstance(one, g.ArrayType):
        return spark.ArrayType(to_spark(one.elementType))
    if isinstance(one, g.MapType):
        return spark.MapType(spark.StringType(), to_spark(one.valueType))
    if isinstance(one, g.DecimalType):
        return spark.DecimalType(one.precision, one.scale)
    return getattr(spark, _ATOMIC[one.typeName()])()


def from_spark(one: Any) -> g.DataType:
    """Return Glue's type of a Spark type."""
    if isinstance(one, spark.StructType):
        return g.StructType([g.Field(f.name, from_spark(f.dataType)) for f in one.fields])
    if isinstance(one, spark.ArrayType):
        return g.ArrayType(from_spark(one.elementType))
    if isinstance(one, spark.MapType):
        return g.MapType(from_spark(one.valueType))
    if isinstance(one, spark.DecimalType):
        return g.DecimalType(one.precision, one.scale)
    name = one.simpleString().split("(")[0]
    if name in ("varchar", "char"):
        return g.StringType()
    if name not in _FROM_SPARK:
        raise ValueError(f"DynamicFrames have no type like Spark's {one.simpleString()}")
    return _FROM_SPARK[name]()


def struct_from_spark(one: Any) -> g.StructType:
    """Return Glue's schema of a Spark schema."""
    found = from_spark(one)
    assert isinstance(found, g.StructType)
    return found
