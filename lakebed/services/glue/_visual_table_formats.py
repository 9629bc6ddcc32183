"""Statements of a visual job that read and write tables of Delta Lake, Hudi and Iceberg. Pure.

Tables of Delta Lake and Hudi are where the Data Catalog says; those of Iceberg are in the catalog
that AWS has jobs configure under the name `glue_catalog`.
https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-format-delta-lake.html
https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-format-hudi.html
https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-format-iceberg.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from lakebed.core.errors import NotBuiltError
from lakebed.services.glue._jobs import invalid
from lakebed.services.glue._python_text import Code, call, literal
from lakebed.services.glue._visual_graph import Node

_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_OPTIONS_OF = {"delta": "AdditionalDeltaOptions", "hudi": "AdditionalHudiOptions"}
_LOG = "LOG"


# -- sources ---------------------------------------------------------------------------------------


def _files(name: str, node: Node) -> str:
    """Read a table where it is; its options are those of Spark's reader."""
    paths = node.members["Paths"]
    if len(paths) != 1:
        raise invalid(f"{node.kind} node {node.id} must have one path.")
    bounds = node.members.get("AdditionalOptions", {})
    if bounds.get("BoundedSize") or bounds.get("BoundedFiles"):
        raise _not_built(node, "AdditionalOptions", f"a part of a table of {name}")
    return _read(node, _reader(name, node, literal(paths[0])))


def _table(name: str, node: Node) -> str:
    return _read(node, _reader(name, node, _location(node)))


def _reader(name: str, node: Node, place: str) -> str:
    options = _options(node.members.get(_OPTIONS_OF[name], {}))
    return f"spark.read.format({literal(name)}){options}.load({place})"


def _iceberg_table(node: Node) -> str:
    given = node.members.get("AdditionalIcebergOptions", {})
    table = _iceberg_name(node.members["Database"], node.members["Table"])
    return _read(node, f"spark.read{_options(given)}.table({literal(table)})")


def _read(node: Node, reader: str) -> str:
    return call(
        node.variable,
        "DynamicFrame.fromDF",
        {"0": Code(reader), "1": Code("glueContext"), "2": node.variable},
    )


# -- targets ---------------------------------------------------------------------------------------


def _to_delta(node: Node, frame: str, keys: Sequence[str]) -> str:
    """Add to a Delta table where it is; what its options say, Spark's writer is told."""
    _check_format(node, "delta")
    _refuse_changes(node, "Delta tables that a job registers")
    given = {"compression": node.members["Compression"], **_additional(node)}
    return _append("delta", frame, given, literal(node.members["Path"]), keys)


def _to_delta_table(node: Node, frame: str, keys: Sequence[str]) -> str:
    _refuse_changes(node, "Delta tables whose columns a job changes in the Data Catalog")
    return _append("delta", frame, _additional(node), _location(node), keys)


def _to_hudi(node: Node, frame: str, keys: Sequence[str]) -> str:
    """Write to a Hudi table where it is, and have Hudi tell the Data Catalog if it shall."""
    _check_format(node, "hudi")
    members = node.members
    path = members["Path"]
    given = {
        "hoodie.table.name": path.rstrip("/").rpartition("/")[2],
        "hoodie.parquet.compression.codec": _compression(node),
    }
    if members.get("SchemaChangePolicy", {}).get("EnableUpdateCatalog"):
        database, table = _registered(node)
        given |= {"hoodie.table.name": table, **_hudi_sync(database, table, keys)}
    given |= {**_hudi_partitions(keys), **_additional(node)}
    return _append("hudi", frame, given, literal(path))


def _to_hudi_table(node: Node, frame: str, keys: Sequence[str]) -> str:
    database, table = node.members["Database"], node.members["Table"]
    given = {"hoodie.table.name": table}
    if node.members.get("SchemaChangePolicy", {}).get("EnableUpdateCatalog"):
        given |= _hudi_sync(database, table, keys)
    given |= {**_hudi_partitions(keys), **_additional(node)}
    return _append("hudi", frame, given, _location(node))


def _hudi_partitions(keys: Sequence[str]) -> dict[str, str]:
    if not keys:
        return {}
    return {
        "hoodie.datasource.write.partitionpath.field": ",".join(keys),
        "hoodie.datasource.write.hive_style_partitioning": "true",
    }


def _hudi_sync(database: str, table: str, keys: Sequence[str]) -> dict[str, str]:
    """Return the options by which Hudi makes or changes a table of the Data Catalog."""
    found = {"enable": "true", "mode": "hms", "use_jdbc": "false", "database": database}
    found["table"] = table
    if keys:
        found["partition_fields"] = ",".join(keys)
        found["partition_extractor_class"] = "org.apache.hudi.hive.MultiPartKeysValueExtractor"
    return {f"hoodie.datasource.hive_sync.{name}": value for name, value in found.items()}


def _to_iceberg(node: Node, frame: str, keys: Sequence[str]) -> str:
    """Add to the Iceberg table that a schema change policy names; the first run makes it there."""
    _check_format(node, "iceberg")
    policy = node.members.get("SchemaChangePolicy", {})
    if not policy.get("EnableUpdateCatalog"):
        raise _not_built(node, "SchemaChangePolicy", "Iceberg tables without a catalog")
    properties = {
        "location": node.members["Path"],
        "write.parquet.compression-codec": _compression(node),
    }
    options = _additional(node)
    if policy.get("UpdateBehavior") != _LOG:
        # New columns of the frame become columns of the table.
        properties["write.spark.accept-any-schema"] = "true"
        options = {"mergeSchema": "true", **options}
    database, table = _registered(node)
    arguments: dict[str, Any] = {
        "frame": Code(frame),
        "namespace": _iceberg_name(database),
        "name": table,
        "properties": properties,
        "partitionKeys": list(keys),
        "options": options,
    }
    return call("", "spark_iceberg_write", arguments)


def _to_iceberg_table(node: Node, frame: str, keys: Sequence[str]) -> str:
    _refuse_changes(node, "Iceberg tables whose columns a job changes")
    if keys:
        raise _not_built(node, "PartitionKeys", "an Iceberg table is partitioned as it was made")
    table = _iceberg_name(node.members["Database"], node.members["Table"])
    steps = [f"{frame}.toDF().writeTo({literal(table)})", *_option_steps(_additional(node))]
    return _statement([*steps, ".append()"])


def _append(
    name: str, frame: str, options: Mapping[str, str], place: str, keys: Sequence[str] = ()
) -> str:
    """Add a frame to the table of a format at a place."""
    steps = [f"{frame}.toDF().write", f".format({literal(name)})", '.mode("append")']
    steps += _option_steps(options)
    if keys:
        steps.append(f".partitionBy({', '.join(literal(key) for key in keys)})")
    return _statement([*steps, f".save({place})"])


# -- members ---------------------------------------------------------------------------------------


def _check_format(node: Node, name: str) -> None:
    if node.members["Format"] != name:
        raise invalid(f"Format of {node.kind} node {node.id} must be {name}.")


def _compression(node: Node) -> str:
    found: str = node.members["Compression"]
    if found == "lzo":
        raise _not_built(node, "Compression lzo", "a codec of LZO")
    return found


def _additional(node: Node) -> dict[str, str]:
    return dict(node.members.get("AdditionalOptions", {}))


def _registered(node: Node) -> tuple[str, str]:
    """Return the database and the name of the table that a schema change policy names."""
    policy = node.members["SchemaChangePolicy"]
    if not policy.get("Database") or not policy.get("Table"):
        raise invalid(f"SchemaChangePolicy of node {node.id} must name a Database and a Table.")
    return policy["Database"], policy["Table"]


def _refuse_changes(node: Node, missing: str) -> None:
    if node.members.get("SchemaChangePolicy", {}).get("EnableUpdateCatalog"):
        raise _not_built(node, "SchemaChangePolicy", missing)


def _not_built(node: Node, member: str, missing: str) -> NotBuiltError:
    return NotBuiltError("glue", "CreateJob", f"{member} of node {node.id}: {missing}")


def _location(node: Node) -> str:
    """Return the expression of where a node's table is."""
    table = f"{literal(node.members['Database'])}, {literal(node.members['Table'])}"
    return f"spark_table_location({table})"


def _iceberg_name(*names: str) -> str:
    """Return what Spark knows a database, or a table of one, by."""
    quoted = (n if _PLAIN.fullmatch(n) else f"`{n.replace('`', '``')}`" for n in names)
    return ".".join(["glue_catalog", *quoted])


def _options(given: Mapping[str, str]) -> str:
    return "".join(_option_steps(given))


def _option_steps(given: Mapping[str, str]) -> list[str]:
    return [f".option({literal(one)}, {literal(value)})" for one, value in given.items()]


def _statement(steps: Sequence[str]) -> str:
    return "\n".join(["(", *(f"    {one}" for one in steps), ")"])


SOURCES: Mapping[str, Callable[[Node], str]] = {
    "S3DeltaSource": partial(_files, "delta"),
    "S3CatalogDeltaSource": partial(_table, "delta"),
    "CatalogDeltaSource": partial(_table, "delta"),
    "S3HudiSource": partial(_files, "hudi"),
    "S3CatalogHudiSource": partial(_table, "hudi"),
    "CatalogHudiSource": partial(_table, "hudi"),
    "S3CatalogIcebergSource": _iceberg_table,
    "CatalogIcebergSource": _iceberg_table,
}
"""What reads, by the kind of a node."""
TARGETS: Mapping[str, Callable[[Node, str, Sequence[str]], str]] = {
    "S3DeltaDirectTarget": _to_delta,
    "S3DeltaCatalogTarget": _to_delta_table,
    "S3HudiDirectTarget": _to_hudi,
    "S3HudiCatalogTarget": _to_hudi_table,
    "S3IcebergDirectTarget": _to_iceberg,
    "S3IcebergCatalogTarget": _to_iceberg_table,
}
"""What writes a frame, by the kind of a node; it is told the keys of partitions."""
HELPER_OF: Mapping[str, str] = {
    **dict.fromkeys(
        ("S3CatalogDeltaSource", "CatalogDeltaSource", "S3DeltaCatalogTarget",
         "S3CatalogHudiSource", "CatalogHudiSource", "S3HudiCatalogTarget"),
        "spark_table_location",
    ),
    "S3IcebergDirectTarget": "spark_iceberg_write",
}  # fmt: skip
"""The function that a kind's statements call."""
