"""The clock of triggers, simulated: what is wrong with one keeps no other from firing."""

from __future__ import annotations

import asyncio

import pytest

from lakebed.cli import crawler_schedules
from lakebed.cli.trigger_schedules import TriggerSchedules
from lakebed.services.glue._crawlers import CRAWLERS, CRAWLS, Crawler
from lakebed.services.glue._triggers import (
    ACTIVATED,
    LIVE_CHAINS,
    SCHEDULED,
    TRIGGERS,
    TRIGGERS_DUE,
    LiveChain,
    Trigger,
    TriggerDue,
)
from lakebed.store.sqlite import SqliteStore
from tests.cli.test_crawler_schedules import BEGIN, DEFINITION, EVERY_QUARTER, QUARTER, Keeper

PLACE = ("0" * 12, "us-east-1")


@pytest.fixture
def keeper(tmp_path):
    store = SqliteStore(tmp_path / "store.sqlite")
    yield Keeper(store)
    store.close()


def act(keeper, work):
    with keeper.store.transaction() as transaction:
        return work(keeper.context(transaction))


def put(keeper, name, **definition):
    """Put down a trigger of a crawler that is due at the first quarter."""

    def work(ctx):
        CRAWLERS.put(ctx, Crawler(name, DEFINITION, BEGIN, BEGIN))
        TRIGGERS.put(ctx, Trigger(name, SCHEDULED, definition, state=ACTIVATED))
        TRIGGERS_DUE.put(ctx, TriggerDue(*PLACE, name, BEGIN, BEGIN))

    act(keeper, work)


def strike(keeper, at):
    """Have the clock strike at a time; return what was done."""
    keeper.clock.advance(at - keeper.now())
    return asyncio.run(TriggerSchedules(keeper, PLACE[0]).carry_out(at))


def due(keeper, name):
    return act(keeper, lambda ctx: TRIGGERS_DUE.get(ctx, *PLACE, name).due)


def test_one_that_cannot_be_fired_keeps_no_other_from_it(keeper, caplog):
    put(keeper, "broken", Actions=[])  # without its schedule: a state that only a bug makes
    put(keeper, "good", Schedule=EVERY_QUARTER, Actions=[{"CrawlerName": "good"}])
    assert strike(keeper, BEGIN + 1) == {"started": 0, "passed over": 1}
    assert strike(keeper, BEGIN + QUARTER) == {"started": 1, "passed over": 1}
    assert strike(keeper, BEGIN + QUARTER) == {"started": 0, "passed over": 0}
    assert "trigger broken could not be started by its schedule" in caplog.text
    assert due(keeper, "broken") == BEGIN + QUARTER + crawler_schedules.RETRY_SECONDS
    assert due(keeper, "good") == BEGIN + 2 * QUARTER
    crawls = act(keeper, lambda ctx: list(CRAWLS.scan(ctx)))
    assert [(one.started, one.trigger) for one in crawls] == [(BEGIN + QUARTER, "good")]


def test_times_that_passed_are_made_up_for_once(keeper):
    put(keeper, "good", Schedule=EVERY_QUARTER, Actions=[{"CrawlerName": "good"}])
    assert strike(keeper, BEGIN + 9.5 * QUARTER) == {"started": 1, "passed over": 0}
    assert due(keeper, "good") == BEGIN + 10 * QUARTER
    # Its crawler still runs: the next time is passed over.
    assert strike(keeper, BEGIN + 10 * QUARTER) == {"started": 0, "passed over": 1}


def test_a_chain_that_is_gone_is_forgotten(keeper):
    act(keeper, lambda ctx: LIVE_CHAINS.put(ctx, LiveChain(*PLACE, "tc_gone")))
    asyncio.run(TriggerSchedules(keeper, PLACE[0]).recover())
    assert act(keeper, lambda ctx: list(LIVE_CHAINS.scan(ctx))) == []
