"""The decision every call asks for, before its handler runs.

Only the account's root exists so far: it may do everything in its account, anonymous callers
nothing. IAM and resource policies and Lake Formation are answered here when they are built.
"""

from __future__ import annotations

import msgspec

from lakebed.core.principal import Principal


class Decision(msgspec.Struct, frozen=True):
    """Whether a call may go on, and the sentence that says why not."""

    is_allowed: bool
    reason: str = ""


ALLOWED = Decision(is_allowed=True)


def decide(principal: Principal, action: str) -> Decision:
    """Decide whether `principal` may do `action` (`glue:GetTable`) in its own account."""
    if principal.is_root:
        return ALLOWED
    who = "Anonymous" if principal.is_anonymous else f"User: {principal.arn}"
    return Decision(is_allowed=False, reason=f"{who} is not authorized to perform: {action}")
