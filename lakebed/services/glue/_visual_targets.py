"""Statements of a visual job's targets. Pure.

https://docs.aws.amazon.com/glue/latest/dg/update-from-job.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lakebed.core.errors import NotBuiltError
from lakebed.services.glue import _visual_table_formats as table_formats
from lakebed.services.glue._jobs import invalid
from lakebed.services.glue._python_text import Code, call
from lakebed.services.glue._visual_graph import Node

_FORMATS = ("json", "csv", "avro", "orc", "parquet")
_NO_COMPRESSION = ("", "none", "uncompressed")
_TO_OPTIONS = "glueContext.write_dynamic_frame.from_options"
_TO_CATALOG = "glueContext.write_dynamic_frame.from_catalog"


def target(node: Node, frame: str) -> str:
    """Return the statements that write a frame, the variable of the node before, to a target."""
    if node.members.get("AutoDataQuality", {}).get("IsEnabled"):
        raise _not_built(node, "AutoDataQuality", "AWS Glue Data Quality")
    if node.kind in table_formats.TARGETS:
        spread, frame = _spread(node, frame)
        return spread + table_formats.TARGETS[node.kind](node, frame, _keys(node))
    return _WRITERS.get(node.kind, _catalog)(node, frame)


def _direct(node: Node, frame: str) -> str:
    """Write files of a format."""
    name = node.members["Format"]
    if name not in _FORMATS:
        raise _not_built(node, f"Format {name}", f"there are {', '.join(_FORMATS)}")
    return _files(node, frame, name)


def _glue_parquet(node: Node, frame: str) -> str:
    return _files(node, frame, "glueparquet")


def _files(node: Node, frame: str, name: str) -> str:
    members = node.members
    options: dict[str, Any] = {"path": members["Path"]}
    keys = _keys(node)
    if keys:
        options["partitionKeys"] = keys
    compression = members.get("Compression", "")
    packed = {} if compression in _NO_COMPRESSION else {"compression": compression}
    if compression == "uncompressed" and name != "json":
        packed = {"compression": compression}
    spread, frame = _spread(node, frame)
    policy = members.get("SchemaChangePolicy", {})
    if policy.get("EnableUpdateCatalog"):
        return spread + _updating(node, frame, name, options, packed)
    is_parquet = name == "glueparquet"
    arguments: dict[str, Any] = {
        "frame": Code(frame),
        "connection_type": "s3",
        "connection_options": options if is_parquet else {**options, **packed},
        "format": name,
    }
    if is_parquet and packed:
        arguments["format_options"] = packed
    return spread + call(
        node.variable, _TO_OPTIONS, {**arguments, "transformation_ctx": node.variable}
    )


def _updating(
    node: Node, frame: str, name: str, options: Mapping[str, Any], packed: Mapping[str, Any]
) -> str:
    """Write files, and let the table of the Data Catalog follow."""
    policy = node.members["SchemaChangePolicy"]
    if not policy.get("Database") or not policy.get("Table"):
        raise invalid(f"SchemaChangePolicy of node {node.id} must name a Database and a Table.")
    sink = node.variable
    arguments: dict[str, Any] = {
        "connection_type": "s3",
        **options,
        "enableUpdateCatalog": True,
        "updateBehavior": policy.get("UpdateBehavior", "UPDATE_IN_DATABASE"),
        "transformation_ctx": sink,
    }
    table = {"catalogDatabase": policy["Database"], "catalogTableName": policy["Table"]}
    # Only the writer of glueparquet can change tables while it writes Parquet.
    format_options = {**packed, "useGlueParquetWriter": True} if name == "parquet" else packed
    return "\n".join(
        [
            call(sink, "glueContext.getSink", arguments),
            call("", f"{sink}.setCatalogInfo", table),
            call("", f"{sink}.setFormat", {"0": name, **format_options}),
            f"{sink}.writeFrame({frame})",
        ]
    )


def _catalog(node: Node, frame: str) -> str:
    """Write to where a table of the Data Catalog is."""
    members = node.members
    options: dict[str, Any] = {}
    policy = members.get("SchemaChangePolicy", {})
    if policy.get("EnableUpdateCatalog"):
        options["enableUpdateCatalog"] = True
        options["updateBehavior"] = policy.get("UpdateBehavior", "UPDATE_IN_DATABASE")
    keys = _keys(node)
    if keys:
        options["partitionKeys"] = keys
    arguments: dict[str, Any] = {
        "frame": Code(frame),
        "database": members["Database"],
        "table_name": members["Table"],
    }
    if options:
        arguments["additional_options"] = options
    return call(node.variable, _TO_CATALOG, {**arguments, "transformation_ctx": node.variable})


def _spread(node: Node, frame: str) -> tuple[str, str]:
    """Return what gives a frame as many parts as files are wanted, and the frame to write."""
    given = node.members.get("NumberTargetPartitions", "")
    if not given:
        return "", frame
    if not given.isascii() or not given.isdigit() or int(given) < 1:
        raise invalid(f"NumberTargetPartitions of node {node.id} must be a positive number.")
    spread = f"{node.variable}_frame"
    return f"{spread} = {frame}.repartition({int(given)})\n", spread


def _keys(node: Node) -> list[str]:
    """Return the names of what a target is partitioned by: fields at the top."""
    paths = [path for path in node.members.get("PartitionKeys", ()) if path]
    if any(len(path) > 1 for path in paths):
        raise invalid(f"PartitionKeys of node {node.id} must be fields at the top.")
    return [path[0] for path in paths]


def _not_built(node: Node, member: str, missing: str) -> NotBuiltError:
    return NotBuiltError("glue", "CreateJob", f"{member} of node {node.id}: {missing}")


_WRITERS: Mapping[str, Callable[[Node, str], str]] = {
    "S3DirectTarget": _direct,
    "S3GlueParquetTarget": _glue_parquet,
}
