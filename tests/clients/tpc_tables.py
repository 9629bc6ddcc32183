"""Makes the tables and reads the queries of a TPC benchmark; runs in the environment of clients.

`python tpc_tables.py tpch|tpcds SCALE FOLDER` writes FOLDER/NAME.parquet for each table and
FOLDER/made.json: the queries' texts by number, the columns of each table with DuckDB's types.
"""

from __future__ import annotations

import importlib
import json
import re
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
    found = connection.execute(f"SELECT query_nr, query FROM {name}_queries()").fetchall()
    queries = {number: as_trino(text) for number, text in found}
    (folder / "made.json").write_text(json.dumps({"queries": queries, "columns": columns}))


def as_trino(text: str) -> str:
    """Return a query of DuckDB's collection in the words that TPC's own text has for Trino.

    Trino compares no date with a text, adds no number to a date, groups by no alias, and knows
    GROUPING() in an ORDER BY by its alias only.
    """
    text = re.sub(r"GROUP BY\s+supplier_no\b", "GROUP BY l_suppkey", text)
    text = re.sub(r"(?<!DATE )'(\d{4}-\d\d-\d\d)'", r"DATE '\1'", text, flags=re.I)
    text = re.sub(r"(d_date) \+ (\d+)\b", r"\1 + INTERVAL '\2' DAY", text)
    head, by, tail = text.rpartition("ORDER BY lochierarchy")
    return head + by + re.sub(r"grouping\(\w+\)\+grouping\(\w+\) = 0", "lochierarchy = 0", tail)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
