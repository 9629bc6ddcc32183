"""The engine: batches in child processes; a file that ends one spoils no other's finding."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from lakebed.core import limits
from lakebed.engines.crawl import Classifier, Finding, Sample
from lakebed.engines.crawl.local import open_engine, worker
from lakebed.engines.crawl.local.pool import LocalCrawlEngine
from lakebed.engines.isolation import Grants, Unisolated


def _sample(path: Path, content: str | None = None) -> Sample:
    if content is not None:
        path.write_text(content)
    return Sample(path.name, path, path.stat().st_size if path.is_file() else 0)


def _classified(files: list[Sample]) -> list[Finding]:
    async def run() -> list[Finding]:
        engine = open_engine()
        try:
            return await engine.classify(files, [])
        finally:
            await engine.close()

    return asyncio.run(run())


def test_findings_come_in_the_order_of_the_files(tmp_path: Path) -> None:
    files = [_sample(tmp_path / f"{at}.json", f'{{"n{at}": 1}}\n') for at in range(2500)]
    found = _classified(files)
    assert [(one.key, one.columns[0].name) for one in found] == [
        (f"{at}.json", f"n{at}") for at in range(2500)
    ]


def test_a_file_that_vanished_or_is_a_folder_has_a_message_and_the_others_theirs(
    tmp_path: Path,
) -> None:
    good = _sample(tmp_path / "good.json", '{"a": 1}\n')
    (tmp_path / "folder").mkdir()
    found = _classified([_sample(tmp_path / "gone"), good, _sample(tmp_path / "folder")])
    assert [(one.classification, one.message) for one in found] == [
        ("UNKNOWN", "The object no longer exists."),
        ("json", ""),
        ("UNKNOWN", "The object could not be read: Is a directory."),
    ]


def test_the_file_that_ends_its_worker_is_found_out(tmp_path: Path) -> None:
    """A pipe that nobody writes to stands for a library that hangs; the test is the killer."""
    os.mkfifo(tmp_path / "stuck")
    good = [_sample(tmp_path / f"{at}.json", '{"a": 1}\n') for at in range(3)]
    stuck = Sample("stuck", tmp_path / "stuck", 0)

    async def run() -> list[Finding]:
        engine = LocalCrawlEngine(Unisolated(), Grants())
        task = asyncio.ensure_future(engine.classify([*good[:2], stuck, good[2]], []))
        for _ in range(2):
            before = set(engine.processes)
            while not (started := set(engine.processes) - before) and not before:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.5)
            for number in started or before:
                os.kill(number, 9)
            while set(engine.processes) & (started or before):
                await asyncio.sleep(0.01)
        try:
            return await task
        finally:
            await engine.close()

    found = asyncio.run(run())
    assert [one.classification for one in found] == ["json", "json", "UNKNOWN", "json"]
    assert found[2].message == (
        "Looking into it ended the classifier's process: it took too much time or memory."
    )


def test_cancelling_ends_the_process(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "stuck")

    async def run() -> list[int]:
        engine = LocalCrawlEngine(Unisolated(), Grants())
        task = asyncio.ensure_future(engine.classify([Sample("stuck", tmp_path / "stuck", 0)], []))
        while not engine.processes:
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        left = list(engine.processes)
        await engine.close()
        return left

    assert asyncio.run(run()) == []


def test_a_process_without_work_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lakebed.engines.crawl.local.pool.CRAWL_WORKER_IDLE_SECONDS", 0.05)
    good = _sample(tmp_path / "good.json", '{"a": 1}\n')

    async def run() -> tuple[int, int]:
        engine = LocalCrawlEngine(Unisolated(), Grants())
        await engine.classify([good], [])
        first = len(engine.processes)
        await asyncio.sleep(0.3)
        left = len(engine.processes)
        await engine.close()
        return first, left

    assert asyncio.run(run()) == (1, 0)
    assert limits.CRAWL_WORKERS_MAX == 2


def test_a_closed_engine_starts_no_process(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "stuck")

    async def run() -> tuple[BaseException | list[Finding], list[int]]:
        engine = LocalCrawlEngine(Unisolated(), Grants())
        task = asyncio.ensure_future(engine.classify([Sample("stuck", tmp_path / "stuck", 0)], []))
        while not engine.processes:
            await asyncio.sleep(0.01)
        await engine.close()
        said = (await asyncio.gather(task, return_exceptions=True))[0]
        return said, engine.processes

    said, left = asyncio.run(run())
    assert (str(said), left) == ("The crawl engine is closed", [])


@pytest.fixture
def short_limit(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give a file a tenth of a second, in this process."""
    monkeypatch.setattr(worker, "CRAWL_FILE_SECONDS", 0.1)
    before = signal.signal(signal.SIGALRM, worker.on_alarm)
    yield
    signal.signal(signal.SIGALRM, before)


_TOO_LONG = ("UNKNOWN", "Looking into it took longer than 0.1 seconds.")


@pytest.mark.usefixtures("short_limit")
def test_a_file_that_takes_too_long_has_a_message(tmp_path: Path) -> None:
    """The pipe stands for a file that no library ever gets done with."""
    os.mkfifo(tmp_path / "stuck")
    found = worker.look_into(Sample("stuck", tmp_path / "stuck", 0), [])
    assert (found.classification, found.message) == _TOO_LONG


@pytest.mark.usefixtures("short_limit")
def test_a_pattern_that_never_ends_is_ended(tmp_path: Path) -> None:
    options = {"GrokPattern": "^(?:(?:a+)+)+%{INT:n}$", "Classification": "mine"}
    sample = _sample(tmp_path / "a.log", "a" * 60 + "b\n")
    found = worker.look_into(sample, [Classifier("grok", "mine", options)])
    assert (found.classification, found.message) == _TOO_LONG
