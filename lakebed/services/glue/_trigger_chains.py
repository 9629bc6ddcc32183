"""Chains: what a trigger starts, what its ends start in turn, until nothing of it runs any more.

The end of a run, the firing of the triggers that waited for it, and the rows of the runs that they
start are one transaction: a server that is killed loses no firing and fires nothing twice. Runs
that were put down but not begun when it was killed are begun by the next (see `recover`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.glue import _crawl_life, _job_life
from lakebed.services.glue._crawlers import CRAWLS, READY, find_crawler, hold_crawler
from lakebed.services.glue._crawlers import RUNNING as CRAWLING
from lakebed.services.glue._job_input import started_with
from lakebed.services.glue._jobs import JOBS, find_job, find_run
from lakebed.services.glue._jobs import LIVE as LIVE_JOB_RUN
from lakebed.services.glue._trigger_predicate import is_met, watched, watches
from lakebed.services.glue._triggers import (
    ACTIVATED,
    CHAINS,
    CONDITIONAL,
    ERROR,
    JOB,
    LIVE_CHAINS,
    TRIGGERS,
    Chain,
    LiveChain,
    Part,
    Trigger,
    action_of,
    replace,
)
from lakebed.services.glue._workflows import COMPLETED, STOPPED, STOPPING, WORKFLOW_RUNS
from lakebed.services.glue._workflows import LIVE as LIVE_WORKFLOW_RUN
from lakebed.store import Range

log = logging.getLogger("lakebed.triggers")

_CHAIN_ID_BITS = 256
_GONE = "The run was deleted."
_CRAWL_ENDS = {"COMPLETED": "SUCCEEDED", "STOPPED": "CANCELLED", "FAILED": "FAILED"}
Firing = Mapping[str, str]


def fire_alone(ctx: Context, trigger: Trigger) -> None:
    """Fire a trigger that is in no workflow: a chain begins. What it cannot start is an error."""
    chain = Chain(f"tc_{ctx.ids.token(_CHAIN_ID_BITS)}", ctx.clock.now())
    CHAINS.put(ctx, chain)
    fire(ctx, chain.id, trigger, is_strict=True)
    settle(ctx, chain.id)


def fire(ctx: Context, chain_id: str, trigger: Trigger, *, is_strict: bool = False) -> None:
    """Start all that a trigger starts, as parts of a chain.

    What cannot be started is put down as a part that ended in ERROR; if `is_strict`, it raises.
    """
    chain = _held(ctx, chain_id)
    CHAINS.put(ctx, replace(chain, fired=(*chain.fired, trigger.name)))
    for action in trigger.definition["Actions"]:
        start(ctx, chain_id, trigger, action, is_strict=is_strict)


def start(
    ctx: Context,
    chain_id: str,
    trigger: Trigger,
    action: Mapping[str, Any],
    *,
    is_strict: bool = False,
) -> None:
    """Start what one action of a trigger starts."""
    chain = _held(ctx, chain_id)
    begin = _start_job if action_of(action)[0] == JOB else _start_crawl
    try:
        with ctx.store.savepoint():
            part = begin(ctx, chain, trigger, action)
    except AwsError as error:
        if is_strict:
            raise
        part = _refused(ctx, chain, trigger, action, error)
    chain = _held(ctx, chain_id)
    CHAINS.put(ctx, replace(chain, parts=(*chain.parts, part)))


def advance(ctx: Context, chain_id: str, ended: Part, again: str = "") -> None:
    """Put down that a part of a chain has ended, and fire the triggers that this makes fire.

    `again` is the job run that is begun in its place: then the part has not ended for triggers. An
    end that was put down before changes nothing, so whoever finds one may say so.
    """
    chain = CHAINS.get(ctx, chain_id)
    if chain is None:
        return  # Its workflow was deleted meanwhile.
    live = {(one.kind, one.run) for one in chain.parts if not one.state}
    if (ended.kind, ended.run) not in live:
        return
    parts = tuple(
        replace(one, state=ended.state, retried=bool(again)) if one.run == ended.run else one
        for one in chain.parts
    )
    if again:
        parts += (replace(ended, run=again, state="", started=ctx.clock.now()),)
    CHAINS.put(ctx, replace(chain, parts=parts))
    if not again:
        for trigger in _that_fire(ctx, _held(ctx, chain_id), (ended.kind, ended.name)):
            fire(ctx, chain_id, trigger)
    settle(ctx, chain_id)


def settle(ctx: Context, chain_id: str) -> None:
    """Put down whether a chain still runs; one that does not has come to its end."""
    chain = _held(ctx, chain_id)
    live = LiveChain(ctx.account, ctx.region, chain_id)
    if any(not one.state for one in chain.parts):
        LIVE_CHAINS.put(ctx, live)
        return
    LIVE_CHAINS.delete(ctx, live.account, live.region, live.id)
    if not chain.workflow:
        CHAINS.delete(ctx, chain_id)
        return
    row = WORKFLOW_RUNS.get(ctx, chain.workflow, chain.workflow_run, chain_id)
    if row is not None and row.status in LIVE_WORKFLOW_RUN:
        status = STOPPED if row.status == STOPPING else COMPLETED
        WORKFLOW_RUNS.put(ctx, replace(row, status=status, ended=ctx.clock.now()))


def recover(ctx: Context, live: LiveChain) -> None:
    """Go on with a chain whose server died: runs that died have ended, others are begun."""
    ctx = msgspec.structs.replace(ctx, account=live.account, region=live.region)
    chain = CHAINS.get(ctx, live.id)
    if chain is None:
        LIVE_CHAINS.delete(ctx, live.account, live.region, live.id)
        return
    for part in chain.parts:
        if not part.state:
            (_recover_job if part.kind == JOB else _recover_crawl)(ctx, chain.id, part)


def ends_of(parts: Iterable[Part]) -> dict[tuple[str, str], Part]:
    """Return the last part of each job and crawler, where it has ended."""
    last = {(one.kind, one.name): one for one in parts}
    return {what: one for what, one in last.items() if one.state and not one.retried}


def crawl_end(state: str) -> str:
    """Return how a crawl's end is called in conditions and graphs."""
    return _CRAWL_ENDS[state]


def _held(ctx: Context, chain_id: str) -> Chain:
    chain = CHAINS.get(ctx, chain_id)
    if chain is None:
        raise RuntimeError(f"the chain {chain_id} has no row")
    return chain


def _that_fire(ctx: Context, chain: Chain, what: tuple[str, str]) -> Sequence[Trigger]:
    """Return the triggers that the end of a job or crawler makes fire."""
    if chain.workflow:
        row = WORKFLOW_RUNS.get(ctx, chain.workflow, chain.workflow_run, chain.id)
        if row is None or row.status == STOPPING:
            return ()
    ends = {one: part.state for one, part in ends_of(chain.parts).items()}
    # Bounded: an account has at most 1,000 triggers.
    known = chain.triggers or TRIGGERS.scan(ctx, Range(("",), index="by_workflow"))
    return [
        one
        for one in known
        if one.type == CONDITIONAL
        and one.state == ACTIVATED
        and one.name not in chain.fired
        and what in watches(one.definition["Predicate"])
        and is_met(one.definition["Predicate"], ends)
    ]


def _start_job(ctx: Context, chain: Chain, trigger: Trigger, action: Mapping[str, Any]) -> Part:
    job = find_job(ctx, action["JobName"])
    row = _job_life.begin(ctx, job, _job_start(chain, trigger, action, job.definition))
    return Part(JOB, job.name, row.id, row.started, trigger.name)


def _job_start(
    chain: Chain, trigger: Trigger, action: Mapping[str, Any], definition: Mapping[str, Any]
) -> _job_life.Start:
    arguments = dict(action.get("Arguments", {}))
    if chain.workflow:
        # https://docs.aws.amazon.com/glue/latest/dg/workflow-run-properties-code.html
        arguments |= {"--WORKFLOW_NAME": chain.workflow, "--WORKFLOW_RUN_ID": chain.id}
    return _job_life.Start(
        started_with(definition, action),
        arguments,
        trigger=trigger.name,
        predecessors=tuple(_predecessors(chain, trigger)),
        chain=chain.id,
    )


def _predecessors(chain: Chain, trigger: Trigger) -> Iterable[Mapping[str, str]]:
    """Yield the job runs whose ends made a conditional trigger fire."""
    ends = ends_of(chain.parts)
    for condition in trigger.definition.get("Predicate", {}).get("Conditions", ()):
        (kind, name), state = watched(condition)
        end = ends.get((kind, name))
        if kind == JOB and end is not None and end.state == state:
            yield {"JobName": name, "RunId": end.run}


def _start_crawl(ctx: Context, chain: Chain, trigger: Trigger, action: Mapping[str, Any]) -> Part:
    row = find_crawler(ctx, action["CrawlerName"])
    own = {one.run for one in chain.parts if not one.state}
    if row.crawl_id not in own:
        row = _crawl_life.settled(ctx, hold_crawler(ctx, row.name))
    if row.state != READY:
        message = f"Crawler with name {row.name} has already started"
        raise AwsError("CrawlerRunningException", message)
    row = _crawl_life.begin(ctx, row, chain.id, trigger.name)
    return Part("CRAWLER", row.name, row.crawl_id, row.crawl_started, trigger.name)


def _refused(
    ctx: Context, chain: Chain, trigger: Trigger, action: Mapping[str, Any], error: AwsError
) -> Part:
    """Put down a run that could not be begun; a job's shows as one that ended in ERROR."""
    kind, name = action_of(action)
    message = f"{error.code}: {error.message}"
    log.warning("trigger %s could not start %s: %s", trigger.name, name, message)
    now, run = ctx.clock.now(), ""
    job = JOBS.get(ctx, name) if kind == JOB else None
    if job is not None:
        begun = _job_start(chain, trigger, action, job.definition)
        run = _job_life.refuse(ctx, job, begun, message).id
    return Part(kind, name, run, now, trigger.name, ERROR, message)


def _recover_job(ctx: Context, chain_id: str, part: Part) -> None:
    try:
        row = find_run(ctx, part.name, part.run)
    except AwsError:
        advance(ctx, chain_id, replace(part, state="STOPPED", error=_GONE))
        return
    if row.state in LIVE_JOB_RUN:
        _job_life.settled(ctx, row)
    else:
        advance(ctx, chain_id, replace(part, state=row.state))


def _recover_crawl(ctx: Context, chain_id: str, part: Part) -> None:
    crawl = CRAWLS.get(ctx, part.name, part.started, part.run)
    if crawl is None:
        advance(ctx, chain_id, replace(part, state="CANCELLED", error=_GONE))
    elif crawl.state == CRAWLING:
        _crawl_life.settled(ctx, find_crawler(ctx, part.name))
    else:
        advance(ctx, chain_id, replace(part, state=_CRAWL_ENDS[crawl.state]))
