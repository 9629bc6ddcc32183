"""A table of the Data Catalog that follows what a sink writes.

https://docs.aws.amazon.com/glue/latest/dg/update-from-job.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import _catalog, _types
from .. import gluetypes as g
from .._options import flag
from .._paths import quoted
from .frame import SparkFrame
from .modules import core
from .writing import partition_keys

_ESCAPED = frozenset("\"#%'*/:=?\\\x7f{[]^")
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_FORMATS = ("json", "csv", "avro", "parquet", "glueparquet")


@dataclass
class CatalogUpdate:
    """What a sink does to a table after it wrote."""

    database: str
    name: str
    catalog_id: str | None
    options: Mapping[str, Any]
    format: str
    format_options: Mapping[str, Any]

    def prepared(self, frame: SparkFrame) -> SparkFrame:
        """Check what can be, and return the frame kept: it is looked at again after writing."""
        if self.format not in _FORMATS:
            raise ValueError(f"enableUpdateCatalog does not support format {self.format}")
        if self.format == "parquet" and not flag(self.format_options, "useGlueParquetWriter"):
            known = _catalog.Catalog(self.catalog_id).find_table(self.database, self.name)
            if known is None or not flag(known.parameters, "useGlueParquetWriter"):
                raise ValueError(
                    "to update the Data Catalog with format parquet, use glueparquet or the "
                    "format option useGlueParquetWriter"
                )
        behavior = self._behavior()
        if behavior not in ("UPDATE_IN_DATABASE", "LOG"):
            raise ValueError(f"updateBehavior may not be {behavior}")
        if self._keys():
            kept = frame.df.persist(core.StorageLevel.MEMORY_AND_DISK)
            return SparkFrame.of(kept, frame.schema)
        return frame

    def run(self, frame: SparkFrame, path: str) -> None:
        """Create or change the table, and add the partitions that were written."""
        catalog = _catalog.Catalog(self.catalog_id)
        keys = self._keys()
        columns = [
            (field.name, field.dataType)
            for field in frame.schema.fields
            if field.name not in keys and not _types.is_null(field.dataType)
        ]
        typed_keys = [(key, frame.schema.getField(key).dataType) for key in keys]
        table = catalog.find_table(self.database, self.name)
        if table is None:
            stored = ("parquet" if "parquet" in self.format else self.format), path
            given = _catalog.table_input(self.database, self.name, columns, typed_keys, stored)
            catalog.create_table(self.database, _with_format(given, self.format_options))
            table = catalog.table(self.database, self.name)
        elif not self._changed(catalog, table, columns, keys):
            return
        if keys:
            catalog.add_partitions(table, self._partitions(frame, keys, path))

    def _changed(
        self,
        catalog: _catalog.Catalog,
        table: _catalog.Table,
        columns: Sequence[tuple[str, g.DataType]],
        keys: Sequence[str],
    ) -> bool:
        """Bring the table up to date; say whether partitions may be added."""
        held_keys = [name for name, _ in table.partition_keys]
        if [key.lower() for key in keys] != [key.lower() for key in held_keys]:
            raise ValueError(
                f"the partitionKeys {list(keys)} are not those of the table: {held_keys}"
            )
        held = dict(table.columns)
        new = [(name, kind) for name, kind in columns if name.lower() not in held]
        if self._behavior() == "LOG":
            return not new
        if new:
            given = _catalog.with_columns(table, [*held.items(), *new])
            catalog.update_table(self.database, given)
        return True

    def _partitions(
        self, frame: SparkFrame, keys: Sequence[str], path: str
    ) -> list[_catalog.Partition]:
        rows = frame.df.select(*[quoted(key) for key in keys]).distinct()
        texts = rows.select(*[rows[quoted(key)].cast("string") for key in keys]).collect()
        found: list[_catalog.Partition] = []
        for row in texts:
            values = tuple(_NO_VALUE if value in (None, "") else str(value) for value in row)
            pairs = zip(keys, values, strict=True)
            folders = "/".join(f"{key}={_escaped(value)}" for key, value in pairs)
            found.append(_catalog.Partition(f"{path.rstrip('/')}/{folders}/", values))
        return found

    def _keys(self) -> list[str]:
        return list(partition_keys(self.options))

    def _behavior(self) -> str:
        return str(self.options.get("updateBehavior") or "UPDATE_IN_DATABASE")


def _with_format(given: dict[str, Any], format_options: Mapping[str, Any]) -> dict[str, Any]:
    """Add what readers of the table must know of its CSV files."""
    if given["Parameters"]["classification"] == "csv":
        serde = given["StorageDescriptor"]["SerdeInfo"]["Parameters"]
        serde["field.delim"] = format_options.get("separator", ",")
        if flag(format_options, "writeHeader", True):
            given["Parameters"]["skip.header.line.count"] = "1"
    return given


def _escaped(value: str) -> str:
    """Return a value as Spark names a folder after it."""
    return "".join(f"%{ord(one):02X}" if one in _ESCAPED or ord(one) < 32 else one for one in value)
