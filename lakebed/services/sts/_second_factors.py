"""Second factors of users who ask for temporary credentials: the code is right, and counts once.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
The sentences are remembered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lakebed.context import Context
from lakebed.govern.identities import SECOND_FACTORS, SecondFactor
from lakebed.govern.one_time_codes import NEAR_STEPS, step_of, verify
from lakebed.services.sts._sessions import denied

_SERIAL = re.compile(r"arn:aws:iam::(\d{12}):mfa/(?:[!-~]+/)?([\w+=,.@-]+)")
_FAILED = "MultiFactorAuthentication failed"


def is_shown(ctx: Context, request: Mapping[str, Any]) -> bool:
    """Tell whether a request shows a right code, without spending it: what policies may ask for."""
    device = _device(ctx, request)
    codes = (request.get("TokenCode") or "",)
    now = ctx.clock.now()
    return device is not None and step_of(ctx.settings, device, codes, now, NEAR_STEPS) is not None


def spend(ctx: Context, request: Mapping[str, Any]) -> bool:
    """Spend the code of a request; False if it names no device, AccessDenied if it is not right."""
    if "SerialNumber" not in request and "TokenCode" not in request:
        return False
    if not request.get("SerialNumber") or not request.get("TokenCode"):
        raise denied(f"{_FAILED}, must provide both MFA serial number and one time pass code.")
    device = _device(ctx, request)
    if device is None:
        raise denied(
            f"{_FAILED}, unable to validate MFA code.  Please verify your MFA serial number is "
            "valid and associated with this user."
        )
    if not verify(ctx, ctx.settings, device, request["TokenCode"], ctx.clock.now()):
        raise denied(f"{_FAILED} with invalid MFA one time pass code. ")
    return True


def _device(ctx: Context, request: Mapping[str, Any]) -> SecondFactor | None:
    """Return the device that a request names, if it is enabled for the user who asks."""
    match = _SERIAL.fullmatch(request.get("SerialNumber") or "")
    if match is None or match[1] != ctx.principal.account or not ctx.principal.user:
        return None
    device = SECOND_FACTORS.get(ctx, match[1], match[2])
    if device is None or device.serial != match[0]:
        return None
    return device if device.user_id == ctx.principal.user_id else None
