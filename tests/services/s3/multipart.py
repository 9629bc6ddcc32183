"""What tests of multipart uploads share: short calls, and what S3 must compute of the parts."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from lakebed.digests import digest_of

MIB = 1024 * 1024
ONE, TWO = b"1" * (5 * MIB), b"two"
OWNER = {"ID": "000000000000"}


def begin(s3: Any, key: str = "big", **more: Any) -> str:
    more.setdefault("ChecksumAlgorithm", "CRC32")
    if not more["ChecksumAlgorithm"]:
        del more["ChecksumAlgorithm"]
    return s3.create_multipart_upload(Bucket="lake", Key=key, **more)["UploadId"]


def send(s3: Any, upload: str, number: int, body: Any, key: str = "big", **more: Any) -> Any:
    return s3.upload_part(
        Bucket="lake", Key=key, UploadId=upload, PartNumber=number, Body=body, **more
    )


def complete(s3: Any, upload: str, parts: list[Any], key: str = "big", **more: Any) -> Any:
    return s3.complete_multipart_upload(
        Bucket="lake", Key=key, UploadId=upload, MultipartUpload={"Parts": parts}, **more
    )


def etag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'


def multipart_etag(*bodies: bytes) -> str:
    md5s = b"".join(hashlib.md5(body).digest() for body in bodies)
    return f'"{hashlib.md5(md5s).hexdigest()}-{len(bodies)}"'


def checksum(algorithm: str, body: bytes) -> str:
    return base64.b64encode(bytes.fromhex(digest_of(algorithm.lower(), body))).decode()


def crc32(body: bytes) -> str:
    return checksum("CRC32", body)


def composite(algorithm: str, *bodies: bytes) -> str:
    joined = b"".join(base64.b64decode(checksum(algorithm, body)) for body in bodies)
    return f"{checksum(algorithm, joined)}-{len(bodies)}"


def listed(*bodies: bytes, algorithm: str = "CRC32") -> list[dict[str, Any]]:
    """Return what a completion lists of parts 1, 2, …"""
    return [
        {"PartNumber": n, "ETag": etag(body), f"Checksum{algorithm}": checksum(algorithm, body)}
        for n, body in enumerate(bodies, 1)
    ]
