"""Listens to the logs of Kinesis streams that delivery streams read: a record wakes its reader."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.store import Range

_ARN_REGION, _ARN_ACCOUNT = 3, 4


class _Known(msgspec.Struct):
    """What is listened to for a source: its stream's newest log, and what ends each listening."""

    newest: str = ""
    stops: dict[str, Callable[[], None]] = {}


class SourceBells:
    """The sources of one server; `rung` are those that have something new to be read."""

    def __init__(self, ring: Callable[[str], None]) -> None:
        # Called from whatever thread: it says on the loop that a source has something.
        self._ring = ring
        self._known: dict[str, _Known] = {}
        self.rung: set[str] = set()

    def renew(self, ctx: Context, sources: Mapping[str, str]) -> None:
        """Listen to the shards of sources: their streams' ARNs by their ids.

        A stream that was resharded is rung for: its new shards may have records already.
        """
        for source in self._known.keys() - sources.keys():
            for stop in self._known.pop(source).stops.values():
                stop()
        for source, arn in sources.items():
            known = self._known.setdefault(source, _Known())
            newest = self._newest(ctx, arn)
            if newest != known.newest:
                known.newest = newest
                self._listen(ctx, source, arn, known)
                self.rung.add(source)

    @staticmethod
    def _place(ctx: Context, arn: str) -> tuple[Context, str]:
        parts = arn.split(":")
        there = msgspec.structs.replace(ctx, account=parts[_ARN_ACCOUNT], region=parts[_ARN_REGION])
        return there, arn.rpartition("/")[2]

    def _newest(self, ctx: Context, arn: str) -> str:
        model: Any = importlib.import_module("lakebed.services.kinesis.model")
        there, name = self._place(ctx, arn)
        stream = model.STREAMS.get(there, there.account, there.region, name)
        return "" if stream is None else str(stream.newest_log)

    def _listen(self, ctx: Context, source: str, arn: str, known: _Known) -> None:
        model: Any = importlib.import_module("lakebed.services.kinesis.model")
        there, name = self._place(ctx, arn)
        place = Range((there.account, there.region, name))
        logs = {one.log for one in model.SHARDS.scan(there, place) if not one.closed}
        for log in known.stops.keys() - logs:
            known.stops.pop(log)()
        for log in logs - known.stops.keys():
            known.stops[log] = ctx.engines.stream.listen(log, lambda: self._heard(source))

    def _heard(self, source: str) -> None:
        if source not in self.rung:
            self._ring(source)

    def close(self) -> None:
        """End all listening."""
        for known in self._known.values():
            for stop in known.stops.values():
                stop()
        self._known.clear()
