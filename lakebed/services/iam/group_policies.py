"""Policies of groups: those within them, and managed ones attached to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.services.iam import _entities as entities
from lakebed.services.iam._entities import GROUP

if TYPE_CHECKING:
    from lakebed.shapes import iam as shapes


def put_group_policy(
    ctx: Context, request: shapes.PutGroupPolicyRequest
) -> shapes.PutGroupPolicyResponse:
    """Write an inline policy of a group, or replace it.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutGroupPolicy.html
    """
    entities.put_inline(ctx, GROUP, request)
    return {}


def get_group_policy(
    ctx: Context, request: shapes.GetGroupPolicyRequest
) -> shapes.GetGroupPolicyResponse:
    """Return an inline policy of a group.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetGroupPolicy.html
    """
    return entities.get_inline(ctx, GROUP, request)


def delete_group_policy(
    ctx: Context, request: shapes.DeleteGroupPolicyRequest
) -> shapes.DeleteGroupPolicyResponse:
    """Delete an inline policy of a group.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroupPolicy.html
    """
    entities.delete_inline(ctx, GROUP, request)
    return {}


def list_group_policies(
    ctx: Context, request: shapes.ListGroupPoliciesRequest
) -> shapes.ListGroupPoliciesResponse:
    """Return the names of a group's inline policies, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListGroupPolicies.html
    """
    return entities.list_inline(ctx, GROUP, request)


def attach_group_policy(
    ctx: Context, request: shapes.AttachGroupPolicyRequest
) -> shapes.AttachGroupPolicyResponse:
    """Attach a managed policy to a group.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachGroupPolicy.html
    """
    entities.attach(ctx, GROUP, request)
    return {}


def detach_group_policy(
    ctx: Context, request: shapes.DetachGroupPolicyRequest
) -> shapes.DetachGroupPolicyResponse:
    """Detach a managed policy from a group.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachGroupPolicy.html
    """
    entities.detach(ctx, GROUP, request)
    return {}


def list_attached_group_policies(
    ctx: Context, request: shapes.ListAttachedGroupPoliciesRequest
) -> shapes.ListAttachedGroupPoliciesResponse:
    """Return the managed policies attached to a group, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedGroupPolicies.html
    """
    return entities.list_attached(ctx, GROUP, request)
