"""The decision every call asks for, before its handler runs.

The root of an account may do everything in it, unless a resource's own policy denies it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from lakebed.core.errors import AwsError
from lakebed.core.principal import Origin, Principal
from lakebed.govern.actions import needed
from lakebed.govern.evaluation import Asked, Policies, Verdict, evaluate
from lakebed.govern.identities import ROLES, SESSIONS, USERS, Identities, Own
from lakebed.govern.policies import Caller, Policy
from lakebed.store import Scope


class Decision(msgspec.Struct, frozen=True):
    """Whether a call may go on, and the sentence that says why not.

    `verdict` is what decided, `need` the permission that is missing, `asked` and `policies` what
    was decided of which.
    """

    is_allowed: bool
    reason: str = ""
    verdict: Verdict | None = None
    need: Need | None = None
    asked: Asked | None = None
    policies: Policies | None = None


class RefusedError(AwsError):
    """A refusal by a handler that asked for a decision itself; AWS's answer, and the decision."""

    def __init__(self, message: str, decision: Decision) -> None:
        super().__init__("AccessDenied", message, 403)
        self.decision = decision


class Need(msgspec.Struct, frozen=True):
    """One permission that a call needs: an action on a resource that has an owner.

    `policy` is the resource's own, `needs_resource` as in `evaluation.Policies`.
    """

    action: str
    resource: str
    owner: str
    policy: Policy | None = None
    needs_resource: bool = False


Conditions = dict[str, str | tuple[str, ...]]
"""Condition keys of a request, in lower case."""

ALLOWED = Decision(is_allowed=True)
_NONE = Own(Policies())
"""What the root and nobody have: no policies of their own."""


def needs_of(
    scope: Scope, service: str, operation: str, request: Mapping[str, object]
) -> list[Need]:
    """Return what an operation needs by AWS's table, in the caller's own account."""
    found = needed(service, operation)
    arns = found.arns(scope.region, scope.account, request)
    return [Need(found.action, arn, scope.account) for arn in arns]


def decide(
    scope: Scope,
    who: Principal,
    identities: Identities,
    needs: Sequence[Need],
    conditions: Callable[[], Conditions],
) -> Decision:
    """Decide whether a principal may do all that a call needs.

    `conditions` is called only if a policy asks for any, and to explain a refusal.
    """
    caller = caller_of(who)
    found: Conditions | None = None
    own = _NONE if who.is_root or who.is_anonymous else identities.policies_of(scope, who)
    for need in needs:
        if who.is_root and need.policy is None and need.owner == who.account:
            continue
        verdict = _remembered(need, own)
        if verdict is not None and verdict.is_allowed:
            continue
        is_plain = own.is_plain and (need.policy is None or need.policy.is_plain)
        if not is_plain and found is None:
            found = conditions()
        asked = Asked(caller, need.action, need.resource, need.owner, found or {})
        verdict = verdict or _decided(asked, need, own)
        if not verdict.is_allowed:
            asked = msgspec.structs.replace(asked, context=found or conditions())
            return _refused(asked, verdict, need, own)
    return ALLOWED


def _refused(asked: Asked, verdict: Verdict, need: Need, own: Own) -> Decision:
    policies = msgspec.structs.replace(
        own.policies, resource=need.policy, needs_resource=need.needs_resource
    )
    return Decision(False, verdict.sentence(asked), verdict, need, asked, policies)


def _remembered(need: Need, own: Own) -> Verdict | None:
    """Return an earlier verdict, if nothing but the action and the resource decide."""
    if need.policy is not None or need.needs_resource or own is _NONE or not own.is_plain:
        return None
    return own.decided.get((need.action, need.resource, need.owner))


def _decided(asked: Asked, need: Need, own: Own) -> Verdict:
    about = own.about(need.action)
    if need.policy is not None or need.needs_resource or own is _NONE:
        policies = msgspec.structs.replace(
            about, resource=need.policy, needs_resource=need.needs_resource
        )
        return evaluate(asked, policies)
    verdict = evaluate(asked, about)
    if own.is_plain:
        own.keep((need.action, need.resource, need.owner), verdict)
    return verdict


def caller_of(who: Principal) -> Caller:
    """Return a principal as policies see it."""
    if who.is_anonymous:
        return Caller("*", "", "anonymous")
    if who.is_root:
        return Caller(who.arn, who.account, "root")
    if who.role:
        return Caller(who.arn, who.account, "role", f"arn:aws:iam::{who.account}:role/{who.role}")
    return Caller(who.arn, who.account, "user" if who.user else "federated")


def conditions_of(scope: Scope, who: Principal, origin: Origin, now: float) -> Conditions:
    """Return the condition keys that every request has.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    moment = datetime.fromtimestamp(now, UTC)
    found: Conditions = {
        "aws:currenttime": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:epochtime": str(int(now)),
        "aws:requestedregion": scope.region,
        "aws:securetransport": "true" if origin.is_secure else "false",
        "aws:viaawsservice": "false",
    }
    if origin.address:
        found["aws:sourceip"] = origin.address
    if origin.user_agent:
        found["aws:useragent"] = origin.user_agent
    if origin.referer:
        found["aws:referer"] = origin.referer
    if not who.is_anonymous:
        role = f"arn:aws:iam::{who.account}:role/{who.role}"
        kind = "AssumedRole" if who.role else ("Account" if who.is_root else "User")
        found |= {
            "aws:principalarn": role if who.role else who.arn,
            "aws:principalaccount": who.account,
            "aws:principaltype": kind,
            "aws:userid": who.user_id,
        }
    return found | _of_identity(scope, who, now)


def _of_identity(scope: Scope, who: Principal, now: float) -> Conditions:
    """Return the condition keys of a user, or of a session: names, tags, how it was begun."""
    found: Conditions = {}
    if who.user:
        found["aws:username"] = who.user
        user = USERS.get(scope, who.account, who.user)
        found |= _tagged({} if user is None else user.tags)
    elif who.role and not who.access_key:
        # A run as a role: it has no session whose tags are kept.
        role = ROLES.get(scope, who.account, who.role.rpartition("/")[2])
        found |= _tagged({} if role is None else role.tags)
    if not who.access_key.startswith("ASIA"):
        return found
    session = SESSIONS.get(scope, who.access_key)
    if session is None:
        return found
    found["aws:tokenissuetime"] = str(int(session.issued))
    found["aws:multifactorauthpresent"] = "true" if session.has_mfa else "false"
    if session.has_mfa:
        found["aws:multifactorauthage"] = str(int(now - session.issued))
    if session.provider:
        found["aws:federatedprovider"] = session.provider
    if session.source_identity:
        found["aws:sourceidentity"] = session.source_identity
    return found | _tagged(session.tags)


def _tagged(tags: Mapping[str, str]) -> Conditions:
    return {f"aws:principaltag/{key.lower()}": value for key, value in tags.items()}
