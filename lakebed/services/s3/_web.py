"""What browsers ask of S3 besides its operations: whether other hosts' pages may call it; pages.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
The dispatcher finds these functions by their names; they are no operations, and need no signature.
"""

from __future__ import annotations

from urllib.parse import unquote

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.core.visits import Page, Visit
from lakebed.govern.access_points import access_point_named
from lakebed.services.s3._cors import METHODS, answered, asked_in
from lakebed.services.s3._settings import CORS, setting_of
from lakebed.services.s3._website_visits import Website
from lakebed.services.s3.model import BUCKETS

Headers = list[tuple[str, str]]
_NOT_ALLOWED = (
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of "
    "Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers "
    "are not whitelisted by the resource's CORS spec."
)


def cross_origin(ctx: Context, visit: Visit) -> Headers:
    """Return the headers that let a page of another host read the answer of a request."""
    name = unquote(visit.path[1:].partition("/")[0])
    setting = setting_of(ctx, name, CORS) if name else None
    if setting is None or setting.document is None:
        return []
    return answered(setting.document["CORSRules"], asked_in(visit.headers, visit.method))


def preflight(ctx: Context, visit: Visit) -> Headers:
    """Return the headers that allow what a browser is about to ask; AccessForbidden if none do.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/testing-cors.html
    """
    if "origin" not in visit.headers:
        message = "Insufficient information. Origin request header needed."
        raise AwsError("BadRequest", message, 400)
    method = visit.headers.get("access-control-request-method")
    if method is not None and method not in METHODS:
        raise _invalid_method(method)
    bucket, _, key = visit.path[1:].partition("/")
    setting = setting_of(ctx, unquote(bucket), CORS)
    if setting is None or setting.document is None:
        known = BUCKETS.get(ctx, unquote(bucket)) is not None
        why = "CORS is not enabled for this bucket." if known else "Bucket not found"
        raise _forbidden(f"CORSResponse: {why}", method, "BUCKET")
    if method is None:
        raise _invalid_method("null")
    found = answered(setting.document["CORSRules"], asked_in(visit.headers, method))
    if not found:
        raise _forbidden(_NOT_ALLOWED, method, "OBJECT" if key else "BUCKET")
    return found


def page(ctx: Context, visit: Visit) -> Page:
    """Return what a website shows a visitor."""
    return Website(ctx, visit).page()


def access_point(ctx: Context, visit: Visit) -> tuple[str, str] | None:
    """Return the bucket and the ARN of an access point that stands in a bucket's place."""
    found = access_point_named(ctx, visit.path[1:])
    return None if found is None else (found.bucket, found.arn)


def _invalid_method(method: str) -> AwsError:
    return AwsError("BadRequest", f"Invalid Access-Control-Request-Method: {method}", 400)


def _forbidden(message: str, method: str | None, kind: str) -> AwsError:
    members = {"Method": method or "OPTIONS", "ResourceType": kind}
    return AwsError("AccessForbidden", message, 403, members)
