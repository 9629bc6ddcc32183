"""Workflows and their runs as the API shows them, with their graphs and counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.services.glue._crawlers import CRAWLS, LOG_GROUP, log_stream
from lakebed.services.glue._crawlers import RUNNING as CRAWLING
from lakebed.services.glue._job_shape import run_shape
from lakebed.services.glue._jobs import find_run
from lakebed.services.glue._trigger_chains import crawl_end
from lakebed.services.glue._triggers import CHAINS, ERROR, JOB, Chain, Part, trigger_shape
from lakebed.services.glue._workflow_graph import TRIGGER, Graph, Node, graph_of, node_id
from lakebed.services.glue._workflow_life import triggers_of
from lakebed.services.glue._workflows import LIVE, WORKFLOW_RUNS, Workflow, WorkflowRun
from lakebed.store import Range

_COUNTS = {
    "TIMEOUT": "TimeoutActions",
    "FAILED": "FailedActions",
    "STOPPED": "StoppedActions",
    "CANCELLED": "StoppedActions",
    "SUCCEEDED": "SucceededActions",
    "STARTING": "RunningActions",
    "RUNNING": "RunningActions",
    "STOPPING": "RunningActions",
    ERROR: "ErroredActions",
    "WAITING": "WaitingActions",
}
"""What a state of a run counts as."""


def workflow_shape(ctx: Context, row: Workflow, *, is_graph: bool) -> Any:
    """Return a workflow as GetWorkflow shows it."""
    times = {"CreatedOn": row.created, "LastModifiedOn": row.updated}
    shown: dict[str, Any] = {"Name": row.name, **row.definition, **times}
    last = next(WORKFLOW_RUNS.scan(ctx, Range((row.name,), limit=1, reverse=True)), None)
    if last is not None:
        shown["LastRun"] = run_of(ctx, last, is_graph=is_graph)
    if is_graph:
        chain = Chain("", 0.0, row.name, triggers=tuple(triggers_of(ctx, row.name)))
        shown["Graph"] = _graph(ctx, chain)
    return shown


def run_of(ctx: Context, row: WorkflowRun, *, is_graph: bool) -> Any:
    """Return a run as GetWorkflowRun shows it."""
    chain = CHAINS.get(ctx, row.id)
    if chain is None:
        raise RuntimeError(f"the workflow run {row.id} has no chain")
    shown: dict[str, Any] = {
        "Name": row.workflow,
        "WorkflowRunId": row.id,
        "WorkflowRunProperties": dict(row.properties),
        "StartedOn": row.started,
        "Status": row.status,
        "Statistics": _statistics(ctx, chain),
    }
    if row.status not in LIVE:
        shown["CompletedOn"] = row.ended
    if any(row.batch):
        size, window = row.batch
        shown["StartingEventBatchCondition"] = {"BatchSize": size, "BatchWindow": window}
    if row.previous:
        shown["PreviousRunId"] = row.previous
    if row.error:
        shown["ErrorMessage"] = row.error
    if is_graph:
        shown["Graph"] = _graph(ctx, chain)
    return shown


def _statistics(ctx: Context, chain: Chain) -> dict[str, int]:
    """Return how many jobs and crawlers of a run's graph there are, and how their last runs are."""
    nodes = [one for one in graph_of(chain.triggers).nodes if one[0] != TRIGGER]
    counts = dict.fromkeys(_COUNTS.values(), 0)
    for part in {(one.kind, one.name): one for one in chain.parts}.values():
        counts[_COUNTS[part.state or _state(ctx, part)]] += 1
    return {"TotalActions": len(nodes), **counts}


def _state(ctx: Context, part: Part) -> str:
    """Return the state of a run that has not ended, as its own row says."""
    if part.kind != JOB:
        return "RUNNING"
    try:
        return find_run(ctx, part.name, part.run).state
    except AwsError:
        return "RUNNING"


def _graph(ctx: Context, chain: Chain) -> Any:
    graph: Graph = graph_of(chain.triggers)
    place = (ctx.account, ctx.region)
    ids = {node: node_id(place, chain.workflow, node) for node in graph.nodes}
    edges = [
        {"SourceId": ids[before], "DestinationId": ids[after]} for before, after in graph.edges
    ]
    return {"Nodes": [_node(ctx, chain, one, ids[one]) for one in graph.nodes], "Edges": edges}


def _node(ctx: Context, chain: Chain, node: Node, unique: str) -> Any:
    kind, name = node
    shown: dict[str, Any] = {"Type": kind, "Name": name, "UniqueId": unique}
    parts = [one for one in chain.parts if (one.kind, one.name) == node]
    if kind == TRIGGER:
        row = next(one for one in chain.triggers if one.name == name)
        shown["TriggerDetails"] = {"Trigger": trigger_shape(row)}
    elif parts and kind == JOB:
        shown["JobDetails"] = {"JobRuns": [_job_run(ctx, one) for one in parts]}
    elif parts:
        shown["CrawlerDetails"] = {"Crawls": [_crawl(ctx, one) for one in parts]}
    return shown


def _job_run(ctx: Context, part: Part) -> Mapping[str, Any]:
    """Return a job run of a node; of one whose row is gone what its chain knows."""
    try:
        return run_shape(find_run(ctx, part.name, part.run))
    except AwsError:
        shown = {"JobName": part.name, "TriggerName": part.trigger, "StartedOn": part.started}
        return {**shown, "JobRunState": part.state or "STOPPED", **_error(part)}


def _crawl(ctx: Context, part: Part) -> Mapping[str, Any]:
    crawl = CRAWLS.get(ctx, part.name, part.started, part.run)
    shown: dict[str, Any] = {"StartedOn": part.started, "LogGroup": LOG_GROUP,
                             "LogStream": log_stream(part.name)}  # fmt: skip
    if crawl is None:
        return {"State": part.state or "CANCELLED", **shown, **_error(part)}
    if crawl.state == CRAWLING:
        return {"State": CRAWLING, **shown}
    shown["CompletedOn"] = crawl.ended
    if crawl.error:
        shown["ErrorMessage"] = crawl.error
    return {"State": crawl_end(crawl.state), **shown}


def _error(part: Part) -> dict[str, str]:
    return {"ErrorMessage": part.error} if part.error else {}
