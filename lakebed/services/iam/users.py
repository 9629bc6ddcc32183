"""Users, by name; their tags and boundaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.context import Context
from lakebed.govern.identities import ACCESS_KEYS, SECOND_FACTORS, USERS, User, touch
from lakebed.services.iam._entities import USER, set_boundary
from lakebed.services.iam._names import check_path, new_id, tag_shapes, tags_of, without_tags
from lakebed.services.iam._pages import after, page, scanned
from lakebed.services.iam._users import devices_of, meant, user_shape
from lakebed.services.iam.model import (
    ATTACHMENTS,
    LOGIN_PROFILES,
    SSH_PUBLIC_KEYS,
    Attachment,
    conflict,
    no_such,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import iam as shapes


def create_user(ctx: Context, request: shapes.CreateUserRequest) -> shapes.CreateUserResponse:
    """Create a user.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html
    """
    name = request["UserName"]
    USER.check_new(ctx, name)
    user = User(
        ctx.account,
        name,
        new_id(ctx, "AIDA"),
        check_path(request.get("Path") or "/"),
        ctx.clock.now(),
        tags_of(request.get("Tags") or ()),
        folded=name.lower(),
    )
    USER.put(ctx, user)
    boundary = request.get("PermissionsBoundary")
    if boundary:
        user = set_boundary(ctx, USER, user, boundary)
    return {"User": user_shape(user)}


def get_user(ctx: Context, request: shapes.GetUserRequest) -> shapes.GetUserResponse:
    """Return a user: the one who asks, if none is named.

    The root of an account has no row of its own, and must name a user here.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html
    """
    return {"User": user_shape(meant(ctx, request))}


def list_users(ctx: Context, request: shapes.ListUsersRequest) -> shapes.ListUsersResponse:
    """Return the users below a path, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html
    """
    prefix = request.get("PathPrefix") or "/"
    users = scanned(ctx, USERS, lambda user: user.name, after(request))
    rows = ((one.name, user_shape(one, is_whole=False)) for one in users
            if one.path.startswith(prefix))  # fmt: skip
    answer: Any = page(request, "Users", rows)
    return answer


def update_user(ctx: Context, request: shapes.UpdateUserRequest) -> shapes.UpdateUserResponse:
    """Change a user's name, path, or both; what it has stays its own.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html
    """
    user = USER.find(ctx, request["UserName"])
    name = request.get("NewUserName") or user.name
    if name.lower() != user.folded:
        USER.check_new(ctx, name)
    changed = msgspec.structs.replace(
        user, name=name, path=check_path(request.get("NewPath") or user.path), folded=name.lower()
    )
    _move(ctx, user, changed)
    USER.put(ctx, changed)
    return {}


def delete_user(ctx: Context, request: shapes.DeleteUserRequest) -> shapes.DeleteUserResponse:
    """Delete a user who has nothing any more.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html
    """
    user = USER.find(ctx, request["UserName"])
    keys = Range(prefix=(ctx.account, user.name), index="by_user", limit=1)
    if user.attached:
        raise conflict("Cannot delete entity, must detach all policies first.")
    if user.inline:
        raise conflict("Cannot delete entity, must delete policies first.")
    if user.groups:
        raise conflict("Cannot delete entity, must remove users from group first.")
    if next(ACCESS_KEYS.scan(ctx, keys), None) is not None:
        raise conflict("Cannot delete entity, must delete access keys first.")
    if LOGIN_PROFILES.get(ctx, ctx.account, user.id) is not None:
        raise conflict("Cannot delete entity, must delete login profile first.")
    if next(iter(devices_of(ctx, user)), None) is not None:
        raise conflict("Cannot delete entity, must delete MFA device first.")
    if next(SSH_PUBLIC_KEYS.scan(ctx, Range(prefix=(ctx.account, user.id), limit=1)), None):
        # The sentence is ours.
        raise conflict("Cannot delete entity, must delete SSH public keys first.")
    if user.boundary:
        ATTACHMENTS.delete(ctx, ctx.account, user.boundary, "boundary", "User", user.name)
    USERS.delete(ctx, ctx.account, user.name)
    touch(ctx, ctx.account)
    return {}


def put_user_permissions_boundary(
    ctx: Context, request: shapes.PutUserPermissionsBoundaryRequest
) -> shapes.PutUserPermissionsBoundaryResponse:
    """Limit what a user may do to what a managed policy allows.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPermissionsBoundary.html
    """
    user = USER.find(ctx, request["UserName"])
    set_boundary(ctx, USER, user, request["PermissionsBoundary"])
    return {}


def delete_user_permissions_boundary(
    ctx: Context, request: shapes.DeleteUserPermissionsBoundaryRequest
) -> shapes.DeleteUserPermissionsBoundaryResponse:
    """Lift a user's permissions boundary.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPermissionsBoundary.html
    """
    user = USER.find(ctx, request["UserName"])
    if not user.boundary:
        raise no_such(f"User with name {user.name} does not have a permissions boundary.")
    set_boundary(ctx, USER, user, "")
    return {}


def tag_user(ctx: Context, request: shapes.TagUserRequest) -> shapes.TagUserResponse:
    """Add tags to a user.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagUser.html
    """
    user = USER.find(ctx, request["UserName"])
    USER.put(ctx, msgspec.structs.replace(user, tags=tags_of(request["Tags"], user.tags)))
    return {}


def untag_user(ctx: Context, request: shapes.UntagUserRequest) -> shapes.UntagUserResponse:
    """Remove tags from a user.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagUser.html
    """
    user = USER.find(ctx, request["UserName"])
    USER.put(ctx, msgspec.structs.replace(user, tags=without_tags(user.tags, request["TagKeys"])))
    return {}


def list_user_tags(
    ctx: Context, request: shapes.ListUserTagsRequest
) -> shapes.ListUserTagsResponse:
    """Return a user's tags, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUserTags.html
    """
    tags = USER.find(ctx, request["UserName"]).tags
    rows = ((one["Key"], one) for one in tag_shapes(dict(sorted(tags.items()))))
    answer: Any = page(request, "Tags", rows)
    return answer


def _move(ctx: Context, user: User, changed: User) -> None:
    """Move what is kept by a user's name and path to the new ones."""
    for key in list(ACCESS_KEYS.scan(ctx, Range(prefix=(ctx.account, user.name), index="by_user"))):
        moved = msgspec.structs.replace(key, user=changed.name, path=changed.path)
        ACCESS_KEYS.put(ctx, moved)
    for device in devices_of(ctx, user):
        SECOND_FACTORS.put(ctx, msgspec.structs.replace(device, user=changed.name))
    usages = [(arn, "policy") for arn in user.attached]
    usages += [(user.boundary, "boundary")] if user.boundary else []
    for arn, usage in usages:
        ATTACHMENTS.delete(ctx, ctx.account, arn, usage, "User", user.name)
        ATTACHMENTS.put(ctx, Attachment(ctx.account, arn, usage, "User", changed.name))
    if changed.name != user.name:
        USERS.delete(ctx, ctx.account, user.name)
