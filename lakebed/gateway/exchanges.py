"""What a socket asks of the rest of the gateway, and the server of its sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lakebed.gateway.server import Connection, Slot
    from lakebed.gateway.wire.http import HttpRequest


class Exchange(Protocol):
    """One request on its way to one answer; made by the gateway once the head is read."""

    def body(self, data: bytes) -> None:
        """Take the next bytes of the body."""
        ...

    def complete(self) -> None:
        """The body is whole."""
        ...

    def abort(self) -> None:
        """The client is gone, or sent what is no HTTP: leave no trace."""
        ...


class Exchanges(Protocol):
    """What makes exchanges; the gateway."""

    def open(self, connection: Connection, slot: Slot, head: HttpRequest) -> Exchange:
        """Begin the exchange of a request whose head was read."""
        ...


class Held(Protocol):
    """A connection as the server holds it; `last_active` is when something last moved on it."""

    last_active: float

    def close(self) -> None:
        """Close the socket once what was written has left."""
        ...

    def close_if_idle(self) -> None:
        """Close a connection that waits for nothing, for a graceful stop."""
        ...

    def give_up(self) -> None:
        """End a connection on which nothing moves any more, unless it is we who are slow."""
        ...
