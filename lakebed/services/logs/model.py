"""The nouns of CloudWatch Logs and where they are kept.

Times are milliseconds since the epoch, as CloudWatch Logs counts them. What belongs to a group is
kept by the group's id, never by its name: a group that was deleted and created again is empty at
once, whatever is still to be swept up of the first one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.store import Scope, Table

replace = msgspec.structs.replace

STANDARD = "STANDARD"
DAY_MS = 86_400_000


class Subscription(msgspec.Struct, frozen=True):
    """A subscription filter: which events go where, as which role."""

    name: str
    pattern: str
    destination: str
    role: str
    created: int
    distribution: str = "ByLogStream"


class LogGroup(msgspec.Struct, frozen=True):
    """A log group. `retention_days` 0 keeps events for ever."""

    account: str
    region: str
    name: str
    id: str
    created: int
    retention_days: int = 0
    tags: Mapping[str, str] = {}
    log_class: str = STANDARD
    is_protected: bool = False
    subscriptions: tuple[Subscription, ...] = ()


class GroupSize(msgspec.Struct, frozen=True):
    """What each batch changes of a group: the bytes stored, the number of its last event."""

    group_id: str
    stored_bytes: int = 0
    last_number: int = 0


class Tail(msgspec.Struct, frozen=True):
    """One of the last blocks of a stream, short enough to be written again with what follows."""

    block: int
    first: int
    last: int
    size_bytes: int


class LogStream(msgspec.Struct, frozen=True):
    """A log stream; `last_event` is -1 while it has none. `tails` see `_events.append`."""

    group_id: str
    name: str
    id: str
    created: int
    first_event: int = -1
    last_event: int = -1
    last_ingestion: int = -1
    stored_bytes: int = 0
    tails: tuple[Tail, ...] = ()


class Block(msgspec.Struct, frozen=True):
    """Where some events of one stream are: the times they span, how many, how many bytes.

    `number` is that of its event numbered last: unique in the group, and later blocks have higher
    ones. No block spans more than a day.
    """

    group_id: str
    number: int
    stream_id: str
    stream: str
    first: int
    last: int
    count: int
    size_bytes: int


class BlockEvents(msgspec.Struct, frozen=True):
    """The events of a block, by column, in the order of time and number.

    `numbers` and `ingested` have one value for all (the first number, the one time) or one each.
    """

    group_id: str
    number: int
    times: list[int]
    numbers: list[int]
    ingested: list[int]
    messages: list[str]


class DeletedGroup(msgspec.Struct, frozen=True):
    """A group that is gone and whose streams and blocks are still to be swept up."""

    group_id: str


class LogQuery(msgspec.Struct, frozen=True):
    """A query of Insights. `columns` name its result's; `start` and `end` are both included."""

    id: str
    text: str
    groups: tuple[str, ...]
    start: int
    end: int
    created: int
    is_by_group_name: bool = True
    status: str = "Running"
    reason: str = ""
    completed: int = 0
    columns: tuple[str, ...] = ()
    row_count: int = 0
    records_matched: int = 0
    records_scanned: int = 0
    bytes_scanned: int = 0


class QueryRows(msgspec.Struct, frozen=True):
    """Some rows of a query's result; None is a field that a row does not have."""

    query_id: str
    page: int
    rows: list[tuple[str | None, ...]]


class ExportTask(msgspec.Struct, frozen=True):
    """A group's events on their way into a bucket; `begin` and `end` are both included."""

    id: str
    name: str
    group: str
    stream_prefix: str
    begin: int
    end: int
    bucket: str
    prefix: str
    created: int
    status: str = "RUNNING"
    message: str = "Started successfully"
    completed: int = 0


class QueryDefinition(msgspec.Struct, frozen=True):
    """A query that is kept by name."""

    id: str
    name: str
    text: str
    modified: int
    groups: tuple[str, ...] = ()
    client_token: str = ""


# Everywhere: the clock's work (retention) looks at the groups of all accounts and regions, and ids
# of groups are unique.
LOG_GROUPS = Table("log_group", LogGroup, key=("account", "region", "name"), everywhere=True)
GROUP_SIZES = Table("log_group_size", GroupSize, key=("group_id",), everywhere=True)
LOG_STREAMS = Table(
    "log_stream",
    LogStream,
    key=("group_id", "name"),
    indexes={"by_last_event": ("group_id", "last_event", "name")},
    numbers=("last_event",),
    everywhere=True,
)
BLOCKS = Table(
    "log_block",
    Block,
    key=("group_id", "number"),
    indexes={
        "by_first": ("group_id", "first", "number"),
        "by_last": ("group_id", "last", "number"),
        "of_stream_by_first": ("group_id", "stream_id", "first", "number"),
        "of_stream_by_last": ("group_id", "stream_id", "last", "number"),
    },
    numbers=("number", "first", "last"),
    everywhere=True,
)
BLOCK_EVENTS = Table(
    "log_block_events",
    BlockEvents,
    key=("group_id", "number"),
    numbers=("number",),
    everywhere=True,
)
LOG_QUERIES = Table(
    "log_query",
    LogQuery,
    key=("id",),
    indexes={"by_created": ("created", "id")},
    numbers=("created",),
    durable=False,
)
LOG_QUERY_ROWS_TABLE = Table(
    "log_query_rows", QueryRows, key=("query_id", "page"), numbers=("page",), durable=False
)
QUERY_DEFINITIONS = Table("log_query_definition", QueryDefinition, key=("id",))
EXPORT_TASKS = Table(
    "log_export_task",
    ExportTask,
    key=("id",),
    indexes={"by_created": ("created", "id")},
    numbers=("created",),
)
DELETED_GROUPS = Table("log_deleted_group", DeletedGroup, key=("group_id",), everywhere=True)


def invalid(message: str) -> AwsError:
    """Return the error of a request that cannot be taken as it is."""
    return AwsError("InvalidParameterException", message)


def not_found(message: str) -> AwsError:
    """Return the error of a name that names nothing."""
    return AwsError("ResourceNotFoundException", message)


def limit_exceeded(message: str = "Resource limit exceeded.") -> AwsError:
    """Return the error of a quota that is used up."""
    return AwsError("LimitExceededException", message)


def now_ms(ctx: Context) -> int:
    """Return the time."""
    return int(ctx.clock.now() * 1000)


def find_group(ctx: Context, name: str) -> LogGroup:
    """Return a log group by its name."""
    group = LOG_GROUPS.get(ctx, ctx.account, ctx.region, name)
    if group is None:
        raise not_found("The specified log group does not exist.")
    return group


def find_stream(ctx: Context, group: LogGroup, name: str) -> LogStream:
    """Return a log stream of a group by its name."""
    stream = LOG_STREAMS.get(ctx, group.id, name)
    if stream is None:
        raise not_found("The specified log stream does not exist.")
    return stream


def group_of(ctx: Context, request: Mapping[str, Any]) -> LogGroup:
    """Return the group a request names by `logGroupName` or `logGroupIdentifier`, not both."""
    name, identifier = request.get("logGroupName"), request.get("logGroupIdentifier")
    if name and identifier:
        # Only that it is refused is documented, the sentence is ours.
        raise invalid("LogGroup name and LogGroup ARN are mutually exclusive parameters.")
    if identifier:
        return identified_group(ctx, identifier)
    if not name:
        raise invalid("Either LogGroup name or LogGroup ARN must be specified.")
    return find_group(ctx, name)


def identified_group(ctx: Context, identifier: str) -> LogGroup:
    """Return the group of a name or an ARN (`arn:aws:logs:REGION:ACCOUNT:log-group:NAME`)."""
    if not identifier.startswith("arn:"):
        return find_group(ctx, identifier)
    parts = identifier.split(":", 6)
    if len(parts) < 7 or parts[2] != "logs" or parts[5] != "log-group":
        raise invalid(f"Invalid log group ARN: {identifier}")
    if (parts[3], parts[4]) != (ctx.region, ctx.account):
        raise not_found("The specified log group does not exist.")
    return find_group(ctx, parts[6].removesuffix(":*"))


def group_arn(group: LogGroup) -> str:
    """Return a group's ARN without the `:*` that stands for its streams."""
    return f"arn:aws:logs:{group.region}:{group.account}:log-group:{group.name}"


def stored_bytes(scope: Scope, group_id: str) -> int:
    """Return how many bytes of events a group holds."""
    size = GROUP_SIZES.get(scope, group_id)
    return 0 if size is None else size.stored_bytes


def sequence_token(stream: LogStream) -> str:
    """Return a token in the old form; since 2023 nobody looks at it."""
    return f"{int(stream.id, 16):056d}"
