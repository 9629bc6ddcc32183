"""NextTokens: where a listing goes on, sealed, and no longer usable after 300 seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from lakebed import sealing
from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import KINESIS_TOKEN_SECONDS
from lakebed.services.kinesis.model import invalid

_PURPOSE = "kinesis"


def sealed(ctx: Context, operation: str, where: Mapping[str, Any]) -> str:
    """Return a token of an operation."""
    value = msgspec.json.encode({**where, "at": ctx.clock.now()})
    return sealing.seal(ctx.settings, _PURPOSE, f"NextToken of {operation}", value)


def opened(ctx: Context, operation: str, token: str) -> dict[str, Any]:
    """Return what a token of an operation says.

    InvalidArgumentException if it is none, ExpiredNextTokenException 300 seconds after it was made.
    """
    try:
        name = f"NextToken of {operation}"
        value = sealing.unseal(ctx.settings, _PURPOSE, name, token)
    except sealing.SealError:
        raise invalid("NextToken is invalid.") from None
    where = cast("dict[str, Any]", msgspec.json.decode(value))
    if ctx.clock.now() - where["at"] > KINESIS_TOKEN_SECONDS:
        raise AwsError("ExpiredNextTokenException", "The NextToken has expired.")
    return where
