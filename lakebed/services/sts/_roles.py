"""Roles that are to be assumed, and the sessions of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.govern.identities import ROLES, Role, Session
from lakebed.services.sts._sessions import begin, invalid, packed_percent, policies_of

_ARN = re.compile(r"arn:aws:iam::(\d{12}):role(/(?:[!-~]+/)?)([\w+=,.@-]{1,64})")
CHAIN_SECONDS_MAX = 3600
"""Who assumes a role with temporary credentials of a role has an hour at most."""


def role_arn(role: Role) -> str:
    """Return a role's ARN."""
    return f"arn:aws:iam::{role.account}:role{role.path}{role.name}"


def role_of(ctx: Context, arn: str) -> Role | None:
    """Return a role of any account by its ARN; None if there is none."""
    match = _ARN.fullmatch(arn)
    if match is None:
        raise invalid(f"{arn} is invalid")
    role = ROLES.get(ctx, match[1], match[3])
    return role if role is not None and role.path == match[2] else None


def seconds_of(role: Role, request: Mapping[str, Any], *, is_chained: bool) -> int:
    """Return how long a session of a role lasts; refuse more than the role, or a chain, allows."""
    seconds = request.get("DurationSeconds") or 3600
    if seconds > role.session_seconds_max:
        raise invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    if is_chained and seconds > CHAIN_SECONDS_MAX:
        raise invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining"
        )
    return seconds


def begin_session(
    ctx: Context, role: Role, request: Mapping[str, Any], session: Session, seconds: int
) -> Any:
    """Begin a session of a role: `session` has its tags and what it inherits."""
    name = request["RoleSessionName"]
    arn = f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{name}"
    whole = msgspec.structs.replace(
        session,
        account=role.account,
        arn=arn,
        user_id=f"{role.id}:{name}",
        role=f"{role.path}{role.name}"[1:],
        session=name,
        policies=policies_of(ctx, request),
        tags={**role.tags, **session.tags},
    )
    answer: dict[str, Any] = {
        "Credentials": begin(ctx, whole, seconds),
        "AssumedRoleUser": {"AssumedRoleId": whole.user_id, "Arn": arn},
    }
    packed = packed_percent(request)
    if packed is not None:
        answer["PackedPolicySize"] = packed
    if whole.source_identity:
        answer["SourceIdentity"] = whole.source_identity
    ROLES.put(
        ctx,
        msgspec.structs.replace(role, last_used=ctx.clock.now(), last_used_region=ctx.region),
    )
    return answer
