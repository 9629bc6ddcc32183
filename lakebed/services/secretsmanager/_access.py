"""Which permissions the operations of Secrets Manager need: secrets have policies of their own.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_resource-policies.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.context import Context
from lakebed.govern.decision import Need
from lakebed.govern.policies import parsed
from lakebed.services.secretsmanager._secrets import lookup

_ALL = frozenset({"list_secrets", "get_random_password", "batch_get_secret_value"})


def needs(ctx: Context, operation: str, request: Mapping[str, Any]) -> list[Need]:
    """Return what an operation needs of its secret; a batch asks for each on its own."""
    action = "".join(word.capitalize() for word in operation.split("_"))
    action = f"secretsmanager:{action}"
    name = request.get("SecretId") or request.get("Name", "")
    if operation in _ALL or not name:
        return [Need(action, "*", ctx.account)]
    secret = lookup(ctx, name)
    if secret is None:
        whole = name.startswith("arn:")
        place = f"arn:aws:secretsmanager:{ctx.region}:{ctx.account}:secret:"
        return [Need(action, name if whole else f"{place}{name}", ctx.account)]
    policy = None
    if secret.policy:
        policy = parsed(secret.policy, "policy of the secret", is_resource_policy=True)
    return [Need(action, secret.arn, secret.account, policy)]


def conditions(
    ctx: Context, operation: str, request: Mapping[str, Any]
) -> dict[str, str | tuple[str, ...]]:
    """Return the condition keys of a request.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
    """
    members = {
        "SecretId": "secretsmanager:secretid",
        "VersionId": "secretsmanager:versionid",
        "VersionStage": "secretsmanager:versionstage",
        "Name": "secretsmanager:name",
        "Description": "secretsmanager:description",
        "KmsKeyId": "secretsmanager:kmskeyid",
        "RecoveryWindowInDays": "secretsmanager:recoverywindowindays",
    }
    found: dict[str, str | tuple[str, ...]] = {
        key: str(request[member]) for member, key in members.items() if member in request
    }
    flags = {
        "ForceDeleteWithoutRecovery": "secretsmanager:forcedeletewithoutrecovery",
        "BlockPublicPolicy": "secretsmanager:blockpublicpolicy",
    }
    found |= {key: str(bool(request.get(one))).lower() for one, key in flags.items()}
    if operation == "get_secret_value" and "VersionId" not in request:
        found.setdefault("secretsmanager:versionstage", "AWSCURRENT")
    secret = lookup(ctx, request["SecretId"]) if request.get("SecretId") else None
    if secret is not None:
        found["secretsmanager:secretid"] = secret.arn
        for name, value in secret.tags.items():
            found[f"aws:resourcetag/{name.lower()}"] = value
            found[f"secretsmanager:resourcetag/{name.lower()}"] = value
    for tag in request.get("Tags") or ():
        found[f"aws:requesttag/{tag['Key'].lower()}"] = tag.get("Value", "")
    return found
