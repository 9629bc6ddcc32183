"""What a handler is given: who asks, where, and everything it may touch; and what runs are given.

A room of its own, above what it names (store, engines, generated types) and below the services.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import msgspec

if TYPE_CHECKING:
    from lakebed.core.clock import Clock
    from lakebed.core.ids import Ids
    from lakebed.core.principal import Origin, Principal
    from lakebed.core.settings import Settings
    from lakebed.engines import Engines
    from lakebed.shapes import Aws
    from lakebed.store import Transaction

Handler = TypeVar("Handler", bound=Callable[..., Any])


class Caller(Protocol):
    """Calls operations from a run, as the principal the run was started for."""

    async def call(self, service: str, operation: str, request: Mapping[str, Any]) -> Any:
        """Invoke one operation by its function name and return its answer once it is committed.

        Raises AwsError as a client would see it.
        """
        ...

    async def check(
        self, service: str, operation: str, requests: Sequence[Mapping[str, Any]]
    ) -> None:
        """Ask whether calls of an operation would be allowed; AwsError as the first refused one.

        For what is done past the operation: an engine reads an object's file, not GetObject.
        """
        ...

    async def write(self, work: Callable[[Context], Any]) -> Any:
        """Run `work` in a transaction of its own and return its result once it is committed."""
        ...

    async def look(self, work: Callable[[Context], Any]) -> Any:
        """Run `work`, which reads much and writes nothing, in a thread; return its result."""
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


class Door(Protocol):
    """The one way into a service: validate, authorise, call, audit."""

    def invoke(self, context: Context, service: str, operation: str, request: Any) -> Any:
        """Call an operation by its function name within the caller's transaction."""
        ...

    def authorise(self, context: Context, service: str, operation: str, request: Any) -> bool:
        """Raise AccessDenied unless the caller may call an operation, which is not called.

        False says that it may not, but that `open` mode lets it.
        """
        ...


class Context(msgspec.Struct, frozen=True):
    """One call of one operation: passed first to every handler.

    `store` is the open transaction, `aws` the other services (same types, same permissions, same
    audit line as over the wire; they join this transaction), `engines` the machines, `runs` the
    long work that goes on after the answer, `origin` where the request came from (None for calls of
    runs). (A struct: a frozen dataclass takes ten times as long.)
    """

    account: str
    region: str
    principal: Principal
    request_id: str
    clock: Clock
    ids: Ids
    settings: Settings
    store: Transaction
    engines: Engines
    door: Door
    runs: Runs
    origin: Origin | None = None

    @property
    def aws(self) -> Aws:
        """The services, as typed functions: `ctx.aws.glue.get_table({...})`."""
        return cast("Aws", _Services(self))


@dataclass(frozen=True, slots=True)
class _Services:
    context: Context

    def __getattr__(self, service: str) -> _Operations:
        return _Operations(self.context, service)


@dataclass(frozen=True, slots=True)
class _Operations:
    context: Context
    service: str

    def __getattr__(self, operation: str) -> Callable[[Any], Any]:
        context, service = self.context, self.service
        return lambda request: context.door.invoke(context, service, operation, request)


def writing(begin: Handler) -> Handler:
    """Mark a `_begin_` function that may write (KMS rotates a key when it is next used)."""
    begin.__dict__["may_write"] = True
    return begin


def prompt(handler: Handler) -> Handler:
    """Mark a handler that runs on the loop even if its request is so large that a thread reads it.

    For work that takes its place in an order: what is appended must not overlap what closes.
    """
    handler.__dict__["is_prompt"] = True
    return handler


def long(handler: Handler) -> Handler:
    """Mark a handler whose work is not bounded by a page: it runs in a thread.

    Such a handler does its long work before its first write, because from the first write to its
    end it holds the store's only writer.
    """
    handler.__dict__["runs_long"] = True
    return handler
