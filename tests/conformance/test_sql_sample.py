"""Trino's own answers, replayed: values, types, names, error names. Skipped without the sample."""

from __future__ import annotations

import base64
import collections
import csv
import json
import math
import os
import re
from pathlib import Path

import pytest

from lakebed.dialect.types import hive_name, parse_type
from lakebed.engines.sql.duckdb.readers import parquet
from tests.engines.sql.conftest import Console

DEFAULT = Path(__file__).resolve().parents[3] / "shared" / "cases"
CASES = Path(os.environ.get("LAKEBED_CASES", DEFAULT))
FLOOR = 0.56
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


def same(shown: str, expected, kind: str) -> bool:
    """Compare a value of our CSV with Trino's JSON form of it."""
    base = kind.split("(")[0].lower()
    if expected is None:
        return shown == ""
    if base in ("array", "map", "row"):
        return (
            nested(expected) == re.sub(r"\w+=", "", shown)
            if base == "row"
            else (nested(expected) == shown)
        )
    if base in ("double", "real"):
        want = float(expected)
        got = float(shown) if shown else math.nan
        if math.isnan(want) or math.isinf(want):
            return str(want) == str(got)
        return math.isclose(got, want, rel_tol=1e-9 if base == "double" else 1e-6, abs_tol=1e-300)
    if base == "boolean":
        return shown == str(expected).lower()
    if base == "varbinary":
        return shown == " ".join(f"{byte:02x}" for byte in base64.b64decode(expected))
    if base.startswith("timestamp"):
        places = re.search(r"\((\d+)\)", kind)
        return padded(str(expected), int(places.group(1)) if places else 3) == shown
    return shown == str(expected)


def padded(text: str, places: int) -> str:
    if places >= 3:
        return text
    day, clock, *zone = text.split(" ")
    head, _, fraction = clock.partition(".")
    return " ".join([day, f"{head}.{fraction.ljust(3, '0')}", *zone])


def nested(value) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(nested, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={nested(item)}" for key, item in value.items()) + "}"
    return str(value)


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
    return compare(rows, case, [c["type"] for c in columns])


def compare(rows, case, kinds) -> str:
    expected = list(case["rows"])
    if len(rows) != len(expected):
        return f"{len(rows)} rows, not {len(expected)}"
    if case.get("approximate"):
        return ""

    def equal(one, other):
        return all(same(a, b, kind) for a, b, kind in zip(one, other, kinds, strict=True))

    if case["ordered"]:
        wrong = [at for at, pair in enumerate(zip(rows, expected, strict=True)) if not equal(*pair)]
        return f"row {wrong[0]}: {rows[wrong[0]]}, not {expected[wrong[0]]}" if wrong else ""
    rest = expected
    for row in rows:
        at = next((at for at, one in enumerate(rest) if equal(row, one)), None)
        if at is None:
            return f"row {row}, not {rest[:2]}"
        rest = rest[:at] + rest[at + 1 :]
    return ""


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
