"""Roles: who may assume them, for how long; their tags and boundaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.context import Context
from lakebed.govern.identities import ROLES, Role
from lakebed.services.iam._entities import ROLE, SERVICE_PATH, refuse_service_role, set_boundary
from lakebed.services.iam._names import check_path, new_id, tag_shapes, tags_of, without_tags
from lakebed.services.iam._pages import after, page, scanned
from lakebed.services.iam._roles import check_trust, remove_role, role_shape
from lakebed.services.iam.model import INSTANCE_PROFILES, conflict, invalid, no_such
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import iam as shapes


def create_role(ctx: Context, request: shapes.CreateRoleRequest) -> shapes.CreateRoleResponse:
    """Create a role.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
    """
    name, path = request["RoleName"], check_path(request.get("Path") or "/")
    if path.startswith(SERVICE_PATH):
        raise invalid(f"Roles below {SERVICE_PATH} are made by CreateServiceLinkedRole.")
    ROLE.check_new(ctx, name)
    role = Role(
        ctx.account,
        name,
        new_id(ctx, "AROA"),
        check_trust(request["AssumeRolePolicyDocument"]),
        path,
        ctx.clock.now(),
        request.get("Description") or "",
        request.get("MaxSessionDuration") or 3600,
        tags_of(request.get("Tags") or ()),
        folded=name.lower(),
    )
    ROLE.put(ctx, role)
    boundary = request.get("PermissionsBoundary")
    if boundary:
        role = set_boundary(ctx, ROLE, role, boundary)
    shape = role_shape(role)
    del shape["RoleLastUsed"]
    return {"Role": shape}


def get_role(ctx: Context, request: shapes.GetRoleRequest) -> shapes.GetRoleResponse:
    """Return a role with its trust policy.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html
    """
    return {"Role": role_shape(ROLE.find(ctx, request["RoleName"]))}


def list_roles(ctx: Context, request: shapes.ListRolesRequest) -> shapes.ListRolesResponse:
    """Return the roles below a path, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html
    """
    prefix = request.get("PathPrefix") or "/"
    roles = scanned(ctx, ROLES, lambda role: role.name, after(request))
    rows = ((one.name, role_shape(one, is_whole=False)) for one in roles
            if one.path.startswith(prefix))  # fmt: skip
    answer: Any = page(request, "Roles", rows)
    return answer


def update_role(ctx: Context, request: shapes.UpdateRoleRequest) -> shapes.UpdateRoleResponse:
    """Change a role's description, the longest session, or both.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html
    """
    role = ROLE.find(ctx, request["RoleName"])
    refuse_service_role(role)
    changed = msgspec.structs.replace(
        role,
        description=request.get("Description", role.description),
        session_seconds_max=request.get("MaxSessionDuration") or role.session_seconds_max,
    )
    ROLE.put(ctx, changed)
    return {}


def update_role_description(
    ctx: Context, request: shapes.UpdateRoleDescriptionRequest
) -> shapes.UpdateRoleDescriptionResponse:
    """Change a role's description, and return the role.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRoleDescription.html
    """
    role = ROLE.find(ctx, request["RoleName"])
    refuse_service_role(role)
    changed = msgspec.structs.replace(role, description=request["Description"])
    ROLE.put(ctx, changed)
    return {"Role": role_shape(changed)}


def update_assume_role_policy(
    ctx: Context, request: shapes.UpdateAssumeRolePolicyRequest
) -> shapes.UpdateAssumeRolePolicyResponse:
    """Change who may assume a role.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html
    """
    role = ROLE.find(ctx, request["RoleName"])
    refuse_service_role(role)
    ROLE.put(ctx, msgspec.structs.replace(role, trust=check_trust(request["PolicyDocument"])))
    return {}


def delete_role(ctx: Context, request: shapes.DeleteRoleRequest) -> shapes.DeleteRoleResponse:
    """Delete a role that has nothing any more; its sessions may do nothing from then on.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html
    """
    role = ROLE.find(ctx, request["RoleName"])
    refuse_service_role(role)
    profiles = Range(prefix=(ctx.account, role.name), index="by_role", limit=1)
    if next(INSTANCE_PROFILES.scan(ctx, profiles), None) is not None:
        raise conflict("Cannot delete entity, must remove roles from instance profile first.")
    if role.attached:
        raise conflict("Cannot delete entity, must detach all policies first.")
    if role.inline:
        raise conflict("Cannot delete entity, must delete policies first.")
    remove_role(ctx, role)
    return {}


def put_role_permissions_boundary(
    ctx: Context, request: shapes.PutRolePermissionsBoundaryRequest
) -> shapes.PutRolePermissionsBoundaryResponse:
    """Limit what a role may do to what a managed policy allows.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePermissionsBoundary.html
    """
    role = ROLE.find(ctx, request["RoleName"])
    refuse_service_role(role)
    set_boundary(ctx, ROLE, role, request["PermissionsBoundary"])
    return {}


def delete_role_permissions_boundary(
    ctx: Context, request: shapes.DeleteRolePermissionsBoundaryRequest
) -> shapes.DeleteRolePermissionsBoundaryResponse:
    """Lift a role's permissions boundary.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRolePermissionsBoundary.html
    """
    role = ROLE.find(ctx, request["RoleName"])
    refuse_service_role(role)
    if not role.boundary:
        raise no_such(f"Role with name {role.name} does not have a permissions boundary.")
    set_boundary(ctx, ROLE, role, "")
    return {}


def tag_role(ctx: Context, request: shapes.TagRoleRequest) -> shapes.TagRoleResponse:
    """Add tags to a role.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagRole.html
    """
    role = ROLE.find(ctx, request["RoleName"])
    refuse_service_role(role)
    ROLE.put(ctx, msgspec.structs.replace(role, tags=tags_of(request["Tags"], role.tags)))
    return {}


def untag_role(ctx: Context, request: shapes.UntagRoleRequest) -> shapes.UntagRoleResponse:
    """Remove tags from a role.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagRole.html
    """
    role = ROLE.find(ctx, request["RoleName"])
    refuse_service_role(role)
    ROLE.put(ctx, msgspec.structs.replace(role, tags=without_tags(role.tags, request["TagKeys"])))
    return {}


def list_role_tags(
    ctx: Context, request: shapes.ListRoleTagsRequest
) -> shapes.ListRoleTagsResponse:
    """Return a role's tags, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoleTags.html
    """
    tags = ROLE.find(ctx, request["RoleName"]).tags
    rows = ((one["Key"], one) for one in tag_shapes(dict(sorted(tags.items()))))
    answer: Any = page(request, "Tags", rows)
    return answer
