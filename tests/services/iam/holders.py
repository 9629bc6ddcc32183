"""What holds of the policies of users, groups and roles alike."""

from __future__ import annotations

import json
from typing import Any

from tests.services.glue.test_databases import error_of
from tests.services.iam.answers import allowing, whole

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
GLUE = "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"


def check_inline_policies(iam: Any, kind: str, name: str) -> None:
    """Write, read, list and delete inline policies of an entity that is there."""
    member, word = f"{kind}Name", kind.lower()
    put, get = getattr(iam, f"put_{word}_policy"), getattr(iam, f"get_{word}_policy")
    listed, delete = getattr(iam, f"list_{word}_policies"), getattr(iam, f"delete_{word}_policy")
    given = {member: name, "PolicyName": "p"}
    for action in ("s3:*", "glue:*"):
        put(**given, PolicyDocument=json.dumps(allowing(action)))
    put(**{**given, "PolicyName": "a"}, PolicyDocument=json.dumps(allowing()))
    assert whole(get(**given)) == {**given, "PolicyDocument": allowing("glue:*")}
    assert whole(listed(**{member: name})) == {"PolicyNames": ["a", "p"], "IsTruncated": False}
    delete(**given)
    assert listed(**{member: name})["PolicyNames"] == ["a"]
    missing = ("NoSuchEntity", f"The {word} policy with name p cannot be found.", 404)
    assert error_of(lambda: get(**given)) == missing
    assert error_of(lambda: delete(**given)) == missing
    no_entity = ("NoSuchEntity", f"The {word} with name nobody cannot be found.", 404)
    assert error_of(lambda: get(**{member: "nobody", "PolicyName": "p"})) == no_entity


def check_attached_policies(iam: Any, kind: str, name: str) -> None:
    """Attach, list and detach managed policies of an entity that is there."""
    member, word = f"{kind}Name", kind.lower()
    attach, detach = getattr(iam, f"attach_{word}_policy"), getattr(iam, f"detach_{word}_policy")
    listed = getattr(iam, f"list_attached_{word}_policies")
    who = {member: name}
    for arn in (GLUE, ADMINISTRATOR, GLUE):
        attach(**who, PolicyArn=arn)
    glue = {"PolicyName": "AWSGlueServiceRole", "PolicyArn": GLUE}
    administrator = {"PolicyName": "AdministratorAccess", "PolicyArn": ADMINISTRATOR}
    assert whole(listed(**who)) == {
        "AttachedPolicies": [administrator, glue], "IsTruncated": False,
    }  # fmt: skip
    assert listed(**who, PathPrefix="/service-role/")["AttachedPolicies"] == [glue]
    detach(**who, PolicyArn=GLUE)
    assert listed(**who)["AttachedPolicies"] == [administrator]
    assert error_of(lambda: detach(**who, PolicyArn=GLUE)) == (
        "NoSuchEntity", f"Policy {GLUE} was not found.", 404,
    )  # fmt: skip
    unknown = "arn:aws:iam::000000000000:policy/nope"
    assert error_of(lambda: attach(**who, PolicyArn=unknown)) == (
        "NoSuchEntity", f"Policy {unknown} does not exist or is not attachable.", 404,
    )  # fmt: skip
    arns = [
        iam.create_policy(PolicyName=f"p{number}", PolicyDocument=json.dumps(allowing()))["Policy"][
            "Arn"
        ]
        for number in range(10)
    ]
    for arn in arns[:9]:
        attach(**who, PolicyArn=arn)
    assert error_of(lambda: attach(**who, PolicyArn=arns[9])) == (
        "LimitExceeded", f"Cannot exceed quota for PoliciesPer{kind}: 10", 409,
    )  # fmt: skip


def check_inline_size(iam: Any, kind: str, name: str, most: int) -> None:
    """Inline policies of an entity are counted together."""
    put = getattr(iam, f"put_{kind.lower()}_policy")
    half = json.dumps(allowing(resource="a" * (most // 2)), indent=20)
    put(**{f"{kind}Name": name}, PolicyName="a", PolicyDocument=half)
    long = error_of(lambda: put(**{f"{kind}Name": name}, PolicyName="b", PolicyDocument=half))
    assert long == (
        "LimitExceeded",
        f"Maximum policy size of {most} bytes exceeded for {kind.lower()} {name}",
        409,
    )
