"""Trino's types: their text, their coercions, and what stands for them in Athena and DuckDB."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lakebed.dialect.errors import TrinoError

UNBOUNDED = 2147483647
CHAR_MAX = 65536
PLACES_MAX = 12
DECIMAL_DIGITS_MAX = 38


@dataclass(frozen=True, slots=True)
class Type:
    """A Trino type: its base name, its numbers (precision, scale, length), its inner types.

    `fields` are the names of a row's members, empty strings for nameless ones.
    """

    name: str
    numbers: tuple[int, ...] = ()
    inner: tuple[Type, ...] = ()
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return Trino's spelling, as `typeof` shows it."""
        if self.name == "row":
            members = (
                f"{name} {kind}" if name else str(kind)
                for name, kind in zip(self.fields, self.inner, strict=True)
            )
            return f"row({', '.join(members)})"
        if self.inner:
            name = _SPELLED.get(self.name, self.name)
            return f"{name}({', '.join(map(str, self.inner))})"
        if not self.numbers or (self.name == "varchar" and self.numbers[0] == UNBOUNDED):
            return _SPELLED.get(self.name, self.name)
        if self.name in ("timestamp with time zone", "time with time zone"):
            head, tail = self.name.split(" ", 1)
            return f"{head}({self.numbers[0]}) {tail}"
        separator = "," if self.name == "decimal" else ", "
        return f"{self.name}({separator.join(map(str, self.numbers))})"


_SPELLED = {
    "hyperloglog": "HyperLogLog", "p4hyperloglog": "P4HyperLogLog", "setdigest": "SetDigest",
    "geometry": "Geometry", "sphericalgeography": "SphericalGeography", "bingtile": "BingTile",
    "kdbtree": "KdbTree", "classifier": "Classifier", "regressor": "Regressor",
}  # fmt: skip
BOOLEAN, TINYINT, SMALLINT = Type("boolean"), Type("tinyint"), Type("smallint")
INTEGER, BIGINT = Type("integer"), Type("bigint")
REAL, DOUBLE = Type("real"), Type("double")
VARCHAR = Type("varchar", (UNBOUNDED,))
VARBINARY, DATE, UNKNOWN = Type("varbinary"), Type("date"), Type("unknown")
DAY_TO_SECOND = Type("interval day to second")
YEAR_TO_MONTH = Type("interval year to month")
INTEGERS = ("tinyint", "smallint", "integer", "bigint")
APPROXIMATE = ("real", "double")
INSTANT = "timestamp with time zone"
INTEGER_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}


def decimal(precision: int, scale: int) -> Type:
    """Return decimal(precision, scale)."""
    return Type("decimal", (precision, scale))


def varchar(length: int) -> Type:
    """Return varchar(length)."""
    return Type("varchar", (length,))


def timestamp(precision: int = 3) -> Type:
    """Return timestamp(precision)."""
    return Type("timestamp", (precision,))


def array(element: Type) -> Type:
    """Return array(element)."""
    return Type("array", (), (element,))


def is_numeric(kind: Type) -> bool:
    """Tell whether arithmetic is defined on the type."""
    return kind.name in INTEGERS or kind.name in APPROXIMATE or kind.name == "decimal"


_ALIASES = {
    "int": "integer",
    "string": "varchar",
    "float": "real",
    "binary": "varbinary",
    "struct": "row",
    "bool": "boolean",
    "numeric": "decimal",
    "dec": "decimal",
    "long": "bigint",
    "character varying": "varchar",
    "double precision": "double",
    "character": "char",
}
_SIMPLE = frozenset(
    {"boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "varchar", "char",
     "varbinary", "date", "decimal", "timestamp", "time", "unknown", "json", "row", "array", "map",
     "interval", "uuid", "ipaddress", "hyperloglog", "p4hyperloglog", "setdigest", "tdigest",
     "qdigest", "geometry", "sphericalgeography", "bingtile", "kdbtree", "color"}
)  # fmt: skip
_TOKEN = re.compile(r"\s*([A-Za-z_][\w$]*|\d+|\"[^\"]*\"|`[^`]*`|[(),<>:])")


class _TypeReader:
    """Reads both Trino's `array(row(a int))` and Hive's `array<struct<a:int>>`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [match.group(1) for match in _TOKEN.finditer(text)]
        self.at = 0

    def peek(self) -> str:
        """Return the next token without taking it."""
        return self.tokens[self.at].lower() if self.at < len(self.tokens) else ""

    def take(self) -> str:
        """Take the next token."""
        token = self.peek()
        self.at += 1
        return token

    def fail(self) -> TrinoError:
        """Return the error for a text that is no type."""
        return TrinoError("TYPE_NOT_FOUND", f"Unknown type: {self.text}")

    def expect(self, *tokens: str) -> None:
        """Take one of the tokens, which must come next."""
        if self.take() not in tokens:
            raise self.fail()

    def read(self) -> Type:
        """Read a type."""
        name = self.take()
        if name in ("character", "double") and self.peek() in ("varying", "precision"):
            name = f"{name} {self.take()}"
        name = _ALIASES.get(name, name)
        if name not in _SIMPLE:
            raise self.fail()
        if name == "row":
            return self.row()
        if name in ("array", "map", "qdigest"):
            return self.nested(name)
        if name == "interval":
            return self.interval()
        return self.scalar(name)

    def scalar(self, name: str) -> Type:
        """Read the numbers and the zone of a simple type."""
        numbers: list[int] = []
        if self.peek() == "(":
            self.take()
            while True:
                token = self.take()
                if not token.isdigit():
                    raise self.fail()
                numbers.append(int(token))
                if self.take() == ")":
                    break
        if self.peek() in ("with", "without") and name in ("timestamp", "time"):
            zoned = self.take() == "with"
            self.expect("time")
            self.expect("zone")
            name = f"{name} with time zone" if zoned else name
        return completed(name, tuple(numbers))

    def interval(self) -> Type:
        """Analyse an INTERVAL literal."""
        words = [self.take(), self.take(), self.take()]
        kind = Type(f"interval {' '.join(words)}")
        if kind not in (DAY_TO_SECOND, YEAR_TO_MONTH):
            raise self.fail()
        return kind

    def nested(self, name: str) -> Type:
        """Read the inner types of an array or a map."""
        self.expect("(", "<")
        inner = [self.read()]
        while self.peek() == ",":
            self.take()
            inner.append(self.read())
        self.expect(")", ">")
        if len(inner) != (2 if name == "map" else 1):
            raise self.fail()
        return Type(name, (), tuple(inner))

    def name(self) -> str:
        """Take the name of a row's member, which is in small letters unless it is quoted."""
        token = self.tokens[self.at] if self.at < len(self.tokens) else ""
        self.at += 1
        return token.strip('"`') if token[:1] in ('"', "`") else token.lower()

    def is_nameless(self) -> bool:
        """Tell whether a member of a row is a type only."""
        name = self.peek()
        after = self.tokens[self.at + 1].lower() if self.at + 1 < len(self.tokens) else ""
        if after in (",", ")", "(", "<", ">", ""):
            return True
        words = {"double": ("precision",), "character": ("varying",), "interval": ("day", "year")}
        zones = ("with", "without") if name in ("time", "timestamp") else ()
        return after in (*words.get(name, ()), *zones)

    def row(self) -> Type:
        """Analyse a row in parentheses."""
        self.expect("(", "<")
        fields: list[str] = []
        inner: list[Type] = []
        while True:
            fields.append("" if self.is_nameless() else self.name())
            if self.peek() == ":":
                self.take()
            inner.append(self.read())
            if self.take() != ",":
                break
        return Type("row", (), tuple(inner), tuple(fields))


def completed(name: str, numbers: tuple[int, ...]) -> Type:
    """Return the type with Trino's default numbers; refuse what they cannot be."""
    if name == "decimal":
        precision, scale = (*numbers, 0, 0)[:2] if numbers else (38, 0)
        if not 1 <= precision <= 38:
            raise TrinoError(
                "INVALID_FUNCTION_ARGUMENT", "DECIMAL precision must be in range [1, 38]"
            )
        if scale > precision:
            raise TrinoError(
                "INVALID_FUNCTION_ARGUMENT",
                f"DECIMAL scale must be in range [0, precision ({precision})]",
            )
        return decimal(precision, scale)
    if name in ("timestamp", "time", INSTANT, "time with time zone"):
        _limit(name.upper(), numbers, 0, PLACES_MAX)
        return Type(name, numbers or (3,))
    defaults = {"varchar": (UNBOUNDED,), "char": (1,)}
    if name == "char" and numbers and not 0 <= numbers[0] <= CHAR_MAX:
        message = f"CHAR length must be in range [0, {CHAR_MAX}], got {numbers[0]}"
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", message)
    return Type(name, numbers or defaults.get(name, ()))


def _limit(name: str, numbers: tuple[int, ...], low: int, high: int) -> None:
    if numbers and not low <= numbers[0] <= high:
        message = f"{name} precision must be in range [{low}, {high}]: {numbers[0]}"
        raise TrinoError("NUMERIC_VALUE_OUT_OF_RANGE", message)


def parse_type(text: str) -> Type:
    """Read a type as Trino or as Hive spells it."""
    reader = _TypeReader(text)
    kind = reader.read()
    if reader.at < len(reader.tokens):
        raise reader.fail()
    return kind


def hive_name(kind: Type) -> str:
    """Spell a type as the Glue catalog stores it."""
    if kind.name == "array":
        return f"array<{hive_name(kind.inner[0])}>"
    if kind.name == "map":
        return f"map<{hive_name(kind.inner[0])},{hive_name(kind.inner[1])}>"
    if kind.name == "row":
        members = zip(kind.fields, kind.inner, strict=True)
        return f"struct<{','.join(f'{name}:{hive_name(inner)}' for name, inner in members)}>"
    if kind.name == "decimal":
        return f"decimal({kind.numbers[0]},{kind.numbers[1]})"
    if kind.name == "varchar":
        return "string" if kind.numbers[0] == UNBOUNDED else f"varchar({kind.numbers[0]})"
    if kind.name == "char":
        return f"char({kind.numbers[0]})"
    names = {"integer": "int", "real": "float", "varbinary": "binary", INSTANT: "timestamp"}
    return names.get(kind.name, kind.name)


_DUCK = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "varchar": "VARCHAR",
    "char": "VARCHAR",
    "varbinary": "BLOB",
    "date": "DATE",
    "time": "BIGINT",
    "time with time zone": "STRUCT(t BIGINT, o INTEGER)",
    "interval day to second": "BIGINT",
    "interval year to month": "INTEGER",
    "unknown": "INTEGER",
    "json": "VARCHAR",
    "uuid": "UUID",
    "ipaddress": "BLOB",
    "hyperloglog": "BLOB",
    "p4hyperloglog": "BLOB",
    "setdigest": "BLOB",
    "tdigest": "BLOB",
    "geometry": "BLOB",
    "sphericalgeography": "BLOB",
    "bingtile": "VARCHAR",
    "kdbtree": "VARCHAR",
    "classifier": "BLOB",
    "regressor": "BLOB",
    "color": "INTEGER",
}
_MICROS, _PICOS = "TIMESTAMP", "STRUCT(t TIMESTAMP, p BIGINT)"


def duck_name(kind: Type) -> str:
    """Spell the DuckDB type that carries the values; those of time are `temporal`'s."""
    if kind.name == "timestamp":
        return _PICOS if kind.numbers[0] > 6 else _MICROS
    if kind.name == INSTANT:
        return f"STRUCT(t {_PICOS if kind.numbers[0] > 6 else _MICROS}, z VARCHAR)"
    if kind.name == "qdigest":
        return "BLOB"
    if kind.name == "decimal":
        return f"DECIMAL({kind.numbers[0]},{kind.numbers[1]})"
    if kind.name == "array":
        return f"{duck_name(kind.inner[0])}[]"
    if kind.name == "map":
        return f"MAP({duck_name(kind.inner[0])}, {duck_name(kind.inner[1])})"
    if kind.name == "row":
        members = (f'"f{at}" {duck_name(inner)}' for at, inner in enumerate(kind.inner))
        return f"STRUCT({', '.join(members)})"
    if kind.name not in _DUCK:
        raise TrinoError("NOT_SUPPORTED", f"The type {kind} is not built in lakebed yet")
    return _DUCK[kind.name]


def athena_column(kind: Type) -> tuple[str, int, int]:
    """Return what Athena's ColumnInfo says of a type: name, precision, scale."""
    fixed = {"boolean": 0, "tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
    fixed |= {"real": 17, "double": 17, "timestamp": 3, INSTANT: 3, "time": 3}
    if kind.name == "decimal":
        return "decimal", kind.numbers[0], kind.numbers[1]
    if kind.name in ("varchar", "char"):
        return kind.name, kind.numbers[0], 0
    name = "float" if kind.name == "real" else kind.name
    if kind.name == "varbinary":
        return name, 1073741824, 0
    return name, fixed.get(kind.name, 0), 0


def common(left: Type, right: Type) -> Type | None:
    """Return the type both coerce to, as Trino's common super type; None if there is none."""
    if left == right or right.name == "unknown":
        return left
    if left.name == "unknown":
        return right
    if left.name == right.name and (left.inner or right.inner):
        return _common_nested(left, right)
    if left.name in INTEGERS and right.name in INTEGERS:
        return max(left, right, key=lambda kind: INTEGER_DIGITS[kind.name])
    if is_numeric(left) and is_numeric(right):
        return _common_numeric(left, right)
    names = {left.name, right.name}
    if names <= {"varchar", "char"}:
        longest = max(left.numbers[0], right.numbers[0])
        return Type("char", (min(longest, CHAR_MAX),)) if "char" in names else varchar(longest)
    if names <= {"date", "timestamp", INSTANT}:
        precision = max((*left.numbers, *right.numbers, 0))
        name = INSTANT if INSTANT in names else "timestamp"
        return Type(name, (precision,))
    if names <= {"time", "time with time zone"}:
        return Type(max(names), (max(left.numbers[0], right.numbers[0]),))
    if names == {"hyperloglog", "p4hyperloglog"}:
        return left if left.name == "hyperloglog" else right
    return None


def _common_nested(left: Type, right: Type) -> Type | None:
    if len(left.inner) != len(right.inner):
        return None
    inner: list[Type] = []
    for one, other in zip(left.inner, right.inner, strict=True):
        kind = common(one, other)
        if kind is None:
            return None
        inner.append(kind)
    fields = tuple(
        one if one == other else "" for one, other in zip(left.fields, right.fields, strict=True)
    )
    return Type(left.name, (), tuple(inner), fields)


def _common_numeric(left: Type, right: Type) -> Type:
    if "double" in (left.name, right.name):
        return DOUBLE
    if "real" in (left.name, right.name):
        return REAL
    one, other = as_decimal(left).numbers, as_decimal(right).numbers
    scale = max(one[1], other[1])
    return decimal(min(38, max(one[0] - one[1], other[0] - other[1]) + scale), scale)


def as_decimal(kind: Type) -> Type:
    """Return the decimal that holds every value of an exact numeric type."""
    return decimal(INTEGER_DIGITS[kind.name], 0) if kind.name in INTEGERS else kind


def coerces(source: Type, target: Type) -> bool:
    """Tell whether Trino converts `source` to `target` without a CAST."""
    return common(source, target) == target


_UNCOMPARED = frozenset(
    {"hyperloglog", "p4hyperloglog", "setdigest", "tdigest", "qdigest", "sphericalgeography",
     "kdbtree", "classifier", "regressor", "function"}
)  # fmt: skip
_UNORDERED = _UNCOMPARED | {"map", "json", "geometry", "bingtile", "color"}


def is_comparable(kind: Type) -> bool:
    """Tell whether values of a type can be equal."""
    return kind.name not in _UNCOMPARED and all(map(is_comparable, kind.inner))


def is_orderable(kind: Type) -> bool:
    """Tell whether one value of a type can be before another."""
    return kind.name not in _UNORDERED and all(map(is_orderable, kind.inner))
