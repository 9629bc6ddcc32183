"""Long work that goes on after the answer: queries, later crawls, jobs and trainings."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from lakebed.core.context import Context


class Caller(Protocol):
    """Calls operations from a run, as the principal the run was started for."""

    async def call(self, service: str, operation: str, request: Mapping[str, Any]) -> Any:
        """Invoke one operation by its function name and return its answer once it is committed.

        Raises AwsError as a client would see it.
        """
        ...

    async def write(self, work: Callable[[Context], Any]) -> Any:
        """Run `work` in a transaction of its own and return its result once it is committed."""
        ...


class Runs(Protocol):
    """Starts and cancels coroutines that outlive the request that asked for them."""

    def start(
        self, context: Context, run_id: str, work: Callable[[Caller], Coroutine[Any, Any, None]]
    ) -> None:
        """Start `work` once the caller's transaction is committed; never before."""
        ...

    def is_running(self, run_id: str) -> bool:
        """Whether this process runs it, or will once the caller's transaction is committed.

        A run that the store calls live and no process runs died with its process.
        """
        ...

    def cancel(self, run_id: str) -> bool:
        """Cancel a run of this process; False if none of that id is running."""
        ...
