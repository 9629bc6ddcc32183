"""Which permissions Glue's operations need besides their own: who hands over a role may pass it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.context import Context
from lakebed.govern.decision import Need, needs_of

_PASSING = frozenset({"create_crawler", "update_crawler", "create_job", "update_job"})


def needs(ctx: Context, operation: str, request: Mapping[str, Any]) -> list[Need]:
    """Return the permissions that an operation needs; the root of an account has them all."""
    if ctx.principal.is_root:
        return []
    found = needs_of(ctx, "glue", operation, request)
    role = _passed(operation, request)
    if role:
        found.append(Need("iam:PassRole", _role_arn(ctx, role), ctx.account))
    return found


def _passed(operation: str, request: Mapping[str, Any]) -> str:
    """Return the role that a call hands over to Glue, empty without one."""
    if operation not in _PASSING:
        return ""
    return str({**request, **request.get("JobUpdate", {})}.get("Role", ""))


def conditions(
    ctx: Context, operation: str, request: Mapping[str, Any]
) -> dict[str, str | tuple[str, ...]]:
    """Return the condition keys of a role that is handed over.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
    """
    if not _passed(operation, request):
        return {}
    kind = operation.partition("_")[2]
    name = request.get("JobName") or request["Name"]
    return {
        "iam:passedtoservice": "glue.amazonaws.com",
        "iam:associatedresourcearn": (f"arn:aws:glue:{ctx.region}:{ctx.account}:{kind}/{name}"),
    }


def _role_arn(ctx: Context, role: str) -> str:
    """Return the ARN of a role that is given by its ARN, or its name with its path."""
    if role.startswith("arn:"):
        return role
    return f"arn:aws:iam::{ctx.account}:role/{role.removeprefix('/')}"
