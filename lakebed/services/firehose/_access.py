"""Permissions that Firehose needs besides its own: who hands over a role may pass it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from lakebed.context import Context
from lakebed.govern.decision import Need, needs_of

_PASSING = frozenset({"create_delivery_stream", "update_destination"})
_ROLE = "RoleARN"


def needs(ctx: Context, operation: str, request: Mapping[str, Any]) -> list[Need]:
    """Return the permissions that an operation needs; the root of an account has them all."""
    if ctx.principal.is_root:
        return []
    found = list(needs_of(ctx, "firehose", operation, request))
    if operation in _PASSING:
        roles = sorted(set(_roles(request)))
        found += [Need("iam:PassRole", role, ctx.account) for role in roles]
    return found


def conditions(
    ctx: Context, operation: str, request: Mapping[str, Any]
) -> dict[str, str | tuple[str, ...]]:
    """Return the condition keys of roles that are handed over.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
    """
    del ctx
    if operation not in _PASSING:
        return {}
    return {"iam:passedtoservice": "firehose.amazonaws.com"}


def _roles(shape: Any) -> Iterator[str]:
    """Yield the roles that a request names, wherever they stand."""
    if isinstance(shape, Mapping):
        for name, value in cast("Mapping[str, Any]", shape).items():
            if name == _ROLE and isinstance(value, str):
                yield value
            else:
                yield from _roles(value)
    elif isinstance(shape, list):
        for one in cast("list[Any]", shape):
            yield from _roles(one)
