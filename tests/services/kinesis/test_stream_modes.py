"""Capacity modes and warm throughput, by boto3."""

import pytest

from lakebed.services.kinesis import _scaling, _shards, stream_modes
from lakebed.services.kinesis.model import STREAMS, Stream
from lakebed.store.sqlite import SqliteStore
from tests.services.kinesis.answers import (
    ARN,
    HASH_KEYS,
    asking_once,
    at_a_time,
    body,
    lineage,
    refused,
)

ON_DEMAND, PROVISIONED = {"StreamMode": "ON_DEMAND"}, {"StreamMode": "PROVISIONED"}
CLICKS = {"StreamARN": f"{ARN}clicks"}


@pytest.fixture
def kinesis(lakebed):
    return asking_once(lakebed)


def summary_of(kinesis):
    return kinesis.describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]


def test_a_mode_is_changed_twice_a_day(kinesis):
    kinesis.create_stream(StreamName="clicks", ShardCount=5)
    change = kinesis.update_stream_mode
    change(**CLICKS, StreamModeDetails=ON_DEMAND)
    summary = summary_of(kinesis)
    assert (summary["StreamModeDetails"], summary["OpenShardCount"]) == (ON_DEMAND, 5)
    change(**CLICKS, StreamModeDetails=PROVISIONED)
    assert summary_of(kinesis)["StreamModeDetails"] == PROVISIONED
    assert refused(change, **CLICKS, StreamModeDetails=ON_DEMAND) == (
        "LimitExceededException",
        "Stream clicks under account 000000000000 has changed its mode 2 times in 24 hours.",
    )
    assert refused(change, **CLICKS, StreamModeDetails=PROVISIONED) == (
        "InvalidArgumentException",
        "Stream clicks under account 000000000000 is already in PROVISIONED mode.",
    )


def test_changes_count_for_a_day(tmp_path):
    store = SqliteStore(tmp_path / "store.sqlite")
    with store.transaction() as transaction:
        ctx = at_a_time(transaction)
        stream = Stream(ctx.account, ctx.region, "clicks", "id", ctx.clock.now())
        for keys in _scaling.even_ranges(4):
            stream, _ = _shards.opened(ctx, stream, keys, stream.created)
        STREAMS.put(ctx, stream)
        for mode in (ON_DEMAND, PROVISIONED) * 3:
            stream_modes.update_stream_mode(ctx, {**CLICKS, "StreamModeDetails": mode})
            ctx.clock.advance(12 * 3600.0)
        stream = STREAMS.get(ctx, ctx.account, ctx.region, "clicks")
        assert (stream.mode, len(stream.mode_changes)) == ("PROVISIONED", 2)
    store.close()


def test_an_on_demand_stream_has_four_shards_at_least(kinesis):
    kinesis.create_stream(StreamName="clicks", ShardCount=2)
    kinesis.update_stream_mode(**CLICKS, StreamModeDetails=ON_DEMAND)
    latest = {"StreamName": "clicks", "ShardFilter": {"Type": "AT_LATEST"}}
    quarter = HASH_KEYS // 4
    assert [one[:4] for one in lineage(kinesis.list_shards(**latest)["Shards"])] == [
        (2, 0, None, 0),
        (3, 0, None, quarter),
        (4, 1, None, 2 * quarter),
        (5, 1, None, 3 * quarter),
    ]


def test_fifty_streams_are_on_demand(kinesis):
    for number in range(50):
        kinesis.create_stream(StreamName=f"s{number}", StreamModeDetails=ON_DEMAND)
    sentence = "Request exceeds the limit of 50 on-demand streams for the account 000000000000."
    answer = refused(kinesis.create_stream, StreamName="clicks", StreamModeDetails=ON_DEMAND)
    assert answer == ("LimitExceededException", sentence)
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    answer = refused(kinesis.update_stream_mode, **CLICKS, StreamModeDetails=ON_DEMAND)
    assert answer == ("LimitExceededException", sentence)


def test_warm_throughput_is_had_in_shards(kinesis):
    kinesis.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
    kinesis.create_stream(StreamName="clicks", StreamModeDetails=ON_DEMAND, WarmThroughputMiBps=10)
    summary = summary_of(kinesis)
    assert summary["OpenShardCount"] == 16
    assert summary["WarmThroughput"] == {"TargetMiBps": 10, "CurrentMiBps": 10}
    answer = body(kinesis.update_stream_warm_throughput(**CLICKS, WarmThroughputMiBps=5))
    assert answer == {
        "StreamARN": f"{ARN}clicks",
        "StreamName": "clicks",
        "WarmThroughput": {"TargetMiBps": 5, "CurrentMiBps": 5},
    }
    assert summary_of(kinesis)["OpenShardCount"] == 8
    kinesis.update_stream_mode(**CLICKS, StreamModeDetails=PROVISIONED)
    assert "WarmThroughput" not in summary_of(kinesis)
    kinesis.update_stream_mode(**CLICKS, StreamModeDetails=ON_DEMAND, WarmThroughputMiBps=20)
    assert summary_of(kinesis)["OpenShardCount"] == 32


def test_who_has_no_warm_throughput(kinesis):
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    kinesis.create_stream(StreamName="flex", StreamModeDetails=ON_DEMAND)
    warm, most = {"WarmThroughputMiBps": 10}, {"WarmThroughputMiBps": 10_241}
    change = kinesis.update_stream_warm_throughput
    assert refused(change, **CLICKS, **warm) == (
        "InvalidArgumentException",
        "WarmThroughputMiBps is only supported for on-demand streams.",
    )
    wanted = (
        "ValidationException",
        "WarmThroughputMiBps requires MinimumThroughputBillingCommitment, which is not enabled "
        "for account 000000000000.",
    )
    assert refused(change, StreamName="flex", **warm) == wanted
    create = kinesis.create_stream
    assert refused(create, StreamName="x", StreamModeDetails=ON_DEMAND, **warm) == wanted
    kinesis.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
    assert refused(change, StreamName="flex", **most) == (
        "LimitExceededException",
        "WarmThroughputMiBps can be at most 10240.",
    )
