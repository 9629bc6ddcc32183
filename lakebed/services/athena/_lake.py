"""What a query's engine may ask of the server: operations as the query's principal, and files."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lakebed.context import Caller
from lakebed.core.bodies import Spooled
from lakebed.core.limits import KIB, MIB
from lakebed.engines.sql import LakeFile
from lakebed.plain_files import PlainFiles

_INLINE_BYTES_MAX = 256 * KIB


class QueryLake:
    """The lake as one query sees it."""

    def __init__(
        self, caller: Caller, files: PlainFiles, encryption: Mapping[str, str] | None
    ) -> None:
        self._caller = caller
        self._files = files
        self._headers = put_headers(encryption)

    async def call(
        self, service: str, operation: str, request: Mapping[str, object]
    ) -> Mapping[str, object]:
        """Invoke an operation and return its answer; AwsError as a client would see it."""
        return await self._caller.call(service, operation, request)

    async def files(self, bucket: str, prefix: str) -> Sequence[LakeFile]:
        """List the objects whose keys start with `prefix`, in key order, with their files."""
        found: list[LakeFile] = []
        request: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix}
        while True:
            page = await self._caller.call("s3", "list_objects_v2", request)
            contents = page.get("Contents", ())
            # The engine reads the files themselves, so what S3 would ask is asked here.
            wanted = [{"Bucket": bucket, "Key": item["Key"]} for item in contents]
            await self._caller.check("s3", "get_object", wanted)
            paths = await self._files.paths(bucket, [item["Key"] for item in contents])
            for item, path in zip(contents, paths, strict=True):
                found.append(LakeFile(item["Key"], path, item["Size"]))
            if not page.get("IsTruncated"):
                return found
            request["ContinuationToken"] = page["NextContinuationToken"]

    async def put(self, bucket: str, key: str, path: Path) -> None:
        """Make a scratch file an object; the file is moved away."""
        body = await spooled(path)
        request = {"Bucket": bucket, "Key": key, "Body": body, **self._headers}
        await self._caller.call("s3", "put_object", request)

    async def delete(self, bucket: str, key: str) -> None:
        """Delete an object; deleting what is not there is no error."""
        await self._caller.call("s3", "delete_object", {"Bucket": bucket, "Key": key})


def put_headers(encryption: Mapping[str, str] | None) -> dict[str, str]:
    """Return the members of PutObject that encrypt what a query writes, as its settings say.

    https://docs.aws.amazon.com/athena/latest/ug/encrypting-query-results-stored-in-s3.html
    """
    option = (encryption or {}).get("EncryptionOption")
    if encryption is None or option is None:
        return {}
    if option == "SSE_S3":
        return {"ServerSideEncryption": "AES256"}
    key = encryption.get("KmsKey")
    return {"ServerSideEncryption": "aws:kms"} | ({"SSEKMSKeyId": key} if key else {})


async def spooled(path: Path) -> Spooled:
    """Return a local file in the form of a received body, digested (in a thread if large)."""
    size = path.stat().st_size
    if size <= _INLINE_BYTES_MAX:
        return Spooled(path, size, {"md5": _md5(path)})
    return Spooled(path, size, {"md5": await asyncio.to_thread(_md5, path)})


def _md5(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(MIB):
            digest.update(block)
    return digest.hexdigest()
