"""The lake as the statement of a delivery sees it: as its role does, and a table of staged rows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lakebed.context import Caller
from lakebed.core.bodies import Spooled
from lakebed.engines.sql import LakeFile
from lakebed.plain_files import PlainFiles

DATABASE = "lakebed-firehose"
"""No database of the Data Catalog that SQL creates has such a name."""
NAME = "records"


class StagingLake:
    """What a delivery's statement may ask of the server; the staged file has the types given."""

    def __init__(self, caller: Caller, files: PlainFiles, path: Path, types: Sequence[str]) -> None:
        self._caller = caller
        self._files = files
        self._path = path
        columns = [{"Name": f"c{at}", "Type": kind} for at, kind in enumerate(types)]
        self._columns = [*columns, {"Name": "op", "Type": "string"}]

    async def call(
        self, service: str, operation: str, request: Mapping[str, object]
    ) -> Mapping[str, object]:
        """Invoke an operation as the role; of the staged rows the answer is ours."""
        if service == "glue" and request.get("DatabaseName") == DATABASE:
            return {"Table": self._table()}
        return await self._caller.call(service, operation, request)

    def _table(self) -> Mapping[str, object]:
        library = "org.apache.hadoop.hive.ql.io.parquet"
        return {
            "DatabaseName": DATABASE,
            "Name": NAME,
            "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": [],
            "Parameters": {},
            "StorageDescriptor": {
                "Columns": self._columns,
                "Location": f"s3://{DATABASE}/{NAME}/",
                "InputFormat": f"{library}.MapredParquetInputFormat",
                "SerdeInfo": {
                    "SerializationLibrary": f"{library}.serde.ParquetHiveSerDe",
                    "Parameters": {},
                },
            },
        }

    async def files(self, bucket: str, prefix: str) -> Sequence[LakeFile]:
        """List the objects whose keys start with `prefix`, with their files."""
        if bucket == DATABASE:
            return [LakeFile(f"{NAME}/staged", self._path, self._path.stat().st_size)]
        found: list[LakeFile] = []
        request: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix}
        while True:
            page = await self._caller.call("s3", "list_objects_v2", request)
            contents = page.get("Contents", ())
            # The engine reads the files themselves, so what S3 would ask is asked here.
            keys = [item["Key"] for item in contents]
            wanted = [{"Bucket": bucket, "Key": key} for key in keys]
            await self._caller.check("s3", "get_object", wanted)
            paths = await self._files.paths(bucket, keys)
            for item, path in zip(contents, paths, strict=True):
                found.append(LakeFile(item["Key"], path, item["Size"]))
            if not page.get("IsTruncated"):
                return found
            request["ContinuationToken"] = page["NextContinuationToken"]

    async def put(self, bucket: str, key: str, path: Path) -> None:
        """Make a scratch file an object; the file is moved away."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "md5").hexdigest()
        body = Spooled(path, path.stat().st_size, {"md5": digest})
        await self._caller.call("s3", "put_object", {"Bucket": bucket, "Key": key, "Body": body})

    async def delete(self, bucket: str, key: str) -> None:
        """Delete an object; deleting what is not there is no error."""
        await self._caller.call("s3", "delete_object", {"Bucket": bucket, "Key": key})
