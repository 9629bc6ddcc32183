"""Statements of a visual job that read and write tables of Delta Lake and Iceberg. Pure.

Tables of Delta Lake are where the Data Catalog says; those of Iceberg are in the catalog that AWS
has jobs configure under the name `glue_catalog`.
https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-format-delta-lake.html
https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-format-iceberg.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from lakebed.core.errors import NotBuiltError
from lakebed.services.glue._jobs import invalid
from lakebed.services.glue._python_text import Code, call, literal
from lakebed.services.glue._visual_graph import Node

_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def delta_files(node: Node) -> str:
    """Read a Delta table where it is; its options are those of Spark's reader."""
    paths = node.members["Paths"]
    if len(paths) != 1:
        raise invalid(f"{node.kind} node {node.id} must have one path.")
    return _read(node, _delta_reader(node, literal(paths[0])))


def _delta_table(node: Node) -> str:
    return _read(node, _delta_reader(node, _location(node)))


def _delta_reader(node: Node, place: str) -> str:
    given = node.members.get("AdditionalDeltaOptions", {})
    return f'spark.read.format("delta"){_options(given)}.load({place})'


def _iceberg_table(node: Node) -> str:
    given = node.members.get("AdditionalIcebergOptions", {})
    return _read(node, f"spark.read{_options(given)}.table({literal(_iceberg_name(node))})")


def _read(node: Node, reader: str) -> str:
    return call(
        node.variable,
        "DynamicFrame.fromDF",
        {"0": Code(reader), "1": Code("glueContext"), "2": node.variable},
    )


def add_to_delta(frame: str, options: Mapping[str, str], keys: Sequence[str], place: str) -> str:
    """Add a frame to the Delta table at a place; what its options say, Spark's writer is told."""
    steps = [f"{frame}.toDF().write", '.format("delta")', '.mode("append")']
    steps += [f".option({literal(one)}, {literal(value)})" for one, value in options.items()]
    if keys:
        steps.append(f".partitionBy({', '.join(literal(key) for key in keys)})")
    return _statement([*steps, f".save({place})"])


def _to_delta_table(node: Node, frame: str, keys: Sequence[str]) -> str:
    _refuse_changes(node, "Delta tables whose columns a job changes in the Data Catalog")
    options = node.members.get("AdditionalOptions", {})
    return add_to_delta(frame, options, keys, _location(node))


def _to_iceberg_table(node: Node, frame: str, keys: Sequence[str]) -> str:
    _refuse_changes(node, "Iceberg tables whose columns a job changes")
    if keys:
        missing = "an Iceberg table is partitioned as it was made"
        raise NotBuiltError("glue", "CreateJob", f"PartitionKeys of node {node.id}: {missing}")
    steps = [f"{frame}.toDF().writeTo({literal(_iceberg_name(node))})"]
    options = node.members.get("AdditionalOptions", {})
    steps += [f".option({literal(one)}, {literal(value)})" for one, value in options.items()]
    return _statement([*steps, ".append()"])


def _refuse_changes(node: Node, missing: str) -> None:
    if node.members.get("SchemaChangePolicy", {}).get("EnableUpdateCatalog"):
        message = f"SchemaChangePolicy of node {node.id}: {missing}"
        raise NotBuiltError("glue", "CreateJob", message)


def _location(node: Node) -> str:
    """Return the expression of where a node's table is."""
    table = f"{literal(node.members['Database'])}, {literal(node.members['Table'])}"
    return f"spark_table_location({table})"


def _iceberg_name(node: Node) -> str:
    """Return what Spark knows a node's table by."""
    names = (node.members["Database"], node.members["Table"])
    quoted = (n if _PLAIN.fullmatch(n) else f"`{n.replace('`', '``')}`" for n in names)
    return ".".join(["glue_catalog", *quoted])


def _options(given: Mapping[str, str]) -> str:
    return "".join(f".option({literal(one)}, {literal(value)})" for one, value in given.items())


def _statement(steps: Sequence[str]) -> str:
    return "\n".join(["(", *(f"    {one}" for one in steps), ")"])


SOURCES: Mapping[str, Callable[[Node], str]] = {
    "S3DeltaSource": delta_files,
    "S3CatalogDeltaSource": _delta_table,
    "CatalogDeltaSource": _delta_table,
    "S3CatalogIcebergSource": _iceberg_table,
    "CatalogIcebergSource": _iceberg_table,
}
"""What reads, by the kind of a node."""
TARGETS: Mapping[str, Callable[[Node, str, Sequence[str]], str]] = {
    "S3DeltaCatalogTarget": _to_delta_table,
    "S3IcebergCatalogTarget": _to_iceberg_table,
}
"""What writes a frame, by the kind of a node; it is told the keys of partitions."""
BY_LOCATION = frozenset({"S3CatalogDeltaSource", "CatalogDeltaSource", "S3DeltaCatalogTarget"})
"""Kinds whose statements ask where a table is."""
