"""Statements of a visual job's sources. Pure.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-connect-s3-home.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from lakebed.core.errors import NotBuiltError
from lakebed.services.glue import _visual_table_formats as table_formats
from lakebed.services.glue._jobs import invalid
from lakebed.services.glue._python_text import call
from lakebed.services.glue._visual_graph import Node

SEPARATORS = {"comma": ",", "ctrla": "\x01", "pipe": "|", "semicolon": ";", "tab": "\t"}
QUOTES: Mapping[str, Any] = {"quote": '"', "quillemet": "«", "single_quote": "'", "disabled": -1}
_FROM_OPTIONS = "glueContext.create_dynamic_frame.from_options"
_FROM_CATALOG = "glueContext.create_dynamic_frame.from_catalog"
_JDBC = ("mysql", "postgresql")


def source(node: Node) -> str:
    """Return the statement that reads a source."""
    return _WRITERS.get(node.kind, _catalog)(node)


def _csv(node: Node) -> str:
    members = node.members
    options: dict[str, Any] = {
        "quoteChar": QUOTES[members["QuoteChar"]],
        "separator": SEPARATORS[members["Separator"]],
        "withHeader": bool(members.get("WithHeader", False)),
    }
    if members.get("Escaper"):
        options["escaper"] = members["Escaper"]
    if members.get("Multiline"):
        options["multiLine"] = True
    if members.get("SkipFirst"):
        options["skipFirst"] = True
    if members.get("OptimizePerformance"):
        options["optimizePerformance"] = True
    return _files(node, "csv", options)


def _json(node: Node) -> str:
    options: dict[str, Any] = {"multiLine": bool(node.members.get("Multiline", False))}
    if node.members.get("JsonPath"):
        options["jsonPath"] = node.members["JsonPath"]
    return _files(node, "json", options)


def _parquet(node: Node) -> str:
    return _files(node, "parquet", {})


def _files(node: Node, name: str, format_options: Mapping[str, Any]) -> str:
    """Read files; SamplePath is for previews only, so it is not in the script."""
    members = node.members
    if not members["Paths"]:
        raise invalid(f"Node {node.id} must have a path.")
    options: dict[str, Any] = {"paths": list(members["Paths"])}
    if "Recurse" in members:
        options["recurse"] = members["Recurse"]
    if members.get("Exclusions"):
        options["exclusions"] = json.dumps(list(members["Exclusions"]), ensure_ascii=False)
    if members.get("CompressionType") and name != "parquet":
        # Parquet's files say themselves what they are compressed by.
        options["compressionType"] = members["CompressionType"]
    names = {"GroupFiles": "groupFiles", "GroupSize": "groupSize", "MaxBand": "maxBand",
             "MaxFilesInBand": "maxFilesInBand"}  # fmt: skip
    options |= {names[one]: members[one] for one in names if members.get(one) not in (None, "")}
    options |= _bounds(members)
    arguments: dict[str, Any] = {
        "connection_type": "s3",
        "connection_options": options,
        "format": name,
        "format_options": format_options,
        "transformation_ctx": node.variable,
    }
    return call(node.variable, _FROM_OPTIONS, arguments)


def _bounds(members: Mapping[str, Any]) -> dict[str, str]:
    given = members.get("AdditionalOptions", {})
    names = {"BoundedSize": "boundedSize", "BoundedFiles": "boundedFiles"}
    return {names[one]: str(given[one]) for one in names if given.get(one)}


def _catalog(node: Node) -> str:
    members = node.members
    arguments: dict[str, Any] = {"database": members["Database"], "table_name": members["Table"]}
    if members.get("PartitionPredicate"):
        arguments["push_down_predicate"] = members["PartitionPredicate"]
    bounds = _bounds(members)
    if bounds:
        arguments["additional_options"] = bounds
    return call(node.variable, _FROM_CATALOG, {**arguments, "transformation_ctx": node.variable})


def _jdbc(node: Node) -> str:
    members = node.members
    kind = members["ConnectionType"]
    if kind not in _JDBC:
        raise NotBuiltError(
            "glue", "CreateJob",
            f"ConnectionType {kind} of node {node.id}: there are {', '.join(_JDBC)}",
        )  # fmt: skip
    options = {
        "useConnectionProperties": "true",
        "dbtable": members["Table"],
        "connectionName": members["ConnectionName"],
    }
    arguments = {"connection_type": kind, "connection_options": options}
    return call(node.variable, _FROM_OPTIONS, {**arguments, "transformation_ctx": node.variable})


_WRITERS: Mapping[str, Callable[[Node], str]] = {
    "S3CsvSource": _csv,
    "S3JsonSource": _json,
    "S3ParquetSource": _parquet,
    "DirectJDBCSource": _jdbc,
    **table_formats.SOURCES,
}
