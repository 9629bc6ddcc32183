"""One statement by Athena's API: start, wait, read the rows, say the price."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import msgspec

from lakebed.cli.aws import ApiError, AwsClient
from lakebed.core.limits import MIB

DOLLARS_PER_TB = 5.0
SCANNED_BYTES_MIN = 10 * MIB
"""What a query that reads anything is charged for at least.

https://aws.amazon.com/athena/pricing/ : $5 per TB scanned, rounded up to the megabyte, 10 MB at
least; statements that read no data are free.
"""
_PAGE = 1000
_POLL_SECONDS = (0.003, 0.1)


class StatementError(Exception):
    """A statement ended FAILED or CANCELLED; its text is Athena's reason."""


class Done(msgspec.Struct, frozen=True):
    """A statement that succeeded."""

    id: str
    kind: str
    columns: list[dict[str, Any]]
    scanned_bytes: int
    seconds: float
    update_count: int = 0
    result: str = ""
    """Where its result file is; a table's files and manifest have the same beginning."""

    @property
    def dollars(self) -> float:
        """What Athena would charge for it."""
        return price(self.scanned_bytes) if self.kind == "DML" else 0.0


def price(scanned_bytes: int) -> float:
    """Return the dollars Athena charges for a scan of so many bytes."""
    if not scanned_bytes:
        return 0.0
    charged = max(math.ceil(scanned_bytes / MIB) * MIB, SCANNED_BYTES_MIN)
    return charged * DOLLARS_PER_TB / (1 << 40)


class Athena:
    """A session: client, database, workgroup, and where results go."""

    def __init__(
        self, client: AwsClient, database: str, work_group: str, output: str, account: str
    ) -> None:
        self.client = client
        self.database = database
        self.work_group = work_group
        self.output = output or self._usual_output(account)

    def _usual_output(self, account: str) -> str:
        """Return "" if the workgroup says where results go, else the usual bucket, made."""
        answer = self.client.call("athena", "GetWorkGroup", {"WorkGroup": self.work_group})
        configuration = answer["WorkGroup"].get("Configuration", {})
        kept = configuration.get("ManagedQueryResultsConfiguration", {}).get("Enabled")
        if kept or configuration.get("ResultConfiguration", {}).get("OutputLocation"):
            return ""
        bucket = f"aws-athena-query-results-{account}"
        self.client.make_bucket(bucket)
        return f"s3://{bucket}/lakebed-sql/"

    def run(self, text: str) -> Done:
        """Run a statement to its end; StatementError with Athena's reason, or ApiError."""
        began = time.perf_counter()
        request: dict[str, Any] = {
            "QueryString": text,
            "QueryExecutionContext": {"Database": self.database},
            "WorkGroup": self.work_group,
        }
        if self.output:
            request["ResultConfiguration"] = {"OutputLocation": self.output}
        query_id = self.client.call("athena", "StartQueryExecution", request)["QueryExecutionId"]
        try:
            query = self._ended(query_id)
        except KeyboardInterrupt:
            self.client.call("athena", "StopQueryExecution", {"QueryExecutionId": query_id})
            raise StatementError("the query was cancelled") from None
        status = query["Status"]
        if status["State"] != "SUCCEEDED":
            raise StatementError(status.get("StateChangeReason") or status["State"])
        seconds = time.perf_counter() - began
        first = self._results(query_id, 1)
        return Done(
            query_id,
            query.get("StatementType", "DML"),
            first["ResultSet"].get("ResultSetMetadata", {}).get("ColumnInfo", []),
            query["Statistics"].get("DataScannedInBytes", 0),
            seconds,
            first.get("UpdateCount", 0),
            query.get("ResultConfiguration", {}).get("OutputLocation", ""),
        )

    def _ended(self, query_id: str) -> dict[str, Any]:
        pause = _POLL_SECONDS[0]
        while True:
            answer = self.client.call("athena", "GetQueryExecution", {"QueryExecutionId": query_id})
            query: dict[str, Any] = answer["QueryExecution"]
            if query["Status"]["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
                return query
            time.sleep(pause)
            pause = min(pause * 1.5, _POLL_SECONDS[1])

    def _results(self, query_id: str, size: int, token: str = "") -> dict[str, Any]:
        request: dict[str, Any] = {"QueryExecutionId": query_id, "MaxResults": size}
        if token:
            request["NextToken"] = token
        return self.client.call("athena", "GetQueryResults", request)

    def rows(self, done: Done) -> Iterator[list[str | None]]:
        """Yield the rows of a statement, NULL as None; the header of a SELECT is left out."""
        token, is_first = "", done.kind == "DML" and bool(done.columns)
        while True:
            answer = self._results(done.id, _PAGE, token)
            rows = answer["ResultSet"].get("Rows", [])
            for row in rows[1:] if is_first else rows:
                yield [one.get("VarCharValue") for one in row.get("Data", [])]
            token, is_first = answer.get("NextToken", ""), False
            if not token:
                return


def table_names(client: AwsClient) -> dict[str, list[str]]:
    """Return the names of tables and their columns by database, for completion."""
    found: dict[str, list[str]] = {}
    for database in client.pages("glue", "GetDatabases", {}, "DatabaseList"):
        names: list[str] = []
        request = {"DatabaseName": database["Name"]}
        try:
            for table in client.pages("glue", "GetTables", request, "TableList"):
                columns = table.get("StorageDescriptor", {}).get("Columns", [])
                names += [table["Name"], *(one["Name"] for one in columns)]
                names += [one["Name"] for one in table.get("PartitionKeys", [])]
        except ApiError:
            continue  # it was dropped meanwhile
        found[database["Name"]] = names
    return found
