"""What policies would decide: the evaluator that decides real calls, asked beforehand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.principal import Principal
from lakebed.govern.evaluation import Asked, Policies, evaluate
from lakebed.govern.identities import Identities
from lakebed.govern.policies import Caller, Policy, PolicyError, parsed
from lakebed.services.iam._entities import ROLE, USER
from lakebed.services.iam._pages import page
from lakebed.services.iam.model import invalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lakebed.shapes import iam as shapes

_ARN = re.compile(r"arn:aws:iam::(\d{12}):(user|role)/(?:[!-~]+/)?([\w+=,.@-]+)")
_UNBUILT = (
    "ResourcePolicy", "ResourceOwner", "CallerArn", "ResourceHandlingOption",
    "OrderedOrganizationPolicyInputList", "PolicyExclusionList",
)  # fmt: skip


def simulate_custom_policy(
    ctx: Context, request: shapes.SimulateCustomPolicyRequest
) -> shapes.SimulatePolicyResponse:
    """Return what given policies decide of each action and resource, a page at a time.

    Of the statements that match, the first is named, without its place in the text. Resource
    policies, other owners and callers are refused by name.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
    """
    _refuse_unbuilt("SimulateCustomPolicy", request)
    policies = Policies(_given(request["PolicyInputList"], "PolicyInputList"))
    caller = Caller(f"arn:aws:iam::{ctx.account}:user/simulated", ctx.account, "user")
    answer: Any = _simulated(request, caller, _bounded(policies, request))
    return answer


def simulate_principal_policy(
    ctx: Context, request: shapes.SimulatePrincipalPolicyRequest
) -> shapes.SimulatePolicyResponse:
    """Return what the policies of a user or role, and given ones, decide, a page at a time.

    Groups cannot be simulated. What is not built is that of SimulateCustomPolicy.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    _refuse_unbuilt("SimulatePrincipalPolicy", request)
    arn = request["PolicySourceArn"]
    match = _ARN.fullmatch(arn)
    if match is None or match[1] != ctx.account:
        if f":{ctx.account}:group/" in arn:
            raise NotBuiltError("iam", "SimulatePrincipalPolicy", "a group")
        raise AwsError("InvalidInput", f"Invalid Entity Arn: {arn} does not clearly define entity "
                       "type and name.")  # fmt: skip
    name = match[3]
    if match[2] == "user":
        who = Principal(ctx.account, arn, USER.find(ctx, name).id, user=name)
        caller = Caller(arn, ctx.account, "user")
    else:
        who = Principal(ctx.account, arn, ROLE.find(ctx, name).id, role=name)
        caller = Caller(arn, ctx.account, "role", arn)
    own = Identities().policies_of(ctx, who).policies
    more = _given(request.get("PolicyInputList") or (), "PolicyInputList")
    whole = msgspec.structs.replace(own, identity=(*own.identity, *more))
    answer: Any = _simulated(request, caller, _bounded(whole, request))
    return answer


def _refuse_unbuilt(operation: str, request: Mapping[str, Any]) -> None:
    for member in _UNBUILT:
        if request.get(member):
            raise NotBuiltError("iam", operation, member)


def _given(texts: Any, member: str) -> tuple[Policy, ...]:
    try:
        return tuple(parsed(text, f"{member}.{at}") for at, text in enumerate(texts, 1))
    except PolicyError as error:
        # The sentence is ours.
        raise AwsError("InvalidInput", f"Invalid input: {error}") from None


def _bounded(policies: Policies, request: Mapping[str, Any]) -> Policies:
    """Return policies with the boundary that a request gives, which is one."""
    texts = request.get("PermissionsBoundaryPolicyInputList") or ()
    if not texts:
        return policies
    if len(texts) > 1:
        raise invalid("Only one permissions boundary can be simulated.")
    (boundary,) = _given(texts, "PermissionsBoundaryPolicyInputList")
    return msgspec.structs.replace(policies, boundary=boundary)


def _simulated(request: Mapping[str, Any], caller: Caller, policies: Policies) -> dict[str, Any]:
    context: dict[str, str | tuple[str, ...]] = {}
    for one in request.get("ContextEntries") or ():
        values = tuple(one.get("ContextKeyValues") or ())
        is_list = str(one.get("ContextKeyType", "string")).endswith("List")
        value = values if is_list or len(values) != 1 else values[0]
        context[one.get("ContextKeyName", "").lower()] = value
    return page(request, "EvaluationResults", _results(request, caller, policies, context))


def _results(
    request: Mapping[str, Any],
    caller: Caller,
    policies: Policies,
    context: Mapping[str, str | tuple[str, ...]],
) -> Iterator[tuple[str, Any]]:
    resources = request.get("ResourceArns") or ("*",)
    at = 0
    for action in request["ActionNames"]:
        if ":" not in action:
            raise AwsError("InvalidInput", f"Invalid Action Name: {action}")
        for resource in resources:
            at += 1
            asked = Asked(caller, action, resource, caller.account, context)
            yield f"{at:010}", _result(asked, policies)


def _result(asked: Asked, policies: Policies) -> Any:
    verdict = evaluate(asked, policies)
    decision = "allowed"
    if not verdict.is_allowed:
        decision = "explicitDeny" if verdict.is_explicit else "implicitDeny"
    matched: list[Any] = []
    if verdict.policy and (verdict.is_allowed or verdict.is_explicit):
        matched = [{"SourcePolicyId": verdict.policy}]
    shape: dict[str, Any] = {
        "EvalActionName": asked.action,
        "EvalResourceName": asked.resource,
        "EvalDecision": decision,
        "MatchedStatements": matched,
        "MissingContextValues": _missing(asked, policies),
    }
    if policies.boundary is not None:
        only = evaluate(asked, Policies((policies.boundary,)))
        shape["PermissionsBoundaryDecisionDetail"] = {
            "AllowedByPermissionsBoundary": only.is_allowed
        }
    return shape


def _missing(asked: Asked, policies: Policies) -> list[str]:
    """Return the condition keys of statements about the request that it gives no value of."""
    every = [*policies.identity, *([policies.boundary] if policies.boundary else [])]
    found: set[str] = set()
    for policy in every:
        for one in policy.statements:
            bare = msgspec.structs.replace(one, conditions=())
            if bare.covers(asked.action.lower(), asked.resource, asked.context):
                found |= {condition.key.lower() for condition in one.conditions}
    return sorted(found - asked.context.keys())
