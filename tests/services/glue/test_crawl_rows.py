"""Rows of crawls, looked at alone: whose turn it is, and how much history is kept."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.core.clock import SimulatedClock
from lakebed.core.errors import AwsError
from lakebed.core.limits import CRAWL_HISTORY_DAYS, CRAWL_HISTORY_MAX, CRAWLS_RUNNING_MAX
from lakebed.core.settings import Settings
from lakebed.services.glue._crawl_life import expire, settled, stop
from lakebed.services.glue._crawl_rows import CRAWLS_AT_HEAD, counts, place
from lakebed.services.glue._crawl_run import House, Job, run_crawl
from lakebed.services.glue._crawlers import CRAWL_TURNS, CRAWLERS, CRAWLS, Crawl, Crawler, CrawlTurn
from lakebed.store.sqlite import SqliteStore

DAY = 86_400.0


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = SqliteStore(tmp_path_factory.mktemp("store") / "store.sqlite")
    yield store
    store.close()


def scope(transaction, live=()):
    runs = SimpleNamespace(is_running=lambda run: run in live)
    return SimpleNamespace(
        store=transaction, account="0", region="r", runs=runs, clock=SimulatedClock()
    )


@given(st.lists(st.booleans(), max_size=40))
def test_the_first_that_live_have_their_turn(store, lives):
    store.clear()
    names = [f"c{number:02}" for number in range(len(lives))]
    live = {name for name, is_live in zip(names, lives, strict=True) if is_live}
    with store.transaction() as transaction:
        ctx = scope(transaction, live)
        for at, name in enumerate(names):
            CRAWL_TURNS.put(ctx, CrawlTurn(float(at), name))
        found = {name: place(ctx, name) for name in sorted(live)}
        left = [turn.id for turn in CRAWL_TURNS.scan(ctx)]
    at_work = [name for name, at in found.items() if at is not None and at < CRAWLS_RUNNING_MAX]
    assert at_work == sorted(live)[:CRAWLS_RUNNING_MAX]
    assert live <= set(left)
    assert not live or all(name in live for name in left[:CRAWLS_RUNNING_MAX])
    assert [at for at in found.values() if at is not None] == [
        at for at, name in enumerate(left[:CRAWLS_AT_HEAD]) if name in live
    ]


def test_the_history_is_kept_for_twelve_months(store):
    store.clear()
    now = 2_000_000_000.0
    with store.transaction() as transaction:
        ctx = scope(transaction)
        for days in (CRAWL_HISTORY_DAYS + 1, CRAWL_HISTORY_DAYS - 1, 0):
            for name in ("one", "two"):
                CRAWLS.put(ctx, Crawl(name, now - days * DAY, f"{name} {days}"))
        expire(ctx, "one", now)
        kept = [crawl.id for crawl in CRAWLS.scan(ctx)]
    assert kept == ["one 365", "one 0", "two 367", "two 365", "two 0"]


def test_the_history_has_a_bound(store, monkeypatch):
    assert CRAWL_HISTORY_MAX == 10_000
    monkeypatch.setattr("lakebed.services.glue._crawl_life.CRAWL_HISTORY_MAX", 3)
    store.clear()
    with store.transaction() as transaction:
        ctx = scope(transaction)
        for number in range(5):
            CRAWLS.put(ctx, Crawl("one", float(number), str(number)))
        expire(ctx, "one", 5.0)
        assert [crawl.id for crawl in CRAWLS.scan(ctx)] == ["2", "3", "4"]


def test_counts_of_a_summary():
    assert counts({}) == {"tables_created": 0, "tables_updated": 0, "tables_deleted": 0}
    found = {"TABLE": {"ADD": {"Count": 2}, "DELETE": {"Count": 1}}, "PARTITION": {}}
    assert counts(found) == {"tables_created": 2, "tables_updated": 0, "tables_deleted": 1}


def test_a_crawler_that_is_stopping_is_not_stopped_again(store):
    with store.transaction() as transaction, pytest.raises(AwsError) as refused:
        stop(scope(transaction), Crawler("one", {}, 0.0, 0.0, state="STOPPING"))
    assert (refused.value.code, refused.value.message) == (
        "CrawlerStoppingException", "Crawler with name one is stopping",
    )  # fmt: skip


def test_what_was_read_of_a_crawl_that_has_ended_since_is_not_written(store):
    store.clear()
    with store.transaction() as transaction:
        ctx = scope(transaction)
        read = Crawler("one", {}, 0.0, 0.0, state="RUNNING", crawl_id="a", crawl_started=1.0)
        ended = Crawl("one", 1.0, "a", state="COMPLETED", ended=2.0)
        now = Crawler("one", {}, 0.0, 0.0, last={"Status": "SUCCEEDED"})
        CRAWLERS.put(ctx, now)
        CRAWLS.put(ctx, ended)
        assert settled(ctx, read) == now
        assert (CRAWLERS.get(ctx, "one"), CRAWLS.get(ctx, "one", 1.0, "a")) == (now, ended)
        CRAWLERS.delete(ctx, "one")
        assert settled(ctx, read) == read
        assert list(CRAWLERS.scan(ctx)) == []


class Caller:
    """What a run is given, without a server: calls are answered with nothing, rows are written."""

    def __init__(self, store):
        self.store, self.calls = store, []

    async def call(self, service, operation, request):
        self.calls.append(operation)
        return {}

    async def write(self, work):
        with self.store.transaction() as transaction:
            return work(scope(transaction, {"a"}))


def test_a_bug_of_ours_ends_a_crawl_as_awss_do(store, caplog):
    store.clear()
    broken = {"Name": "one", "SchemaChangePolicy": {}}  # no Targets: no crawler is like that
    job = Job("one", "a", 1.0, broken, ())
    with store.transaction() as transaction:
        ctx = scope(transaction)
        running = Crawler("one", broken, 0.0, 0.0, state="RUNNING", crawl_id="a", crawl_started=1.0)
        CRAWLERS.put(ctx, running)
        CRAWLS.put(ctx, Crawl("one", 1.0, "a"))
        CRAWL_TURNS.put(ctx, CrawlTurn(1.0, "a"))
    caller = Caller(store)
    asyncio.run(run_crawl(caller, House(None, Settings(), SimulatedClock()), job))
    with store.transaction() as transaction:
        ctx = scope(transaction)
        crawl, row = CRAWLS.get(ctx, "one", 1.0, "a"), CRAWLERS.get(ctx, "one")
        assert list(CRAWL_TURNS.scan(ctx)) == []
    assert (crawl.state, crawl.error) == ("FAILED", "Internal Service Exception")
    assert (row.state, row.last["Status"]) == ("READY", "FAILED")
    assert "crawl a of one ended by a bug" in caplog.text
    assert "put_log_events" in caller.calls
