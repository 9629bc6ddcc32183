"""The SQL kind: run one Athena statement over a lake and say how it ended.

An engine gets a `SqlQuery` (Athena's text, where to write) and a `Lake` (the only things it may
ask of the server: operations of other services, objects) and answers an `Outcome`. It never sees
a request, a principal or the store. Nothing heavy is imported here: the server imports this
module at start.

An engine folder `lakebed/engines/sql/<name>/` offers `open_engine(settings) -> SqlEngine`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from lakebed.core.settings import Settings

StatementType = Literal["DDL", "DML", "UTILITY"]
State = Literal["SUCCEEDED", "FAILED", "CANCELLED"]

# What Athena calls the causes of a failure in AthenaError.ErrorCategory.
SYSTEM_ERROR, USER_ERROR, OTHER_ERROR = 1, 2, 3


class Limits(msgspec.Struct, frozen=True):
    """What one query may take: memory of its engine, threads, wall time.

    `memory_bytes` 0 is a fair share: of most of the machine's memory, one for each query at a time.
    """

    memory_bytes: int = 0
    threads: int = 2
    seconds_max: float = 1800.0


class SqlQuery(msgspec.Struct, frozen=True):
    """One statement to run.

    `id` is the query execution id. `scratch` is an existing empty folder of this query on the
    lake's file system; everything the engine writes goes there and the caller removes it.
    `output_location` is the `s3://bucket/prefix/` under which results and CTAS data belong.
    `parameters` are the execution parameters as Athena gets them: SQL literals, one for each `?`.
    `work_group` is where prepared statements are looked up, and whose turn it is in the queue.
    `limits` are the engine's own where None. A query that reads more than `bytes_scanned_max` bytes
    (0: no limit) is cancelled while it runs, or before what it wrote is published.
    """

    id: str
    text: str
    scratch: Path
    output_location: str
    database: str = "default"
    catalog: str = "AwsDataCatalog"
    parameters: tuple[str, ...] = ()
    work_group: str = "primary"
    limits: Limits | None = None
    bytes_scanned_max: int = 0


class Column(msgspec.Struct, frozen=True):
    """A column of a result, in the terms of Athena's ColumnInfo."""

    name: str
    type: str
    precision: int = 0
    scale: int = 0
    nullable: str = "UNKNOWN"
    case_sensitive: bool = False
    trino_type: str = ""


class SqlFailure(msgspec.Struct, frozen=True):
    """Why a query failed: Trino's error name and sentence, Athena's category and type.

    `reason` is what GetQueryExecution shows as Status.StateChangeReason, `category` and
    `type_code` are AthenaError's ErrorCategory and ErrorType.
    """

    name: str
    message: str
    category: int = USER_ERROR
    type_code: int = 1006
    retryable: bool = False

    @property
    def reason(self) -> str:
        """The sentence of StateChangeReason: Trino's name, a colon, the message."""
        return f"{self.name}: {self.message}"


class Stage(msgspec.Struct, frozen=True):
    """What the engine counted: rows read from tables, and its plan.

    `plan` is a tree in the terms of Athena's QueryStagePlanNode: Name, Identifier, Children.
    """

    input_rows: int
    plan: dict[str, Any]


class Outcome(msgspec.Struct, frozen=True):
    """How a query ended.

    `result` is the file in the query's scratch folder that becomes `<id>.<result_suffix>`: Athena's
    CSV with a header for rows, plain lines (`txt`) for DDL and utility statements. `columns` name
    its columns; `row_count` its rows without the header. `update_count` is what GetQueryResults
    calls UpdateCount (rows written by a CTAS). `manifest` is the file that lists what a CTAS or
    INSERT wrote, one s3:// path a line: it becomes `<id>-manifest.csv`.
    `output_objects` are these paths. A CANCELLED query has an `error` if it was not `stop` that
    ended it. `stage` is there for statements that the engine planned.
    """

    state: State
    statement_type: StatementType = "DML"
    substatement_type: str = "SELECT"
    columns: tuple[Column, ...] = ()
    result: Path | None = None
    result_suffix: Literal["csv", "txt"] = "csv"
    result_bytes: int = 0
    row_count: int = 0
    update_count: int = 0
    data_scanned_bytes: int = 0
    manifest: Path | None = None
    output_objects: tuple[str, ...] = ()
    planning_ms: int = 0
    execution_ms: int = 0
    error: SqlFailure | None = None
    stage: Stage | None = None


class LakeFile(msgspec.Struct, frozen=True):
    """An object of the lake as the engine reads it: its key, its plain file, its size."""

    key: str
    path: Path
    size: int


class Lake(Protocol):
    """All that an engine may ask of the server, as the principal who started the query."""

    async def call(
        self, service: str, operation: str, request: Mapping[str, object]
    ) -> Mapping[str, object]:
        """Ask `operation` (snake case, `get_table`) of `service`; raise AwsError as it answers.

        Request and answer carry botocore's member names; timestamps are float epoch seconds.
        """
        ...

    async def files(self, bucket: str, prefix: str) -> Sequence[LakeFile]:
        """List the objects of `bucket` whose keys start with `prefix`, in key order."""
        ...

    async def put(self, bucket: str, key: str, path: Path) -> None:
        """Make the scratch file `path` the object `bucket`/`key`; the file may be moved away."""
        ...

    async def delete(self, bucket: str, key: str) -> None:
        """Delete an object; deleting what is not there is no error."""
        ...


class EngineSettings(msgspec.Struct, frozen=True):
    """How an engine may spread: queries at a time, what one of them may take by default.

    A workgroup runs at most `concurrent_in_group` of them (0: all); a free place goes to the
    workgroup that runs fewest, so that none waits for another's long queue. `server` is for engines
    that come back to this server by its own wire. `memory_bytes_max` is what all queries at a time
    may take (0: most of the machine's memory): fewer run where more would not fit.
    """

    concurrent_queries: int = 4
    waiting_queries: int = 200
    limits: Limits = msgspec.field(default_factory=Limits)
    concurrent_in_group: int = 0
    server: Settings | None = None
    memory_bytes_max: int = 0


class SqlEngine(Protocol):
    """A machine that runs Athena statements."""

    @property
    def waiting(self) -> int:
        """How many queries wait for a place to run."""
        ...

    async def run(
        self, query: SqlQuery, lake: Lake, begun: Callable[[], None] | None = None
    ) -> Outcome:
        """Run a statement to its end. Never raises for what the statement or an engine did.

        Returns when the query SUCCEEDED, FAILED or was CANCELLED (by `stop`, or for what it
        scanned). Waits while `concurrent_queries` others run, then calls `begun`. A cancelled task
        ends its query, too.
        """
        ...

    async def stop(self, query_id: str) -> bool:
        """Cancel a running or waiting query at once; False if this engine does not know it."""
        ...

    async def warm(self) -> None:
        """Start what a first query would wait for (the worker processes)."""
        ...

    async def close(self) -> None:
        """End every query as CANCELLED and every child process; the engine is then done."""
        ...
