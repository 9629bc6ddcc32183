"""The policies of access points: who may do what through them.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.limits import BUCKET_POLICY_BYTES_MAX
from lakebed.govern.access_points import ACCESS_POINTS, AccessPoint
from lakebed.govern.policies import Policy, PolicyError, parsed
from lakebed.govern.public_access import account_blocks, is_public
from lakebed.services.s3control.model import access_point

if TYPE_CHECKING:
    from lakebed.shapes import s3control

_BLOCK = "BlockPublicPolicy"


def put_access_point_policy(
    ctx: Context, request: s3control.PutAccessPointPolicyRequest
) -> dict[str, Any]:
    """Set the policy of an access point, unless it is public and those are blocked.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_PutAccessPointPolicy.html
    Whom it names need not exist.
    """
    found, text = access_point(ctx, request), request["Policy"]
    policy = _checked(text, found)
    is_blocked = _BLOCK in found.blocks or _BLOCK in account_blocks(ctx, found.account)
    if is_blocked and is_public(policy):
        message = (
            f"User: {ctx.principal.arn} is not authorized to perform: s3:PutAccessPointPolicy on "
            f"resource: {found.arn} because public policies are prevented by the "
            "BlockPublicPolicy setting in S3 Block Public Access."
        )
        raise AwsError("AccessDenied", message, 403)
    ACCESS_POINTS.put(ctx, msgspec.structs.replace(found, policy=text))
    return {}


def _checked(text: str, found: AccessPoint) -> Policy:
    """Read a policy; MalformedPolicy for what is none, or about anything else."""
    try:
        if len(text.encode()) > BUCKET_POLICY_BYTES_MAX:
            raise PolicyError("Policy size exceeds the limit")
        policy = parsed(text, "access point policy", is_resource_policy=True)
    except PolicyError as error:
        raise AwsError("MalformedPolicy", str(error), 400) from None
    for statement in policy.statements:
        named = statement.resources.texts if statement.resources is not None else ()
        if not all(one.startswith(found.arn) for one in named):
            raise AwsError("MalformedPolicy", "Policy has invalid resource", 400)
    return policy


def get_access_point_policy(
    ctx: Context, request: s3control.GetAccessPointPolicyRequest
) -> s3control.GetAccessPointPolicyResult:
    """Return the policy of an access point as it was put.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetAccessPointPolicy.html
    """
    return {"Policy": _text(access_point(ctx, request))}


def get_access_point_policy_status(
    ctx: Context, request: s3control.GetAccessPointPolicyStatusRequest
) -> s3control.GetAccessPointPolicyStatusResult:
    """Say whether the policy of an access point lets in whoever comes.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetAccessPointPolicyStatus.html
    """
    found = access_point(ctx, request)
    return {"PolicyStatus": {"IsPublic": is_public(_checked(_text(found), found))}}


def delete_access_point_policy(
    ctx: Context, request: s3control.DeleteAccessPointPolicyRequest
) -> dict[str, Any]:
    """Delete the policy of an access point; to delete none is no error.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_DeleteAccessPointPolicy.html
    """
    found = access_point(ctx, request)
    ACCESS_POINTS.put(ctx, msgspec.structs.replace(found, policy=""))
    return {}


def _text(found: AccessPoint) -> str:
    if not found.policy:
        message = "The specified accesspoint policy does not exist"
        raise AwsError("NoSuchAccessPointPolicy", message, 404, {"AccessPointName": found.name})
    return found.policy
