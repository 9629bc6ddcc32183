"""Policies of keys: who may use and who may change them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.services.kms._keys import changeable, key_named, not_found
from lakebed.services.kms._policies import checked_name, checked_policy
from lakebed.services.kms.model import KEYS, replace

if TYPE_CHECKING:
    from lakebed.shapes import kms as shapes


def put_key_policy(ctx: Context, request: shapes.PutKeyPolicyRequest) -> dict[str, Any]:
    """Give a key another policy.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
    """
    checked_name(request.get("PolicyName", "default"))
    key = changeable(ctx, request["KeyId"])
    is_checked = not request.get("BypassPolicyLockoutSafetyCheck")
    policy = checked_policy(ctx, key, request["Policy"], is_checked=is_checked)
    KEYS.put(ctx, replace(key, policy=policy))
    return {}


def get_key_policy(
    ctx: Context, request: shapes.GetKeyPolicyRequest
) -> shapes.GetKeyPolicyResponse:
    """Return the policy of a key.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html
    """
    key = key_named(ctx, request["KeyId"], with_aliases=False)
    name = request.get("PolicyName", "default")
    if name != "default":
        raise not_found("No such policy exists")
    return {"Policy": key.policy, "PolicyName": name}


def list_key_policies(
    ctx: Context, request: shapes.ListKeyPoliciesRequest
) -> shapes.ListKeyPoliciesResponse:
    """List the names of a key's policies: it has one.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyPolicies.html
    """
    key_named(ctx, request["KeyId"], with_aliases=False)
    return {"PolicyNames": ["default"], "Truncated": False}
