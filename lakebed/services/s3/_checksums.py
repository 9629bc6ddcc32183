"""Checksums and content hashes: what the client claims against what was received."""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lakebed.core.bodies import Spooled
from lakebed.core.errors import AwsError, NotBuiltError

BUILT = {"CRC32": "crc32", "SHA1": "sha1", "SHA256": "sha256"}
"""AWS's names of the algorithms, and the names of their digests."""
MEMBERS = {algorithm: f"Checksum{algorithm}" for algorithm in BUILT}
_LENGTHS = {"CRC32": 4, "SHA1": 20, "SHA256": 32}
_UNBUILT = frozenset(
    f"Checksum{name}"
    for name in ("CRC32C", "CRC64NVME", "SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128")
)
_BLOCK_BYTES = 1024 * 1024


def refuse_unbuilt_checksum(operation: str, request: Mapping[str, Any]) -> None:
    """Refuse an algorithm that is not verified here; never take it unverified."""
    algorithm = request.get("ChecksumAlgorithm")
    if algorithm is not None and algorithm not in BUILT:
        raise NotBuiltError("s3", operation, f"ChecksumAlgorithm {algorithm}")
    if not _UNBUILT.isdisjoint(request):
        raise NotBuiltError("s3", operation, min(_UNBUILT & request.keys()))


def check_claims(request: Mapping[str, Any]) -> None:
    """Refuse what cannot be a hash, before the body is read."""
    claimed = request.get("ContentMD5")
    if claimed is not None and len(_decoded(claimed)) != 16:
        message = "The Content-MD5 you specified was invalid."
        raise AwsError("InvalidDigest", message, 400, {"Content-MD5": claimed})
    for algorithm, member in MEMBERS.items():
        claimed = request.get(member)
        if claimed is not None and len(_decoded(claimed)) != _LENGTHS[algorithm]:
            message = f"Value for x-amz-checksum-{algorithm.lower()} header is invalid."
            raise AwsError("InvalidRequest", message, 400)


def verified(request: Mapping[str, Any], body: Spooled) -> dict[str, str]:
    """Compare every claim with the body and return the checksums to keep, by member name."""
    check_claims(request)
    claimed = request.get("ContentMD5")
    if claimed is not None and _decoded(claimed).hex() != body.digests["md5"]:
        message = "The Content-MD5 you specified did not match what we received."
        calculated = _encoded(body.digests["md5"])
        members = {"ExpectedDigest": claimed, "CalculatedDigest": calculated}
        raise AwsError("BadDigest", message, 400, members)
    kept: dict[str, str] = {}
    for algorithm, member in MEMBERS.items():
        claimed = request.get(member)
        if claimed is None and request.get("ChecksumAlgorithm") != algorithm:
            continue
        digest = body.digests.get(BUILT[algorithm])
        if digest is None:
            digest = _file_digest(body.path, algorithm)
        computed = _encoded(digest)
        if claimed is not None and claimed != computed:
            message = f"The {algorithm} you specified did not match the calculated checksum."
            raise AwsError("BadDigest", message, 400)
        kept[member] = computed
    return kept


def composite(values: Sequence[str], algorithm: str) -> str:
    """Return the checksum of the parts' checksums, in S3's form `…-N`."""
    joined = b"".join(base64.b64decode(value) for value in values)
    return f"{_encoded(_digest(algorithm, [joined]))}-{len(values)}"


def whole(path: Path, algorithm: str) -> str:
    """Return the checksum of a file's bytes. Reads them all."""
    return _encoded(_file_digest(path, algorithm))


def _file_digest(path: Path, algorithm: str) -> str:
    def blocks() -> Any:
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                yield block

    return _digest(algorithm, blocks())


def _digest(algorithm: str, blocks: Any) -> str:
    if algorithm == "CRC32":
        value = 0
        for block in blocks:
            value = zlib.crc32(block, value)
        return f"{value:08x}"
    digest = hashlib.new(BUILT[algorithm], usedforsecurity=False)
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()


def _encoded(hexadecimal: str) -> str:
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
