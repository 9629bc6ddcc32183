"""What a condition of a policy may ask of how a request was signed.

https://docs.aws.amazon.com/AmazonS3/latest/API/bucket-policy-s3-sigv4-conditions.html
"""

from __future__ import annotations

import calendar
import time

from lakebed.context import Context


def signature_conditions(ctx: Context) -> dict[str, str]:
    """Return the condition keys about a request's signature; ages are in milliseconds."""
    origin, found = ctx.origin, dict[str, str]()
    if origin is not None and origin.tls_version:
        found["s3:tlsversion"] = origin.tls_version
    signature = None if origin is None else origin.signature
    if signature is None:
        return found
    found["s3:authtype"] = signature.auth_type
    found["s3:signatureversion"] = signature.version
    found["s3:x-amz-content-sha256"] = signature.payload_hash
    if signature.signed_at:
        signed = calendar.timegm(time.strptime(signature.signed_at, "%Y%m%dT%H%M%SZ"))
        found["s3:signatureage"] = str(max(round((ctx.clock.now() - signed) * 1000), 0))
    return found
