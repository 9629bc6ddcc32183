"""Which permissions STS's operations need: the role's trust policy has to allow it, too.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.govern.decision import Decision, Need, needs_of
from lakebed.govern.policies import parsed
from lakebed.services.sts._roles import role_of
from lakebed.services.sts._second_factors import is_shown

_FREE = frozenset({"get_caller_identity", "get_session_token", "assume_role_with_web_identity"})
"""Nobody needs a permission for these; tokens of others are verified by the operation itself."""


def needs(ctx: Context, operation: str, request: Mapping[str, Any]) -> list[Need]:
    """Return the permissions that an operation needs."""
    if operation in _FREE:
        return []
    if operation != "assume_role":
        return needs_of(ctx, "sts", operation, request)
    arn = request["RoleArn"]
    role = role_of(ctx, arn)
    if role is None:
        # Whoever asks is told the same as of a role that does not trust.
        return [Need("sts:AssumeRole", arn, arn.split(":")[4], None, needs_resource=True)]
    trust = parsed(role.trust, f"{role.name} (trust policy)", is_resource_policy=True)
    actions = ["sts:AssumeRole"]
    if request.get("Tags"):
        actions.append("sts:TagSession")
    if request.get("SourceIdentity"):
        actions.append("sts:SetSourceIdentity")
    return [Need(one, arn, role.account, trust, needs_resource=True) for one in actions]


def refusal(ctx: Context, decision: Decision) -> AwsError:
    """Return AWS's answer to a call that is not allowed: trust policies have a word of their own.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    verdict, need, sentence = decision.verdict, decision.need, decision.reason
    if verdict is not None and need is not None and verdict.kind == "resource-based":
        ending = f"because no role trust policy allows the {need.action} action"
        if verdict.is_explicit:
            ending = "with an explicit deny in the role trust policy"
        who = f"User: {ctx.principal.arn}"
        sentence = f"{who} is not authorized to perform: {need.action} {ending}"
    return AwsError("AccessDenied", sentence, 403)


def conditions(
    ctx: Context, operation: str, request: Mapping[str, Any]
) -> dict[str, str | tuple[str, ...]]:
    """Return the condition keys of STS's requests.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-sts
    """
    found: dict[str, str | tuple[str, ...]] = {}
    for member, key in (
        ("ExternalId", "sts:externalid"),
        ("RoleSessionName", "sts:rolesessionname"),
        ("SourceIdentity", "sts:sourceidentity"),
        ("DurationSeconds", "sts:durationseconds"),
    ):
        if request.get(member):
            found[key] = str(request[member])
    tags: Any = request.get("Tags") or ()
    for tag in tags:
        found[f"aws:requesttag/{tag['Key'].lower()}"] = tag["Value"]
    if tags:
        found["aws:tagkeys"] = tuple(tag["Key"] for tag in tags)
    if request.get("TransitiveTagKeys"):
        found["sts:transitivetagkeys"] = tuple(request["TransitiveTagKeys"])
    if "SerialNumber" in request and is_shown(ctx, request):
        found["aws:multifactorauthpresent"] = "true"
        found["aws:multifactorauthage"] = "0"
    if operation == "assume_role" and (role := role_of(ctx, request["RoleArn"])) is not None:
        for key, value in role.tags.items():
            found[f"aws:resourcetag/{key.lower()}"] = value
            found[f"iam:resourcetag/{key.lower()}"] = value
    return found
