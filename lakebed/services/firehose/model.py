"""The nouns of Firehose and where they are kept.

Times are seconds since the epoch, arrivals milliseconds. What belongs to a stream is kept by the
stream's id, never by its name: one that was deleted and created again is empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from lakebed.context import Context
from lakebed.core.errors import AwsError
from lakebed.engines.delivery import Record
from lakebed.store import Table

replace = msgspec.structs.replace

DIRECT_PUT: Final = "DirectPut"
FROM_KINESIS: Final = "KinesisStreamAsSource"
EXTENDED_S3: Final = "ExtendedS3"
HTTP_ENDPOINT: Final = "HttpEndpoint"
SPLUNK: Final = "Splunk"
ICEBERG: Final = "Iceberg"
REDSHIFT: Final = "Redshift"
DESTINATION_ID: Final = "destinationId-000000000001"
SERVICE: Final = "firehose.amazonaws.com"
SECRETS: Final = "firehose"
"""The purpose of the key that seals what destinations keep secret, and records that wait."""


class DeliveryStream(msgspec.Struct, frozen=True):
    """A stream. `destination` is its description, of the kind `destination_kind`.

    `secret` is sealed: what endpoints are shown, and is never described. `key_type` is empty while
    waiting records are not encrypted; `data_key` is then the encrypted key they are sealed with,
    of the KMS key `key_arn`, for a key of the customer's.
    """

    account: str
    region: str
    name: str
    id: str
    kind: str
    created: float
    destination_kind: str
    destination: Mapping[str, Any]
    version: int = 1
    updated: float = 0.0
    source: Mapping[str, Any] = {}
    tags: Mapping[str, str] = {}
    secret: str = ""
    key_type: str = ""
    key_arn: str = ""
    data_key: str = ""
    encryption_status: str = "DISABLED"

    @property
    def arn(self) -> str:
        """The stream's ARN."""
        return f"arn:aws:firehose:{self.region}:{self.account}:deliverystream/{self.name}"


class Buffer(msgspec.Struct, frozen=True):
    """What waits for a stream's delivery: a row is there only while something does.

    Blocks `first` to `last`, of so many bytes, of which the oldest came at `oldest` (ms); `due` is
    when it is to be delivered. `failed` is when it first could not be (0: it could), `attempts` how
    often, `retry` when it is tried again, `held` the last block of what was tried, `done` the
    tables of it that took what is theirs. `sorted_due` is when the next partition is due, None
    while there is none.
    """

    stream_id: str
    account: str
    region: str
    name: str
    first: int
    last: int
    size_bytes: int
    oldest: int
    due: float
    failed: float = 0.0
    attempts: int = 0
    retry: float = 0.0
    held: int = 0
    done: tuple[str, ...] = ()
    sorted_due: float | None = None

    @property
    def is_sorted(self) -> bool:
        """Whether all that waits is in the buffers of partitions."""
        return self.first > self.last


class Partition(msgspec.Struct, frozen=True):
    """The buffer of a partition: its keys, its last block, when it is due, as in a `Buffer`.

    Its blocks are kept by the stream's id and its `place`, which is made of its keys.
    """

    stream_id: str
    place: str
    keys: Mapping[str, str]
    last: int
    size_bytes: int
    oldest: int
    due: float
    failed: float = 0.0
    attempts: int = 0


class Block(msgspec.Struct, frozen=True):
    """The records of one call; `sealed` has them instead where the stream is encrypted.

    `data_key` is the one it was sealed with, as KMS wrapped it, for a key of the customer's.
    """

    stream_id: str
    number: int
    arrival: int
    size_bytes: int
    records: list[Record] = []
    sealed: str = ""
    data_key: str = ""


class Source(msgspec.Struct, frozen=True):
    """How far a stream's Kinesis stream was read: the last sequence number by shard.

    It is looked at when it is `due`, after a `wait` that grows while nothing comes.
    """

    stream_id: str
    account: str
    region: str
    name: str
    due: float
    wait: float = 1.0
    places: Mapping[str, str] = {}


# Everywhere: the clock's work looks at the streams of all accounts, and ids of streams are unique.
STREAMS = Table(
    "firehose_stream", DeliveryStream, key=("account", "region", "name"), everywhere=True
)
BUFFERS = Table(
    "firehose_buffer",
    Buffer,
    key=("stream_id",),
    indexes={"by_due": ("due", "stream_id")},
    numbers=("due",),
    everywhere=True,
)
PARTITIONS = Table(
    "firehose_partition",
    Partition,
    key=("stream_id", "place"),
    indexes={"by_due": ("stream_id", "due", "place")},
    numbers=("due",),
    everywhere=True,
)
BLOCKS = Table(
    "firehose_block", Block, key=("stream_id", "number"), numbers=("number",), everywhere=True
)
SOURCES = Table(
    "firehose_source",
    Source,
    key=("stream_id",),
    indexes={"by_due": ("due", "stream_id")},
    numbers=("due",),
    everywhere=True,
)


def invalid(message: str) -> AwsError:
    """Return the error of a request that cannot be taken as it is."""
    return AwsError("InvalidArgumentException", message)


def now_ms(ctx: Context) -> int:
    """Return the time in milliseconds."""
    return int(ctx.clock.now() * 1000)


def find_stream(ctx: Context, name: str) -> DeliveryStream:
    """Return a stream by its name."""
    stream = STREAMS.get(ctx, ctx.account, ctx.region, name)
    if stream is None:
        message = f"Firehose {name} under account {ctx.account} not found."
        raise AwsError("ResourceNotFoundException", message)
    return stream
