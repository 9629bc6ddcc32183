"""The log of a run, as AWS's services write it: lines into a stream of CloudWatch Logs.

    async with RunLog(caller, clock, "/aws-glue/crawlers", "flights") as log:
        log.write("[INFO] Crawling s3://lake/flights/")

Lines wait for a second at most; group and stream are made when they are not there. Stands beside
`context`: every service's runs may use it, and it asks CloudWatch Logs as any client would.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from lakebed.context import Caller
from lakebed.core.clock import Clock
from lakebed.core.errors import AwsError
from lakebed.core.limits import (
    LOG_BATCH_BYTES_MAX,
    LOG_EVENT_OVERHEAD_BYTES,
    LOG_PAGE_EVENTS_MAX,
    RUN_LOG_BYTES_MAX,
)

log = logging.getLogger("lakebed.runs")

FLUSH_SECONDS = 1.0
_LINE_BYTES_MAX = LOG_BATCH_BYTES_MAX - LOG_EVENT_OVERHEAD_BYTES
_CUT = " [...]"


class RunLog:
    """A stream of one run. `write` never waits: above a bound, lines are left out and counted."""

    def __init__(self, caller: Caller, clock: Clock, group: str, stream: str) -> None:
        self._caller = caller
        self._clock = clock
        self._names = {"logGroupName": group, "logStreamName": stream}
        self._waiting: deque[tuple[int, str, int]] = deque()
        self._waiting_bytes = 0
        self._left_out = 0
        self._flushing = asyncio.Lock()
        self._timer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> RunLog:
        """Begin."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what is left, however the run ended."""
        await self.close()

    def write(self, message: str, at: float | None = None) -> None:
        """Write an event at a time (seconds since the epoch; now, if none is given)."""
        encoded = (message or " ").encode("utf-8", "replace")
        if len(encoded) > _LINE_BYTES_MAX:
            kept = encoded[: _LINE_BYTES_MAX - len(_CUT)].decode("utf-8", "ignore")
            encoded = (kept + _CUT).encode()
        size = len(encoded) + LOG_EVENT_OVERHEAD_BYTES
        if self._waiting_bytes + size > RUN_LOG_BYTES_MAX:
            self._left_out += 1
            return
        time = int((self._clock.now() if at is None else at) * 1000)
        self._waiting.append((time, encoded.decode(), size))
        self._waiting_bytes += size
        if self._timer is None or self._timer.done():
            self._timer = asyncio.ensure_future(self._flush_soon())

    async def _flush_soon(self) -> None:
        await asyncio.sleep(FLUSH_SECONDS)
        await self.flush()

    async def flush(self) -> None:
        """Write what waits; what cannot be written goes on waiting, and is said in our own log."""
        async with self._flushing:
            try:
                while self._waiting:
                    await self._put(self._batch())
            except AwsError as error:
                log.warning("the log %s could not be written: %s", self._names, error)

    async def close(self) -> None:
        """Write what is left and stop."""
        if self._timer is not None:
            self._timer.cancel()
            await asyncio.gather(self._timer, return_exceptions=True)
        await self.flush()

    def _batch(self) -> list[tuple[int, str, int]]:
        """Take the first lines that fit into one request, in the order of their times."""
        if self._left_out:
            text = f"[WARN] {self._left_out} lines were left out: they came faster than written"
            size = len(text) + LOG_EVENT_OVERHEAD_BYTES
            self._waiting.append((int(self._clock.now() * 1000), text, size))
            self._waiting_bytes += size
            self._left_out = 0
        batch: list[tuple[int, str, int]] = []
        size = 0
        while self._waiting and len(batch) < LOG_PAGE_EVENTS_MAX:
            size += self._waiting[0][2]
            if batch and size > LOG_BATCH_BYTES_MAX:
                break
            batch.append(self._waiting.popleft())
        return sorted(batch, key=lambda line: line[0])

    async def _put(self, batch: list[tuple[int, str, int]]) -> None:
        request: dict[str, Any] = {
            **self._names,
            "logEvents": [{"timestamp": time, "message": text} for time, text, _ in batch],
        }
        try:
            try:
                await self._caller.call("logs", "put_log_events", request)
            except AwsError as error:
                if error.code != "ResourceNotFoundException":
                    raise
                await self._make()
                await self._caller.call("logs", "put_log_events", request)
        except BaseException:
            self._waiting.extendleft(reversed(batch))
            raise
        self._waiting_bytes -= sum(size for _, _, size in batch)

    async def _make(self) -> None:
        """Make the group and the stream, whichever is not there."""
        group = {"logGroupName": self._names["logGroupName"]}
        for operation, request in (
            ("create_log_group", group), ("create_log_stream", self._names),
        ):  # fmt: skip
            await self._made(operation, request)

    async def _made(self, operation: str, request: Mapping[str, Any]) -> None:
        try:
            await self._caller.call("logs", operation, request)
        except AwsError as error:
            if error.code != "ResourceAlreadyExistsException":
                raise
