"""What the tests of crawl targets share: a crawl of targets as far as they can be seen alone.

Found tables are put into the catalog as they are, without a crawler's policies.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from lakebed.core.errors import AwsError
from lakebed.services.glue._crawl import Crawling


class Crawl:
    """Runs a target module against a live server."""

    def __init__(self, lakebed, database: str = "db") -> None:
        self.lakebed, self.database = lakebed, database
        self.glue = lakebed.client("glue")
        self.lines: list[str] = []
        self.whole: list[str] = []

    def run(self, crawl: Callable[..., Any], *targets: dict[str, Any], **configuration) -> list:
        """Crawl; return the found tables."""
        found: list[Any] = []
        given: Any = SimpleNamespace(local_path=self._local_path)
        settings: Any = SimpleNamespace(state_dir=self.lakebed.data_dir / "state")
        crawling: Any = Crawling(
            caller=self, engines=SimpleNamespace(objects=given), settings=settings, clock=None,
            log=self, catalog=_Catalog(self, found), crawl_id="c1", definition={},
            configuration=configuration,
        )  # fmt: skip
        asyncio.run(crawl(crawling, targets))
        return found

    def _local_path(self, bucket: str, key: str):
        return self.lakebed.data_dir / "lake" / bucket / key

    async def call(self, service: str, operation: str, request: dict[str, Any]) -> Any:
        """Call as a client."""
        body = request.get("Body")
        if body is not None:
            request = {**request, "Body": body.path.read_bytes()}
        try:
            return getattr(self.lakebed.client(service), operation)(**request)
        except ClientError as error:
            said = error.response["Error"]
            raise AwsError(said["Code"], said["Message"]) from error

    def info(self, text: str) -> None:
        """Keep a line."""
        self.lines.append(f"INFO {text}")

    def warn(self, text: str) -> None:
        """Keep a line."""
        self.lines.append(f"WARN {text}")

    def error(self, text: str) -> None:
        """Keep a line."""
        self.lines.append(f"ERROR {text}")


class _Catalog:
    def __init__(self, crawl: Crawl, found: list[Any]) -> None:
        self.crawl, self.found = crawl, found

    async def put_table(self, found: Any, partitions: Any = None) -> str:
        """Create the table, and its partitions."""
        self.found.append(found)
        names = {"DatabaseName": self.crawl.database}
        table = {
            "Name": found.name.lower(), "TableType": "EXTERNAL_TABLE",
            "Parameters": found.parameters,
            "PartitionKeys": [_column(one) for one in found.partition_keys],
            "StorageDescriptor": _descriptor(found.location, found.columns, found.storage),
            **found.extra,
        }  # fmt: skip
        self.crawl.glue.create_table(**names, TableInput=table)
        if partitions is not None:
            async for page in partitions:
                inputs = [
                    {
                        "Values": list(one.values),
                        "StorageDescriptor": _descriptor(
                            one.location, one.columns or found.columns, one.storage or found.storage
                        ),
                    }
                    for one in page
                ]
                self.crawl.glue.batch_create_partition(
                    **names, TableName=table["Name"], PartitionInputList=inputs
                )
        return table["Name"]

    async def finish(self, targets: Any) -> None:
        """Keep what was crawled whole."""
        self.crawl.whole += targets


def _column(one: Any) -> dict[str, str]:
    return {"Name": one.name, "Type": one.type, "Comment": one.comment}


def _descriptor(location: str, columns: Any, storage: Any) -> dict[str, Any]:
    return {
        "Location": location,
        "Columns": [_column(one) for one in columns],
        "InputFormat": storage.input_format,
        "OutputFormat": storage.output_format,
        "SerdeInfo": {
            "SerializationLibrary": storage.serde, "Parameters": storage.serde_parameters,
        },
    }  # fmt: skip
