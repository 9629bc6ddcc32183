"""What a file may cost in a worker process: memory, time, and a server that goes on."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet

from lakebed.core.limits import MIB
from lakebed.engines.crawl import Finding, Sample
from lakebed.engines.crawl.local.pool import LocalCrawlEngine
from lakebed.engines.isolation import Grants, Unisolated

_GIGANTIC = 10 << 30
"""The length of a file that takes no room on the disk: its end is a hole."""


def _classified(paths: list[Path]) -> tuple[list[Finding], int]:
    """Return the findings and the most memory the worker held, in bytes."""

    async def run() -> tuple[list[Finding], int]:
        engine = LocalCrawlEngine(Unisolated(), Grants())
        samples = [Sample(path.name, path, path.stat().st_size) for path in paths]
        found = await engine.classify(samples, [])
        status = Path(f"/proc/{engine.processes[0]}/status").read_text().split()
        await engine.close()
        return found, int(status[status.index("VmHWM:") + 1]) * 1024

    return asyncio.run(run())


def test_libraries_that_are_loaded_late_have_room(tmp_path: Path) -> None:
    table = pa.table({"a": [1, 2], "b": ["x", None]})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    pyarrow.orc.write_table(table, tmp_path / "b.orc")
    (tmp_path / "c.log").write_text("[4018] 14 Nov 07:01:22.119 * Background saving\n" * 2)
    (tmp_path / "d.csv").write_text("a,b\n1,x\n2,y\n")
    found, _ = _classified(sorted(tmp_path.iterdir()))
    assert [(one.classification, one.message) for one in found] == [
        ("parquet", ""),
        ("orc", ""),
        ("redislog", ""),
        ("csv", ""),
    ]


def test_a_line_without_end_costs_a_few_megabytes(tmp_path: Path) -> None:
    for name, begin in {"a.csv": "a,b,", "b.json": '{"a": "', "c.xml": "<a><b>"}.items():
        with open(tmp_path / name, "w") as file:
            file.write(begin + "x" * (11 * MIB))
            file.truncate(_GIGANTIC)
    found, most = _classified(sorted(tmp_path.iterdir()))
    message = "No record ends within the beginning of it that a crawler reads."
    assert [(one.classification, one.message) for one in found] == [("UNKNOWN", message)] * 3
    assert most < 250 * MIB


def test_a_tree_of_megabytes_is_read_within_bounds(tmp_path: Path) -> None:
    """Every element costs Python many times the bytes it has in the file."""
    (tmp_path / "a.json").write_text(json.dumps([[{"k": at} for at in range(300_000)]]))
    (tmp_path / "b.json").write_text('{"a": 1}\n')
    found, most = _classified(sorted(tmp_path.iterdir()))
    assert [one.columns[0].type for one in found] == ["array<array<struct<k:int>>>", "int"]
    assert most < 1024 * MIB


def test_a_file_that_shrinks_while_it_is_read_has_a_finding(tmp_path: Path) -> None:
    file = io.BytesIO()
    pyarrow.parquet.write_table(pa.table({"a": [1]}), file)
    (tmp_path / "a.parquet").write_bytes(file.getvalue())
    sample = Sample("a.parquet", tmp_path / "a.parquet", 10 * len(file.getvalue()))
    short = Sample("b.csv", tmp_path / "b.csv", 5 * MIB)
    (tmp_path / "b.csv").write_text("a,b\n1,x\n2,y\n")

    async def run() -> list[Finding]:
        engine = LocalCrawlEngine(Unisolated(), Grants())
        found = await engine.classify([sample, short], [])
        await engine.close()
        return found

    found = asyncio.run(run())
    assert [(one.classification, one.records) for one in found] == [("parquet", 1), ("csv", 2)]
