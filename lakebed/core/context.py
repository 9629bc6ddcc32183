"""What a handler is given: who asks, where, and everything it may touch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from lakebed.core.clock import Clock
    from lakebed.core.ids import Ids
    from lakebed.core.runs import Runs
    from lakebed.core.settings import Settings
    from lakebed.engines import Engines
    from lakebed.shapes import Aws
    from lakebed.store import Transaction

Handler = TypeVar("Handler", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `arn` is the caller's ARN, `user_id` what STS calls UserId."""

    account: str
    arn: str
    user_id: str
    is_root: bool = False
    is_anonymous: bool = False


class Door(Protocol):
    """The one way into a service: validate, authorise, call, audit."""

    def invoke(self, context: Context, service: str, operation: str, request: Any) -> Any:
        """Call an operation by its function name within the caller's transaction."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """One call of one operation: passed first to every handler.

    `store` is the open transaction, `aws` the other services (same types, same permissions, same
    audit line as over the wire; they join this transaction), `engines` the machines, `runs` the
    long work that goes on after the answer.
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


def long(handler: Handler) -> Handler:
    """Mark a handler whose work is not bounded by a page: it runs in a thread.

    Such a handler does its long work before its first write, because from the first write to its
    end it holds the store's only writer.
    """
    handler.__dict__["runs_long"] = True
    return handler
