"""Data frames of tables of Iceberg, Delta Lake and Hudi in the Data Catalog.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-datalake-native-frameworks.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._catalog import Table

ICEBERG, DELTA, HUDI = "iceberg", "delta", "hudi"
_CATALOG = "spark.sql.catalog."
_SPARKS = "org.apache.iceberg.spark.SparkCatalog"


def format_of(table: Table) -> str:
    """Return the format of a table that is more than its files; of others nothing."""
    given = table.parameters
    named = str(given.get("table_type") or given.get("spark.sql.sources.provider") or "").lower()
    return named if named in (ICEBERG, DELTA, HUDI) else ""


def read(session: Any, table: Table, predicate: str, options: Mapping[str, Any]) -> Any:
    """Return what is in a table now; options go to the format's own reader."""
    kind = format_of(table)
    place = table.parameters["metadata_location"] if kind == ICEBERG else table.location
    frame = session.read.format(kind).options(**options).load(place)
    return frame.where(predicate) if predicate.strip() else frame


def write(session: Any, frame: Any, table: Table, options: Mapping[str, Any]) -> None:
    """Append to a table; options go to the format's own writer.

    Iceberg's tables are written by a catalog: ValueError if the run has none.
    """
    kind, name = format_of(table), table.raw["Name"]
    if kind == ICEBERG:
        whole = f"`{_catalog_of(session)}`.`{table.raw['DatabaseName']}`.`{name}`"
        frame.writeTo(whole).options(**options).append()
        return
    given = {"hoodie.table.name": name, **options} if kind == HUDI else options
    frame.write.format(kind).options(**given).mode("append").save(table.location)


def _catalog_of(session: Any) -> str:
    """Return the catalog of Iceberg's that the run's properties define."""
    for name, value in session.sparkContext.getConf().getAll():
        if name.startswith(_CATALOG) and value == _SPARKS:
            return name.removeprefix(_CATALOG)
    raise ValueError(
        "to write a table of Iceberg the job needs a catalog of Iceberg's, as in --conf "
        f"{_CATALOG}glue_catalog={_SPARKS} --conf {_CATALOG}glue_catalog.catalog-impl="
        "org.apache.iceberg.aws.glue.GlueCatalog"
    )
