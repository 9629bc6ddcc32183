"""The password policy of an account: what passwords of its users have to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lakebed.context import Context
from lakebed.services.iam.model import PASSWORD_POLICIES, PasswordPolicy, no_such

if TYPE_CHECKING:
    from lakebed.shapes import iam as shapes


def update_account_password_policy(
    ctx: Context, request: shapes.UpdateAccountPasswordPolicyRequest
) -> shapes.UpdateAccountPasswordPolicyResponse:
    """Set the account's password policy; what a request leaves out is what it is without one.

    Passwords that are older than they may be are told by nobody, since nothing is logged in to.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccountPasswordPolicy.html
    """
    policy = PasswordPolicy(
        ctx.account,
        request.get("MinimumPasswordLength") or 6,
        request.get("RequireSymbols") or False,
        request.get("RequireNumbers") or False,
        request.get("RequireUppercaseCharacters") or False,
        request.get("RequireLowercaseCharacters") or False,
        request.get("AllowUsersToChangePassword") or False,
        request.get("MaxPasswordAge") or 0,
        request.get("PasswordReusePrevention") or 0,
        request.get("HardExpiry") or False,
    )
    PASSWORD_POLICIES.put(ctx, policy)
    return {}


def get_account_password_policy(
    ctx: Context, request: shapes.GetAccountPasswordPolicyRequest
) -> shapes.GetAccountPasswordPolicyResponse:
    """Return the account's password policy.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountPasswordPolicy.html
    """
    policy = PASSWORD_POLICIES.get(ctx, ctx.account)
    if policy is None:
        raise no_such(f"The Password Policy with domain name {ctx.account} cannot be found.")
    shape: dict[str, Any] = {
        "MinimumPasswordLength": policy.length_min,
        "RequireSymbols": policy.needs_symbols,
        "RequireNumbers": policy.needs_numbers,
        "RequireUppercaseCharacters": policy.needs_uppercase,
        "RequireLowercaseCharacters": policy.needs_lowercase,
        "AllowUsersToChangePassword": policy.users_may_change,
        "ExpirePasswords": policy.days_max > 0,
    }
    if policy.days_max:
        shape["MaxPasswordAge"] = policy.days_max
        shape["HardExpiry"] = policy.is_hard_expiry
    if policy.reuse_prevented:
        shape["PasswordReusePrevention"] = policy.reuse_prevented
    whole: Any = shape
    return {"PasswordPolicy": whole}


def delete_account_password_policy(
    ctx: Context, request: shapes.DeleteAccountPasswordPolicyRequest
) -> shapes.DeleteAccountPasswordPolicyResponse:
    """Delete the account's password policy: AWS's default one holds again.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccountPasswordPolicy.html
    """
    if PASSWORD_POLICIES.get(ctx, ctx.account) is None:
        raise no_such("The account policy with name PasswordPolicy cannot be found.")
    PASSWORD_POLICIES.delete(ctx, ctx.account)
    return {}
