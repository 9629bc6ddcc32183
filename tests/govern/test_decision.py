"""The one decision: the root may all in its account, others what their policies allow."""

from __future__ import annotations

import json

import pytest

from lakebed.core.principal import Origin, Principal
from lakebed.govern.decision import ALLOWED, Need, conditions_of, decide
from lakebed.govern.identities import ROLES, USERS, Identities, Role, User, touch
from lakebed.govern.policies import parsed
from lakebed.store.sqlite import SqliteStore

ACCOUNT = "000000000000"
ANN = f"arn:aws:iam::{ACCOUNT}:user/ann"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/one"
ROOT = Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, is_root=True)
LAKE = Need("s3:GetObject", "arn:aws:s3:::lake/a", ACCOUNT)


class Place:
    """A scope: the store, and whose rows."""

    account, region = ACCOUNT, "us-east-1"

    def __init__(self, store) -> None:
        self.store = store


@pytest.fixture
def place(tmp_path):
    store = SqliteStore(tmp_path / "store.sqlite")
    with store.transaction() as transaction:
        yield Place(transaction)
    store.close()


def allowing(action: str, resource: str, effect: str = "Allow", **more) -> str:
    statement = {"Effect": effect, "Action": action, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_the_root_may_all_in_its_account(place):
    assert decide(place, ROOT, Identities(), [LAKE], dict) == ALLOWED


def test_the_root_is_denied_by_a_resource_of_its_own(place):
    denies = parsed(
        allowing("s3:*", "arn:aws:s3:::lake/*", "Deny", Principal="*"), is_resource_policy=True
    )
    need = Need(LAKE.action, LAKE.resource, ACCOUNT, denies)
    found = decide(place, ROOT, Identities(), [need], dict)
    assert (found.is_allowed, found.reason) == (
        False,
        f"User: {ROOT.arn} is not authorized to perform: s3:GetObject on resource: "
        "arn:aws:s3:::lake/a with an explicit deny in a resource-based policy",
    )


def test_a_user_may_what_its_policies_allow_from_when_they_are_written(place):
    ann, identities = Principal(ACCOUNT, ANN, "AIDA", user="ann"), Identities()
    USERS.put(place, User(ACCOUNT, "ann", "AIDA"))
    assert decide(place, ann, identities, [LAKE], dict).reason == (
        f"User: {ANN} is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::lake/a "
        "because no identity-based policy allows the s3:GetObject action"
    )
    policy = {"read": allowing("s3:Get*", "arn:aws:s3:::lake/*")}
    USERS.put(place, User(ACCOUNT, "ann", "AIDA", inline=policy))
    touch(place, ACCOUNT)
    assert decide(place, ann, identities, [LAKE], dict) == ALLOWED
    other = Need("s3:GetObject", "arn:aws:s3:::other/a", ACCOUNT)
    assert not decide(place, ann, identities, [LAKE, other], dict).is_allowed


@pytest.mark.parametrize(("more", "times"), [({}, 0), ({"Condition": {"Null": {"k": "true"}}}, 2)])
def test_the_conditions_are_asked_for_only_where_a_policy_has_any(place, more, times):
    ann, identities, asked = Principal(ACCOUNT, ANN, "AIDA", user="ann"), Identities(), []
    policy = {"read": allowing("s3:Get*", "arn:aws:s3:::lake/*", **more)}
    USERS.put(place, User(ACCOUNT, "ann", "AIDA", inline=policy))
    decisions = [
        decide(place, ann, identities, [LAKE], lambda: asked.append(1) or {}) for _ in "ab"
    ]
    assert (decisions, asked) == ([ALLOWED, ALLOWED], [1] * times)


def test_the_session_of_a_role_may_what_the_role_may(place):
    policy = {"read": allowing("s3:Get*", "arn:aws:s3:::lake/*")}
    ROLES.put(place, Role(ACCOUNT, "reader", "AROA", "{}", inline=policy))
    who = Principal(ACCOUNT, SESSION, "AROA:one", role="reader", session="one")
    assert decide(place, who, Identities(), [LAKE], dict) == ALLOWED


def test_nobody_may_only_what_a_resource_lets_everybody(place):
    nobody = Principal(ACCOUNT, "*", "anonymous", is_anonymous=True)
    assert decide(place, nobody, Identities(), [LAKE], dict).reason == (
        "Anonymous is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::lake/a "
        "because no resource-based policy allows the s3:GetObject action"
    )
    public = parsed(
        allowing("s3:GetObject", "arn:aws:s3:::lake/*", Principal="*"), is_resource_policy=True
    )
    need = Need(LAKE.action, LAKE.resource, ACCOUNT, public)
    assert decide(place, nobody, Identities(), [need], dict) == ALLOWED


def test_what_is_known_of_every_request(place):
    ann = Principal(ACCOUNT, ANN, "AIDA", user="ann")
    origin = Origin("127.0.0.1", False, "boto3")
    assert conditions_of(place, ann, origin, 0.0) == {
        "aws:currenttime": "1970-01-01T00:00:00Z",
        "aws:epochtime": "0",
        "aws:principalaccount": ACCOUNT,
        "aws:principalarn": ANN,
        "aws:principaltype": "User",
        "aws:requestedregion": "us-east-1",
        "aws:securetransport": "false",
        "aws:sourceip": "127.0.0.1",
        "aws:useragent": "boto3",
        "aws:userid": "AIDA",
        "aws:username": "ann",
        "aws:viaawsservice": "false",
    }
