"""Roles as answers have them, and the documents that say who may assume them."""

from __future__ import annotations

from typing import Any

from lakebed.context import Context
from lakebed.core.limits import IAM_TRUST_CHARACTERS_MAX
from lakebed.govern.identities import ROLES, Role, touch
from lakebed.services.iam._names import (
    arn,
    boundary_shape,
    check_document,
    shown,
    size_of,
    tag_shapes,
)
from lakebed.services.iam.model import ATTACHMENTS, quota_exceeded


def role_shape(role: Role, *, is_whole: bool = True) -> Any:
    """Return a role as answers have it; listings leave out boundary, tags and the last use."""
    shape: dict[str, Any] = {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": arn(role.account, "role", role.path, role.name),
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": shown(role.trust),
        "MaxSessionDuration": role.session_seconds_max,
    }
    if role.description:
        shape["Description"] = role.description
    if not is_whole:
        return shape
    if role.boundary:
        shape["PermissionsBoundary"] = boundary_shape(role.boundary)
    if role.tags:
        shape["Tags"] = tag_shapes(role.tags)
    shape["RoleLastUsed"] = last_used(role)
    return shape


def last_used(role: Role) -> Any:
    """Return when a role was last assumed, and in which region; nothing if it never was."""
    if not role.last_used:
        return {}
    return {"LastUsedDate": role.last_used, "Region": role.last_used_region}


def check_trust(document: str) -> str:
    """Return a trust policy; refuse one that is none, or too long."""
    if size_of(document) > IAM_TRUST_CHARACTERS_MAX:
        raise quota_exceeded("ACLSizePerRole", IAM_TRUST_CHARACTERS_MAX)
    return check_document(document, is_trust=True)


def remove_role(ctx: Context, role: Role) -> None:
    """Delete a role's row, and what tells of it."""
    if role.boundary:
        ATTACHMENTS.delete(ctx, ctx.account, role.boundary, "boundary", "Role", role.name)
    for policy in role.attached:
        ATTACHMENTS.delete(ctx, ctx.account, policy, "policy", "Role", role.name)
    ROLES.delete(ctx, ctx.account, role.name)
    touch(ctx, ctx.account)
