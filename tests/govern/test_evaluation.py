"""The order of decision: AWS's documented cases, and a lattice that an oracle agrees with.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
from typing import Any

import cedarpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakebed.govern.evaluation import Asked, Policies, evaluate
from lakebed.govern.policies import Caller, Policy, PolicyError, parsed

OWN, OTHER = "111111111111", "222222222222"
USER = Caller(f"arn:aws:iam::{OWN}:user/ann", OWN, "user")
ROLE_ARN = f"arn:aws:iam::{OWN}:role/reader"
SESSION = Caller(f"arn:aws:sts::{OWN}:assumed-role/reader/one", OWN, "role", ROLE_ARN)
ROOT = Caller(f"arn:aws:iam::{OWN}:root", OWN, "root")
NOBODY = Caller("*", "", "anonymous")
GLUE = Caller("", "", "service", service="glue.amazonaws.com")
BUCKET = "arn:aws:s3:::lake/a"


def policy(*statements: dict[str, Any], resource: bool = False) -> Policy:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return parsed(json.dumps(document), "p", is_resource_policy=resource)


def allow(principal: Any = None, action: str = "s3:*", on: str = "*", effect: str = "Allow") -> Any:
    statement: dict[str, Any] = {"Effect": effect, "Action": action, "Resource": on}
    return statement | ({} if principal is None else {"Principal": principal})


def deny(principal: Any = None, **more: Any) -> Any:
    return allow(principal, effect="Deny", **more)


YES, NO = policy(allow()), policy(deny())
NOTHING = policy(allow(action="ec2:*"))


def decided(caller: Caller, owner: str = OWN, **policies: Any) -> str:
    asked = Asked(caller, "s3:GetObject", BUCKET, owner)
    verdict = evaluate(asked, Policies(**policies))
    if verdict.is_allowed:
        return "allowed"
    return verdict.sentence(asked).partition(BUCKET)[2].strip()


def no(kind: str) -> str:
    return f"because no {kind} allows the s3:GetObject action"


IDENTITY, RESOURCE = no("identity-based policy"), no("resource-based policy")
BOUNDARY, SESSIONS = no("permissions boundary"), no("session policy")


def granted(principal: Any) -> Policy:
    return policy(allow(principal), resource=True)


@pytest.mark.parametrize(
    ("caller", "policies", "expected"),
    [
        (USER, {}, IDENTITY),
        (USER, {"identity": (YES,)}, "allowed"),
        (USER, {"identity": (YES, NO)}, "with an explicit deny in an identity-based policy"),
        (USER, {"identity": (YES,), "boundary": NOTHING}, BOUNDARY),
        (USER, {"identity": (YES,), "boundary": YES}, "allowed"),
        (USER, {"identity": (YES,), "boundary": NO},
         "with an explicit deny in a permissions boundary"),
        (USER, {"boundary": YES}, IDENTITY),
        (USER, {"identity": (YES,), "session": (NOTHING,)}, SESSIONS),
        (USER, {"identity": (YES,), "session": (NO,)}, "with an explicit deny in a session policy"),
        # A user who is named is limited by no implicit denial.
        (USER, {"resource": granted({"AWS": USER.arn})}, "allowed"),
        (USER, {"resource": granted({"AWS": USER.arn}), "boundary": NOTHING}, "allowed"),
        (USER, {"resource": granted("*")}, "allowed"),
        # The account hands on to its own policies.
        (USER, {"resource": granted({"AWS": OWN})}, IDENTITY),
        (USER, {"resource": granted({"AWS": ROOT.arn}), "identity": (YES,)}, "allowed"),
        # A role that is named is limited by boundary and session policy, its session is not.
        (SESSION, {"resource": granted({"AWS": ROLE_ARN})}, "allowed"),
        (SESSION, {"resource": granted({"AWS": ROLE_ARN}), "boundary": NOTHING}, BOUNDARY),
        (SESSION, {"resource": granted({"AWS": ROLE_ARN}), "session": (NOTHING,)}, SESSIONS),
        (SESSION, {"resource": granted({"AWS": SESSION.arn}), "session": (NOTHING,)}, "allowed"),
        (ROOT, {}, "allowed"),
        (ROOT, {"resource": policy(deny("*"), resource=True)},
         "with an explicit deny in a resource-based policy"),
        (NOBODY, {}, RESOURCE),
        (NOBODY, {"resource": granted("*")}, "allowed"),
        (NOBODY, {"resource": granted({"AWS": OWN})}, RESOURCE),
        (GLUE, {"resource": granted({"Service": "glue.amazonaws.com"})}, "allowed"),
        (GLUE, {"resource": granted({"Service": "ec2.amazonaws.com"})}, RESOURCE),
        # A key's policy must allow, whatever the identity's says.
        (USER, {"identity": (YES,), "needs_resource": True}, RESOURCE),
        (USER, {"identity": (YES,), "resource": granted({"AWS": OWN}), "needs_resource": True},
         "allowed"),
        (USER, {"resource": granted({"AWS": OWN}), "needs_resource": True}, IDENTITY),
        (USER, {"resource": granted({"AWS": USER.arn}), "needs_resource": True}, "allowed"),
    ],
)  # fmt: skip
def test_within_an_account(caller, policies, expected):
    assert decided(caller, **policies) == expected


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ({"identity": (YES,)}, RESOURCE),
        ({"resource": granted({"AWS": OWN})}, IDENTITY),
        ({"resource": granted({"AWS": USER.arn})}, IDENTITY),
        ({"identity": (YES,), "resource": granted({"AWS": OWN})}, "allowed"),
        ({"identity": (YES,), "resource": granted("*")}, "allowed"),
        ({"identity": (YES,), "resource": granted({"AWS": OTHER})}, RESOURCE),
        ({"identity": (YES,), "resource": granted({"AWS": OWN}), "boundary": NOTHING}, BOUNDARY),
    ],
)
def test_across_accounts_both_sides_must_allow(policies, expected):
    assert decided(USER, OTHER, **policies) == expected


def test_not_elements_mean_all_others():
    but = policy({"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::secret/*"})
    assert decided(USER, identity=(but,)) == "allowed"
    theirs = policy(deny() | {"NotPrincipal": {"AWS": USER.arn}}, resource=True)
    assert decided(USER, identity=(YES,), resource=theirs) == "allowed"
    assert decided(SESSION, identity=(YES,), resource=theirs).startswith("with an explicit deny")


def test_a_star_in_an_arn_stays_in_its_part_unless_it_ends_it():
    def reads(pattern: str, arn: str) -> bool:
        asked = Asked(USER, "s3:GetObject", arn, OWN)
        return evaluate(asked, Policies((policy(allow(on=pattern)),))).is_allowed

    assert reads("arn:aws:s3:::lake/*/x", "arn:aws:s3:::lake/a/b:c/x")
    assert reads("arn:aws:logs:*", "arn:aws:logs:us-east-1:1:log-group:a")
    assert reads("arn:aws:glue:us-*-1:*:table/db/*", "arn:aws:glue:us-east-1:1:table/db/t")
    assert not reads("arn:aws:g*e:table/db/t", "arn:aws:glue:us-east-1:1:table/db/t")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Syntax errors in policy."),
        ("[]", "Syntax errors in policy."),
        ('{"Version": "2020-01-01"}', "The policy must contain a valid version string."),
        ('{"Version": "2012-10-17"}', "Syntax errors in policy."),
    ],
)  # fmt: skip
def test_what_is_no_policy(text, message):
    with pytest.raises(PolicyError) as refused:
        parsed(text)
    assert str(refused.value) == message


# -- the oracle ---------------------------------------------------------------------------------

ACTIONS = ("s3:GetObject", "s3:PutObject", "glue:GetTable")
RESOURCES = ("arn:aws:s3:::lake/a", "arn:aws:s3:::lake/b/c", "arn:aws:glue:us-east-1:1:table/d/t")
STATEMENTS = st.fixed_dictionaries({
    "Effect": st.sampled_from(["Allow", "Allow", "Deny"]),
    "Action": st.sampled_from([*ACTIONS, "s3:*", "*", "s3:Get*"]),
    "Resource": st.sampled_from([*RESOURCES, "*", "arn:aws:s3:::lake/*", "arn:aws:glue:*"]),
    "Condition": st.sampled_from([
        {}, {"StringEquals": {"k": "one"}}, {"StringNotEquals": {"k": "one"}},
        {"StringLike": {"k": "o*"}}, {"StringEqualsIfExists": {"k": "two"}},
        {"Null": {"k": "true"}}, {"NumericLessThan": {"n": "5"}},
    ]),
})  # fmt: skip
SETS = st.lists(STATEMENTS, min_size=1, max_size=4)
CONTEXTS = st.fixed_dictionaries({}, optional={
    "k": st.sampled_from(["one", "two"]), "n": st.sampled_from(["4", "5"]),
})  # fmt: skip


def as_cedar(statement: dict[str, Any]) -> str:
    """Write a statement in Cedar's language; what it does with missing keys is spelled out."""
    tests = [
        f"context.action like {json.dumps(statement['Action'])}",
        f"context.resource like {json.dumps(statement['Resource'])}",
    ]
    for operator, keys in statement["Condition"].items():
        ((key, value),) = keys.items()
        test = {
            "StringEquals": f'(context has {key} && context.{key} == "{value}")',
            "StringNotEquals": f'!(context has {key} && context.{key} == "{value}")',
            "StringLike": f'(context has {key} && context.{key} like "{value}")',
            "StringEqualsIfExists": f'(!(context has {key}) || context.{key} == "{value}")',
            "Null": f"!(context has {key})",
            "NumericLessThan": f"(context has {key} && context.{key} < {value})",
        }[operator]
        tests.append(test)
    effect = "permit" if statement["Effect"] == "Allow" else "forbid"
    return f"{effect}(principal, action, resource) when {{ {' && '.join(tests)} }};"


def oracle(statements: list[dict[str, Any]], asked: Asked) -> tuple[bool, bool]:
    """Return whether Cedar allows, and whether it denies explicitly."""
    if not statements:
        return False, False
    context = {key: int(value) if key == "n" else value for key, value in asked.context.items()} | {
        "action": asked.action,
        "resource": asked.resource,
    }
    request = {"principal": 'U::"u"', "action": 'A::"a"', "resource": 'R::"r"', "context": context}

    def asks(some: list[dict[str, Any]]) -> bool:
        text = "\n".join(map(as_cedar, some))
        return cedarpy.is_authorized(request, text, []).decision == cedarpy.Decision.Allow

    denies = [one | {"Effect": "Allow"} for one in statements if one["Effect"] == "Deny"]
    return asks(statements), bool(denies) and asks(denies)


@given(SETS, st.none() | SETS, st.none() | SETS, st.sampled_from(ACTIONS),
       st.sampled_from(RESOURCES), CONTEXTS)  # fmt: skip
def test_no_decision_differs_from_the_oracles(
    identity, boundary, session, action, resource, context
):
    asked = Asked(USER, action, resource, OWN, context)
    parts = [one for one in (identity, boundary, session) if one is not None]
    answers = [oracle(one, asked) for one in parts]
    expected = all(allows for allows, _ in answers) and not any(denies for _, denies in answers)
    verdict = evaluate(
        asked,
        Policies(
            (policy(*identity),),
            None if boundary is None else policy(*boundary),
            None if session is None else (policy(*session),),
        ),
    )
    assert verdict.is_allowed == expected
    assert verdict.is_explicit == any(denies for _, denies in answers)


CALLERS = (USER, SESSION, SESSION, SESSION, ROOT, NOBODY, GLUE)
NAMES = {
    "*": "*",
    "account": {"AWS": OWN},
    "root": {"AWS": ROOT.arn},
    "other account": {"AWS": OTHER},
    "user": {"AWS": USER.arn},
    "role": {"AWS": ROLE_ARN},
    "session": {"AWS": SESSION.arn},
    "service": {"Service": "glue.amazonaws.com"},
}
BROAD = STATEMENTS.map(lambda one: one | {"Action": "*", "Resource": "*", "Condition": {}})
"""What decides is mostly who is named and which kinds of policies there are."""
GRANTS = st.tuples(st.sampled_from([*NAMES, "role", "session", "user"]), BROAD | STATEMENTS)
MIXED = st.lists(BROAD | STATEMENTS, min_size=1, max_size=2)
_MEANT = {
    "user": {"*": "named", "account": "account", "root": "account", "user": "named"},
    "role": {"*": "named", "account": "account", "root": "account", "role": "role",
             "session": "named"},
    "root": {"*": "named", "account": "named", "root": "named"},
    "anonymous": {"*": "named"},
    "service": {"*": "named", "service": "named"},
}  # fmt: skip
"""How a principal of a resource's policy means a caller: itself, its role, its account."""


def grants(
    kind: str, named: list[tuple[str, dict[str, Any]]], asked: Asked
) -> tuple[set[str], bool]:
    """Return how the oracle sees a caller granted something, and whether it is denied."""
    found: set[str] = set()
    denied = False
    for name, statement in named:
        meant = _MEANT[kind].get(name)
        if meant is None:
            continue
        allows, denies = oracle([statement], asked)
        found |= {meant} if allows else set()
        denied |= denies
    return found, denied


@given(
    st.sampled_from(CALLERS), st.sampled_from([OWN, OWN, OTHER]), st.booleans(),
    st.tuples(st.just([]) | MIXED, st.none() | MIXED, st.none() | MIXED),
    st.lists(GRANTS, min_size=1, max_size=2),
    st.tuples(st.sampled_from(ACTIONS), st.sampled_from(RESOURCES), CONTEXTS),
)  # fmt: skip
def test_no_decision_about_a_resource_with_a_policy_differs_from_the_oracles(
    caller, owner, needs_resource, own, named, call
):
    asked = Asked(caller, call[0], call[1], owner, call[2])
    is_somebody = caller.kind in ("user", "role")
    identity, boundary, session = own if is_somebody else ([], None, None)
    sets = [identity, *(one for one in (boundary, session) if one is not None)]
    answers = [oracle(one, asked) for one in sets]
    found, is_denied = grants(caller.kind, named, asked)
    within = all(allows for allows, _ in answers[1:])
    by_identity = (answers[0][0] or caller.kind == "root") and within
    if caller.kind in ("anonymous", "service"):
        expected = bool(found)
    elif owner != caller.account:
        expected = bool(found) and by_identity
    elif needs_resource:
        expected = "named" in found or ("role" in found and within) or (
            "account" in found and by_identity
        )  # fmt: skip
    else:
        expected = "named" in found or ("role" in found and within) or by_identity
    is_denied |= any(denies for _, denies in answers)
    statements = [one | {"Principal": NAMES[name]} for name, one in named]
    verdict = evaluate(
        asked,
        Policies(
            (policy(*identity),) if identity else (),
            None if boundary is None else policy(*boundary),
            None if session is None else (policy(*session),),
            policy(*statements, resource=True),
            needs_resource,
        ),
    )
    assert (verdict.is_allowed, verdict.is_explicit) == (expected and not is_denied, is_denied)
