"""Versions of managed policies: five at most, one of them in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.context import Context
from lakebed.core.limits import IAM_POLICY_CHARACTERS_MAX, IAM_POLICY_VERSIONS_MAX
from lakebed.govern.identities import POLICIES, ManagedPolicy, PolicyVersion, touch
from lakebed.services.iam._names import check_document, size_of
from lakebed.services.iam._pages import page
from lakebed.services.iam._policies import find, find_own, version_shape
from lakebed.services.iam.model import conflict, limit_exceeded, no_such, quota_exceeded

if TYPE_CHECKING:
    from lakebed.shapes import iam as shapes


def create_policy_version(
    ctx: Context, request: shapes.CreatePolicyVersionRequest
) -> shapes.CreatePolicyVersionResponse:
    """Add a version to a managed policy, and put it in force if that is asked for.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicyVersion.html
    """
    policy, text = find_own(ctx, request["PolicyArn"]), request["PolicyDocument"]
    if size_of(text) > IAM_POLICY_CHARACTERS_MAX:
        raise quota_exceeded("PolicySize", IAM_POLICY_CHARACTERS_MAX)
    check_document(text)
    if len(policy.versions) >= IAM_POLICY_VERSIONS_MAX:
        raise limit_exceeded(
            f"A managed policy can have up to {IAM_POLICY_VERSIONS_MAX} versions. Before you "
            "create a new version, you must delete an existing version."
        )
    now, number = ctx.clock.now(), policy.versions_made + 1
    version = PolicyVersion(f"v{number}", text, now)
    changed = msgspec.structs.replace(
        policy,
        versions=(*policy.versions, version),
        versions_made=number,
        updated=now,
        default=version.id if request.get("SetAsDefault") else policy.default,
    )
    _put(ctx, changed)
    return {"PolicyVersion": version_shape(changed, version, has_document=False)}


def get_policy_version(
    ctx: Context, request: shapes.GetPolicyVersionRequest
) -> shapes.GetPolicyVersionResponse:
    """Return a version of a managed policy with its document.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicyVersion.html
    """
    policy = find(ctx, request["PolicyArn"])
    return {"PolicyVersion": version_shape(policy, _version(policy, request["VersionId"]))}


def list_policy_versions(
    ctx: Context, request: shapes.ListPolicyVersionsRequest
) -> shapes.ListPolicyVersionsResponse:
    """Return the versions of a managed policy, the newest first, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicyVersions.html
    """
    policy = find(ctx, request["PolicyArn"])
    # Markers are compared as texts, and go up while versions go down.
    rows = [
        (f"{2**31 - int(one.id[1:]):010}", version_shape(policy, one, has_document=False))
        for one in reversed(policy.versions)
    ]
    answer: Any = page(request, "Versions", rows)
    return answer


def set_default_policy_version(
    ctx: Context, request: shapes.SetDefaultPolicyVersionRequest
) -> shapes.SetDefaultPolicyVersionResponse:
    """Put a version of a managed policy in force, for all it is attached to.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SetDefaultPolicyVersion.html
    """
    policy = find_own(ctx, request["PolicyArn"])
    version = _version(policy, request["VersionId"])
    now = ctx.clock.now()
    _put(ctx, msgspec.structs.replace(policy, default=version.id, updated=now))
    return {}


def delete_policy_version(
    ctx: Context, request: shapes.DeletePolicyVersionRequest
) -> shapes.DeletePolicyVersionResponse:
    """Delete a version of a managed policy that is not in force.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicyVersion.html
    """
    policy = find_own(ctx, request["PolicyArn"])
    version = _version(policy, request["VersionId"])
    if version.id == policy.default:
        raise conflict("Cannot delete the default version of a policy.")
    versions = tuple(one for one in policy.versions if one.id != version.id)
    _put(ctx, msgspec.structs.replace(policy, versions=versions, updated=ctx.clock.now()))
    return {}


def _version(policy: ManagedPolicy, name: str) -> PolicyVersion:
    for one in policy.versions:
        if one.id == name:
            return one
    raise no_such(f"Policy {policy.arn} version {name} does not exist or is not attachable.")


def _put(ctx: Context, policy: ManagedPolicy) -> None:
    POLICIES.put(ctx, policy)
    touch(ctx, ctx.account)
