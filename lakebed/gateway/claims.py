"""What the headers of an S3 request claim of a body that is parsed in memory, and whether it holds.

Bodies that go to disk are verified by who stores them: there the digests are made on the way.
"""

from __future__ import annotations

import base64
import binascii
import zlib

from lakebed.core.errors import AwsError
from lakebed.core.limits import EXPANDED_BODY_BYTES_MAX
from lakebed.digests import SIZES, digest_of
from lakebed.gateway.wire.http import HttpRequest
from lakebed.gateway.wire.models import Operation

CHECKSUM = "x-amz-checksum-"
_CHECKSUMS = {CHECKSUM + name: name for name in SIZES}
_ENCRYPTION = "x-amz-server-side-encryption"
_OTHERS = frozenset({"x-amz-checksum-algorithm", "x-amz-checksum-mode", "x-amz-checksum-type"})


def checksums_in(headers: dict[str, str]) -> set[str]:
    """Return the algorithms of the checksums in the headers; refuse one that S3 does not have."""
    found: set[str] = set()
    for name in headers:
        if name.startswith(CHECKSUM) and name not in _OTHERS:
            if name not in _CHECKSUMS:
                message = "The algorithm type you specified in x-amz-checksum- header is invalid."
                raise AwsError("InvalidRequest", message)
            found.add(_CHECKSUMS[name])
    return found


def check_body(headers: dict[str, str], body: bytes, operation: Operation) -> None:
    """Refuse a body that is not what its headers say, in S3's words.

    A checksum that is a member of the operation's input is of something else: what completes a
    multipart upload says the object's.
    """
    if headers.get("x-amz-content-sha256", "").startswith("STREAMING-"):
        message = "The value of x-amz-content-sha256 header is invalid."
        raise AwsError("InvalidRequest", message)
    _check_encryption(headers, operation)
    given = checksums_in(headers)
    claimed = headers.get("content-md5")
    if claimed is not None:
        _check_md5(claimed, body)
    if not given or operation.input.members.keys() & {f"Checksum{name.upper()}" for name in given}:
        return
    if len(given) > 1:
        message = (
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        )
        raise AwsError("InvalidRequest", message)
    (algorithm,) = given
    _check_checksum(algorithm, headers[CHECKSUM + algorithm], body)


def _check_encryption(headers: dict[str, str], operation: Operation) -> None:
    """Refuse to be asked for encryption by a request that writes nothing.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    """
    method = headers.get(_ENCRYPTION)
    if method is not None and "ServerSideEncryption" not in operation.input.members:
        message = f"{_ENCRYPTION} header is not supported for this operation."
        members = {"ArgumentName": _ENCRYPTION, "ArgumentValue": method}
        raise AwsError("InvalidArgument", message, 400, members)


def _check_md5(claimed: str, body: bytes) -> None:
    decoded = _decoded(claimed)
    if len(decoded) != SIZES["md5"]:
        message = "The Content-MD5 you specified was invalid."
        raise AwsError("InvalidDigest", message, 400, {"Content-MD5": claimed})
    digest = bytes.fromhex(digest_of("md5", body))
    if decoded != digest:
        message = "The Content-MD5 you specified did not match what we received."
        calculated = base64.b64encode(digest).decode()
        members = {"ExpectedDigest": claimed, "CalculatedDigest": calculated}
        raise AwsError("BadDigest", message, 400, members)


def _check_checksum(algorithm: str, claimed: str, body: bytes) -> None:
    decoded = _decoded(claimed)
    if len(decoded) != SIZES[algorithm]:
        message = f"Value for {CHECKSUM}{algorithm} header is invalid."
        raise AwsError("InvalidRequest", message)
    if decoded.hex() != digest_of(algorithm, body):
        message = f"The {algorithm.upper()} you specified did not match the calculated checksum."
        raise AwsError("BadDigest", message)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def expanded(request: HttpRequest) -> bytes:
    """Return a body as it was before its client compressed it.

    https://smithy.io/2.0/spec/behavior-traits.html#requestcompression-trait: CloudWatch's clients
    do so from 10 KiB on.
    """
    if request.headers.get("content-encoding", "").lower() != "gzip" or not request.body:
        return request.body
    expander = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        body = expander.decompress(request.body, EXPANDED_BODY_BYTES_MAX + 1)
    except zlib.error:
        raise AwsError("SerializationException", "The request body is no valid gzip.") from None
    if len(body) > EXPANDED_BODY_BYTES_MAX:
        raise AwsError(
            "RequestEntityTooLargeException", "The request body is too large.", 413
        )  # fmt: skip
    if not expander.eof:
        raise AwsError("SerializationException", "The request body is no valid gzip.")
    return body
