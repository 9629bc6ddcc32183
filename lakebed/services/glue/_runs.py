"""What runs of crawlers and of jobs share: the server they run in, an uncut end, pages."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.clock import Clock
from lakebed.core.errors import AwsError
from lakebed.core.settings import Settings
from lakebed.engines import Engines
from lakebed.services.glue.model import read_token, write_token


class House(msgspec.Struct, frozen=True):
    """What of the server a run needs besides its caller."""

    engines: Engines
    settings: Settings
    clock: Clock


def house_of(ctx: Context) -> House:
    """Return the server of a call, for the run it starts."""
    return House(ctx.engines, ctx.settings, ctx.clock)


def read_place(token: str | None) -> tuple[float, str] | None:
    """Return behind which run a listing goes on; InvalidInputException for another's token."""
    told = read_token(token)
    if told is None:
        return None
    started, _, run_id = told[0].partition(" ")
    try:
        return float(started), run_id
    except ValueError:
        raise AwsError("InvalidInputException", "Invalid NextToken") from None


def write_place(started: float, run_id: str) -> str:
    """Return the token with which a listing goes on behind a run."""
    return write_token(f"{started!r} {run_id}")


async def to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Await what is not to be cut short: a run that is stopped as it ends has ended."""
    task = asyncio.ensure_future(work)
    while not task.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(task)
    task.result()
