"""Groups, and which users are in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.context import Context
from lakebed.core.limits import IAM_GROUPS_OF_USER_MAX
from lakebed.govern.identities import GROUPS, USERS, Group, User, touch
from lakebed.services.iam._entities import GROUP, USER
from lakebed.services.iam._groups import group_shape
from lakebed.services.iam._names import check_path, new_id
from lakebed.services.iam._pages import after, page, scanned
from lakebed.services.iam._users import user_shape
from lakebed.services.iam.model import ATTACHMENTS, Attachment, conflict, no_such, quota_exceeded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lakebed.shapes import iam as shapes


def create_group(ctx: Context, request: shapes.CreateGroupRequest) -> shapes.CreateGroupResponse:
    """Create a group.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateGroup.html
    """
    name = request["GroupName"]
    GROUP.check_new(ctx, name)
    path = check_path(request.get("Path") or "/")
    group = Group(
        ctx.account, name, new_id(ctx, "AGPA"), path, ctx.clock.now(), folded=name.lower()
    )
    GROUP.put(ctx, group)
    return {"Group": group_shape(group)}


def get_group(ctx: Context, request: shapes.GetGroupRequest) -> shapes.GetGroupResponse:
    """Return a group, and its users a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetGroup.html
    """
    group = GROUP.find(ctx, request["GroupName"])
    rows = ((user.name, user_shape(user, is_whole=False)) for user in _members(ctx, group.name))
    answer: Any = page(request, "Users", rows)
    answer["Group"] = group_shape(group)
    return answer


def list_groups(ctx: Context, request: shapes.ListGroupsRequest) -> shapes.ListGroupsResponse:
    """Return the groups below a path, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListGroups.html
    """
    prefix = request.get("PathPrefix") or "/"
    groups = scanned(ctx, GROUPS, lambda group: group.name, after(request))
    rows = ((one.name, group_shape(one)) for one in groups if one.path.startswith(prefix))
    answer: Any = page(request, "Groups", rows)
    return answer


def update_group(ctx: Context, request: shapes.UpdateGroupRequest) -> shapes.UpdateGroupResponse:
    """Change a group's name, path, or both; its users stay in it.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateGroup.html
    """
    group = GROUP.find(ctx, request["GroupName"])
    name = request.get("NewGroupName") or group.name
    if name.lower() != group.folded:
        GROUP.check_new(ctx, name)
    path = check_path(request.get("NewPath") or group.path)
    if name != group.name:
        _rename(ctx, group, name)
    changed = msgspec.structs.replace(group, name=name, path=path, folded=name.lower())
    GROUP.put(ctx, changed)
    return {}


def delete_group(ctx: Context, request: shapes.DeleteGroupRequest) -> shapes.DeleteGroupResponse:
    """Delete a group that has neither users nor policies any more.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroup.html
    """
    group = GROUP.find(ctx, request["GroupName"])
    if next(_members(ctx, group.name), None) is not None:
        raise conflict("Cannot delete entity, must remove users from group first.")
    if group.attached:
        raise conflict("Cannot delete entity, must detach all policies first.")
    if group.inline:
        raise conflict("Cannot delete entity, must delete policies first.")
    GROUPS.delete(ctx, ctx.account, group.name)
    touch(ctx, ctx.account)
    return {}


def add_user_to_group(
    ctx: Context, request: shapes.AddUserToGroupRequest
) -> shapes.AddUserToGroupResponse:
    """Put a user into a group; one who is in it stays.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddUserToGroup.html
    """
    group, user = GROUP.find(ctx, request["GroupName"]), USER.find(ctx, request["UserName"])
    if group.name in user.groups:
        return {}
    if len(user.groups) >= IAM_GROUPS_OF_USER_MAX:
        raise quota_exceeded("GroupsPerUser", IAM_GROUPS_OF_USER_MAX)
    groups = tuple(sorted((*user.groups, group.name)))
    USER.put(ctx, msgspec.structs.replace(user, groups=groups))
    return {}


def remove_user_from_group(
    ctx: Context, request: shapes.RemoveUserFromGroupRequest
) -> shapes.RemoveUserFromGroupResponse:
    """Take a user out of a group.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveUserFromGroup.html
    """
    group, user = GROUP.find(ctx, request["GroupName"]), USER.find(ctx, request["UserName"])
    if group.name not in user.groups:
        # The sentence is remembered.
        raise no_such(f"User {user.name} is not in group {group.name}.")
    groups = tuple(one for one in user.groups if one != group.name)
    USER.put(ctx, msgspec.structs.replace(user, groups=groups))
    return {}


def list_groups_for_user(
    ctx: Context, request: shapes.ListGroupsForUserRequest
) -> shapes.ListGroupsForUserResponse:
    """Return the groups a user is in, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListGroupsForUser.html
    """
    user = USER.find(ctx, request["UserName"])
    rows = ((name, group_shape(GROUP.find(ctx, name))) for name in user.groups)
    answer: Any = page(request, "Groups", rows)
    return answer


def _members(ctx: Context, name: str) -> Iterator[User]:
    return (user for user in scanned(ctx, USERS, lambda one: one.name) if name in user.groups)


def _rename(ctx: Context, group: Group, name: str) -> None:
    """Move what is kept by a group's name to its new one."""
    for user in list(_members(ctx, group.name)):
        groups = tuple(sorted(name if one == group.name else one for one in user.groups))
        USERS.put(ctx, msgspec.structs.replace(user, groups=groups))
    for arn in group.attached:
        ATTACHMENTS.delete(ctx, ctx.account, arn, "policy", "Group", group.name)
        ATTACHMENTS.put(ctx, Attachment(ctx.account, arn, "policy", "Group", name))
    GROUPS.delete(ctx, ctx.account, group.name)
