"""The run of one crawl: its turn, its targets one kind after the other, its end. Not an operation.

It calls everything as the crawler's role (see `_crawler_role`); only the rows about the crawl
itself are written past it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import msgspec

from lakebed.context import Caller, Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import CRAWLS_RUNNING_MAX
from lakebed.engines.crawl import Classifier
from lakebed.run_log import RunLog
from lakebed.services.glue._crawl import CrawlError, Crawling
from lakebed.services.glue._crawl_changes import CatalogChanges
from lakebed.services.glue._crawl_log import AnnouncedCatalog, CrawlLines, sentence
from lakebed.services.glue._crawl_rows import counts, end, is_live, launched, place
from lakebed.services.glue._crawl_unstructured import is_asked
from lakebed.services.glue._crawler_configuration import read_configuration
from lakebed.services.glue._crawler_targets import MODULES
from lakebed.services.glue._crawlers import (
    CRAWLERS,
    LOG_GROUP,
    STOPPING,
    TARGET_KINDS,
    log_stream,
    replace,
)
from lakebed.services.glue._runs import House, to_its_end

log = logging.getLogger("lakebed.crawls")

TURN_SECONDS = 0.1
FAR_SECONDS = 2.0
"""How often a crawl that waits asks whether it is its turn; one that is far behind, less often."""
INTERNAL = "Internal Service Exception"
"""What AWS's crawlers say of a bug of theirs; what it was stands in the server's own log."""
_ENDED_EARLY = "The server stopped while the crawler was running. Run the crawler again."


class Job(msgspec.Struct, frozen=True):
    """A crawl to be run: `definition` is the crawler as GetCrawler shows it."""

    crawler: str
    crawl_id: str
    started: float
    definition: Mapping[str, Any]
    classifiers: tuple[Classifier, ...]
    is_triggered: bool = False


class Outcome(msgspec.Struct, frozen=True):
    """How a crawl ended, and what it changed."""

    state: str
    error: str = ""
    summary: Mapping[str, Any] = {}
    seconds: float = 0.0


async def run_crawl(caller: Caller, house: House, job: Job) -> None:
    """Run a crawl to its end and record it; whatever happens, the end is recorded."""
    run_log = RunLog(caller, house.clock, LOG_GROUP, log_stream(job.crawler))
    lines = CrawlLines(run_log, job.crawl_id)
    outcome = await _outcome(caller, house, job, lines)
    lines.benchmark("Crawler has finished running and is in state READY")
    await to_its_end(_end(caller, run_log, job, outcome))


async def _end(caller: Caller, run_log: RunLog, job: Job, outcome: Outcome) -> None:
    await run_log.close()
    await caller.write(lambda ctx: _record(ctx, job, outcome))


async def _outcome(caller: Caller, house: House, job: Job, lines: CrawlLines) -> Outcome:
    started = time.perf_counter()
    catalog: AnnouncedCatalog | None = None
    state, error = "COMPLETED", ""
    try:
        lines.benchmark(f"Running Start Crawl for Crawler {job.crawler}")
        await _turn(caller, job.crawl_id)
        if job.is_triggered:
            await caller.write(lambda ctx: launched(ctx, job.crawler, job.started, job.crawl_id))
        started = time.perf_counter()
        catalog = _catalog(caller, house, job, lines)
        crawling = _crawling(caller, house, job, catalog)
        await _crawl(crawling, catalog, lines)
    except asyncio.CancelledError:
        is_stopped = await caller.write(lambda ctx: _is_stopping(ctx, job.crawler))
        state, error = ("STOPPED", "") if is_stopped else ("FAILED", _ENDED_EARLY)
    except CrawlError as failure:
        state, error = "FAILED", str(failure)
    except AwsError as failure:
        state, error = "FAILED", sentence(failure)
    except Exception:
        # A worker's loop: whatever the bug, the crawler must not stay RUNNING.
        log.exception("crawl %s of %s ended by a bug", job.crawl_id, job.crawler)
        state, error = "FAILED", INTERNAL
    if error:
        lines.error(error)
    summary = {} if catalog is None else catalog.summary()
    return Outcome(state, error, summary, time.perf_counter() - started)


async def _turn(caller: Caller, crawl_id: str) -> None:
    """Wait until a crawl is among the first."""
    while True:
        at = await caller.write(lambda ctx: place(ctx, crawl_id))
        if at is not None and at < CRAWLS_RUNNING_MAX:
            return
        await asyncio.sleep(FAR_SECONDS if at is None else TURN_SECONDS)


def _catalog(caller: Caller, house: House, job: Job, lines: CrawlLines) -> AnnouncedCatalog:
    """Return the catalog that targets write into, and that counts what they change."""
    definition = job.definition
    configuration = read_configuration(definition.get("Configuration", ""))
    changes = CatalogChanges(caller, lines, definition, configuration, house.clock.now())
    return AnnouncedCatalog(changes, lines, definition)


def _crawling(caller: Caller, house: House, job: Job, catalog: AnnouncedCatalog) -> Crawling:
    """Return what the targets are given."""
    return Crawling(
        caller=caller,
        engines=house.engines,
        settings=house.settings,
        clock=house.clock,
        log=catalog.lines,
        catalog=catalog,
        crawl_id=job.crawl_id,
        definition=job.definition,
        configuration=read_configuration(job.definition.get("Configuration", "")),
        classifiers=job.classifiers,
    )


async def _crawl(crawling: Crawling, catalog: AnnouncedCatalog, lines: CrawlLines) -> None:
    targets: Mapping[str, Any] = crawling.definition["Targets"]
    for kind in TARGET_KINDS:
        if targets[kind]:
            # Imported in a thread: some bring a library, and the loop has other things to do.
            name = MODULES[kind]
            if kind == "S3Targets" and is_asked(crawling.configuration):
                name = "_crawl_unstructured"
            module = await asyncio.to_thread(import_module, f"{__package__}.{name}")
            await module.crawl(crawling, targets[kind])
    catalog.announce()
    lines.benchmark("Finished writing to Catalog")
    lines.summary(catalog.summary())


def _is_stopping(ctx: Context, crawler: str) -> bool:
    row = CRAWLERS.get(ctx, crawler)
    return row is not None and row.state == STOPPING


def _record(ctx: Context, job: Job, outcome: Outcome) -> None:
    crawl = is_live(ctx, job.crawler, job.started, job.crawl_id)
    if crawl is None:
        return  # Found dead meanwhile, which a test's reset does.
    is_early = outcome.error == _ENDED_EARLY
    if is_early and crawl.chain and not crawl.is_launched:
        return  # The next server begins it.
    done = replace(
        crawl,
        state=outcome.state,
        error=outcome.error,
        summary=outcome.summary,
        seconds=outcome.seconds,
        **counts(outcome.summary),
    )
    end(ctx, done, is_early=is_early)
