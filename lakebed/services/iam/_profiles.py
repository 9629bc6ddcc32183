"""Instance profiles as answers have them."""

from __future__ import annotations

from typing import Any

from lakebed.context import Context
from lakebed.govern.identities import ROLES
from lakebed.services.iam._names import tag_shapes
from lakebed.services.iam._roles import role_shape
from lakebed.services.iam.model import INSTANCE_PROFILES, InstanceProfile, no_such


def find(ctx: Context, name: str) -> InstanceProfile:
    """Return the instance profile of a name; NoSuchEntity if there is none."""
    held = INSTANCE_PROFILES.get(ctx, ctx.account, name)
    if held is None:
        raise no_such(f"Instance Profile {name} cannot be found.")
    return held


def profile_shape(ctx: Context, profile: InstanceProfile, *, is_whole: bool = True) -> Any:
    """Return an instance profile as answers have it, with its role; listings leave out tags."""
    role = ROLES.get(ctx, ctx.account, profile.role) if profile.role else None
    shape: dict[str, Any] = {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": profile.created,
        "Roles": [] if role is None else [role_shape(role, is_whole=False)],
    }
    if is_whole and profile.tags:
        shape["Tags"] = tag_shapes(profile.tags)
    return shape
