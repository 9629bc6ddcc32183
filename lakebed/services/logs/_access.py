"""Permissions that CloudWatch Logs needs besides its own: who hands over a role may pass it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.context import Context
from lakebed.govern.decision import Need, needs_of

_PASSING = "put_subscription_filter"


def needs(ctx: Context, operation: str, request: Mapping[str, Any]) -> list[Need]:
    """Return the permissions that an operation needs; the root of an account has them all."""
    if ctx.principal.is_root:
        return []
    found = list(needs_of(ctx, "logs", operation, request))
    if operation == _PASSING and request.get("roleArn"):
        found.append(Need("iam:PassRole", request["roleArn"], ctx.account))
    return found


def conditions(
    ctx: Context, operation: str, request: Mapping[str, Any]
) -> dict[str, str | tuple[str, ...]]:
    """Return the condition keys of a role that is handed over.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
    """
    del ctx
    if operation != _PASSING or not request.get("roleArn"):
        return {}
    return {"iam:passedtoservice": "logs.amazonaws.com"}
