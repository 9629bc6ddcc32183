"""Key policies, checked when they are put: their form, and that someone may still change them."""

from __future__ import annotations

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.govern.decision import caller_of
from lakebed.govern.policies import PolicyError, parsed
from lakebed.services.kms._keys import invalid
from lakebed.services.kms.model import KmsKey

_BYTES_MAX = 32_768


def checked_policy(ctx: Context, key: KmsKey, text: str, *, is_checked: bool) -> str:
    """Return the policy; MalformedPolicyDocumentException for one that cannot be a key's.

    `is_checked`: the caller must be allowed to put another one, by name or by the account.
    """
    if len(text.encode()) > _BYTES_MAX:
        raise AwsError("LimitExceededException", f"A policy has at most {_BYTES_MAX} bytes.")
    try:
        policy = parsed(text, is_resource_policy=True)
    except PolicyError as error:
        raise AwsError("MalformedPolicyDocumentException", str(error)) from None
    if any(one.principals is None or one.resources is None for one in policy.statements):
        message = "Each statement of a key policy must have Principal and Resource."
        raise AwsError("MalformedPolicyDocumentException", message)
    caller = caller_of(ctx.principal)
    may_change = any(
        one.is_allow
        and one.names(caller)
        and one.covers("kms:putkeypolicy", key.arn, {"kms:calleraccount": ctx.account})
        for one in policy.statements
    )
    if is_checked and not may_change:
        message = "The new key policy will not allow you to update the key policy in the future."
        raise AwsError("MalformedPolicyDocumentException", message)
    return text


def checked_name(name: str) -> str:
    """Return the name of a key policy: there is one."""
    if name != "default":
        raise invalid("The only valid policy name is default.")
    return name
