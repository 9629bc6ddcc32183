"""A console over each SQL engine: run a statement, get its outcome and its rows."""

from __future__ import annotations

import asyncio
import csv
import itertools
from pathlib import Path

import pytest

from lakebed.engines.sql import EngineSettings, Limits, Outcome, SqlQuery
from lakebed.engines.sql.duckdb import open_engine
from tests.engines.sql.lake import FakeLake


class Console:
    def __init__(self, root: Path) -> None:
        self.loop = asyncio.new_event_loop()
        self.root = root
        self.numbers = itertools.count()
        self.engine = self.wait(self._open())
        self.lake = FakeLake(root / "lake")

    async def _open(self):
        engine = open_engine(EngineSettings(concurrent_queries=2))
        await engine.warm()
        return engine

    def wait(self, work):
        return self.loop.run_until_complete(work)

    def query(self, text: str, **more) -> SqlQuery:
        at = next(self.numbers)
        scratch = self.root / "scratch" / str(at)
        scratch.mkdir(parents=True)
        more.setdefault("limits", Limits(memory_bytes=256 << 20, threads=1))
        return SqlQuery(f"id-{at}", text, scratch, "s3://results/out/", **more)

    def run(self, text: str, **more) -> Outcome:
        return self.wait(self.engine.run(self.query(text, **more), self.lake))

    def ok(self, text: str, **more) -> Outcome:
        outcome = self.run(text, **more)
        assert outcome.error is None, outcome.error
        assert outcome.state == "SUCCEEDED"
        return outcome

    def rows(self, text: str, **more) -> list[list[str]]:
        outcome = self.ok(text, **more)
        assert outcome.result is not None
        with outcome.result.open(newline="") as file:
            rows = list(csv.reader(file))
        assert len(rows) == outcome.row_count + 1
        return rows[1:]

    def lines(self, text: str) -> list[str]:
        outcome = self.ok(text)
        assert outcome.result is not None
        return outcome.result.read_text().splitlines()

    def error(self, text: str, **more) -> tuple[str, str]:
        outcome = self.run(text, **more)
        assert outcome.state == "FAILED"
        assert outcome.error is not None
        return outcome.error.name, outcome.error.message


@pytest.fixture(scope="module")
def engine_console(tmp_path_factory):
    console = Console(tmp_path_factory.mktemp("sql"))
    yield console
    console.wait(console.engine.close())
    console.loop.close()


@pytest.fixture
def console(engine_console, tmp_path):
    engine_console.lake = FakeLake(tmp_path / "lake")
    return engine_console
