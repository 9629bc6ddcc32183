"""Policies of users: those within them, and managed ones attached to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.services.iam import _entities as entities
from lakebed.services.iam._entities import USER

if TYPE_CHECKING:
    from lakebed.shapes import iam as shapes


def put_user_policy(
    ctx: Context, request: shapes.PutUserPolicyRequest
) -> shapes.PutUserPolicyResponse:
    """Write an inline policy of a user, or replace it.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPolicy.html
    """
    entities.put_inline(ctx, USER, request)
    return {}


def get_user_policy(
    ctx: Context, request: shapes.GetUserPolicyRequest
) -> shapes.GetUserPolicyResponse:
    """Return an inline policy of a user.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUserPolicy.html
    """
    return entities.get_inline(ctx, USER, request)


def delete_user_policy(
    ctx: Context, request: shapes.DeleteUserPolicyRequest
) -> shapes.DeleteUserPolicyResponse:
    """Delete an inline policy of a user.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPolicy.html
    """
    entities.delete_inline(ctx, USER, request)
    return {}


def list_user_policies(
    ctx: Context, request: shapes.ListUserPoliciesRequest
) -> shapes.ListUserPoliciesResponse:
    """Return the names of a user's inline policies, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUserPolicies.html
    """
    return entities.list_inline(ctx, USER, request)


def attach_user_policy(
    ctx: Context, request: shapes.AttachUserPolicyRequest
) -> shapes.AttachUserPolicyResponse:
    """Attach a managed policy to a user.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachUserPolicy.html
    """
    entities.attach(ctx, USER, request)
    return {}


def detach_user_policy(
    ctx: Context, request: shapes.DetachUserPolicyRequest
) -> shapes.DetachUserPolicyResponse:
    """Detach a managed policy from a user.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachUserPolicy.html
    """
    entities.detach(ctx, USER, request)
    return {}


def list_attached_user_policies(
    ctx: Context, request: shapes.ListAttachedUserPoliciesRequest
) -> shapes.ListAttachedUserPoliciesResponse:
    """Return the managed policies attached to a user, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedUserPolicies.html
    """
    return entities.list_attached(ctx, USER, request)
