"""Types of a DynamicFrame's fields, and their JSON.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-extensions-types.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

Properties = dict[str, Any]


class DataType:
    """A type; two are equal when their JSON is."""

    def __init__(self, properties: Mapping[str, Any] | None = None) -> None:
        self.properties: Properties = dict(properties or {})

    @classmethod
    def typeName(cls) -> str:
        """Return the name that schemas print."""
        return cls.__name__.removesuffix("Type").lower()

    def jsonValue(self) -> dict[str, Any]:
        """Return the type as a JSON object."""
        return {"dataType": self.typeName(), "properties": self.properties}

    def json(self) -> str:
        """Return the type as JSON text."""
        return json.dumps(self.jsonValue(), separators=(",", ":"), sort_keys=True)

    @classmethod
    def fromJsonValue(cls, json_value: Mapping[str, Any]) -> DataType:
        """Return the type that a JSON object describes."""
        return _from_json(json_value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DataType) and self.jsonValue() == other.jsonValue()

    def __hash__(self) -> int:
        return hash(self.json())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({json.dumps(self.properties)})"


class AtomicType(DataType):
    """A type without parts."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({json.dumps(self.properties)})"


class BinaryType(AtomicType):
    """Bytes."""


class BooleanType(AtomicType):
    """True or false."""


class ByteType(AtomicType):
    """An integer of 8 bits."""


class ShortType(AtomicType):
    """An integer of 16 bits."""


class IntegerType(AtomicType):
    """An integer of 32 bits; schemas print it as `int`."""

    @classmethod
    def typeName(cls) -> str:
        """Return `int`."""
        return "int"


class LongType(AtomicType):
    """An integer of 64 bits."""


class FloatType(AtomicType):
    """A floating point number of 32 bits."""


class DoubleType(AtomicType):
    """A floating point number of 64 bits."""


class DateType(AtomicType):
    """A day."""


class TimestampType(AtomicType):
    """A moment."""


class StringType(AtomicType):
    """Text."""


class NullType(AtomicType):
    """The type of a field that was never seen with a value."""


class UnknownType(AtomicType):
    """A type that is not known."""


class DecimalType(AtomicType):
    """A number of `precision` decimal digits, `scale` of them behind the point."""

    def __init__(
        self, precision: int = 10, scale: int = 2, properties: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(properties)
        self.precision, self.scale = precision, scale

    def jsonValue(self) -> dict[str, Any]:
        """Return the type as a JSON object."""
        return super().jsonValue() | {"precision": self.precision, "scale": self.scale}

    def __repr__(self) -> str:
        return f"DecimalType({self.precision}, {self.scale})"


class EnumType(AtomicType):
    """One of some options."""

    def __init__(self, options: Iterable[str], properties: Mapping[str, Any] | None = None) -> None:
        super().__init__(properties)
        self.options = list(options)

    def jsonValue(self) -> dict[str, Any]:
        """Return the type as a JSON object."""
        return super().jsonValue() | {"options": self.options}


class ArrayType(DataType):
    """A list of elements of one type."""

    def __init__(
        self, elementType: DataType | None = None, properties: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(properties)
        self.elementType = elementType or UnknownType()

    def jsonValue(self) -> dict[str, Any]:
        """Return the type as a JSON object."""
        return super().jsonValue() | {"elementType": self.elementType.jsonValue()}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.elementType!r}, {json.dumps(self.properties)})"


class SetType(ArrayType):
    """A set of elements of one type."""


class MapType(DataType):
    """Values of one type by text."""

    def __init__(
        self, valueType: DataType | None = None, properties: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(properties)
        self.valueType = valueType or UnknownType()

    def jsonValue(self) -> dict[str, Any]:
        """Return the type as a JSON object."""
        return super().jsonValue() | {"valueType": self.valueType.jsonValue()}

    def __repr__(self) -> str:
        return f"MapType({self.valueType!r}, {json.dumps(self.properties)})"


class ChoiceType(DataType):
    """One of several types, record by record; at most one of each name."""

    def __init__(
        self, choices: Iterable[DataType] = (), properties: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(properties)
        self.choices: dict[str, DataType] = {}
        self.merge(choices)

    def add(self, new_choice: DataType) -> None:
        """Add a type; one of that name must not be among them yet."""
        name = new_choice.typeName()
        if name in self.choices:
            raise ValueError(f"Attempting to insert duplicate choice {new_choice!r}")
        self.choices[name] = new_choice

    def merge(self, new_choices: Iterable[DataType] | DataType) -> None:
        """Add types; of a choice, its types."""
        if isinstance(new_choices, ChoiceType):
            self.merge(new_choices.choices.values())
        elif isinstance(new_choices, DataType):
            self.add(new_choices)
        else:
            for one in new_choices:
                self.merge(one)

    def jsonValue(self) -> dict[str, Any]:
        """Return the type as a JSON object."""
        members = [self.choices[name].jsonValue() for name in sorted(self.choices)]
        return super().jsonValue() | {"choices": members}

    def __repr__(self) -> str:
        return f"ChoiceType({[self.choices[name] for name in sorted(self.choices)]!r})"


class Field:
    """A named field of a structure."""

    def __init__(
        self, name: str, dataType: DataType, properties: Mapping[str, Any] | None = None
    ) -> None:
        self.name, self.dataType = name, dataType
        self.properties: Properties = dict(properties or {})

    def jsonValue(self) -> dict[str, Any]:
        """Return the field as a JSON object."""
        return {
            "name": self.name,
            "container": self.dataType.jsonValue(),
            "properties": self.properties,
        }

    @classmethod
    def fromJsonValue(cls, json_value: Mapping[str, Any]) -> Field:
        """Return the field that a JSON object describes."""
        given: Any = json_value.get("container", json_value.get("dataType"))
        container: Mapping[str, Any] = {"dataType": given} if isinstance(given, str) else given
        return cls(json_value["name"], _from_json(container), json_value.get("properties"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Field) and self.jsonValue() == other.jsonValue()

    def __hash__(self) -> int:
        return hash((self.name, self.dataType))

    def __repr__(self) -> str:
        return f"Field({self.name}, {self.dataType!r}, {json.dumps(self.properties)})"


class StructType(DataType):
    """Named fields, in order."""

    def __init__(
        self, fields: Iterable[Field] = (), properties: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(properties)
        self.fields: list[Field] = []
        self.field_map: dict[str, Field] = {}
        for field in fields:
            self.add(field)

    def add(self, field: Field) -> None:
        """Add a field at the end."""
        if field.name in self.field_map:
            raise ValueError(f"Attempting to insert duplicate field {field.name}")
        self.fields.append(field)
        self.field_map[field.name] = field

    def hasField(self, field: str | Field) -> bool:
        """Say whether a field of that name is there."""
        return (field.name if isinstance(field, Field) else field) in self.field_map

    def getField(self, field: str | Field) -> Field:
        """Return the field of that name; KeyError if there is none."""
        return self.field_map[field.name if isinstance(field, Field) else field]

    def __iter__(self) -> Any:
        return iter(self.fields)

    def jsonValue(self) -> dict[str, Any]:
        """Return the type as a JSON object."""
        return super().jsonValue() | {"fields": [field.jsonValue() for field in self.fields]}

    def __repr__(self) -> str:
        return f"StructType({self.fields!r}, {json.dumps(self.properties)})"


class EntityType(DataType):
    """AWS documents this class as not yet implemented."""

    def __init__(self, entity: Any, base_type: Any, properties: Any = None) -> None:
        raise NotImplementedError("EntityType not yet supported")


_ATOMIC: dict[str, type[AtomicType]] = {
    one.typeName(): one
    for one in (
        BinaryType, BooleanType, ByteType, ShortType, IntegerType, LongType, FloatType,
        DoubleType, DateType, TimestampType, StringType, NullType, UnknownType,
    )
}  # fmt: skip


def _from_json(value: Mapping[str, Any]) -> DataType:
    """Return the type that a JSON object describes; a list of fields alone is a struct."""
    name = str(value.get("dataType", "struct")).lower()
    properties: Mapping[str, Any] = value.get("properties") or {}
    name = {"integer": "int", "bigint": "long"}.get(name, name)
    if name in _ATOMIC:
        return _ATOMIC[name](properties)
    if name == "decimal":
        return DecimalType(value.get("precision", 10), value.get("scale", 2), properties)
    if name == "enum":
        return EnumType(value["options"], properties)
    if name in ("array", "set"):
        kind = ArrayType if name == "array" else SetType
        return kind(_from_json(value["elementType"]), properties)
    if name == "map":
        return MapType(_from_json(value["valueType"]), properties)
    if name == "choice":
        return ChoiceType([_from_json(one) for one in value["choices"]], properties)
    if name == "struct":
        fields = [Field.fromJsonValue(one) for one in value["fields"]]
        return StructType(fields, properties)
    raise ValueError(f"Unsupported data type: {name}")
