"""What a run is given: a way back into the house, as the principal it was started for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from lakebed.context import Context
from lakebed.dispatch.calls import Call


class Calls(Protocol):
    """What of the door a run needs; see `Dispatcher`."""

    async def call(self, call: Call) -> Any:
        """Make the call and return its answer once it is committed."""
        ...

    async def write(self, context: Context, work: Callable[[Context], Any]) -> Any:
        """Run `work` with a context of its own transaction; return once it is committed."""
        ...

    async def look(self, context: Context, work: Callable[[Context], Any]) -> Any:
        """Run `work` in a thread, with a context of its own transaction."""
        ...

    def authorise_all(
        self,
        context: Context,
        called: tuple[str, str],
        requests: Sequence[Mapping[str, Any]],
        free: set[object],
    ) -> None:
        """Refuse calls of a (service, operation) of which one may not be made."""
        ...


_CHECKED_AT_ONCE = 100
"""Permissions asked for before others have their turn: at most about 2 ms."""


class RunCaller:
    """A run's way back into the house, as the principal it was started for."""

    def __init__(self, calls: Calls, context: Context) -> None:
        self._calls = calls
        self._context = context

    async def call(self, service: str, operation: str, request: Mapping[str, Any]) -> Any:
        """Invoke one operation and return its answer once it is committed."""
        context = self._context
        return await self._calls.call(
            Call(context.principal, context.region, service, operation, request, context.request_id)
        )

    async def check(
        self, service: str, operation: str, requests: Sequence[Mapping[str, Any]]
    ) -> None:
        """Ask whether calls of an operation would be allowed; AwsError as the first refused one."""
        calls = self._calls
        called, free = (service, operation), set[object]()
        for at in range(0, len(requests), _CHECKED_AT_ONCE):
            part = requests[at : at + _CHECKED_AT_ONCE]
            await calls.write(
                self._context,
                lambda ctx, part=part: calls.authorise_all(ctx, called, part, free),
            )

    async def write(self, work: Callable[[Context], Any]) -> Any:
        """Run `work` in a transaction of its own and return once it is committed."""
        return await self._calls.write(self._context, work)

    async def look(self, work: Callable[[Context], Any]) -> Any:
        """Run `work`, which reads much and writes nothing, in a thread; return its result."""
        return await self._calls.look(self._context, work)
