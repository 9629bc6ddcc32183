"""What policies would decide: the evaluator that decides real calls, asked beforehand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.principal import Principal
from lakebed.govern.evaluation import Asked, Policies, evaluate
from lakebed.govern.identities import Identities, policies_of_group
from lakebed.govern.policies import Caller, Policy, PolicyError, parsed
from lakebed.services.iam._entities import GROUP, ROLE, USER
from lakebed.services.iam._pages import page
from lakebed.services.iam.model import invalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lakebed.shapes import iam as shapes

_ARN = re.compile(r"arn:aws:iam::(\d{12}):(user|role|group)/(?:[!-~]+/)?([\w+=,.@-]+)")
_UNBUILT = ("ResourceHandlingOption", "OrderedOrganizationPolicyInputList", "PolicyExclusionList")
_OWNER = re.compile(r"(?:arn:aws:iam::)?(\d{12})(?::root)?")


def simulate_custom_policy(
    ctx: Context, request: shapes.SimulateCustomPolicyRequest
) -> shapes.SimulatePolicyResponse:
    """Return what given policies decide of each action and resource, a page at a time.

    Of the statements that match, the first is named, without its place in the text.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
    """
    _refuse_unbuilt("SimulateCustomPolicy", request)
    policies = Policies(_given(request["PolicyInputList"], "PolicyInputList"))
    caller = Caller(f"arn:aws:iam::{ctx.account}:user/simulated", ctx.account, "user")
    answer: Any = _simulated(request, _caller(request, caller), _bounded(policies, request))
    return answer


def simulate_principal_policy(
    ctx: Context, request: shapes.SimulatePrincipalPolicyRequest
) -> shapes.SimulatePolicyResponse:
    """Return what the policies of a user, group or role, and given ones, decide, a page at a time.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    _refuse_unbuilt("SimulatePrincipalPolicy", request)
    arn = request["PolicySourceArn"]
    match = _ARN.fullmatch(arn)
    if match is None or match[1] != ctx.account:
        raise AwsError("InvalidInput", f"Invalid Entity Arn: {arn} does not clearly define entity "
                       "type and name.")  # fmt: skip
    caller, own = _principal(ctx, arn, match[2], match[3])
    more = _given(request.get("PolicyInputList") or (), "PolicyInputList")
    whole = msgspec.structs.replace(own, identity=(*own.identity, *more))
    answer: Any = _simulated(request, _caller(request, caller), _bounded(whole, request))
    return answer


def _principal(ctx: Context, arn: str, kind: str, name: str) -> tuple[Caller, Policies]:
    """Return who is simulated, and the policies of its own; a group asks as a user of it."""
    if kind == "group":
        held = policies_of_group(ctx, GROUP.find(ctx, name))
        caller = Caller(f"arn:aws:iam::{ctx.account}:user/simulated", ctx.account, "user")
        return caller, Policies(held)
    if kind == "user":
        who = Principal(ctx.account, arn, USER.find(ctx, name).id, user=name)
        caller = Caller(arn, ctx.account, "user")
    else:
        who = Principal(ctx.account, arn, ROLE.find(ctx, name).id, role=name)
        caller = Caller(arn, ctx.account, "role", arn)
    return caller, Identities().policies_of(ctx, who).policies


def _caller(request: Mapping[str, Any], known: Caller) -> Caller:
    """Return the caller that a request names, which a resource's policy has to have, or `known`."""
    arn = request.get("CallerArn")
    if not arn:
        if request.get("ResourcePolicy") and known.arn.endswith(":user/simulated"):
            # The sentence is ours, what it says AWS's.
            raise AwsError("InvalidInput", "CallerArn is required with a ResourcePolicy.")
        return known
    match = _ARN.fullmatch(arn)
    if match is None or match[2] != "user":
        raise AwsError("InvalidInput", f"Invalid Entity Arn: {arn} is not the ARN of a user.")
    return Caller(arn, match[1], "user")


def _owner(request: Mapping[str, Any], resource: str, caller: Caller) -> str:
    """Return the account whose a resource is: its ARN says so, or ResourceOwner, or the caller's.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
    """
    parts = resource.split(":")
    if len(parts) > 4 and parts[4]:
        return parts[4]
    given = request.get("ResourceOwner")
    if not given:
        return caller.account
    match = _OWNER.fullmatch(given)
    if match is None:
        raise AwsError("InvalidInput", f"Invalid ResourceOwner: {given}")
    return match[1]


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
    """Return policies with the boundary and the resource's policy that a request gives."""
    if request.get("ResourcePolicy"):
        try:
            resource = parsed(request["ResourcePolicy"], "ResourcePolicy", is_resource_policy=True)
        except PolicyError as error:
            raise AwsError("InvalidInput", f"Invalid input: {error}") from None
        policies = msgspec.structs.replace(policies, resource=resource)
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
            owner = _owner(request, resource, caller)
            asked = Asked(caller, action, resource, owner, context)
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
    every = [*policies.identity]
    every += [one for one in (policies.boundary, policies.resource) if one is not None]
    found: set[str] = set()
    for policy in every:
        for one in policy.statements:
            bare = msgspec.structs.replace(one, conditions=())
            if bare.covers(asked.action.lower(), asked.resource, asked.context):
                found |= {condition.key.lower() for condition in one.conditions}
    return sorted(found - asked.context.keys())
