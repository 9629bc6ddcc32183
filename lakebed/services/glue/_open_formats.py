"""Tables of open formats that Glue itself makes: Iceberg's, through the Iceberg REST endpoint.

https://docs.aws.amazon.com/glue/latest/webapi/API_IcebergInput.html
https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateIcebergTableInput.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.services.glue._iceberg_metadata import renamed

Json = dict[str, Any]
_TOKEN = re.compile(r"[^<>:,()\s]+|[<>:,()]")
_PLAIN = {
    "int": "int", "integer": "int", "smallint": "int", "tinyint": "int", "bigint": "long",
    "float": "float", "double": "double", "boolean": "boolean", "date": "date",
    "string": "string", "varchar": "string", "char": "string", "binary": "binary",
    "timestamp": "timestamp",
}  # fmt: skip
_CODES = {
    "NoSuchNamespaceException": "EntityNotFoundException",
    "NoSuchTableException": "EntityNotFoundException",
    "AlreadyExistsException": "AlreadyExistsException",
    "CommitFailedException": "ConcurrentModificationException",
}
_NAMES = {
    "Fields": "fields", "Type": "type", "IdentifierFieldIds": "identifier-field-ids", "Id": "id",
    "Name": "name", "Required": "required", "Doc": "doc", "InitialDefault": "initial-default",
    "WriteDefault": "write-default", "SourceId": "source-id", "Transform": "transform",
    "FieldId": "field-id", "Direction": "direction", "NullOrder": "null-order",
}  # fmt: skip
_DOCUMENTS = ("Type", "InitialDefault", "WriteDefault")


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidInputException", message)


def _asked(call: Callable[[Any], Any], request: Json) -> Any:
    """Ask an operation of the REST endpoint; its errors are told as Glue's."""
    try:
        return call(request)
    except NotBuiltError:
        raise
    except AwsError as error:
        raise AwsError(_CODES.get(error.code, "InvalidInputException"), error.message) from error


def create(ctx: Context, request: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Make an Iceberg table; return its name and what a TableInput says besides its columns.

    The columns are those of the TableInput, in Hive's types, or a CreateIcebergTableInput is all.
    """
    given = request["OpenTableFormatInput"].get("IcebergInput")
    if given is None:
        raise _invalid("OpenTableFormatInput must have an IcebergInput.")
    whole, table = given.get("CreateIcebergTableInput"), request.get("TableInput")
    if (whole is None) == (table is None):
        raise _invalid("Either TableInput or CreateIcebergTableInput must be given.")
    made = _of_schema(whole) if table is None else _of_columns(table)
    name: str | None = request.get("Name") if table is None else table["Name"]
    if not name:
        raise _invalid("Name is required with CreateIcebergTableInput.")
    made["properties"] = {**made["properties"], "format-version": given.get("Version") or "2"}
    wanted = {"catalog": ctx.account, "namespace": request["DatabaseName"], "name": name, **made}
    _asked(ctx.aws.glue_iceberg.create_table, wanted)
    return name.lower(), table or {}


def _of_schema(given: Mapping[str, Any]) -> Json:
    return {
        "location": given["Location"],
        "schema": {"type": "struct", **_renamed(given["Schema"])},
        "partitionSpec": _renamed(given.get("PartitionSpec") or {}),
        "writeOrder": _renamed(given.get("WriteOrder") or {}),
        "properties": dict(given.get("Properties") or {}),
    }


def _renamed(given: Any) -> Any:
    """Return a structure under the names of Iceberg's JSON; documents are in it already."""
    return renamed(given, _NAMES, _DOCUMENTS)


def _of_columns(table: Mapping[str, Any]) -> Json:
    """Return the table that the columns of a TableInput describe."""
    if table.get("PartitionKeys"):
        raise _invalid("PartitionKeys cannot be given for an Iceberg table.")
    storage: Mapping[str, Any] = table.get("StorageDescriptor") or {}
    columns: list[Json] = storage.get("Columns") or []
    ids = count(len(columns) + 1)
    fields = [
        {
            "id": at,
            "name": one["Name"],
            "required": False,
            "type": _Types(one.get("Type") or "string", ids).read(),
            **({"doc": one["Comment"]} if one.get("Comment") else {}),
        }
        for at, one in enumerate(columns, 1)
    ]
    if not storage.get("Location"):
        raise _invalid("Location is required for an Iceberg table.")
    schema = {"type": "struct", "fields": fields}
    return {"location": storage["Location"], "schema": schema, "properties": {}}


class _Types:
    """Reads a type in Hive's spelling."""

    def __init__(self, text: str, ids: Iterator[int]) -> None:
        self._text, self._ids = text, ids
        self._tokens = _TOKEN.findall(text.lower())
        self._at = 0

    def read(self) -> Any:
        """Return the type as Iceberg's JSON has it."""
        found = self._type()
        if self._at != len(self._tokens):
            raise self._unknown()
        return found

    def _unknown(self) -> AwsError:
        return _invalid(f"Type {self._text} cannot be a column of an Iceberg table.")

    def _next(self, wanted: str = "") -> str:
        token = self._tokens[self._at] if self._at < len(self._tokens) else ""
        self._at += 1
        if not token or (wanted and token != wanted):
            raise self._unknown()
        return token

    def _peek(self, token: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at] == token

    def _type(self) -> Any:
        name = self._next()
        if name == "array":
            self._next("<")
            number = next(self._ids)
            made: Json = {"type": "list", "element-id": number, "element-required": False}
            made["element"] = self._type()
        elif name == "map":
            self._next("<")
            made = {"type": "map", "key-id": next(self._ids), "value-id": next(self._ids)}
            made["key"] = self._type()
            self._next(",")
            made |= {"value": self._type(), "value-required": False}
        elif name == "struct":
            self._next("<")
            made = {"type": "struct", "fields": self._fields()}
        else:
            return self._plain(name)
        self._next(">")
        return made

    def _fields(self) -> list[Json]:
        out: list[Json] = []
        while True:
            name = self._next()
            self._next(":")
            field: Json = {"id": next(self._ids), "name": name, "required": False}
            out.append({**field, "type": self._type()})
            if not self._peek(","):
                return out
            self._next(",")

    def _plain(self, name: str) -> str:
        numbers: list[str] = []
        if self._peek("("):
            self._next()
            numbers.append(self._next())
            while self._peek(","):
                self._next()
                numbers.append(self._next())
            self._next(")")
        if name == "decimal" and all(one.isdecimal() for one in numbers):
            digits, scale = (*numbers, *("10", "0")[len(numbers) :])
            return f"decimal({digits}, {scale})"
        if name not in _PLAIN:
            raise self._unknown()
        return _PLAIN[name]


def update(ctx: Context, request: Mapping[str, Any]) -> None:
    """Commit changes to an Iceberg table.

    An update without an action sets all it gives: the schema, spec and order become the current
    ones. With one, it does that alone. (AWS's reference says no more than the members' names.)
    """
    given = request["UpdateOpenTableFormatInput"].get("UpdateIcebergInput")
    if given is None:
        raise _invalid("UpdateOpenTableFormatInput must have an UpdateIcebergInput.")
    if request.get("TableInput") is not None or not request.get("Name"):
        raise _invalid("Name, and no TableInput, is required with UpdateOpenTableFormatInput.")
    updates: list[Json] = []
    for one in given["UpdateIcebergTableInput"]["Updates"]:
        action = one.get("Action")
        wanted = [action] if action else [key for key, (member, _) in _ACTIONS.items()
                                          if one.get(member) is not None
                                          and key != "remove-properties"]  # fmt: skip
        for each in wanted:
            if each not in _ACTIONS:
                raise NotBuiltError("glue", "UpdateTable", f"the Iceberg update {each}")
            member, make = _ACTIONS[each]
            if one.get(member) is None:
                raise _invalid(f"{member} is required for {each}.")
            updates.append({"action": each, **make(one[member], bool(action))})
    wanted_of_rest: Json = {
        "catalog": ctx.account, "namespace": request["DatabaseName"], "table": request["Name"],
        "requirements": [], "updates": updates,
    }  # fmt: skip
    _asked(ctx.aws.glue_iceberg.update_table, wanted_of_rest)


_ACTIONS: dict[str, tuple[str, Callable[[Any, bool], Json]]] = {
    "add-schema": ("Schema", lambda one, _: {"schema": {"type": "struct", **_renamed(one)}}),
    "set-current-schema": (
        "Schema",
        lambda one, alone: {"schema-id": one.get("SchemaId", -1) if alone else -1},
    ),
    "add-spec": ("PartitionSpec", lambda one, _: {"spec": _renamed(one)}),
    "set-default-spec": (
        "PartitionSpec",
        lambda one, alone: {"spec-id": one.get("SpecId", -1) if alone else -1},
    ),
    "add-sort-order": ("SortOrder", lambda one, _: {"sort-order": _renamed(one)}),
    "set-default-sort-order": (
        "SortOrder",
        lambda one, alone: {"sort-order-id": one["OrderId"] if alone else -1},
    ),
    "set-location": ("Location", lambda one, _: {"location": one}),
    "set-properties": ("Properties", lambda one, _: {"updates": dict(one)}),
    "remove-properties": ("Properties", lambda one, _: {"removals": list(one)}),
}
"""Iceberg's updates by name: the member that says what, and how it is written."""
