"""The nouns of Athena and where they are kept."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.engines.sql import Column, SqlFailure
from lakebed.store import Table

PRIMARY = "primary"
ENGINE_VERSION: Mapping[str, str] = {
    "SelectedEngineVersion": "AUTO",
    "EffectiveEngineVersion": "Athena engine version 3",
}
LIVE = ("QUEUED", "RUNNING")


@dataclass(frozen=True, slots=True)
class QueryExecution:
    """One query from its submission on. Times are seconds since the epoch, paths s3:// ones.

    `location` is where results go, `result` the file that came of it.
    """

    id: str
    work_group: str
    submitted: float
    text: str
    database: str
    catalog: str
    location: str
    parameters: tuple[str, ...] = ()
    client_token: str = ""
    state: str = "QUEUED"
    reason: str = ""
    started: float = 0.0
    completed: float = 0.0
    statement_type: str = ""
    substatement_type: str = ""
    result: str = ""
    manifest: str = ""
    columns: tuple[Column, ...] = ()
    row_count: int = 0
    update_count: int = 0
    data_scanned_bytes: int = 0
    planning_ms: int = 0
    engine_ms: int = 0
    error: SqlFailure | None = None

    @property
    def is_live(self) -> bool:
        """Whether the query has not ended yet."""
        return self.state in LIVE


@dataclass(frozen=True, slots=True)
class ClientToken:
    """A ClientRequestToken and the query it started, so that a retry starts no second one."""

    token: str
    query_id: str


@dataclass(frozen=True, slots=True)
class WorkGroup:
    """A workgroup; only `primary`, which every account has, exists so far."""

    name: str
    created: float


QUERIES = Table(
    "athena_query",
    QueryExecution,
    key=("id",),
    indexes={"by_time": ("work_group", "submitted", "id")},
    numbers=("submitted",),
)
CLIENT_TOKENS = Table("athena_client_token", ClientToken, key=("token",))
WORK_GROUPS = Table("athena_work_group", WorkGroup, key=("name",))


def invalid(message: str, athena_code: str = "INVALID_INPUT") -> AwsError:
    """Return Athena's InvalidRequestException with its own finer code."""
    return AwsError("InvalidRequestException", message, members={"AthenaErrorCode": athena_code})


def find_query(ctx: Context, query_id: str) -> QueryExecution:
    """Return a query; one whose server died while it ran is FAILED from now on."""
    query = QUERIES.get(ctx, query_id)
    if query is None:
        raise invalid(f"QueryExecution {query_id} was not found")
    return settle(ctx, query)


def settle(ctx: Context, query: QueryExecution) -> QueryExecution:
    """Return the query, ended as FAILED if it is live in the store and nowhere else."""
    if not query.is_live or ctx.runs.is_running(query.id):
        return query
    reason = "The server stopped while the query was running. Run the query again."
    ended = replace(
        query,
        state="FAILED",
        reason=reason,
        completed=ctx.clock.now(),
        error=SqlFailure("SERVER_STOPPED", reason, category=1, type_code=1, retryable=True),
    )
    QUERIES.put(ctx, ended)
    return ended


def find_work_group(ctx: Context, name: str) -> WorkGroup:
    """Return a workgroup by name; InvalidRequestException if there is none.

    The first use of Athena in a region makes `primary` and, in the catalog, the database `default`,
    where unqualified names are looked for.
    """
    if name != PRIMARY:
        raise invalid(f"WorkGroup {name} is not found.")
    group = WORK_GROUPS.get(ctx, name)
    if group is None:
        group = WorkGroup(name, ctx.clock.now())
        WORK_GROUPS.put(ctx, group)
        with contextlib.suppress(AwsError):  # it is there already, made by hand
            ctx.aws.glue.create_database({"DatabaseInput": {"Name": "default"}})
    return group


def query_shape(query: QueryExecution) -> Any:
    """Return a query as GetQueryExecution shows it."""
    status: dict[str, Any] = {"State": query.state, "SubmissionDateTime": query.submitted}
    if query.reason:
        status["StateChangeReason"] = query.reason
    if query.completed:
        status["CompletionDateTime"] = query.completed
    if query.error is not None:
        status["AthenaError"] = {
            "ErrorCategory": query.error.category,
            "ErrorType": query.error.type_code,
            "Retryable": query.error.retryable,
            "ErrorMessage": query.reason,
        }
    context = {"Database": query.database, "Catalog": query.catalog.lower()}
    shape: dict[str, Any] = {
        "QueryExecutionId": query.id,
        "Query": query.text,
        "ResultConfiguration": {"OutputLocation": query.result or query.location},
        "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
        "QueryExecutionContext": {name: value for name, value in context.items() if value},
        "Status": status,
        "Statistics": _statistics(query),
        "WorkGroup": query.work_group,
        "EngineVersion": dict(ENGINE_VERSION),
    }
    if query.statement_type:
        shape["StatementType"] = query.statement_type
        shape["SubstatementType"] = query.substatement_type
    if query.parameters:
        shape["ExecutionParameters"] = list(query.parameters)
    return shape


def _statistics(query: QueryExecution) -> dict[str, Any]:
    total = int(((query.completed or query.started or query.submitted) - query.submitted) * 1000)
    queued = int(((query.started or query.submitted) - query.submitted) * 1000)
    engine = query.planning_ms + query.engine_ms
    statistics: dict[str, Any] = {
        "EngineExecutionTimeInMillis": engine,
        "DataScannedInBytes": query.data_scanned_bytes,
        "TotalExecutionTimeInMillis": total,
        "QueryQueueTimeInMillis": queued,
        "QueryPlanningTimeInMillis": query.planning_ms,
        "ServiceProcessingTimeInMillis": max(0, total - queued - engine),
        "ResultReuseInformation": {"ReusedPreviousResult": False},
    }
    if query.manifest:
        statistics["DataManifestLocation"] = query.manifest
    return statistics
