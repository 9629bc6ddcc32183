"""Schemas, partition specs and sort orders as JSON: numbered anew, and as Glue lists columns.

https://iceberg.apache.org/spec/#appendix-c-json-serialization
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from typing import Any, cast

from lakebed.services.glue_iceberg.model import Json, bad_request

_GLUE = {
    "int": "int", "long": "bigint", "float": "float", "double": "double", "boolean": "boolean",
    "date": "date", "string": "string", "binary": "binary", "uuid": "string", "time": "string",
    "timestamp": "timestamp", "timestamptz": "timestamp",
}  # fmt: skip
_DECIMAL = re.compile(r"decimal\((\d+), *(\d+)\)")
_FIXED = re.compile(r"fixed\[\d+\]")
FIRST_PARTITION_ID = 1000


def fields_of(schema: Json) -> list[Json]:
    """Return the fields of a schema or struct."""
    found = schema.get("fields")
    if not isinstance(found, list):
        raise bad_request("A schema needs fields")
    return cast(list[Json], found)


def highest_id(kind: Any) -> int:
    """Return the highest number of a field within a type."""
    if not isinstance(kind, dict):
        return 0
    given = cast(Json, kind)
    ids = [int(given[key]) for key in ("element-id", "key-id", "value-id") if key in given]
    inner = [given[key] for key in ("element", "key", "value") if key in given]
    if given.get("type") == "struct":
        ids += [int(one["id"]) for one in fields_of(given)]
        inner += [one["type"] for one in fields_of(given)]
    return max([*ids, *map(highest_id, inner)], default=0)


class Numbering:
    """Numbers the fields of a new table anew, level by level; `by_old` says what became of each."""

    def __init__(self) -> None:
        self._next = count(1)
        self.by_old: dict[int, int] = {}

    def _new(self, old: Any) -> int:
        number = next(self._next)
        self.by_old[int(old)] = number
        return number

    def struct(self, kind: Json) -> Json:
        """Number a struct's fields, then what is inside them."""
        numbers = [self._new(one["id"]) for one in fields_of(kind)]
        fields = [
            {**one, "id": number, "type": self.type(one["type"])}
            for number, one in zip(numbers, fields_of(kind), strict=True)
        ]
        return {**kind, "fields": fields}

    def type(self, kind: Any) -> Any:
        """Number what is inside a type."""
        if not isinstance(kind, dict):
            return kind
        given = cast(Json, kind)
        if given.get("type") == "struct":
            return self.struct(given)
        if given.get("type") == "list":
            number = self._new(given["element-id"])
            return {**given, "element-id": number, "element": self.type(given["element"])}
        if given.get("type") == "map":
            key, value = self._new(given["key-id"]), self._new(given["value-id"])
            return {**given, "key-id": key, "value-id": value, "key": self.type(given["key"]),
                    "value": self.type(given["value"])}  # fmt: skip
        raise bad_request(f"Unknown type: {given.get('type')}")


def new_schema(given: Json) -> tuple[Json, dict[int, int]]:
    """Return a new table's schema, and the numbers its fields had in the request."""
    numbering = Numbering()
    schema = {**numbering.struct(given), "type": "struct", "schema-id": 0}
    if given.get("identifier-field-ids"):
        known = numbering.by_old
        schema["identifier-field-ids"] = [known[one] for one in given["identifier-field-ids"]]
    return schema, numbering.by_old


def new_spec(given: Json | None, numbers: dict[int, int]) -> Json:
    """Return a new table's partition spec."""
    listed: list[Json] = (given or {}).get("fields") or []
    fields = [
        {**one, "source-id": _source(one, numbers), "field-id": FIRST_PARTITION_ID + at}
        for at, one in enumerate(listed)
    ]
    return {"spec-id": 0, "fields": fields}


def new_order(given: Json | None, numbers: dict[int, int]) -> Json:
    """Return a new table's sort order: 0 is that of unsorted tables."""
    listed: list[Json] = (given or {}).get("fields") or []
    fields = [{**one, "source-id": _source(one, numbers)} for one in listed]
    return {"order-id": 1 if fields else 0, "fields": fields}


def _source(field: Json, numbers: dict[int, int]) -> int:
    if field.get("source-id") not in numbers:
        raise bad_request(f"Cannot find the source column of {field}")
    return numbers[field["source-id"]]


def glue_columns(metadata: Json) -> list[Json]:
    """Return a table's columns as Iceberg's Glue catalog lists them: former ones, too, marked."""
    current = metadata["current-schema-id"]
    schemas = sorted(metadata["schemas"], key=lambda one: one["schema-id"] != current)
    found: dict[str, Json] = {}
    for schema in schemas:
        for field in fields_of(schema):
            if field["name"] in found:
                continue
            column: Json = {
                "Name": field["name"],
                "Type": glue_type(field["type"]),
                "Parameters": {
                    "iceberg.field.id": str(field["id"]),
                    "iceberg.field.optional": str(not field.get("required")).lower(),
                    "iceberg.field.current": str(schema["schema-id"] == current).lower(),
                },
            }
            if field.get("doc"):
                column["Comment"] = field["doc"]
            found[field["name"]] = column
    return list(found.values())


def glue_type(kind: Any) -> str:
    """Spell a type as Iceberg's Glue catalog does."""
    if isinstance(kind, str):
        if match := _DECIMAL.fullmatch(kind):
            return f"decimal({match.group(1)},{match.group(2)})"
        if _FIXED.fullmatch(kind):
            return "binary"
        if kind in _GLUE:
            return _GLUE[kind]
        raise bad_request(f"Unknown type: {kind}")
    given = cast(Json, kind)
    if given["type"] == "list":
        return f"array<{glue_type(given['element'])}>"
    if given["type"] == "map":
        return f"map<{glue_type(given['key'])},{glue_type(given['value'])}>"
    inner = ",".join(_members(given))
    return f"struct<{inner}>"


def _members(struct: Json) -> Iterator[str]:
    for one in fields_of(struct):
        yield f"{one['name']}:{glue_type(one['type'])}"
