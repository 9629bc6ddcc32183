"""Policies of roles: those within them, and managed ones attached to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.services.iam import _entities as entities
from lakebed.services.iam._entities import ROLE

if TYPE_CHECKING:
    from lakebed.shapes import iam as shapes


def put_role_policy(
    ctx: Context, request: shapes.PutRolePolicyRequest
) -> shapes.PutRolePolicyResponse:
    """Write an inline policy of a role, or replace it.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html
    """
    entities.put_inline(ctx, ROLE, request)
    return {}


def get_role_policy(
    ctx: Context, request: shapes.GetRolePolicyRequest
) -> shapes.GetRolePolicyResponse:
    """Return an inline policy of a role.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html
    """
    return entities.get_inline(ctx, ROLE, request)


def delete_role_policy(
    ctx: Context, request: shapes.DeleteRolePolicyRequest
) -> shapes.DeleteRolePolicyResponse:
    """Delete an inline policy of a role.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRolePolicy.html
    """
    entities.delete_inline(ctx, ROLE, request)
    return {}


def list_role_policies(
    ctx: Context, request: shapes.ListRolePoliciesRequest
) -> shapes.ListRolePoliciesResponse:
    """Return the names of a role's inline policies, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRolePolicies.html
    """
    return entities.list_inline(ctx, ROLE, request)


def attach_role_policy(
    ctx: Context, request: shapes.AttachRolePolicyRequest
) -> shapes.AttachRolePolicyResponse:
    """Attach a managed policy to a role.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html
    """
    entities.attach(ctx, ROLE, request)
    return {}


def detach_role_policy(
    ctx: Context, request: shapes.DetachRolePolicyRequest
) -> shapes.DetachRolePolicyResponse:
    """Detach a managed policy from a role.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachRolePolicy.html
    """
    entities.detach(ctx, ROLE, request)
    return {}


def list_attached_role_policies(
    ctx: Context, request: shapes.ListAttachedRolePoliciesRequest
) -> shapes.ListAttachedRolePoliciesResponse:
    """Return the managed policies attached to a role, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedRolePolicies.html
    """
    return entities.list_attached(ctx, ROLE, request)
