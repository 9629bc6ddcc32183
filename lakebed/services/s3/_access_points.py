"""What a call needs that comes through an access point: its policy and the bucket's must let it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.govern.access_points import AccessPoint, access_point_of
from lakebed.govern.decision import Need
from lakebed.govern.policies import Policy, parsed
from lakebed.govern.public_access import account_blocks, is_public

_NAME = "access point policy"
_RESTRICT = "RestrictPublicBuckets"
_TEXTS_KEPT = 256
_ALL = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}]}'
_OPERATIONS = frozenset(
    {
        "abort_multipart_upload",
        "complete_multipart_upload",
        "copy_object",
        "create_multipart_upload",
        "delete_object",
        "delete_object_tagging",
        "delete_objects",
        "get_bucket_location",
        "get_object",
        "get_object_acl",
        "get_object_attributes",
        "get_object_legal_hold",
        "get_object_retention",
        "get_object_tagging",
        "head_bucket",
        "head_object",
        "list_multipart_uploads",
        "list_object_versions",
        "list_objects",
        "list_objects_v2",
        "list_parts",
        "put_object",
        "put_object_acl",
        "put_object_legal_hold",
        "put_object_retention",
        "put_object_tagging",
        "upload_part",
        "upload_part_copy",
    }
)
"""What can be done through an access point.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-service-api-support.html
"""


def access_point_in(ctx: Context) -> str:
    """Return the ARN of the access point that a call came through, empty if it did not."""
    return "" if ctx.origin is None else ctx.origin.access_point


def check_operation(operation: str) -> None:
    """Refuse what is done with buckets themselves."""
    if operation not in _OPERATIONS:
        message = "The specified method is not allowed against this resource."
        raise AwsError("MethodNotAllowed", message, 405, {"ResourceType": "ACCESSPOINT"})


def needs_through(ctx: Context, arn: str, found: Sequence[Need]) -> list[Need]:
    """Return what a call needs through an access point that needs `found` of the bucket.

    Whoever is of the bucket's account needs only that the bucket's policy does not deny it.
    """
    point = access_point_of(ctx, arn)
    if point is None:
        raise AwsError("NoSuchAccessPoint", "The specified accesspoint does not exist", 404)
    who = ctx.principal
    is_own = not who.is_anonymous and who.account == point.account
    policy = _policy_to(ctx, point, is_own=is_own)
    needed: list[Need] = []
    for need in found:
        _, slash, key = need.resource.partition("/")
        resource = arn + (f"/object/{key}" if slash else "")
        needed.append(Need(need.action, resource, point.account, policy))
        denies = () if need.policy is None else need.policy.denies
        own = Policy.of(_NAME, (*_parsed(_ALL).statements, *denies))
        needed.append(Need(need.action, need.resource, need.owner, own) if is_own else need)
    return needed


def _policy_to(ctx: Context, point: AccessPoint, *, is_own: bool) -> Policy | None:
    """Return the policy of an access point; of a public one to others only what it denies."""
    if not point.policy:
        return None if is_own else Policy(_NAME)
    policy = _parsed(point.policy)
    is_shut = _RESTRICT in point.blocks or _RESTRICT in account_blocks(ctx, point.account)
    if not is_own and is_shut and is_public(policy):
        return Policy.of(_NAME, policy.denies)
    return policy


@lru_cache(maxsize=_TEXTS_KEPT)
def _parsed(text: str) -> Policy:
    return parsed(text, _NAME, is_resource_policy=True)
