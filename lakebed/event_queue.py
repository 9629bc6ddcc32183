"""Events on their way to EventBridge: whatever service has one to tell puts it here.

    publish(ctx, Happening("aws.s3", "Object Created", ("arn:aws:s3:::lake",), {"bucket": …}))

The row is a part of the transaction in which it happened, so an event is neither lost nor told of
what was rolled back. Nothing is written while no rule listens. Stands beside `context`: services
never import each other, and EventBridge (`services/events`) takes the rows from here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.event_limits import EVENTS_WAITING_MAX
from lakebed.store import Range, Table

log = logging.getLogger("lakebed.events")

DEFAULT_BUS = "default"


class WaitingEvent(msgspec.Struct, frozen=True):
    """An event that was accepted, and has not been matched with rules; `body` is its JSON.

    `rule` names the only one it is for: the event of a schedule.
    """

    accepted: float
    id: str
    account: str
    region: str
    bus: str
    body: str
    rule: str = ""


class ListeningBus(msgspec.Struct, frozen=True):
    """A bus with a rule that is enabled: only what is put on such a one is kept."""

    bus: str


class Happening(msgspec.Struct, frozen=True):
    """What an event tells: from where, of what kind, about which resources."""

    source: str
    detail_type: str
    resources: tuple[str, ...]
    detail: Mapping[str, Any] | msgspec.Raw


EVENTS_WAITING = Table(
    "events_waiting",
    WaitingEvent,
    key=("accepted", "id"),
    numbers=("accepted",),
    everywhere=True,
)
LISTENING_BUSES = Table("events_listening_bus", ListeningBus, key=("bus",), remembered=True)


def publish(ctx: Context, happening: Happening) -> None:
    """Put what happened in an account and region (those of `ctx`) on its default bus."""
    if LISTENING_BUSES.get(ctx, DEFAULT_BUS) is None:
        return
    if not has_room(ctx):
        what = f"{happening.source} {happening.detail_type}"
        log.warning("an event of %s is lost: %s wait already", what, EVENTS_WAITING_MAX)
        return
    accept(ctx, DEFAULT_BUS, happening, ctx.clock.now())


def has_room(ctx: Context) -> bool:
    """Tell whether another event may wait."""
    first = next(EVENTS_WAITING.scan(ctx, Range(limit=1)), None)
    return first is None or EVENTS_WAITING.count(ctx) < EVENTS_WAITING_MAX


def accept(ctx: Context, bus: str, happening: Happening, at: float, rule: str = "") -> str:
    """Put down an event, and return its id."""
    unique = ctx.ids.uuid()
    body = {
        "version": "0",
        "id": unique,
        "detail-type": happening.detail_type,
        "source": happening.source,
        "account": ctx.account,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)),
        "region": ctx.region,
        "resources": happening.resources,
        "detail": happening.detail,
    }
    text = msgspec.json.encode(body).decode()
    EVENTS_WAITING.put(
        ctx, WaitingEvent(ctx.clock.now(), unique, ctx.account, ctx.region, bus, text, rule)
    )
    return unique
