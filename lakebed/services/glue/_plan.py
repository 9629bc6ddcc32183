"""The graph that GetPlan proposes: read, map, resolve, write. Pure.

https://docs.aws.amazon.com/glue/latest/webapi/API_GetPlan.html
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any, cast

from lakebed.core.errors import NotBuiltError
from lakebed.services.glue._dag import Argument, DagNode
from lakebed.services.glue._jobs import invalid
from lakebed.services.glue._python_text import literal

_FORMAT = "parquet"
_S3 = ("path", "format", "compression", "partitionKeys")
_JDBC = ("catalog_connection", "connectionName", "dbtable", "database")


def plan_of(
    mapping: Sequence[Mapping[str, Any]],
    source: Mapping[str, Any],
    sinks: Sequence[Mapping[str, Any]],
    location: Mapping[str, Any],
) -> list[DagNode]:
    """Return the nodes of a script that moves a table's columns to sinks or to a location."""
    chain = _Chain()
    chain.add("DataSource", database=source["DatabaseName"], table_name=source["TableName"])
    tuples = [_tuple(one) for one in mapping]
    chain.add("ApplyMapping", mapping=tuples)
    mapped = chain.last
    for sink in sinks:
        chain.last = mapped
        there = [one for one in mapping if one.get("TargetTable") in (sink["TableName"], None)]
        chain.add("SelectFields", paths=[_tuple(one)[2] for one in there])
        table = {"database": sink["DatabaseName"], "table_name": sink["TableName"]}
        chain.add("ResolveChoice", choice="MATCH_CATALOG", **table)
        chain.add("ResolveChoice", choice="make_struct")
        chain.add("DataSink", **table)
    if location.get("DynamoDB"):
        raise NotBuiltError("glue", "GetPlan", "Location.DynamoDB")
    for name, write in (("S3", _to_s3), ("Jdbc", _to_jdbc)):
        if location.get(name):
            chain.last = mapped
            chain.add("ResolveChoice", choice="make_struct")
            chain.add("DropNullFields")
            chain.add("DataSink", **write(_named(location[name])))
    return chain.nodes


class _Chain:
    """Nodes that are added one behind the other, each named by its kind and its number."""

    def __init__(self) -> None:
        self.nodes: list[DagNode] = []
        self.last = ""

    def add(self, kind: str, **values: Any) -> None:
        """Add a node behind the last one."""
        node_id = f"{kind.lower()}{len(self.nodes)}"
        arguments = tuple(Argument(name, _flat(value)) for name, value in values.items())
        inputs = (("frame", self.last),) if self.last else ()
        self.nodes.append(DagNode(node_id, kind, arguments, inputs))
        self.last = node_id


def _flat(value: Any) -> str:
    """Return a value as one line of Python."""
    if isinstance(value, list):
        return "[" + ", ".join(_flat(one) for one in cast("list[Any]", value)) + "]"
    return literal(value) if isinstance(value, str) else repr(value)


def _tuple(one: Mapping[str, Any]) -> Any:
    source = one.get("SourcePath")
    if not source:
        raise invalid("An entry of Mapping must have a SourcePath.")
    kind = one.get("SourceType") or "string"
    return source, kind, one.get("TargetPath") or source, one.get("TargetType") or kind


def _named(arguments: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the arguments of a location: values of Python, or plain texts."""
    found: dict[str, Any] = {}
    for one in arguments:
        if one.get("Param"):
            raise NotBuiltError("glue", "GetPlan", "Location with Param")
        try:
            found[one["Name"]] = ast.literal_eval(one["Value"])
        except (SyntaxError, ValueError):
            found[one["Name"]] = one["Value"]
    return found


def _to_s3(given: Mapping[str, Any]) -> dict[str, Any]:
    _check_names("S3", given, _S3, "path")
    options = {name: given[name] for name in _S3 if name in given and name != "format"}
    return {
        "connection_type": "s3",
        "connection_options": options,
        "format": given.get("format", _FORMAT),
    }


def _to_jdbc(given: Mapping[str, Any]) -> dict[str, Any]:
    _check_names("Jdbc", given, _JDBC, "dbtable")
    connection = given.get("catalog_connection") or given.get("connectionName")
    if not connection:
        raise invalid("Location.Jdbc must have catalog_connection.")
    options = {name: given[name] for name in ("dbtable", "database") if name in given}
    return {"catalog_connection": connection, "connection_options": options}


def _check_names(
    member: str, given: Mapping[str, Any], known: Sequence[str], required: str
) -> None:
    for name in given:
        if name not in known:
            raise NotBuiltError("glue", "GetPlan", f"Location.{member} with {name}")
    if not given.get(required):
        raise invalid(f"Location.{member} must have {required}.")
