"""Runs that are started: not before their transaction is committed, not at all if it is not."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lakebed.core.settings import Settings
from lakebed.dispatch.commits import GroupCommit
from lakebed.dispatch.dispatcher import Dispatcher, House
from lakebed.store import StoreError
from lakebed.store.sqlite import SqliteStore
from tests.dispatch.test_commits import ROWS, Place, Recorder, Row, gathered


@pytest.fixture
def run(tmp_path):
    """Run a scenario over a dispatcher, its commits, and a store that can be made to fail."""

    def go(scenario):
        async def main():
            recorder = Recorder(SqliteStore(tmp_path / "store.sqlite"))
            anything = cast("Any", None)
            settings = Settings(data_dir=tmp_path)
            house = House(settings, *[anything] * (len(House.__struct_fields__) - 1))
            with ThreadPoolExecutor(2) as threads:
                commits = GroupCommit(cast("Any", recorder), threads)
                return await scenario(Dispatcher(house, commits), commits, recorder)

        return asyncio.run(main())

    return go


def starting(dispatcher, done, *, fails=False):
    """Return work of a transaction that starts the run `a`, and then may raise."""

    async def work(_):
        done.append(dispatcher.is_running("a"))

    def unit(store):
        ROWS.put(Place(store), Row("a"))
        dispatcher.start(SimpleNamespace(store=store), "a", work)
        assert dispatcher.is_running("a")
        if fails:
            raise ValueError("no")

    return unit


@pytest.mark.parametrize("submit", ["submit", "submit_long"])
def test_a_run_is_one_from_its_start_to_its_end(run, submit):
    done = []

    async def scenario(dispatcher, commits, _):
        _, answers = await gathered(commits, [starting(dispatcher, done)], submit)
        while dispatcher.is_running("a"):
            await asyncio.sleep(0)
        return answers

    assert run(scenario) == [None]
    assert done == [True]


@pytest.mark.parametrize(
    ("submit", "fails", "error"), [("submit", True, ValueError), ("submit_long", True, ValueError),
                                   ("submit", False, StoreError)]
)  # fmt: skip
def test_a_run_whose_transaction_is_not_kept_may_be_started_again(run, submit, fails, error):
    done = []

    async def scenario(dispatcher, commits, store):
        store.fails = not fails
        _, answers = await gathered(commits, [starting(dispatcher, done, fails=fails)], submit)
        store.fails = False
        assert [type(answer) for answer in answers] == [error]
        answers.clear()
        assert not dispatcher.is_running("a")
        await gathered(commits, [starting(dispatcher, done)])
        await asyncio.sleep(0)

    run(scenario)
    assert done == [True]
