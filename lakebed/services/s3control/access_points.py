"""Access points to buckets.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError, NotBuiltError
from lakebed.core.limits import ACCESS_POINTS_MAX, ACCESS_POINTS_PAGE_MAX
from lakebed.core.principal import Principal
from lakebed.govern.access_points import ACCESS_POINTS, AccessPoint
from lakebed.govern.public_access import BLOCKS
from lakebed.services.s3control.model import access_point, account_of
from lakebed.store import Range

if TYPE_CHECKING:
    from lakebed.shapes import s3control

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,48})[a-z0-9]")
_ALIAS_NAME_CHARACTERS, _ALIAS_CHARACTERS = 20, 34
_UNBUILT = ("VpcConfiguration", "Scope", "Tags")


def create_access_point(
    ctx: Context, request: s3control.CreateAccessPointRequest
) -> s3control.CreateAccessPointResult:
    """Make an access point to a bucket of the account, which blocks public access unless told.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_CreateAccessPoint.html
    Those of a VPC are refused by name, as are those to buckets of other accounts.
    """
    account, name = account_of(ctx, request), request["Name"]
    for member in _UNBUILT:
        if request.get(member):
            raise NotBuiltError("s3control", "CreateAccessPoint", member)
    if request.get("BucketAccountId", account) != account:
        raise NotBuiltError("s3control", "CreateAccessPoint", "BucketAccountId of another account")
    if _NAME.fullmatch(name) is None or name.endswith("-s3alias"):
        message = "The specified accesspoint name or account is not valid"
        raise AwsError("InvalidAccessPoint", message, 400)
    if ACCESS_POINTS.get(ctx, account, ctx.region, name) is not None:
        # Remembered, as are the other codes of access points.
        message = (
            "Your previous request to create the named accesspoint succeeded and you already own "
            "it."
        )
        raise AwsError("AccessPointAlreadyOwnedByYou", message, 409)
    _check_bucket(ctx, account, request["Bucket"])
    _check_count(ctx, account)
    token = ctx.ids.token(4 * _ALIAS_CHARACTERS)
    alias = f"{name[:_ALIAS_NAME_CHARACTERS].rstrip('-')}-{token}-s3alias"
    asked: Mapping[str, Any] = request.get(
        "PublicAccessBlockConfiguration", dict.fromkeys(BLOCKS, 1)
    )
    blocks = tuple(one for one in BLOCKS if asked.get(one))
    made = AccessPoint(
        account, ctx.region, name, request["Bucket"], alias, ctx.clock.now(), blocks=blocks
    )
    ACCESS_POINTS.put(ctx, made)
    return {"AccessPointArn": made.arn, "Alias": alias}


def _check_bucket(ctx: Context, account: str, bucket: str) -> None:
    """Refuse a bucket that is not there, or another account's."""
    root = Principal(account, f"arn:aws:iam::{account}:root", account, is_root=True)
    msgspec.structs.replace(ctx, principal=root).aws.s3.head_bucket(
        {"Bucket": bucket, "ExpectedBucketOwner": account}
    )


def _check_count(ctx: Context, account: str) -> None:
    count = sum(1 for _ in ACCESS_POINTS.scan(ctx, Range(prefix=(account, ctx.region))))
    if count >= ACCESS_POINTS_MAX:
        message = "You have attempted to create more access points than are allowed for an account."
        raise AwsError("TooManyAccessPoints", message, 400)


def get_access_point(
    ctx: Context, request: s3control.GetAccessPointRequest
) -> s3control.GetAccessPointResult:
    """Return what an access point is.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetAccessPoint.html
    """
    found = access_point(ctx, request)
    blocks: Any = {name: name in found.blocks for name in BLOCKS}
    return {
        "Name": found.name,
        "Bucket": found.bucket,
        "NetworkOrigin": "Internet",
        "PublicAccessBlockConfiguration": blocks,
        "CreationDate": found.created,
        "Alias": found.alias,
        "AccessPointArn": found.arn,
        "Endpoints": {
            "ipv4": f"s3-accesspoint.{found.region}.amazonaws.com",
            "dualstack": f"s3-accesspoint.dualstack.{found.region}.amazonaws.com",
        },
        "BucketAccountId": found.account,
    }


def list_access_points(
    ctx: Context, request: s3control.ListAccessPointsRequest
) -> s3control.ListAccessPointsResult:
    """List the access points of the account in a region, or those to one bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_ListAccessPoints.html
    """
    account = account_of(ctx, request)
    for member in ("DataSourceId", "DataSourceType"):
        if request.get(member):
            raise NotBuiltError("s3control", "ListAccessPoints", member)
    bucket, token = request.get("Bucket"), request.get("NextToken")
    limit = request.get("MaxResults", ACCESS_POINTS_PAGE_MAX)
    after = None if token is None else (token,)
    found: list[AccessPoint] = []
    for one in ACCESS_POINTS.scan(ctx, Range(prefix=(account, ctx.region), after=after)):
        if bucket is None or one.bucket == bucket:
            found.append(one)
        if len(found) > limit:
            break
    answer: s3control.ListAccessPointsResult = {
        "AccessPointList": [_listed(x) for x in found[:limit]]
    }
    if len(found) > limit:
        answer["NextToken"] = found[limit - 1].name
    return answer


def _listed(found: AccessPoint) -> s3control.AccessPoint:
    return {
        "Name": found.name,
        "NetworkOrigin": "Internet",
        "Bucket": found.bucket,
        "AccessPointArn": found.arn,
        "Alias": found.alias,
        "BucketAccountId": found.account,
    }


def delete_access_point(
    ctx: Context, request: s3control.DeleteAccessPointRequest
) -> dict[str, Any]:
    """Delete an access point; the bucket stays as it is.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_DeleteAccessPoint.html
    """
    found = access_point(ctx, request)
    ACCESS_POINTS.delete(ctx, found.account, found.region, found.name)
    return {}
