"""Entities with all they have, as GetAccountAuthorizationDetails shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from lakebed.context import Context
from lakebed.govern.identities import (
    GROUPS,
    POLICIES,
    ROLES,
    USERS,
    Group,
    ManagedPolicy,
    Role,
    User,
)
from lakebed.services.iam._entities import attached_shapes
from lakebed.services.iam._groups import group_shape
from lakebed.services.iam._names import shown
from lakebed.services.iam._pages import scanned
from lakebed.services.iam._policies import policy_shape, version_shape
from lakebed.services.iam._profiles import profile_shape
from lakebed.services.iam._roles import role_shape
from lakebed.services.iam._users import user_shape
from lakebed.services.iam.model import INSTANCE_PROFILES
from lakebed.store import Range

MEMBERS = {
    "AWSManagedPolicy": "Policies",
    "Group": "GroupDetailList",
    "LocalManagedPolicy": "Policies",
    "Role": "RoleDetailList",
    "User": "UserDetailList",
}
"""By the kinds that can be asked for, where the answer has them."""


def users(ctx: Context) -> Iterator[tuple[str, Any]]:
    """Yield users with their groups and policies."""
    for one in scanned(ctx, USERS, lambda user: user.name):
        shape = user_shape(one) | _policies_of(one, "UserPolicyList")
        yield one.name, shape | {"GroupList": list(one.groups)}


def groups(ctx: Context) -> Iterator[tuple[str, Any]]:
    """Yield groups with their policies."""
    for one in scanned(ctx, GROUPS, lambda group: group.name):
        yield one.name, group_shape(one) | _policies_of(one, "GroupPolicyList")


def roles(ctx: Context) -> Iterator[tuple[str, Any]]:
    """Yield roles with their policies and instance profiles."""
    for one in scanned(ctx, ROLES, lambda role: role.name):
        shape = role_shape(one) | _policies_of(one, "RolePolicyList")
        shape.pop("Description", None)
        shape.pop("MaxSessionDuration")
        span = Range(prefix=(ctx.account, one.name), index="by_role")
        profiles = INSTANCE_PROFILES.scan(ctx, span)
        shape["InstanceProfileList"] = [
            profile_shape(ctx, profile, is_whole=False) for profile in profiles
        ]
        yield one.name, shape


def own_policies(ctx: Context) -> Iterator[tuple[str, Any]]:
    """Yield the account's managed policies with their versions."""
    return policies(ctx, scanned(ctx, POLICIES, lambda policy: policy.name), is_aws=False)


def policies(
    ctx: Context, found: Iterable[ManagedPolicy], *, is_aws: bool
) -> Iterator[tuple[str, Any]]:
    """Yield managed policies with their versions; of AWS's those that are attached."""
    for one in found:
        shape = policy_shape(ctx, one)
        shape.pop("Tags", None)
        if is_aws and not shape["AttachmentCount"]:
            continue
        versions = [version_shape(one, version) for version in reversed(one.versions)]
        yield one.arn if is_aws else one.name, shape | {"PolicyVersionList": versions}


def _policies_of(entity: User | Group | Role, member: str) -> dict[str, Any]:
    inline = [
        {"PolicyName": name, "PolicyDocument": shown(text)}
        for name, text in sorted(entity.inline.items())
    ]
    attached = [shape for _, shape in attached_shapes(entity)]
    return {member: inline, "AttachedManagedPolicies": attached}
