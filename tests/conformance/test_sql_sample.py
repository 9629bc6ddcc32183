"""Trino's own answers, replayed: values, types, names, error names. Skipped without the sample."""

from __future__ import annotations

import collections
import csv
import json
import os
import re
from pathlib import Path

import pytest

from lakebed.dialect.types import hive_name, parse_type
from lakebed.engines.sql.duckdb.readers import parquet
from tests.conformance import answers
from tests.engines.sql.conftest import Console

DEFAULT = Path(__file__).resolve().parents[3] / "shared" / "cases"
CASES = Path(os.environ.get("LAKEBED_CASES", DEFAULT))
FLOOR = 0.995
LENGTHS = {
    ("", "name"): 25, ("", "address"): 40, ("", "phone"): 15, ("", "mktsegment"): 10,
    ("customer", "comment"): 117, ("region", "comment"): 152, ("nation", "comment"): 152,
    ("supplier", "comment"): 101, ("part", "name"): 55, ("", "mfgr"): 25, ("", "brand"): 10,
    ("", "type"): 25, ("", "container"): 10, ("part", "comment"): 23, ("partsupp", "comment"): 199,
    ("", "orderstatus"): 1, ("", "orderpriority"): 15, ("", "clerk"): 15,
    ("orders", "comment"): 79, ("", "returnflag"): 1, ("", "linestatus"): 1,
    ("", "shipinstruct"): 25, ("", "shipmode"): 10, ("lineitem", "comment"): 44,
}  # fmt: skip
DUCK = {"INTEGER": "integer", "BIGINT": "bigint", "VARCHAR": "varchar", "DOUBLE": "double"}


def register(console: Console) -> None:
    import duckdb

    for schema, folder in (("tiny", "tpch_tiny"), ("std", "tpchstd_tiny")):
        console.lake.databases[schema] = {"Name": schema}
        for path in sorted((CASES / "data" / folder).iterdir()):
            key = f"{folder}/{path.name}/part-0.parquet"
            console.lake.write("data", key, (path / "part-0.parquet").read_bytes())
            found = duckdb.sql(f"DESCRIBE FROM '{path}/part-0.parquet'").fetchall()
            columns = [column(path.name, row[0], row[1]) for row in found]
            console.lake.create_table(
                {
                    "DatabaseName": schema,
                    "TableInput": {
                        "Name": path.name,
                        "StorageDescriptor": {
                            "Columns": columns,
                            "Location": f"s3://data/{folder}/{path.name}/",
                            "SerdeInfo": {"SerializationLibrary": parquet.SERDE},
                        },
                    },
                }
            )


def column(table: str, name: str, kind: str) -> dict[str, str]:
    """Type a TPC-H column as Trino's own catalog does: its texts have lengths."""
    length = LENGTHS.get((table, name.split("_")[-1])) or LENGTHS.get(("", name.split("_")[-1]))
    if kind == "VARCHAR" and length is not None:
        return {"Name": name, "Type": f"varchar({length})"}
    return {"Name": name, "Type": hive_name(parse_type(DUCK.get(kind, kind.lower())))}


def judge(console: Console, case: dict) -> str:
    database = "std" if case["catalog"] == "tpchstd" else case["schema"]
    outcome = console.run(re.sub(r"\b(tpch|memory)[.]", "", case["sql"]), database=database)
    if "error" in case:
        if outcome.error is None:
            return "silent success"
        if outcome.error.name != case["error"]["name"]:
            return f"error {outcome.error.name}, not {case['error']['name']}"
        return ""
    if outcome.error is not None:
        return f"{outcome.error.reason}"
    columns = case["columns"]
    if [c.name for c in outcome.columns] != [c["name"] for c in columns]:
        return "names"
    spelled = [str(c["type"]).replace(", ", ",").lower() for c in columns]
    if [c.trino_type.replace(", ", ",").lower() for c in outcome.columns] != spelled:
        return f"types {[c.trino_type for c in outcome.columns]}, not {spelled}"
    with outcome.result.open(newline="") as file:
        rows = [row or [""] for row in csv.reader(file)][1:]
    if case.get("approximate"):
        return "" if len(rows) == len(case["rows"]) else "another number of rows"
    kinds = [parse_type(c["type"]) for c in columns]
    return answers.mismatch(rows, case["rows"], kinds, case["ordered"])


@pytest.mark.slow
@pytest.mark.skipif(not (CASES / "sql_sample.jsonl").exists(), reason="set LAKEBED_CASES")
def test_the_sample_is_answered_as_trino_does(tmp_path, capsys):
    console = Console(tmp_path)
    register(console)
    cases = [json.loads(line) for line in (CASES / "sql_sample.jsonl").open()]
    wrong: dict[str, str] = {}
    silent = []
    areas: collections.Counter[str] = collections.Counter()
    for case in cases:
        reason = judge(console, case)
        if reason:
            wrong[case["id"]] = f"{case['area']}: {case['sql'][:160]!r} -> {reason[:200]}"
            areas[case["area"]] += 1
            if reason == "silent success":
                silent.append(case["id"])
    console.wait(console.engine.close())
    score = 1 - len(wrong) / len(cases)
    with capsys.disabled():
        print(f"\nconformance: {len(cases) - len(wrong)} of {len(cases)} ({score:.1%})")
        print(f"silent successes: {len(silent)}; wrong by area: {dict(areas.most_common())}")
        if report := os.environ.get("LAKEBED_CONFORMANCE_REPORT"):
            Path(report).write_text("\n".join(f"{k} {v}" for k, v in wrong.items()) + "\n")
    assert score >= FLOOR
