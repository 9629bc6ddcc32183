"""The nouns of Athena and where they are kept."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import msgspec

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
ENABLED = "ENABLED"

replace = msgspec.structs.replace


class ResultSettings(msgspec.Struct, frozen=True):
    """Where a query's results go, and how: the workgroup's settings or the client's.

    `location` ends with a slash; it is empty for results that Athena keeps itself (`is_managed`).
    `encryption` and `acl` are shapes as the API shows them.
    """

    location: str = ""
    is_managed: bool = False
    expected_owner: str = ""
    encryption: dict[str, str] | None = None
    acl: dict[str, str] | None = None
    managed_encryption: dict[str, str] | None = None


class QueryExecution(msgspec.Struct, frozen=True):
    """One query from its submission on. Times are seconds since the epoch, paths s3:// ones.

    `result` is the file that came of it, whatever its name; `reused` the earlier query whose result
    it is. `columns` describe the rows of GetQueryResults. `database` and `catalog` are as given.
    `bytes_cutoff` is what it may scan at most; 0 is no limit. `counted_for` is whose budget it is.
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
    settings: ResultSettings = ResultSettings()
    bytes_cutoff: int = 0
    reuse_minutes: int | None = None
    reused: str = ""
    engine_ended: float = 0.0
    counted_for: str = ""

    @property
    def is_live(self) -> bool:
        """Whether the query has not ended yet."""
        return self.state in LIVE


class ClientToken(msgspec.Struct, frozen=True):
    """A ClientRequestToken and the query it started, so that a retry starts no second one.

    `given` are the parameters that must not differ: text, catalog, database, output location.
    """

    token: str
    query_id: str
    given: tuple[str, ...] = ()


class WorkGroup(msgspec.Struct, frozen=True):
    """A workgroup; `primary` is there in every account. `configuration` holds what was given."""

    name: str
    created: float
    state: str = ENABLED
    description: str | None = None
    configuration: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    tags: dict[str, str] = msgspec.field(default_factory=dict[str, str])


class NamedQuery(msgspec.Struct, frozen=True):
    """A query kept by name for people to find again; names need not be unique."""

    id: str
    work_group: str
    name: str
    database: str
    text: str
    created: float
    description: str | None = None
    client_token: str = ""


class PreparedStatement(msgspec.Struct, frozen=True):
    """A statement kept by name in a workgroup, to be run by EXECUTE."""

    work_group: str
    name: str
    text: str
    modified: float
    description: str | None = None


class DataCatalog(msgspec.Struct, frozen=True):
    """A data source registered by name; `AwsDataCatalog` is there without a row.

    `folded` is the name in lower case: names are looked up without regard to case.
    """

    folded: str
    name: str
    type: str
    description: str | None = None
    parameters: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    tags: dict[str, str] = msgspec.field(default_factory=dict[str, str])


class ReusableResult(msgspec.Struct, frozen=True):
    """The last query of a workgroup with a certain digest of its text, context and settings."""

    work_group: str
    digest: str
    query_id: str


class QueryStage(msgspec.Struct, frozen=True):
    """What the engine counted while it ran a query: `plan` is a tree of name, rows, children."""

    id: str
    input_rows: int
    input_bytes: int
    output_rows: int
    output_bytes: int
    plan: dict[str, Any]


QUERIES = Table(
    "athena_query",
    QueryExecution,
    key=("id",),
    indexes={"by_time": ("work_group", "submitted", "id")},
    numbers=("submitted",),
    # As the objects of its result: three syncs a query would take longer than most queries.
    durable=False,
)
CLIENT_TOKENS = Table("athena_client_token", ClientToken, key=("token",), durable=False)
WORK_GROUPS = Table("athena_work_group", WorkGroup, key=("name",))
NAMED_QUERIES = Table(
    "athena_named_query",
    NamedQuery,
    key=("id",),
    indexes={"by_time": ("work_group", "created", "id")},
    numbers=("created",),
)
PREPARED_STATEMENTS = Table(
    "athena_prepared_statement", PreparedStatement, key=("work_group", "name")
)
DATA_CATALOGS = Table("athena_data_catalog", DataCatalog, key=("folded",))
REUSABLE_RESULTS = Table("athena_reusable_result", ReusableResult, key=("work_group", "digest"))
QUERY_STAGES = Table("athena_query_stage", QueryStage, key=("id",), durable=False)


def invalid(message: str, athena_code: str = "INVALID_INPUT") -> AwsError:
    """Return Athena's InvalidRequestException with its own finer code."""
    return AwsError("InvalidRequestException", message, members={"AthenaErrorCode": athena_code})


def not_found(message: str, name: str) -> AwsError:
    """Return Athena's ResourceNotFoundException about a named resource."""
    return AwsError("ResourceNotFoundException", message, members={"ResourceName": name})


def find_query(ctx: Context, query_id: str) -> QueryExecution:
    """Return a query; one whose server died while it ran is FAILED from now on."""
    query = QUERIES.get(ctx, query_id)
    if query is None:
        message = f"QueryExecution {query_id} was not found"
        raise invalid(message, "QUERY_EXECUTION_NOT_FOUND")
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
        error=SqlFailure("SERVER_STOPPED", reason, category=1, type_code=100, retryable=True),
    )
    QUERIES.put(ctx, ended)
    return ended


def find_work_group(ctx: Context, name: str) -> WorkGroup:
    """Return a workgroup by name; InvalidRequestException if there is none.

    The first use of Athena in a region makes `primary` and, in the catalog, the database `default`,
    where unqualified names are looked for.
    """
    group = WORK_GROUPS.get(ctx, name)
    if group is None and name == PRIMARY:
        group = WorkGroup(name, ctx.clock.now())
        WORK_GROUPS.put(ctx, group)
        with contextlib.suppress(AwsError):  # it is there already, made by hand
            ctx.aws.glue.create_database({"DatabaseInput": {"Name": "default"}})
    if group is None:
        raise invalid("WorkGroup is not found.")
    return group
