"""The life of a workflow's run: begun, stopped, resumed. Its end is its chain's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import JOB_RUN_HISTORY_DAYS
from lakebed.services.glue import _crawl_life, _job_life
from lakebed.services.glue._crawlers import READY, STOPPING, hold_crawler
from lakebed.services.glue._jobs import LIVE as LIVE_JOB_RUN
from lakebed.services.glue._jobs import find_run, invalid
from lakebed.services.glue._trigger_chains import fire, settle, start
from lakebed.services.glue._triggers import (
    CHAINS,
    CONDITIONAL,
    JOB,
    LIVE_CHAINS,
    TRIGGERS,
    Chain,
    Part,
    Trigger,
    action_of,
    replace,
    starts,
)
from lakebed.services.glue._workflow_graph import (
    TRIGGER,
    Node,
    downstream,
    graph_of,
    node_id,
    resumed,
)
from lakebed.services.glue._workflows import (
    COMPLETED,
    ERROR,
    LIVE,
    RUNNING,
    WORKFLOW_RUNS,
    Workflow,
    WorkflowRun,
    find_workflow,
    live_runs,
)
from lakebed.services.glue._workflows import STOPPING as RUN_STOPPING
from lakebed.store import Range

_DAY_SECONDS = 86_400
_RUN_ID_BITS = 256


def triggers_of(ctx: Context, workflow: str) -> list[Trigger]:
    """Return the triggers of a workflow, by name."""
    found = TRIGGERS.scan(ctx, Range((workflow,), index="by_workflow"))
    return sorted(found, key=lambda one: one.name)


def starting_trigger(triggers: Iterable[Trigger]) -> Trigger | None:
    """Return the trigger that starts a workflow: it has at most one that waits for no run."""
    return next((one for one in triggers if one.type != CONDITIONAL), None)


def begin(
    ctx: Context,
    workflow: Workflow,
    properties: Mapping[str, str],
    batch: tuple[int, int] = (0, 0),
) -> WorkflowRun:
    """Begin a run: its starting trigger fires, whatever state that is in.

    `batch` says by which of its two conditions a batch of events began it, if one did.
    """
    triggers = triggers_of(ctx, workflow.name)
    first = starting_trigger(triggers)
    if first is None:
        raise invalid(f"Workflow {workflow.name} has no trigger that starts it.")
    _check_room(ctx, workflow)
    defaults = workflow.definition.get("DefaultRunProperties", {})
    row = _put(ctx, workflow, {**defaults, **properties}, batch=batch)
    chain = Chain(row.id, row.started, workflow.name, row.started, tuple(triggers))
    CHAINS.put(ctx, chain)
    fire(ctx, chain.id, first)
    settle(ctx, chain.id)
    return row


def begin_unasked(
    ctx: Context,
    trigger: Trigger,
    properties: Mapping[str, str],
    batch: tuple[int, int] = (0, 0),
) -> None:
    """Begin a run because its time, or its event, has come; one too many is put down as ERROR."""
    workflow = find_workflow(ctx, trigger.workflow)
    try:
        begin(ctx, workflow, properties, batch)
    except AwsError as error:
        if error.code != "ConcurrentRunsExceededException":
            raise
        defaults = workflow.definition.get("DefaultRunProperties", {})
        row = _put(ctx, workflow, {**defaults, **properties}, batch=batch)
        chain = Chain(row.id, row.started, workflow.name, row.started)
        CHAINS.put(ctx, replace(chain, triggers=tuple(triggers_of(ctx, workflow.name))))
        row = replace(row, status=ERROR, error=error.message, ended=row.started)
        WORKFLOW_RUNS.put(ctx, row)


def stop(ctx: Context, row: WorkflowRun) -> None:
    """Stop a run: nothing of it fires any more, and what runs of it is stopped."""
    if row.status != RUNNING:
        raise AwsError(
            "IllegalWorkflowStateException", f"Workflow run {row.id} is not running: {row.status}"
        )
    WORKFLOW_RUNS.put(ctx, replace(row, status=RUN_STOPPING))
    chain = CHAINS.get(ctx, row.id)
    for part in () if chain is None else chain.parts:
        if not part.state:
            _stop_part(ctx, part)


def resume(
    ctx: Context, workflow: Workflow, row: WorkflowRun, node_ids: Sequence[str]
) -> tuple[WorkflowRun, list[str]]:
    """Run some nodes of a run, and all that follows them, again; return the run, and those begun.

    https://docs.aws.amazon.com/glue/latest/dg/resuming-workflow.html
    """
    if row.status != COMPLETED:
        message = f"Workflow run {row.id} is not in the state COMPLETED: {row.status}"
        raise AwsError("IllegalWorkflowStateException", message)
    old = CHAINS.get(ctx, row.id)
    if old is None:
        raise RuntimeError(f"the workflow run {row.id} has no chain")
    graph, place = graph_of(old.triggers), (ctx.account, ctx.region)
    ids = {node_id(place, workflow.name, node): node for node in graph.nodes}
    nodes = [_resumable(old, ids, one) for one in dict.fromkeys(node_ids)]
    if not nodes:
        raise invalid("NodeIds cannot be null or empty")
    _check_room(ctx, workflow)
    first = resumed(graph, nodes)
    again = downstream(graph, first) | set(first)
    new = _put(ctx, workflow, row.properties, row.id)
    kept = tuple(one for one in old.parts if (one.kind, one.name) not in again)
    fired = tuple(one for one in old.fired if (TRIGGER, one) not in again)
    CHAINS.put(
        ctx, Chain(new.id, new.started, workflow.name, new.started, old.triggers, kept, fired)
    )
    for node in first:
        _start_node(ctx, new.id, old, node)
    settle(ctx, new.id)
    return new, [node_id(place, workflow.name, node) for node in first]


def forget(ctx: Context, workflow: str) -> None:
    """Delete the runs of a workflow: what runs of them goes on, and nothing follows it."""
    for row in list(WORKFLOW_RUNS.scan(ctx, Range((workflow,)))):
        _drop(ctx, row)


def _check_room(ctx: Context, workflow: Workflow) -> None:
    limit = workflow.definition.get("MaxConcurrentRuns")
    if limit and live_runs(ctx, workflow.name) >= limit:
        message = f"Concurrent runs exceeded for workflow: {workflow.name}."
        raise AwsError("ConcurrentRunsExceededException", message)


def _put(
    ctx: Context,
    workflow: Workflow,
    properties: Mapping[str, str],
    previous: str = "",
    batch: tuple[int, int] = (0, 0),
) -> WorkflowRun:
    """Put down a run that is about to be; those that are older than is kept are deleted."""
    now = ctx.clock.now()
    old = Range((workflow.name,), end=(now - JOB_RUN_HISTORY_DAYS * _DAY_SECONDS,), limit=100)
    for row in list(WORKFLOW_RUNS.scan(ctx, old)):
        if row.status not in LIVE:
            _drop(ctx, row)
    run_id = f"wr_{ctx.ids.token(_RUN_ID_BITS)}"
    row = WorkflowRun(workflow.name, now, run_id, dict(properties), previous, batch=batch)
    WORKFLOW_RUNS.put(ctx, row)
    return row


def _drop(ctx: Context, row: WorkflowRun) -> None:
    CHAINS.delete(ctx, row.id)
    LIVE_CHAINS.delete(ctx, ctx.account, ctx.region, row.id)
    WORKFLOW_RUNS.delete(ctx, row.workflow, row.started, row.id)


def _resumable(old: Chain, ids: Mapping[str, Node], one: str) -> Node:
    node = ids.get(one)
    if node is None:
        raise invalid(f"Node {one} is not in the graph of the workflow run.")
    if node[0] == TRIGGER:
        raise invalid(f"Node {one} is a trigger: a run is resumed from jobs and crawlers.")
    if not any((part.kind, part.name) == node for part in old.parts):
        raise invalid(f"Node {one} was not run in the workflow run.")
    return node


def _start_node(ctx: Context, chain_id: str, old: Chain, node: Node) -> None:
    """Start a node as the trigger did that started it in the run before."""
    before = next(one for one in reversed(old.parts) if (one.kind, one.name) == node)
    able = [one for one in old.triggers if node in starts(one)]
    trigger = next((one for one in able if one.name == before.trigger), able[0])
    action = next(one for one in trigger.definition["Actions"] if action_of(one) == node)
    start(ctx, chain_id, trigger, action)


def _stop_part(ctx: Context, part: Part) -> None:
    if part.kind == JOB:
        row = find_run(ctx, part.name, part.run)
        if row.state in LIVE_JOB_RUN and row.state != "STOPPING":
            _job_life.stop(ctx, row)
        return
    crawler = _crawl_life.settled(ctx, hold_crawler(ctx, part.name))
    if crawler.crawl_id == part.run and crawler.state not in (READY, STOPPING):
        _crawl_life.stop(ctx, crawler)
