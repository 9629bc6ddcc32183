"""Managed policies as answers have them: the account's own, and AWS's that are shipped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lakebed.context import Context
from lakebed.govern.identities import (
    MANAGED,
    POLICIES,
    ManagedPolicy,
    PolicyVersion,
    aws_policies,
)
from lakebed.services.iam._names import shown, tag_shapes
from lakebed.services.iam.model import ATTACHMENTS, invalid, no_such
from lakebed.store import Range

_ARN = re.compile(r"arn:aws:iam::(\d{12}|aws):policy/[!-~]+")


def find(ctx: Context, arn: str) -> ManagedPolicy:
    """Return a managed policy of the account, or of AWS's; NoSuchEntity if there is none."""
    if not _ARN.fullmatch(arn):
        raise invalid(f"ARN {arn} is not valid.")
    found = aws_policies().get(arn) if arn.startswith(MANAGED) else own_or_none(ctx, arn)
    if found is None:
        raise no_such(f"Policy {arn} was not found.")
    return found


def find_own(ctx: Context, arn: str) -> ManagedPolicy:
    """Return a policy of the account, to be changed."""
    held = own_or_none(ctx, arn)
    if held is None:
        raise no_such(f"Policy {arn} was not found.")
    return held


def own_or_none(ctx: Context, arn: str) -> ManagedPolicy | None:
    """Return a policy of the account by its ARN, or None."""
    held = POLICIES.get(ctx, ctx.account, arn.rpartition("/")[2])
    return held if held is not None and held.arn == arn else None


def attachments(ctx: Context, arn: str, usage: str) -> Iterator[tuple[str, str]]:
    """Yield the kind and name of what a policy is attached to, or bounds."""
    for one in ATTACHMENTS.scan(ctx, Range(prefix=(ctx.account, arn, usage))):
        yield one.kind, one.name


def policy_shape(ctx: Context, policy: ManagedPolicy, *, is_whole: bool = True) -> Any:
    """Return a policy as answers have it; listings leave out description and tags."""
    arn = policy.arn
    shape: dict[str, Any] = {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default,
        "AttachmentCount": ATTACHMENTS.count(ctx, ctx.account, arn, "policy"),
        "PermissionsBoundaryUsageCount": ATTACHMENTS.count(ctx, ctx.account, arn, "boundary"),
        "IsAttachable": True,
        "CreateDate": policy.created,
        "UpdateDate": policy.updated,
    }
    if is_whole and policy.description:
        shape["Description"] = policy.description
    if is_whole and policy.tags:
        shape["Tags"] = tag_shapes(policy.tags)
    return shape


def version_shape(
    policy: ManagedPolicy, version: PolicyVersion, *, has_document: bool = True
) -> Any:
    """Return a version of a policy as answers have it."""
    shape: dict[str, Any] = {
        "VersionId": version.id,
        "IsDefaultVersion": version.id == policy.default,
        "CreateDate": version.created,
    }
    if has_document:
        shape["Document"] = shown(version.text)
    return shape
