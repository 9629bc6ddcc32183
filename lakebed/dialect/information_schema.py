"""The tables of `information_schema`: their names, columns and types.

https://docs.aws.amazon.com/athena/latest/ug/querying-glue-catalog.html
"""

from __future__ import annotations

from lakebed.dialect import tree
from lakebed.dialect.types import BIGINT, VARCHAR

NAME = "information_schema"
CATALOG = "awsdatacatalog"
COLUMNS = {
    "schemata": ("catalog_name", "schema_name"),
    "tables": ("table_catalog", "table_schema", "table_name", "table_type"),
    "views": ("table_catalog", "table_schema", "table_name", "view_definition"),
    "columns": ("table_catalog", "table_schema", "table_name", "column_name", "ordinal_position",
                "column_default", "is_nullable", "data_type", "comment", "extra_info"),
}  # fmt: skip


def table(name: str) -> tree.TableInfo | None:
    """Return a table of the schema; all its columns can prune, as those of partitions do."""
    if name not in COLUMNS:
        return None
    columns = tuple(
        (column, BIGINT if column == "ordinal_position" else VARCHAR) for column in COLUMNS[name]
    )
    return tree.TableInfo(CATALOG, NAME, name, (), columns)
