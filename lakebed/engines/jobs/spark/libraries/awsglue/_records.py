"""Records as Python sees them, and the types that their values show."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterable, Mapping
from typing import Any, cast

from . import _types
from . import gluetypes as g

_INT = 1 << 31
_LONG = 1 << 63
_WHOLE = ("byte", "short", "int", "long")


class DynamicRecord(dict[str, Any]):
    """One record: a dictionary whose fields are also attributes."""

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        raise MissingField(name)


class MissingField(AttributeError, KeyError):
    """A record has no field of that name."""


class Shape:
    """What was seen of a field's values; cheap to add to, so that every value can be looked at."""

    __slots__ = ("digits", "element", "fields", "kinds")

    def __init__(self) -> None:
        self.kinds: set[str] = set()
        self.fields: dict[str, Shape] = {}
        self.element: Shape | None = None
        self.digits = (0, 0)

    def see(self, value: Any) -> None:
        """Add what a value shows."""
        kind = cast("type[object]", type(value))
        if kind is str:
            self.kinds.add("string")
        elif value is None:
            return
        elif kind is int:
            self._see_whole(value)
        elif kind is float:
            self.kinds.add("double")
        elif isinstance(value, Mapping):
            self._see_fields(cast("Mapping[str, Any]", value))
        elif isinstance(value, (list, tuple, set)):
            self._see_elements(cast("Iterable[Any]", value))
        else:
            self._see_other(value)

    def _see_whole(self, value: int) -> None:
        if -_INT <= value < _INT:
            self.kinds.add("int")
        elif -_LONG <= value < _LONG:
            self.kinds.add("long")
        else:
            self._see_other(decimal.Decimal(value))

    def _see_fields(self, value: Mapping[str, Any]) -> None:
        self.kinds.add("struct")
        fields = self.fields
        for name, one in value.items():
            field = fields.get(name)
            if field is None:
                field = fields[name] = Shape()
            field.see(one)

    def _see_elements(self, value: Iterable[Any]) -> None:
        self.kinds.add("array")
        element = self.element = self.element or Shape()
        for one in value:
            element.see(one)

    def _see_other(self, value: Any) -> None:
        if isinstance(value, bool):
            self.kinds.add("boolean")
        elif isinstance(value, decimal.Decimal):
            _, digits, exponent = value.as_tuple()
            scale = max(-exponent, 0) if isinstance(exponent, int) else 0
            whole = max(len(digits) - scale, 1)
            self.kinds.add("decimal")
            self.digits = max(self.digits[0], whole), max(self.digits[1], scale)
        elif isinstance(value, (bytes, bytearray)):
            self.kinds.add("binary")
        elif isinstance(value, datetime.datetime):
            self.kinds.add("timestamp")
        elif isinstance(value, datetime.date):
            self.kinds.add("date")
        elif isinstance(value, (int, float, str)):
            self.see(float(value) if isinstance(value, float) else _plain(value))
        else:
            raise TypeError(f"a record holds a {type(value).__name__}, which Glue has no type for")

    def add(self, other: Shape) -> Shape:
        """Add what another shape saw."""
        self.kinds |= other.kinds
        self.digits = (
            max(self.digits[0], other.digits[0]),
            max(self.digits[1], other.digits[1]),
        )
        for name, field in other.fields.items():
            self.fields[name] = self.fields[name].add(field) if name in self.fields else field
        if other.element is not None:
            self.element = self.element.add(other.element) if self.element else other.element
        return self

    def type(self, hint: g.DataType | None = None) -> g.DataType:
        """Return the type of what was seen.

        `hint` is the type that the field had before a function saw it: a small number in a
        field of 64 bits does not make it one of 32.
        """
        if not self.kinds:
            return hint or g.NullType()
        hints = list(hint.choices.values()) if isinstance(hint, g.ChoiceType) else [hint]
        before = {one.typeName(): one for one in hints if one is not None}
        found: dict[str, g.DataType] = {}
        for kind in sorted(self.kinds):
            one = self._one(kind, before)
            found[one.typeName()] = one
        return next(iter(found.values())) if len(found) == 1 else g.ChoiceType(found.values())

    def _one(self, kind: str, before: Mapping[str, g.DataType]) -> g.DataType:
        held = before.get(kind)
        if kind == "struct":
            return self.struct(held if isinstance(held, g.StructType) else None)
        if kind == "array":
            inside = held.elementType if isinstance(held, g.ArrayType) else None
            return g.ArrayType((self.element or Shape()).type(inside))
        if kind == "decimal":
            whole, scale = self.digits
            seen = g.DecimalType(min(whole + scale, 38), scale)
            return _types.merge(held, seen) if held is not None else seen
        if kind in _WHOLE:
            wide = [name for name in _WHOLE[_WHOLE.index(kind) :] if name in before]
            narrow = [name for name in _WHOLE if name in before and kind == "int"]
            kind = (wide or narrow or [kind])[0]
        elif kind == "double" and "float" in before and "double" not in before:
            kind = "float"
        return _types.from_text(kind)

    def struct(self, hint: g.StructType | None = None) -> g.StructType:
        """Return the structure of the fields that were seen."""
        before = {field.name: field.dataType for field in hint.fields} if hint else {}
        names = [*(name for name in before if name in self.fields)]
        names += [name for name in self.fields if name not in before]
        fields = [g.Field(name, self.fields[name].type(before.get(name))) for name in names]
        return g.StructType(fields)


def _plain(value: int | str) -> int | str:
    """Return a value of a class of the script's (an enum, say) as what it is."""
    return int(value) if isinstance(value, int) else str(value)


def decode(value: Any, kind: g.DataType) -> Any:
    """Return an engine's value as a script sees it: structures as records, choices as values."""
    if value is None:
        return None
    if isinstance(kind, g.StructType):
        fields = kind.fields
        return DynamicRecord(
            {f.name: decode(v, f.dataType) for f, v in zip(fields, value, strict=True)}
        )
    if isinstance(kind, g.ChoiceType):
        for (_, member), one in zip(_types.members(kind), value, strict=True):
            if one is not None:
                return decode(one, member)
        return None
    if isinstance(kind, g.ArrayType):
        return [decode(one, kind.elementType) for one in value]
    if isinstance(kind, g.MapType):
        return {name: decode(one, kind.valueType) for name, one in value.items()}
    return value


def encode(value: Any, kind: g.DataType) -> Any:
    """Return a script's value as an engine takes it: structures and choices as tuples."""
    if value is None:
        return None
    if isinstance(kind, g.StructType):
        return tuple(encode(value.get(f.name), f.dataType) for f in kind.fields)
    if isinstance(kind, g.ChoiceType):
        name = _member(value, kind)
        return tuple(
            encode(value, member) if one == name else None for one, member in _types.members(kind)
        )
    if isinstance(kind, g.ArrayType):
        return [encode(one, kind.elementType) for one in value]
    if isinstance(kind, g.MapType):
        return {str(name): encode(one, kind.valueType) for name, one in value.items()}
    return _atomic(value, kind)


def _atomic(value: Any, kind: g.DataType) -> Any:
    if isinstance(kind, (g.DoubleType, g.FloatType)):
        return float(value)
    if isinstance(kind, g.DecimalType):
        return decimal.Decimal(value).quantize(decimal.Decimal(1).scaleb(-kind.scale))
    if isinstance(kind, g.BinaryType):
        return bytearray(value)
    return value


def _member(value: Any, kind: g.ChoiceType) -> str:
    """Return the name of the type of a choice that a value has."""
    one = Shape()
    one.see(value)
    return one.type(kind).typeName()
