"""Instance profiles: what hands a role to a machine. No machine is started here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.context import Context
from lakebed.core.limits import IAM_INSTANCE_PROFILES_MAX
from lakebed.services.iam._entities import ROLE, refuse_service_role
from lakebed.services.iam._names import check_path, new_id, tag_shapes, tags_of, without_tags
from lakebed.services.iam._pages import after, page, scanned
from lakebed.services.iam._profiles import find, profile_shape
from lakebed.services.iam.model import (
    INSTANCE_PROFILES,
    InstanceProfile,
    conflict,
    exists,
    no_such,
    quota_exceeded,
)
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import iam as shapes


def create_instance_profile(
    ctx: Context, request: shapes.CreateInstanceProfileRequest
) -> shapes.CreateInstanceProfileResponse:
    """Create an instance profile, without a role.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateInstanceProfile.html
    """
    name = request["InstanceProfileName"]
    same = Range(prefix=(ctx.account, name.lower()), index="by_folded", limit=1)
    if next(INSTANCE_PROFILES.scan(ctx, same), None) is not None:
        raise exists(f"Instance Profile {name} already exists.")
    if INSTANCE_PROFILES.count(ctx, ctx.account) >= IAM_INSTANCE_PROFILES_MAX:
        raise quota_exceeded("InstanceProfilesPerAccount", IAM_INSTANCE_PROFILES_MAX)
    profile = InstanceProfile(
        ctx.account,
        name,
        new_id(ctx, "AIPA"),
        check_path(request.get("Path") or "/"),
        ctx.clock.now(),
        tags=tags_of(request.get("Tags") or ()),
        folded=name.lower(),
    )
    INSTANCE_PROFILES.put(ctx, profile)
    return {"InstanceProfile": profile_shape(ctx, profile)}


def get_instance_profile(
    ctx: Context, request: shapes.GetInstanceProfileRequest
) -> shapes.GetInstanceProfileResponse:
    """Return an instance profile with its role.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetInstanceProfile.html
    """
    return {"InstanceProfile": profile_shape(ctx, find(ctx, request["InstanceProfileName"]))}


def list_instance_profiles(
    ctx: Context, request: shapes.ListInstanceProfilesRequest
) -> shapes.ListInstanceProfilesResponse:
    """Return the instance profiles below a path, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfiles.html
    """
    prefix = request.get("PathPrefix") or "/"
    found = scanned(ctx, INSTANCE_PROFILES, lambda profile: profile.name, after(request))
    rows = ((one.name, profile_shape(ctx, one, is_whole=False)) for one in found
            if one.path.startswith(prefix))  # fmt: skip
    answer: Any = page(request, "InstanceProfiles", rows)
    return answer


def list_instance_profiles_for_role(
    ctx: Context, request: shapes.ListInstanceProfilesForRoleRequest
) -> shapes.ListInstanceProfilesForRoleResponse:
    """Return the instance profiles that hold a role, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfilesForRole.html
    """
    role = ROLE.find(ctx, request["RoleName"])
    span = Range(prefix=(ctx.account, role.name), index="by_role")
    found = sorted(INSTANCE_PROFILES.scan(ctx, span), key=lambda one: one.name)
    rows = ((one.name, profile_shape(ctx, one, is_whole=False)) for one in found)
    answer: Any = page(request, "InstanceProfiles", rows)
    return answer


def delete_instance_profile(
    ctx: Context, request: shapes.DeleteInstanceProfileRequest
) -> shapes.DeleteInstanceProfileResponse:
    """Delete an instance profile that holds no role any more.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteInstanceProfile.html
    """
    profile = find(ctx, request["InstanceProfileName"])
    if profile.role:
        raise conflict("Cannot delete entity, must remove roles from instance profile first.")
    INSTANCE_PROFILES.delete(ctx, ctx.account, profile.name)
    return {}


def add_role_to_instance_profile(
    ctx: Context, request: shapes.AddRoleToInstanceProfileRequest
) -> shapes.AddRoleToInstanceProfileResponse:
    """Put a role into an instance profile that has none.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddRoleToInstanceProfile.html
    """
    profile = find(ctx, request["InstanceProfileName"])
    role = ROLE.find(ctx, request["RoleName"])
    refuse_service_role(role)
    if profile.role:
        raise quota_exceeded("InstanceSessionsPerInstanceProfile", 1)
    INSTANCE_PROFILES.put(ctx, msgspec.structs.replace(profile, role=role.name))
    return {}


def remove_role_from_instance_profile(
    ctx: Context, request: shapes.RemoveRoleFromInstanceProfileRequest
) -> shapes.RemoveRoleFromInstanceProfileResponse:
    """Take its role out of an instance profile.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveRoleFromInstanceProfile.html
    """
    profile = find(ctx, request["InstanceProfileName"])
    if profile.role != request["RoleName"]:
        raise no_such(f"The role with name {request['RoleName']} cannot be found.")
    INSTANCE_PROFILES.put(ctx, msgspec.structs.replace(profile, role=""))
    return {}


def tag_instance_profile(
    ctx: Context, request: shapes.TagInstanceProfileRequest
) -> shapes.TagInstanceProfileResponse:
    """Add tags to an instance profile.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagInstanceProfile.html
    """
    profile = find(ctx, request["InstanceProfileName"])
    tags = tags_of(request["Tags"], profile.tags)
    INSTANCE_PROFILES.put(ctx, msgspec.structs.replace(profile, tags=tags))
    return {}


def untag_instance_profile(
    ctx: Context, request: shapes.UntagInstanceProfileRequest
) -> shapes.UntagInstanceProfileResponse:
    """Remove tags from an instance profile.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagInstanceProfile.html
    """
    profile = find(ctx, request["InstanceProfileName"])
    tags = without_tags(profile.tags, request["TagKeys"])
    INSTANCE_PROFILES.put(ctx, msgspec.structs.replace(profile, tags=tags))
    return {}


def list_instance_profile_tags(
    ctx: Context, request: shapes.ListInstanceProfileTagsRequest
) -> shapes.ListInstanceProfileTagsResponse:
    """Return an instance profile's tags, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfileTags.html
    """
    tags = find(ctx, request["InstanceProfileName"]).tags
    rows = ((one["Key"], one) for one in tag_shapes(dict(sorted(tags.items()))))
    answer: Any = page(request, "Tags", rows)
    return answer
