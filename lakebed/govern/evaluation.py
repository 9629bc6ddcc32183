"""The order in which AWS decides: explicit denials, then who must allow what.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
Across accounts both sides must allow:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from lakebed.govern.patterns import Context
from lakebed.govern.policies import Caller, Named, Policy, Statement

Kind = Literal["identity-based", "resource-based", "permissions boundary", "session"]
_SENTENCES: dict[Kind, str] = {
    "identity-based": "identity-based policy",
    "resource-based": "resource-based policy",
    "permissions boundary": "permissions boundary",
    "session": "session policy",
}


class Policies(msgspec.Struct, frozen=True):
    """All policies that bear on one request.

    `boundary` and `session` are None where there is none; `resource` is the resource's own.
    `needs_resource`: the resource's policy must allow, whatever the identity's say (trust policies
    of roles, key policies); what it grants to the account, identity policies may hand on.
    """

    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] | None = None
    resource: Policy | None = None
    needs_resource: bool = False


def about(policies: Policies, action: str) -> Policies:
    """Return policies without the statements that say nothing of an action: quicker to ask."""
    session = policies.session
    return Policies(
        tuple(found for one in policies.identity if (found := one.about(action)).statements),
        None if policies.boundary is None else policies.boundary.about(action),
        None if session is None else tuple(one.about(action) for one in session),
        policies.resource,
        policies.needs_resource,
    )


class Asked(msgspec.Struct, frozen=True):
    """A request: `action` as `glue:GetTable`, the ARN it is about, whose resource that is."""

    caller: Caller
    action: str
    resource: str
    owner: str
    context: Context = {}


class Verdict(msgspec.Struct, frozen=True):
    """What was decided, and by what: the kind of policy, its name, the statement's Sid or number.

    `named` is how the resource's policy names the caller, if that is what allows.
    """

    is_allowed: bool
    is_explicit: bool = False
    kind: Kind = "identity-based"
    policy: str = ""
    statement: str = ""

    def sentence(self, asked: Asked) -> str:
        """Return AWS's sentence of a refusal.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
        """
        who = "Anonymous" if asked.caller.kind == "anonymous" else f"User: {asked.caller.arn}"
        about = f" on resource: {asked.resource}" if asked.resource not in ("", "*") else ""
        what = f"{who} is not authorized to perform: {asked.action}{about}"
        article = "an" if self.kind.startswith("i") else "a"
        if self.is_explicit:
            return f"{what} with an explicit deny in {article} {_SENTENCES[self.kind]}"
        return f"{what} because no {_SENTENCES[self.kind]} allows the {asked.action} action"


def evaluate(asked: Asked, policies: Policies) -> Verdict:
    """Decide one request."""
    denied = _denied(asked, policies)
    if denied is not None:
        return denied
    caller = asked.caller
    granted, allowing = _granted(asked, policies.resource)
    is_own = caller.account == asked.owner and caller.kind not in ("anonymous", "service")
    if caller.kind in ("anonymous", "service"):
        return allowing or Verdict(False, kind="resource-based")
    if not is_own or policies.needs_resource:
        if allowing is None:
            return Verdict(False, kind="resource-based")
        if is_own and granted != "account":
            return _limited(asked, policies, granted) or allowing
    elif allowing is not None and granted != "account":
        return _limited(asked, policies, granted) or allowing
    return _by_identity(asked, policies)


def _limited(asked: Asked, policies: Policies, granted: Named) -> Verdict | None:
    """Return what limits a grant of the resource's policy in the caller's own account.

    A user who is named, or the session of a role, is limited by nothing; the role that is named is
    limited by its boundary and the session's policy.
    """
    caller = asked.caller
    if caller.kind != "role" or granted == "public":
        return None
    is_session = _names_session(asked, policies.resource)
    return None if is_session else _not_within(asked, policies)


def _names_session(asked: Asked, policy: Policy | None) -> bool:
    """Tell whether a statement that allows names the session itself, not its role."""
    session = msgspec.structs.replace(asked.caller, role_arn="")
    return policy is not None and any(
        one.names(session) == "exact" and _covers(one, asked) for one in policy.allows
    )


def _by_identity(asked: Asked, policies: Policies) -> Verdict:
    allowing = Verdict(True, policy="root") if asked.caller.kind == "root" else None
    for policy in policies.identity:
        if allowing is not None:
            break
        for one in policy.allows:
            if _covers(one, asked):
                allowing = Verdict(True, False, "identity-based", policy.name, one.label)
                break
    if allowing is None:
        return Verdict(False, kind="identity-based")
    return _not_within(asked, policies) or allowing


def _not_within(asked: Asked, policies: Policies) -> Verdict | None:
    """Return the refusal of a boundary or session policy that does not allow the request."""
    if policies.boundary is not None and not _allows(asked, (policies.boundary,)):
        return Verdict(False, kind="permissions boundary", policy=policies.boundary.name)
    if policies.session is not None and not _allows(asked, policies.session):
        return Verdict(False, kind="session")
    return None


def _allows(asked: Asked, policies: Iterable[Policy]) -> bool:
    return any(_covers(one, asked) for policy in policies for one in policy.allows)


def _granted(asked: Asked, policy: Policy | None) -> tuple[Named, Verdict | None]:
    """Return how the resource's policy allows the request: by whom it names, and what says so."""
    best: Named = ""
    found: Verdict | None = None
    for one in () if policy is None else policy.allows:
        named = one.names(asked.caller)
        if not named or (found is not None and named == "account") or not _covers(one, asked):
            continue
        if found is None or best == "account" or named == "exact":
            best = named
            name = "" if policy is None else policy.name
            found = Verdict(True, False, "resource-based", name, one.label)
    return best, found


def _denied(asked: Asked, policies: Policies) -> Verdict | None:
    """Return the first explicit denial, of whatever kind of policy."""
    kinds: tuple[tuple[Kind, Iterable[Policy]], ...] = (
        ("identity-based", policies.identity),
        ("permissions boundary", (policies.boundary,) if policies.boundary else ()),
        ("session", policies.session or ()),
        ("resource-based", (policies.resource,) if policies.resource else ()),
    )
    for kind, some in kinds:
        for policy in some:
            for one in policy.denies:
                if not _covers(one, asked):
                    continue
                if kind != "resource-based" or one.names(asked.caller):
                    return Verdict(False, True, kind, policy.name, one.label)
    return None


def _covers(statement: Statement, asked: Asked) -> bool:
    return statement.covers(asked.action.lower(), asked.resource, asked.context)
