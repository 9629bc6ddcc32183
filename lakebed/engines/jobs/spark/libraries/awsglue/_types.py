"""What Glue's types have in common, how they are written, and how two become one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from . import gluetypes as g

_BY_NAME: dict[str, Callable[[], g.DataType]] = {
    "binary": g.BinaryType,
    "boolean": g.BooleanType,
    "bool": g.BooleanType,
    "byte": g.ByteType,
    "tinyint": g.ByteType,
    "short": g.ShortType,
    "smallint": g.ShortType,
    "int": g.IntegerType,
    "integer": g.IntegerType,
    "long": g.LongType,
    "bigint": g.LongType,
    "float": g.FloatType,
    "real": g.FloatType,
    "double": g.DoubleType,
    "date": g.DateType,
    "timestamp": g.TimestampType,
    "string": g.StringType,
    "varchar": g.StringType,
    "char": g.StringType,
    "null": g.NullType,
    "void": g.NullType,
    "unknown": g.UnknownType,
    "decimal": lambda: g.DecimalType(10, 0),
    "array": g.ArrayType,
    "struct": g.StructType,
    "map": g.MapType,
    "choice": g.ChoiceType,
}
_IN_CATALOG = {"byte": "tinyint", "short": "smallint", "long": "bigint", "null": "string"}


def from_text(text: str) -> g.DataType:
    """Return the type that a script or the Data Catalog writes like this."""
    found, rest = _read(text.strip())
    if rest:
        raise ValueError(f"this type is not understood: {text}")
    return found


def in_catalog(one: g.DataType) -> str:
    """Return a type as the Data Catalog writes it."""
    if isinstance(one, g.StructType):
        return f"struct<{','.join(f'{f.name}:{in_catalog(f.dataType)}' for f in one.fields)}>"
    if isinstance(one, g.ChoiceType):
        members = sorted(one.choices.items())
        return f"struct<{','.join(f'{name}:{in_catalog(kind)}' for name, kind in members)}>"
    if isinstance(one, g.ArrayType):
        return f"array<{in_catalog(one.elementType)}>"
    if isinstance(one, g.MapType):
        return f"map<string,{in_catalog(one.valueType)}>"
    if isinstance(one, g.DecimalType):
        return f"decimal({one.precision},{one.scale})"
    return _IN_CATALOG.get(one.typeName(), one.typeName())


def is_null(one: g.DataType) -> bool:
    """Say whether no value of that type was ever seen."""
    return isinstance(one, (g.NullType, g.UnknownType))


def is_number(one: g.DataType) -> bool:
    """Say whether values are whole or floating numbers."""
    return one.typeName() in ("byte", "short", "int", "long", "float", "double", "decimal")


def members(one: g.ChoiceType) -> list[tuple[str, g.DataType]]:
    """Return the types of a choice with their names, in the order in which they are kept."""
    return sorted(one.choices.items())


def merge(left: g.DataType, right: g.DataType) -> g.DataType:
    """Return the type of a field that was seen with both: a choice, unless they agree."""
    if is_null(left) or left == right:
        return right
    if is_null(right):
        return left
    if isinstance(left, g.ChoiceType) or isinstance(right, g.ChoiceType):
        return _merge_choices(left, right)
    if isinstance(left, g.StructType) and isinstance(right, g.StructType):
        return merge_structs(left, right)
    if isinstance(left, g.ArrayType) and isinstance(right, g.ArrayType):
        are_sets = isinstance(left, g.SetType) and isinstance(right, g.SetType)
        kind = g.SetType if are_sets else g.ArrayType
        return kind(merge(left.elementType, right.elementType))
    if isinstance(left, g.MapType) and isinstance(right, g.MapType):
        return g.MapType(merge(left.valueType, right.valueType))
    if isinstance(left, g.DecimalType) and isinstance(right, g.DecimalType):
        scale = max(left.scale, right.scale)
        whole = max(left.precision - left.scale, right.precision - right.scale)
        return g.DecimalType(min(whole + scale, 38), scale)
    return g.ChoiceType([left, right])


def merge_structs(left: g.StructType, right: g.StructType) -> g.StructType:
    """Return a structure with the fields of both."""
    fields = [
        g.Field(f.name, merge(f.dataType, right.getField(f.name).dataType), f.properties)
        if right.hasField(f.name)
        else f
        for f in left.fields
    ]
    return g.StructType([*fields, *(f for f in right.fields if not left.hasField(f.name))])


def has_choice(one: g.DataType) -> bool:
    """Say whether a choice stands anywhere in a type."""
    if isinstance(one, g.ChoiceType):
        return True
    return any(has_choice(part) for part in parts(one))


def parts(one: g.DataType) -> list[g.DataType]:
    """Return what a type is directly made of."""
    if isinstance(one, g.StructType):
        return [field.dataType for field in one.fields]
    if isinstance(one, g.ChoiceType):
        return [kind for _, kind in members(one)]
    if isinstance(one, g.ArrayType):
        return [one.elementType]
    if isinstance(one, g.MapType):
        return [one.valueType]
    return []


def tree(one: g.StructType) -> str:
    """Return a schema as `printSchema` prints it."""
    return "\n".join(["root", *_lines(one, "|")]) + "\n"


def _lines(one: g.DataType, indent: str) -> Iterator[str]:
    if isinstance(one, g.ChoiceType):
        labelled = [(_label(kind), kind) for _, kind in members(one)]
    else:
        labelled = [(f"{name}: {_label(kind)}", kind) for name, kind in _named_parts(one)]
    for label, kind in labelled:
        yield f"{indent}-- {label}"
        yield from _lines(kind, f"{indent}    |")


def _named_parts(one: g.DataType) -> list[tuple[str, g.DataType]]:
    if isinstance(one, g.StructType):
        return [(field.name, field.dataType) for field in one.fields]
    if isinstance(one, g.ArrayType):
        return [("element", one.elementType)]
    if isinstance(one, g.MapType):
        return [("keyType", g.StringType()), ("valueType", one.valueType)]
    return []


def _label(one: g.DataType) -> str:
    if isinstance(one, g.DecimalType):
        return f"decimal({one.precision},{one.scale})"
    return one.typeName()


def _merge_choices(left: g.DataType, right: g.DataType) -> g.ChoiceType:
    found: dict[str, g.DataType] = {}
    for one in (left, right):
        kinds = list(one.choices.values()) if isinstance(one, g.ChoiceType) else [one]
        for kind in kinds:
            name = kind.typeName()
            found[name] = merge(found[name], kind) if name in found else kind
    return g.ChoiceType(found.values())


def _read(text: str) -> tuple[g.DataType, str]:
    end = 0
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    name, rest = text[:end].lower(), text[end:]
    if name not in _BY_NAME:
        raise ValueError(f"this type is not understood: {text}")
    if rest.startswith("("):
        inside, _, rest = rest[1:].partition(")")
        if name == "decimal":
            digits = [int(one) for one in inside.split(",")]
            return g.DecimalType(digits[0], digits[1] if len(digits) > 1 else 0), rest
    if rest.startswith("<"):
        return _read_inside(name, rest[1:])
    return _BY_NAME[name](), rest


def _read_inside(name: str, rest: str) -> tuple[g.DataType, str]:
    found: list[tuple[str, g.DataType]] = []
    while True:
        label = ""
        if name == "struct":
            label, colon, rest = rest.partition(":")
            if not colon:
                raise ValueError(f"a field of a struct has no type: {label}")
        one, rest = _read(rest.lstrip())
        found.append((label.strip().strip("`"), one))
        rest = rest.lstrip()
        if not rest or rest[0] not in ",>":
            raise ValueError(f"a type is not closed: {rest}")
        closing, rest = rest[0], rest[1:].lstrip()
        if closing == ">":
            break
    if name == "struct":
        return g.StructType([g.Field(label, one) for label, one in found]), rest
    if name == "choice":
        return g.ChoiceType([one for _, one in found]), rest
    if name == "map" and len(found) == 2:
        return g.MapType(found[1][1]), rest
    if name == "array" and len(found) == 1:
        return g.ArrayType(found[0][1]), rest
    raise ValueError(f"{name} does not take {len(found)} types")
