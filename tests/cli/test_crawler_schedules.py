"""The clock of schedules, simulated: on time, never twice, whatever happens in between."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.cli import crawler_schedules
from lakebed.cli.crawler_schedules import CrawlerSchedules
from lakebed.context import Context
from lakebed.core.clock import SimulatedClock
from lakebed.core.ids import Ids
from lakebed.core.principal import Principal
from lakebed.core.settings import Settings
from lakebed.services.glue._crawl_life import settled
from lakebed.services.glue._crawler_schedules import with_schedule
from lakebed.services.glue._crawlers import (
    CRAWLERS,
    CRAWLS,
    CRAWLS_DUE,
    READY,
    RUNNING,
    Crawler,
    replace,
)
from lakebed.store.sqlite import SqliteStore

BEGIN = 1_800_000_000.0  # a quarter of an hour, to the second
QUARTER = 900
EVERY_QUARTER = "cron(0/15 * * * ? *)"
DEFINITION = {"Role": "r", "Targets": {}, "Classifiers": [], "SchemaChangePolicy": {}}


class Runs:
    """Runs that go on until they are told to end."""

    def __init__(self):
        self.live = set()

    def start(self, context, run_id, work):
        self.live.add(run_id)

    def is_running(self, run_id):
        return run_id in self.live

    def cancel(self, run_id):
        return False


class Keeper:
    """A server's keeper with a clock of its own; what it acts is committed or undone."""

    def __init__(self, store):
        self.store, self.clock, self.runs = store, SimulatedClock(BEGIN), Runs()

    def now(self):
        return self.clock.now()

    async def act(self, account, work):
        with self.store.transaction() as transaction:
            return work(self.context(transaction, account))

    def context(self, transaction, account="0" * 12):
        principal = Principal(account, f"arn:aws:iam::{account}:root", account, is_root=True)
        return Context(
            account, "us-east-1", principal, "id", self.clock, Ids(1), Settings(), transaction,
            None, None, self.runs,
        )  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = SqliteStore(tmp_path_factory.mktemp("store") / "store.sqlite")
    yield store
    store.close()


@pytest.fixture
def keeper(store):
    store.clear()
    return Keeper(store)


def schedule(keeper, name="c", expression=EVERY_QUARTER):
    with keeper.store.transaction() as transaction:
        ctx = keeper.context(transaction)
        row = Crawler(name, DEFINITION, BEGIN, BEGIN)
        CRAWLERS.put(ctx, with_schedule(ctx, row, expression))


def started(keeper, name="c"):
    """Return when the crawls of a crawler were started."""
    with keeper.store.transaction() as transaction:
        ctx = keeper.context(transaction)
        return [crawl.started for crawl in CRAWLS.scan(ctx) if crawl.crawler == name]


def end_crawls(keeper):
    keeper.runs.live.clear()
    with keeper.store.transaction() as transaction:
        ctx = keeper.context(transaction)
        for row in list(CRAWLERS.scan(ctx)):
            assert settled(ctx, row).state == READY


def strike(keeper, at):
    """Have the clock strike at a time; return what was done."""
    keeper.clock.advance(at - keeper.now())
    return asyncio.run(CrawlerSchedules(keeper, "0" * 12).carry_out(at))


def test_a_crawler_is_started_at_its_minute(keeper):
    schedule(keeper)
    assert strike(keeper, BEGIN + QUARTER - 1) == {"started": 0, "passed over": 0}
    assert strike(keeper, BEGIN + QUARTER) == {"started": 1, "passed over": 0}
    assert strike(keeper, BEGIN + QUARTER) == {"started": 0, "passed over": 0}
    assert started(keeper) == [BEGIN + QUARTER]


@given(st.lists(st.tuples(st.integers(0, 3000), st.booleans()), max_size=12))
def test_no_time_is_carried_out_twice_and_none_too_early(store, steps):
    store.clear()
    keeper = Keeper(store)
    schedule(keeper)
    now, expected, due = BEGIN, [], BEGIN + QUARTER
    is_running = False
    for seconds, ends in steps:
        now += seconds
        strike(keeper, now)
        if now >= due:
            if not is_running:
                expected.append(now)
                is_running = True
            due = (now // QUARTER + 1) * QUARTER
        if ends:
            end_crawls(keeper)
            is_running = False
    assert started(keeper) == expected


def test_one_that_cannot_be_started_keeps_no_other_from_it(keeper, caplog):
    schedule(keeper, "broken")
    schedule(keeper)
    with keeper.store.transaction() as transaction:
        ctx = keeper.context(transaction)
        row = CRAWLERS.get(ctx, "broken")
        lost = replace(row, state=RUNNING, crawl_id="lost")  # a state that only a bug makes
        CRAWLERS.put(ctx, lost)
    assert strike(keeper, BEGIN + QUARTER) == {"started": 1, "passed over": 1}
    assert started(keeper) == [BEGIN + QUARTER]
    assert "crawler broken could not be started by its schedule" in caplog.text
    with keeper.store.transaction() as transaction:
        ctx = keeper.context(transaction)
        due = CRAWLS_DUE.get(ctx, "0" * 12, "us-east-1", "broken")
    assert due.due == BEGIN + QUARTER + crawler_schedules.RETRY_SECONDS


def test_the_loop_looks_by_the_servers_clock(keeper, monkeypatch):
    monkeypatch.setattr(crawler_schedules, "LOOK_SECONDS", 0.001)
    schedule(keeper)

    async def run():
        loop = asyncio.ensure_future(CrawlerSchedules(keeper, "0" * 12).run())
        for at in range(1, 4):
            keeper.clock.advance(QUARTER)
            while len(started(keeper)) < at:
                await asyncio.sleep(0.001)
            end_crawls(keeper)
        loop.cancel()

    asyncio.run(asyncio.wait_for(run(), 10))
    assert started(keeper) == [BEGIN + QUARTER * at for at in range(1, 4)]
