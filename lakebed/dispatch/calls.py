"""A call of an operation, as the gateway and runs hand it to the door."""

from __future__ import annotations

from typing import Any

import msgspec

from lakebed.core.principal import Origin, Principal


class Call(msgspec.Struct, frozen=True):
    """One call to be made: who, where, what."""

    principal: Principal
    region: str
    service: str
    operation: str
    request: Any
    request_id: str
    origin: Origin | None = None
