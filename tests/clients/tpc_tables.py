"""Makes the tables and reads the queries of a TPC benchmark; runs in the environment of clients.

`python tpc_tables.py tpch|tpcds SCALE FOLDER` writes FOLDER/NAME.parquet for each table and
FOLDER/made.json: the queries' texts by number, the columns of each table with DuckDB's types.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import duckdb

GENERATE = {"tpch": "CALL dbgen(sf={})", "tpcds": "CALL dsdgen(sf={})"}


def main(name: str, scale: str, folder: Path) -> None:
    """Write the tables and their description."""
    package = importlib.import_module(f"duckdb_extension_{name}")
    (extension,) = Path(str(package.__file__)).parent.rglob("*.duckdb_extension")
    connection = duckdb.connect()
    connection.execute(f"LOAD '{extension}'")
    connection.execute(GENERATE[name].format(float(scale)))
    tables = [row[0] for row in connection.execute("SHOW TABLES").fetchall()]
    columns = {
        table: [row[:2] for row in connection.execute(f"DESCRIBE {table}").fetchall()]
        for table in tables
    }
    for table in tables:
        connection.execute(f"COPY {table} TO '{folder / table}.parquet' (FORMAT parquet)")
    queries = dict(connection.execute(f"SELECT query_nr, query FROM {name}_queries()").fetchall())
    (folder / "made.json").write_text(json.dumps({"queries": queries, "columns": columns}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
