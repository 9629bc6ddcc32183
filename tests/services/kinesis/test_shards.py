"""Shards, by boto3."""

import datetime

import pytest

from tests.services.kinesis.answers import ARN, HASH_KEYS, asking_once, lineage, refused

HALF, LAST = HASH_KEYS // 2, HASH_KEYS - 1


@pytest.fixture
def kinesis(lakebed):
    return asking_once(lakebed)


def shards_of(kinesis, **which):
    return kinesis.list_shards(**which)["Shards"]


def sid(number):
    return f"shardId-{number:012}"


def test_a_split_closes_a_shard_and_opens_two(kinesis):
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    which = {"StreamName": "clicks"}
    kinesis.split_shard(**which, ShardToSplit=sid(0), NewStartingHashKey="1000")
    shards = shards_of(kinesis, **which)
    assert lineage(shards) == [
        (0, None, None, 0, LAST, False),
        (1, 0, None, 0, 999, True),
        (2, 0, None, 1000, LAST, True),
    ]
    old, *new = (one["SequenceNumberRange"] for one in shards)
    ends = [int(old["StartingSequenceNumber"]), int(old["EndingSequenceNumber"])]
    assert ends == sorted(ends)
    assert all(int(one["StartingSequenceNumber"]) > ends[1] for one in new)
    summary = kinesis.describe_stream_summary(**which)["StreamDescriptionSummary"]
    assert (summary["StreamStatus"], summary["OpenShardCount"]) == ("ACTIVE", 2)


def test_a_merge_closes_two_shards_and_opens_one(kinesis):
    kinesis.create_stream(StreamName="clicks", ShardCount=2)
    which = {"StreamName": "clicks"}
    kinesis.merge_shards(**which, ShardToMerge=sid(1), AdjacentShardToMerge=sid(0))
    shards = shards_of(kinesis, **which)
    assert lineage(shards) == [
        (0, None, None, 0, HALF - 1, False),
        (1, None, None, HALF, LAST, False),
        (2, 1, 0, 0, LAST, True),
    ]
    *old, new = (one["SequenceNumberRange"] for one in shards)
    first = int(new["StartingSequenceNumber"])
    assert all(int(one["EndingSequenceNumber"]) < first for one in old)


def test_what_cannot_be_split_or_merged(kinesis):
    kinesis.create_stream(StreamName="clicks", ShardCount=3)
    which = {"StreamName": "clicks"}
    in_stream = "in stream clicks under account 000000000000"
    split, merge = kinesis.split_shard, kinesis.merge_shards
    third = HASH_KEYS // 3
    for key in (0, 1, third - 1, third, LAST):
        call = {**which, "ShardToSplit": sid(0), "NewStartingHashKey": str(key)}
        assert refused(split, **call) == (
            "InvalidArgumentException",
            f"NewStartingHashKey {key} used in SplitShard() on shard {sid(0)} {in_stream} is not "
            "both greater than one plus the shard's StartingHashKey 0 and less than the shard's "
            f"EndingHashKey {third - 1}.",
        )
    assert refused(split, **which, ShardToSplit=sid(7), NewStartingHashKey="5") == (
        "ResourceNotFoundException",
        f"Could not find shard {sid(7)} {in_stream}.",
    )
    for adjacent in (sid(2), sid(0)):
        call = {**which, "ShardToMerge": sid(0), "AdjacentShardToMerge": adjacent}
        assert refused(merge, **call) == (
            "InvalidArgumentException",
            f"Shards {sid(0)} and {adjacent} {in_stream} are not an adjacent pair of shards "
            "eligible for merging",
        )
    kinesis.merge_shards(**which, ShardToMerge=sid(0), AdjacentShardToMerge=sid(1))
    assert refused(split, **which, ShardToSplit=sid(0), NewStartingHashKey="5") == (
        "InvalidArgumentException",
        f"Shard {sid(0)} {in_stream} has already been merged or split, and thus is not eligible "
        "for merging or splitting.",
    )
    assert len(shards_of(kinesis, **which)) == 4


def test_shards_of_an_on_demand_stream_are_not_the_callers(kinesis):
    kinesis.create_stream(StreamName="clicks", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    which = {"StreamName": "clicks"}
    wanted = (
        "ValidationException",
        "Request is invalid. Stream clicks under account 000000000000 is in On-Demand mode.",
    )
    split = {"ShardToSplit": sid(0), "NewStartingHashKey": "5"}
    merge = {"ShardToMerge": sid(0), "AdjacentShardToMerge": sid(1)}
    count = {"TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"}
    assert refused(kinesis.split_shard, **which, **split) == wanted
    assert refused(kinesis.merge_shards, **which, **merge) == wanted
    assert refused(kinesis.update_shard_count, **which, **count) == wanted


def scaled(kinesis, count):
    return kinesis.update_shard_count(
        StreamName="clicks", TargetShardCount=count, ScalingType="UNIFORM_SCALING"
    )


def test_a_stream_is_scaled_up_and_down(kinesis):
    kinesis.create_stream(StreamName="clicks", ShardCount=2)
    answer = scaled(kinesis, 3)
    del answer["ResponseMetadata"]
    assert answer == {
        "StreamName": "clicks",
        "CurrentShardCount": 2,
        "TargetShardCount": 3,
        "StreamARN": f"{ARN}clicks",
    }
    third = HASH_KEYS // 3
    assert lineage(shards_of(kinesis, StreamName="clicks")) == [
        (0, None, None, 0, HALF - 1, False),
        (1, None, None, HALF, LAST, False),
        (2, 0, None, 0, third - 1, True),
        (3, 0, None, third, HALF - 1, False),
        (4, 1, None, HALF, 2 * third - 1, False),
        (5, 1, None, 2 * third, LAST, True),
        (6, 3, 4, third, 2 * third - 1, True),
    ]
    scaled(kinesis, 6)
    latest = {"StreamName": "clicks", "ShardFilter": {"Type": "AT_LATEST"}}
    sixth = HASH_KEYS // 6
    first_keys = sorted(one[3] for one in lineage(shards_of(kinesis, **latest)))
    # Borders that are there stay: a third is not cut anew for the sake of one key.
    assert first_keys == [0, sixth, third, 3 * sixth, 2 * third, 5 * sixth]
    scaled(kinesis, 3)
    scaled(kinesis, 3)
    assert sorted(one[3:] for one in lineage(shards_of(kinesis, **latest))) == [
        (0, third - 1, True),
        (third, 2 * third - 1, True),
        (2 * third, LAST, True),
    ]


def test_how_far_and_how_often_a_stream_is_scaled(kinesis):
    kinesis.create_stream(StreamName="clicks", ShardCount=3)
    counts = "Current open shard count: 3 Target shard count: "
    assert refused(scaled, kinesis, 7) == (
        "LimitExceededException",
        f"UpdateShardCount cannot scale up over double your current open shard count. {counts}7",
    )
    assert refused(scaled, kinesis, 1) == (
        "LimitExceededException",
        f"UpdateShardCount cannot scale down below half your current open shard count. {counts}1",
    )
    assert refused(scaled, kinesis, 10_001) == (
        "LimitExceededException",
        f"Target shard count or number of open shards cannot be greater than 10000. {counts}10001",
    )
    for count in (2, 3) * 5:
        scaled(kinesis, count)
    assert refused(scaled, kinesis, 2) == (
        "LimitExceededException",
        "UpdateShardCount can be called 10 times in 24 hours for stream clicks under account "
        "000000000000.",
    )


def test_shards_are_listed_in_pages(kinesis):
    kinesis.create_stream(StreamName="clicks", ShardCount=5)
    # boto3's own paginator sends the name beside the token, which AWS refuses.
    page = kinesis.list_shards(StreamName="clicks", MaxResults=2)
    pages = [page]
    while "NextToken" in page:
        page = kinesis.list_shards(NextToken=page["NextToken"], MaxResults=2)
        pages.append(page)
    ids = [[one["ShardId"] for one in page["Shards"]] for page in pages]
    assert ids == [[sid(0), sid(1)], [sid(2), sid(3)], [sid(4)]]
    after = shards_of(kinesis, StreamName="clicks", ExclusiveStartShardId=sid(3))
    assert [one["ShardId"] for one in after] == [sid(4)]
    token = kinesis.list_shards(StreamARN=f"{ARN}clicks", MaxResults=4)["NextToken"]
    [last] = shards_of(kinesis, NextToken=token)
    assert last["ShardId"] == sid(4)
    assert refused(kinesis.list_shards, StreamName="clicks", NextToken=token) == (
        "InvalidArgumentException",
        "NextToken and StreamName cannot be provided together.",
    )
    other = ("x" if token[0] != "x" else "y") + token[1:]
    assert refused(kinesis.list_shards, NextToken=other)[0] == "InvalidArgumentException"
    kinesis.delete_stream(StreamName="clicks")
    kinesis.create_stream(StreamName="clicks", ShardCount=5)
    assert refused(kinesis.list_shards, NextToken=token) == (
        "InvalidArgumentException",
        "NextToken is of a stream that was deleted.",
    )


def test_a_token_names_the_filter_it_goes_on_with(kinesis):
    kinesis.create_stream(StreamName="clicks", ShardCount=2)
    scaled(kinesis, 4)
    latest = {"ShardFilter": {"Type": "AT_LATEST"}}
    page = kinesis.list_shards(StreamName="clicks", **latest, MaxResults=3)
    assert [one["ShardId"] for one in page["Shards"]] == [sid(2), sid(3), sid(4)]
    rest = kinesis.list_shards(NextToken=page["NextToken"])
    assert [one["ShardId"] for one in rest["Shards"]] == [sid(5)]


def test_shards_are_filtered(kinesis):
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    which = {"StreamName": "clicks"}
    kinesis.split_shard(**which, ShardToSplit=sid(0), NewStartingHashKey="1000")
    long_ago = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=60)

    def by(kind, **more):
        found = shards_of(kinesis, **which, ShardFilter={"Type": kind, **more})
        return [int(one["ShardId"][-1]) for one in found]

    assert by("AT_LATEST") == [1, 2]
    assert by("AT_TRIM_HORIZON") == [0]
    assert by("FROM_TRIM_HORIZON") == [0, 1, 2]
    assert by("AFTER_SHARD_ID", ShardId=sid(1)) == [2]
    assert by("AT_TIMESTAMP", Timestamp=long_ago) == [0]
    assert by("FROM_TIMESTAMP", Timestamp=long_ago) == [0, 1, 2]
    assert by("AT_TIMESTAMP", Timestamp=soon) == [1, 2]
    assert by("FROM_TIMESTAMP", Timestamp=soon) == [1, 2]
    for kind, member in (("AFTER_SHARD_ID", "ShardId"), ("AT_TIMESTAMP", "Timestamp")):
        assert refused(by, kind) == (
            "InvalidArgumentException",
            f"{member} must be specified for the shard filter type {kind}.",
        )
    assert refused(by, "AT_LATEST", ShardId=sid(0)) == (
        "InvalidArgumentException",
        "ShardId cannot be specified for the shard filter type AT_LATEST.",
    )


def test_a_stream_of_another_time_is_not_found(kinesis):
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    created = kinesis.describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"][
        "StreamCreationTimestamp"
    ]
    which = {"StreamName": "clicks"}
    assert len(shards_of(kinesis, **which, StreamCreationTimestamp=created)) == 1
    earlier = created - datetime.timedelta(seconds=5)
    code, _ = refused(kinesis.list_shards, **which, StreamCreationTimestamp=earlier)
    assert code == "ResourceNotFoundException"
