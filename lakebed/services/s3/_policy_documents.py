"""Bucket policies: what S3 takes for one, and which ones it calls public.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
The sentences of refusals are AWS's as clients report them: no page lists them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec

from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import BUCKET_POLICY_BYTES_MAX
from lakebed.govern import patterns
from lakebed.govern.conditions import Condition
from lakebed.govern.policies import Policy, PolicyError, Statement, parsed
from lakebed.services.s3._policy_actions import BUCKET_ACTIONS, CONDITION_KEYS, OBJECT_ACTIONS

_FIELDS = frozenset({"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"}) | {
    "Resource",
    "NotResource",
    "Condition",
}
_PRINCIPAL = re.compile(
    r"\*|\d{12}|arn:aws:iam::\d{12}:(?:root|(?:user|role)/\S+)"
    r"|arn:aws:sts::\d{12}:(?:assumed-role|federated-user)/\S+"
)


def checked_policy(text: str, bucket: str) -> Policy:
    """Read a bucket's policy; MalformedPolicy with S3's sentence for what is none."""
    if len(text.encode()) > BUCKET_POLICY_BYTES_MAX:
        raise _malformed(
            "Normalized policy document exceeds the maximum allowed size of "
            f"{BUCKET_POLICY_BYTES_MAX} bytes."
        )
    try:
        document: Any = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or not text.startswith("{"):
        raise _malformed("Policies must be valid JSON and the first byte must be '{'")
    for given in _statements(cast("dict[str, Any]", document)):
        _check_statement(given, bucket)
    try:
        policy = parsed(text, "bucket policy", is_resource_policy=True)
    except PolicyError as error:
        raise _malformed(str(error)) from None
    for statement in policy.statements:
        _check_keys(statement.conditions)
    return in_accounts(policy)


def _statements(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    given = document.get("Statement")
    if given is None:
        raise _malformed("Missing required field Statement")
    many = cast("list[Any]", given) if isinstance(given, list) else [given]
    if not many:
        raise _malformed("Could not parse the policy: Statement is empty!")
    if not all(isinstance(one, dict) for one in many):
        raise _malformed("Invalid policy syntax.")
    return cast("list[dict[str, Any]]", many)


def _check_statement(given: Mapping[str, Any], bucket: str) -> None:
    unknown = sorted(given.keys() - _FIELDS)
    if unknown:
        raise _malformed(f"Unknown field {unknown[0]}")
    if "Effect" not in given:
        raise _malformed("Missing required field Effect")
    if given["Effect"] not in ("Allow", "Deny"):
        raise _malformed(f"Invalid effect: {given['Effect']}")
    for member in ("Principal", "Action", "Resource"):
        if member not in given and f"Not{member}" not in given:
            raise _malformed(f"Missing required field {member}")
    _check_principals(given.get("Principal", given.get("NotPrincipal")))
    actions = _texts(given.get("Action", given.get("NotAction")), "Policy has invalid action")
    resources = _texts(
        given.get("Resource", given.get("NotResource")), "Policy has invalid resource"
    )
    of_buckets, of_objects = _about(actions)
    if not all(_is_of(one, bucket) for one in resources):
        raise _malformed("Policy has invalid resource")
    if "Action" not in given or "Resource" not in given:
        return
    to_objects = any("/" in one or one.endswith("*") for one in resources)
    to_buckets = any("/" not in one for one in resources)
    if not (of_objects and to_objects) and not (of_buckets and to_buckets):
        raise _malformed("Action does not apply to any resource(s) in statement")


def _check_principals(given: Any) -> None:
    if given == "*":
        return
    if not isinstance(given, dict) or not given:
        raise _malformed("Invalid principal in policy")
    for kind, value in cast("dict[str, Any]", given).items():
        names = _texts(value, "Invalid principal in policy")
        if kind not in ("AWS", "CanonicalUser", "Service", "Federated") or not names:
            raise _malformed("Invalid principal in policy")
        if kind == "AWS" and not all(_PRINCIPAL.fullmatch(one) for one in names):
            raise _malformed("Invalid principal in policy")
        if kind == "CanonicalUser" and not all(re.fullmatch(r"\d{12}", one) for one in names):
            raise _malformed("Invalid principal in policy")


def _about(actions: Iterable[str]) -> tuple[bool, bool]:
    """Tell whether actions are about buckets, and about objects; refuse what S3 does not know."""
    of_buckets = of_objects = False
    for one in actions:
        matches = patterns.wildcard(one.lower())
        buckets = any(map(matches, BUCKET_ACTIONS))
        objects = any(map(matches, OBJECT_ACTIONS))
        if not (buckets or objects):
            raise _malformed("Policy has invalid action")
        of_buckets, of_objects = of_buckets or buckets, of_objects or objects
    return of_buckets, of_objects


def _is_of(resource: str, bucket: str) -> bool:
    """Tell whether a resource is the bucket or in it; a star after its name may mean both."""
    rest = resource.removeprefix(f"arn:aws:s3:::{bucket}")
    return rest != resource and (not rest or rest[0] in "/*")


def _texts(given: Any, refusal: str) -> list[str]:
    many = cast("list[Any]", given) if isinstance(given, list) else [given]
    if not many or not all(isinstance(one, str) for one in many):
        raise _malformed(refusal)
    return many


def _check_keys(conditions: Iterable[Condition]) -> None:
    """Refuse condition keys of S3 that there are not, and those that no request has here."""
    for one in conditions:
        if not one.key.startswith("s3:") or one.key.partition("/")[0] in CONDITION_KEYS.built:
            continue
        if one.key in CONDITION_KEYS.unbuilt:
            raise NotBuiltError("s3", "PutBucketPolicy", f"condition key {one.key}")
        raise _malformed("Policy has an invalid condition key")


def _malformed(message: str) -> AwsError:
    return AwsError("MalformedPolicy", message, 400)


def in_accounts(policy: Policy) -> Policy:
    """Return a policy in which canonical users are accounts: here both have the same name."""
    return Policy.of(policy.name, map(_in_accounts, policy.statements))


def _in_accounts(statement: Statement) -> Statement:
    principals = statement.principals or {}
    users = principals.get("CanonicalUser")
    if users is None:
        return statement
    others = {kind: names for kind, names in principals.items() if kind != "CanonicalUser"}
    others["AWS"] = (*others.get("AWS", ()), *users)
    return msgspec.structs.replace(statement, principals=others)
