"""The nouns of triggers and where they are kept: triggers, when they are due, chains of runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.store import Table

replace = msgspec.structs.replace

CREATED = "CREATED"
ACTIVATED = "ACTIVATED"
DEACTIVATED = "DEACTIVATED"
SCHEDULED = "SCHEDULED"
CONDITIONAL = "CONDITIONAL"
ON_DEMAND = "ON_DEMAND"
EVENT = "EVENT"
JOB = "JOB"
CRAWLER = "CRAWLER"
ERROR = "ERROR"


class Trigger(msgspec.Struct, frozen=True):
    """A trigger: `definition` is its Description, Schedule, Actions and Predicate as given."""

    name: str
    type: str
    definition: Mapping[str, Any]
    workflow: str = ""
    state: str = CREATED


class TriggerDue(msgspec.Struct, frozen=True):
    """When the schedule of a trigger of any account fires it next."""

    account: str
    region: str
    trigger: str
    due: float
    since: float = 0.0
    """Unless 0, the next time after this one has yet to be worked out."""


class Part(msgspec.Struct, frozen=True):
    """A run that a chain began: of a job or of a crawler; `state` is empty until it has ended.

    `run` is the id of the job run or crawl, empty for one that could not be begun: then `state` is
    ERROR and `error` says why. `retried` is set once another attempt stands for it.
    """

    kind: str
    name: str
    run: str
    started: float
    trigger: str
    state: str = ""
    error: str = ""
    retried: bool = False


class Chain(msgspec.Struct, frozen=True):
    """All runs that one firing of a SCHEDULED or ON_DEMAND trigger led to, or one workflow run.

    What a chain's run ends with is seen by its own triggers only: those of the workflow as they
    were when its run began (`triggers`), outside of workflows those that are in no workflow. Each
    fires once a chain (`fired`).
    https://docs.aws.amazon.com/glue/latest/dg/about-triggers.html
    """

    id: str
    started: float
    workflow: str = ""
    workflow_run: float = 0.0
    """When the workflow run began: with `workflow` and `id` the key of its row."""
    triggers: tuple[Trigger, ...] = ()
    parts: tuple[Part, ...] = ()
    fired: tuple[str, ...] = ()


class LiveChain(msgspec.Struct, frozen=True):
    """A chain of any account some of whose runs have not ended."""

    account: str
    region: str
    id: str


TRIGGERS = Table("glue_trigger", Trigger, key=("name",), indexes={"by_workflow": ("workflow",)})
TRIGGERS_DUE = Table(
    "glue_trigger_due",
    TriggerDue,
    key=("account", "region", "trigger"),
    indexes={"by_due": ("due",)},
    numbers=("due",),
    everywhere=True,
)
CHAINS = Table("glue_trigger_chain", Chain, key=("id",))
LIVE_CHAINS = Table(
    "glue_trigger_chain_live", LiveChain, key=("account", "region", "id"), everywhere=True
)


def find_trigger(ctx: Context, name: str) -> Trigger:
    """Return the trigger of this name; EntityNotFoundException without it."""
    row = TRIGGERS.get(ctx, name)
    if row is None:
        raise AwsError("EntityNotFoundException", f"Trigger {name} not found.")
    return row


def hold_trigger(ctx: Context, name: str) -> Trigger:
    """Return the trigger of this name, which nobody else changes before this transaction's end.

    See `_crawlers.hold_crawler`: to insert a row that is there changes nothing, but it is a write.
    """
    row = find_trigger(ctx, name)
    if TRIGGERS.insert(ctx, row):
        TRIGGERS.delete(ctx, row.name)
    return find_trigger(ctx, name)


def trigger_shape(row: Trigger) -> Any:
    """Return a trigger as GetTrigger shows it."""
    shown: dict[str, Any] = {"Name": row.name, "Type": row.type, "State": row.state}
    if row.workflow:
        shown["WorkflowName"] = row.workflow
    return {**shown, **row.definition}


def action_of(action: Mapping[str, Any]) -> tuple[str, str]:
    """Return what an action starts: the kind, and its name."""
    return (JOB, action["JobName"]) if "JobName" in action else (CRAWLER, action["CrawlerName"])


def starts(row: Trigger) -> list[tuple[str, str]]:
    """Return what a trigger starts."""
    return [action_of(action) for action in row.definition["Actions"]]
