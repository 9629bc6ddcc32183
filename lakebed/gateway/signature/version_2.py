"""Presigned S3 URLs in Signature Version 2, which boto3 still makes unless it is told otherwise.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html. Only URLs: the
header form is refused, as AWS does for every region younger than 2014.
"""

from __future__ import annotations

import base64
import hmac
import re

import msgspec

from lakebed.core.errors import AwsError
from lakebed.gateway.signature.refusals import S3_QUERY, Mismatch, iso_time
from lakebed.gateway.wire.headers import parameters
from lakebed.gateway.wire.http import HttpRequest

_EXPIRES = re.compile(r"\d{1,12}", re.ASCII)
# What of a query is signed: AWS's list of sub-resources and response overrides.
_SIGNED_PARAMETERS = frozenset(
    [
        "accelerate",
        "acl",
        "analytics",
        "cors",
        "delete",
        "encryption",
        "inventory",
        "legal-hold",
        "lifecycle",
        "location",
        "logging",
        "metrics",
        "notification",
        "object-lock",
        "ownershipControls",
        "partNumber",
        "policy",
        "policyStatus",
        "publicAccessBlock",
        "replication",
        "requestPayment",
        "restore",
        "retention",
        "select",
        "select-type",
        "tagging",
        "torrent",
        "uploadId",
        "uploads",
        "versionId",
        "versioning",
        "versions",
        "website",
        "response-cache-control",
        "response-content-disposition",
        "response-content-encoding",
        "response-content-language",
        "response-content-type",
        "response-expires",
    ]
)


class Presigned(msgspec.Struct, frozen=True):
    """What a version 2 URL says about its signature."""

    access_key: str
    signature: str
    expires: str


def presigned(request: HttpRequest) -> Presigned | None:
    """Return the signature of a version 2 URL, None if the request has none."""
    query = parameters(request)
    if "AWSAccessKeyId" not in query or "Signature" not in query:
        return None
    expires = query.get("Expires", "")
    if not _EXPIRES.fullmatch(expires):
        raise AwsError("AccessDenied", "Invalid date (should be seconds since epoch)", 403)
    return Presigned(query["AWSAccessKeyId"], query["Signature"], expires)


def verify(request: HttpRequest, signed: Presigned, secret: str, now: float) -> None:
    """Raise AWS's error unless the URL is signed with `secret` and still good."""
    if now > int(signed.expires):
        raise AwsError(
            "AccessDenied",
            "Request has expired",
            403,
            {"Expires": iso_time(int(signed.expires)), "ServerTime": iso_time(now)},
        )
    text = _string_to_sign(request, signed.expires)
    digest = hmac.digest(secret.encode(), text.encode("utf-8", "replace"), "sha1")
    expected = base64.b64encode(digest).decode("ascii")
    if not signed.signature.isascii() or not hmac.compare_digest(expected, signed.signature):
        raise S3_QUERY.mismatch(Mismatch(signed.access_key, "", text, signed.signature))


def _string_to_sign(request: HttpRequest, expires: str) -> str:
    query = parameters(request)
    # Signers move the headers they signed into the URL; AWS takes them from either place.
    headers = {name.lower(): value for name, value in query.items()} | request.headers
    amz = "".join(
        f"{name}:{' '.join(headers[name].split())}\n"
        for name in sorted(headers)
        if name.startswith("x-amz-")
    )
    parts = [
        f"{name}={query[name]}" if query[name] else name
        for name in sorted(query)
        if name in _SIGNED_PARAMETERS
    ]
    path = request.signed_path if request.access_point else request.path
    resource = path + ("?" + "&".join(parts) if parts else "")
    md5, kind = headers.get("content-md5", ""), headers.get("content-type", "")
    return f"{request.method}\n{md5}\n{kind}\n{expires}\n{amz}{resource}"
