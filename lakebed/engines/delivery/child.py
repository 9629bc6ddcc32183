"""The child process of an order whose work is not for the server: another's programs and bytes."""

from __future__ import annotations

import msgspec

from lakebed.engines.child import Bounds, ChildError, ask
from lakebed.engines.delivery import Order, Outcome
from lakebed.engines.delivery.orders import carry_out

_MODULE = "delivery.child"


async def carried_out(order: Order, bounds: Bounds) -> Outcome:
    """Carry out an order in a child process; ChildError if it does not come to an end."""
    answer = await ask(_MODULE, msgspec.msgpack.encode(order), bounds)
    try:
        return msgspec.msgpack.decode(answer, type=Outcome)
    except msgspec.DecodeError as error:
        raise ChildError("It answered with something else.") from error


def answer(request: bytes) -> bytes:
    """Carry out an order, in the child."""
    return msgspec.msgpack.encode(carry_out(msgspec.msgpack.decode(request, type=Order)))
