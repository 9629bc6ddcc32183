"""What Spark's metastore answers with: calls of Glue's operations as the run's role."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from lakebed.context import Caller
from lakebed.core.errors import AwsError
from lakebed.engines.metastore.server import MethodError
from lakebed.services.glue._metastore_shapes import items

NOT_FOUND = "EntityNotFoundException"
_S3_SCHEMES = ("s3://", "s3a://", "s3n://")
_DELETED_AT_ONCE = 1000


class Catalog(msgspec.Struct, frozen=True):
    """The catalog as one run sees it.

    `warehouse` is Spark's own (`spark.sql.warehouse.dir`): where a database that has no location
    keeps its tables. `settled` waits until what the run wrote into folders is in the index.
    """

    caller: Caller
    warehouse: str
    settled: Callable[[], Awaitable[None]]

    async def call(self, operation: str, request: Mapping[str, Any]) -> Any:
        """Call an operation of Glue."""
        return await self.caller.call("glue", operation, request)

    async def listed(self, operation: str, member: str, request: Mapping[str, Any]) -> list[Any]:
        """Return what an operation lists, of all its pages."""
        page = await self.call(operation, request)
        found = list(page[member])
        while token := page.get("NextToken"):
            page = await self.call(operation, {**request, "NextToken": token})
            found += page[member]
        return found

    async def delete_data(self, location: str) -> None:
        """Delete the objects below a location: those of a managed table that is dropped."""
        await self.settled()
        bucket, _, key = location.partition("://")[2].partition("/")
        listing = {"Bucket": bucket, "Prefix": key.rstrip("/") + "/"}
        while True:
            page = await self.caller.call("s3", "list_objects_v2", listing)
            objects = [{"Key": one["Key"]} for one in items(page, "Contents")]
            if objects:
                request = {"Bucket": bucket, "Delete": {"Objects": objects, "Quiet": True}}
                answer = await self.caller.call("s3", "delete_objects", request)
                for error in items(answer, "Errors"):
                    message = f"{location} cannot be deleted: {error['Message']}"
                    raise MethodError("MetaException", message)
            if not page.get("NextContinuationToken"):
                return
            listing["ContinuationToken"] = page["NextContinuationToken"]


def is_in_s3(location: str) -> bool:
    """Tell whether a location is one that others than the run can reach."""
    return location.startswith(_S3_SCHEMES)


def error_of(error: AwsError, declared: Mapping[str, int]) -> MethodError:
    """Return what a method says where Glue refuses its call."""
    if error.code == NOT_FOUND:
        wanted = ("NoSuchObjectException", "UnknownTableException", "InvalidOperationException")
    elif error.code == "AlreadyExistsException":
        wanted = ("AlreadyExistsException",)
    elif error.code == "InvalidInputException":
        wanted = ("InvalidObjectException", "InvalidOperationException")
    else:
        wanted = ()
    name = next((one for one in wanted if one in declared), "MetaException")
    message = error.message
    if not wanted:
        # What Spark's users see of AWS's client.
        message += f" (Service: AWSGlue; Status Code: {error.status}; Error Code: {error.code})"
    return MethodError(name, message)
