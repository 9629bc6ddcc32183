"""The nouns of Kinesis Data Streams and where they are kept.

A stream is a row, and so is each shard: an idle stream costs nothing but these. The records of a
shard are in a log of their own, which the row names. Times are seconds since the epoch.

Keys begin with the account that owns the stream, not with the caller's: policies of streams let
other accounts in.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from lakebed.core.errors import AwsError
from lakebed.store import Table

replace = msgspec.structs.replace

Status = Literal["CREATING", "DELETING", "ACTIVE", "UPDATING"]
Mode = Literal["PROVISIONED", "ON_DEMAND"]
Encryption = Literal["NONE", "KMS"]
Metric = Literal[
    "IncomingBytes",
    "IncomingRecords",
    "OutgoingBytes",
    "OutgoingRecords",
    "WriteProvisionedThroughputExceeded",
    "ReadProvisionedThroughputExceeded",
    "IteratorAgeMilliseconds",
    "ALL",
]
ACTIVE: Final = "ACTIVE"
PROVISIONED: Final = "PROVISIONED"
ON_DEMAND: Final = "ON_DEMAND"
KMS: Final = "KMS"
UNENCRYPTED: Final = "NONE"
HOUR_SECONDS, DAY_SECONDS = 3600.0, 86_400.0
HASH_KEY_MAX = 2**128 - 1


class Stream(msgspec.Struct, frozen=True):
    """A stream. `newest_log` changes whenever its open shards are others: caches go by it.

    It is the log of the shard made last: unique, so that it does not come again where a reshard was
    rolled back and is done once more. `next_shard` is the number of the shard that is made next.
    What arrived before `trimmed` is gone even if a longer retention would reach back to it.
    `key_id` is the key as the caller named it, `key_arn` the key that records are to be encrypted
    with, both empty while `encryption` is NONE. `reshards` are the times of UpdateShardCount,
    `mode_changes` those of UpdateStreamMode, `encryption_changes` those of StartStreamEncryption,
    of the last day; `warm_mibps` 0 is no warm throughput.
    """

    account: str
    region: str
    name: str
    id: str
    created: float
    status: Status = ACTIVE
    mode: Mode = PROVISIONED
    next_shard: int = 0
    newest_log: str = ""
    open_shard_count: int = 0
    retention_hours: int = 24
    trimmed: float = 0.0
    metrics: tuple[Metric, ...] = ()
    encryption: Encryption = UNENCRYPTED
    key_id: str = ""
    key_arn: str = ""
    warm_mibps: int = 0
    record_kib_max: int = 1024
    tags: dict[str, str] = {}
    reshards: tuple[float, ...] = ()
    mode_changes: tuple[float, ...] = ()
    encryption_changes: tuple[float, ...] = ()

    @property
    def arn(self) -> str:
        """The stream's ARN."""
        return f"arn:aws:kinesis:{self.region}:{self.account}:stream/{self.name}"

    def horizon(self, now: float) -> float:
        """Return the trim horizon: records that arrived before it can no longer be read."""
        return max(self.created, self.trimmed_at(now))

    def trimmed_at(self, now: float) -> float:
        """Return the time up to which closed shards are gone, with all that was in them."""
        return max(self.trimmed, now - self.retention_hours * HOUR_SECONDS)


class Shard(msgspec.Struct, frozen=True):
    """A shard: a range of hash keys, and the log of the records that fell into it.

    `log` names the engine's log: unique for ever in the lake, also when a stream of the same name
    is made again. `created_s` is the second that stands in the shard's sequence numbers: later than
    that of its parents. `closed` is 0.0, and `ending_sequence_number` empty, while it is open.
    """

    account: str
    region: str
    stream: str
    id: str
    log: str
    starting_hash_key: str
    ending_hash_key: str
    starting_sequence_number: str
    created_s: int
    opened: float
    parent: str = ""
    adjacent_parent: str = ""
    ending_sequence_number: str = ""
    closed: float = 0.0

    @property
    def number(self) -> int:
        """The number in its id, which stands in its sequence numbers, too."""
        return int(self.id.removeprefix("shardId-"))

    @property
    def is_open(self) -> bool:
        """Whether records can be put into it."""
        return not self.closed

    def is_kept(self, trimmed: float) -> bool:
        """Tell whether it is open, or was closed after a time up to which all is gone."""
        return not self.closed or self.closed > trimmed


class Consumer(msgspec.Struct, frozen=True):
    """A registered consumer of a stream, with a throughput of its own (enhanced fan-out)."""

    account: str
    region: str
    stream: str
    name: str
    created: float
    status: Literal["CREATING", "DELETING", "ACTIVE"] = ACTIVE
    tags: dict[str, str] = {}

    @property
    def stream_arn(self) -> str:
        """The ARN of the stream it reads."""
        return f"arn:aws:kinesis:{self.region}:{self.account}:stream/{self.stream}"

    @property
    def arn(self) -> str:
        """The consumer's ARN, with the second of its registration."""
        return f"{self.stream_arn}/consumer/{self.name}:{int(self.created)}"


class ResourcePolicy(msgspec.Struct, frozen=True):
    """The policy of a stream or a consumer: which others may use it."""

    arn: str
    text: str


class DroppedLog(msgspec.Struct, frozen=True):
    """A log that no shard names any more: the engine is still to delete its files."""

    log: str
    dropped: float


class DataKey(msgspec.Struct, frozen=True):
    """A key that records were sealed with, `wrapped` by KMS, in base64."""

    stream_id: str
    name: str
    wrapped: str


class AccountSettings(msgspec.Struct, frozen=True):
    """What an account chose for all of its streams in a region.

    `started` and `ended` are when it last committed to a minimum of throughput, and when that was
    over, 0.0 for never; an end that is still to come is the earliest that AWS allows.
    """

    account: str
    region: str
    started: float = 0.0
    ended: float = 0.0

    def is_committed(self, now: float) -> bool:
        """Tell whether the commitment holds."""
        return self.started > 0 and not 0 < self.ended <= now


STREAMS = Table(
    "kinesis_stream",
    Stream,
    key=("account", "region", "name"),
    indexes={"by_id": ("id",)},
    everywhere=True,
    remembered=True,
)
SHARDS = Table(
    "kinesis_shard",
    Shard,
    key=("account", "region", "stream", "id"),
    indexes={"by_closed": ("closed",)},
    numbers=("closed",),
    everywhere=True,
    remembered=True,
)
CONSUMERS = Table(
    "kinesis_consumer",
    Consumer,
    key=("account", "region", "stream", "name"),
    everywhere=True,
)
POLICIES = Table("kinesis_policy", ResourcePolicy, key=("arn",), everywhere=True, remembered=True)
DROPPED_LOGS = Table("kinesis_dropped_log", DroppedLog, key=("log",), everywhere=True)
DATA_KEYS = Table("kinesis_data_key", DataKey, key=("stream_id", "name"), everywhere=True)
ACCOUNT_SETTINGS = Table(
    "kinesis_account", AccountSettings, key=("account", "region"), everywhere=True
)


def shard_id(number: int) -> str:
    """Return the id of a shard by its number."""
    return f"shardId-{number:012d}"


def invalid(message: str) -> AwsError:
    """Return the error of a request that cannot be taken as it is."""
    return AwsError("InvalidArgumentException", message)


def not_found(message: str) -> AwsError:
    """Return the error of a name that names nothing."""
    return AwsError("ResourceNotFoundException", message)


def in_use(message: str) -> AwsError:
    """Return the error of what cannot be done in the state that a resource is in."""
    return AwsError("ResourceInUseException", message)


def limit_exceeded(message: str) -> AwsError:
    """Return the error of a quota that is used up."""
    return AwsError("LimitExceededException", message)


def validation(message: str) -> AwsError:
    """Return the error of a request that the stream's mode does not allow."""
    return AwsError("ValidationException", message)
