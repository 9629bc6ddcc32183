"""How a crawl's end is put down: its history, its crawler READY again, its turn given up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.context import Context
from lakebed.core.limits import CRAWLS_RUNNING_MAX
from lakebed.services.glue._crawler_shape import last_crawl
from lakebed.services.glue._crawlers import (
    CRAWL_TURNS,
    CRAWLERS,
    CRAWLS,
    READY,
    RUNNING,
    Crawl,
    Crawler,
    replace,
)
from lakebed.services.glue._told_states import tell_crawl_end
from lakebed.store import Range

CRAWLS_AT_HEAD = 16
"""So many are told their place; those behind them ask less often."""
ERROR_CHARACTERS_MAX = 2048
"""Of an ErrorMessage, by the API's model."""


def end(ctx: Context, crawl: Crawl, *, is_early: bool = False) -> Crawler:
    """Put down a crawl in its last state, now, and return its crawler, which is READY again.

    What triggers start upon it is begun too, unless it ended early, because the server stops: then
    it is for the next server to do.
    """
    crawl = replace(crawl, ended=ctx.clock.now(), error=crawl.error[:ERROR_CHARACTERS_MAX])
    CRAWL_TURNS.delete(ctx, crawl.started, crawl.id)
    CRAWLS.put(ctx, crawl)
    row = CRAWLERS.get(ctx, crawl.crawler)
    if row is None:
        raise RuntimeError(f"the crawler {crawl.crawler} was deleted while it ran")
    row = replace(row, state=READY, last=last_crawl(crawl))
    CRAWLERS.put(ctx, row)
    tell_crawl_end(ctx, crawl)
    if crawl.chain and not is_early:
        # Chains begin crawls: they know this module, and are imported once one is there.
        from lakebed.services.glue._trigger_chains import advance, crawl_end
        from lakebed.services.glue._triggers import CRAWLER, Part

        state = crawl_end(crawl.state)
        ended = Part(CRAWLER, crawl.crawler, crawl.id, crawl.started, crawl.trigger, state)
        advance(ctx, crawl.chain, ended)
    return row


def launched(ctx: Context, crawler: str, started: float, crawl_id: str) -> None:
    """Put down that it is a crawl's turn: from now on it cannot be begun again."""
    crawl = is_live(ctx, crawler, started, crawl_id)
    if crawl is not None:
        CRAWLS.put(ctx, replace(crawl, is_launched=True))


def counts(summary: Mapping[str, Any]) -> dict[str, int]:
    """Return a run summary's counts of tables, as the members of a crawl's row."""
    tables: Mapping[str, Any] = summary.get("TABLE", {})
    names = {"ADD": "tables_created", "UPDATE": "tables_updated", "DELETE": "tables_deleted"}
    return {member: tables.get(kind, {}).get("Count", 0) for kind, member in names.items()}


def is_live(ctx: Context, crawler: str, started: float, crawl_id: str) -> Crawl | None:
    """Return the crawl's row if it has not ended."""
    crawl = CRAWLS.get(ctx, crawler, started, crawl_id)
    return crawl if crawl is not None and crawl.state == RUNNING else None


def place(ctx: Context, crawl_id: str) -> int | None:
    """Return a crawl's place among those that run or wait, from 0; None if it is far behind.

    Those at the head that died are swept up: they have given up their turns.
    """
    while True:
        head = list(CRAWL_TURNS.scan(ctx, Range(limit=CRAWLS_AT_HEAD)))
        dead = [turn for turn in head[:CRAWLS_RUNNING_MAX] if not ctx.runs.is_running(turn.id)]
        for turn in dead:
            CRAWL_TURNS.delete(ctx, turn.since, turn.id)
        if not dead:
            ids = [turn.id for turn in head]
            return ids.index(crawl_id) if crawl_id in ids else None
