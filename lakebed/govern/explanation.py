"""Why a request was refused: the statements about it, what each lacked, and what would allow it.

Asked only of refusals, and by `lakebed why`: the evaluator itself stays as small as AWS's order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import msgspec

from lakebed.govern.conditions import Condition
from lakebed.govern.evaluation import Asked, Kind, Policies, Verdict
from lakebed.govern.policies import Policy, Statement

_STATEMENTS_MAX = 50
_VALUES_MAX = 20
_TEXT_MAX = 512
_HIDDEN = frozenset({"sts:externalid"})
"""Condition keys whose values are between two parties."""


class Tested(msgspec.Struct, frozen=True):
    """A condition of a statement: what it wants of a key, what the request has, whether it holds.

    `given` is empty where the request has no value of the key.
    """

    operator: str
    key: str
    wanted: tuple[str, ...]
    given: tuple[str, ...]
    holds: bool


class Considered(msgspec.Struct, frozen=True):
    """A statement about the action: of which policy, and what came of it.

    `outcome` is `applies`, or what does not fit: `resource`, `principal`, `conditions`.
    """

    kind: Kind
    policy: str
    statement: str
    effect: str
    outcome: str
    conditions: tuple[Tested, ...] = ()


class Explanation(msgspec.Struct, frozen=True):
    """What was asked, what decided, which statements are about it, and what would allow it."""

    action: str
    resource: str
    owner: str
    conditions: dict[str, tuple[str, ...]]
    decided_by: str
    policies: dict[str, int]
    statements: tuple[Considered, ...]
    advice: tuple[str, ...]


def explain(asked: Asked, policies: Policies, verdict: Verdict) -> Explanation:
    """Return why a request was refused. Long texts are cut, and many statements are some."""
    each = list(_each(policies))
    considered: list[Considered] = []
    for kind, policy in each:
        for one in policy.statements:
            if one.actions.match(asked.action.lower(), asked.context):
                considered.append(_considered(asked, kind, policy, one))
    counts: dict[str, int] = {}
    for kind, _ in each:
        counts[kind] = counts.get(kind, 0) + 1
    considered.sort(key=lambda one: (one.outcome != "applies", one.effect == "Allow"))
    return Explanation(
        asked.action,
        _cut(asked.resource),
        asked.owner,
        {key: _given(asked.context, key) for key in sorted(asked.context)},
        named(verdict),
        counts,
        tuple(considered[:_STATEMENTS_MAX]),
        tuple(_advice(asked, verdict, considered)),
    )


def named(verdict: Verdict) -> str:
    """Return what decided, in some words: a kind of policy, and the statement that denies."""
    if not verdict.is_explicit:
        return f"no {verdict.kind} policy allows it"
    policy = f" {verdict.policy}" if verdict.policy else ""
    return f"statement {verdict.statement} of the {verdict.kind} policy{policy} denies it"


def _each(policies: Policies) -> Iterator[tuple[Kind, Policy]]:
    for one in policies.identity:
        yield "identity-based", one
    if policies.boundary is not None:
        yield "permissions boundary", policies.boundary
    for one in policies.session or ():
        yield "session", one
    if policies.resource is not None:
        yield "resource-based", policies.resource


def _considered(asked: Asked, kind: Kind, policy: Policy, one: Statement) -> Considered:
    tested = tuple(_tested(condition, asked.context) for condition in one.conditions)
    outcome = "applies"
    if one.resources is not None and not one.resources.match(asked.resource, asked.context):
        outcome = "resource"
    elif kind == "resource-based" and not one.names(asked.caller):
        outcome = "principal"
    elif not all(test.holds for test in tested):
        outcome = "conditions"
    effect = "Allow" if one.is_allow else "Deny"
    return Considered(kind, _cut(policy.name), _cut(one.label), effect, outcome, tested)


def _tested(condition: Condition, context: Mapping[str, str | tuple[str, ...]]) -> Tested:
    is_hidden = condition.key in _HIDDEN
    wanted = ("hidden",) if is_hidden else tuple(map(_cut, condition.wanted[:_VALUES_MAX]))
    given = _given(context, condition.key)
    return Tested(condition.operator, condition.key, wanted, given, condition.holds(context))


def _given(context: Mapping[str, str | tuple[str, ...]], key: str) -> tuple[str, ...]:
    value = context.get(key)
    if value is None:
        return ()
    if key in _HIDDEN:
        return ("hidden",)
    values = (value,) if isinstance(value, str) else value
    return tuple(map(_cut, values[:_VALUES_MAX]))


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT_MAX else f"{text[:_TEXT_MAX]}…"


def _advice(asked: Asked, verdict: Verdict, considered: list[Considered]) -> Iterator[str]:
    """Yield what would allow a request."""
    if verdict.is_explicit:
        yield (
            f"{named(verdict)}: whatever else allows it does not count. Narrow or remove the "
            "statement."
        )
        return
    for one in considered:
        if (one.kind, one.effect, one.outcome) != (verdict.kind, "Allow", "conditions"):
            continue
        lacking = ", ".join(test.key for test in one.conditions if not test.holds)
        yield f"statement {one.statement} of {one.policy} would allow it but for {lacking}"
    statement: dict[str, object] = {
        "Effect": "Allow", "Action": asked.action, "Resource": asked.resource or "*",
    }  # fmt: skip
    where = {
        "identity-based": f"a policy of {asked.caller.arn}",
        "permissions boundary": f"the permissions boundary {verdict.policy}, besides a policy",
        "session": "a policy given when the session was begun, besides the role's or user's",
        "resource-based": "the resource's own policy",
    }[verdict.kind]
    if verdict.kind == "resource-based":
        arn = asked.caller.role_arn or asked.caller.arn
        statement["Principal"] = "*" if arn in ("", "*") else {"AWS": arn}
    yield f"in {where}: {json.dumps(statement)}"
    if verdict.kind == "resource-based" and asked.caller.account not in ("", asked.owner):
        yield "and, as it is another account's, a policy of the caller that allows it"
