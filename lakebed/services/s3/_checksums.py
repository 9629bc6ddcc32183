"""Checksums and content hashes: what the client claims against what was received.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lakebed.core.bodies import Spooled
from lakebed.core.errors import AwsError
from lakebed.digests import COMBINABLE, SIZES, combined, digest_of, file_digest

ALGORITHMS = (
    "CRC32", "CRC32C", "CRC64NVME", "MD5", "SHA1", "SHA256", "SHA512", "XXHASH128", "XXHASH3",
    "XXHASH64",
)  # fmt: skip
"""AWS's names; in lower case they are the names of the digests."""
MEMBERS = {algorithm: f"Checksum{algorithm}" for algorithm in ALGORITHMS}
DEFAULT = "CRC64NVME"
"""What S3 computes of an object whose client named no algorithm."""


def check_algorithm(request: Mapping[str, Any]) -> str:
    """Return the algorithm a request names in AWS's spelling, or an empty text."""
    algorithm = str(request.get("ChecksumAlgorithm", "")).upper()
    if algorithm and algorithm not in MEMBERS:
        raise _invalid(
            "Checksum algorithm provided is unsupported. Please try again with any of the valid "
            f"types: [{', '.join(ALGORITHMS)}]"
        )
    return algorithm


def claimed_algorithm(request: Mapping[str, Any]) -> str:
    """Return the algorithm of the checksum that a request bears, or an empty text."""
    found = [algorithm for algorithm, member in MEMBERS.items() if member in request]
    if len(found) > 1:
        raise _invalid(
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        )
    return found[0] if found else ""


def is_checksum(value: str, algorithm: str) -> bool:
    """Say whether a text is the base64 of as many bytes as the algorithm gives."""
    return len(_decoded(value)) == SIZES[algorithm.lower()]


def check_claims(request: Mapping[str, Any]) -> None:
    """Refuse what cannot be a hash, before the body is read."""
    md5 = request.get("ContentMD5")
    if md5 is not None and len(_decoded(md5)) != SIZES["md5"]:
        message = "The Content-MD5 you specified was invalid."
        raise AwsError("InvalidDigest", message, 400, {"Content-MD5": md5})
    named, claimed = check_algorithm(request), claimed_algorithm(request)
    if claimed and not is_checksum(request[MEMBERS[claimed]], claimed):
        raise invalid_header(f"x-amz-checksum-{claimed.lower()}")
    if named and claimed and named != claimed:
        raise invalid_header("x-amz-sdk-checksum-algorithm")


def verified(request: Mapping[str, Any], body: Spooled) -> dict[str, str]:
    """Compare every claim with the body and return the checksum to keep, by its member's name.

    A request that claims none gets S3's default, CRC64NVME.
    """
    check_claims(request)
    md5 = request.get("ContentMD5")
    if md5 is not None and _decoded(md5).hex() != body.digests["md5"]:
        message = "The Content-MD5 you specified did not match what we received."
        members = {"ExpectedDigest": md5, "CalculatedDigest": _encoded(body.digests["md5"])}
        raise AwsError("BadDigest", message, 400, members)
    algorithm = claimed_algorithm(request)
    if not algorithm:
        if check_algorithm(request):
            raise _invalid(
                "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* "
                "or x-amz-trailer headers were found."
            )
        return computed(body, DEFAULT)
    found = computed(body, algorithm)
    member = MEMBERS[algorithm]
    if _decoded(request[member]) != _decoded(found[member]):
        raise bad_digest(algorithm)
    return found


def computed(body: Spooled, algorithm: str) -> dict[str, str]:
    """Return a body's checksum by its member's name; reads the file if nobody digested it yet."""
    name = algorithm.lower()
    digest = body.digests.get(name)
    if digest is None:
        if body.sealing is not None:
            raise ValueError(f"the file is encrypted, and nobody took its {name} before")
        digest = file_digest(name, body.path)
    return {MEMBERS[algorithm]: _encoded(digest)}


def with_digest(body: Spooled, algorithm: str) -> Spooled:
    """Return a body that has the digest of an algorithm, before its file is encrypted."""
    name = algorithm.lower()
    if name in body.digests:
        return body
    return replace(body, digests={**body.digests, name: file_digest(name, body.path)})


def whole(path: Path, algorithm: str) -> str:
    """Return the checksum of a file's bytes. Reads them all."""
    return _encoded(file_digest(algorithm.lower(), path))


def composite(values: Sequence[str], algorithm: str) -> str:
    """Return the checksum of the parts' checksums, in S3's form `…-N`."""
    joined = b"".join(base64.b64decode(value) for value in values)
    return f"{_encoded(digest_of(algorithm.lower(), joined))}-{len(values)}"


def full_object(parts: Sequence[tuple[str, int]], algorithm: str) -> str:
    """Return the checksum of a whole from its parts' checksums and sizes, without their bytes."""
    digests = [(_decoded(value).hex(), size) for value, size in parts]
    return _encoded(combined(algorithm.lower(), digests))


def can_be_full_object(algorithm: str) -> bool:
    """Say whether the checksum of a multipart upload can be that of all its bytes."""
    return algorithm.lower() in COMBINABLE


def invalid_header(name: str) -> AwsError:
    """Return S3's answer to a header that is no checksum."""
    return _invalid(f"Value for {name} header is invalid.")


def bad_digest(algorithm: str) -> AwsError:
    """Return S3's answer to a checksum of other bytes."""
    message = f"The {algorithm} you specified did not match the calculated checksum."
    return AwsError("BadDigest", message, 400)


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidRequest", message, 400)


def _encoded(hexadecimal: str) -> str:
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
