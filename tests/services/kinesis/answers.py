"""What the tests of Kinesis share: answers without what is always different in them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from lakebed.core.clock import SimulatedClock
from lakebed.core.ids import Ids

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/"
HASH_KEYS = 2**128


def asking_once(lakebed: Any) -> Any:
    """Return a client that takes a refusal for one: SDKs ask again after LimitExceeded."""
    once = Config(retries={"total_max_attempts": 1, "mode": "standard"})
    return lakebed.client("kinesis", config=once)


def body(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without what the SDK adds."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def refused(call: Any, *arguments: Any, **members: Any) -> tuple[str, str]:
    """Return code and sentence of a refusal."""
    try:
        call(*arguments, **members)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    raise AssertionError("it was not refused")


def lineage(shards: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return number, parents, first and last hash key, and whether it is open, of each shard."""
    return [
        (
            int(one["ShardId"][-12:]),
            *(
                int(one[name][-12:]) if name in one else None
                for name in ("ParentShardId", "AdjacentParentShardId")
            ),
            int(one["HashKeyRange"]["StartingHashKey"]),
            int(one["HashKeyRange"]["EndingHashKey"]),
            "EndingSequenceNumber" not in one["SequenceNumberRange"],
        )
        for one in shards
    ]


def at_a_time(transaction: Any, settings: Any = None) -> Any:
    """Return a context whose clock stands still until it is moved."""
    return SimpleNamespace(
        store=transaction,
        account="000000000000",
        region="us-east-1",
        clock=SimulatedClock(),
        ids=Ids(1),
        settings=settings,
    )


def at_once(slices: Any) -> Any:
    """Return the answer of a handler that is carried out slice by slice."""
    try:
        while True:
            next(slices)
    except StopIteration as end:
        return end.value
