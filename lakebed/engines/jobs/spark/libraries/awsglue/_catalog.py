"""The Data Catalog: tables, partitions and connections, as a job's sources and sinks need them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import _types
from . import gluetypes as g
from ._aws import client
from ._not_built import NotBuiltError

_FORMATS = {
    "parquet": "parquet",
    "orc": "orc",
    "json": "json",
    "csv": "csv",
    "avro": "avro",
    "xml": "xml",
    "ion": "ion",
    "glueparquet": "parquet",
}
_SERDES = {
    "ParquetHiveSerDe": "parquet",
    "OrcSerde": "orc",
    "JsonSerDe": "json",
    "LazySimpleSerDe": "csv",
    "OpenCSVSerde": "csv",
    "AvroSerDe": "avro",
}
_STORAGE: dict[str, tuple[str, str, str]] = {
    "parquet": (
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    ),
    "json": (
        "org.apache.hadoop.mapred.TextInputFormat",
        "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "org.openx.data.jsonserde.JsonSerDe",
    ),
    "csv": (
        "org.apache.hadoop.mapred.TextInputFormat",
        "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
    ),
    "avro": (
        "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat",
        "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat",
        "org.apache.hadoop.hive.serde2.avro.AvroSerDe",
    ),
}
_MOST_PARTITIONS_A_CALL = 100
JDBC_KINDS = ("postgresql", "mysql", "mariadb", "oracle", "sqlserver", "redshift")


@dataclass(frozen=True)
class Partition:
    """Where a partition's files are, and its values."""

    location: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table of the Data Catalog."""

    raw: Mapping[str, Any]

    @property
    def storage(self) -> Mapping[str, Any]:
        """Where and how its files are."""
        return self.raw.get("StorageDescriptor") or {}

    @property
    def parameters(self) -> Mapping[str, str]:
        """The parameters of the table and of its SerDe; the table's go before."""
        serde: Mapping[str, Any] = self.storage.get("SerdeInfo") or {}
        holders = serde, self.storage, self.raw
        found: dict[str, str] = {}
        for holder in holders:
            found |= holder.get("Parameters") or {}
        return found

    @property
    def location(self) -> str:
        """Where its files are."""
        return self.storage.get("Location", "")

    @property
    def columns(self) -> list[tuple[str, g.DataType]]:
        """Its columns, without those that it is partitioned by."""
        return [(c["Name"], _column_type(c)) for c in self.storage.get("Columns", ())]

    @property
    def partition_keys(self) -> list[tuple[str, g.DataType]]:
        """What it is partitioned by."""
        return [(c["Name"], _column_type(c)) for c in self.raw.get("PartitionKeys", ())]

    @property
    def types(self) -> dict[str, g.DataType]:
        """The types of all its columns."""
        return dict([*self.columns, *self.partition_keys])

    @property
    def format(self) -> str:
        """The format of its files, as readers name it."""
        named = self.parameters.get("classification", "").lower()
        if named in _FORMATS:
            return _FORMATS[named]
        serde: Mapping[str, str] = self.storage.get("SerdeInfo") or {}
        library = serde.get("SerializationLibrary", "")
        found = _SERDES.get(library.rpartition(".")[2])
        if found is None:
            raise NotBuiltError(f"reading a table of classification {named or library or '(none)'}")
        return found

    def format_options(self) -> dict[str, Any]:
        """Return what a reader of its files must know."""
        given = self.parameters
        if self.format == "csv":
            skipped = int(given.get("skip.header.line.count", "0") or 0)
            delimiter = given.get("field.delim") or given.get("separatorChar")
            quote = given.get("quoteChar")
            return {
                "separator": delimiter or given.get("delimiter") or ",",
                "skipFirst": skipped > 0,
                **({"quoteChar": quote} if quote else {}),
            }
        if self.format == "xml":
            return {"rowTag": given.get("rowTag", "")}
        return {}


class Catalog:
    """A client of the Data Catalog."""

    def __init__(self, catalog_id: str | None = None) -> None:
        self._client: Any = client("glue")
        self._given = {"CatalogId": catalog_id} if catalog_id else {}

    def table(self, database: str, name: str) -> Table:
        """Return a table; EntityNotFoundException, Glue's own, if there is none."""
        found = self._client.get_table(DatabaseName=database, Name=name, **self._given)
        return Table(found["Table"])

    def find_table(self, database: str, name: str) -> Table | None:
        """Return a table, or None."""
        try:
            return self.table(database, name)
        except self._client.exceptions.EntityNotFoundException:
            return None

    def partitions(self, database: str, name: str, expression: str = "") -> Iterator[Partition]:
        """Return the partitions of a table that an expression of Glue's is true of."""
        pages = self._client.get_paginator("get_partitions").paginate(
            DatabaseName=database,
            TableName=name,
            ExcludeColumnSchema=True,
            **({"Expression": expression} if expression else {}),
            **self._given,
        )
        for page in pages:
            for one in page["Partitions"]:
                yield Partition(one["StorageDescriptor"]["Location"], tuple(one["Values"]))

    def create_table(self, database: str, given: Mapping[str, Any]) -> None:
        """Create a table."""
        self._client.create_table(DatabaseName=database, TableInput=given, **self._given)

    def update_table(self, database: str, given: Mapping[str, Any]) -> None:
        """Replace a table's definition."""
        self._client.update_table(DatabaseName=database, TableInput=given, **self._given)

    def add_partitions(self, table: Table, partitions: Sequence[Partition]) -> None:
        """Create the partitions that are not there yet."""
        database, name = table.raw["DatabaseName"], table.raw["Name"]
        for at in range(0, len(partitions), _MOST_PARTITIONS_A_CALL):
            some = partitions[at : at + _MOST_PARTITIONS_A_CALL]
            answer = self._client.batch_create_partition(
                DatabaseName=database,
                TableName=name,
                PartitionInputList=[_partition_input(table, one) for one in some],
                **self._given,
            )
            for problem in answer.get("Errors", ()):
                detail = problem["ErrorDetail"]
                if detail["ErrorCode"] != "AlreadyExistsException":
                    raise RuntimeError(f"{detail['ErrorCode']}: {detail['ErrorMessage']}")

    def delete_partition(self, database: str, name: str, values: Sequence[str]) -> None:
        """Delete a partition."""
        self._client.delete_partition(
            DatabaseName=database, TableName=name, PartitionValues=list(values), **self._given
        )

    def connection(self, name: str) -> dict[str, str]:
        """Return the properties of a connection, with the user and password of its secret."""
        found = self._client.get_connection(Name=name, HidePassword=False, **self._given)
        properties: dict[str, str] = dict(found["Connection"].get("ConnectionProperties", {}))
        secret = properties.get("SECRET_ID")
        if secret:
            properties |= _secret(secret)
        return properties


def jdbc_connection(name: str, catalog_id: str | None = None) -> dict[str, str]:
    """Return what extract_jdbc_conf returns: user, password, vendor, url and fullUrl."""
    properties = Catalog(catalog_id).connection(name)
    full = properties.get("JDBC_CONNECTION_URL", "")
    if not full.startswith("jdbc:"):
        raise ValueError(f"the connection {name} has no JDBC_CONNECTION_URL")
    scheme, _, rest = full.partition("://")
    return {
        "user": properties.get("USERNAME", ""),
        "password": properties.get("PASSWORD", ""),
        "vendor": full.split(":")[1],
        "url": f"{scheme}://{rest.partition('/')[0]}" if rest else full,
        "fullUrl": full,
        "enforceSSL": properties.get("JDBC_ENFORCE_SSL", "false"),
    }


def table_input(
    database: str,
    name: str,
    columns: Iterable[tuple[str, g.DataType]],
    keys: Iterable[tuple[str, g.DataType]],
    stored: tuple[str, str],
) -> dict[str, Any]:
    """Return the definition of a new table; `stored` is its format and location."""
    format, location = stored
    if format not in _STORAGE:
        raise ValueError(f"a table of format {format} cannot be made by a sink")
    reads, writes, serde = _STORAGE[format]
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": format, "useGlueParquetWriter": "true"}
        if format == "parquet"
        else {"classification": format},
        "PartitionKeys": [column(*one) for one in keys],
        "StorageDescriptor": {
            "Columns": [column(*one) for one in columns],
            "Location": location,
            "InputFormat": reads,
            "OutputFormat": writes,
            "SerdeInfo": {
                "SerializationLibrary": serde,
                "Parameters": {"serialization.format": "1"},
            },
        },
    }


def with_columns(table: Table, columns: Iterable[tuple[str, g.DataType]]) -> dict[str, Any]:
    """Return the definition of a table with other columns."""
    kept = ("Name", "Description", "Owner", "Retention", "PartitionKeys", "TableType", "Parameters")
    given = {name: table.raw[name] for name in kept if name in table.raw}
    storage = {**table.storage, "Columns": [column(*one) for one in columns]}
    return given | {"StorageDescriptor": storage}


def column(name: str, kind: g.DataType) -> dict[str, str]:
    """Return a column as the Data Catalog has it."""
    return {"Name": name.lower(), "Type": _types.in_catalog(kind)}


def _partition_input(table: Table, one: Partition) -> dict[str, Any]:
    return {
        "Values": list(one.values),
        "StorageDescriptor": {**table.storage, "Location": one.location},
    }


def _column_type(one: Mapping[str, str]) -> g.DataType:
    return _types.from_text(one.get("Type", "string"))


def _secret(name: str) -> dict[str, str]:
    text = client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    given = json.loads(text)
    found = {"USERNAME": given.get("username", given.get("USERNAME", ""))}
    return found | {"PASSWORD": given.get("password", given.get("PASSWORD", ""))}
