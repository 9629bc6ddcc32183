"""Managed policies: the account's own can be written, AWS's that are shipped can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.context import Context
from lakebed.core.limits import IAM_POLICIES_MAX, IAM_POLICY_CHARACTERS_MAX
from lakebed.govern.identities import POLICIES, ManagedPolicy, PolicyVersion, aws_policies, touch
from lakebed.services.iam._entities import entity_of
from lakebed.services.iam._names import (
    check_document,
    check_path,
    new_id,
    size_of,
    tag_shapes,
    tags_of,
    without_tags,
)
from lakebed.services.iam._pages import page, scanned
from lakebed.services.iam._policies import attachments, find, find_own, policy_shape
from lakebed.services.iam.model import ATTACHMENTS, conflict, exists, quota_exceeded
from lakebed.store import Range

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lakebed.shapes import iam as shapes

_ENTITY_IDS = {
    "User": ("PolicyUsers", "UserName", "UserId"),
    "Group": ("PolicyGroups", "GroupName", "GroupId"),
    "Role": ("PolicyRoles", "RoleName", "RoleId"),
}


def create_policy(ctx: Context, request: shapes.CreatePolicyRequest) -> shapes.CreatePolicyResponse:
    """Create a managed policy.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
    """
    name, text = request["PolicyName"], request["PolicyDocument"]
    if size_of(text) > IAM_POLICY_CHARACTERS_MAX:
        raise quota_exceeded("PolicySize", IAM_POLICY_CHARACTERS_MAX)
    same = Range(prefix=(ctx.account, name.lower()), index="by_folded", limit=1)
    if next(POLICIES.scan(ctx, same), None) is not None:
        raise exists(f"A policy called {name} already exists. Duplicate names are not allowed.")
    if POLICIES.count(ctx, ctx.account) >= IAM_POLICIES_MAX:
        raise quota_exceeded("PoliciesPerAccount", IAM_POLICIES_MAX)
    now = ctx.clock.now()
    policy = ManagedPolicy(
        ctx.account,
        name,
        new_id(ctx, "ANPA"),
        check_path(request.get("Path") or "/"),
        request.get("Description") or "",
        now,
        now,
        versions=(PolicyVersion("v1", check_document(text), now),),
        tags=tags_of(request.get("Tags") or ()),
        folded=name.lower(),
    )
    _put(ctx, policy)
    shape = policy_shape(ctx, policy)
    shape.pop("Description", None)
    return {"Policy": shape}


def get_policy(ctx: Context, request: shapes.GetPolicyRequest) -> shapes.GetPolicyResponse:
    """Return a managed policy, without its document.

    Of AWS's policies those are known that lakes use; their dates and versions are not AWS's.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicy.html
    """
    return {"Policy": policy_shape(ctx, find(ctx, request["PolicyArn"]))}


def list_policies(ctx: Context, request: shapes.ListPoliciesRequest) -> shapes.ListPoliciesResponse:
    """Return managed policies, a page at a time: the account's, AWS's that are shipped, or both.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicies.html
    """
    prefix, usage = request.get("PathPrefix") or "/", request.get("PolicyUsageFilter")
    scope = request.get("Scope") or "All"
    wanted = {"PermissionsPolicy": "policy", "PermissionsBoundary": "boundary"}.get(usage or "")
    is_used = request.get("OnlyAttached") or usage is not None

    def counts(policy: ManagedPolicy) -> bool:
        usages = (wanted,) if wanted else ("policy", "boundary")
        return any(ATTACHMENTS.count(ctx, ctx.account, policy.arn, one) for one in usages)

    found = [one for one in _all(ctx, scope)
             if one.path.startswith(prefix) and (not is_used or counts(one))]  # fmt: skip
    found.sort(key=lambda one: one.arn)
    rows = ((one.arn, policy_shape(ctx, one, is_whole=False)) for one in found)
    answer: Any = page(request, "Policies", rows)
    return answer


def delete_policy(ctx: Context, request: shapes.DeletePolicyRequest) -> shapes.DeletePolicyResponse:
    """Delete a managed policy that nobody has, and that has one version.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html
    """
    policy = find_own(ctx, request["PolicyArn"])
    for usage in ("policy", "boundary"):
        if ATTACHMENTS.count(ctx, ctx.account, policy.arn, usage):
            raise conflict("Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise conflict(
            "This policy has more than one version. Before you delete a policy, you must delete "
            "the policy's versions. The default version is deleted with the policy."
        )
    POLICIES.delete(ctx, ctx.account, policy.name)
    touch(ctx, ctx.account)
    return {}


def list_entities_for_policy(
    ctx: Context, request: shapes.ListEntitiesForPolicyRequest
) -> shapes.ListEntitiesForPolicyResponse:
    """Return whom a managed policy is attached to, or bounds, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListEntitiesForPolicy.html
    """
    policy = find(ctx, request["PolicyArn"])
    is_boundary = request.get("PolicyUsageFilter") == "PermissionsBoundary"
    wanted = request.get("EntityFilter")
    kinds = _ENTITY_IDS.keys() if wanted in (None, "LocalManagedPolicy", "AWSManagedPolicy") else (
        {wanted}
    )  # fmt: skip
    prefix = request.get("PathPrefix") or "/"
    rows: list[tuple[str, Any]] = []
    for kind, name in attachments(ctx, policy.arn, "boundary" if is_boundary else "policy"):
        entity = entity_of(ctx, kind, name)
        if kind in kinds and entity is not None and entity.path.startswith(prefix):
            member, name_member, id_member = _ENTITY_IDS[kind]
            shape = {name_member: name, id_member: entity.id}
            rows.append((f"{kind}/{name}", (member, shape)))
    found: Any = page(request, "found", rows)
    answer: dict[str, Any] = {member: [] for member, _, _ in _ENTITY_IDS.values()}
    for member, shape in found.pop("found"):
        answer[member].append(shape)
    whole: Any = answer | found
    return whole


def tag_policy(ctx: Context, request: shapes.TagPolicyRequest) -> shapes.TagPolicyResponse:
    """Add tags to a managed policy.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagPolicy.html
    """
    policy = find_own(ctx, request["PolicyArn"])
    _put(ctx, msgspec.structs.replace(policy, tags=tags_of(request["Tags"], policy.tags)))
    return {}


def untag_policy(ctx: Context, request: shapes.UntagPolicyRequest) -> shapes.UntagPolicyResponse:
    """Remove tags from a managed policy.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagPolicy.html
    """
    policy = find_own(ctx, request["PolicyArn"])
    _put(ctx, msgspec.structs.replace(policy, tags=without_tags(policy.tags, request["TagKeys"])))
    return {}


def list_policy_tags(
    ctx: Context, request: shapes.ListPolicyTagsRequest
) -> shapes.ListPolicyTagsResponse:
    """Return a managed policy's tags, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicyTags.html
    """
    tags = find(ctx, request["PolicyArn"]).tags
    rows = ((one["Key"], one) for one in tag_shapes(dict(sorted(tags.items()))))
    answer: Any = page(request, "Tags", rows)
    return answer


def _all(ctx: Context, scope: str) -> Iterator[ManagedPolicy]:
    if scope != "AWS":
        yield from scanned(ctx, POLICIES, lambda policy: policy.name)
    if scope != "Local":
        yield from aws_policies().values()


def _put(ctx: Context, policy: ManagedPolicy) -> None:
    POLICIES.put(ctx, policy)
    touch(ctx, ctx.account)
