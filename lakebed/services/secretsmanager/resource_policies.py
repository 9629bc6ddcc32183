"""Policies of secrets: who else may read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import SECRET_POLICY_CHARACTERS_MAX
from lakebed.govern.policies import Policy, PolicyError, parsed
from lakebed.services.secretsmanager._secrets import secret_named, usable
from lakebed.services.secretsmanager.model import SECRETS, replace

if TYPE_CHECKING:
    from lakebed.shapes import secretsmanager as shapes

_SYNTAX = "This resource policy contains a syntax error."


def put_resource_policy(
    ctx: Context, request: shapes.PutResourcePolicyRequest
) -> shapes.PutResourcePolicyResponse:
    """Give a secret a policy; BlockPublicPolicy refuses one that lets everybody in.

    Everybody is let in where `*` is allowed without a condition; AWS reasons further.
    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html
    """
    if request.get("PolicyName"):
        raise NotBuiltError("secretsmanager", "PutResourcePolicy", "PolicyName")
    secret, text = usable(ctx, request["SecretId"]), request["ResourcePolicy"]
    policy = _checked(text)
    if request.get("BlockPublicPolicy") and _is_public(policy):
        message = "You can't attach a resource policy that allows broad access to the secret."
        raise AwsError("PublicPolicyException", message)
    SECRETS.put(ctx, replace(secret, policy=text))
    return {"ARN": secret.arn, "Name": secret.name}


def get_resource_policy(
    ctx: Context, request: shapes.GetResourcePolicyRequest
) -> shapes.GetResourcePolicyResponse:
    """Return the policy of a secret, if it has one.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetResourcePolicy.html
    """
    if request.get("PolicyName"):
        raise NotBuiltError("secretsmanager", "GetResourcePolicy", "PolicyName")
    secret = secret_named(ctx, request["SecretId"])
    answer: shapes.GetResourcePolicyResponse = {"ARN": secret.arn, "Name": secret.name}
    if secret.policy:
        answer["ResourcePolicy"] = secret.policy
    return answer


def delete_resource_policy(
    ctx: Context, request: shapes.DeleteResourcePolicyRequest
) -> shapes.DeleteResourcePolicyResponse:
    """Take the policy from a secret.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteResourcePolicy.html
    """
    if request.get("PolicyName"):
        raise NotBuiltError("secretsmanager", "DeleteResourcePolicy", "PolicyName")
    secret = usable(ctx, request["SecretId"])
    SECRETS.put(ctx, replace(secret, policy=""))
    return {"ARN": secret.arn, "Name": secret.name}


def validate_resource_policy(
    ctx: Context, request: shapes.ValidateResourcePolicyRequest
) -> shapes.ValidateResourcePolicyResponse:
    """Say whether a policy could be put: its syntax, and whether it lets everybody in.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ValidateResourcePolicy.html
    """
    if "SecretId" in request:
        secret_named(ctx, request["SecretId"])
    if not _is_public(_checked(request["ResourcePolicy"])):
        return {"PolicyValidationPassed": True, "ValidationErrors": []}
    message = "The resource policy allows broad access to the secret."
    error = {"CheckName": "PUBLIC_POLICY", "ErrorMessage": message}
    return {"PolicyValidationPassed": False, "ValidationErrors": [error]}  # pyright: ignore[reportReturnType] (a structure of the model)


def _checked(text: str) -> Policy:
    if len(text) > SECRET_POLICY_CHARACTERS_MAX:
        message = f"A policy has at most {SECRET_POLICY_CHARACTERS_MAX} characters."
        raise AwsError("MalformedPolicyDocumentException", message)
    try:
        policy = parsed(text, is_resource_policy=True)
    except PolicyError:
        raise AwsError("MalformedPolicyDocumentException", _SYNTAX) from None
    if any(one.principals is None or one.resources is None for one in policy.statements):
        raise AwsError("MalformedPolicyDocumentException", _SYNTAX)
    return policy


def _is_public(policy: Policy) -> bool:
    return any(
        one.is_allow
        and not one.conditions
        and (one.not_principals or "*" in (one.principals or {}).get("AWS", ()))
        for one in policy.statements
    )
