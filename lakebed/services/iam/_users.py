"""Users as answers have them, and which user a request means that names none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.context import Context
from lakebed.govern.identities import SECOND_FACTORS, SecondFactor, User
from lakebed.services.iam._entities import USER
from lakebed.services.iam._names import arn, boundary_shape, tag_shapes
from lakebed.services.iam.model import invalid
from lakebed.store import Range


def meant(ctx: Context, request: Mapping[str, Any]) -> User:
    """Return the user a request names, or the one who asks if it names none."""
    name = request.get("UserName") or ctx.principal.user
    if not name:
        raise invalid("Must specify userName when calling with non-User credentials")
    return USER.find(ctx, name)


def devices_of(ctx: Context, user: User) -> list[SecondFactor]:
    """Return the second factors that are enabled for a user."""
    return list(SECOND_FACTORS.scan(ctx, Range(prefix=(ctx.account, user.id), index="by_user")))


def user_shape(user: User, *, is_whole: bool = True) -> Any:
    """Return a user as answers have it; listings leave out boundary and tags."""
    shape: dict[str, Any] = {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": arn(user.account, "user", user.path, user.name),
        "CreateDate": user.created,
    }
    if is_whole and user.boundary:
        shape["PermissionsBoundary"] = boundary_shape(user.boundary)
    if is_whole and user.tags:
        shape["Tags"] = tag_shapes(user.tags)
    return shape
